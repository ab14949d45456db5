// Package linux delivers what the processes of this machine do to files, live, counted in
// the kernel by eBPF.
//
// # How it works
//
// One program runs as system calls return (tp_btf/sys_exit). A call that changed a file adds
// to a row of a hash table, keyed by the execution of the process and the file; no message is
// sent. Once per Config.Interval the two windows swap: the kernel fills the other one while
// this one, which nothing writes to any more, is read, delivered as one Event per (process,
// file, kind) and emptied. A million writes to one file are one Event with Count 1,000,000.
//
// The first event of a file in a window sends its path, as the process sees it, through a
// ring; the first event of a process sends its executable, so a process that lives for a
// millisecond is known as well as any other. Renames, links, removals and other calls that
// take paths are sent one by one with their paths.
//
//	kind            system calls
//	create          open with O_CREAT of a file that was not there, creat, mkdir, mknod, symlink
//	write           write, pwrite64, writev, pwritev, pwritev2, sendfile, splice,
//	                copy_file_range: with bytes, to regular files only
//	truncate        truncate, ftruncate, fallocate, open with O_TRUNC of a file that was there
//	rename exchange rename, renameat, renameat2
//	link            link, linkat
//	clone           ioctl FICLONE, FICLONERANGE
//	unlink          unlink, unlinkat, rmdir
//	setattr         the chmod, chown, utimes and xattr families, ioctl FS_IOC_SETFLAGS and FSSETXATTR
//	close_modified  close, of a file that was written to; only with Config.CloseModified
//
// # What the counts are worth
//
// Between the first batch and the end of Run, every successful call of this table by a 64-bit
// process counts once: under its process and file, or under its process with an empty path
// (the tables were full, or the path could not be read), or in Tally.QueueDropped (no room
// for the process either). In every window the kernel's totals must equal the sum of these;
// what they differ by goes to Tally.KernelDropped, as does a run of the program that the
// kernel skipped. Both have been zero in every test.
//
// The tables of a window are shared out, first between users (by real user id, in the numbers
// of the initial user namespace), then between the processes of each. Of the files, of the
// executions and of the room for paths a user takes at most seven times what it leaves for
// other users, and a process no more files and paths than it leaves for the others of its user:
//
//	one user alone            49/64 of a table: 50,176 files, 6,272 executions, 3 MiB of paths
//	one process alone         half of that: 25,088 files, 1.5 MiB of paths
//	beside one user's storm   7/64: 7,168 files, 896 executions; beside two, an eighth of that
//	beside any storms         1/512: 128 files, 16 executions, 8 KiB of paths
//
// So one user's storm of files or of processes costs others neither paths nor counts. Its own
// excess loses paths and, beyond the executions of its share, events: Tally.QueueDropped. The
// last line holds for each of 64 shares. Root has one to itself, root of a container without a
// user namespace included; other users are put into the 63 others by a secret hash, and those
// who meet there share it: an attacker who owns many user ids (a range of subordinate ones,
// say) can use up the shares of all but root.
//
// These are not counted:
//
//   - Writes by io_uring, Linux AIO and through shared mappings. A process that sets up or
//     enters an io_uring, submits AIO or maps a file shared that is open for writing, and each
//     child that inherits this, has Process.LowerBound set. One that did so before Run is not
//     known, nor is one that does nothing else and so has no events.
//   - Calls of 32-bit processes and of the x32 ABI. Those that may have changed a file are in
//     Tally.Malformed[esbridge.Unsupported]; writes to pipes and terminals are among them.
//   - Files that no path leads to, such as memfd_create's: in Tally.Ignored.
//   - Our own process and those that Source.Mute names: in Tally.Muted.
//
// These are known to be inexact:
//
//   - A descriptor that another thread closed while its call ran is counted as lost, though it
//     may have been a socket; one that was replaced counts for the file that took its place.
//   - A path is the one at the first event of the window. A path given as an argument is read
//     after the call, starts from the directory as it is then, and is cleaned without looking
//     at symbolic links: "link/../x" reads as "x".
//   - The innermost 3.8 KiB of a path are kept; of a longer one the rest reads "/[...]".
//   - The real and effective user are those at the first event of the window.
//   - close_modified counts close(2) only: descriptors closed by dup2, close_range, exec or the
//     end of the process are missing. A file counts once per close after writing to it.
//   - An exec by a thread other than the first counts one exit too many in Tally.Lifecycle.
//
// # Identity
//
// A process is (PID, Start, Version), Version being the kernel's count of execs, which a child
// takes over from its parent: after exec the process is another one. PIDs are those of the
// initial pid namespace. Origin is "system" where only root can replace the executable, else
// "user:<uid>" of the real user. Where the mount namespace is not ours, Container is the id of
// the container, if its control group tells it, or "mnt:<mount namespace>".
//
// # What it costs
//
// With the default Config the kernel holds 2 × (65,536 files × 272 B + 8,192 processes ×
// 392 B + 4 MiB of names), about 51 MB. This process holds less than 2 MiB, whatever happens,
// and while a window is read maps the names that it has, at most 4 MiB; nothing grows.
// Times are exact to the tick of the kernel's clock, 1 to 10 ms, and never late.
// BenchmarkWriterCost and BenchmarkDrain measure time. Any program on the system call
// tracepoint, even an empty one, costs every system call of the machine the detour through it:
// the benchmark prints that apart. Config.CloseModified doubles it, since the file of a close
// can only be seen before the call.
//
// # What it needs
//
// Linux 5.17 on amd64 or arm64 with BTF, CAP_BPF and CAP_PERFMON; see Check. On other
// platforms New fails and the package still builds.
package linux
