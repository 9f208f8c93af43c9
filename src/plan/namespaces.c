/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/sched.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "plan/compile.h"
#include "plan/sync.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static const struct ns_type {
	const char *name;
	uint32_t flag;
} types[] = {
	/* the order in which they are joined: what has no say about the others first, user last */
	{"network", CLONE_NEWNET},
	{"ipc", CLONE_NEWIPC},
	{"uts", CLONE_NEWUTS},
	{"cgroup", CLONE_NEWCGROUP},
	{"time", CLONE_NEWTIME},
	{"pid", CLONE_NEWPID},
	{"mount", CLONE_NEWNS},
	{"user", CLONE_NEWUSER},
};
enum { N_TYPES = sizeof(types) / sizeof(types[0]) };

static uint32_t type_flag(const char *name)
{
	for (size_t i = 0; i < N_TYPES; i++)
		if (strcmp(types[i].name, name) == 0)
			return types[i].flag;
	return 0;
}

static uint32_t flags_of(const struct oci_config *c, bool with_joined)
{
	uint32_t flags = 0;

	for (size_t i = 0; c->linux && i < c->linux->namespaces_len; i++)
		if (with_joined || !c->linux->namespaces[i].path || !*c->linux->namespaces[i].path)
			flags |= type_flag(c->linux->namespaces[i].type);
	return flags;
}

uint32_t plan_new_namespaces(const struct oci_config *c)
{
	return flags_of(c, false);
}

uint32_t plan_all_namespaces(const struct oci_config *c)
{
	return flags_of(c, true);
}

bool plan_host_opens(const struct plan_input *in)
{
	return plan_all_namespaces(in->config) & CLONE_NEWUSER && !(in->rootless && geteuid() != 0);
}

static int check_one(const struct oci_namespace *n, size_t i, uint32_t *seen, struct error *err)
{
	uint32_t flag = type_flag(n->type);

	if (!flag)
		return error_set(err, EINVAL, "linux.namespaces[%zu].type: unknown namespace \"%s\"", i, n->type);
	if (*seen & flag)
		return error_set(err, EINVAL, "linux.namespaces[%zu].type: malformed spec file: duplicated ns %s", i, n->type);
	*seen |= flag;
	if (n->path && *n->path && *n->path != '/')
		return error_set(err, EINVAL, "linux.namespaces[%zu].path: %s: not an absolute path", i, n->path);
	return 0;
}

static int check_list(struct plan_builder *b, const struct oci_config *c, struct error *err)
{
	uint32_t seen = 0;
	int r = 0;

	for (size_t i = 0; i < c->linux->namespaces_len && r == 0; i++)
		r = plan_pass(b, check_one(&c->linux->namespaces[i], i, &seen, err), err);
	return r;
}

/* What only makes sense with a namespace of the container's own. */
static int check_uses(const struct oci_config *c, struct error *err)
{
	const struct oci_linux *l = c->linux;
	uint32_t all = plan_all_namespaces(c), fresh = plan_new_namespaces(c);

	if (c->hostname && *c->hostname && !(all & CLONE_NEWUTS))
		return error_set(err, EINVAL, "hostname: unable to set hostname without a private UTS namespace");
	if (c->domainname && *c->domainname && !(all & CLONE_NEWUTS))
		return error_set(err, EINVAL, "domainname: unable to set domainname without a private UTS namespace");
	if (!(all & CLONE_NEWNS) && (l->masked_paths_len || l->readonly_paths_len))
		return error_set(err, EINVAL, "linux.%s: unable to restrict sys entries without a private MNT namespace",
			l->masked_paths_len ? "maskedPaths" : "readonlyPaths");
	if (l->time_offsets_len && !(fresh & CLONE_NEWTIME))
		return error_set(err, EINVAL, all & CLONE_NEWTIME
						      ? "linux.timeOffsets: cannot be set in a time namespace that is joined"
						      : "linux.timeOffsets: needs a time namespace");
	if (plan_check_id_maps(l->uid_mappings, l->uid_mappings_len, "linux.uidMappings", err) < 0 ||
		plan_check_id_maps(l->gid_mappings, l->gid_mappings_len, "linux.gidMappings", err) < 0)
		return -EINVAL;
	if (fresh & CLONE_NEWUSER) {
		if (!l->uid_mappings_len || !l->gid_mappings_len)
			return error_set(err, EINVAL,
				"linux.%s: user namespaces enabled, but no mappings found",
				l->uid_mappings_len ? "gidMappings" : "uidMappings");
	} else if (!(all & CLONE_NEWUSER) && (l->uid_mappings_len || l->gid_mappings_len)) {
		return error_set(err, EINVAL,
			"linux.%s: user namespace mappings specified, but user namespace isn't enabled in the config",
			l->uid_mappings_len ? "uidMappings" : "gidMappings");
	}
	return 0;
}

int plan_check_id_maps(const struct oci_id_mapping *m, size_t n, const char *where, struct error *err)
{
	for (size_t i = 0; i < n; i++)
		if (!m[i].size || m[i].container_id + (uint64_t)m[i].size > UINT32_MAX ||
			m[i].host_id + (uint64_t)m[i].size > UINT32_MAX)
			return error_set(err, EINVAL, "%s[%zu]: not a range of ids", where, i);
	return 0;
}

static void add_id_maps(struct plan_builder *b, const struct oci_id_mapping *m, size_t n, bool gid)
{
	for (size_t i = 0; i < n; i++) {
		struct plan_idmap *p = plan_add_at(b, PLAN_OP_IDMAP, struct plan_idmap, (uint32_t)i);

		p->gid = gid;
		p->container = m[i].container_id;
		p->host = m[i].host_id;
		p->count = m[i].size;
	}
}

/* Slots of namespaces to join are filled by the host side, which opens the paths in the order of the steps. */
static void add_join(struct plan_builder *b, const struct oci_config *c, const struct ns_type *t)
{
	for (size_t i = 0; i < c->linux->namespaces_len; i++) {
		const struct oci_namespace *n = &c->linux->namespaces[i];

		if (n->path && *n->path && strcmp(n->type, t->name) == 0) {
			struct plan_join *p = plan_add_at(b, PLAN_OP_JOIN, struct plan_join, (uint32_t)i);

			p->slot = plan_new_slot(b);
			p->flags = t->flag;
			p->path = plan_put_str(b, n->path);
		}
	}
}

static void add_unshare(struct plan_builder *b, uint32_t flags)
{
	if (flags)
		plan_add(b, PLAN_OP_UNSHARE, struct plan_unshare)->flags = flags;
}

static int add_time_offsets(struct plan_builder *b, const struct oci_linux *l, struct error *err)
{
	for (size_t i = 0; i < l->time_offsets_len; i++) {
		const struct oci_time_offset *o = &l->time_offsets[i];
		bool boot = strcmp(o->key, "boottime") == 0;
		struct plan_time_offset *p;

		if (!boot && strcmp(o->key, "monotonic") != 0)
			return error_set(err, EINVAL, "linux.timeOffsets.%s: unknown clock", o->key);
		if (o->has_nanosecs && o->nanosecs > 999999999)
			return error_set(err, EINVAL, "linux.timeOffsets.%s.nanosecs: %u is more than 999999999", o->key,
				o->nanosecs);
		p = plan_add(b, PLAN_OP_TIME_OFFSETS, struct plan_time_offset);
		p->clock = boot ? CLOCK_BOOTTIME : CLOCK_MONOTONIC;
		p->secs = o->secs;
		p->nsecs = o->nanosecs;
	}
	plan_add(b, PLAN_OP_TIME_ENTER, struct plan_step);
	return 0;
}

void plan_add_id_maps(struct plan_builder *b, const struct plan_input *in)
{
	const struct oci_linux *l = in->config->linux;

	if (plan_new_namespaces(in->config) & CLONE_NEWUSER) {
		add_id_maps(b, l->uid_mappings, l->uid_mappings_len, false);
		add_id_maps(b, l->gid_mappings, l->gid_mappings_len, true);
	}
}

int plan_check_namespaces(struct plan_builder *b, const struct oci_config *c, struct error *err)
{
	int r = check_list(b, c, err);

	return r < 0 ? r : plan_pass(b, check_uses(c, err), err);
}

int plan_add_namespaces(struct plan_builder *b, const struct plan_input *in, struct error *err)
{
	const struct oci_config *c = in->config;
	uint32_t fresh = plan_new_namespaces(c), joined = plan_all_namespaces(c) & ~fresh, later;
	int r = 0;

	if (in->rootless && geteuid() != 0 && !(plan_all_namespaces(c) & CLONE_NEWUSER))
		return error_set(err, EPERM, "linux.namespaces: rootless container requires user namespaces");
	/* The clone3 that makes init can make all new namespaces, unless one must be joined that has to be there first
	 * (a user or pid namespace), or one is joined with rights that a new user namespace would take away. Never the
	 * cgroup namespace, whose root is the cgroup of the process that makes it, nor the time namespace, whose offsets
	 * are set before it is entered. Nor, for root, a user namespace: executed outside it, init stays out of the reach
	 * of its root. A rootless runtime would itself have no way to init's files in /proc then. */
	bool simple = !(joined & (CLONE_NEWUSER | CLONE_NEWPID)) &&
		      (!(fresh & CLONE_NEWUSER) || (in->rootless && !joined));

	if (simple) {
		b->flags |= PLAN_SIMPLE;
		b->clone_flags = fresh & ~(uint32_t)(CLONE_NEWCGROUP | CLONE_NEWTIME);
		if (fresh & CLONE_NEWUSER) /* the owner of /dev/mqueue is who makes it: root, once there is one */
			b->clone_flags &= ~(uint32_t)CLONE_NEWIPC;
	}
	later = fresh & ~b->clone_flags;
	/* Behind the door of a user namespace that is joined, the file that takes the offsets is another user's. A new one
	 * has the right to set them, which the runtime may lack. */
	if (later & CLONE_NEWTIME && !in->rootless && !(fresh & CLONE_NEWUSER)) {
		add_unshare(b, CLONE_NEWTIME);
		r = add_time_offsets(b, c->linux, err);
		later &= ~(uint32_t)CLONE_NEWTIME;
	}
	if (in->rootless) /* without rights here, the user namespace that is joined gives those for the others */
		add_join(b, c, &types[N_TYPES - 1]);
	for (size_t i = 0; i < (size_t)N_TYPES - in->rootless; i++)
		add_join(b, c, &types[i]);
	add_unshare(b, later);
	if (later & CLONE_NEWTIME)
		r = add_time_offsets(b, c->linux, err);
	if (!simple && ((fresh | joined) & CLONE_NEWPID))
		plan_add(b, PLAN_OP_FORK, struct plan_step);
	return r;
}
