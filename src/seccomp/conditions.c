/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/conditions.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "kernel/sys.h"

#ifndef MFD_CLOEXEC
#define MFD_CLOEXEC 1u
#endif

/* From so many rules on libseccomp lays its program out as a binary tree; with none at all some versions of it forget
 * the default action then. */
enum { TREE_MIN = 32 };

static void context_free(scmp_filter_ctx *c)
{
	if (*c)
		seccomp_release(*c);
}

/* A filter for one architecture. */
static int context_new(const struct seccomp_arch *arch, uint32_t default_action, scmp_filter_ctx *ret)
{
	uint32_t native = seccomp_arch_native();
	scmp_filter_ctx c = seccomp_init(default_action);
	int r = 0;

	if (!c)
		return -EINVAL;
	if (arch->token != native) {
		r = seccomp_arch_add(c, arch->token);
		if (!r)
			r = seccomp_arch_remove(c, native);
	}
	if (r < 0) {
		seccomp_release(c);
		return r;
	}
	*ret = c;
	return 0;
}

#if SCMP_VER_MAJOR > 2 || (SCMP_VER_MAJOR == 2 && SCMP_VER_MINOR >= 6)
static int export(scmp_filter_ctx c, struct arena *a, struct sock_filter **ret, size_t *n)
{
	size_t size = 0;
	int r = seccomp_export_bpf_mem(c, NULL, &size);

	if (r < 0)
		return r;
	*ret = arena_alloc(a, size);
	if (!*ret)
		return -ENOMEM;
	r = seccomp_export_bpf_mem(c, *ret, &size);
	*n = size / sizeof(**ret);
	return r;
}
#else
static int export(scmp_filter_ctx c, struct arena *a, struct sock_filter **ret, size_t *n)
{
	_cleanup_close_ int fd = (int)sys_call2(SYS_memfd_create, "seccomp", MFD_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0)
		return fd;
	r = seccomp_export_bpf(c, fd);
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	*ret = arena_alloc(a, (size_t)st.st_size);
	if (!*ret)
		return -ENOMEM;
	if (pread(fd, *ret, (size_t)st.st_size, 0) != st.st_size)
		return -EIO;
	*n = (size_t)st.st_size / sizeof(**ret);
	return 0;
}
#endif

/* One rule as libseccomp takes it. */
struct piece {
	const struct seccomp_condition *c;
	const struct scmp_arg_cmp *args;
	unsigned n_args;
	unsigned round;
};

/* Two conditions on one argument cannot be one rule of libseccomp's; then each condition of the entry is a rule, and
 * any of them is enough. Engines' profiles rely on it (personality). */
static bool argument_twice(const struct seccomp_condition *c)
{
	unsigned seen = 0;

	for (unsigned i = 0; i < c->n_args; i++) {
		if (seen & 1u << c->args[i].arg)
			return true;
		seen |= 1u << c->args[i].arg;
	}
	return false;
}

static bool is_ordering(const struct piece *p)
{
	for (unsigned i = 0; i < p->n_args; i++)
		if (p->args[i].op != SCMP_CMP_EQ && p->args[i].op != SCMP_CMP_NE && p->args[i].op != SCMP_CMP_MASKED_EQ)
			return true;
	return false;
}

/* Rules on one system call with <, <=, > or >= among them are compiled one a program: libseccomp merges the halves of
 * such 64-bit comparisons wrongly (with "above 0x150000000" and "up to 0x1f00" it takes 0x10000000 for a match).
 * Returns the number of programs. */
static unsigned assign_rounds(struct piece *v, size_t n)
{
	unsigned rounds = 1;

	for (size_t i = 0; i < n; i++) {
		unsigned before = 0;
		bool apart = false;

		for (size_t k = 0; k < n; k++) {
			if (v[k].c->nr != v[i].c->nr || !v[k].n_args)
				continue;
			apart |= is_ordering(&v[k]);
			before += k < i;
		}
		v[i].round = apart && v[i].n_args ? before : 0;
		if (v[i].round + 1 > rounds)
			rounds = v[i].round + 1;
	}
	return rounds;
}

static size_t make_pieces(const struct seccomp_condition *v, size_t n, struct piece *ret)
{
	size_t made = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned each = argument_twice(&v[i]) ? 1 : v[i].n_args, at = 0;

		do {
			ret[made++] = (struct piece){&v[i], v[i].args + at, each, 0};
			at += each;
		} while (at < v[i].n_args);
	}
	return made;
}

/* An action that no rule has: the mark for "the next program decides". */
static uint32_t unused_action(const struct seccomp_condition *v, size_t n)
{
	uint32_t data = UINT16_MAX;

	for (size_t i = 0; i < n; i++)
		if (v[i].action == SCMP_ACT_TRACE(data)) {
			data--;
			i = SIZE_MAX; /* from the beginning */
		}
	return SCMP_ACT_TRACE(data);
}

/* Our part has looked at the architecture already and comes with the number in the accumulator: the head that does the
 * former is cut off. It must be: where the first rule of a program is one that does not exist on the architecture (send
 * on x86), libseccomp forgets to load the number, and compares the architecture with it. */
static size_t head_len(const struct seccomp_arch *arch, const struct sock_filter *f, size_t n)
{
	if (n < 3 || f[0].code != (BPF_LD | BPF_W | BPF_ABS) || f[0].k != offsetof(struct seccomp_data, arch))
		return 0;
	if (f[1].code != (BPF_JMP | BPF_JEQ | BPF_K) || f[1].k != arch->audit || 2u + f[1].jt >= n)
		return 0;
	return 2u + f[1].jt;
}

/* The program of one round, without its head. */
static int compile_round(const struct piece *v, size_t n, unsigned round, uint32_t default_action,
	const struct seccomp_arch *arch, struct arena *a, struct sock_filter **ret, size_t *ret_n, struct error *err)
{
	__attribute__((cleanup(context_free))) scmp_filter_ctx ctx = NULL;
	size_t added = 0, head;
	int r;

	r = context_new(arch, default_action, &ctx);
	if (r < 0)
		return error_errno(err, r, "linux.seccomp: filter for %s", arch->name);
	for (size_t i = 0; i < n; i++) {
		if (v[i].round != round)
			continue;
		r = seccomp_rule_add_array(ctx, v[i].c->action, v[i].c->nr, v[i].n_args, v[i].args);
		if (r < 0)
			return error_errno(err, r, "linux.seccomp.syscalls[%zu]: rule for %s on %s", v[i].c->item,
				v[i].c->name, arch->name);
		added++;
	}
	if (added > TREE_MIN) {
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
		if (r < 0)
			return error_errno(err, r, "linux.seccomp: binary tree");
	}
	r = export(ctx, a, ret, ret_n);
	if (r < 0)
		return error_errno(err, r, "linux.seccomp: export of the filter");
	head = head_len(arch, *ret, *ret_n);
	*ret += head;
	*ret_n -= head;
	return 0;
}

/* Puts `next` behind s->conditions: returns of `mark` become jumps to it. */
static int append(struct seccomp_section *s, uint32_t mark, const struct sock_filter *next, size_t n, struct arena *a)
{
	size_t old = s->n_conditions;
	struct sock_filter *f = arena_array(a, old + 1 + n, sizeof(*f));

	if (!f)
		return -ENOMEM;
	for (size_t i = 0; i < old; i++) {
		f[i] = s->conditions[i];
		if (f[i].code == (BPF_RET | BPF_K) && f[i].k == mark)
			f[i] = (struct sock_filter){BPF_JMP | BPF_JA, 0, 0, (uint32_t)(old - i - 1)};
	}
	f[old] = (struct sock_filter){BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr)};
	memcpy(f + old + 1, next, n * sizeof(*f));
	s->conditions = f;
	s->n_conditions = old + 1 + n;
	return 0;
}

int seccomp_compile_conditions(const struct seccomp_condition *v, size_t n, uint32_t default_action, struct arena *a,
	struct seccomp_section *s, struct error *err)
{
	uint32_t mark = unused_action(v, n);
	struct piece *pieces;
	size_t max = 0, n_pieces;
	unsigned rounds;

	if (!n)
		return 0;
	for (size_t i = 0; i < n; i++)
		max += v[i].n_args + 1;
	pieces = arena_array(a, max, sizeof(*pieces));
	if (!pieces)
		return error_errno(err, ENOMEM, "linux.seccomp");
	n_pieces = make_pieces(v, n, pieces);
	rounds = assign_rounds(pieces, n_pieces);
	for (unsigned i = 0; i < rounds; i++) {
		struct sock_filter *f = NULL;
		size_t len = 0;
		int r = compile_round(
			pieces, n_pieces, i, i + 1 < rounds ? mark : default_action, s->arch, a, &f, &len, err);

		if (r < 0)
			return r;
		if (i > 0 && append(s, mark, f, len, a) < 0)
			return error_errno(err, ENOMEM, "linux.seccomp");
		if (i == 0) {
			s->conditions = f;
			s->n_conditions = len;
		}
	}
	return 0;
}
