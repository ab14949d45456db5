package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestSQLiteVersions: modernc.org/sqlite is C translated to Go against one version of
// modernc.org/libc, and breaks in unforeseen ways with another. Only the version that its own
// go.mod asks for was tested with it, so a general update of dependencies must not move it.
func TestSQLiteVersions(t *testing.T) {
	list := func(format, module string) string {
		t.Helper()
		out, err := exec.Command("go", "list", "-m", "-f", format, module).Output()
		if err != nil {
			t.Skipf("the go command cannot tell about %s here: %v", module, err)
		}
		return strings.TrimSpace(string(out))
	}
	text, err := os.ReadFile(list("{{.GoMod}}", "modernc.org/sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	have := list("{{.Version}}", "modernc.org/libc")
	if !strings.Contains(string(text), "modernc.org/libc "+have+"\n") {
		t.Errorf("modernc.org/libc is %s, which is not what modernc.org/sqlite requires: go get the version in its go.mod", have)
	}
}

func TestOpenAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "what? 100% #1") // nothing in a name means anything
	s := openTest(t, path, Config{})
	m := newMaker(1)
	m.ingest(t, s, m.tile("b/s", 1, 1, noon, 10e9, 3))
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%q: %v, %v", suffix, info.Mode(), err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, path, Config{})
	if r := check(t, s); r.Windows[Raw] != 1 || r.Path != path {
		t.Errorf("%+v", r)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*.new-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// database makes a database with a statement.
func database(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path}).String())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

// What is not a store is refused, named, and left as it is.
func TestOpenRefuses(t *testing.T) {
	stored := func(t *testing.T, path string) {
		s := openTest(t, path, Config{})
		m := newMaker(1)
		for i := range uint64(40) {
			m.ingest(t, s, m.tile("b/s", i+1, i+1, noon+int64(i)*10e9, 10e9, 20))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		make   func(t *testing.T, path string)
		err    error
		remedy string
	}{
		"text":      {func(t *testing.T, path string) { write(t, path, "hello, this is my diary") }, ErrForeign, "move that file away"},
		"foreign":   {func(t *testing.T, path string) { database(t, path, "CREATE TABLE a (b)") }, ErrForeign, "another path"},
		"empty":     {func(t *testing.T, path string) { write(t, path, "") }, ErrDamaged, "summarizer check"},
		"directory": {func(t *testing.T, path string) { os.Mkdir(path, 0o700) }, ErrForeign, "another path"},
		"link": {func(t *testing.T, path string) {
			stored(t, path+"2")
			os.Symlink(path+"2", path)
		}, ErrForeign, "another path"},
		"log without file": {func(t *testing.T, path string) { write(t, path+"-wal", "log") }, ErrDamaged, "move"},
		"newer": {func(t *testing.T, path string) {
			stored(t, path)
			database(t, path, "PRAGMA user_version = 99")
		}, ErrNewer, "newer"},
		"cut": {func(t *testing.T, path string) {
			stored(t, path)
			os.Truncate(path, 64<<10)
		}, ErrDamaged, "summarizer check"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "history")
			c.make(t, path)
			before, _ := os.ReadFile(path)
			s, err := Open(path, Config{})
			if err == nil {
				s.Close()
			}
			if !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.remedy) || !strings.Contains(err.Error(), path) {
				t.Errorf("opened with %v", err)
			}
			if after, _ := os.ReadFile(path); string(after) != string(before) {
				t.Error("the file was changed")
			}
		})
	}
	if _, err := Open(filepath.Join(t.TempDir(), "no", "history"), Config{}); err == nil || !strings.Contains(err.Error(), "directory") {
		t.Errorf("without a directory: %v", err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A page that was overwritten shows when it is read, with the way out.
func TestDamagedPage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	s, m := openTest(t, path, Config{}), newMaker(1)
	for i := range uint64(40) {
		m.ingest(t, s, m.tile("b/s", i+1, i+1, noon+int64(i)*10e9, 10e9, 20))
	}
	s.Close()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	junk := make([]byte, 16<<10)
	for i := range junk {
		junk[i] = 0xa5
	}
	for at := int64(8 << 10); at < 100<<10; at += 32 << 10 {
		f.WriteAt(junk, at)
	}
	f.Close()
	if r, err := Check(path); err == nil && r.OK() || err != nil && !errors.Is(err, ErrDamaged) {
		t.Errorf("check: %+v, %v", r, err)
	}
	s, err = Open(path, Config{})
	if err == nil {
		defer s.Close()
		_, err = s.Totals(t.Context(), Query{Range: Range{noon, noon + buckets[Day]}})
		if err == nil {
			_, err = s.Tops(t.Context(), Query{Range: Range{noon, noon + buckets[Day]}}, ByFile)
		}
	}
	if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "summarizer check "+path) {
		t.Errorf("reading: %v", err)
	}
}

// Somebody else who writes for long is waited for, then named.
func TestLocked(t *testing.T) {
	s, m := newStore(t, Config{BusyTimeout: 50 * time.Millisecond}), newMaker(1)
	sum, frame := m.frame(t, m.tile("b/s", 1, 1, noon, 10e9, 3))
	other := openTest(t, s.Path(), Config{})
	err := other.change(t.Context(), func(*sql.Tx) error {
		added, err := s.Ingest(t.Context(), sum, frame)
		if added || !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "stop the other program") {
			t.Errorf("added %v, %v", added, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if added, err := s.Ingest(t.Context(), sum, frame); !added || err != nil {
		t.Errorf("afterwards: added %v, %v", added, err)
	}
	if st, err := s.Stats(t.Context()); err != nil || st.Failures != 1 || st.Ingested != 1 {
		t.Errorf("%+v, %v", st, err)
	}
}

func TestValidate(t *testing.T) {
	for i, c := range []Config{
		{MaxBytes: 1000},
		{FrameSize: [NumLevels]int{Hour: 1000}},
		{Keep: [NumLevels]time.Duration{Raw: 1000 * time.Hour, Minute: time.Hour}},
		{Keep: [NumLevels]time.Duration{Raw: -1}},
	} {
		if _, err := Open(filepath.Join(t.TempDir(), fmt.Sprint(i)), c); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
}

// Every step of the schema is a transaction: one that fails leaves the version before.
func TestMigrateFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	database(t, path, "PRAGMA user_version = 0; CREATE TABLE windows (a)")
	db, err := connect(path, time.Second, true)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := migrate(context.Background(), db, path); err == nil {
		t.Error("the table was there already, and nobody noticed")
	}
	var tables, version int
	err = db.QueryRow("SELECT (SELECT count(*) FROM sqlite_schema), user_version FROM pragma_user_version").Scan(&tables, &version)
	if err != nil || tables != 1 || version != 0 {
		t.Errorf("%d tables, version %d, %v", tables, version, err)
	}
}

// A store of an older schema is brought to this one, with all that is in it.
func TestMigrateOlder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	s, m := openTest(t, path, Config{}), newMaker(1)
	m.fill(t, s, noon, 3)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	database(t, path, "DROP INDEX programs_by_origin; PRAGMA user_version = 1")
	if _, err := Check(path); !errors.Is(err, ErrNewer) {
		t.Errorf("checked before it was opened: %v", err)
	}
	if r := check(t, openTest(t, path, Config{})); r.Windows[Raw] != 3 {
		t.Errorf("windows %v", r.Windows)
	}
}
