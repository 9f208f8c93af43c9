/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_KERNEL_SIGNALS_H
#define ENVIRO_KERNEL_SIGNALS_H

/* Signals as a new program expects them. */

#include "kernel/sys.h"

/* Every disposition back to the default, for exec keeps SIG_IGN (callers ignore SIGPIPE), and nothing blocked. */
static inline void signals_reset(void)
{
	/* a kernel sigaction: handler, flags, restorer and mask, on every architecture not more than this */
	const unsigned long all_default[4] = {0}, none = 0;

	for (int sig = 1; sig <= 64; sig++)
		(void)sys_call4(SYS_rt_sigaction, sig, all_default, 0, 8); /* SIGKILL and SIGSTOP answer EINVAL */
	(void)sys_call4(SYS_rt_sigprocmask, 2 /* SIG_SETMASK */, &none, 0, 8);
}

#endif
