/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "container/create.h"
#include "container/id_map.h"
#include "container/process.h"
#include "kernel/sys.h"

/* What init has no right to: sources below directories that the root of its user namespace may not enter, and mapping
 * the ids of a mount. */

enum { STACK = 64 * 1024, PLACE = 32 };

/* One source: the path in init's mount namespace (a copy of ours, whose mounts are locked), opened with our rights. */
struct source {
	const char *path, *name; /* name: for messages */
	uint32_t slot, index; /* index: of mounts, or UINT32_MAX: the rootfs */
	int flags, fd; /* fd: or a negative errno */
};
struct sources {
	struct source *s;
	size_t n;
	int mount_ns;
	int failed; /* of setns */
};

/* Shares our memory and descriptors, not our mount namespace; we wait till it is done (CLONE_VFORK). */
static int open_sources(void *arg)
{
	struct sources *all = arg;

	all->failed = sys_setns(all->mount_ns, CLONE_NEWNS);
	for (size_t i = 0; all->failed == 0 && i < all->n; i++)
		all->s[i].fd = sys_openat(AT_FDCWD, all->s[i].path, all->s[i].flags, 0);
	sys_call1(SYS_exit, 0);
	return 0;
}

static int run_opener(struct sources *all, pid_t pid, struct error *err)
{
	_cleanup_free_ char *stack = NULL;
	char path[64];
	pid_t child;

	fmt(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
	_cleanup_close_ int ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		return error_errno(err, errno, "start: %s", path);
	stack = malloc(STACK);
	if (!stack)
		return error_errno(err, ENOMEM, "start: %s", path);
	all->mount_ns = ns;
	child = clone(open_sources, stack + STACK, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, all);
	if (child < 0)
		return error_errno(err, errno, "start: opening mount sources");
	(void)process_reap(child);
	return all->failed < 0 ? error_errno(err, all->failed, "start: joining the container's mount namespace") : 0;
}

static void add_source(struct sources *all, const struct launch *l, const struct source *s, struct arena *a)
{
	char place[PLACE];

	all->s[all->n] = *s;
	all->s[all->n].path =
		!l->from_template ? s->name
				  : arena_strdup(a, template_place(s->slot, l->is_file[s->slot], place, sizeof(place)));
	all->n++;
}

static void add_rootfs(struct sources *all, const struct launch *l, const struct plan_rootfs *r, struct arena *a)
{
	const struct source s = {.name = plan_str(l->plan, r->path),
		.index = UINT32_MAX,
		.slot = r->source_slot,
		.flags = O_PATH | O_CLOEXEC | O_DIRECTORY,
		.fd = -EBADF};

	if (r->source_slot != PLAN_NO_SLOT)
		add_source(all, l, &s, a);
}

static void add_mount(struct sources *all, const struct launch *l, const struct plan_mount *m, struct arena *a)
{
	const struct source s = {.name = plan_str(l->plan, m->source),
		.index = m->s.index,
		.slot = m->slot,
		.flags = O_PATH | O_CLOEXEC | (m->flags & PLAN_MOUNT_SRC_NOFOLLOW ? O_NOFOLLOW : 0),
		.fd = -EBADF};

	if (m->flags & PLAN_MOUNT_SOURCE_FD)
		add_source(all, l, &s, a);
}

static int say(const struct source *s, struct error *err)
{
	if (s->index == UINT32_MAX)
		return error_errno(err, s->fd, "root.path: %s", s->name);
	return error_errno(err, s->fd, "mounts[%u].source: %s", s->index, s->name);
}

int setup_mount_sources(const struct launch *l, struct arena *a, struct launch_slots *more, struct error *err)
{
	struct sources all = {.s = arena_array(a, l->plan->n_steps, sizeof(*all.s))};
	int r = 0;

	if (!all.s)
		return error_errno(err, ENOMEM, "start: mount sources");
	for (const struct plan_step *s = plan_first(l->plan); !plan_at_end(l->plan, s); s = plan_next(s))
		if (s->op == PLAN_OP_ROOTFS)
			add_rootfs(&all, l, (const struct plan_rootfs *)s, a);
		else if (s->op == PLAN_OP_MOUNT)
			add_mount(&all, l, (const struct plan_mount *)s, a);
	if (!all.n)
		return 0;
	r = run_opener(&all, l->pid, err);
	for (size_t i = 0; i < all.n; i++) {
		if (all.s[i].fd < 0 && r == 0)
			r = say(&all.s[i], err);
		else if (r == 0)
			r = launch_put(more, all.s[i].slot, all.s[i].fd, err);
		else if (all.s[i].fd >= 0)
			close(all.s[i].fd);
	}
	return r;
}

/* The mappings of the mount, or else those of the container (config.md: idmap without mappings of its own). */
static int open_mapping(const struct oci_mount *m, pid_t pid, struct error *err)
{
	char path[64];
	int fd;

	if (m->uid_mappings_len || m->gid_mappings_len)
		return id_map_namespace(m->uid_mappings, m->uid_mappings_len, m->gid_mappings, m->gid_mappings_len, err);
	fmt(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? error_errno(err, errno, "%s", path) : fd;
}

int setup_idmap(const struct oci_config *c, const struct plan *p, uint32_t step, pid_t pid, int tree, bool recursive,
	struct error *err)
{
	struct sys_mount_attr attr = {.attr_set = SYS_MOUNT_ATTR_IDMAP};
	const struct plan_step *s = plan_first(p);
	int r;

	while (step-- && !plan_at_end(p, s))
		s = plan_next(s);
	if (plan_at_end(p, s) || s->op != PLAN_OP_MOUNT || s->index >= c->mounts_len)
		return error_set(err, EPROTO, "start: idmap of no mount");
	_cleanup_close_ int ns = open_mapping(&c->mounts[s->index], pid, err);
	if (ns < 0)
		return error_prefix(err, "mounts[%u]", s->index);
	attr.userns_fd = (uint64_t)ns;
	r = sys_mount_setattr(tree, "", AT_EMPTY_PATH | (recursive ? SYS_AT_RECURSIVE : 0), &attr);
	return r < 0 ? error_errno(err, r, "mounts[%u]: %s: idmap", s->index, c->mounts[s->index].destination) : 0;
}
