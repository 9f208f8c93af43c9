/* SPDX-License-Identifier: Apache-2.0 */
#include "init/process.h"

#include <errno.h>

#include "kernel/pty.h"

int step_session(struct init *in, const struct plan_step *s, struct error *err)
{
	int r = (int)sys_call0(SYS_setsid);

	if (r == -EPERM && sys_call1(SYS_getsid, 0) == sys_call0(SYS_getpid))
		r = 0; /* we lead one */
	if (r < 0)
		return error_errno(err, r, "setsid");
	if (!((const struct plan_session *)s)->terminal)
		return 0;
	r = pty_set_controlling(in->console);
	if (r < 0)
		return error_errno(err, r, "controlling terminal");
	for (int fd = 0; fd < 3; fd++) {
		r = (int)sys_call3(SYS_dup3, in->console, fd, 0);
		if (r < 0)
			return error_errno(err, r, "terminal as fd %d", fd);
	}
	(void)sys_close(in->console);
	in->console = -1;
	return 0;
}
