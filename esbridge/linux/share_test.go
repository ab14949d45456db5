//go:build linux && (amd64 || arm64)

package linux

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"summarizer/esbridge"
)

const nobody = 65534

// as runs a command as another user.
func as(uid uint32, c *exec.Cmd) *exec.Cmd {
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	return c
}

// publicDir is a directory that every user may write to.
func publicDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for d := dir; d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o777|os.ModeSticky); err != nil {
			t.Fatal(err)
		}
		if d == os.TempDir() {
			break
		}
	}
	return dir
}

// storm is a command that forks one child after the other, each of which writes once to each
// of that many files of its own.
func storm(dir string, processes, files int) *exec.Cmd {
	const script = `i=0; while [ $i -lt $2 ]; do
		(j=0; while [ $j -lt $3 ]; do echo x > $1/$i-$j; j=$((j+1)); done)
		i=$((i+1)); done`
	return exec.Command("/bin/sh", "-c", script, "sh", dir, strconv.Itoa(processes), strconv.Itoa(files))
}

// shareOf is share_of of bpf/share.h.
func shareOf(uid uint32, seed uint64) uint64 {
	if uid == 0 {
		return 0
	}
	return 1 + uint64(uid)*seed>>32*(uint64(len(bpfIds{}.Users))-1)>>32
}

// apart is n users, no two of whom share their part of the tables.
func apart(t *testing.T, s *Source, n int) (users []uint32) {
	t.Helper()
	var seed uint64
	if err := s.objects.UserSeed.Get(&seed); err != nil {
		t.Fatal(err)
	}
	taken := map[uint64]bool{}
	for uid := uint32(60000); len(users) < n; uid++ {
		if share := shareOf(uid, seed); !taken[share] {
			taken[share] = true
			users = append(users, uid)
		}
	}
	return users
}

// taken is what all took of the first window, and what one user took of it.
func taken(t *testing.T, s *Source, uid uint32) (all bpfIds, files, procs uint64) {
	t.Helper()
	var seed uint64
	if err := s.objects.UserSeed.Get(&seed); err != nil {
		t.Fatal(err)
	}
	// The first batch, which is empty, swapped the windows once.
	if err := s.objects.WindowIds.Lookup(uint32(1), &all); err != nil {
		t.Fatal(err)
	}
	share := &all.Users[shareOf(uid, seed)]
	return all, share.Files, share.Procs
}

// small is tables that a test can fill in a window, and a window that no clock cuts.
var small = Config{MaxFiles: 4096, MaxProcesses: 512, RingBytes: 1 << 20, Interval: 365 * 24 * time.Hour}

// A storm of processes and files fills the share of its user; what another user does
// arrives whole. The excess of the storm is counted.
func TestStormOfOneUserLeavesRoomForOthers(t *testing.T) {
	privileged(t)
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: needs root to run programs as other users")
	}
	const processes, files = 450, 10
	dir := publicDir(t)
	var noisy uint32
	var quiet int32
	r := watch(t, small, func(s *Source) {
		users := apart(t, s, 2)
		noisy = users[0]
		run(t, as(noisy, storm(dir, processes, files)))
		if _, files, procs := taken(t, s, noisy); files == 0 || procs == 0 {
			t.Errorf("%d files and %d processes are in the share of the storm, want some", files, procs)
		}
		quiet, _ = run(t, as(users[1], helper(t, "flood", dir, "1", "300", "3")))
	})
	equal(t, lines(r.of(quiet)), floodLines(dir, 100))
	for _, e := range r.of(quiet) {
		if e.executable == "" {
			t.Errorf("the executable is lost")
		}
	}
	checkStorm(t, r, noisy, processes*files)
}

// checkStorm checks that what a storm did, each file created and written once, is reported or
// counted as lost, and that it was more than it could have.
func checkStorm(t *testing.T, r *recorder, uid uint32, files uint64) {
	t.Helper()
	byUser := func(e *event) bool { return e.process.EUID == uid }
	created, written := total(r.events, esbridge.Create, byUser), total(r.events, esbridge.Write, byUser)
	lost := 2*files - min(created+written, 2*files)
	if created > files || written > files || lost == 0 || r.tally.QueueDropped < lost {
		t.Errorf("%d created and %d written of %d files, %d events lost; want all counted and some lost",
			created, written, files, r.tally.QueueDropped)
	}
}

// floodLines is what floodHelper does with one thread, three files and so many writes to each.
func floodLines(dir string, writes int) (want []string) {
	for i := range 3 {
		want = append(want, fmt.Sprintf("1 create %s/%d", dir, i), fmt.Sprintf("%d write %s/%d", writes, dir, i))
	}
	return want
}

func clearFiles(t *testing.T, dir string, n int) {
	t.Helper()
	for i := range n {
		if err := os.Remove(filepath.Join(dir, strconv.Itoa(i))); err != nil {
			t.Fatal(err)
		}
	}
}

// Against storms of many users at once each other user keeps its own part: an eighth of the
// tables over 64 shares, here 8 files, of which one process has half, and 1 process.
func TestStormsOfManyUsersLeaveEachItsPart(t *testing.T) {
	privileged(t)
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: needs root to run programs as other users")
	}
	const storms, files = 4, 10
	processes := [storms]int{450, 80, 30, 20} // each has an eighth of what the one before found
	dir := publicDir(t)
	var pids []int32
	var users []uint32
	r := watch(t, small, func(s *Source) {
		users = apart(t, s, storms+2)
		for i, uid := range users[:storms] {
			own := filepath.Join(dir, strconv.Itoa(int(uid)))
			if err := os.Mkdir(own, 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(own, 0o777); err != nil {
				t.Fatal(err)
			}
			run(t, as(uid, storm(own, processes[i], files)))
		}
		for _, uid := range users[storms:] {
			pid, _ := run(t, as(uid, helper(t, "flood", dir, "1", "300", "3")))
			pids = append(pids, pid)
			clearFiles(t, dir, 3)
		}
	})
	for _, pid := range pids {
		equal(t, lines(r.of(pid)), floodLines(dir, 100))
	}
	for i, uid := range users[:storms] {
		checkStorm(t, r, uid, uint64(processes[i]*files))
	}
}

// A user alone on the machine has nearly all of the tables for its processes.
func TestUserAloneHasMostOfTheTables(t *testing.T) {
	privileged(t)
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: needs root to run programs as other users")
	}
	const processes, files = 300, 8 // of 7/8 of 7/8 of the tables; what else runs here takes the rest
	dir := publicDir(t)
	busy := false
	r := watch(t, small, func(s *Source) {
		run(t, as(nobody, storm(dir, processes, files)))
		all, ownFiles, ownProcs := taken(t, s, nobody)
		busy = all.Files-ownFiles > uint64(small.MaxFiles/16) || all.Procs-ownProcs > uint64(small.MaxProcesses/16)
	})
	if busy {
		t.Skip("SKIPPED: too much else was written on this machine meanwhile")
	}
	named := total(r.events, esbridge.Write, func(e *event) bool { return strings.HasPrefix(e.path, dir) })
	if named != processes*files {
		t.Errorf("%d of %d files have a path", named, processes*files)
	}
}
