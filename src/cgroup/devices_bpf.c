/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/str.h"
#include "cgroup/internal.h"
#include "kernel/bpf.h"

/* The program gets what is to be done as a set (r, w, m) and must allow all of it. Each part of the set is decided by
 * the last rule that applies to the device and names that part; so the rules are asked from the last to the first, each
 * "allow" takes its parts out of the set, and each "deny" that finds one of its parts in it ends it.
 *
 * The kernel follows both ways of every jump before it takes a program, and that is most of what loading costs: so a
 * device is one number, a rule for all of it one jump to one of two common ends. */

enum { R0, R1, R2, R3, R4, R5 };
enum { TYPE = R2, LEFT = R3, MAJOR = R4, DEVICE = R5 };
enum { DEV_BLOCK = 1, DEV_CHAR = 2 }; /* BPF_DEVCG_DEV_* */
enum { MAX_HEAD = 9, MAX_RULE = 5, MAX_TAIL = 4 };
enum { MINOR_BITS = 20, MAJOR_BITS = 12 }; /* of the kernel's dev_t */

enum end { NEXT_RULE, NEXT_TYPE, DENY, ALLOW, N_ENDS, NO_JUMP = N_ENDS };

struct program {
	struct bpf_op *op;
	enum end *to; /* where the jump of the same index goes; its offset comes when that is known */
	size_t n, from[N_ENDS];
};

static void put_jump(struct program *p, struct bpf_op op, enum end to)
{
	p->to[p->n] = to;
	p->op[p->n++] = op;
}

static void put(struct program *p, struct bpf_op op)
{
	put_jump(p, op, NO_JUMP);
}

/* Here is where the jumps to `end` go that were put since the last such place. Returns whether there are any. */
static bool place(struct program *p, enum end end)
{
	bool any = false;

	for (size_t i = p->from[end]; i < p->n; i++) {
		if (p->to[i] != end)
			continue;
		p->op[i].off = (int16_t)(p->n - i - 1);
		any = true;
	}
	p->from[end] = p->n;
	return any;
}

/* struct bpf_cgroup_dev_ctx: access << 16 | type, major, minor; 32 bits each */
static void head(struct program *p)
{
	put(p, BPF_LOAD32(TYPE, R1, 0));
	put(p, BPF_MOV(LEFT, TYPE));
	put(p, BPF_AND32(TYPE, 0xffff));
	put(p, BPF_RSH32(LEFT, 16));
	put(p, BPF_LOAD32(MAJOR, R1, 4));
	put(p, BPF_LOAD32(DEVICE, R1, 8));
	put(p, BPF_MOV(R0, MAJOR));
	put(p, BPF_LSH32(R0, MINOR_BITS));
	put(p, BPF_OR32(DEVICE, R0));
}

/* A comparison with the device's numbers: of what must be, by the opcode for "equal" or "not equal". */
static struct bpf_op compare(const struct device_rule *r, bool equal)
{
	uint32_t device = (uint32_t)r->major << MINOR_BITS | (uint32_t)r->minor;
	uint8_t reg = r->minor == DEVICE_ANY ? MAJOR : DEVICE;
	int32_t value = r->minor == DEVICE_ANY ? (int32_t)r->major : (int32_t)device;

	return equal ? BPF_JEQ32(reg, value, 0) : BPF_JNE32(reg, value, 0);
}

/* Any major with one minor is not one number; this rare rule loads the minor by itself. */
static void put_minor(struct program *p, const struct device_rule *r)
{
	put(p, BPF_LOAD32(R0, R1, 8));
	put_jump(p, BPF_JNE32(R0, (int32_t)r->minor, 0), NEXT_RULE);
}

/* Returns whether the rule decides everything that comes to it. */
static bool rule(struct program *p, const struct device_rule *r)
{
	bool any = r->major == DEVICE_ANY && r->minor == DEVICE_ANY, minor_only = r->major == DEVICE_ANY && !any;
	enum end end = r->allow ? ALLOW : DENY;

	if (r->access == DEVICE_ALL && !any && !minor_only) {
		put_jump(p, compare(r, true), end);
		return false;
	}
	if (minor_only)
		put_minor(p, r);
	else if (!any)
		put_jump(p, compare(r, false), NEXT_RULE);
	if (r->access == DEVICE_ALL) {
		put_jump(p, BPF_JA(0), end);
	} else if (r->allow) {
		put(p, BPF_AND32(LEFT, (int32_t)(DEVICE_ALL & ~r->access)));
		put_jump(p, BPF_JEQ32(LEFT, 0, 0), ALLOW);
	} else {
		put_jump(p, BPF_JSET32(LEFT, (int32_t)r->access, 0), DENY);
	}
	place(p, NEXT_RULE);
	return any && r->access == DEVICE_ALL;
}

/* The rules [0 … n) of one type, from the last to the first. */
static void rules_of_type(struct program *p, const struct device_rule *r, size_t n)
{
	put_jump(p, BPF_JNE32(TYPE, r->type == 'b' ? DEV_BLOCK : DEV_CHAR, 0), NEXT_TYPE);
	while (n-- > 0) {
		if (r[n].major >= 1 << MAJOR_BITS || r[n].minor >= 1 << MINOR_BITS)
			continue; /* no device has such a number */
		if (rule(p, &r[n]))
			break; /* the kernel refuses code that nothing leads to */
	}
	place(p, NEXT_TYPE);
}

static void answer(struct program *p, bool allow)
{
	put(p, BPF_MOV_IMM(R0, allow));
	put(p, BPF_EXIT);
}

int cgroup_devices_v2(struct cgroup_compiler *c, uint32_t dir, const struct device_rule *r, size_t n)
{
	size_t max = MAX_HEAD + n * MAX_RULE + MAX_TAIL, last = n;
	struct program p = {.op = arena_array(c->a, max, sizeof(*p.op)), .to = arena_array(c->a, max, sizeof(*p.to))};

	if (!p.op || !p.to)
		return error_errno(c->err, ENOMEM, "linux.resources.devices");
	head(&p);
	while (last > 1) {
		size_t first = last - 1;

		while (first > 1 && r[first - 1].type == r[first].type)
			first--;
		rules_of_type(&p, r + first, last - first);
		last = first;
	}
	place(&p, r[0].allow ? ALLOW : DENY);
	answer(&p, r[0].allow);
	if (place(&p, r[0].allow ? DENY : ALLOW))
		answer(&p, !r[0].allow);
	if (p.n > INT16_MAX)
		return error_set(c->err, E2BIG, "linux.resources.devices: %zu rules are too many", n);
	c->s->device_bpf = p.op;
	c->s->device_bpf_insns = p.n;
	c->s->device_bpf_dir = dir;
	return 0;
}
