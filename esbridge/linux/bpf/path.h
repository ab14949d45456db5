/* SPDX-License-Identifier: Dual MIT/GPL
 *
 * Names: the walk from a file up to the root of its process, and the strings a system call
 * was given. All of it runs once per file and window, not once per write. What it follows is
 * read by probe_read, which fails softly: a path that changes meanwhile may come out mixed,
 * but nothing is followed into unmapped memory.
 */
#pragma once
#include "share.h"

/* Room in a record; strings are appended at `end`. */
struct walk {
	struct dentry *dentry;
	struct vfsmount *mnt;
	struct dentry *root_dentry;
	struct vfsmount *root_mnt;
	u32 end;   /* offset behind the last string */
	u32 start; /* offset of the string being appended */
	u32 done;
};

static __always_inline struct scratch *scratch_buffer(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&scratch, &zero);
}

/* append_name adds one name and its NUL, and says whether there was room. */
static __always_inline bool append_name(struct walk *w, const void *name)
{
	struct scratch *s = scratch_buffer();
	u32 end = w->end;
	long n;

	if (!s || end - w->start > PATH_MAX - NAME_MAX || end > STRINGS * PATH_MAX - NAME_MAX)
		return false;
	n = bpf_probe_read_kernel_str(s->data + end, NAME_MAX, name);
	if (n > 0)
		w->end = end + n;
	return true;
}

/* climb is one step of the walk: from a name to its directory, or from the root of a mount to
 * where it is mounted. A bpf_loop and not a loop, which the verifier would unroll. */
static long climb(u32 i, struct walk *w)
{
	struct dentry *d = w->dentry, *parent = BPF_CORE_READ(d, d_parent);
	struct vfsmount *v = w->mnt;
	struct mount *m, *up;

	if (d == w->root_dentry && v == w->root_mnt)
		goto done;
	if (d == parent || d == BPF_CORE_READ(v, mnt_root)) {
		m = (void *)v - bpf_core_field_offset(struct mount, mnt);
		up = BPF_CORE_READ(m, mnt_parent);
		if (up == m || !up)
			goto done; /* the root of all, or of a detached mount */
		w->dentry = BPF_CORE_READ(m, mnt_mountpoint);
		w->mnt = (void *)up + bpf_core_field_offset(struct mount, mnt);
		return 0;
	}
	if (!append_name(w, BPF_CORE_READ(d, d_name.name)))
		return 1;
	w->dentry = parent;
	return 0;
done:
	w->done = 1;
	return 1;
}

/* append_path adds string i of the record: the names from a file up to the process's root. */
static __noinline int append_path(struct walk *w, u32 i)
{
	struct scratch *s = scratch_buffer();

	if (!s)
		return 0;
	w->start = w->end;
	w->done = 0;
	/* Each step but a mount crossing adds two bytes or more. */
	bpf_loop(PATH_MAX, climb, w, 0);
	s->r.len[i & 3] = w->end - w->start;
	if (!w->done)
		s->r.cut |= 1 << (i & 3);
	return 0;
}

/* append_string adds string i of the record: an argument of the call, without its NUL. */
static __noinline int append_string(struct walk *w, const void *user, u32 i)
{
	struct scratch *s = scratch_buffer();
	u32 end = w->end;
	long n;

	if (!s || end > (STRINGS - 1) * PATH_MAX)
		return -1;
	n = bpf_probe_read_user_str(s->data + end, PATH_MAX, user);
	if (n < 0)
		return -1;
	if (n > 0)
		n--;
	s->r.len[i & 3] = n;
	w->end = end + n;
	return 0;
}

/* begin starts a record for paths as the task sees them. */
static __always_inline struct scratch *begin(struct walk *w, struct task_struct *task, u8 type, u32 id)
{
	struct scratch *s = scratch_buffer();
	struct fs_struct *fs = task->fs;

	if (!s)
		return NULL;
	__builtin_memset(&s->r, 0, sizeof(s->r));
	s->r.type = type;
	s->r.id = id;
	__builtin_memset(w, 0, sizeof(*w));
	w->root_dentry = BPF_CORE_READ(fs, root.dentry);
	w->root_mnt = BPF_CORE_READ(fs, root.mnt);
	return s;
}

static __always_inline void walk_from(struct walk *w, struct file *f)
{
	w->dentry = BPF_CORE_READ(f, f_path.dentry);
	w->mnt = BPF_CORE_READ(f, f_path.mnt);
}

static __always_inline struct kernfs_node *parent_of(struct kernfs_node *kn)
{
	struct kernfs_node___new *n = (void *)kn;

	if (bpf_core_field_exists(n->__parent))
		return BPF_CORE_READ(n, __parent);
	return BPF_CORE_READ(kn, parent);
}

/* The names of the innermost control groups: container runtimes put the id of the container
 * there, and few nest more than this below it. */
#define CGROUP_NAMES 6

static __noinline int append_cgroup(struct walk *w, struct task_struct *task, u32 i)
{
	struct scratch *s = scratch_buffer();
	struct kernfs_node *kn = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn);

	if (!s)
		return 0;
	w->start = w->end;
	for (int j = 0; j < CGROUP_NAMES && kn; j++) {
		if (!append_name(w, BPF_CORE_READ(kn, name)))
			break;
		kn = parent_of(kn);
	}
	s->r.len[i & 3] = w->end - w->start;
	return 0;
}

/* has_space says whether n more bytes of the ring are within the share of a process. */
static __always_inline bool has_space(struct proc_count *p, void *ring, struct share *u, u64 n)
{
	return fits(ring_bytes, bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA), u->bytes, p->name_bytes, n);
}

/* send puts the record into the ring, at the cost of a process, or says that there was no
 * room. The reader is not woken: that would cost more than all the rest, and it comes by
 * itself. */
static __noinline bool send(struct walk *walk, u32 w, struct proc_count *p)
{
	void *ring = bpf_map_lookup_elem(&rings, &w);
	struct ids *id = bpf_map_lookup_elem(&window_ids, &w);
	struct scratch *s = scratch_buffer();
	u32 end = walk->end;
	struct share *u;
	u64 taken;

	if (!ring || !id || !s || !p || end > STRINGS * PATH_MAX)
		return false;
	taken = (RING_HEADER + sizeof(s->r) + end + 7) & ~7ULL;
	u = share_of(id, p->uid);
	if (!has_space(p, ring, u, taken) || bpf_ringbuf_output(ring, s, sizeof(s->r) + end, BPF_RB_NO_WAKEUP))
		return false;
	__sync_fetch_and_add(&u->bytes, taken);
	__sync_fetch_and_add(&p->name_bytes, taken);
	return true;
}
