/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "cgroup/internal.h"

int cgroup_compile_pids(struct cgroup_compiler *c, const struct oci_pids *p)
{
	static const char what[] = "linux.resources.pids.limit";
	const struct cgroup_write *w;
	uint32_t dir;
	int r;

	if (!p->has_limit)
		return 0;
	r = cgroup_need(c, "pids", what, &dir);
	if (r < 0)
		return r;
	/* A negative limit is none. 0, since specification 1.3.0 a real 0, becomes 1 as in runc: systemd knows no 0,
	 * and init is there in both cases while it can have no child in either. */
	if (p->limit < 0)
		w = cgroup_emit(c, dir, what, "pids.max", "max");
	else
		w = cgroup_emit(c, dir, what, "pids.max", "%ld", (long)(p->limit ? p->limit : 1));
	return w ? 0 : -ENOMEM;
}

/* "2MB", "1GB", "64KB": the kernel's file names have them. */
static bool page_size_is_valid(const char *s)
{
	size_t digits = s ? strspn(s, "0123456789") : 0;

	return digits > 0 && digits < 8 && strchr("KMG", s[digits]) && s[digits] && str_eq(s + digits + 1, "B");
}

int cgroup_compile_hugepages(struct cgroup_compiler *c)
{
	uint32_t dir;

	for (size_t i = 0; i < c->r->hugepage_limits_len; i++) {
		const struct oci_hugepage_limit *h = &c->r->hugepage_limits[i];
		const char *what = arena_fmt(c->a, "linux.resources.hugepageLimits[%zu]", i), *suffix;
		struct cgroup_write *w;
		char file[64];
		int r = what ? cgroup_need(c, "hugetlb", what, &dir) : -ENOMEM;

		if (r < 0)
			return r;
		if (!page_size_is_valid(h->page_size))
			return error_set(c->err, EINVAL, "%s.pageSize: %s: not of the form 2MB", what,
				h->page_size ? h->page_size : "");
		suffix = cgroup_is_v2(c, dir) ? "max" : "limit_in_bytes";
		fmt(file, sizeof(file), "hugetlb.%s.%s", h->page_size, suffix);
		if (!cgroup_emit(c, dir, what, file, "%lu", h->limit))
			return -ENOMEM;
		/* What is reserved, not only what is in use (5.7): else a process that reserves more gets SIGBUS later.
		 */
		fmt(file, sizeof(file), "hugetlb.%s.rsvd.%s", h->page_size, suffix);
		w = cgroup_emit(c, dir, what, file, "%lu", h->limit);
		if (!w)
			return -ENOMEM;
		w->optional = true;
	}
	return 0;
}

int cgroup_compile_network(struct cgroup_compiler *c, const struct oci_network *n)
{
	uint32_t dir;
	int r;

	if (n->class_id) {
		static const char what[] = "linux.resources.network.classID";

		r = cgroup_need(c, "net_cls", what, &dir);
		if (r < 0)
			return r;
		if (!cgroup_emit(c, dir, what, "net_cls.classid", "%u", n->class_id))
			return -ENOMEM;
	}
	for (size_t i = 0; i < n->priorities_len; i++) {
		const struct oci_interface_priority *p = &n->priorities[i];
		const char *what = arena_fmt(c->a, "linux.resources.network.priorities[%zu]", i);

		r = what ? cgroup_need(c, "net_prio", what, &dir) : -ENOMEM;
		if (r < 0)
			return r;
		if (!p->name || !*p->name || strpbrk(p->name, " \t\n/"))
			return error_set(c->err, EINVAL, "%s.name: not the name of an interface", what);
		if (!cgroup_emit(c, dir, what, "net_prio.ifpriomap", "%s %u", p->name, p->priority))
			return -ENOMEM;
	}
	return 0;
}

int cgroup_compile_rdma(struct cgroup_compiler *c)
{
	for (size_t i = 0; i < c->r->rdma_len; i++) {
		const struct oci_rdma *d = &c->r->rdma[i];
		const char *what = arena_fmt(c->a, "linux.resources.rdma.%s", d->key);
		char handles[32] = "", objects[32] = "";
		uint32_t dir;
		int r = what ? cgroup_need(c, "rdma", what, &dir) : -ENOMEM;

		if (r < 0)
			return r;
		if (!*d->key || strpbrk(d->key, " \t\n"))
			return error_set(c->err, EINVAL, "%s: not the name of a device", what);
		if (!d->has_hca_handles && !d->has_hca_objects)
			return error_set(c->err, EINVAL, "%s: needs hcaHandles or hcaObjects", what);
		if (d->has_hca_handles)
			fmt(handles, sizeof(handles), " hca_handle=%u", d->hca_handles);
		if (d->has_hca_objects)
			fmt(objects, sizeof(objects), " hca_object=%u", d->hca_objects);
		if (!cgroup_emit(c, dir, what, "rdma.max", "%s%s%s", d->key, handles, objects))
			return -ENOMEM;
	}
	return 0;
}

/* One write a line, as some files (io.max) take no more. */
static int unified_lines(struct cgroup_compiler *c, uint32_t dir, const char *what, const char *file, const char *value)
{
	do {
		size_t n = strcspn(value, "\n");

		if (!cgroup_emit(c, dir, what, file, "%.*s", (int)n, value))
			return -ENOMEM;
		value += n + (value[n] == '\n');
	} while (*value);
	return 0;
}

static const char *value_of(const struct oci_map *m, const char *key)
{
	for (size_t i = 0; i < m->len; i++)
		if (str_eq(m->keys[i], key))
			return m->values[i];
	return "";
}

int cgroup_compile_unified(struct cgroup_compiler *c, const struct oci_map *m)
{
	int dir = cgroup_find_v2(c->cg);

	if (m->len && (dir == CGROUP_NO_DIR || c->cg->mode != CGROUP_MODE_V2))
		return error_set(c->err, EOPNOTSUPP,
			"linux.resources.unified: invalid configuration: cannot use unified on "
			"cgroup v1");
	for (size_t i = 0; i < m->len; i++) {
		const char *key = m->keys[i], *dot = strchr(key, '.'), *names = c->cg->d[dir].available;
		const char *what = arena_fmt(c->a, "linux.resources.unified.%s", key);
		char controller[64];
		int r;

		if (!what)
			return error_errno(c->err, ENOMEM, "linux.resources.unified");
		if (strchr(key, '/'))
			return error_set(c->err, EINVAL, "%s: must be a file name (no slashes)", what);
		if (!dot || dot == key)
			return error_set(c->err, EINVAL, "%s: must be in the form CONTROLLER.PARAMETER", what);
		fmt(controller, sizeof(controller), "%.*s", (int)(dot - key), key);
		if (names && !str_eq(controller, "cgroup") && !cgroup_list_has(names, controller))
			return error_set(c->err, EOPNOTSUPP, "%s: can't be set: controller \"%s\" not available", what,
				controller);
		if (str_eq(key, "cpu.weight") && cgroup_idle_is_weight(c, (uint32_t)dir) &&
			str_eq(value_of(m, "cpu.idle"), "1")) {
			log_warn("%s: unable to apply both cpu.weight and cpu.idle with systemd: ignored", what);
			continue;
		}
		r = unified_lines(c, (uint32_t)dir, what, key, m->values[i]);
		if (r < 0)
			return r;
	}
	return 0;
}
