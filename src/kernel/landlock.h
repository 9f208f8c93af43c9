/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_KERNEL_LANDLOCK_H
#define ENVIRO_KERNEL_LANDLOCK_H

/* Landlock (Linux 5.13). */

/* The calling thread, and what it makes, opens no path any more and makes, removes or executes none; where the kernel
 * knows of it, no TCP either, and no abstract socket or signal leaves its circle. What is open stays in use.
 * no_new_privs must be set. 0 or a negative errno: -ENOSYS and -EOPNOTSUPP where there is no Landlock. */
int landlock_deny_all(void);

#endif
