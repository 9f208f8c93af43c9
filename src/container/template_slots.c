/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "container/create.h"
#include "container/process.h"
#include "fast/config.h"
#include "fast/template.h"
#include "kernel/caps.h"
#include "kernel/mountapi.h"
#include "kernel/sys.h"
#include "kernel/userns.h"
#include "plan/path.h"
#include "plan/template.h"

/* A container that comes from a template of a mount namespace (fast/template.h) has no tree of the host: its rootfs,
 * its volumes and its cgroups' directories are opened here, as detached trees. */

/* Setns into the template, and a new namespace there; without mknod init would bind the host's nodes. */
static const char *why_not_here(const struct context *x)
{
	const uint64_t needed = 1ull << CAP_SYS_ADMIN | 1ull << CAP_SYS_CHROOT | 1ull << CAP_MKNOD;
	struct caps caps;

	if (!config_get()->use_namespace_cache)
		return "use_namespace_cache is off";
	if (x->rootless || !userns_is_first())
		return "in a user namespace";
	if (caps_get(&caps) < 0 || (caps.effective & needed) != needed)
		return "CAP_SYS_ADMIN, CAP_SYS_CHROOT or CAP_MKNOD is missing";
	return NULL;
}

static const struct plan_rootfs *find_rootfs(const struct plan *p)
{
	for (const struct plan_step *s = plan_first(p); !plan_at_end(p, s); s = plan_next(s))
		if (s->op == PLAN_OP_ROOTFS)
			return (const struct plan_rootfs *)s;
	return NULL;
}

/* A clone is a peer of the host's mount, or its slave, until it is told otherwise: before anything is mounted on it. */
static int clone_tree(int at, const char *path, bool recursive, uint32_t propagation)
{
	_cleanup_close_ int tree = mount_clone(at, path, recursive);
	int r = tree < 0 ? tree : mount_propagation_fd(tree, propagation);

	return r < 0 ? r : TAKE_FD(tree);
}

/* The mounts in it follow the host's, if so wanted; what the host mounts on the rootfs itself stays outside. */
static int put_rootfs(const char *path, uint32_t propagation, uint32_t slot, struct launch_slots *s, struct error *err)
{
	_cleanup_close_ int tree = clone_tree(AT_FDCWD, path, true, propagation);
	int r = tree < 0 ? tree : mount_propagation_fd(tree, MS_PRIVATE);

	return r < 0 ? error_errno(err, r, "%s", path) : launch_put(s, slot, TAKE_FD(tree), err);
}

static int put_tree(const char *path, uint32_t propagation, uint32_t slot, struct launch_slots *s, struct error *err)
{
	int tree = clone_tree(AT_FDCWD, path, false, propagation);

	return tree < 0 ? error_errno(err, tree, "%s", path) : launch_put(s, slot, tree, err);
}

/* In the rootfs, and in what holds it, an earlier mount of the container's may have changed what is there. Where a
 * source really lies its fd tells. */
static bool meets_rootfs(int at, bool recursive, const char *rootfs)
{
	char link[32], path[PATH_MAX];
	ssize_t n;

	fmt(link, sizeof(link), "/proc/self/fd/%d", at);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return true;
	path[n] = '\0';
	return strcmp(path, rootfs) == 0 || path_is_below(path, rootfs) || (recursive && path_is_below(rootfs, path));
}

static int put_volume(const struct plan *p, const struct plan_mount *m, uint32_t propagation, const char *rootfs,
	struct launch_slots *s, struct error *err)
{
	const char *source = plan_text(p, m->source);
	bool recursive = m->flags & PLAN_MOUNT_RECURSIVE;
	_cleanup_close_ int at =
		open(source, O_PATH | O_CLOEXEC | (m->flags & PLAN_MOUNT_SRC_NOFOLLOW ? O_NOFOLLOW : 0));
	int tree = at < 0 ? -errno : clone_tree(at, "", recursive, propagation);

	if (tree >= 0 && meets_rootfs(at, recursive, rootfs)) {
		close(tree);
		return error_set(err, EXDEV, "mounts[%u].source: %s: in the rootfs", m->s.index, source);
	}
	return tree < 0 ? error_errno(err, tree, "mounts[%u].source: %s", m->s.index, source)
			: launch_put(s, m->slot, tree, err);
}

static int open_trees(const struct plan *p, const char *rootfs, struct launch_slots *trees, struct error *err)
{
	const struct plan_rootfs *root = find_rootfs(p);
	int r;

	if (!root)
		return error_set(err, EBADMSG, "plan: no rootfs");
	r = put_rootfs(
		rootfs, root->propagation, plan_has_user_namespace(p) ? root->source_slot : root->slot, trees, err);
	for (const struct plan_step *s = plan_first(p); r == 0 && !plan_at_end(p, s); s = plan_next(s)) {
		const struct plan_mount *m = (const struct plan_mount *)s;

		if (s->op == PLAN_OP_MOUNT && m->kind == PLAN_MOUNT_BIND)
			r = put_volume(p, m, root->propagation, rootfs, trees, err);
	}
	return r;
}

void setup_template(const struct context *x, const struct plan *p, const char *rootfs, struct launch *l)
{
	enum template_kind kind = plan_has_user_namespace(p) ? TEMPLATE_USER : TEMPLATE_EMPTY;
	const char *here = why_not_here(x);
	struct error err = {0};
	char why[128];
	int ns;

	if (here || !plan_fits_template(p, why, sizeof(why))) {
		log_debug("start: without a template: %s", here ? here : why);
		return;
	}
	/* to attach a tree with a pin in it the kernel refuses (ELOOP); of volumes init tells us */
	if (path_is_below(TEMPLATE_DIR, rootfs)) {
		log_debug("start: without a template: the rootfs holds " TEMPLATE_DIR);
		return;
	}
	ns = template_open(kind, &err);
	if (ns >= 0 && open_trees(p, rootfs, &l->trees, &err) == 0) {
		l->template = ns;
		l->attach_trees = kind == TEMPLATE_USER;
		return;
	}
	fd_close(&ns);
	launch_close_slots(&l->trees);
	log_debug("start: without a template: %s", err.msg);
}

uint32_t setup_propagation(const struct plan *p)
{
	const struct plan_rootfs *root = find_rootfs(p);

	return root ? root->propagation : 0;
}

int setup_template_cgroups(const struct plan *p, struct launch_slots *s, struct error *err)
{
	uint32_t propagation = setup_propagation(p);
	int r = 0;

	if (plan_has_user_namespace(p)) /* the template has the host's /sys */
		return 0;
	for (const struct plan_step *at = plan_first(p); r == 0 && !plan_at_end(p, at); at = plan_next(at)) {
		const struct plan_mount *m = (const struct plan_mount *)at;

		if (at->op != PLAN_OP_MOUNT || m->kind != PLAN_MOUNT_CGROUP)
			continue;
		for (uint32_t i = 0; r == 0 && i < m->cgroup_paths.n; i++)
			r = put_tree(plan_list_str(p, m->cgroup_paths, i), propagation,
				plan_list_u32(p, m->cgroup_slots, i), s, err);
		if (r < 0)
			error_prefix(err, "mounts[%u]: %s: bind of", m->s.index, plan_str(p, m->dest));
	}
	return r;
}

enum { STACK = 16 * 1024 };

/* Not on our own stack, which may be small; one child at a time. */
static char child_stack[STACK] __attribute__((aligned(16)));

struct cloning {
	const char *path;
	unsigned flags;
	uint32_t propagation;
	int tree; /* or a negative errno */
};

/* Shares our memory and descriptors, not our mount namespace; we wait till it is done (CLONE_VFORK). */
static int clone_elsewhere(void *arg)
{
	struct cloning *c = arg;
	int r = sys_unshare(CLONE_NEWNS), tree = r < 0 ? r : sys_open_tree(AT_FDCWD, c->path, c->flags);

	r = tree < 0 ? tree : mount_propagation_fd(tree, c->propagation);
	if (r < 0 && tree >= 0)
		(void)sys_close(tree);
	c->tree = r < 0 ? r : tree; /* at the end alone: we may be killed before */
	return 0; /* the end of this thread alone, its stack as clean as it was: sanitizers look at ours */
}

static const struct plan_mount *find_bind(const struct plan *p, uint32_t step)
{
	const struct plan_step *s = plan_first(p);

	while (step-- && !plan_at_end(p, s))
		s = plan_next(s);
	return !plan_at_end(p, s) && s->op == PLAN_OP_MOUNT && ((const struct plan_mount *)s)->kind == PLAN_MOUNT_BIND
		       ? (const struct plan_mount *)s
		       : NULL;
}

/* To copy a mount namespace leaves out what is pinned of mount namespaces, for one that holds itself would never end.
 */
int setup_tree_again(
	const struct plan *p, uint32_t step, uint32_t propagation, struct launch_slots *more, struct error *err)
{
	const struct plan_mount *m = find_bind(p, step);
	struct cloning c = {
		.flags = SYS_OPEN_TREE_CLONE | SYS_OPEN_TREE_CLOEXEC, .propagation = propagation, .tree = -ECHILD};
	pid_t child;

	if (!m)
		return error_set(err, EPROTO, "start: tree of no mount");
	c.path = plan_str(p, m->source);
	c.flags |= m->flags & PLAN_MOUNT_RECURSIVE ? SYS_AT_RECURSIVE : 0u;
	c.flags |= m->flags & PLAN_MOUNT_SRC_NOFOLLOW ? (unsigned)AT_SYMLINK_NOFOLLOW : 0u;
	child = clone(clone_elsewhere, child_stack + STACK, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &c);
	if (child < 0)
		return error_errno(err, errno, "mounts[%u].source: %s", m->s.index, c.path);
	(void)process_reap(child);
	return c.tree < 0 ? error_errno(err, c.tree, "mounts[%u].source: %s", m->s.index, c.path)
			  : launch_put(more, m->slot, c.tree, err);
}
