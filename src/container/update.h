/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_UPDATE_H
#define ENVIRO_CONTAINER_UPDATE_H

/* The limits of a container that runs, changed. */

#include "base/error.h"
#include "container/container.h"

struct update_options {
	const char *resources;                       /* a file with linux.resources as JSON, "-" for stdin; NULL: */
	const struct oci_linux_resources *values;    /* these */
	const char *l3_cache_schema, *mem_bw_schema; /* lines for the container's resctrl group; NULL: as they are */
};

/* What is not given stays as it is, and so does what is 0 where 0 is no limit of its own (memory, shares, quota,
 * period, weight). All or nothing: values are checked before any is written, and what was written is put back when
 * another is refused. "container not running" for one that has stopped. */
int container_update(const struct context *x, const char *id, const struct update_options *o, struct error *err);

#endif
