/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_OCISPEC_KEYS_H
#define ENVIRO_OCISPEC_KEYS_H

/* A set of strings, to find duplicate keys of maps. Zeroed before use; its memory is the arena's. */

#include <stddef.h>

#include "base/arena.h"

struct key_set {
	const char **slots;
	size_t room, len;
};

/* 1: added (key itself is kept, not a copy); 0: one that is equal is in it already; -ENOMEM. */
int key_set_add(struct key_set *s, struct arena *a, const char *key);

#endif
