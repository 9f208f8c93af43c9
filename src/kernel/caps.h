/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_KERNEL_CAPS_H
#define ENVIRO_KERNEL_CAPS_H

/* Capability sets as 64-bit masks: bit n is capability n. */

#include <stdint.h>

#include "kernel/sys.h"

struct caps {
	uint64_t effective, permitted, inheritable;
};

struct caps_header { /* version 3, of the calling thread */
	uint32_t version;
	int32_t pid;
};
struct caps_half {
	uint32_t effective, permitted, inheritable;
};
#define CAPS_HEADER ((struct caps_header){0x20080522, 0})

static inline int caps_get(struct caps *c)
{
	struct caps_header h = CAPS_HEADER;
	struct caps_half d[2] = {{0}};
	int r = (int)sys_call2(SYS_capget, &h, d);

	c->effective = d[0].effective | (uint64_t)d[1].effective << 32;
	c->permitted = d[0].permitted | (uint64_t)d[1].permitted << 32;
	c->inheritable = d[0].inheritable | (uint64_t)d[1].inheritable << 32;
	return r;
}

static inline int caps_set(const struct caps *c)
{
	struct caps_header h = CAPS_HEADER;
	struct caps_half d[2] = {
		{(uint32_t)c->effective, (uint32_t)c->permitted, (uint32_t)c->inheritable},
		{(uint32_t)(c->effective >> 32), (uint32_t)(c->permitted >> 32), (uint32_t)(c->inheritable >> 32)},
	};

	return (int)sys_call2(SYS_capset, &h, d);
}

#endif
