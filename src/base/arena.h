/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_BASE_ARENA_H
#define ENVIRO_BASE_ARENA_H

/* An arena: many small allocations, freed at once. Not for use after fork in init (which allocates nothing). */

#include <stdarg.h>
#include <stddef.h>

struct arena_block;
struct arena {
	struct arena_block *head;
	size_t used; /* bytes handed out so far */
};

#define ARENA_INIT ((struct arena){0})

/* Zeroed memory aligned to 16 bytes, or NULL when there is none. */
void *arena_alloc(struct arena *a, size_t asked);
/* A zeroed array; NULL also when n * size overflows. */
void *arena_array(struct arena *a, size_t n, size_t size);
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
/* printf of fmt_v (base/str.h) into the arena, at most 8191 bytes; NULL when memory is out or it is longer. */
char *arena_fmt(struct arena *a, const char *f, ...) __attribute__((format(printf, 2, 3)));
/* Frees everything; the arena may be used again. NULL is allowed. */
void arena_done(struct arena *a);

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define _cleanup_arena_ __attribute__((cleanup(arena_done)))

#endif
