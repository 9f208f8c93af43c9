/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "plan/plan.h"

/* A stored plan comes from a directory that only we may write to; what is checked is that it is whole and of this
 * version, and that nothing in it leads out of it. */

struct view {
	const char *p;
	uint32_t data_end;
};

/* What a record refers to: offsets of members, in words of four bytes; 0 ends a list. */
struct shape {
	uint8_t words;   /* of the whole record, at least */
	uint8_t must[2]; /* strings that are there */
	uint8_t may[5];  /* strings that may be absent */
	uint8_t strs[2]; /* lists of strings */
	uint8_t u32s[2]; /* lists of numbers */
};
#define OF(T) .words = sizeof(struct T) / 4
#define AT(T, m) (offsetof(struct T, m) / 4)

static const struct shape shapes[PLAN_OP_END] = {
	[PLAN_OP_IDMAP] = {OF(plan_idmap)},
	[PLAN_OP_HOOK] = {OF(plan_hook), .must = {AT(plan_hook, path)}, .may = {AT(plan_hook, out), AT(plan_hook, err)},
		.strs = {AT(plan_hook, args), AT(plan_hook, env)}},
	[PLAN_OP_OOM_SCORE] = {OF(plan_oom_score)},
	[PLAN_OP_NET_DEVICE] = {OF(plan_net_device), .must = {AT(plan_net_device, name)},
		.may = {AT(plan_net_device, new_name)}},
	[PLAN_OP_INTEL_RDT] = {OF(plan_intel_rdt), .may = {AT(plan_intel_rdt, clos_id)},
		.strs = {AT(plan_intel_rdt, schemata)}},
	[PLAN_OP_FOR_EXEC] = {OF(plan_for_exec),
		.may = {AT(plan_for_exec, initial_cpus), AT(plan_for_exec, final_cpus),
			AT(plan_for_exec, listener_path), AT(plan_for_exec, listener_metadata),
			AT(plan_for_exec, mount_label)}},
	[PLAN_OP_CGROUP_JOIN] = {OF(plan_slots), .u32s = {AT(plan_slots, slots)}},
	[PLAN_OP_JOIN] = {OF(plan_join), .may = {AT(plan_join, path)}},
	[PLAN_OP_UNSHARE] = {OF(plan_unshare)},
	[PLAN_OP_TIME_OFFSETS] = {OF(plan_time_offset)},
	[PLAN_OP_KEYRING] = {OF(plan_keyring), .must = {AT(plan_keyring, name)}, .may = {AT(plan_keyring, label)}},
	[PLAN_OP_HOSTNAME] = {OF(plan_string), .must = {AT(plan_string, value)}},
	[PLAN_OP_DOMAINNAME] = {OF(plan_string), .must = {AT(plan_string, value)}},
	[PLAN_OP_CHROOT] = {OF(plan_number)},
	[PLAN_OP_ROOTFS] = {OF(plan_rootfs), .must = {AT(plan_rootfs, path)}},
	[PLAN_OP_MOUNT] = {OF(plan_mount), .must = {AT(plan_mount, dest)},
		.may = {AT(plan_mount, source), AT(plan_mount, type), AT(plan_mount, data), AT(plan_mount, label)},
		.strs = {AT(plan_mount, cgroup_names), AT(plan_mount, cgroup_paths)},
		.u32s = {AT(plan_mount, propagation), AT(plan_mount, cgroup_slots)}},
	[PLAN_OP_UMOUNT] = {OF(plan_string), .must = {AT(plan_string, value)}},
	[PLAN_OP_DEVICE] = {OF(plan_device), .must = {AT(plan_device, path)}},
	[PLAN_OP_CONTAINER_HOOKS] = {OF(plan_hooks_at)},
	[PLAN_OP_CONSOLE] = {OF(plan_console)},
	[PLAN_OP_PIVOT] = {OF(plan_pivot)},
	[PLAN_OP_SYSCTL] = {OF(plan_sysctl), .must = {AT(plan_sysctl, path), AT(plan_sysctl, value)}},
	[PLAN_OP_READONLY_PATHS] = {OF(plan_strings), .strs = {AT(plan_strings, values)}},
	[PLAN_OP_MASKED_PATHS] = {OF(plan_strings), .strs = {AT(plan_strings, values)}},
	[PLAN_OP_SESSION] = {OF(plan_session)},
	[PLAN_OP_RLIMIT] = {OF(plan_rlimit)},
	[PLAN_OP_SCHEDULER] = {OF(plan_scheduler)},
	[PLAN_OP_IO_PRIORITY] = {OF(plan_io_priority)},
	[PLAN_OP_CPU_AFFINITY] = {OF(plan_cpu_affinity)},
	[PLAN_OP_MEMORY_POLICY] = {OF(plan_memory_policy)},
	[PLAN_OP_PERSONALITY] = {OF(plan_number)},
	[PLAN_OP_EXEC_LABEL] = {OF(plan_exec_label), .must = {AT(plan_exec_label, label)}},
	[PLAN_OP_CREDENTIALS] = {OF(plan_credentials), .u32s = {AT(plan_credentials, groups)}},
	[PLAN_OP_CWD] = {OF(plan_cwd), .must = {AT(plan_cwd, path)}},
	[PLAN_OP_SECCOMP] = {OF(plan_seccomp)},
	[PLAN_OP_START_HOOKS] = {OF(plan_hooks_at)},
	[PLAN_OP_EXEC] = {OF(plan_exec), .strs = {AT(plan_exec, args), AT(plan_exec, env)}},
};

static bool str_ok(const struct view *v, plan_ref r)
{
	return r >= sizeof(struct plan) && r < v->data_end && memchr(v->p + r, 0, v->data_end - r);
}

static bool array_ok(const struct view *v, plan_ref r, uint32_t n, uint32_t size)
{
	return !n || (r >= sizeof(struct plan) && r % size == 0 && r <= v->data_end && n <= (v->data_end - r) / size);
}

static bool strs_ok(const struct view *v, struct plan_list l)
{
	if (!array_ok(v, l.ref, l.n, sizeof(plan_ref)))
		return false;
	for (uint32_t i = 0; i < l.n; i++)
		if (!str_ok(v, plan_list_u32((const struct plan *)(const void *)v->p, l, i)))
			return false;
	return true;
}

static bool refs_ok(const struct view *v, const struct shape *f, const uint32_t *words)
{
	bool ok = true;

	for (size_t i = 0; i < sizeof(f->must) && f->must[i]; i++)
		ok = ok && str_ok(v, words[f->must[i]]);
	for (size_t i = 0; i < sizeof(f->may) && f->may[i]; i++)
		ok = ok && (!words[f->may[i]] || str_ok(v, words[f->may[i]]));
	for (size_t i = 0; i < sizeof(f->strs) && f->strs[i]; i++)
		ok = ok && strs_ok(v, (struct plan_list){words[f->strs[i]], words[f->strs[i] + 1]});
	for (size_t i = 0; i < sizeof(f->u32s) && f->u32s[i]; i++)
		ok = ok && array_ok(v, words[f->u32s[i]], words[f->u32s[i] + 1], sizeof(uint32_t));
	return ok;
}

/* What is more to it than references. */
static bool values_ok(const struct view *v, const struct plan_step *s)
{
	const struct plan_mount *m = (const struct plan_mount *)s;
	const struct plan_cpu_affinity *c = (const struct plan_cpu_affinity *)s;
	const struct plan_memory_policy *p = (const struct plan_memory_policy *)s;
	const struct plan_seccomp *f = (const struct plan_seccomp *)s;

	switch (s->op) {
	case PLAN_OP_HOOK:
		return ((const struct plan_hook *)s)->kind < PLAN_HOOK_KINDS;
	case PLAN_OP_MOUNT:
		return (m->kind != PLAN_MOUNT_BIND || m->source) && (m->kind != PLAN_MOUNT_FS || m->type) &&
		       m->cgroup_names.n == m->cgroup_paths.n &&
		       (!m->cgroup_slots.n || m->cgroup_slots.n == m->cgroup_paths.n);
	case PLAN_OP_CPU_AFFINITY:
		return array_ok(v, c->mask, c->bytes, 1);
	case PLAN_OP_MEMORY_POLICY:
		return !p->max_node || (p->max_node == PLAN_MAX_NODES && array_ok(v, p->mask, PLAN_MAX_NODES / 64, 8));
	case PLAN_OP_SECCOMP:
		return array_ok(v, f->bpf, f->n, 8);
	default:
		return s->op != PLAN_OP_NONE;
	}
}

static bool step_ok(const struct view *v, const struct plan_step *s)
{
	return s->op < PLAN_OP_END && s->size >= shapes[s->op].words * 4u &&
	       refs_ok(v, &shapes[s->op], (const uint32_t *)(const void *)s) && values_ok(v, s);
}

int plan_check(const void *block, size_t size)
{
	const struct plan *p = block;
	struct view v = {.p = block};
	uint32_t at, n = 0;

	if (size < sizeof(*p) || size > UINT32_MAX || p->magic != PLAN_MAGIC)
		return -EBADMSG;
	if (p->version != PLAN_VERSION)
		return -EPROTO;
	if (p->size != size || p->steps < sizeof(*p) || p->steps > size || p->steps % 8)
		return -EBADMSG;
	v.data_end = p->steps;
	for (at = p->steps; at < p->size; n++) {
		const struct plan_step *s = (const struct plan_step *)(const void *)(v.p + at);

		if (p->size - at < sizeof(*s) || s->size < sizeof(*s) || s->size % 8 || s->size > p->size - at ||
			!step_ok(&v, s))
			return -EBADMSG;
		at += s->size;
	}
	return n == p->n_steps ? 0 : -EBADMSG;
}
