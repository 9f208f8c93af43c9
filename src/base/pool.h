/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_BASE_POOL_H
#define ENVIRO_BASE_POOL_H

/* Buffers that are used again: six sizes, 32 of each, the one put back last handed out first, so that its pages are
 * there and in the cache. For all threads, without locks. The address space of a size is reserved when the first buffer
 * of that size is wanted; memory is only what is touched. Where a size is used up, or its address space cannot be had
 * (RLIMIT_AS, strict overcommit), a buffer is a mapping of its own, gone when it is put back.
 *
 * What stays resident when nothing is in use: at most what was touched, and of the two largest sizes one buffer each;
 * of any further one the kernel may take the pages when it needs memory (MADV_FREE). The smaller sizes are worth less
 * than the call. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 4 KiB, 64 KiB, 256 KiB, 1 MiB, 4 MiB, 16 MiB */
enum { POOL_CLASSES = 6, POOL_PER_CLASS = 32 };

struct buffer {
	char *data;  /* aligned to a page; NULL: none */
	size_t size; /* may be larger than asked for */
	bool zero;   /* nothing was ever written to it */
	/* the pool's own */
	uint8_t kind, index;
	uint32_t ticket;
};
#define BUFFER_INIT ((struct buffer){0})

/* At least n bytes, not cleared unless ret->zero says so. 0 or -ENOMEM. */
int pool_get(size_t n, struct buffer *ret);
/* Gives the buffer back and empties *b. 0, also for an empty one. -EALREADY: a copy of *b was put back before, the
 * buffer may be somebody else's by now; nothing is changed. Only copies of a mapping of its own are not noticed. */
int pool_put(struct buffer *b);
#define _cleanup_buffer_ __attribute__((cleanup(pool_put)))

/* Since the process began. Buffers in use: fresh + reused + mapped - put. */
struct pool_stats {
	size_t size;     /* of the buffers of this kind */
	uint64_t reused; /* handed out again */
	uint64_t fresh;  /* handed out for the first time */
	uint64_t mapped; /* mappings of their own, those above the largest size counted with the largest */
	uint64_t put;
	uint64_t refused; /* put back twice */
};
/* kind: 0 … POOL_CLASSES - 1. The counters are read one by one: with other threads at work they need not add up. */
void pool_stats_read(unsigned kind, struct pool_stats *ret);

#endif
