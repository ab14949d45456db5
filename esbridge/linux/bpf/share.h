/* SPDX-License-Identifier: Dual MIT/GPL
 *
 * Who may take how much of a window: file table entries, process table entries and ring
 * space are shared out between users first, then between the processes of a user, so that
 * nobody's storm takes what somebody else needs. Asked once per new row, not once per write.
 */
#pragma once
#include "window.h"

const volatile u64 max_files, max_procs, ring_bytes;

/* Secret and odd, so that nobody can tell which users meet in a share. */
const volatile u64 user_seed;

/* share_of is what a user took in this window. Root has a share to itself. */
static __always_inline struct share *share_of(struct ids *id, u32 uid)
{
	u64 hash = (uid * user_seed) >> 32;
	u32 i = uid ? 1 + (hash * (USERS - 1) >> 32) : 0;

	return &id->users[i & (USERS - 1)];
}

/* fits says whether a process may take n more of a resource of which there are max, all are
 * taken, user of them by its user and proc by itself.
 *
 * An eighth is kept back: each user is sure of its part of it. Of the rest a user takes at
 * most seven times what it leaves for other users, and a process no more than it leaves for
 * the others of its user. Neither can be exceeded by more than a record per CPU. */
static __always_inline bool fits(u64 max, u64 all, u64 user, u64 proc, u64 n)
{
	u64 common = max - max / 8, sure = max / 8 / USERS, left = 0;

	if (all < common && user < 7 * (common - all))
		left = (7 * (common - all) - user + 7) / 8;
	if (user < sure && left < sure - user)
		left = sure - user;
	return proc + n <= left;
}
