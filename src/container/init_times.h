/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_INIT_TIMES_H
#define ENVIRO_CONTAINER_INIT_TIMES_H

/* When init began what (sync_msg.times), as spans of this process. */

#include "perf/span.h"
#include "plan/plan.h"
#include "plan/sync.h"

/* The times of a packet that has just come; c: begun before init, or before init was told to go on. since: sys_ticks()
 * when init was made, 0: it was there before. */
void init_times_add(const struct plan *p, const struct sync_msg *m, struct span_clock *c, uint64_t since);
/* The span of a hook, by its kind (enum plan_hook_kind). */
enum span_id init_times_hook(uint32_t kind);
/* The step that init could not do. */
void init_times_failed(const struct plan *p, uint32_t step);

#endif
