/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "libocispec-lite/ocispec.h"
#include "seccomp/conditions.h"
#include "seccomp/names.h"
#include "seccomp/program.h"

enum { ARCHS_MAX = 32, ERRNO_MAX = 4095 };

/* One system call of one entry of linux.seccomp.syscalls. */
struct rule {
	const char *name;
	size_t item;
	int nr;         /* on this machine's architecture, as libseccomp counts */
	bool known;     /* to libseccomp */
	bool redundant; /* does what the default action does */
	uint32_t action;
	const struct scmp_arg_cmp *args;
	unsigned n_args;
};

struct profile {
	uint32_t default_action;
	bool enosys;
	const struct seccomp_arch *archs[ARCHS_MAX];
	size_t n_archs;
	struct rule *rules;
	size_t n_rules;
	char unknown[512]; /* names that are left out, for one warning */
	size_t unknown_len;
};

/* `member` is "linux.seccomp.defaultAction" or printf'd by the caller; what carries no errno must not be given one. */
static int read_action(const char *name, bool has_errno, uint32_t number, const char *where, const char *action_member,
	const char *errno_member, uint32_t *ret, struct error *err)
{
	uint32_t max = ERRNO_MAX, action;
	bool has_data;

	if (!seccomp_action_by_name(name, &action, &has_data))
		return error_set(err, EINVAL, "%s.%s: unknown action \"%s\"", where, action_member, name ? name : "");
	if (has_errno && !has_data)
		return error_set(err, EINVAL, "%s.%s: %s takes none", where, errno_member, name);
	if (has_data && action == SCMP_ACT_TRACE(0))
		max = UINT16_MAX;
	if (has_errno && number > max)
		return error_set(err, EINVAL, "%s.%s: %u is above %u", where, errno_member, number, max);
	if (has_data)
		action |= has_errno ? number : (uint32_t)EPERM;
	*ret = action;
	return 0;
}

static int add_arch(struct profile *p, const struct seccomp_arch *arch)
{
	for (size_t i = 0; i < p->n_archs; i++)
		if (p->archs[i] == arch)
			return 0;
	if (p->n_archs == ARCHS_MAX)
		return -E2BIG;
	p->archs[p->n_archs++] = arch;
	return 0;
}

/* The machine's own architecture is always part of a filter. */
static int read_archs(const struct oci_linux_seccomp *s, struct profile *p, struct error *err)
{
	const struct seccomp_arch *host = seccomp_host_arch();

	if (!host)
		return error_set(err, ENOTSUP, "linux.seccomp: architecture of this machine is not known");
	add_arch(p, host);
	for (size_t i = 0; i < s->architectures_len; i++) {
		const struct seccomp_arch *arch = seccomp_arch_by_name(s->architectures[i]);

		if (!arch)
			return error_set(err, EINVAL, "linux.seccomp.architectures[%zu]: unknown architecture \"%s\"",
				i, s->architectures[i]);
		if ((arch->audit ^ host->audit) & __AUDIT_ARCH_LE)
			return error_set(err, EINVAL,
				"linux.seccomp.architectures[%zu]: %s has not the byte order of %s", i, arch->name,
				host->name);
		if (add_arch(p, arch) < 0)
			return error_set(err, E2BIG, "linux.seccomp.architectures: more than %d", ARCHS_MAX);
	}
	return 0;
}

/* Without a `flags` member SPEC_ALLOW is set, as runc does: else every container pays for SSBD. */
static int read_flags(const struct oci_linux_seccomp *s, struct seccomp_filter *ret, struct error *err)
{
	if (!s->flags && seccomp_flag_in_kernel(SECCOMP_FILTER_FLAG_SPEC_ALLOW))
		ret->flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	for (size_t i = 0; i < s->flags_len; i++) {
		uint32_t flag;

		if (!seccomp_flag_by_name(s->flags[i], &flag))
			return error_set(err, EINVAL, "linux.seccomp.flags[%zu]: unknown flag \"%s\"", i, s->flags[i]);
		if (!seccomp_flag_in_kernel(flag))
			return error_set(
				err, ENOTSUP, "linux.seccomp.flags[%zu]: this kernel has no %s", i, s->flags[i]);
		ret->flags |= flag;
	}
	return 0;
}

static int read_args(
	const struct oci_seccomp_syscall *c, size_t item, struct arena *a, struct scmp_arg_cmp **ret, struct error *err)
{
	struct scmp_arg_cmp *args = arena_array(a, c->args_len + 1, sizeof(*args));

	if (!args)
		return error_errno(err, ENOMEM, "linux.seccomp.syscalls[%zu].args", item);
	for (size_t i = 0; i < c->args_len; i++) {
		const struct oci_seccomp_arg *arg = &c->args[i];
		uint32_t op;

		if (!seccomp_operator_by_name(arg->op, &op))
			return error_set(err, EINVAL,
				"linux.seccomp.syscalls[%zu].args[%zu].op: unknown operator \"%s\"", item, i,
				arg->op ? arg->op : "");
		if (arg->index >= SECCOMP_ARGS_MAX)
			return error_set(err, EINVAL, "linux.seccomp.syscalls[%zu].args[%zu].index: %u is above %d",
				item, i, arg->index, SECCOMP_ARGS_MAX - 1);
		args[i] = (struct scmp_arg_cmp){arg->index, (enum scmp_compare)op, arg->value, arg->value_two};
	}
	*ret = args;
	return 0;
}

static void note_unknown(struct profile *p, const char *name)
{
	char *at = p->unknown + p->unknown_len;

	p->unknown_len += fmt(at, sizeof(p->unknown) - p->unknown_len, "%s%s", p->unknown_len ? ", " : "", name);
}

/* What both the seccomp agent and we would wait for for ever: init writes the listener's fd. */
static int check_notify(
	const struct oci_linux_seccomp *s, const struct oci_seccomp_syscall *c, size_t item, struct error *err)
{
	for (size_t i = 0; i < c->names_len; i++)
		if (str_eq(c->names[i], "write"))
			return error_set(err, EINVAL,
				"linux.seccomp.syscalls[%zu].names[%zu]: "
				"SCMP_ACT_NOTIFY cannot be used for the write syscall",
				item, i);
	if (!s->listener_path || !*s->listener_path)
		return error_set(err, EINVAL,
			"linux.seccomp.listenerPath: not set, but syscalls[%zu] has SCMP_ACT_NOTIFY", item);
	return 0;
}

static int read_entry(const struct oci_linux_seccomp *s, size_t item, struct arena *a, struct profile *p,
	struct seccomp_filter *ret, struct error *err)
{
	const struct oci_seccomp_syscall *c = &s->syscalls[item];
	struct scmp_arg_cmp *args = NULL;
	char where[64];
	uint32_t action;
	int r;

	fmt(where, sizeof(where), "linux.seccomp.syscalls[%zu]", item);
	r = read_action(c->action, c->has_errno_ret, c->errno_ret, where, "action", "errnoRet", &action, err);
	if (r == 0)
		r = read_args(c, item, a, &args, err);
	if (r == 0 && action == SCMP_ACT_NOTIFY) {
		ret->notify = true;
		r = check_notify(s, c, item, err);
	}
	for (size_t i = 0; r == 0 && i < c->names_len; i++) {
		struct rule *rule = &p->rules[p->n_rules++];

		if (!c->names[i] || !*c->names[i])
			return error_set(err, EINVAL, "%s.names[%zu]: empty", where, i);
		*rule = (struct rule){.name = c->names[i],
			.item = item,
			.action = action,
			.args = args,
			.n_args = (unsigned)c->args_len,
			.redundant = action == p->default_action};
		rule->nr = seccomp_syscall_resolve_name(rule->name);
		rule->known = rule->nr != __NR_SCMP_ERROR;
		if (!rule->known && (rule->n_args || seccomp_newer_number(NULL, rule->name) < 0))
			note_unknown(p, rule->name);
	}
	return r;
}

/* A system call's number on an architecture; below 0 where it has none of its own. */
static int number_on(const struct seccomp_arch *arch, const struct rule *r)
{
	if (r->known)
		return seccomp_syscall_resolve_name_arch(arch->token, r->name);
	return seccomp_newer_number(arch, r->name);
}

struct numbered { /* a case, and which rule it comes from */
	struct seccomp_case c;
	size_t order;
};

static int compare_numbered(const void *x, const void *y)
{
	const struct numbered *a = x, *b = y;

	if (a->c.nr != b->c.nr)
		return a->c.nr < b->c.nr ? -1 : 1;
	if (a->c.conditional != b->c.conditional)
		return a->c.conditional ? 1 : -1;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* One case a number: an unconditional rule wins over conditional ones, and among its like the first. */
static void make_cases(struct numbered *v, size_t n, struct seccomp_section *s)
{
	qsort(v, n, sizeof(*v), compare_numbered);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || v[i].c.nr != v[i - 1].c.nr)
			s->cases[s->n_cases++] = v[i].c;
}

/* What libseccomp is given of a profile for one architecture. */
struct conditions {
	struct seccomp_condition *v;
	size_t n;
	int carriers[4]; /* socketcall, ipc: numbers that carry other system calls */
	size_t n_carriers;
};

static void add_condition(struct conditions *c, const struct rule *r)
{
	c->v[c->n++] = (struct seccomp_condition){.name = r->name,
		.item = r->item,
		.nr = r->nr,
		.action = r->action,
		.args = r->args,
		.n_args = r->n_args};
}

static bool is_carrier(const struct conditions *c, int nr)
{
	for (size_t i = 0; i < c->n_carriers; i++)
		if (c->carriers[i] == nr)
			return true;
	return false;
}

/* Whether a system call without a number of its own is there through a carrier, which is taken down. */
static bool carried(struct conditions *c, const struct seccomp_arch *arch, const struct rule *r)
{
	int carrier = r->known ? seccomp_syscall_resolve_name_rewrite(arch->token, r->name) : -1;

	if (carrier >= 0 && !is_carrier(c, carrier) && c->n_carriers < sizeof(c->carriers) / sizeof(c->carriers[0]))
		c->carriers[c->n_carriers++] = carrier;
	return carrier >= 0;
}

/* Rules on numbers that are decided without their arguments are not given to libseccomp, but for those on a carrier:
 * they come first, so that it drops what is carried (two carried rules may contradict each other otherwise). */
static void make_conditions(const struct profile *p, const struct seccomp_arch *arch, const int *numbers,
	struct conditions *c, struct seccomp_section *s)
{
	for (size_t i = 0; i < p->n_rules; i++)
		if (!p->rules[i].redundant && numbers[i] < 0 && carried(c, arch, &p->rules[i]))
			s->rest_conditional = true;
	for (size_t i = 0; i < p->n_rules; i++)
		if (!p->rules[i].redundant && !p->rules[i].n_args && is_carrier(c, numbers[i]))
			add_condition(c, &p->rules[i]);
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct rule *r = &p->rules[i];

		if (!r->redundant && r->known && (numbers[i] < 0 ? carried(c, arch, r) : r->n_args > 0))
			add_condition(c, r);
	}
}

static int make_section(const struct profile *p, const struct seccomp_arch *arch, struct arena *a,
	struct seccomp_section *s, struct error *err)
{
	struct numbered *v = arena_array(a, p->n_rules + 1, sizeof(*v));
	int *numbers = arena_array(a, p->n_rules + 1, sizeof(*numbers));
	struct conditions c = {.v = arena_array(a, 2 * p->n_rules + 1, sizeof(*c.v))};
	size_t n = 0;

	*s = (struct seccomp_section){.arch = arch, .cases = arena_array(a, p->n_rules + 1, sizeof(*s->cases))};
	if (!v || !numbers || !c.v || !s->cases)
		return error_errno(err, ENOMEM, "linux.seccomp");
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct rule *r = &p->rules[i];
		int nr = numbers[i] = number_on(arch, r);

		if (nr < 0)
			continue;
		if ((uint32_t)nr > s->last && p->enosys)
			s->last = (uint32_t)nr;
		if (!r->redundant && (r->known || !r->n_args))
			v[n++] = (struct numbered){{(uint32_t)nr, r->action, r->n_args > 0}, i};
	}
	make_cases(v, n, s);
	make_conditions(p, arch, numbers, &c, s);
	return seccomp_compile_conditions(c.v, c.n, p->default_action, a, s, err);
}

/* A profile that allows what it does not name leaves new system calls alone, and a tracer emulates them itself. For
 * others EPERM for a number that the profile's author could not know breaks what falls back on ENOSYS only. */
static bool wants_enosys(const struct oci_linux_seccomp *s, uint32_t default_action)
{
	if (s->has_default_errno_ret && s->default_errno_ret == ENOSYS)
		return false;
	switch (default_action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
	case SECCOMP_RET_TRACE:
		return false;
	default:
		return true;
	}
}

static int read_profile(const struct oci_linux_seccomp *s, struct arena *a, struct profile *p,
	struct seccomp_filter *ret, struct error *err)
{
	size_t names = 0;
	int r;

	r = read_action(s->default_action, s->has_default_errno_ret, s->default_errno_ret, "linux.seccomp",
		"defaultAction", "defaultErrnoRet", &p->default_action, err);
	if (r < 0)
		return r;
	if (p->default_action == SCMP_ACT_NOTIFY)
		return error_set(
			err, EINVAL, "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be used as default action");
	if (s->listener_metadata && !s->listener_path)
		return error_set(err, EINVAL, "linux.seccomp.listenerMetadata: set without listenerPath");
	p->enosys = wants_enosys(s, p->default_action);
	r = read_archs(s, p, err);
	if (r == 0)
		r = read_flags(s, ret, err);
	for (size_t i = 0; i < s->syscalls_len; i++)
		names += s->syscalls[i].names_len;
	p->rules = arena_array(a, names + 1, sizeof(*p->rules));
	if (r == 0 && !p->rules)
		return error_errno(err, ENOMEM, "linux.seccomp");
	for (size_t i = 0; r == 0 && i < s->syscalls_len; i++)
		r = read_entry(s, i, a, p, ret, err);
	return r;
}

int seccomp_compile(const struct oci_linux_seccomp *s, struct arena *a, struct seccomp_filter *ret, struct error *err)
{
	struct seccomp_section *sections;
	struct profile p = {0};
	int r;

	*ret = (struct seccomp_filter){0};
	if (!s || ((!s->default_action || !*s->default_action) && !s->syscalls_len))
		return 0;
	r = read_profile(s, a, &p, ret, err);
	if (r < 0)
		return r;
	if (ret->notify)
		ret->flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	else if (ret->flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
		return error_set(err, EINVAL,
			"linux.seccomp.flags: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV without SCMP_ACT_NOTIFY");
	if (p.unknown_len)
		log_warn("linux.seccomp.syscalls: left out, not known to libseccomp: %s", p.unknown);
	sections = arena_array(a, p.n_archs, sizeof(*sections));
	if (!sections)
		return error_errno(err, ENOMEM, "linux.seccomp");
	for (size_t i = 0; r == 0 && i < p.n_archs; i++)
		r = make_section(&p, p.archs[i], a, &sections[i], err);
	return r < 0 ? r : seccomp_link(sections, p.n_archs, p.default_action, a, ret, err);
}
