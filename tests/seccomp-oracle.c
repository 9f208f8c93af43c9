/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/seccomp-oracle.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

uint32_t bpf_run(const struct sock_filter *f, size_t n, const struct seccomp_data *d)
{
	uint32_t a = 0, x = 0, mem[16] = {0};

	for (size_t i = 0; i < n; i++) {
		const struct sock_filter *p = &f[i];
		bool yes;

		switch (p->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (p->k % 4 || p->k >= sizeof(*d))
				return UINT32_MAX;
			memcpy(&a, (const char *)d + p->k, 4);
			continue;
		case BPF_LD | BPF_MEM:
			a = mem[p->k & 15];
			continue;
		case BPF_ST:
			mem[p->k & 15] = a;
			continue;
		case BPF_MISC | BPF_TAX:
			x = a;
			continue;
		case BPF_MISC | BPF_TXA:
			a = x;
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= p->k;
			continue;
		case BPF_RET | BPF_K:
			return p->k;
		case BPF_JMP | BPF_JA:
			i += p->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			yes = a == p->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			yes = a > p->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			yes = a >= p->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			yes = a & p->k;
			break;
		default:
			return UINT32_MAX;
		}
		i += yes ? p->jt : p->jf;
	}
	return UINT32_MAX;
}

static const struct {
	const char *name;
	uint32_t token, audit;
} archs[] = {
	{"SCMP_ARCH_X86_64", SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64},
	{"SCMP_ARCH_X86", SCMP_ARCH_X86, AUDIT_ARCH_I386},
	{"SCMP_ARCH_X32", SCMP_ARCH_X32, AUDIT_ARCH_X86_64},
	{"SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64},
	{"SCMP_ARCH_ARM", SCMP_ARCH_ARM, AUDIT_ARCH_ARM},
	{"SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32, AUDIT_ARCH_MIPSEL64N32},
	{"SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64, AUDIT_ARCH_RISCV64},
	{"SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE, AUDIT_ARCH_PPC64LE},
};
enum { ARCHS = sizeof(archs) / sizeof(archs[0]) };

char *oracle_name(int nr)
{
	return seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, nr);
}

void oracle_drop_unknown(struct oci_linux_seccomp *s)
{
	for (size_t i = 0; i < s->syscalls_len; i++) {
		struct oci_seccomp_syscall *c = &s->syscalls[i];
		size_t kept = 0;

		for (size_t k = 0; k < c->names_len; k++)
			if (seccomp_syscall_resolve_name(c->names[k]) != __NR_SCMP_ERROR)
				c->names[kept++] = c->names[k];
		c->names_len = kept;
	}
}

static uint32_t action_of(const char *name, bool has_errno, uint32_t number)
{
	uint32_t data = has_errno ? number : EPERM;

	if (!strcmp(name, "SCMP_ACT_ALLOW"))
		return SCMP_ACT_ALLOW;
	if (!strcmp(name, "SCMP_ACT_ERRNO"))
		return SCMP_ACT_ERRNO(data);
	if (!strcmp(name, "SCMP_ACT_TRACE"))
		return SCMP_ACT_TRACE(data);
	if (!strcmp(name, "SCMP_ACT_TRAP"))
		return SCMP_ACT_TRAP;
	if (!strcmp(name, "SCMP_ACT_LOG"))
		return SCMP_ACT_LOG;
	if (!strcmp(name, "SCMP_ACT_NOTIFY"))
		return SCMP_ACT_NOTIFY;
	return !strcmp(name, "SCMP_ACT_KILL_PROCESS") ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_KILL_THREAD;
}

static struct scmp_arg_cmp condition_of(const struct oci_seccomp_arg *g)
{
	static const char *const names[] = {"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE",
		"SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"};
	unsigned i = 0;

	while (strcmp(names[i], g->op) != 0)
		i++;
	return (struct scmp_arg_cmp){g->index, (enum scmp_compare)(SCMP_CMP_NE + i), g->value, g->value_two};
}

static bool add_rule(scmp_filter_ctx ctx, const struct oci_seccomp_syscall *c, const char *name, uint32_t def)
{
	uint32_t action = action_of(c->action, c->has_errno_ret, c->errno_ret);
	int nr = seccomp_syscall_resolve_name(name), r = 0;
	struct scmp_arg_cmp v[6];
	bool twice = false;

	if (nr == __NR_SCMP_ERROR || action == def)
		return true;
	for (size_t i = 0; i < c->args_len; i++) {
		v[i] = condition_of(&c->args[i]);
		for (size_t k = 0; k < i; k++)
			twice |= v[k].arg == v[i].arg;
	}
	if (!twice)
		return seccomp_rule_add_array(ctx, action, nr, (unsigned)c->args_len, v) == 0;
	for (size_t i = 0; r == 0 && i < c->args_len; i++)
		r = seccomp_rule_add_array(ctx, action, nr, 1, &v[i]);
	return r == 0;
}

/* What has a number of its own besides the one in socketcall or ipc, on x86 (arch/x86/entry/syscalls/syscall_32.tbl).
 * libseccomp does not tell it. */
static int nr_of_carried(const char *name)
{
	static const struct {
		const char *name;
		int nr;
	} x86[] = {
		{"socket", 359},
		{"socketpair", 360},
		{"bind", 361},
		{"connect", 362},
		{"listen", 363},
		{"accept4", 364},
		{"getsockopt", 365},
		{"setsockopt", 366},
		{"getsockname", 367},
		{"getpeername", 368},
		{"sendto", 369},
		{"sendmsg", 370},
		{"recvfrom", 371},
		{"recvmsg", 372},
		{"shutdown", 373},
		{"recvmmsg", 337},
		{"sendmmsg", 345},
		{"semget", 393},
		{"semctl", 394},
		{"shmget", 395},
		{"shmctl", 396},
		{"shmat", 397},
		{"shmdt", 398},
		{"msgget", 399},
		{"msgsnd", 400},
		{"msgrcv", 401},
		{"msgctl", 402},
	};

	for (size_t i = 0; i < sizeof(x86) / sizeof(x86[0]); i++)
		if (!strcmp(x86[i].name, name))
			return x86[i].nr;
	return -1;
}

static void add_names(const struct oci_linux_seccomp *s, struct arena *a, struct oracle *o, size_t arch)
{
	uint32_t token = archs[arch].token;
	size_t n = 0;

	for (size_t i = 0; i < s->syscalls_len; i++)
		n += s->syscalls[i].names_len;
	o->archs[arch].rules = arena_array(a, n + 1, sizeof(struct oracle_rule));
	for (size_t i = 0; i < s->syscalls_len; i++)
		for (size_t k = 0; k < s->syscalls[i].names_len; k++) {
			const struct oci_seccomp_syscall *c = &s->syscalls[i];
			const char *name = c->names[k];
			int nr = seccomp_syscall_resolve_name_arch(token, name);
			struct oracle_rule r = {c, action_of(c->action, c->has_errno_ret, c->errno_ret), nr, -1, 0};

			if (nr > 0 && (uint32_t)nr > o->archs[arch].last)
				o->archs[arch].last = (uint32_t)nr;
			if (nr < -1) {
				r.carrier = seccomp_syscall_resolve_name_rewrite(token, name);
				r.call = nr > -200 ? -100 - nr : -200 - nr;
				r.nr = r.carrier < 0 ? -1 : nr_of_carried(name);
			}
			if (r.action != o->default_action)
				o->archs[arch].rules[o->archs[arch].n_rules++] = r;
		}
}

static bool add_archs(scmp_filter_ctx ctx, const struct oci_linux_seccomp *s, struct arena *a, struct oracle *o)
{
	for (size_t i = 0; i < ARCHS; i++) {
		bool wanted = archs[i].token == seccomp_arch_native();
		int r;

		for (size_t k = 0; k < s->architectures_len; k++)
			wanted |= !strcmp(s->architectures[k], archs[i].name);
		if (!wanted)
			continue;
		r = seccomp_arch_add(ctx, archs[i].token);
		if (r < 0 && r != -EEXIST)
			return false;
		o->archs[i].there = true;
		add_names(s, a, o, i);
	}
	return true;
}

static bool export(scmp_filter_ctx ctx, struct arena *a, struct oracle *o)
{
	int fd = memfd_create("oracle", MFD_CLOEXEC);
	bool good = fd >= 0 && seccomp_export_bpf(ctx, fd) == 0;
	struct stat st;

	if (good && fstat(fd, &st) == 0) {
		o->n = (size_t)st.st_size / sizeof(*o->bpf);
		o->bpf = arena_array(a, o->n, sizeof(*o->bpf));
		good = pread(fd, o->bpf, (size_t)st.st_size, 0) == st.st_size;
	}
	close(fd);
	return good;
}

bool oracle_make(const struct oci_linux_seccomp *s, struct arena *a, struct oracle *o)
{
	uint32_t def = action_of(s->default_action, s->has_default_errno_ret, s->default_errno_ret);
	scmp_filter_ctx ctx = seccomp_init(def);
	bool good;

	*o = (struct oracle){.default_action = def,
		.enosys = def != SCMP_ACT_ALLOW && def != SCMP_ACT_LOG && def >> 16 != SCMP_ACT_TRACE(0) >> 16};
	if (s->has_default_errno_ret && s->default_errno_ret == ENOSYS)
		o->enosys = false;
	good = ctx && add_archs(ctx, s, a, o);
	for (size_t i = 0; good && i < s->syscalls_len; i++)
		for (size_t k = 0; good && k < s->syscalls[i].names_len; k++)
			good = add_rule(ctx, &s->syscalls[i], s->syscalls[i].names[k], def);
	good = good && export(ctx, a, o);
	seccomp_release(ctx);
	return good;
}

/* Which of archs[] a system call belongs to; ARCHS when the filter has none for it. */
static size_t arch_of(const struct oracle *o, const struct seccomp_data *d)
{
	for (size_t i = 0; i < ARCHS; i++) {
		bool x32 = archs[i].token == SCMP_ARCH_X32;

		if (!o->archs[i].there || archs[i].audit != d->arch)
			continue;
		if (archs[i].audit == AUDIT_ARCH_X86_64 && x32 != !!((uint32_t)d->nr & X32_BIT))
			continue;
		return i;
	}
	return ARCHS;
}

static bool is_enosys(const struct oracle *o, const struct seccomp_data *d)
{
	size_t i = arch_of(o, d);

	if (!o->enosys || i == ARCHS || !o->archs[i].last)
		return false;
	/* a number beyond those of x32, without x32: libseccomp's part kills it */
	if (d->arch == AUDIT_ARCH_X86_64 && (uint32_t)d->nr >= X32_BIT << 1 && !o->archs[2].there)
		return false;
	return (uint32_t)d->nr > o->archs[i].last;
}

uint32_t oracle_ask(const struct oracle *o, const struct seccomp_data *d)
{
	return is_enosys(o, d) ? SCMP_ACT_ERRNO(ENOSYS) : bpf_run(o->bpf, o->n, d);
}

static bool holds(struct scmp_arg_cmp c, uint64_t x, uint64_t width)
{
	uint64_t a = c.datum_a & width, b = c.datum_b & width;

	x &= width;
	switch (c.op) {
	case SCMP_CMP_NE:
		return x != a;
	case SCMP_CMP_LT:
		return x < a;
	case SCMP_CMP_LE:
		return x <= a;
	case SCMP_CMP_EQ:
		return x == a;
	case SCMP_CMP_GE:
		return x >= a;
	case SCMP_CMP_GT:
		return x > a;
	default:
		return (x & a) == (b & a);
	}
}

/* Whether a rule's arguments match. libseccomp looks at the lower half only where an architecture has 32 bits. A call
 * that is carried has its number in the first argument, in the place of any condition on it. */
static bool matches(const struct oci_seccomp_syscall *c, const struct seccomp_data *d, uint64_t width, int carried)
{
	bool twice = false, all = true, any = false, here;

	for (size_t i = 0; i < c->args_len; i++)
		for (size_t k = 0; k < i; k++)
			twice |= c->args[i].index == c->args[k].index;
	if (carried && (d->args[0] & width) != (uint64_t)carried)
		return false;
	for (size_t i = 0; i < c->args_len; i++) {
		here = (carried && c->args[i].index == 0) ||
		       holds(condition_of(&c->args[i]), d->args[c->args[i].index], width);
		all &= here;
		any |= here;
	}
	return twice ? any : all;
}

/* Whether a rule speaks of a number, by itself or as its carrier, and its arguments match. */
static bool applies(const struct oracle_rule *r, const struct seccomp_data *d, uint64_t width)
{
	if (r->nr >= 0 && r->nr == d->nr)
		return matches(r->c, d, width, 0);
	return r->carrier >= 0 && r->carrier == d->nr && matches(r->c, d, width, r->call);
}

bool oracle_accepts(const struct oracle *o, const struct seccomp_data *d, uint32_t got)
{
	size_t arch = arch_of(o, d);
	bool matched = false, accepted = false;
	uint64_t width = UINT64_MAX;

	if (is_enosys(o, d))
		return got == SCMP_ACT_ERRNO(ENOSYS);
	if (d->arch == AUDIT_ARCH_X86_64 && !o->archs[2].there && (uint32_t)d->nr >= X32_BIT)
		return got == (d->nr == -1 ? o->default_action : SCMP_ACT_KILL_THREAD);
	if (arch == ARCHS)
		return got == SCMP_ACT_KILL_THREAD;
	if (!(archs[arch].audit & __AUDIT_ARCH_64BIT) || archs[arch].token == SCMP_ARCH_X32 ||
		archs[arch].token == SCMP_ARCH_MIPSEL64N32)
		width = UINT32_MAX;
	for (size_t i = 0; i < o->archs[arch].n_rules; i++) {
		const struct oracle_rule *r = &o->archs[arch].rules[i];

		if (r->nr >= 0 && r->nr == d->nr && !r->c->args_len)
			return got == r->action;
	}
	for (size_t i = 0; i < o->archs[arch].n_rules; i++) {
		const struct oracle_rule *r = &o->archs[arch].rules[i];

		if (applies(r, d, width)) {
			matched = true;
			accepted |= got == r->action;
		}
	}
	return matched ? accepted : got == o->default_action;
}
