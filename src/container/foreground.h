/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_FOREGROUND_H
#define ENVIRO_CONTAINER_FOREGROUND_H

/* Staying with a process: signals are passed on to it, its terminal is relayed to ours (by a child of its own:
 * container/relay_child.h), orphans are reaped. */

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

#include "base/error.h"
#include "container/relay_child.h"

struct context;

struct foreground {
	int signals;	 /* signalfd for all signals, or -1 */
	sigset_t before; /* the mask to restore */
	int tty;	 /* our terminal while it is raw, or -1 */
	struct relay_child relay;
	struct termios cooked;
	/* Whose metrics are saved when the process has stayed for a moment; NULL: nobody's. One that ends before costs one
	 * look at the file, not two. */
	const struct context *counts;
};
#define FOREGROUND_INIT ((struct foreground){.signals = -1, .tty = -1, .relay = RELAY_CHILD_INIT})

/* Before the process is made: from here on no signal is lost. subreaper: what it orphans comes to us. */
int foreground_begin(struct foreground *f, bool subreaper, struct error *err);
/* Our terminal becomes raw and `console` (the master of the process's; -1: nothing is done) gets its size: before the
 * process runs. */
void foreground_attach(struct foreground *f, int console);
/* Waits for the end of child `pid`; returns its exit status (128 + signal). console: master of its terminal, notify: its
 * sd_notify socket (container/notify.h), or -1. */
int foreground_wait(struct foreground *f, pid_t pid, int pidfd, int console, int notify, struct error *err);
/* Restores mask and terminal, and ends the relay. */
void foreground_end(struct foreground *f);
#define _cleanup_foreground_ __attribute__((cleanup(foreground_end)))

#endif
