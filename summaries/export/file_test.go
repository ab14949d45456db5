package export

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"summarizer/summaries"
)

var errInterrupted = errors.New("interrupted")

// interrupted yields two summaries, then an error.
func interrupted(s *summaries.Summary) func(func(*summaries.Summary, error) bool) {
	return func(yield func(*summaries.Summary, error) bool) {
		for range 2 {
			if !yield(s, nil) {
				return
			}
		}
		yield(nil, errInterrupted)
	}
}

func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestFileIsWhole(t *testing.T) {
	s := scenario(t, "indexer", 1, 1000)
	for _, format := range Formats() {
		dir := t.TempDir()
		name := filepath.Join(dir, "out"+Extension(format))
		stats, err := File(name, sequence(s, s), Config{Format: format})
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := exported(t, Config{Format: format}, s, s)
		if !bytes.Equal(got, want) || stats.Windows != 2 || stats.Bytes != uint64(len(got)) {
			t.Errorf("%s: %d bytes, want %d; %+v", format, len(got), len(want), stats)
		}
		if info, _ := os.Stat(name); info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v", format, info.Mode())
		}
		if left := files(t, dir); len(left) != 1 {
			t.Errorf("%s: %v", format, left)
		}
	}
}

// Whatever stops an export, there is no half file, and what was there before stays.
func TestInterruptedExportLeavesNothing(t *testing.T) {
	s := scenario(t, "indexer", 1, 1000)
	for _, format := range Formats() {
		dir := t.TempDir()
		name := filepath.Join(dir, "out")
		if _, err := File(name, interrupted(s), Config{Format: format}); !errors.Is(err, errInterrupted) {
			t.Errorf("%s: %v", format, err)
		}
		if left := files(t, dir); len(left) != 0 {
			t.Errorf("%s left %v", format, left)
		}
		if err := os.WriteFile(name, []byte("before"), 0o600); err != nil {
			t.Fatal(err)
		}
		File(name, interrupted(s), Config{Format: format})
		if b, _ := os.ReadFile(name); string(b) != "before" || len(files(t, dir)) != 1 {
			t.Errorf("%s: %q, %v", format, b, files(t, dir))
		}
	}
}

func TestPanicLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	func() {
		defer func() { recover() }()
		File(filepath.Join(dir, "out"), func(func(*summaries.Summary, error) bool) { panic("store") }, Config{})
	}()
	if left := files(t, dir); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

// A rename must not replace a device, a directory or a link.
func TestFileRefusesWhatIsNone(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Symlink("/dev/null", link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dir, link, "/dev/null"} {
		if _, err := File(name, sequence(), Config{}); err == nil {
			t.Errorf("%s was replaced", name)
		}
	}
	if _, err := File(filepath.Join(dir, "no", "such"), sequence(), Config{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no such directory: %v", err)
	}
	if left := files(t, dir); len(left) != 1 {
		t.Errorf("left %v", left)
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestErrorsAreTold(t *testing.T) {
	s := scenario(t, "zipf", 1, 20_000)
	for _, format := range Formats() {
		if _, err := Write(full{}, sequence(s, s), Config{Format: format}); err == nil {
			t.Errorf("%s: nobody noticed that nothing was written", format)
		}
	}
	for _, cfg := range []Config{
		{Format: "xlsx"}, {Filter: Filter{Kinds: []string{"write", "written"}}}, {Filter: Filter{PathPrefix: "tmp"}}, {FrameSize: 5},
	} {
		if _, err := Write(new(bytes.Buffer), sequence(s), cfg); err == nil {
			t.Errorf("%+v: accepted", cfg)
		}
	}
}
