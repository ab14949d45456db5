/* SPDX-License-Identifier: Dual MIT/GPL
 *
 * The few kernel types that the program reads, declared by hand in place of a vmlinux.h.
 * Every access is relocated against the running kernel's BTF (CO-RE), so only names and
 * types matter here: neither order nor offsets, and members that nobody reads are left out.
 */
#pragma once

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef _Bool bool;

#define true 1
#define false 0
#define NULL ((void *)0)

/* uapi/linux/bpf.h */
enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_RINGBUF = 27,
};
enum { BPF_ANY = 0, BPF_NOEXIST = 1 };
enum { BPF_RB_NO_WAKEUP = 1 };
enum { BPF_RB_AVAIL_DATA = 0 };
#define RING_HEADER 8 /* BPF_RINGBUF_HDR_SZ */

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long di, si, dx, r10, r8, r9, orig_ax;
};
struct thread_info {
	u32 status;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	u64 regs[31];
	u64 orig_x0;
	int syscallno;
};
struct thread_info {
	unsigned long flags;
};
#else
#error "only x86 and arm64 are supported"
#endif

struct qstr {
	const unsigned char *name;
};

struct super_block {
	u32 s_dev;
};

typedef struct {
	u32 val;
} kuid_t;

struct inode {
	u16 i_mode;
	kuid_t i_uid;
	struct super_block *i_sb;
	unsigned long i_ino;
	long long i_size;
	u32 i_generation;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
};

struct vfsmount {
	struct dentry *mnt_root;
	int mnt_flags;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	u32 f_mode;
	struct inode *f_inode;
	struct path f_path;
};

struct fdtable {
	u32 max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct fs_struct {
	struct path root, pwd;
};

struct mm_struct {
	struct file *exe_file;
};

struct ns_common {
	u32 inum;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
};

struct cred {
	kuid_t uid, euid;
};

struct kernfs_node {
	struct kernfs_node *parent; /* __parent since 6.15 */
	const char *name;
};

struct kernfs_node___new {
	struct kernfs_node *__parent;
};

struct cgroup {
	struct kernfs_node *kn;
};

typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	atomic_t live;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct task_struct {
	struct thread_info thread_info;
	struct mm_struct *mm;
	int pid, tgid;
	struct task_struct *real_parent, *group_leader;
	u64 start_boottime;
	u64 self_exec_id;
	const struct cred *cred;
	struct fs_struct *fs;
	struct files_struct *files;
	struct signal_struct *signal;
	struct nsproxy *nsproxy;
	struct css_set *cgroups;
};

#pragma clang attribute pop

/* include/linux/fs.h, fcntl.h, mount.h, stat.h, mman.h: the same on x86 and arm64. */
#define FMODE_WRITE 0x2
#define FMODE_CREATED 0x100000
#define MNT_INTERNAL 0x4000
#define S_IFMT 00170000
#define S_IFREG 0100000
#define O_CREAT 00000100
#define O_TRUNC 00001000
#define __O_TMPFILE 020000000
#define AT_FDCWD -100
#define RENAME_EXCHANGE 2
#define MAP_TYPE 0xf
#define MAP_SHARED 1
#define MAP_SHARED_VALIDATE 3
#define MAX_ERRNO 4095
#define FICLONE 0x40049409
#define FICLONERANGE 0x4020940d
#define FS_IOC_SETFLAGS 0x40086602
#define FS_IOC_FSSETXATTR 0x401c5820

/* Since 6.2 a pointer that probe_read brought can be given its type back, so that its fields
 * are read by plain loads: a call less for each. User space says whether the kernel has it. */
extern void *bpf_rdonly_cast(const void *obj, u32 btf_id) __attribute__((section(".ksyms"), weak));
#define CAST(type, pointer) ((type *)bpf_rdonly_cast(pointer, bpf_core_type_id_kernel(type)))

const volatile bool have_cast;

/* What is wanted of an open file. */
struct facts {
	u64 ino, size;
	u32 dev, generation;
	u32 f_mode;
	u16 i_mode;
};

static __always_inline void look_at(struct file *f, struct facts *x)
{
	struct inode *i;

	if (have_cast) {
		f = CAST(struct file, f);
		i = f->f_inode;
		x->f_mode = f->f_mode;
		x->ino = i->i_ino;
		x->size = i->i_size;
		x->dev = i->i_sb->s_dev;
		x->generation = i->i_generation;
		x->i_mode = i->i_mode;
		return;
	}
	i = BPF_CORE_READ(f, f_inode);
	x->f_mode = BPF_CORE_READ(f, f_mode);
	x->ino = BPF_CORE_READ(i, i_ino);
	x->size = BPF_CORE_READ(i, i_size);
	x->dev = BPF_CORE_READ(i, i_sb, s_dev);
	x->generation = BPF_CORE_READ(i, i_generation);
	x->i_mode = BPF_CORE_READ(i, i_mode);
}

#if defined(__TARGET_ARCH_x86)

static __always_inline u64 syscall_number(struct pt_regs *regs)
{
	return regs->orig_ax;
}

/* The registers still hold the arguments when the call returns; only rax is replaced. */
static __always_inline u64 argument(struct pt_regs *regs, u8 i)
{
	switch (i) {
	case 0: return regs->di;
	case 1: return regs->si;
	case 2: return regs->dx;
	case 3: return regs->r10;
	case 4: return regs->r8;
	default: return regs->r9;
	}
}

#define TS_COMPAT 0x2
static __always_inline bool is_compat(struct task_struct *task)
{
	return task->thread_info.status & TS_COMPAT;
}

#elif defined(__TARGET_ARCH_arm64)

static __always_inline u64 syscall_number(struct pt_regs *regs)
{
	return (u64)(long)regs->syscallno;
}

/* x0 holds the result by now: the first argument is kept beside it. */
static __always_inline u64 argument(struct pt_regs *regs, u8 i)
{
	switch (i) {
	case 0: return regs->orig_x0;
	case 1: return regs->regs[1];
	case 2: return regs->regs[2];
	case 3: return regs->regs[3];
	case 4: return regs->regs[4];
	default: return regs->regs[5];
	}
}

#define TIF_32BIT 22
static __always_inline bool is_compat(struct task_struct *task)
{
	return task->thread_info.flags & (1UL << TIF_32BIT);
}

#endif
