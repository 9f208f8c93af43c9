/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_EXEC_PROCESS_H
#define ENVIRO_CONTAINER_EXEC_PROCESS_H

#include "container/container.h"
#include "plan/plan.h"

/* The process that exec is to run: --process as it is, or the container's own, by its plan, with what the options change.
 * What either leaves out plan_compile_exec takes from the plan. Strings of the plan stay where they are. */
int exec_process(const struct plan *own, const struct exec_options *o, struct arena *a, struct oci_process **ret,
	struct error *err);

/* Where the listener of the container's filter goes: listenerPath and listenerMetadata. */
int exec_seccomp(const struct plan *own, struct oci_linux_seccomp *ret, struct error *err);

#endif
