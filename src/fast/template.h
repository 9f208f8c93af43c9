/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_FAST_TEMPLATE_H
#define ENVIRO_FAST_TEMPLATE_H

/* Templates of mount namespaces. A new mount namespace is a copy of the one its maker is in, so that it costs what the
 * host has mounts. A template is a mount namespace that holds next to nothing; who makes a new one from inside it
 * copies that and nothing else. It is kept by a bind of its nsfs file ("pin") below TEMPLATE_DIR, which only the mount
 * namespace that made it sees: each has its own. It belongs to no container and to no state root. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define TEMPLATE_DIR "/run/enviro-oci/@templates"

enum template_kind {
	/* an empty, read-only root */
	TEMPLATE_EMPTY,
	/* For those who go on in a user namespace: the kernel lets them mount proc and sysfs only where they see the
	 * host's, and locks for them only what is in place before. So it has the host's /proc, /sys and /dev as they
	 * were when it was made, and places to attach trees at. */
	TEMPLATE_USER,
	TEMPLATE_KINDS
};
enum { TEMPLATE_PLACES = 256, TEMPLATE_CPUS = 1024 };

/* The path of a place in TEMPLATE_USER's root: n < TEMPLATE_PLACES; a directory, or an empty file. */
const char *template_place(uint32_t n, bool file, char *buf, size_t size);

/* The template of this mount namespace, made where it is missing: an fd for setns(CLONE_NEWNS). Any negative errno,
 * with the reason in err, means: go without. -EAGAIN: somebody is making it at this moment. */
int template_open(enum template_kind kind, struct error *err);

/* Takes the pins of this mount namespace away; containers that came from one are not touched. 0 where there is none. */
int template_clear(struct error *err);

/* ---- template_make.c ---- */
/* A new mount namespace of this kind, made by a child: an fd of it. cpu: the child runs there, -1: anywhere.
 * -ENODEV: that it may not. */
int template_make(enum template_kind kind, int cpu, struct error *err);

#endif
