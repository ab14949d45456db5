//go:build linux && (amd64 || arm64)

package linux

import (
	"golang.org/x/sys/unix"

	"summarizer/esbridge"
)

// kindOf is the kind that each slot of the kernel's counters stands for.
var kindOf = [bpfSlotSLOTS]esbridge.Kind{
	bpfSlotCREATE:   esbridge.Create,
	bpfSlotWRITE:    esbridge.Write,
	bpfSlotTRUNCATE: esbridge.Truncate,
	bpfSlotSETATTR:  esbridge.SetAttr,
	bpfSlotCLOSE:    esbridge.CloseModified,
	bpfSlotCLONE:    esbridge.Clone,
	bpfSlotRENAME:   esbridge.Rename,
	bpfSlotEXCHANGE: esbridge.Exchange,
	bpfSlotLINK:     esbridge.Link,
	bpfSlotUNLINK:   esbridge.Unlink,
}

// numCalls is CALLS in bpf/summarizer.bpf.c: above all system call numbers of today.
const numCalls = 512

const noArgument = 0xff

// callTable says what each system call does to files.
func callTable() (t [numCalls]bpfCall) {
	for nr, c := range sharedCalls() {
		t[nr] = c
	}
	for nr, c := range legacyCalls() {
		t[nr] = c
	}
	return t
}

// sharedCalls are the calls that every architecture has.
func sharedCalls() map[int]bpfCall {
	return map[int]bpfCall{
		unix.SYS_WRITE:           writes(0),
		unix.SYS_PWRITE64:        writes(0),
		unix.SYS_WRITEV:          writes(0),
		unix.SYS_PWRITEV:         writes(0),
		unix.SYS_PWRITEV2:        writes(0),
		unix.SYS_SENDFILE:        writes(0),
		unix.SYS_SPLICE:          writes(2),
		unix.SYS_COPY_FILE_RANGE: writes(2),

		unix.SYS_OPENAT:            opens(bpfOpON_OPEN, 2),
		unix.SYS_OPENAT2:           opens(bpfOpON_OPENAT2, 2),
		unix.SYS_OPEN_BY_HANDLE_AT: opens(bpfOpON_OPEN, 2),
		unix.SYS_MKDIRAT:           onPath(bpfSlotCREATE, 0, 1),
		unix.SYS_MKNODAT:           onPath(bpfSlotCREATE, 0, 1),
		unix.SYS_SYMLINKAT:         onPath(bpfSlotCREATE, 1, 2),

		unix.SYS_TRUNCATE:  onPath(bpfSlotTRUNCATE, noArgument, 0),
		unix.SYS_FTRUNCATE: onFD(bpfSlotTRUNCATE),
		unix.SYS_FALLOCATE: onFD(bpfSlotTRUNCATE),

		unix.SYS_RENAMEAT2: fromTo(bpfSlotRENAME, 0, 1, 2, 3, 4),
		unix.SYS_LINKAT:    fromTo(bpfSlotLINK, 0, 1, 2, 3, noArgument),
		unix.SYS_UNLINKAT:  onPath(bpfSlotUNLINK, 0, 1),

		unix.SYS_FCHMOD:        onFD(bpfSlotSETATTR),
		unix.SYS_FCHMODAT:      onPath(bpfSlotSETATTR, 0, 1),
		unix.SYS_FCHMODAT2:     onPath(bpfSlotSETATTR, 0, 1),
		unix.SYS_FCHOWN:        onFD(bpfSlotSETATTR),
		unix.SYS_FCHOWNAT:      onPath(bpfSlotSETATTR, 0, 1),
		unix.SYS_UTIMENSAT:     onPath(bpfSlotSETATTR, 0, 1),
		unix.SYS_SETXATTR:      onPath(bpfSlotSETATTR, noArgument, 0),
		unix.SYS_LSETXATTR:     onPath(bpfSlotSETATTR, noArgument, 0),
		unix.SYS_FSETXATTR:     onFD(bpfSlotSETATTR),
		unix.SYS_REMOVEXATTR:   onPath(bpfSlotSETATTR, noArgument, 0),
		unix.SYS_LREMOVEXATTR:  onPath(bpfSlotSETATTR, noArgument, 0),
		unix.SYS_FREMOVEXATTR:  onFD(bpfSlotSETATTR),
		unix.SYS_SETXATTRAT:    onPath(bpfSlotSETATTR, 0, 1),
		unix.SYS_REMOVEXATTRAT: onPath(bpfSlotSETATTR, 0, 1),
		unix.SYS_FILE_SETATTR:  onPath(bpfSlotSETATTR, 0, 1),

		unix.SYS_IOCTL:          {Op: uint8(bpfOpON_IOCTL)},
		unix.SYS_MMAP:           {Op: uint8(bpfOpON_MMAP)},
		unix.SYS_IO_URING_SETUP: {Op: uint8(bpfOpON_ASYNC)},
		unix.SYS_IO_URING_ENTER: {Op: uint8(bpfOpON_ASYNC)},
		unix.SYS_IO_SUBMIT:      {Op: uint8(bpfOpON_ASYNC)},
	}
}

// writes is a call that writes to the descriptor in argument fd and returns how much.
func writes(fd uint8) bpfCall {
	return bpfCall{Op: uint8(bpfOpON_FD), Slot: uint8(bpfSlotWRITE), Fd: fd, Positive: 1}
}

// onFD is a call that changes what the descriptor in argument 0 stands for.
func onFD(s bpfSlot) bpfCall { return bpfCall{Op: uint8(bpfOpON_FD), Slot: uint8(s)} }

// opens is a call that returns a descriptor, with its flags in argument flags.
func opens(op bpfOp, flags uint8) bpfCall { return bpfCall{Op: uint8(op), Flags: flags} }

// onPath is a call that changes the path in argument path, which starts from the directory
// in argument fd.
func onPath(s bpfSlot, fd, path uint8) bpfCall {
	return bpfCall{Op: uint8(bpfOpON_PATH), Slot: uint8(s), Fd: fd, Path: path}
}

// fromTo is a call with two paths, source first.
func fromTo(s bpfSlot, fd, path, fd2, path2, flags uint8) bpfCall {
	return bpfCall{Op: uint8(bpfOpON_TWO_PATHS), Slot: uint8(s), Fd: fd, Path: path, Fd2: fd2, Path2: path2, Flags: flags}
}

// compatTable says which calls of the 32-bit ABI change files or write to a descriptor.
func compatTable() (t [numCalls]uint8) {
	for _, nr := range compatCalls {
		t[nr] = 1
	}
	return t
}
