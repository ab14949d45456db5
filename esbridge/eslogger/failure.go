package eslogger

import (
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"strings"
	"sync"
)

// remedies are what to do about what eslogger says on its standard error, by a word of it
// (es_new_client_result_t, ESTypes.h).
var remedies = []struct{ word, remedy string }{
	{"NOT_PERMITTED", "Full Disk Access is missing: grant it in System Settings > Privacy & Security > Full Disk Access to the application this program was started from (Terminal, or sshd-keygen-wrapper for a remote login), and start it anew"},
	{"NOT_PRIVILEGED", "it needs root: start this program with sudo"},
	{"TOO_MANY_CLIENTS", "too many Endpoint Security clients are running: stop one, and start again"},
}

// startFailure says what to do about a tool that could not be started.
func startFailure(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("starting eslogger: %w; it comes with macOS 13 and later: elsewhere read a recording of it, or choose another source", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("starting eslogger: %w; make %s executable for this user, or start this program with sudo", err, path)
	}
	return fmt.Errorf("starting eslogger: %w; check that %s runs by itself", err, path)
}

// exitFailure says what to do about a tool that ended by itself, with the error of its Wait
// and the end of its standard error.
func exitFailure(path string, err error, stderr string) error {
	if err == nil {
		err = errors.New("exit status 0")
	}
	stderr = strings.TrimSpace(stderr)
	for _, r := range remedies {
		if strings.Contains(stderr, r.word) {
			return fmt.Errorf("eslogger ended (%w): %q; %s", err, stderr, r.remedy)
		}
	}
	if stderr == "" {
		return fmt.Errorf("eslogger ended without being asked to, and said nothing (%w); run %s by itself to see why", err, path)
	}
	return fmt.Errorf("eslogger ended without being asked to (%w): %q; run %s by itself with the same events to see why", err, stderr, path)
}

// tailSize is how much of what a tool says on its standard error is kept.
const tailSize = 4 << 10

// tail is a writer that keeps the last tailSize bytes.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p[max(0, len(p)-tailSize):]...)
	if over := len(t.b) - tailSize; over > 0 {
		t.b = t.b[:copy(t.b, t.b[over:])]
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}
