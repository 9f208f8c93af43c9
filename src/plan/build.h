/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_PLAN_BUILD_H
#define ENVIRO_PLAN_BUILD_H

/* Writing a plan (host side). A builder remembers its first failure (out of memory, too large), so that the callers
 * need not look after each call: plan_finish reports it. */

#include "base/arena.h"
#include "base/error.h"
#include "base/pool.h"
#include "plan/plan.h"

/* Who wants to know of everything that is wrong with a spec: compiling goes on behind what it refuses. */
struct plan_refusals {
	void (*take)(void *ctx, const struct error *err);
	void *ctx;
};

struct plan_builder {
	struct arena *arena;
	const struct plan_refusals *refusals; /* NULL: the first refusal ends it */
	unsigned refused;		      /* those that were taken: what is built is good for nothing then */
	struct buffer data;
	uint32_t data_len;
	struct plan_pending *first, **last;
	uint32_t steps_len, n_steps, n_slots;
	uint32_t clone_flags, flags;
	int failed; /* negative errno */
};

void plan_begin(struct plan_builder *b, struct arena *a);
/* r, or 0 when it is a refusal (err's) that was taken. */
int plan_pass(struct plan_builder *b, int r, struct error *err);
void plan_done(struct plan_builder *b);
#define _cleanup_plan_builder_ __attribute__((cleanup(plan_done)))

/* A new zeroed record at the end; the pointer stays good until the arena ends. Never NULL: after a failure it
 * points to memory that is thrown away. */
#define plan_add(b, op, type) ((type *)plan_add_step((b), (op), sizeof(type), UINT32_MAX))
#define plan_add_at(b, op, type, index) ((type *)plan_add_step((b), (op), sizeof(type), (index)))
void *plan_add_step(struct plan_builder *b, enum plan_op op, size_t size, uint32_t index);

plan_ref plan_put_str(struct plan_builder *b, const char *s); /* NULL gives 0 */
plan_ref plan_put_bytes(struct plan_builder *b, const void *p, size_t n); /* aligned to 8 */
struct plan_list plan_put_strs(struct plan_builder *b, char *const *v, size_t n);
struct plan_list plan_put_u32s(struct plan_builder *b, const uint32_t *v, size_t n);
uint32_t plan_new_slot(struct plan_builder *b);

/* *ret is NULL when something was refused. */
int plan_finish(struct plan_builder *b, struct plan **ret, struct error *err);

#endif
