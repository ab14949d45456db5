package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

const bundled = "../../docs/deploy/macos"

// dictionary is a <dict> of a property list.
type dictionary map[string]any

// readProperties reads a property list, strictly: what launchd and codesign would take for
// something else is an error.
func readProperties(content []byte) (dictionary, error) {
	d := xml.NewDecoder(bytes.NewReader(content))
	for {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "dict" {
			value, err := readProperty(d, start)
			if err != nil {
				return nil, err
			}
			for { // to the end, which must come
				if _, err := d.Token(); err != nil {
					if err.Error() == "EOF" {
						return value.(dictionary), nil
					}
					return nil, err
				}
			}
		} else if ok && start.Name.Local != "plist" {
			return nil, fmt.Errorf("<%s> at the top", start.Name.Local)
		}
	}
}

// readProperty reads one value, after its start.
func readProperty(d *xml.Decoder, start xml.StartElement) (any, error) {
	switch start.Name.Local {
	case "dict":
		return readDictionary(d)
	case "array":
		list := []any{}
		for {
			next, err := nextElement(d)
			if err != nil || next == nil {
				return list, err
			}
			value, err := readProperty(d, *next)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
	case "true", "false":
		return start.Name.Local == "true", d.Skip()
	}
	var text string
	if err := d.DecodeElement(&text, &start); err != nil {
		return nil, err
	}
	switch start.Name.Local {
	case "string":
		return text, nil
	case "integer":
		return strconv.Atoi(text)
	}
	return nil, fmt.Errorf("<%s> is no type of a property", start.Name.Local)
}

func readDictionary(d *xml.Decoder) (dictionary, error) {
	all := dictionary{}
	for {
		next, err := nextElement(d)
		if err != nil || next == nil {
			return all, err
		}
		var key string
		if err := d.DecodeElement(&key, next); err != nil || next.Name.Local != "key" || all[key] != nil {
			return nil, fmt.Errorf("<%s>%s where a new key must be: %w", next.Name.Local, key, err)
		}
		if next, err = nextElement(d); err != nil || next == nil {
			return nil, fmt.Errorf("no value of %s: %w", key, err)
		}
		if all[key], err = readProperty(d, *next); err != nil {
			return nil, err
		}
	}
}

// nextElement is nil where the element around it ends.
func nextElement(d *xml.Decoder) (*xml.StartElement, error) {
	for {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			return &t, nil
		case xml.EndElement:
			return nil, nil
		}
	}
}

func properties(t *testing.T, name string) dictionary {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(bundled, name))
	if err != nil {
		t.Fatal(err)
	}
	d, err := readProperties(content)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return d
}

// follow walks into dictionaries by key and arrays by number.
func follow(t *testing.T, value any, steps ...any) any {
	t.Helper()
	for _, step := range steps {
		switch s := step.(type) {
		case string:
			d, _ := value.(dictionary)
			value = d[s]
		case int:
			list, _ := value.([]any)
			if s >= len(list) {
				t.Fatalf("%v: %v is not there", steps, step)
			}
			value = list[s]
		}
	}
	return value
}

// TestBundleAgrees: the files of the bundle name each other as they are called.
func TestBundleAgrees(t *testing.T) {
	info, daemon := properties(t, "Info.plist"), properties(t, "org.summarizer.agent.plist")
	rights, profile := properties(t, "summarizer.entitlements"), properties(t, "summarizer.mobileconfig")
	id, _ := info["CFBundleIdentifier"].(string)
	team, _ := rights["com.apple.developer.team-identifier"].(string)
	program := path.Join("Contents/MacOS", fmt.Sprint(info["CFBundleExecutable"]))
	requirement, _ := follow(t, profile, "PayloadContent", 0, "Services", "SystemPolicyAllFiles", 0, "CodeRequirement").(string)
	for what, pair := range map[string][2]any{
		"the entitlement":       {rights["com.apple.developer.endpoint-security.client"], true},
		"the application":       {rights["com.apple.application-identifier"], team + "." + id},
		"the program":           {daemon["BundleProgram"], program},
		"the installed program": {follow(t, daemon, "ProgramArguments", 0), "/Applications/Summarizer.app/" + program},
		"the label":             {daemon["Label"], id + ".agent"},
		"the app of the daemon": {follow(t, daemon, "AssociatedBundleIdentifiers", 0), id},
		"Full Disk Access":      {follow(t, profile, "PayloadContent", 0, "Services", "SystemPolicyAllFiles", 0, "Identifier"), id},
		"its team":              {strings.Contains(requirement, fmt.Sprintf("[subject.OU] = %q", team)), true},
		"its program":           {strings.Contains(requirement, fmt.Sprintf("identifier %q", id)), true},
		"the managed daemon":    {follow(t, profile, "PayloadContent", 1, "Rules", 0, "RuleValue"), daemon["Label"]},
		"its managed team":      {follow(t, profile, "PayloadContent", 1, "Rules", 0, "TeamIdentifier"), team},
		"extension types":       {follow(t, profile, "PayloadContent", 2, "AllowedSystemExtensionTypes", team, 0), "EndpointSecurityExtension"},
		"an extension":          {follow(t, profile, "PayloadContent", 2, "AllowedSystemExtensions", team, 0), id + ".extension"},
		"the least system":      {info["LSMinimumSystemVersion"], "13.0"},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: %v, want %v", what, pair[0], pair[1])
		}
	}
	identifiers := map[any]bool{}
	for i := range profile["PayloadContent"].([]any) {
		identifiers[follow(t, profile, "PayloadContent", i, "PayloadUUID")] = true
	}
	if len(identifiers) != len(profile["PayloadContent"].([]any)) || identifiers[profile["PayloadUUID"]] {
		t.Error("two payloads have one PayloadUUID")
	}
}

// TestBundleRuns: what launchd would start is a command line of this program, and make puts
// every file where the others look for it.
func TestBundleRuns(t *testing.T) {
	daemon := properties(t, "org.summarizer.agent.plist")
	started := false
	root := newRoot(&started)
	var args []string
	for _, a := range daemon["ProgramArguments"].([]any)[1:] {
		args = append(args, a.(string))
	}
	cmd, rest, err := root.Find(args)
	if err != nil || cmd.Name() != "agent" {
		t.Fatalf("%v: %v", args, err)
	}
	if err := cmd.ParseFlags(rest); err != nil || cmd.Flags().NArg() > 0 {
		t.Errorf("%v: %v", args, err)
	}
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	_, recipe, _ := strings.Cut(string(makefile), "\nbundle:\n")
	recipe, _, _ = strings.Cut(recipe, "\n\n")
	for _, want := range []string{
		"/" + daemon["BundleProgram"].(string) + " ./cmd/summarizer", "GOOS=darwin", "docs/deploy/macos/Info.plist > $(BUNDLE)/Contents/Info.plist",
		"docs/deploy/macos/" + daemon["Label"].(string) + ".plist $(BUNDLE)/Contents/Library/LaunchDaemons/", "summarizer.entitlements summarizer.mobileconfig",
	} {
		if !strings.Contains(recipe, want) {
			t.Errorf("make bundle does not have %q", want)
		}
	}
}

// TestEntitlementsArePlain: comments in entitlements are more than the kernel's reader takes.
func TestEntitlementsArePlain(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(bundled, "summarizer.entitlements"))
	if err != nil || bytes.Contains(content, []byte("<!--")) {
		t.Errorf("a comment, or %v", err)
	}
}

// TestReadProperties: what is no property list is an error.
func TestReadProperties(t *testing.T) {
	for _, bad := range []string{
		"", "<plist>", "<plist><dict><key>a</key></dict></plist>", "<plist><dict><string>a</string></dict></plist>",
		"<plist><dict><key>a</key><date>1</date></dict></plist>", "<plist><dict><key>a</key><integer>x</integer></dict></plist>",
		"<plist><dict><key>a</key><true/><key>a</key><true/></dict></plist>", "<plist><dict></dict>", "<html/>",
	} {
		if d, err := readProperties([]byte(bad)); err == nil {
			t.Errorf("%s is %v", bad, d)
		}
	}
}
