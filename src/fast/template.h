/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_FAST_TEMPLATE_H
#define ENVIRO_FAST_TEMPLATE_H

/* Templates of mount namespaces. A new mount namespace is a copy of the one its maker is in, so that it costs what the
 * host has mounts. A template is a mount namespace that holds nothing but an empty, read-only tmpfs; who makes a new
 * one from inside it copies that and nothing else. It is kept by a bind of its nsfs file ("pin") below TEMPLATE_DIR,
 * which only the mount namespace that made it sees: each has its own. It belongs to no container and to no state root.
 */

#include "base/error.h"

#define TEMPLATE_DIR "/run/enviro-oci/@templates"

/* The template of this mount namespace, made where it is missing: an fd for setns(CLONE_NEWNS). Single-threaded callers
 * only. Any negative errno, with the reason in err, means: go without. -EAGAIN: somebody is making it at this moment.
 */
int template_open(struct error *err);

/* Takes the pins of this mount namespace away; containers that came from one are not touched. 0 where there is none. */
int template_clear(struct error *err);

/* ---- template_make.c ---- */
/* A new mount namespace with an empty, read-only root, made by a child: an fd of it. cpu: the child runs there, -1:
 * anywhere. */
int template_make(int cpu, struct error *err);

#endif
