/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_PLAN_PROCESS_H
#define ENVIRO_PLAN_PROCESS_H

/* The parts that plan_check_process and plan_add_process are made of. `p` is the process to run; what an exec's process leaves out is taken from
 * the container's own plan. All add steps, or refuse by JSON path with -EINVAL. */

#include "plan/compile.h"

/* A step of the container's own plan, the first one or the next one behind s; NULL: none, or this is not an exec. */
const struct plan_step *process_own_step(const struct plan_input *in, enum plan_op op, const struct plan_step *s);

/* rlimits.c; hard_only: see struct plan_rlimit */
int process_check_rlimits(struct plan_builder *b, const struct oci_process *p, struct error *err);
void process_add_rlimits(
	struct plan_builder *b, const struct plan_input *in, const struct oci_process *p, bool hard_only);

/* sched.c: execCPUAffinity; SCHEDULER, IO_PRIORITY; the final CPU_AFFINITY; MEMORY_POLICY */
int process_check_affinity(const struct oci_process *p, struct error *err);
int process_add_scheduling(struct plan_builder *b, const struct plan_input *in, const struct oci_process *p,
	struct error *err);
int process_add_memory_policy(struct plan_builder *b, const struct plan_input *in, struct error *err);

/* labels.c: EXEC_LABEL */
int process_add_labels(struct plan_builder *b, const struct plan_input *in, const struct oci_process *p,
	struct error *err);

#endif
