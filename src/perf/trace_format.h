/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_PERF_TRACE_FORMAT_H
#define ENVIRO_PERF_TRACE_FORMAT_H

/* The trace-event format as tables: one description for what is written and what is read. */

#include "libocispec-lite/table.h"

struct trace_args {
	char *name; /* of metadata: the process's or thread's */
	bool has_step;
	uint32_t step; /* of init's spans: the number of the plan's step */
};

struct trace_event {
	char *name, *cat, *ph;
	bool has_ts, has_dur, has_pid, has_tid;
	struct oci_decimal ts, dur; /* microseconds */
	int64_t pid, tid;
	struct trace_args *args;
};

struct trace_file {
	struct trace_event *events;
	size_t events_len;
	char *unit;	       /* "ns" or "ms", for who shows it */
	struct oci_map *other; /* about the whole */
};

extern const struct oci_type trace_file_type;

#endif
