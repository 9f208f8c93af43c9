/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/build.h"

#include <errno.h>
#include <string.h>

#include "plan/sync.h"

enum { FIRST_DATA = 64 * 1024 };

struct plan_pending {
	struct plan_pending *next;
	uint64_t record[]; /* starts with a struct plan_step */
};

static uint64_t scrap[64]; /* where records go after a failure: larger than any record */
_Static_assert(sizeof(scrap) >= sizeof(struct plan_mount), "scrap holds every record");

void plan_begin(struct plan_builder *b, struct arena *a)
{
	*b = (struct plan_builder){.arena = a, .n_slots = SLOT_FIRST_FREE};
	b->last = &b->first;
}

void plan_done(struct plan_builder *b)
{
	pool_put(&b->data);
}

static int grow(struct plan_builder *b, size_t n)
{
	struct buffer more;
	int r = pool_get(n, &more);

	if (r < 0)
		return r;
	if (b->data_len)
		memcpy(more.data, b->data.data, b->data_len);
	pool_put(&b->data);
	b->data = more;
	return 0;
}

int plan_pass(struct plan_builder *b, int r, struct error *err)
{
	if (r >= 0 || r == -ENOMEM || !b->refusals)
		return r;
	b->refused++;
	b->refusals->take(b->refusals->ctx, err);
	*err = (struct error){0};
	return 0;
}

void *plan_add_step(struct plan_builder *b, enum plan_op op, size_t size, uint32_t index)
{
	struct plan_pending *p = NULL;
	struct plan_step *s;

	size = (size + 7) & ~(size_t)7;
	if (!b->failed) {
		p = arena_alloc(b->arena, sizeof(*p) + size);
		if (!p)
			b->failed = -ENOMEM;
	}
	if (!p)
		return memset(scrap, 0, sizeof(scrap));
	*b->last = p;
	b->last = &p->next;
	b->steps_len += (uint32_t)size;
	b->n_steps++;
	s = (struct plan_step *)p->record;
	s->op = (uint16_t)op;
	s->size = (uint16_t)size;
	s->index = index;
	return s;
}

/* Room for n bytes in the data region; its offset from the start of the plan, or 0 after a failure. */
static plan_ref reserve(struct plan_builder *b, size_t n, size_t align)
{
	uint32_t at = (b->data_len + (uint32_t)align - 1) & ~((uint32_t)align - 1);

	if (b->failed)
		return 0;
	if (n > (1u << 28) || at + n > (1u << 28)) {
		b->failed = -EFBIG;
		return 0;
	}
	if (at + n > b->data.size)
		b->failed = grow(b, at + n < FIRST_DATA ? FIRST_DATA : (at + n) * 2);
	if (b->failed)
		return 0;
	if (at > b->data_len) /* an empty list may come before there is any memory */
		memset(b->data.data + b->data_len, 0, at - b->data_len);
	b->data_len = at + (uint32_t)n;
	return (plan_ref)sizeof(struct plan) + at;
}

static plan_ref put(struct plan_builder *b, const void *p, size_t n, size_t align)
{
	plan_ref r = reserve(b, n, align);

	if (r && n)
		memcpy(b->data.data + r - sizeof(struct plan), p, n);
	return r;
}

plan_ref plan_put_str(struct plan_builder *b, const char *s)
{
	return s ? put(b, s, strlen(s) + 1, 1) : 0;
}

plan_ref plan_put_bytes(struct plan_builder *b, const void *p, size_t n)
{
	return put(b, p, n, 8);
}

struct plan_list plan_put_u32s(struct plan_builder *b, const uint32_t *v, size_t n)
{
	struct plan_list l = {put(b, v, n * sizeof(*v), 4), (uint32_t)n};

	return l;
}

struct plan_list plan_put_strs(struct plan_builder *b, char *const *v, size_t n)
{
	struct plan_list l = {reserve(b, n * sizeof(plan_ref), 4), (uint32_t)n};

	for (size_t i = 0; i < n && !b->failed; i++) {
		plan_ref r = plan_put_str(b, v[i]);

		if (!b->failed)
			memcpy(b->data.data + l.ref - sizeof(struct plan) + i * sizeof(r), &r, sizeof(r));
	}
	return l;
}

uint32_t plan_new_slot(struct plan_builder *b)
{
	if (b->n_slots == PLAN_MAX_SLOTS && !b->failed)
		b->failed = -E2BIG;
	return b->failed ? PLAN_NO_SLOT : b->n_slots++;
}

int plan_finish(struct plan_builder *b, struct plan **ret, struct error *err)
{
	uint32_t steps = ((uint32_t)sizeof(struct plan) + b->data_len + 7) & ~7u;
	struct plan *p = b->failed ? NULL : arena_alloc(b->arena, steps + b->steps_len);
	char *at;

	*ret = NULL;
	if (p && b->refused)
		return 0;
	if (!p)
		return error_errno(err, b->failed ? b->failed : -ENOMEM, "plan");
	*p = (struct plan){.magic = PLAN_MAGIC,
		.version = PLAN_VERSION,
		.size = steps + b->steps_len,
		.steps = steps,
		.n_steps = b->n_steps,
		.n_slots = b->n_slots,
		.clone_flags = b->clone_flags,
		.flags = b->flags};
	if (b->data_len)
		memcpy(p + 1, b->data.data, b->data_len);
	at = (char *)p + steps;
	for (struct plan_pending *q = b->first; q; q = q->next) {
		const struct plan_step *step = (const void *)q->record;

		memcpy(at, q->record, step->size);
		at += step->size;
	}
	*ret = p;
	return 0;
}
