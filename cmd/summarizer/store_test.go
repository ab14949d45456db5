package main

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// pair starts an agent that reads from the test, and a host that keeps its history in a file.
func pair(t *testing.T, history string) (agent, host *process, in *feeder) {
	t.Helper()
	dir := shortDir(t)
	agent, in = spooled(t, dir)
	return agent, startProcess(t, dir, "host", "--socket", filepath.Join(dir, "s"), "--store", history), in
}

// checkStored ends both and wants all that was given to be in the store.
func checkStored(t *testing.T, agent, host *process, in *feeder, history string) {
	t.Helper()
	agent.awaitMetric("summarizer_keeper_connected", 1)
	in.close()
	if err := agent.wait(); err != nil { // it waits for a connected host to take everything
		t.Error(err)
	}
	host.stop()
	if n := totals(t, stored(t, history)); n.Events != uint64(in.given) || n.Ledger.Received != uint64(in.given) {
		t.Errorf("%d events stored, %d received, of %d given", n.Events, n.Ledger.Received, in.given)
	}
}

// A store that another program writes to is waited for, and what could not be stored comes
// again.
func TestStoreLocked(t *testing.T) {
	t.Parallel()
	history := filepath.Join(t.TempDir(), "h.db")
	agent, host, in := pair(t, history)
	in.write("/bin/a", "/data/1", 10)
	host.awaitMetric("summarizer_store_ingested_total", 1)

	db, err := sql.Open("sqlite", history+"?_pragma=busy_timeout(20000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	in.write("/bin/a", "/data/1", 20)
	host.says("stop the other program that writes to "+history, 1)
	if _, err := db.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	in.write("/bin/a", "/data/1", 30)
	checkStored(t, agent, host, in, history)
}

// A damaged store is never replaced by a new one: the host says so and ends.
func TestStoreDamaged(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	sound := filepath.Join(dir, "sound.db")
	if out, code := outcome(t, "run", "--source", "synthetic:attack-mix", "--window", "100ms", "--duration", "300ms", "--store", sound); code != 0 {
		t.Fatal(out)
	}
	whole := contentOf(t, sound)
	for name, content := range map[string][]byte{
		"cut":     whole[:len(whole)/2],
		"empty":   {},
		"text":    []byte("my thesis\n"),
		"head":    append(bytes.Repeat([]byte{0xff}, 100), whole[100:]...),
		"schema":  append(bytes.Clone(whole[:100]), append(bytes.Repeat([]byte{0xff}, 4096), whole[4196:]...)...),
		"foreign": anotherDatabase(t),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(shortDir(t), "h.db")
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, verb := range [][]string{{"host", "--socket", "/nobody", "--dashboard", "off"}, {"run", "--source", "synthetic:zipf", "--duration", "1s"}, {"export"}} {
				out, code := outcome(t, append(verb, "--store", path)...)
				if code != exitUsage || !strings.Contains(out, "--store") || !strings.Contains(out, "move") {
					t.Errorf("%s exits with %d and no way out: %s", verb[0], code, out)
				}
			}
			if !bytes.Equal(contentOf(t, path), content) {
				t.Error("the file was changed")
			}
			out, code := outcome(t, "check", path)
			if code == 0 || strings.Contains(out, "  sound\n") {
				t.Errorf("check is content: %s", out)
			}
		})
	}
}

func anotherDatabase(t *testing.T) []byte {
	t.Helper()
	name := filepath.Join(t.TempDir(), "other.db")
	db, err := sql.Open("sqlite", name)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE songs (title TEXT)"); err != nil {
		t.Fatal(err)
	}
	return contentOf(t, name)
}

// A full disk is waited for: the host says so, and stores all of it when there is room.
func TestStoreOnAFullDisk(t *testing.T) {
	t.Parallel()
	disk := mounted(t, shortDir(t), "size=1m", 0)
	history := filepath.Join(disk, "h.db")
	agent, host, in := pair(t, history)
	in.write("/bin/a", "/data/1", 10)
	host.awaitMetric("summarizer_store_ingested_total", 1)

	filler := filepath.Join(disk, "filler")
	f, err := os.Create(filler)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil { // to the last byte
		_, err = f.Write(make([]byte, 4096))
	}
	f.Close()
	in.write("/bin/a", "/data/1", 20)
	host.awaitMetric("summarizer_store_failures_total", 1)
	host.says("no room for the store", 1)
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	in.write("/bin/a", "/data/1", 30)
	checkStored(t, agent, host, in, history)
	if out, code := outcome(t, "check", history); code != 0 {
		t.Errorf("after the disk was full: %s", out)
	}
}
