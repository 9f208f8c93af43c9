/* SPDX-License-Identifier: Apache-2.0 */
#include "container/init_times.h"

#include <linux/sched.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* Steps that are not listed belong to the process. */
static const uint8_t of_op[PLAN_OP_END] = {
	[PLAN_OP_CGROUP_JOIN] = SPAN_ID_CGROUP_JOIN,
	[PLAN_OP_TIME_OFFSETS] = SPAN_ID_NS_TIME,
	[PLAN_OP_TIME_ENTER] = SPAN_ID_NS_TIME,
	[PLAN_OP_FORK] = SPAN_ID_NS_PID,
	[PLAN_OP_LOOPBACK] = SPAN_ID_NS_NETWORK,
	[PLAN_OP_HOSTNAME] = SPAN_ID_SYSCTLS,
	[PLAN_OP_DOMAINNAME] = SPAN_ID_SYSCTLS,
	[PLAN_OP_CHROOT] = SPAN_ID_PIVOT,
	[PLAN_OP_ROOTFS] = SPAN_ID_ROOTFS,
	[PLAN_OP_MOUNT] = SPAN_ID_MOUNTS,
	[PLAN_OP_UMOUNT] = SPAN_ID_MOUNTS,
	[PLAN_OP_DEVICE] = SPAN_ID_DEVICES,
	[PLAN_OP_DEV_LINKS] = SPAN_ID_DEVICES,
	[PLAN_OP_CONTAINER_HOOKS] = SPAN_ID_HOOK_CREATE_CONTAINER,
	[PLAN_OP_CONSOLE] = SPAN_ID_CONSOLE,
	[PLAN_OP_PIVOT] = SPAN_ID_PIVOT,
	[PLAN_OP_SYSCTL] = SPAN_ID_SYSCTLS,
	[PLAN_OP_READONLY_PATHS] = SPAN_ID_PATHS,
	[PLAN_OP_MASKED_PATHS] = SPAN_ID_PATHS,
	[PLAN_OP_ROOT_READONLY] = SPAN_ID_ROOTFS,
	[PLAN_OP_ROOT_UNBINDABLE] = SPAN_ID_ROOTFS,
	[PLAN_OP_CREDENTIALS] = SPAN_ID_CREDENTIALS,
	[PLAN_OP_SECCOMP] = SPAN_ID_SECCOMP,
	[PLAN_OP_READY] = SPAN_ID_READY,
	[PLAN_OP_START_HOOKS] = SPAN_ID_HOOK_START_CONTAINER,
	[PLAN_OP_EXEC] = SPAN_ID_EXECUTE,
};

static const uint8_t of_hook[PLAN_HOOK_KINDS] = {
	[PLAN_HOOK_PRESTART] = SPAN_ID_HOOK_PRESTART,
	[PLAN_HOOK_CREATE_RUNTIME] = SPAN_ID_HOOK_CREATE_RUNTIME,
	[PLAN_HOOK_CREATE_CONTAINER] = SPAN_ID_HOOK_CREATE_CONTAINER,
	[PLAN_HOOK_START_CONTAINER] = SPAN_ID_HOOK_START_CONTAINER,
	[PLAN_HOOK_POSTSTART] = SPAN_ID_HOOK_POSTSTART,
	[PLAN_HOOK_POSTSTOP] = SPAN_ID_HOOK_POSTSTOP,
};

enum span_id init_times_hook(uint32_t kind)
{
	return (enum span_id)of_hook[kind];
}

static enum span_id of_namespaces(uint32_t flags)
{
	switch (flags) {
	case CLONE_NEWNS:
		return SPAN_ID_NS_MOUNT;
	case CLONE_NEWPID:
		return SPAN_ID_NS_PID;
	case CLONE_NEWNET:
		return SPAN_ID_NS_NETWORK;
	case CLONE_NEWIPC:
		return SPAN_ID_NS_IPC;
	case CLONE_NEWUTS:
		return SPAN_ID_NS_UTS;
	case CLONE_NEWUSER:
		return SPAN_ID_NS_USER;
	case CLONE_NEWCGROUP:
		return SPAN_ID_NS_CGROUP;
	case CLONE_NEWTIME:
		return SPAN_ID_NS_TIME;
	default:
		return SPAN_ID_NS_SEVERAL;
	}
}

static enum span_id of_step(const struct plan_step *s)
{
	if (s->op == PLAN_OP_JOIN)
		return of_namespaces(((const struct plan_join *)s)->flags);
	if (s->op == PLAN_OP_UNSHARE)
		return of_namespaces(((const struct plan_unshare *)s)->flags);
	if (s->op == PLAN_OP_HOOK)
		return init_times_hook(((const struct plan_hook *)s)->kind);
	if (s->op == PLAN_OP_SYNC)
		return SPAN_ID_INIT_WAIT;
	return of_op[s->op] ? (enum span_id)of_op[s->op] : SPAN_ID_PROCESS;
}

/* Steps are asked for in ascending order, mostly. */
struct cursor {
	const struct plan *p;
	const struct plan_step *s;
	uint32_t n;
};

static const struct plan_step *step_at(struct cursor *at, uint32_t n)
{
	if (!at->s || n < at->n) {
		at->s = plan_first(at->p);
		at->n = 0;
	}
	while (at->n < n && !plan_at_end(at->p, at->s)) {
		at->s = plan_next(at->s);
		at->n++;
	}
	return plan_at_end(at->p, at->s) ? NULL : at->s;
}

/* SPAN_IDS: what is told hook by hook. */
static enum span_id of_code(struct cursor *at, uint32_t code)
{
	const struct plan_step *s;

	if (code == SYNC_TIME_WAIT)
		return SPAN_ID_INIT_WAIT;
	if (code == SYNC_TIME_ENTER)
		return SPAN_ID_NS_SEVERAL;
	s = step_at(at, code);
	if (s && (s->op == PLAN_OP_CONTAINER_HOOKS || s->op == PLAN_OP_START_HOOKS))
		return SPAN_IDS;
	return s ? of_step(s) : SPAN_ID_PROCESS;
}

static uint64_t when(const struct sync_msg *m, uint32_t i, const struct span_clock *c)
{
	const uint64_t mask = (1ULL << SYNC_TIME_BITS) - 1;

	return span_clock_ns(c, m->times[0] + (i ? m->times[i] & mask : 0));
}

void init_times_add(const struct plan *p, const struct sync_msg *m, struct span_clock *c, uint64_t since)
{
	struct cursor at = {.p = p};
	uint64_t begin, end;

	if (m->n_slots < 2 || m->n_slots > SYNC_MAX_TIMES)
		return;
	span_clock_done(c);
	if (since)
		span_add(SPAN_ID_INIT_EXEC, TRACK_INIT, span_clock_ns(c, since), when(m, 0, c));
	begin = when(m, 1, c);
	for (uint32_t i = 1; i < m->n_slots; i++, begin = end) {
		uint32_t code = (uint32_t)(m->times[i] >> SYNC_TIME_BITS);
		enum span_id id = of_code(&at, code);

		end = i + 1 < m->n_slots ? when(m, i + 1, c) : c->ns[1];
		if (id != SPAN_IDS)
			span_add_step(id, (uint16_t)code, begin, end);
	}
}

void init_times_failed(const struct plan *p, uint32_t step)
{
	struct cursor at = {.p = p};
	const struct plan_step *s = step_at(&at, step);

	if (s)
		span_failed(of_step(s));
}
