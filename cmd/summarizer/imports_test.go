package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const moduleRoot = "../.."

// topLevel are the folders of the module. Everything has its place in one of them.
var topLevel = []string{"aggregator", "cmd", "docs", "esbridge", "summaries"}

// mayImport says which packages of this module a package may import: data flows from the
// sources to the host, so a stage knows the two values and stages before it, never later ones.
var mayImport = map[string][]string{
	"esbridge":                            {},
	"esbridge/endpointsecurity":           {"esbridge"},
	"esbridge/endpointsecurity/native":    {"esbridge/endpointsecurity", "esbridge/endpointsecurity/simulator"},
	"esbridge/endpointsecurity/simulator": {},
	"esbridge/eslogger":                   {"esbridge"},
	"esbridge/linux":                      {"esbridge"},
	"esbridge/synthetic":                  {"esbridge"},
	"summaries":                           {"esbridge", "summaries/sketch", "summaries/internal/summarypb"},
	"summaries/dashboard":                 {"esbridge", "summaries", "summaries/export", "summaries/findings", "summaries/store", "summaries/terminal", "summaries/sketch"},
	"summaries/export":                    {"esbridge", "summaries"},
	"summaries/findings":                  {"esbridge", "summaries"},
	"summaries/sketch":                    {},
	"summaries/internal/summarypb":        {},
	"summaries/terminal":                  {"esbridge", "summaries"},
	"summaries/store":                     {"esbridge", "summaries", "summaries/sketch"},
	"summaries/transport":                 {"summaries", "summaries/sketch", "summaries/transport/spool"},
	"summaries/transport/spool":           {"summaries", "summaries/sketch"},
	"summaries/transport/xpc":             {"summaries"},
	"aggregator":                          {"esbridge", "summaries", "summaries/sketch", "aggregator/window"},
	"aggregator/window":                   {"summaries"},
	"cmd/summarizer/library":              {"aggregator", "aggregator/window", "esbridge", "esbridge/endpointsecurity", "summaries", "summaries/sketch", "summaries/transport/spool"},
}

// pure packages touch neither network nor system nor log, and read no clock.
var pure = []string{"esbridge", "aggregator", "aggregator/window", "summaries", "summaries/sketch"}

// impure are the imports that make a package touch the outside, with all below them.
var impure = []string{"net", "os", "log", "syscall", "golang.org/x/sys", "github.com/rs/zerolog"}

// clockFile is the one file of the pure packages that reads the clock.
const clockFile = "aggregator/run.go"

var clock = []string{"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep"}

// logSetup is what sets up logging: the business of the command alone.
var logSetup = []string{"New", "NewConsoleWriter", "ConsoleWriter", "SetGlobalLevel", "MultiLevelWriter"}

// sourceFile is one parsed Go file, its path relative to the module.
type sourceFile struct {
	path   string
	syntax *ast.File
}

func (f *sourceFile) pkg() string  { return path.Dir(f.path) }
func (f *sourceFile) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

// imports are the import paths of f.
func (f *sourceFile) imports() (paths []string) {
	for _, spec := range f.syntax.Imports {
		paths = append(paths, strings.Trim(spec.Path.Value, `"`))
	}
	return paths
}

// uses tells which of names f takes from the package imported as importPath.
func (f *sourceFile) uses(importPath string, names []string) (used []string) {
	local := ""
	for _, spec := range f.syntax.Imports {
		if strings.Trim(spec.Path.Value, `"`) != importPath {
			continue
		}
		local = path.Base(importPath)
		if spec.Name != nil {
			local = spec.Name.Name
		}
	}
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			x, isIdent := sel.X.(*ast.Ident)
			if isIdent && local != "" && x.Name == local && slices.Contains(names, sel.Sel.Name) {
				used = append(used, local+"."+sel.Sel.Name)
			}
		}
		return true
	})
	return used
}

// parseModule parses every Go file of the module.
func parseModule(t *testing.T) (files []*sourceFile) {
	t.Helper()
	fset := token.NewFileSet()
	err := filepath.WalkDir(moduleRoot, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel := filepath.ToSlash(strings.TrimPrefix(name, moduleRoot+string(filepath.Separator)))
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && name != moduleRoot || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(rel, ".go") {
			return nil
		}
		syntax, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		files = append(files, &sourceFile{rel, syntax})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 10 {
		t.Fatalf("found only %d Go files", len(files))
	}
	return files
}

// internal cuts the module's name off an import path; ok is false for what is not ours.
func internal(importPath string) (pkg string, ok bool) {
	return strings.CutPrefix(importPath, "summarizer/")
}

func within(importPath string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool {
		return importPath == root || strings.HasPrefix(importPath, root+"/")
	})
}

func TestImportsFollowTheData(t *testing.T) {
	for _, f := range parseModule(t) {
		allowed, known := mayImport[f.pkg()]
		if !known && f.pkg() != "cmd/summarizer" {
			t.Errorf("%s: package %s has no line in mayImport: say what it may import", f.path, f.pkg())
			continue
		}
		for _, imported := range f.imports() {
			pkg, ours := internal(imported)
			switch {
			case ours && within(pkg, []string{"cmd"}):
				t.Errorf("%s imports %s: nothing imports a command", f.path, imported)
			case f.isTest() || f.pkg() == "cmd/summarizer":
			case ours && !slices.Contains(allowed, pkg):
				t.Errorf("%s imports %s: data does not flow that way", f.path, imported)
			case f.pkg() == "esbridge" && strings.Contains(imported, "."):
				t.Errorf("%s imports %s: the root of esbridge uses the standard library only", f.path, imported)
			}
		}
	}
}

func TestPurePackagesTouchNothing(t *testing.T) {
	for _, f := range parseModule(t) {
		if f.isTest() || !slices.Contains(pure, f.pkg()) {
			continue
		}
		for _, imported := range f.imports() {
			if within(imported, impure) {
				t.Errorf("%s imports %s: package %s is pure", f.path, imported, f.pkg())
			}
		}
		if used := f.uses("time", clock); len(used) > 0 && f.path != clockFile {
			t.Errorf("%s uses %v: time is a parameter, only %s reads a clock", f.path, used, clockFile)
		}
	}
}

func TestLoggingIsSetUpInTheCommand(t *testing.T) {
	for _, f := range parseModule(t) {
		if used := f.uses("github.com/rs/zerolog", logSetup); len(used) > 0 && f.pkg() != "cmd/summarizer" {
			t.Errorf("%s uses %v: a logger is passed in", f.path, used)
		}
		if slices.Contains(f.imports(), "github.com/rs/zerolog/log") {
			t.Errorf("%s uses the global logger", f.path)
		}
	}
}

func TestPackageNamesSayWhatIsInside(t *testing.T) {
	meaningless := []string{"util", "utils", "common", "helper", "helpers", "types", "misc", "base"}
	for _, f := range parseModule(t) {
		for _, name := range append(strings.Split(f.pkg(), "/"), f.syntax.Name.Name) {
			if slices.Contains(meaningless, name) {
				t.Errorf("%s: %q says nothing about what is inside", f.path, name)
			}
		}
	}
}

func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir(moduleRoot)
	if err != nil {
		t.Fatal(err)
	}
	const buildOutput = "bin"
	for _, e := range entries {
		known := strings.HasPrefix(e.Name(), ".") || e.Name() == buildOutput || slices.Contains(topLevel, e.Name())
		if e.IsDir() && !known {
			t.Errorf("%s/: the folders of the module are %v", e.Name(), topLevel)
		}
	}
}
