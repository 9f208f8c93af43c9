/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/sched.h>
#include <string.h>

#include "plan/compile.h"
#include "plan/path.h"

static const char *name_of(const char *controllers)
{
	return strncmp(controllers, "name=", 5) == 0 ? controllers + 5 : controllers;
}

/* Without a cgroup of its own the container stays where the runtime is. */
static int own_cgroups(struct arena *a, struct cgroup *ret, struct error *err)
{
	struct cgroup_host h;
	int r = cgroup_host_detect(&h, a, err);

	*ret = (struct cgroup){.manager = CGROUP_MANAGER_DISABLED, .mode = h.mode};
	for (size_t i = 0; r == 0 && i < h.n; i++) {
		struct cgroup_dir *d = &ret->d[ret->n++];

		d->controllers = h.h[i].controllers;
		d->v2 = h.h[i].v2;
		d->fd = -1;
		d->path = path_clean(a, h.h[i].mountpoint, h.h[i].own);
		if (!d->path)
			r = error_errno(err, ENOMEM, "cgroup");
	}
	return r;
}

int plan_fill_cgroup_mount(struct plan_builder *b, const struct plan_input *in, struct plan_mount *p, struct error *err)
{
	bool ns = plan_all_namespaces(in->config) & CLONE_NEWCGROUP;
	const char *names[CGROUP_MAX_HIERARCHIES], *paths[CGROUP_MAX_HIERARCHIES];
	uint32_t slots[CGROUP_MAX_HIERARCHIES];
	struct cgroup own;
	const struct cgroup *cg = in->cgroup;
	size_t n = 0;

	if (!cg || !cg->n) {
		int r = own_cgroups(b->arena, &own, err);

		if (r < 0)
			return r;
		cg = &own;
	}
	p->kind = PLAN_MOUNT_CGROUP;
	p->flags |= (ns ? PLAN_MOUNT_CGROUP_NS : 0) | (cg->mode == CGROUP_MODE_V2 ? 0 : PLAN_MOUNT_CGROUP_V1);
	for (size_t i = cg->n;
		i-- > 0;) { /* the kernel names the youngest hierarchy first; mounted they are oldest first */
		const struct cgroup_dir *d = &cg->d[i];

		if (d->v2 != (cg->mode == CGROUP_MODE_V2)) /* a hybrid host shows its v1 hierarchies only */
			continue;
		names[n] = name_of(d->controllers);
		paths[n] = d->v2 && !ns ? "/sys/fs/cgroup" : d->path;
		slots[n++] = plan_new_slot(b);
	}
	p->cgroup_names = plan_put_strs(b, (char *const *)names, n);
	p->cgroup_paths = plan_put_strs(b, (char *const *)paths, n);
	p->cgroup_slots = plan_put_u32s(b, slots, n);
	return 0;
}
