package linux

import (
	"strings"
	"testing"
	"time"
)

func TestOrigin(t *testing.T) {
	for _, c := range []struct {
		owner, mode, uid uint32
		want             string
	}{
		{0, 0o100755, 1000, "system"},
		{0, 0o104755, 0, "system"},
		{0, 0o100775, 1000, "user:1000"},
		{0, 0o100757, 1000, "user:1000"},
		{1000, 0o100755, 0, "user:0"},
		{0, 0, 12, "user:12"}, // the executable could not be read
	} {
		if got := origin(nil, c.owner, c.mode, c.uid); string(got) != c.want {
			t.Errorf("owner %d, mode %o, user %d: %s, want %s", c.owner, c.mode, c.uid, got, c.want)
		}
	}
}

func TestContainer(t *testing.T) {
	id := strings.Repeat("0123456789abcdef", 4)
	for cgroups, want := range map[string]string{
		"": "mnt:42",
		"docker-" + id + ".scope\x00system.slice\x00":       id,
		id + "\x00docker\x00":                               id,
		"init.scope\x00cri-containerd-" + id + ".scope\x00": id,
		id + "0\x00":                 "mnt:42", // too long
		id[1:] + "\x00":              "mnt:42", // too short
		strings.ToUpper(id) + "\x00": "mnt:42",
		"user.slice\x00":             "mnt:42",
	} {
		if got := container(nil, 42, []byte(cgroups)); string(got) != want {
			t.Errorf("%q: %s, want %s", cgroups, got, want)
		}
	}
}

func TestConfig(t *testing.T) {
	if err := (Config{}).Validate(); err != nil {
		t.Errorf("the zero value: %v", err)
	}
	for _, c := range []Config{
		{Interval: 1}, {Interval: time.Second + 1}, {MaxFiles: 1}, {MaxFiles: 1 << 30}, {MaxProcesses: -1}, {RingBytes: 1 << 12},
		{RingBytes: 1<<20 + 1}, {RingBytes: 1 << 30}, {Mute: make([]int, MaxMuted+1)},
	} {
		if err := c.Validate(); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
}
