//go:build linux

package linux

import "golang.org/x/sys/unix"

// legacyCalls are the calls that newer architectures left out.
func legacyCalls() map[int]bpfCall {
	return map[int]bpfCall{
		unix.SYS_OPEN:      opens(bpfOpON_OPEN, 1),
		unix.SYS_CREAT:     opens(bpfOpON_OPEN, noArgument),
		unix.SYS_MKDIR:     onPath(bpfSlotCREATE, noArgument, 0),
		unix.SYS_MKNOD:     onPath(bpfSlotCREATE, noArgument, 0),
		unix.SYS_SYMLINK:   onPath(bpfSlotCREATE, noArgument, 1),
		unix.SYS_RENAME:    fromTo(bpfSlotRENAME, noArgument, 0, noArgument, 1, noArgument),
		unix.SYS_RENAMEAT:  fromTo(bpfSlotRENAME, 0, 1, 2, 3, noArgument),
		unix.SYS_LINK:      fromTo(bpfSlotLINK, noArgument, 0, noArgument, 1, noArgument),
		unix.SYS_UNLINK:    onPath(bpfSlotUNLINK, noArgument, 0),
		unix.SYS_RMDIR:     onPath(bpfSlotUNLINK, noArgument, 0),
		unix.SYS_CHMOD:     onPath(bpfSlotSETATTR, noArgument, 0),
		unix.SYS_CHOWN:     onPath(bpfSlotSETATTR, noArgument, 0),
		unix.SYS_LCHOWN:    onPath(bpfSlotSETATTR, noArgument, 0),
		unix.SYS_UTIME:     onPath(bpfSlotSETATTR, noArgument, 0),
		unix.SYS_UTIMES:    onPath(bpfSlotSETATTR, noArgument, 0),
		unix.SYS_FUTIMESAT: onPath(bpfSlotSETATTR, 0, 1),
	}
}

// compatCalls are the numbers of arch/x86/entry/syscalls/syscall_32.tbl.
var compatCalls = []int{
	4, 146, 181, 187, 239, 313, 334, 377, 379, // write family
	8, 14, 39, 83, 296, 297, 304, // creat, mknod, mkdir, symlink
	92, 93, 193, 194, 324, // truncate, fallocate
	9, 10, 38, 40, 301, 302, 303, 353, // link, unlink, rename, rmdir
	15, 16, 30, 94, 95, 182, 198, 207, 212, 271, 298, 299, 306, 320, 412, 452, // mode, owner, times
	226, 227, 228, 235, 236, 237, 463, 466, 469, // extended attributes
}
