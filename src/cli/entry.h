/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CLI_ENTRY_H
#define ENVIRO_CLI_ENTRY_H

/* A container as `state` and `list --format json` print it: the state of the specification, with runc's rootfs, created
 * and owner added. */

#include "container/container.h"

/* indent: NULL for one line; else what one level is indented by. */
int entry_json(const struct container *c, const char *indent, struct arena *a, char **ret, size_t *len, struct error *err);

#endif
