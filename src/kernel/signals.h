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

static _Noreturn inline void signals_ended(int sig)
{
	for (;;)
		(void)sys_call1(SYS_exit_group, 128 + sig);
}

/* The first process of a pid namespace ignores what it has no handler for, from its parents' namespaces too: this makes it
 * end of what ends any other process, until it executes another program. */
static inline void signals_end(void)
{
	static const int ending[] = {1 /* SIGHUP */, 2 /* SIGINT */, 3 /* SIGQUIT */, 15 /* SIGTERM */};
	/* SA_RESTORER: asked for on x86-64; never come back to */
	const unsigned long action[4] = {(unsigned long)signals_ended, 0x04000000, (unsigned long)signals_ended, 0};

	for (unsigned i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		(void)sys_call4(SYS_rt_sigaction, ending[i], action, 0, 8);
}

#endif
