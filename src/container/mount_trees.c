/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "container/mounts_change.h"
#include "container/process.h"
#include "kernel/mountapi.h"
#include "kernel/sys.h"

/* A tree that is cloned from our mount namespace and moved into one of another user namespace would come there without
 * its locks: the container's root could take submounts away, and see what they hide, or write where the host says
 * read-only. The kernel locks what it copies for a new mount namespace of another user namespace: so one is made, with
 * nobody in it, and the trees are cloned from there. */

enum { STACK = 64 * 1024 };

struct work {
	const struct plan *p;
	int *trees;
	uint32_t propagation;
	bool open_there; /* in the new namespaces */
	int mount_ns;    /* the copy; a negative errno: it could not be had */
	int failed;      /* negative errno, and the mount it is about */
	bool done;       /* open_trees came to its end: who makes it may be killed before */
	const struct plan_mount *at;
};

static void open_trees(struct work *w)
{
	uint32_t i = 0;

	for (const struct plan_step *s = plan_first(w->p); !plan_at_end(w->p, s); s = plan_next(s), i++) {
		const struct plan_mount *m = (const struct plan_mount *)s;
		int fd;

		w->trees[i] = -1;
		if (w->failed || s->op != PLAN_OP_MOUNT || m->slot == PLAN_NO_SLOT)
			continue;
		w->at = m;
		fd = sys_openat(AT_FDCWD, plan_str(w->p, m->source),
			O_PATH | O_CLOEXEC | (m->flags & PLAN_MOUNT_SRC_NOFOLLOW ? O_NOFOLLOW : 0), 0);
		w->failed = fd;
		if (fd < 0)
			continue;
		w->trees[i] = mount_clone(fd, "", m->flags & PLAN_MOUNT_RECURSIVE);
		w->failed = w->trees[i] < 0 ? w->trees[i] : mount_propagation_fd(w->trees[i], w->propagation);
		(void)sys_close(fd);
	}
	w->done = true;
}

/* Both share our memory and descriptors while we wait (CLONE_VFORK). */
static int in_copy(void *arg)
{
	struct work *w = arg;

	w->mount_ns = sys_openat(AT_FDCWD, "/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC, 0);
	if (w->mount_ns >= 0 && w->open_there)
		open_trees(w);
	sys_call1(SYS_exit, 0);
	return 0;
}

static int with_host_rights(void *arg)
{
	struct work *w = arg;
	int r = sys_setns(w->mount_ns, CLONE_NEWNS);

	if (r == 0)
		open_trees(w);
	else
		w->mount_ns = r;
	sys_call1(SYS_exit, 0);
	return 0;
}

static int in_child(int (*fn)(void *), unsigned flags, struct work *w)
{
	_cleanup_free_ char *stack = malloc(STACK);
	pid_t child =
		stack ? clone(fn, stack + STACK, (int)(flags | CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD), w) : -1;

	if (child < 0)
		return stack ? -errno : -ENOMEM;
	(void)process_reap(child);
	return 0;
}

static int open_locked(struct work *w, bool rootless)
{
	_cleanup_close_ int copy = -1;
	int r;

	w->open_there = rootless;
	r = in_child(in_copy, CLONE_NEWUSER | CLONE_NEWNS, w);
	if (r == 0)
		r = copy = w->mount_ns; /* NOLINT(clang-analyzer-deadcode.DeadStores): its cleanup closes it */
	if (r < 0 || rootless)
		return r < 0 ? r : 0;
	r = in_child(with_host_rights, 0, w);
	return r < 0 ? r : w->mount_ns < 0 ? w->mount_ns : 0;
}

static void close_trees(const struct plan *p, int *trees)
{
	for (uint32_t i = 0; i < p->n_steps; i++)
		fd_close(&trees[i]);
}

int mount_trees_open(const struct plan *p, const struct mount_trees_how *how, int *trees, struct error *err)
{
	struct work w = {.p = p, .trees = trees, .propagation = how->propagation, .mount_ns = -1};
	int r = 0;

	for (uint32_t i = 0; i < p->n_steps; i++)
		trees[i] = -1;
	if (how->locked)
		r = open_locked(&w, how->rootless);
	else
		open_trees(&w);
	if (r == 0 && w.done && !w.failed)
		return 0;
	close_trees(p, trees);
	if (r < 0 || !w.done)
		return error_errno(err, r < 0 ? r : -ECHILD, "mounts: copy of the mount namespace");
	if (w.failed == -EINVAL && !(w.at->flags & PLAN_MOUNT_RECURSIVE))
		return error_set(err, EINVAL,
			"mounts[%u].source: %s: it has mounts beneath it that cannot be left out: use rbind",
			w.at->s.index, plan_str(p, w.at->source));
	if (w.failed == -ENOSYS)
		return error_set(err, ENOSYS, "mounts[%u]: a bind needs mount_setattr (Linux 5.12) in a container that runs",
			w.at->s.index);
	return error_errno(err, w.failed, "mounts[%u].source: %s", w.at->s.index, plan_str(p, w.at->source));
}
