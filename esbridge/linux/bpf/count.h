/* SPDX-License-Identifier: Dual MIT/GPL
 *
 * What was done: changes of a file are counted in its row, changes of a name are sent with
 * their paths, and either falls back to the row of the process where there is no room.
 */
#pragma once
#include "process.h"

const volatile bool count_closes;

static __always_inline void add(struct stamp *s, u64 now)
{
	__sync_fetch_and_add(&s->n, 1);
	if (!s->first)
		s->first = now;
	s->last = now;
}

/* file_of is the open file of a descriptor, NULL where it was closed meanwhile. */
static __always_inline struct file *file_of(struct task_struct *task, u32 fd)
{
	struct fdtable *fdt = task->files->fdt;
	struct file *f = NULL;

	if (fd < fdt->max_fds)
		bpf_probe_read_kernel(&f, sizeof(f), fdt->fd + fd);
	return f;
}

/* name_file sends the path of a file. Returns its id, 0 where there was no room. */
static __noinline u32 name_file(struct task_struct *task, u32 w, struct proc_count *p, struct file *f)
{
	void *ring = bpf_map_lookup_elem(&rings, &w);
	struct ids *id = bpf_map_lookup_elem(&window_ids, &w);
	struct share *u;
	struct walk walk;
	u32 name;

	if (!p || !ring || !id)
		return 0;
	u = share_of(id, p->uid);
	if (!has_space(p, ring, u, 1) || !fits(max_files, id->files, u->files, p->names, 1))
		return 0;
	name = __sync_fetch_and_add(&id->files, 1) + 1;
	__sync_fetch_and_add(&u->files, 1);
	__sync_fetch_and_add(&p->names, 1);
	if (BPF_CORE_READ(f, f_path.mnt, mnt_flags) & MNT_INTERNAL)
		return INTERNAL;
	if (!begin(&walk, task, NAME, name))
		return 0;
	walk_from(&walk, f);
	append_path(&walk, 0);
	return send(&walk, w, p) ? name : 0;
}

/* count_process counts an event whose path is lost, or counts it as lost altogether. */
static __noinline int count_process(struct proc_count *p, u32 w, u32 slot, u64 bytes, u64 now)
{
	struct totals *t = totals_of(w);

	if (p && slot < SLOTS) {
		add(&p->kinds[slot], now);
		__sync_fetch_and_add(&p->bytes, bytes);
	} else if (t) {
		t->lost++;
	}
	return 0;
}

/* new_file makes the row of a file in this window; it has none where there is no room. */
static __noinline int new_file(struct task_struct *task, u32 w, struct file_key *key, struct file *f)
{
	void *table = bpf_map_lookup_elem(&files, &w);
	struct proc_count *p = process(task, w, &key->proc);
	struct file_count row;

	if (!table || !p)
		return 0;
	__builtin_memset(&row, 0, sizeof(row));
	row.name = name_file(task, w, p, f);
	row.proc = p->id;
	/* Where another thread was faster its row is as good as this one. */
	if (row.name)
		bpf_map_update_elem(table, key, &row, BPF_NOEXIST);
	return 0;
}

static __always_inline void note_written(struct file *f, struct file_key *key)
{
	struct written v = { key->ino, key->dev, key->generation };
	u64 address = (u64)f;

	if (!bpf_map_lookup_elem(&written, &address))
		bpf_map_update_elem(&written, &address, &v, BPF_ANY);
}

/* was_written says whether something was written through an open file, once per writing. */
static __always_inline bool was_written(struct file *f, struct file_key *key)
{
	u64 address = (u64)f;
	struct written *v = bpf_map_lookup_elem(&written, &address);
	bool same = v && v->ino == key->ino && v->dev == key->dev && v->generation == key->generation;

	if (v)
		bpf_map_delete_elem(&written, &address);
	return same;
}

/* count_file counts a change to an open file. */
static __always_inline int count_file(struct task_struct *task, struct file *f, u32 slot, u64 bytes)
{
	u32 w = window;
	struct totals *t = totals_of(w);
	void *table = bpf_map_lookup_elem(&files, &w);
	struct file_count *v;
	struct file_key key;
	struct facts x;
	u64 now;

	if (!t || !table || slot >= FILE_SLOTS)
		return 0;
	look_at(f, &x);
	if (slot != SETATTR && (x.i_mode & S_IFMT) != S_IFREG)
		return 0;
	identify(&key.proc, task);
	key.ino = x.ino;
	key.dev = x.dev;
	key.generation = x.generation;
	if (count_closes && slot == CLOSE && !was_written(f, &key))
		return 0;
	if (count_closes && slot == WRITE)
		note_written(f, &key);
	if (muted(task)) {
		t->muted++;
		return 0;
	}
	t->events++;
	now = read_clock(t);
	v = bpf_map_lookup_elem(table, &key);
	if (!v) {
		new_file(task, w, &key, f);
		v = bpf_map_lookup_elem(table, &key);
	}
	if (!v)
		return count_process(process(task, w, &key.proc), w, slot, bytes, now);
	add(&v->kinds[slot], now);
	if (bytes)
		__sync_fetch_and_add(&v->bytes, bytes);
	v->size = x.size;
	return 0;
}

/* change_file is count_file where speed is no matter: the verifier walks it only once. */
static __noinline int change_file(struct task_struct *task, struct file *f, u32 slot)
{
	return count_file(task, f, slot, 0);
}

/* gone counts a change through a descriptor that another thread closed before its call
 * returned: whether that was a file cannot be told, so it counts as lost. */
static __noinline int gone(struct task_struct *task)
{
	u32 w = window;
	struct totals *t = totals_of(w);

	if (!t)
		return 0;
	if (muted(task)) {
		t->muted++;
		return 0;
	}
	t->events++;
	t->lost++;
	return 0;
}

/* append_argument adds two strings: the directory that a path argument starts from, left out
 * where the argument is absolute, and the argument itself, empty for the directory itself. */
static __noinline int append_argument(struct walk *w, struct task_struct *task, int fd, const void *user, u32 i)
{
	struct fs_struct *fs = task->fs;
	struct file *f;
	char first = 0;

	if (user && bpf_probe_read_user(&first, 1, user))
		return -1;
	if (first == '/')
		return append_string(w, user, i + 1);
	if (fd == AT_FDCWD) {
		w->dentry = BPF_CORE_READ(fs, pwd.dentry);
		w->mnt = BPF_CORE_READ(fs, pwd.mnt);
	} else {
		f = file_of(task, fd);
		if (!f)
			return -1;
		walk_from(w, f);
	}
	append_path(w, i);
	return user ? append_string(w, user, i + 1) : 0;
}

/* The paths of a call: the one it counts at and, for two, the one it came from. */
struct arguments {
	const void *path, *from_path;
	int fd, from_fd;
	bool two;
	u32 slot;
};

/* send_paths sends one event with its paths, or says that there was no room. */
static __noinline bool send_paths(struct task_struct *task, u32 w, struct proc_count *p, struct arguments *a,
				  u64 now)
{
	void *ring = bpf_map_lookup_elem(&rings, &w);
	struct ids *id = bpf_map_lookup_elem(&window_ids, &w);
	struct scratch *s;
	struct walk walk;

	if (!p || !ring || !id || !has_space(p, ring, share_of(id, p->uid), 1))
		return false;
	s = begin(&walk, task, PATHS, p->id);
	if (!s)
		return false;
	s->r.slot = a->slot;
	s->r.when = now;
	if (append_argument(&walk, task, a->fd, a->path, 0))
		return false;
	if (a->two && append_argument(&walk, task, a->from_fd, a->from_path, 2))
		return false;
	return send(&walk, w, p);
}

static __noinline int change_path(struct task_struct *task, struct arguments *a)
{
	u32 w = window;
	struct totals *t = totals_of(w);
	struct proc_count *p;
	struct proc_key key;
	u64 now;

	if (!t)
		return 0;
	if (muted(task)) {
		t->muted++;
		return 0;
	}
	t->events++;
	now = read_clock(t);
	identify(&key, task);
	p = process(task, w, &key);
	if (!p || !send_paths(task, w, p, a, now))
		count_process(p, w, a->slot, 0, now);
	return 0;
}
