/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CLI_TRACE_H
#define ENVIRO_CLI_TRACE_H

/* Traces as Gantt charts: one line a span, below each other in the order of their start, thread after thread. */

#include <stdbool.h>

#include "cli/text.h"
#include "perf/trace.h"

struct chart_look {
	unsigned columns;
	bool colours; /* by escape sequences */
	bool blocks;  /* bars of block characters in UTF-8, else of '#' and '.' */
};

void trace_chart(struct text *t, const struct trace *trace, const struct chart_look *look);
void trace_svg(struct text *t, const struct trace *trace);

/* ---- what both have in common (trace_axis.c) ---- */

/* Spans of one name that follow upon each other and have no parts become one, "mounts (7)"; the others of them are
 * marked as joined. False: memory ran out. */
bool trace_join(struct trace *trace, struct arena *a);

/* The smallest 1, 2 or 5 times a power of ten that parts `length` ns into at most `most` pieces. */
int64_t trace_tick(int64_t length, unsigned most);
/* "12.5": milliseconds without zeros at the end. */
void trace_tick_text(char *buf, size_t n, int64_t ns);
/* "12.500 ms" */
void trace_length_text(char *buf, size_t n, int64_t ns);
/* "enviro-oci (4711): main: 3.412 ms (waiting 1.204 ms, in no step 0.010 ms)" */
void trace_title(char *buf, size_t n, const struct trace_track *t);
/* Where a time lies on an axis of `width`, rounded down; at most width. */
unsigned trace_place(const struct trace *trace, int64_t at, unsigned width);

enum trace_kind { TRACE_WORK, TRACE_WAITING, TRACE_NOT_OURS };
enum trace_kind trace_kind(const struct trace_span *s);

#endif
