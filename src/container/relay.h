/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_RELAY_H
#define ENVIRO_CONTAINER_RELAY_H

/* One direction between two descriptors, for a loop that polls: who does not read holds only this direction. */

#include <poll.h>
#include <stdbool.h>

#include "base/pool.h"

struct relay {
	int from, to; /* borrowed; from -1: over */
	int again;    /* `to` opened again so that it does not block, or -1; owned */
	bool socket, blocks;
	struct buffer b;
	size_t at, n; /* what has been read and not written yet */
};
#define RELAY_INIT ((struct relay){.from = -1, .to = -1, .again = -1})

/* 0 or -ENOMEM. */
int relay_begin(struct relay *r, int from, int to);
/* What it waits for. */
struct pollfd relay_poll(const struct relay *r);
/* Moves what can be moved now. */
void relay_step(struct relay *r);
/* Moves what is there to be read, as long as the reader takes something every 10 s. -ETIMEDOUT: it did not. */
int relay_drain(struct relay *r);
void relay_done(struct relay *r);
#define _cleanup_relay_ __attribute__((cleanup(relay_done)))

#endif
