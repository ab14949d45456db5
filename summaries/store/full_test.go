//go:build unix

package store

import (
	"errors"
	"os/signal"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A disk that is full stops nothing but the windows that do not fit: they are refused with
// the remedy, and taken when there is room.
func TestDiskFull(t *testing.T) {
	s, m := newStore(t, Config{}), newMaker(1)
	m.noise = true
	signal.Ignore(unix.SIGXFSZ)
	defer signal.Reset(unix.SIGXFSZ)
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	limited := before
	limited.Cur = 200 << 10
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limited); err != nil {
		t.Skip("this system does not limit the size of files:", err)
	}
	restore := func() {
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &before); err != nil {
			t.Fatal(err)
		}
	}
	defer restore()
	var stored, failed uint64
	for seq := uint64(1); seq <= 200 && failed < 5; seq++ {
		sum, frame := m.frame(t, m.tile("b/s", stored+1, stored+1, noon+int64(stored)*10e9, 10e9, 24))
		added, err := s.Ingest(t.Context(), sum, frame)
		switch {
		case added:
			stored++
		case !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "room") && !strings.Contains(err.Error(), "space"):
			restore()
			t.Fatalf("window %d: %v", seq, err)
		default:
			failed++
		}
	}
	restore()
	if failed == 0 || stored == 0 {
		t.Fatalf("%d stored, %d failed: the limit was not met", stored, failed)
	}
	if r := check(t, s); r.Windows[Raw] != stored {
		t.Errorf("%d windows, want %d", r.Windows[Raw], stored)
	}
	m.ingest(t, s, m.tile("b/s", stored+1, stored+1, noon+int64(stored)*10e9, 10e9, 24))
	maintain(t, s)
	check(t, s)
}
