package transport

import (
	"bytes"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// From <sys/proc_info.h> and <sys/proc_info_private.h>: what proc_pidpath(3) asks for.
const (
	procInfoCallPIDInfo = 2
	procPIDPathInfo     = 11
	procPIDPathMax      = 4 * 1024
)

// credentials reads who connected to the other end of a Unix socket: LOCAL_PEERTOKEN is
// the audit token, whose words are auid, euid, egid, ruid, rgid, pid, asid and pidversion;
// LOCAL_PEERCRED has the groups, LOCAL_PEERPID stands in where there is no token.
//
// It was compiled for macOS and never run there. The path comes from the PID, which does not
// rule out that the process has ended meanwhile and its PID was given to another: Pinned is
// false. Who needs more checks the code signature by the audit token.
func credentials(fd int) (Peer, error) {
	cred, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return Peer{}, os.NewSyscallError("getsockopt LOCAL_PEERCRED", err)
	}
	groups := cred.Groups[:min(max(int(cred.Ngroups), 0), len(cred.Groups))]
	p := Peer{UID: cred.Uid}
	if len(groups) > 0 { // the first is the effective one
		p.GID, p.Groups = groups[0], groups[1:]
	} else {
		return Peer{}, os.NewSyscallError("getsockopt LOCAL_PEERCRED", unix.EINVAL)
	}
	// An ICMPv6 filter is eight words, as an audit token is, and x/sys/unix reads it at any
	// level.
	token, err := unix.GetsockoptICMPv6Filter(fd, unix.SOL_LOCAL, unix.LOCAL_PEERTOKEN)
	if err == nil {
		p.PID, p.PIDVersion = int32(token.Filt[5]), token.Filt[7]
	} else if pid, err := unix.GetsockoptInt(fd, unix.SOL_LOCAL, unix.LOCAL_PEERPID); err == nil {
		p.PID = int32(pid)
	}
	if p.PID != 0 {
		p.Executable = pidPath(p.PID)
		p.file = fileOf(p.Executable)
	}
	return p, nil
}

// pidPath is proc_pidpath(3) without cgo; "" where it fails.
func pidPath(pid int32) string {
	buf := make([]byte, procPIDPathMax)
	_, _, errno := unix.Syscall6(unix.SYS_PROC_INFO, procInfoCallPIDInfo, uintptr(pid), procPIDPathInfo, 0,
		uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)))
	if errno != 0 {
		return ""
	}
	path, _, _ := bytes.Cut(buf, []byte{0})
	return string(path)
}

// fileOf is the file that path names now.
func fileOf(path string) fileID {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return fileID{}
	}
	return fileID{uint64(st.Dev), st.Ino}
}
