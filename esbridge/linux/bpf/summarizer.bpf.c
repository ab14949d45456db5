/* SPDX-License-Identifier: Dual MIT/GPL
 *
 * Counts what processes do to files, per process execution and file, as their system calls
 * return. Nothing is sent per event: see window.h for where the counts are, and the package
 * documentation for what is counted and how exactly.
 */
#include "count.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* What a system call does, filled in by user space, which knows the numbers. */
enum op { NOTHING, ON_FD, ON_OPEN, ON_OPENAT2, ON_PATH, ON_TWO_PATHS, ON_IOCTL, ON_MMAP, ON_ASYNC };

#define NO_ARGUMENT 0xff

struct call {
	u8 op;
	u8 slot;
	u8 fd;       /* argument that holds the descriptor, or the directory of path */
	u8 path;     /* argument that holds the path */
	u8 fd2;      /* the same for the destination */
	u8 path2;
	u8 flags;    /* argument that holds the flags */
	u8 positive; /* whether only a result above zero is a change */
};

#define CALLS 512
const volatile struct call calls[CALLS];
const volatile u8 compat_calls[CALLS]; /* which calls of the 32-bit ABI change files */

/* BTF of types that only user space names. */
const enum slot *unused_slot __attribute__((unused));
const enum record_type *unused_record_type __attribute__((unused));
const enum op *unused_op __attribute__((unused));
const struct record *unused_record __attribute__((unused));

/* directory is the descriptor that a path argument starts from. */
static __always_inline int directory(struct pt_regs *regs, u8 i)
{
	return i == NO_ARGUMENT ? AT_FDCWD : (int)argument(regs, i);
}

static __always_inline int on_path(struct task_struct *task, struct pt_regs *regs, const volatile struct call *c)
{
	struct arguments a = {};

	a.slot = c->slot;
	a.fd = directory(regs, c->fd);
	a.path = (const void *)argument(regs, c->path);
	if (c->op == ON_TWO_PATHS) {
		a.two = true;
		a.from_fd = a.fd;
		a.from_path = a.path;
		a.fd = directory(regs, c->fd2);
		a.path = (const void *)argument(regs, c->path2);
		if (c->flags != NO_ARGUMENT && argument(regs, c->flags) & RENAME_EXCHANGE)
			a.slot = EXCHANGE;
	}
	return change_path(task, &a);
}

/* on_open: the kernel notes in the open file that it was created; that an existing one was
 * emptied only shows in the flags. */
static __always_inline int on_open(struct task_struct *task, struct pt_regs *regs, const volatile struct call *c,
				   u32 fd)
{
	u64 flags = O_CREAT | O_TRUNC;
	struct file *f;

	if (c->flags != NO_ARGUMENT)
		flags = argument(regs, c->flags);
	if (c->op == ON_OPENAT2 && bpf_probe_read_user(&flags, sizeof(flags), (const void *)flags))
		return 0;
	if (!(flags & (O_CREAT | O_TRUNC | __O_TMPFILE)))
		return 0;
	f = file_of(task, fd);
	if (f && BPF_CORE_READ(f, f_mode) & FMODE_CREATED)
		return change_file(task, f, CREATE);
	if (f && flags & O_TRUNC)
		return change_file(task, f, TRUNCATE);
	return 0;
}

static __always_inline int on_fd(struct task_struct *task, struct pt_regs *regs, const volatile struct call *c,
				 long ret)
{
	struct file *f = file_of(task, argument(regs, c->fd));

	if (!f)
		return gone(task);
	return count_file(task, f, c->slot, c->slot == WRITE ? ret : 0);
}

static __always_inline int on_ioctl(struct task_struct *task, struct pt_regs *regs)
{
	struct file *f;
	u32 slot;

	switch ((u32)argument(regs, 1)) {
	case FICLONE:
	case FICLONERANGE:
		slot = CLONE;
		break;
	case FS_IOC_SETFLAGS:
	case FS_IOC_FSSETXATTR:
		slot = SETATTR;
		break;
	default:
		return 0;
	}
	f = file_of(task, argument(regs, 0));
	return f ? change_file(task, f, slot) : gone(task);
}

/* on_mmap: a shared mapping of a file open for writing may be written through, now or after
 * an mprotect. */
static __always_inline int on_mmap(struct task_struct *task, struct pt_regs *regs)
{
	u32 type = argument(regs, 3) & MAP_TYPE;
	struct file *f;

	if (type != MAP_SHARED && type != MAP_SHARED_VALIDATE)
		return 0;
	f = file_of(task, argument(regs, 4));
	if (!f || !(BPF_CORE_READ(f, f_mode) & FMODE_WRITE))
		return 0;
	if ((BPF_CORE_READ(f, f_inode, i_mode) & S_IFMT) != S_IFREG)
		return 0;
	if (BPF_CORE_READ(f, f_path.mnt, mnt_flags) & MNT_INTERNAL)
		return 0;
	return mark(task);
}

/* skipped counts a call of an ABI that is not decoded, where it may have changed a file. */
static __noinline int skipped(bool changes, long ret)
{
	u32 w = window;
	struct totals *t = totals_of(w);

	if (t && changes && ret >= 0)
		t->unsupported++;
	return 0;
}

/* x32 calls are those of x86-64 with this bit set, or numbers of their own beyond them. */
#define X32_BIT 0x40000000

static __always_inline int on_foreign(u64 nr, long ret)
{
	if (nr < CALLS || nr >> 30 != X32_BIT >> 30)
		return 0;
	nr -= X32_BIT;
	return skipped(nr >= CALLS || calls[nr].op != NOTHING, ret);
}

SEC("tp_btf/sys_exit")
int on_sys_exit(u64 *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx[0];
	long ret = ctx[1];
	u64 nr = syscall_number(regs);
	struct task_struct *task = bpf_get_current_task_btf();
	const volatile struct call *c;

	if (is_compat(task))
		return skipped(nr < CALLS && compat_calls[nr], ret);
	if (nr >= CALLS)
		return on_foreign(nr, ret);
	c = &calls[nr];
	if (c->op == NOTHING || ret < c->positive)
		return 0;
	switch (c->op) {
	case ON_FD:
		return on_fd(task, regs, c, ret);
	case ON_OPEN:
	case ON_OPENAT2:
		return on_open(task, regs, c, ret);
	case ON_PATH:
	case ON_TWO_PATHS:
		return on_path(task, regs, c);
	case ON_IOCTL:
		return on_ioctl(task, regs);
	case ON_MMAP:
		return on_mmap(task, regs);
	case ON_ASYNC:
		return mark(task);
	}
	return 0;
}

/* The file of a descriptor can only be told before it is closed, and close always closes. */
const volatile u32 close_number;

SEC("tp_btf/sys_enter")
int on_sys_enter(u64 *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx[0];
	struct task_struct *task;
	struct file *f;

	if (ctx[1] != close_number)
		return 0;
	task = bpf_get_current_task_btf();
	if (is_compat(task))
		return 0;
	f = file_of(task, argument(regs, 0));
	if (f && BPF_CORE_READ(f, f_mode) & FMODE_WRITE)
		return change_file(task, f, CLOSE);
	return 0;
}

/* exec ends mappings and rings, and with them the mark. */
SEC("tp_btf/sched_process_exec")
int on_exec(u64 *ctx)
{
	struct proc_key k;

	execution(&k, (struct task_struct *)ctx[0]);
	k.exec--;
	bpf_map_delete_elem(&marks, &k);
	return count_lifecycle(EXEC);
}

/* A child inherits shared mappings and rings, and with them the mark. */
SEC("tp_btf/sched_process_fork")
int on_fork(u64 *ctx)
{
	struct task_struct *parent = (struct task_struct *)ctx[0], *child = (struct task_struct *)ctx[1];
	struct proc_key k;
	u8 one = 1;

	if (child->pid != child->tgid)
		return 0; /* a thread */
	execution(&k, parent);
	if (bpf_map_lookup_elem(&marks, &k)) {
		execution(&k, child);
		if (bpf_map_update_elem(&marks, &k, &one, BPF_ANY))
			marks_lost = 1;
	}
	return count_lifecycle(FORK);
}

SEC("tp_btf/sched_process_exit")
int on_exit(u64 *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx[0];
	struct proc_key k;

	if (task->signal->live.counter == 0) {
		execution(&k, task);
		bpf_map_delete_elem(&marks, &k);
	}
	if (task->pid != task->tgid)
		return 0; /* a thread */
	return count_lifecycle(EXIT);
}

/* Which process the program's owner is, in the kernel's numbers: in a container its own idea
 * of its pid is another. Run once, by BPF_PROG_RUN. */
SEC("raw_tracepoint")
int whoami(void *ctx)
{
	return bpf_get_current_pid_tgid() >> 32;
}
