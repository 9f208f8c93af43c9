/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CLI_ENTRY_H
#define ENVIRO_CLI_ENTRY_H

/* What `state` and `list --format json` say of a container: the specification's state, and what runc has beside it. */

#include "base/arena.h"
#include "base/error.h"
#include "container/container.h"

/* owner: a user's name; indent: as for oci_table_write. The errors are that function's. */
int entry_json(const struct container *c, const char *owner, const char *indent, struct arena *a, char **ret,
	size_t *ret_len, struct error *err);

#endif
