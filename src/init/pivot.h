/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_INIT_PIVOT_H
#define ENVIRO_INIT_PIVOT_H

#include "init/init.h"

/* hostmounts.c: takes every whole procfs and sysfs out of this mount namespace that is not below the rootfs, or covers
 * it with an empty tmpfs where it is locked. While one is left, the kernel lets the container mount a new one without
 * the masks. */
int hide_host_mounts(struct init *in, struct error *err);

#endif
