/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_PERF_TRACE_H
#define ENVIRO_PERF_TRACE_H

/* Traces: what happened when in one invocation, as a file in the trace-event format (a JSON object with "traceEvents"),
 * which Perfetto and chrome://tracing open. Used of the format are complete events ("X") and the metadata ("M") that
 * names processes and threads; times are microseconds of CLOCK_MONOTONIC with three decimals. */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "perf/span.h"

/* The category of spans in which nothing is done but to wait. */
#define TRACE_WAIT "wait"
/* … and of those that are not ours: hooks and agents. */
#define TRACE_PLUGIN "plugin"

struct trace_span {
	const char *name, *category;
	int64_t start, length; /* ns */
	const struct trace_span *up; /* whose part it is; NULL: of none */
	unsigned depth;		     /* of how many spans it is a part */
	bool joined;		     /* whoever draws it has made it a part of one before it */
};

/* A thread. The spans stand in the order of their start, each in front of its parts. */
struct trace_track {
	const char *process, *thread; /* names */
	int64_t pid, tid;
	struct trace_span *spans;
	size_t n;
};

struct trace {
	struct trace_track *tracks; /* in the order in which they are in the file */
	size_t n;
	int64_t start, end; /* ns, of all spans together */
};

/* ---- writing (trace_write.c) ---- */

/* Opens the file that trace_write is to fill; what it has in it is kept until then. Errors: those of open(2). */
int trace_open(const char *path, struct error *err);
/* The process behind a track, where that is not this one. */
void trace_set_pid(enum span_track track, int pid);
/* Writes all spans so far (perf/span.h), within one called `whole` that began at `begin` and ends now. Nothing without
 * trace_open. */
int trace_write(const char *whole, uint64_t begin, struct error *err);

/* ---- reading (trace_read.c) ---- */

/* Reads the text of such a file. In all names bytes that are not printable ASCII are '?': whatever draws them need not
 * care. Tracks without spans are left out. -EINVAL: no JSON, no trace, no span in it, or an event of a kind that is not
 * drawn; -EFBIG; -ENOMEM. */
int trace_read(const char *text, size_t len, struct arena *a, struct trace *ret, struct error *err);

/* Adds what another trace has; threads that both have become one. What `more` points to must stay. -ENOMEM. */
int trace_add(struct trace *t, const struct trace *more, struct arena *a, struct error *err);

/* What a track's spans come to, in ns. */
struct trace_sum {
	int64_t total;	 /* in any span */
	int64_t waiting; /* of that in spans of TRACE_WAIT */
	int64_t unnamed; /* of that in a command ("verb"), but in none of its parts */
};
struct trace_sum trace_sum(const struct trace_track *k);

#endif
