/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
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
	if (!s->flags) {
		if (seccomp_flag_in_kernel(SECCOMP_FILTER_FLAG_SPEC_ALLOW))
			ret->flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
		return 0;
	}
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
	if (!c->names_len)
		return error_set(err, EINVAL, "%s.names: must not be empty", where);
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

/* What a name is on one architecture, when it is no number. */
enum { ABSENT = -1, CARRIED = -2 };

/* socketcall, ipc: numbers that carry other system calls. */
struct carriers {
	int nr[4];
	size_t n;
};

static bool is_carrier(const struct carriers *c, int nr)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->nr[i] == nr)
			return true;
	return false;
}

/* A system call's number on an architecture, ABSENT, or CARRIED; the carrier is taken down. */
static int number_on(const struct seccomp_arch *arch, const struct rule *r, struct carriers *c)
{
	int nr = r->known ? seccomp_syscall_resolve_name_arch(arch->token, r->name)
			  : seccomp_newer_number(arch, r->name);
	int carrier;

	if (nr >= 0)
		return nr;
	carrier = r->known ? seccomp_syscall_resolve_name_rewrite(arch->token, r->name) : -1;
	if (carrier < 0)
		return ABSENT;
	if (!is_carrier(c, carrier) && c->n < sizeof(c->nr) / sizeof(c->nr[0]))
		c->nr[c->n++] = carrier;
	return CARRIED;
}

/* The rule that decides each number. Nearly all numbers stand close together; the few private ones of an architecture
 * are above them, in order. */
struct decisions {
	const struct rule *dense[1024];
	struct {
		uint32_t nr;
		const struct rule *rule;
	} sparse[64];
	size_t n_sparse;
};

/* An unconditional rule wins over conditional ones, and among its like the first, as with libseccomp. */
static void decide(const struct rule **place, const struct rule *r)
{
	if (!*place || ((*place)->n_args && !r->n_args))
		*place = r;
}

static int add_decision(struct decisions *d, uint32_t first, uint32_t nr, const struct rule *r)
{
	const size_t max = sizeof(d->sparse) / sizeof(d->sparse[0]);
	size_t i = 0;

	if (nr - first < sizeof(d->dense) / sizeof(d->dense[0])) {
		decide(&d->dense[nr - first], r);
		return 0;
	}
	while (i < d->n_sparse && d->sparse[i].nr < nr)
		i++;
	if (i == d->n_sparse || d->sparse[i].nr != nr) {
		if (d->n_sparse == max)
			return -E2BIG;
		memmove(&d->sparse[i + 1], &d->sparse[i], (d->n_sparse - i) * sizeof(d->sparse[0]));
		d->n_sparse++;
		d->sparse[i].nr = nr;
		d->sparse[i].rule = NULL;
	}
	decide(&d->sparse[i].rule, r);
	return 0;
}

static void make_cases(const struct decisions *d, struct seccomp_section *s)
{
	for (uint32_t i = 0; i < sizeof(d->dense) / sizeof(d->dense[0]); i++)
		if (d->dense[i])
			s->cases[s->n_cases++] =
				(struct seccomp_case){s->arch->first + i, d->dense[i]->action, d->dense[i]->n_args > 0};
	for (size_t i = 0; i < d->n_sparse; i++)
		s->cases[s->n_cases++] = (struct seccomp_case){
			d->sparse[i].nr, d->sparse[i].rule->action, d->sparse[i].rule->n_args > 0};
}

/* What libseccomp is given: rules that look at arguments and those that are carried. Rules on a carrier itself come
 * first, so that it drops what they decide already (two carried rules may contradict each other). */
static int make_conditions(const struct profile *p, const int *numbers, const struct carriers *carriers,
	struct arena *a, struct seccomp_section *s, struct error *err)
{
	struct seccomp_condition *v;
	size_t n = 0, max = 1;

	for (size_t i = 0; i < p->n_rules; i++)
		max += p->rules[i].n_args || numbers[i] == CARRIED || is_carrier(carriers, numbers[i]);
	v = arena_array(a, max, sizeof(*v));
	if (!v)
		return error_errno(err, ENOMEM, "linux.seccomp");
	for (int carrying = 1; carrying >= 0; carrying--)
		for (size_t i = 0; i < p->n_rules; i++) {
			const struct rule *r = &p->rules[i];

			if (r->redundant || !r->known || numbers[i] == ABSENT)
				continue;
			if (carrying ? !r->n_args && is_carrier(carriers, numbers[i])
				     : r->n_args || numbers[i] == CARRIED)
				v[n++] = (struct seccomp_condition){
					r->name, r->item, r->nr, r->action, r->args, r->n_args};
		}
	return seccomp_compile_conditions(v, n, p->default_action, a, s, err);
}

static int make_section(const struct profile *p, const struct seccomp_arch *arch, struct arena *a,
	struct seccomp_section *s, struct error *err)
{
	int *numbers = arena_array(a, p->n_rules + 1, sizeof(*numbers));
	struct decisions *d = arena_new(a, struct decisions); /* large */
	struct carriers carriers = {0};

	*s = (struct seccomp_section){.arch = arch, .cases = arena_array(a, p->n_rules + 1, sizeof(*s->cases))};
	if (!numbers || !d || !s->cases)
		return error_errno(err, ENOMEM, "linux.seccomp");
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct rule *r = &p->rules[i];
		int nr = numbers[i] = number_on(arch, r, &carriers);

		if (nr == CARRIED && !r->redundant)
			s->rest_conditional = true;
		if (nr < 0)
			continue;
		if ((uint32_t)nr > s->last && p->enosys)
			s->last = (uint32_t)nr;
		if (r->redundant || (!r->known && r->n_args))
			continue;
		if (add_decision(d, arch->first, (uint32_t)nr, r) < 0)
			return error_set(
				err, E2BIG, "linux.seccomp.syscalls[%zu]: too many numbers of %s", r->item, arch->name);
	}
	make_cases(d, s);
	return make_conditions(p, numbers, &carriers, a, s, err);
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
	ret->unknown = p.unknown_len ? arena_strdup(a, p.unknown) : NULL;
	sections = arena_array(a, p.n_archs, sizeof(*sections));
	if (!sections || (p.unknown_len && !ret->unknown))
		return error_errno(err, ENOMEM, "linux.seccomp");
	for (size_t i = 0; r == 0 && i < p.n_archs; i++)
		r = make_section(&p, p.archs[i], a, &sections[i], err);
	return r < 0 ? r : seccomp_link(sections, p.n_archs, p.default_action, a, ret, err);
}

void seccomp_report(const struct seccomp_filter *f)
{
	if (f->unknown)
		log_warn("linux.seccomp.syscalls: left out, not known to libseccomp: %s", f->unknown);
	if (f->bpf)
		log_debug("seccomp filter flags: %u", f->flags); /* in runc's words: its test-suite looks for them */
}
