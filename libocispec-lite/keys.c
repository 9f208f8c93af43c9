/* SPDX-License-Identifier: Apache-2.0 */
#include "libocispec-lite/keys.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

enum { FIRST_ROOM = 16 };

/* The slot of an equal key, or the free one where it belongs. room is a power of two and one slot is free. */
static const char **slot_of(const char **slots, size_t room, const char *key)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
	size_t i;

	for (const char *p = key; *p; p++)
		hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
	for (i = (size_t)(hash ^ hash >> 32) & (room - 1); slots[i]; i = (i + 1) & (room - 1))
		if (!strcmp(slots[i], key))
			break;
	return slots + i;
}

static int grow(struct key_set *s, struct arena *a)
{
	size_t room = s->room ? s->room * 2 : FIRST_ROOM;
	const char **slots = arena_array(a, room, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < s->room; i++)
		if (s->slots[i])
			*slot_of(slots, room, s->slots[i]) = s->slots[i];
	s->slots = slots;
	s->room = room;
	return 0;
}

int key_set_add(struct key_set *s, struct arena *a, const char *key)
{
	const char **slot;

	if (s->len * 2 >= s->room && grow(s, a))
		return -ENOMEM;
	slot = slot_of(s->slots, s->room, key);
	if (*slot)
		return 0;
	*slot = key;
	s->len++;
	return 1;
}
