package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const deployed = "../../docs/deploy"

// commentedKey is a key of a configuration file that is there to be uncommented.
var commentedKey = regexp.MustCompile(`(?m)^# ([a-z-]+:.*|  - .*)$`)

// The configuration files mean something to the verb that they are for, and so do the keys
// that are commented out in them.
func TestDeployedConfiguration(t *testing.T) {
	for verb, file := range map[string]string{"agent": "agent.yaml", "host": "host.yaml"} {
		text := contentOf(t, deployed, file)
		whole := commentedKey.ReplaceAll(text, []byte("$1"))
		if bytes.Equal(whole, text) {
			t.Errorf("%s: no key was uncommented", file)
		}
		for _, text := range [][]byte{text, whole} {
			started := false
			cmd, _, err := newRoot(&started).Find([]string{verb})
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.ParseFlags([]string{"--config", writeConfig(t, string(text))}); err != nil {
				t.Fatal(err)
			}
			if err := configure(cmd); err != nil {
				t.Errorf("%s: %v", file, err)
			}
			for line := range strings.Lines(string(text)) {
				if key, _, ok := strings.Cut(line, ":"); ok && !strings.HasPrefix(line, "#") && cmd.Flags().Lookup(key) == nil {
					t.Errorf("%s: %s has no flag --%s", file, verb, key)
				}
			}
			if texts, err := cmd.Flags().GetStringArray(muteFlag); err == nil {
				if _, err := parseMutes(texts); err != nil {
					t.Errorf("%s: %v", file, err)
				}
			}
		}
	}
}

func TestDeployedUnits(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed: the units are not verified")
	}
	program, err := exec.LookPath("summarizer")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	args := []string{"verify", "--man=no"}
	for _, name := range []string{"summarizer-agent.service", "summarizer-host.service"} {
		// The program is not installed here; verify wants the command to be there.
		text := bytes.ReplaceAll(contentOf(t, deployed, name), []byte("/usr/local/bin/summarizer"), []byte(program))
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, filepath.Join(dir, name))
	}
	out, err := exec.Command(analyze, args...).CombinedOutput()
	for line := range strings.Lines(string(out)) { // what it says of others is not ours
		if strings.Contains(line, "summarizer-") {
			t.Error(line)
		}
	}
	if err != nil && !bytes.Contains(out, []byte("summarizer-")) {
		t.Logf("systemd-analyze: %v\n%s", err, out)
	}
}

// unitLine is a setting of a unit.
func unitLine(t *testing.T, unit, key string) string {
	t.Helper()
	for line := range strings.Lines(string(contentOf(t, deployed, unit))) {
		if value, ok := strings.CutPrefix(line, key+"="); ok {
			return strings.TrimSpace(value)
		}
	}
	t.Fatalf("%s has no %s", unit, key)
	return ""
}

// What agent and host have to agree on, they agree on.
func TestDeployedPartsFitTogether(t *testing.T) {
	agent, host := string(contentOf(t, deployed, "agent.yaml")), string(contentOf(t, deployed, "host.yaml"))
	group := unitLine(t, "summarizer-host.service", "Group")
	if got := unitLine(t, "summarizer-agent.service", "Group"); got != group {
		t.Errorf("the runtime directory of the agent belongs to group %s: the host, of group %s, cannot enter it", got, group)
	}
	for _, line := range []string{
		"socket: /" + "run/" + unitLine(t, "summarizer-agent.service", "RuntimeDirectory") + "/agent.sock\n",
		"spool: /var/lib/" + unitLine(t, "summarizer-agent.service", "StateDirectory") + "/spool\n",
		"allow-group: [" + group + "]\n", "socket-group: " + group + " ",
		"host-path: " + strings.Fields(unitLine(t, "summarizer-host.service", "ExecStart"))[0] + "\n",
		"host-user: " + unitLine(t, "summarizer-host.service", "User") + "\n",
	} {
		if !strings.Contains(agent, line) {
			t.Errorf("agent.yaml lacks %q", line)
		}
	}
	for _, line := range []string{"socket: " + defaultSocket + "\n", "store: /var/lib/" + unitLine(t, "summarizer-host.service", "StateDirectory") + "/history.db\n"} {
		if !strings.Contains(host, line) {
			t.Errorf("host.yaml lacks %q", line)
		}
	}
}

// launchdKeys are those of launchd.plist(5) that are of use for a daemon, and their types.
var launchdKeys = map[string][]string{
	"Label": {"string"}, "ProgramArguments": {"array"}, "UserName": {"string"}, "GroupName": {"string"},
	"RunAtLoad": {"true", "false"}, "KeepAlive": {"true", "false", "dict"}, "ThrottleInterval": {"integer"}, "ExitTimeOut": {"integer"},
	"ProcessType": {"string"}, "Umask": {"integer"}, "StandardErrorPath": {"string"}, "StandardOutPath": {"string"},
	"EnvironmentVariables": {"dict"}, "SoftResourceLimits": {"dict"}, "HardResourceLimits": {"dict"}, "LowPriorityIO": {"true", "false"},
}

// plist is a property list: the top dictionary's keys and values alternate.
type plist struct {
	XMLName xml.Name `xml:"plist"`
	Version string   `xml:"version,attr"`
	Dict    struct {
		Elements []struct {
			XMLName xml.Name
			Text    string   `xml:",chardata"`
			Strings []string `xml:"string"`
		} `xml:",any"`
	} `xml:"dict"`
}

func TestDeployedPropertyLists(t *testing.T) {
	for _, verb := range []string{"agent", "host"} {
		name := "org.summarizer." + verb + ".plist"
		text := contentOf(t, deployed, name)
		decoder := xml.NewDecoder(bytes.NewReader(text))
		var p plist
		if err := decoder.Decode(&p); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := decoder.Token(); err == nil {
			_, err = decoder.Token()
			if !errors.Is(err, io.EOF) {
				t.Errorf("%s: more than a property list: %v", name, err)
			}
		}
		if p.Version != "1.0" || !bytes.Contains(text, []byte("-//Apple//DTD PLIST 1.0//EN")) || len(p.Dict.Elements)%2 != 0 {
			t.Fatalf("%s: version %q, %d elements", name, p.Version, len(p.Dict.Elements))
		}
		checkDaemon(t, name, verb, &p)
	}
}

func checkDaemon(t *testing.T, name, verb string, p *plist) {
	t.Helper()
	seen := map[string]bool{}
	for i := 0; i < len(p.Dict.Elements); i += 2 {
		key, value := p.Dict.Elements[i], p.Dict.Elements[i+1]
		if key.XMLName.Local != "key" || seen[key.Text] || !slices.Contains(launchdKeys[key.Text], value.XMLName.Local) {
			t.Errorf("%s: <%s>%s</%s> with a value of type %s", name, key.XMLName.Local, key.Text, key.XMLName.Local, value.XMLName.Local)
		}
		seen[key.Text] = true
		switch key.Text {
		case "Label":
			if value.Text+".plist" != name {
				t.Errorf("%s is labelled %s", name, value.Text)
			}
		case "ProgramArguments":
			want := []string{"/usr/local/bin/summarizer", verb, "--config", "/usr/local/etc/summarizer/" + verb + ".yaml"}
			if !slices.Equal(value.Strings, want) {
				t.Errorf("%s runs %q", name, value.Strings)
			}
		case "Umask":
			if value.Text != map[string]string{"agent": "63", "host": "23"}[verb] { // 0077 and 0027, decimal
				t.Errorf("%s: umask %s", name, value.Text)
			}
		}
	}
	for _, must := range []string{"Label", "ProgramArguments", "RunAtLoad", "KeepAlive"} {
		if !seen[must] {
			t.Errorf("%s lacks %s", name, must)
		}
	}
}
