/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CLI_METRICS_H
#define ENVIRO_CLI_METRICS_H

/* The forms in which `metrics` prints. */

#include "cli/text.h"
#include "perf/metrics.h"

/* "container_memory" for the last one; what it counts: "nanoseconds" or "bytes". */
const char *metrics_histogram_name(unsigned id);
const char *metrics_histogram_unit(unsigned id);
/* "verb", "phase", "wait", "plugin", "memory" */
const char *metrics_histogram_kind(unsigned id);

/* For people; sparks: with the shape of each histogram, in UTF-8. What was never seen is left out. */
void metrics_table(struct text *t, const struct metrics *m, bool sparks);
/* One object on a line. */
void metrics_json(struct text *t, const struct metrics *m);
/* OpenMetrics 1.0 that is text format 0.0.4 of Prometheus at the same time. */
void metrics_openmetrics(struct text *t, const struct metrics *m);

#endif
