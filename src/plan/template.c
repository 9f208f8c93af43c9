/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/sched.h>
#include <string.h>
#include <sys/mount.h>

#include "base/str.h"
#include "plan/template.h"

/* File systems whose options and sources are no paths of the host's tree. */
static bool needs_no_path(const char *type)
{
	static const char *const types[] = {"proc", "tmpfs", "devpts", "mqueue", "sysfs", "cgroup2", "ramfs", "bpf",
		"hugetlbfs", "debugfs", "tracefs", "securityfs"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i], type) == 0)
			return true;
	return false;
}

static const char *why_not_propagation(const struct plan *p, struct plan_list l)
{
	for (uint32_t i = 0; i < l.n; i++)
		if (plan_list_u32(p, l, i) & (MS_SHARED | MS_SLAVE))
			return "asks for shared or slave propagation";
	return NULL;
}

static const char *why_not_mount(const struct plan *p, const struct plan_mount *m)
{
	switch (m->kind) {
	case PLAN_MOUNT_FS:
		return needs_no_path(plan_text(p, m->type)) ? NULL : "a file system that may name paths of the host";
	case PLAN_MOUNT_BIND:
		if (m->slot == PLAN_NO_SLOT)
			return "the source cannot be opened ahead";
		if (m->flags & PLAN_MOUNT_COPY_SYMLINK)
			return "the source may be a symbolic link to be copied";
		return why_not_propagation(p, m->propagation);
	default:
		return NULL;
	}
}

static const char *why_not_rootfs(const struct plan_rootfs *r)
{
	if (!r->new_mount_ns)
		return "no new mount namespace";
	return r->propagation == (MS_SLAVE | MS_REC) || r->propagation == (MS_PRIVATE | MS_REC)
		       ? NULL
		       : "rootfsPropagation is neither rslave nor rprivate";
}

/* In a user namespace nodes are bound, and only /dev is there. */
static const char *why_not_device(const struct plan *p, const struct plan_device *d, bool user)
{
	if (!d->bind || (user && str_starts(plan_str(p, d->path), "/dev/")))
		return NULL;
	return user ? "a device outside /dev" : "device nodes are bound";
}

static const char *why_not_step(const struct plan *p, const struct plan_step *s, bool user)
{
	switch (s->op) {
	case PLAN_OP_HOOK:
		return ((const struct plan_hook *)s)->kind <= PLAN_HOOK_CREATE_CONTAINER
			       ? "hooks that may look for the host's files"
			       : NULL;
	case PLAN_OP_TIME_ENTER:
		return user ? NULL : "a time namespace";
	case PLAN_OP_ROOTFS:
		return why_not_rootfs((const struct plan_rootfs *)s);
	case PLAN_OP_MOUNT:
		return why_not_mount(p, (const struct plan_mount *)s);
	case PLAN_OP_DEVICE:
		return why_not_device(p, (const struct plan_device *)s, user);
	case PLAN_OP_PIVOT:
		return ((const struct plan_pivot *)s)->mode != PLAN_PIVOT_ROOT ? "--no-pivot" : NULL;
	default:
		return NULL;
	}
}

bool plan_has_user_namespace(const struct plan *p)
{
	for (const struct plan_step *s = plan_first(p); !plan_at_end(p, s); s = plan_next(s))
		if (s->op == PLAN_OP_ROOTFS)
			return ((const struct plan_rootfs *)s)->source_slot != PLAN_NO_SLOT;
	return false;
}

bool plan_fits_template(const struct plan *p, char *why, size_t n)
{
	bool user = plan_has_user_namespace(p);

	for (const struct plan_step *s = plan_first(p); !plan_at_end(p, s); s = plan_next(s)) {
		const char *reason = why_not_step(p, s, user);

		if (!reason)
			continue;
		if (s->op == PLAN_OP_MOUNT)
			fmt(why, n, "mounts[%u]: %s", s->index, reason);
		else
			str_copy(why, n, reason);
		return false;
	}
	return true;
}
