/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/sched.h>

#include "base/log.h"
#include "base/str.h"
#include "container/create.h"
#include "plan/compile.h"

static bool is_writable_cgroup(const struct oci_mount *m)
{
	bool writable = true;

	if (!str_eq(m->type, "cgroup") || !str_eq(m->destination, "/sys/fs/cgroup"))
		return false;
	for (size_t i = 0; i < m->options_len; i++)
		if (str_eq(m->options[i], "ro") || str_eq(m->options[i], "rw"))
			writable = str_eq(m->options[i], "rw");
	return writable;
}

/* config-linux.md, "Cgroup ownership": what the container can write to in its own cgroup namespace is its process's. */
static bool find_owner(const struct oci_config *c, uid_t *ret)
{
	uint32_t inside = c->process && c->process->user ? c->process->user->uid : 0;
	bool writable = false;

	for (size_t i = 0; i < c->mounts_len && !writable; i++)
		writable = is_writable_cgroup(&c->mounts[i]);
	if (!writable || !(plan_new_namespaces(c) & CLONE_NEWCGROUP))
		return false;
	*ret = inside;
	if (!(plan_all_namespaces(c) & CLONE_NEWUSER))
		return true;
	for (size_t i = 0; i < c->linux->uid_mappings_len; i++) {
		const struct oci_id_mapping *m = &c->linux->uid_mappings[i];

		if (inside >= m->container_id && inside - m->container_id < m->size) {
			*ret = m->host_id + (inside - m->container_id);
			return true;
		}
	}
	return false;
}

static int delegate(struct creation *c, struct error *err)
{
	uid_t owner;
	int r;

	if (!find_owner(c->config, &owner))
		return 0;
	r = cgroup_delegate(&c->cgroup, owner, err);
	if (r == -EPERM && c->x->rootless) { /* only root may give away; what is our own already is enough to run */
		log_debug("%s", err->msg);
		return 0;
	}
	return r;
}

static int put_below(struct creation *c, const char *parent, const char *name, struct error *err)
{
	uid_t owner;

	if (!name)
		return 0;
	if (!find_owner(c->config, &owner))
		owner = (uid_t)-1;
	return cgroup_put_below(&c->cgroup, parent, name, c->launch.pid, owner, err);
}

int creation_enter_delegated(struct creation *c, struct error *err)
{
	const struct plan_annotations *n = &c->annotations;
	int r = put_below(c, c->cgroup.manager == CGROUP_MANAGER_SYSTEMD ? n->unit_cgroup : NULL, n->delegated_cgroup, err);

	return r < 0 ? error_prefix(err, "annotations.run.oci.delegate-cgroup") : 0;
}

static int put_in_force(struct creation *c, struct error *err)
{
	int r = cgroup_apply(&c->cgroup, &c->settings, err);

	return r < 0 ? r : delegate(c, err);
}

static void go_without(struct creation *c, const struct error *why)
{
	log_debug("going on without a cgroup: %s", why->msg);
	c->cgroup.n = 0;
	c->record.cgroup_len = 0;
	if (!(plan_new_namespaces(c->config) & CLONE_NEWPID))
		log_warn("the container has neither a cgroup nor a pid namespace of its own, so that its processes cannot "
			 "all be found and killed. Such configuration is strongly discouraged");
}

static int make_cgroup(struct creation *c, struct error *err)
{
	const char *path = c->config->linux->cgroups_path;
	bool by_systemd = c->cgroup.manager == CGROUP_MANAGER_SYSTEMD;
	int r, without;

	c->cgroup.partial = c->x->rootless && !(path && *path) && !by_systemd;
	without = cgroup_create(&c->cgroup, err);
	if (without < 0)
		return without;
	c->cgroup_made = !without;
	if (by_systemd)
		return 0;
	r = put_in_force(c, err);
	if (r == 0 && without)
		go_without(c, err);
	return r;
}

int creation_make_cgroup(struct creation *c, struct error *err)
{
	struct span span = span_begin(SPAN_ID_CGROUP);

	return span_end(&span, make_cgroup(c, err));
}

static int start_unit(struct creation *c, struct error *err)
{
	int r = cgroup_attach_new(&c->cgroup, c->launch.pid, &c->settings, err);

	c->launch.into_cgroup = true;
	if (r == 0)
		r = put_in_force(c, err);
	if (r < 0)
		return r;
	r = put_below(c, NULL, c->annotations.unit_cgroup, err);
	return r < 0 ? error_prefix(err, "annotations.run.oci.systemd.subgroup") : 0;
}

int creation_start_unit(struct creation *c, struct error *err)
{
	struct span span = span_begin(SPAN_ID_CGROUP);

	return c->cgroup.manager == CGROUP_MANAGER_SYSTEMD ? span_end(&span, start_unit(c, err)) : 0;
}
