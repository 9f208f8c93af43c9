/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_EXAMINE_H
#define ENVIRO_CONTAINER_EXAMINE_H

/* What create would make of a bundle, and everything that is wrong with it. Nothing is changed. */

#include "container/create.h"
#include "libocispec-lite/findings.h"

/* c: as from CREATION_INIT, its options naming the bundle and the file. Goes as far as it can: c->config is NULL where
 * the file is not JSON; c->plan, compiled for this host, is there only without errors among the findings. Findings: what
 * the reader and the compilers of plan, limits and filter refuse, with their places in the file, sorted; of limits,
 * filter and annotations the first refusal only. Warnings: members and values without effect, and what this host lacks.
 * Errors: the file cannot be read; -ENOMEM. */
int creation_examine(struct creation *c, struct oci_findings *fs, struct error *err);

#endif
