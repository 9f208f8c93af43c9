/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_JAIL_H
#define ENVIRO_CONTAINER_JAIL_H

/* The calling process gives up, for good, all but reading and writing what it has open: no_new_privs, Landlock without
 * a single rule, and a filter that answers EPERM to every system call but those of relay_child.c. What of it the kernel does
 * not have is left out. */
void jail_enter(void);

#endif
