/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/program.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <string.h>

/* BPF jumps only forward, so the program is written from its end to its beginning: whatever a jump may lead to is
 * there already. A label is the number of instructions from the labelled one to the end. Conditional jumps reach 255
 * instructions far; beyond REACH a copy of a return or a long jump is put nearer. */

enum { REACH = 248 };
#define X32_BIT 0x40000000u
#define ERRNO_ENOSYS (SECCOMP_RET_ERRNO | ENOSYS)
#define NOT_YET 0u /* no label: the program is never empty behind an instruction that jumps */

struct target {
	uint32_t action;
	bool conditional;
};

struct span { /* from start to the next span's */
	uint32_t start;
	struct target target;
};

struct writer {
	struct sock_filter *end; /* behind the last instruction */
	uint32_t used;
	bool full;
	struct { /* the nearest return of each action */
		uint32_t action, label;
	} returns[32];
	size_t n_returns;
	uint32_t conditions, conditions_near; /* labels: of the section's conditions, and of the nearest jump there */
};

static uint32_t put(struct writer *w, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	if (w->used == BPF_MAXINSNS) {
		w->full = true;
		return w->used;
	}
	w->used++;
	w->end[-(ptrdiff_t)w->used] = (struct sock_filter){code, jt, jf, k};
	return w->used;
}

static uint32_t put_jump(struct writer *w, uint32_t label)
{
	return put(w, BPF_JMP | BPF_JA, 0, 0, w->used - label);
}

static bool reachable(const struct writer *w, uint32_t label)
{
	return label != NOT_YET && w->used - label <= REACH;
}

/* `code` (BPF_JEQ, …) on the accumulator: to yes or to no. */
static uint32_t put_branch(struct writer *w, uint16_t code, uint32_t k, uint32_t yes, uint32_t no)
{
	if (!reachable(w, yes))
		yes = put_jump(w, yes);
	if (!reachable(w, no))
		no = put_jump(w, no);
	return put(w, BPF_JMP | BPF_K | code, (uint8_t)(w->used - yes), (uint8_t)(w->used - no), k);
}

static uint32_t put_load(struct writer *w, uint32_t offset)
{
	return put(w, BPF_LD | BPF_W | BPF_ABS, 0, 0, offset);
}

static uint32_t label_return(struct writer *w, uint32_t action)
{
	const size_t max = sizeof(w->returns) / sizeof(w->returns[0]);
	size_t i = 0;

	while (i < w->n_returns && w->returns[i].action != action)
		i++;
	if (i < w->n_returns && reachable(w, w->returns[i].label))
		return w->returns[i].label;
	if (i == max) /* a profile with that many errors gets a few returns twice */
		return put(w, BPF_RET | BPF_K, 0, 0, action);
	if (i == w->n_returns)
		w->returns[w->n_returns++].action = action;
	w->returns[i].label = put(w, BPF_RET | BPF_K, 0, 0, action);
	return w->returns[i].label;
}

static uint32_t label_target(struct writer *w, const struct target *t)
{
	if (!t->conditional)
		return label_return(w, t->action);
	if (!reachable(w, w->conditions_near))
		w->conditions_near = put_jump(w, w->conditions);
	return w->conditions_near;
}

/* A search tree over v[0..n), n > 0, by the number in the accumulator. Returns are resolved behind the subtree beside
 * them, when it is known how far it is. */
static uint32_t put_tree(struct writer *w, const struct span *v, size_t n)
{
	size_t mid = n / 2;
	uint32_t low = 0, high = 0;

	if (n == 1)
		return label_target(w, &v[0].target);
	if (n - mid > 1)
		high = put_tree(w, v + mid, n - mid);
	if (mid > 1)
		low = put_tree(w, v, mid);
	if (n - mid == 1)
		high = put_tree(w, v + mid, 1);
	if (mid == 1)
		low = put_tree(w, v, 1);
	return put_branch(w, BPF_JGE, v[mid].start, high, low);
}

static size_t add_span(struct span *v, size_t n, uint32_t start, struct target t)
{
	if (n && v[n - 1].start == start)
		n--;
	if (n && v[n - 1].target.conditional == t.conditional && v[n - 1].target.action == t.action)
		return n;
	v[n] = (struct span){start, t};
	return n + 1;
}

/* The cases as spans that cover all numbers, neighbours with the same target as one. */
static size_t make_spans(const struct seccomp_section *s, uint32_t default_action, struct span *v)
{
	struct target rest = {s->rest_conditional ? 0 : default_action, s->rest_conditional};
	size_t n = add_span(v, 0, 0, rest);

	for (size_t i = 0; i < s->n_cases; i++) {
		const struct seccomp_case *c = &s->cases[i];

		n = add_span(v, n, c->nr, (struct target){c->conditional ? 0 : c->action, c->conditional});
		n = add_span(v, n, c->nr + 1, rest);
	}
	return n;
}

/* From where the number is in the accumulator and of the section's ABI. */
static int put_section(struct writer *w, const struct seccomp_section *s, uint32_t default_action, struct arena *a,
	uint32_t *label, struct error *err)
{
	struct span *v = arena_array(a, 2 * s->n_cases + 1, sizeof(*v));

	if (!v)
		return error_errno(err, ENOMEM, "linux.seccomp");
	for (size_t i = s->n_conditions; i-- > 0;) {
		const struct sock_filter *f = &s->conditions[i];

		put(w, f->code, f->jt, f->jf, f->k);
	}
	w->conditions = w->conditions_near = w->used;
	*label = put_tree(w, v, make_spans(s, default_action, v));
	if (s->last)
		*label = put_branch(w, BPF_JGT, s->last, label_return(w, ERRNO_ENOSYS), *label);
	return 0;
}

/* x86-64 and x32 are told apart by a bit of the number. As libseccomp has it, an ABI that the filter lacks is killed,
 * except for -1, which tracers use to skip a system call. */
static uint32_t put_abi(struct writer *w, uint32_t x86_64, uint32_t x32, uint32_t default_action)
{
	uint16_t code = BPF_JSET;

	if (x86_64 == NOT_YET)
		x86_64 = label_return(w, SECCOMP_RET_KILL_THREAD);
	if (x32 == NOT_YET) {
		uint32_t kill = label_return(w, SECCOMP_RET_KILL_THREAD);

		x32 = put_branch(w, BPF_JEQ, UINT32_MAX, label_return(w, default_action), kill);
		code = BPF_JGE;
	}
	return put_branch(w, code, X32_BIT, x32, x86_64);
}

/* The sections of one AUDIT_ARCH_*, two for x86-64 with x32. */
static int put_audit_arch(struct writer *w, const struct seccomp_section *sections, size_t n, uint32_t audit,
	uint32_t default_action, struct arena *a, uint32_t *label, struct error *err)
{
	uint32_t abi[2] = {NOT_YET, NOT_YET}; /* without and with X32_BIT */

	for (size_t i = 0; i < n; i++) {
		const struct seccomp_arch *arch = sections[i].arch;
		int r;

		if (arch->audit != audit)
			continue;
		r = put_section(w, &sections[i], default_action, a, &abi[arch->first == X32_BIT], err);
		if (r < 0)
			return r;
		*label = abi[arch->first == X32_BIT];
	}
	if (audit == AUDIT_ARCH_X86_64)
		*label = put_abi(w, abi[0], abi[1], default_action);
	if (*label != w->used) /* a return that stood there already */
		put_jump(w, *label);
	*label = put_load(w, offsetof(struct seccomp_data, nr));
	return 0;
}

int seccomp_link(const struct seccomp_section *sections, size_t n, uint32_t default_action, struct arena *a,
	struct seccomp_filter *ret, struct error *err)
{
	struct sock_filter *buf = arena_array(a, BPF_MAXINSNS, sizeof(*buf));
	struct writer w;
	uint32_t *labels = arena_array(a, n, sizeof(*labels));
	uint32_t next;

	if (!buf || !labels)
		return error_errno(err, ENOMEM, "linux.seccomp");
	w = (struct writer){.end = buf + BPF_MAXINSNS};
	for (size_t i = 0; i < n; i++) {
		size_t first = 0;
		int r;

		while (sections[first].arch->audit != sections[i].arch->audit)
			first++;
		if (first < i) /* x32 beside x86-64: the section is written already */
			continue;
		r = put_audit_arch(&w, sections, n, sections[i].arch->audit, default_action, a, &labels[i], err);
		if (r < 0)
			return r;
	}
	next = label_return(&w, SECCOMP_RET_KILL_THREAD);
	for (size_t i = n; i-- > 0;)
		if (labels[i] != NOT_YET)
			next = put_branch(&w, BPF_JEQ, sections[i].arch->audit, labels[i], next);
	put_load(&w, offsetof(struct seccomp_data, arch));
	if (w.full)
		return error_set(err, E2BIG, "linux.seccomp: the filter has more than %d instructions", BPF_MAXINSNS);
	ret->bpf = w.end - w.used;
	ret->n = w.used;
	return 0;
}
