package transport

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// credentials reads who connected to the other end of a Unix socket: SO_PEERCRED,
// SO_PEERGROUPS, and what it runs, held by SO_PEERPIDFD (Linux 6.5). On an older kernel
// Pinned is false.
func credentials(fd int) (Peer, error) {
	c, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return Peer{}, os.NewSyscallError("getsockopt SO_PEERCRED", err)
	}
	p := Peer{PID: c.Pid, UID: c.Uid, GID: c.Gid, Groups: peerGroups(fd)}
	if p.PID == 0 { // of another PID namespace
		return p, nil
	}
	pidfd, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PEERPIDFD)
	if err == unix.ENOPROTOOPT {
		p.Executable, p.file = executable(p.PID)
		return p, nil
	}
	if err != nil { // the process is gone, and its PID may be another's
		return p, nil
	}
	defer func() { _ = unix.Close(pidfd) }()
	p.Executable, p.file = executable(p.PID)
	// Signal 0 sends nothing. As long as the process is there, if only as a zombie, nobody
	// else has its PID, and what was read above was about it.
	if err := unix.PidfdSendSignal(pidfd, 0, nil, 0); err != nil && err != unix.EPERM {
		p.Executable, p.file = "", fileID{}
		return p, nil
	}
	p.Pinned = p.Executable != ""
	return p, nil
}

// peerGroups are the supplementary groups of the peer when it connected (Linux 4.13); nil
// where they cannot be had. x/sys/unix reads no option that is a list.
func peerGroups(fd int) []uint32 {
	size := uint32(4 * 32)
	for {
		groups := make([]uint32, size/4)
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_PEERGROUPS,
			uintptr(unsafe.Pointer(&groups[0])), uintptr(unsafe.Pointer(&size)), 0)
		switch {
		case errno == 0:
			return groups[:size/4]
		case errno != unix.ERANGE || int(size/4) <= len(groups): // ERANGE tells the size it wants
			return nil
		}
	}
}

// executable is what a process runs: its name, and the file itself. Neither waits for a
// file system, which may be one that the peer serves.
func executable(pid int32) (string, fileID) {
	link := fmt.Sprintf("/proc/%d/exe", pid)
	name, err := os.Readlink(link)
	if err != nil {
		return "", fileID{}
	}
	return name, statx(link, unix.AT_STATX_DONT_SYNC)
}

// fileOf is the file that path names now.
func fileOf(path string) fileID { return statx(path, 0) }

func statx(path string, flags int) fileID {
	var st unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, path, flags, unix.STATX_INO, &st); err != nil {
		return fileID{}
	}
	return fileID{unix.Mkdev(st.Dev_major, st.Dev_minor), st.Ino}
}
