/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_EXEC_PROCESS_H
#define ENVIRO_CONTAINER_EXEC_PROCESS_H

#include "container/container.h"

/* The process that exec is to run: --process as it is, or the config's own with what the options change. */
int exec_process(const struct container *c, const struct exec_options *o, struct arena *a, struct oci_process **ret,
	struct error *err);

/* The config.json of the bundle; it must have a process. */
int exec_config(const struct container *c, struct arena *a, struct oci_config **ret, struct error *err);

/* linux.seccomp of the bundle, for its listenerPath. */
int exec_seccomp(const struct container *c, struct arena *a, struct oci_linux_seccomp **ret, struct error *err);

#endif
