/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "base/poison.h"

enum { OWN_MAPPING = POOL_PER_CLASS, FIRST_LARGE = 4 };

static const size_t sizes[POOL_CLASSES] = {4 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20};

static struct pool_class {
	_Atomic(char *) base;   /* NULL: not reserved yet; MAP_FAILED: cannot be */
	_Atomic uint64_t top;   /* of the stack: 1 + index below, a number that never comes back above; see pop() */
	_Atomic uint32_t begun; /* the buffers from here on have never been handed out */
	_Atomic uint32_t below[POOL_PER_CLASS];  /* in the stack: 1 + index, 0 at the bottom */
	_Atomic uint32_t ticket[POOL_PER_CLASS]; /* counts gets and puts: odd while the buffer is out */
	_Atomic uint64_t reused, fresh, mapped, put, refused;
} classes[POOL_CLASSES] __attribute__((aligned(64)));

static void count(_Atomic uint64_t *n)
{
	atomic_fetch_add_explicit(n, 1, memory_order_relaxed);
}

static char *map(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p;
}

static char *base_of(struct pool_class *c, size_t size)
{
	char *base = atomic_load_explicit(&c->base, memory_order_acquire), *fresh;

	if (base)
		return base;
	fresh = map(size * POOL_PER_CLASS);
	/* a byte touched must not become 2 MiB */
	if (fresh != MAP_FAILED)
		(void)madvise(fresh, size * POOL_PER_CLASS, MADV_NOHUGEPAGE);
	if (atomic_compare_exchange_strong(&c->base, &base, fresh))
		return fresh;
	if (fresh != MAP_FAILED) /* another thread was faster */
		munmap(fresh, size * POOL_PER_CLASS);
	return base;
}

/* The number in the upper half makes a top that was taken and put back meanwhile a different one: what was read of
 * `below` would be out of date. */
static uint64_t new_top(uint64_t old, uint32_t index_1)
{
	return ((old >> 32) + 1) << 32 | index_1;
}

/* The index of the buffer put back last, or -1. */
static int pop(struct pool_class *c)
{
	uint64_t top = atomic_load_explicit(&c->top, memory_order_acquire), next;

	do {
		if (!(uint32_t)top)
			return -1;
		next = new_top(top, atomic_load_explicit(&c->below[(uint32_t)top - 1], memory_order_relaxed));
	} while (!atomic_compare_exchange_weak_explicit(
		&c->top, &top, next, memory_order_acquire, memory_order_acquire));
	return (int)(uint32_t)top - 1;
}

static void push(struct pool_class *c, uint32_t index)
{
	uint64_t top = atomic_load_explicit(&c->top, memory_order_relaxed);

	do
		atomic_store_explicit(&c->below[index], (uint32_t)top, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(
		&c->top, &top, new_top(top, index + 1), memory_order_release, memory_order_relaxed));
}

static int begin_next(struct pool_class *c)
{
	uint32_t n = atomic_load_explicit(&c->begun, memory_order_relaxed);

	while (n < POOL_PER_CLASS)
		if (atomic_compare_exchange_weak_explicit(
			    &c->begun, &n, n + 1, memory_order_relaxed, memory_order_relaxed))
			return (int)n;
	return -1;
}

static int get_own_mapping(struct pool_class *c, size_t n, struct buffer *ret)
{
	char *p = map(n);

	if (p == MAP_FAILED)
		return -ENOMEM;
	*ret = (struct buffer){
		.data = p, .size = n, .zero = true, .kind = (uint8_t)(c - classes), .index = OWN_MAPPING};
	count(&c->mapped);
	return 0;
}

int pool_get(size_t n, struct buffer *ret)
{
	struct pool_class *c = classes;
	size_t kind = 0;
	bool zero = false;
	char *base;
	int i;

	while (kind < POOL_CLASSES - 1 && sizes[kind] < n)
		kind++;
	c += kind;
	*ret = BUFFER_INIT;
	if (n > sizes[kind])
		return get_own_mapping(c, n, ret);
	base = base_of(c, sizes[kind]);
	if (base == MAP_FAILED)
		return get_own_mapping(c, sizes[kind], ret);
	i = pop(c);
	if (i < 0) {
		i = begin_next(c);
		zero = true;
	}
	if (i < 0)
		return get_own_mapping(c, sizes[kind], ret);
	count(zero ? &c->fresh : &c->reused);
	*ret = (struct buffer){
		.data = base + (size_t)i * sizes[kind],
		.size = sizes[kind],
		.zero = zero,
		.kind = (uint8_t)kind,
		.index = (uint8_t)i,
		.ticket = atomic_fetch_add_explicit(&c->ticket[i], 1, memory_order_relaxed) + 1,
	};
	poison_end(ret->data, ret->size);
	return 0;
}

int pool_put(struct buffer *b)
{
	struct buffer was = *b;
	struct pool_class *c = &classes[was.kind];
	uint32_t ticket = was.ticket;

	*b = BUFFER_INIT;
	if (!was.data)
		return 0;
	if (was.index == OWN_MAPPING) {
		munmap(was.data, was.size);
		count(&c->put);
		return 0;
	}
	if (!atomic_compare_exchange_strong_explicit(
		    &c->ticket[was.index], &ticket, ticket + 1, memory_order_relaxed, memory_order_relaxed)) {
		count(&c->refused);
		return -EALREADY;
	}
	if (was.kind >= FIRST_LARGE && (uint32_t)atomic_load_explicit(&c->top, memory_order_relaxed))
		(void)madvise(was.data, was.size, MADV_FREE);
	poison(was.data, was.size);
	count(&c->put);
	push(c, was.index);
	return 0;
}

void pool_stats_read(unsigned kind, struct pool_stats *ret)
{
	struct pool_class *c = &classes[kind];

	*ret = (struct pool_stats){
		.size = sizes[kind],
		.reused = atomic_load(&c->reused),
		.fresh = atomic_load(&c->fresh),
		.mapped = atomic_load(&c->mapped),
		.put = atomic_load(&c->put),
		.refused = atomic_load(&c->refused),
	};
}
