/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/str.h"
#include "cgroup/internal.h"
#include "kernel/bpf.h"

/* The program gets what is to be done as a set (r, w, m) and must allow all of it. Each part of the set is decided by
 * the last rule that applies to the device and names that part; so the rules are asked from the last to the first, each
 * "allow" takes its parts out of the set, and each "deny" that finds one of its parts in it ends it. */

enum { R0, R1, R2, R3, R4, R5 };
enum { TYPE = R2, LEFT = R3, MAJOR = R4, MINOR = R5 };
enum { DEV_BLOCK = 1, DEV_CHAR = 2 }; /* BPF_DEVCG_DEV_* */
enum { MAX_HEAD = 6, MAX_RULE = 7, MAX_TAIL = 2 };

struct program {
	struct bpf_op *op;
	size_t n;
};

static void put(struct program *p, struct bpf_op op)
{
	p->op[p->n++] = op;
}

static void answer(struct program *p, bool allow)
{
	put(p, BPF_MOV_IMM(R0, allow));
	put(p, BPF_EXIT);
}

/* struct bpf_cgroup_dev_ctx: access << 16 | type, major, minor; 32 bits each */
static void head(struct program *p)
{
	put(p, BPF_LOAD32(TYPE, R1, 0));
	put(p, BPF_MOV(LEFT, TYPE));
	put(p, BPF_AND32(TYPE, 0xffff));
	put(p, BPF_RSH32(LEFT, 16));
	put(p, BPF_LOAD32(MAJOR, R1, 4));
	put(p, BPF_LOAD32(MINOR, R1, 8));
}

static void rule(struct program *p, const struct device_rule *r)
{
	size_t jumps[4], n = 0;

	jumps[n++] = p->n;
	put(p, BPF_JNE32(TYPE, r->type == 'b' ? DEV_BLOCK : DEV_CHAR, 0));
	if (r->major != DEVICE_ANY) {
		jumps[n++] = p->n;
		put(p, BPF_JNE32(MAJOR, (int32_t)(uint32_t)r->major, 0));
	}
	if (r->minor != DEVICE_ANY) {
		jumps[n++] = p->n;
		put(p, BPF_JNE32(MINOR, (int32_t)(uint32_t)r->minor, 0));
	}
	if (r->access != DEVICE_ALL && r->allow) {
		put(p, BPF_AND32(LEFT, (int32_t)(DEVICE_ALL & ~r->access)));
		jumps[n++] = p->n;
		put(p, BPF_JNE32(LEFT, 0, 0));
	} else if (r->access != DEVICE_ALL) {
		put(p, BPF_JSET32(LEFT, (int32_t)r->access, 1));
		jumps[n++] = p->n;
		put(p, BPF_JA(0));
	}
	answer(p, r->allow);
	while (n) { /* to the next rule, now that it is known where that is */
		n--;
		p->op[jumps[n]].off = (int16_t)(p->n - jumps[n] - 1);
	}
}

int cgroup_devices_v2(struct cgroup_compiler *c, uint32_t dir, const struct device_rule *r, size_t n)
{
	struct program p = {.op = arena_array(c->a, MAX_HEAD + n * MAX_RULE + MAX_TAIL, sizeof(*p.op))};

	if (!p.op)
		return error_errno(c->err, ENOMEM, "linux.resources.devices");
	head(&p);
	for (size_t i = n; i-- > 1;)
		rule(&p, &r[i]);
	answer(&p, r[0].allow);
	c->s->device_bpf = p.op;
	c->s->device_bpf_insns = p.n;
	c->s->device_bpf_dir = dir;
	return 0;
}
