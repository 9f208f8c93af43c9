/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_RELAY_CHILD_H
#define ENVIRO_CONTAINER_RELAY_CHILD_H

/* Whatever a container sends to the runtime is read by a child that can do nothing else (container/jail.h): the
 * terminal's output, passed on to our standard output, and the notify socket, of which no more than "ready" comes to
 * us. */

#include <sys/types.h>

#include "base/error.h"

enum { RELAY_CHILD_LOST = 2 }; /* its exit status when nobody read the terminal's output to its end */

struct relay_child {
	pid_t pid; /* 0: none */
	int sock;  /* can be read when the container has said that it is ready (relay_child_ready); or -1 */
};

#define RELAY_CHILD_INIT ((struct relay_child){.sock = -1})

/* console: master of the terminal, notify: the sd_notify socket; or -1. Ends with us. */
int relay_child_begin(struct relay_child *r, int console, int notify, struct error *err);
/* 1: the container is ready. 0: the relay has ended, and sock is not to be asked again. */
int relay_child_ready(struct relay_child *r);
/* The container's process has ended: what its terminal still holds is passed on, then the relay ends. Does not wait. */
void relay_child_finish(struct relay_child *r);
/* To be called once the relay was reaped. */
void relay_child_gone(struct relay_child *r);
/* Ends it at once and reaps it. */
void relay_child_stop(struct relay_child *r);

#define _cleanup_relay_child_ __attribute__((cleanup(relay_child_stop)))

#endif
