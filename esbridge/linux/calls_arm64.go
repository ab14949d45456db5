//go:build linux

package linux

import "golang.org/x/sys/unix"

// legacyCalls are the calls that newer architectures left out.
func legacyCalls() map[int]bpfCall {
	return map[int]bpfCall{
		unix.SYS_RENAMEAT: fromTo(bpfSlotRENAME, 0, 1, 2, 3, noArgument),
	}
}

// compatCalls are the numbers of arch/arm/tools/syscall.tbl.
var compatCalls = []int{
	4, 146, 181, 187, 239, 340, 362, 391, 393, // write family
	8, 14, 39, 83, 323, 324, 331, // creat, mknod, mkdir, symlink
	92, 93, 193, 194, 352, // truncate, fallocate
	9, 10, 38, 40, 328, 329, 330, 382, // link, unlink, rename, rmdir
	15, 16, 94, 95, 182, 198, 207, 212, 269, 325, 326, 333, 348, 412, 452, // mode, owner, times
	226, 227, 228, 235, 236, 237, 463, 466, 469, // extended attributes
}
