/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_KERNEL_USERNS_H
#define ENVIRO_KERNEL_USERNS_H

/* The user namespace we are in. */

#include <stdbool.h>
#include <sys/types.h>

/* Whether it is the first one, the host's. Without /proc it is taken to be. Asked for once: we
 * stay in it. */
bool userns_is_first(void);

/* What an id that is not mapped looks like. */
uid_t userns_overflow_uid(void);

#endif
