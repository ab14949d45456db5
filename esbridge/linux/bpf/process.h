/* SPDX-License-Identifier: Dual MIT/GPL
 *
 * Who did it: the row of a process in a window, and what is known of a process beyond windows:
 * whether it is muted, and whether it changes files unseen.
 */
#pragma once
#include "path.h"

/* The window being filled; see window.h. */
volatile u32 window;

/* Processes that are not counted. A pid is reused, so its start goes with it, in the unit of
 * /proc/PID/stat (1/100 s since boot); 0 is any. The list ends at tgid 0. */
struct mute {
	u32 tgid;
	u32 zero;
	u64 start;
};
#define MUTES 8
#define TICK 10000000
volatile struct mute mutes[MUTES];

/* Set for good when marks was full: any process may then be one that is missing there. */
volatile u32 marks_lost;

static __always_inline struct totals *totals_of(u32 w)
{
	return bpf_map_lookup_elem(&window_totals, &w);
}

/* read_clock is the time since boot. Reading the clock costs a third of counting a write, so
 * it is read once per tick and CPU: the time is early by a tick at most. */
static __always_inline u64 read_clock(struct totals *t)
{
	u64 tick = bpf_jiffies64();

	if (t->tick != tick) {
		t->tick = tick;
		t->clock = bpf_ktime_get_boot_ns();
	}
	return t->clock;
}

static __always_inline void identify(struct proc_key *k, struct task_struct *task)
{
	k->start = task->group_leader->start_boottime;
	k->tgid = task->tgid;
	k->exec = task->self_exec_id;
	k->mntns = task->nsproxy->mnt_ns->ns.inum;
	k->zero = 0;
}

static __always_inline bool muted(struct task_struct *task)
{
	u32 tgid = task->tgid;

	for (int i = 0; i < MUTES && mutes[i].tgid; i++)
		if (mutes[i].tgid == tgid)
			return !mutes[i].start || mutes[i].start == task->group_leader->start_boottime / TICK;
	return false;
}

/* describe sends the executable's path and, where it lives elsewhere, the control group. */
static __noinline int describe(struct task_struct *task, u32 w, struct proc_count *p)
{
	struct file *exe = BPF_CORE_READ(task, mm, exe_file);
	struct walk walk;

	if (!p || !exe || !begin(&walk, task, EXECUTABLE, p->id))
		return 0;
	walk_from(&walk, exe);
	append_path(&walk, 0);
	append_cgroup(&walk, task, 1);
	send(&walk, w, p);
	return 0;
}

/* execution is the key of a mark, which holds in whatever namespace the process enters. */
static __always_inline void execution(struct proc_key *k, struct task_struct *task)
{
	__builtin_memset(k, 0, sizeof(*k));
	k->start = task->group_leader->start_boottime;
	k->tgid = task->tgid;
	k->exec = task->self_exec_id;
}

static __noinline int fill(struct proc_count *p, struct task_struct *task)
{
	struct inode *exe = BPF_CORE_READ(task, mm, exe_file, f_inode);
	struct proc_key k;

	__builtin_memset(p, 0, sizeof(*p));
	p->exe_ino = BPF_CORE_READ(exe, i_ino);
	p->exe_dev = BPF_CORE_READ(exe, i_sb, s_dev);
	p->exe_uid = BPF_CORE_READ(exe, i_uid.val);
	p->exe_mode = BPF_CORE_READ(exe, i_mode);
	p->ppid = task->real_parent->tgid;
	p->uid = task->cred->uid.val;
	p->euid = task->cred->euid.val;
	execution(&k, task);
	p->lower_bound = bpf_map_lookup_elem(&marks, &k) != NULL;
	return 0;
}

/* process is the row of a process in this window, made at its first event. */
static __noinline struct proc_count *process(struct task_struct *task, u32 w, struct proc_key *key)
{
	struct proc_count *p, *new;
	struct ids *id = bpf_map_lookup_elem(&window_ids, &w);
	void *table = bpf_map_lookup_elem(&procs, &w);
	struct share *u;
	u32 zero = 0;

	if (!table || !id)
		return NULL;
	p = bpf_map_lookup_elem(table, key);
	if (p)
		return p;
	u = share_of(id, task->cred->uid.val);
	if (!fits(max_procs, id->procs, u->procs, 0, 1))
		return NULL;
	new = bpf_map_lookup_elem(&fresh, &zero);
	if (!new)
		return NULL;
	fill(new, task);
	new->id = __sync_fetch_and_add(&id->procs, 1);
	if (new->id >= max_procs)
		return NULL;
	__sync_fetch_and_add(&u->procs, 1);
	/* Where another thread was faster its row is as good as this one. */
	if (bpf_map_update_elem(table, key, new, BPF_NOEXIST))
		return bpf_map_lookup_elem(table, key);
	p = bpf_map_lookup_elem(table, key);
	describe(task, w, p);
	return p;
}

/* mark notes that an execution may change files unseen, for this window and all to come. */
static __noinline int mark(struct task_struct *task)
{
	u32 w = window;
	void *table = bpf_map_lookup_elem(&procs, &w);
	struct proc_key key, k;
	struct proc_count *p;
	u8 one = 1;

	identify(&key, task);
	execution(&k, task);
	if (bpf_map_lookup_elem(&marks, &k))
		return 0;
	if (bpf_map_update_elem(&marks, &k, &one, BPF_ANY))
		marks_lost = 1;
	p = table ? bpf_map_lookup_elem(table, &key) : NULL;
	if (p)
		p->lower_bound = 1;
	return 0;
}

enum lifecycle { EXEC, FORK, EXIT };

static __always_inline int count_lifecycle(enum lifecycle step)
{
	u32 w = window;
	struct totals *t = totals_of(w);

	if (t)
		t->lifecycle[step]++;
	return 0;
}
