/* SPDX-License-Identifier: Apache-2.0 */
#include "init/process.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/sockios.h>
#include <sys/socket.h>

/* Device ioctls work on any socket, also in a kernel without IPv4. A new namespace's lo has no flag worth keeping. */
int step_loopback(struct init *in, const struct plan_step *s, struct error *err)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd, r;

	(void)s;
	if (in->network)
		return 0;
	r = fd = (int)sys_call3(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		r = (int)sys_call3(SYS_ioctl, fd, SIOCSIFFLAGS, &lo);
		(void)sys_close(fd);
	}
	return r < 0 ? error_errno(err, r, "loopback device") : 0;
}
