/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/if.h>
#include <linux/sockios.h>
#include <sched.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "kernel/sys.h"

enum { LIMIT_S = 30 };

/* Device ioctls work on any socket, also in a kernel without IPv4. */
int netns_loopback_up(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = (int)sys_call3(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), r = fd;

	if (fd >= 0) {
		r = (int)sys_call3(SYS_ioctl, fd, SIOCSIFFLAGS, &lo);
		(void)sys_call1(SYS_close, fd);
	}
	return r;
}

/* On a stack of its own, but with the thread-local storage of the process: no libc, whose errno is there. */
static int make(void *arg)
{
	struct netns_maker *m = arg;
	int r;

	m->begun = sys_ticks();
	r = (int)sys_call1(SYS_unshare, CLONE_NEWNET);
	if (r == 0)
		r = netns_loopback_up();
	if (r == 0)
		r = (int)sys_call4(SYS_openat, AT_FDCWD, "/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC, 0);
	m->result = r;
	m->ended = sys_ticks();
	sys_call1(SYS_exit, 0);
	return 0;
}

/* Not on our own, which may be small; there is one maker at a time. */
static char thread_stack[4096] __attribute__((aligned(16)));

int netns_begin(struct netns_maker *m)
{
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
			  CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;

	m->tid = 1;
	if (clone(make, thread_stack + sizeof(thread_stack), flags, m, &m->tid, NULL, &m->tid) < 0) {
		m->tid = -1;
		return -errno;
	}
	return 0;
}

int netns_take(struct netns_maker *m)
{
	const struct timespec limit = {.tv_sec = LIMIT_S};
	int tid, r = 0;

	if (m->tid < 0)
		return -ENOENT;
	while ((tid = __atomic_load_n(&m->tid, __ATOMIC_ACQUIRE)) > 0 && r != -ETIMEDOUT)
		r = (int)sys_call4(SYS_futex, &m->tid, FUTEX_WAIT, tid, &limit);
	if (tid > 0)
		return -ETIMEDOUT;
	m->tid = -1;
	return m->result;
}

void netns_done(struct netns_maker *m)
{
	int fd = netns_take(m);

	if (fd >= 0)
		close(fd);
}
