package main

import (
	"os"
	"path/filepath"
	"testing"
)

// forbidden is a spool where its agent may not write. Root may everywhere, so the agent is
// somebody else then.
func forbidden(t *testing.T, p *process, dir string) (spool string) {
	t.Helper()
	shut := filepath.Join(dir, "shut")
	if err := os.Mkdir(shut, 0o500); err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(dir, "own")
	if err := os.Mkdir(own, 0o755); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		asUser(t, p, nobody, dir, own)
	}
	return filepath.Join(shut, "spool")
}

// nobody is a user who owns nothing; stranger is another one.
const (
	nobody   = 65534
	stranger = 65533
)
