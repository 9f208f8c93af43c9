/* SPDX-License-Identifier: Apache-2.0 */
#include "container/relay_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/poison.h"
#include "container/jail.h"
#include "container/notify.h"
#include "container/relay.h"
#include "fast/config.h"
#include "kernel/sys.h"

/* All that the child has open besides the standard streams. */
enum { SOCK = 3, CONSOLE, NOTIFY, END };

static _Noreturn POISON_STAYS void serve(struct relay *out, struct relay *in, bool notify)
{
	for (;;) {
		struct pollfd p[] = {
			{.fd = SOCK, .events = POLLIN},
			relay_poll(out),
			relay_poll(in),
			{.fd = notify ? NOTIFY : -1, .events = POLLIN},
		};

		if (poll(p, sizeof(p) / sizeof(p[0]), -1) < 0) {
			if (errno == EINTR)
				continue;
			_exit(1);
		}
		if (p[1].revents)
			relay_step(out);
		if (p[2].revents)
			relay_step(in);
		if (p[3].revents && notify_take(NOTIFY))
			(void)send(SOCK, "", 1, MSG_NOSIGNAL);
		/* what the process wrote before it ended is still in its terminal */
		if (p[0].revents)
			_exit(relay_drain(out) == -ETIMEDOUT ? RELAY_CHILD_LOST : 0);
	}
}

/* fds[i] becomes SOCK + i, and nothing else is left but the standard streams. */
static int only(int fds[END - SOCK])
{
	for (int i = 0; i < END - SOCK; i++)
		if (fds[i] >= 0 && (fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, END)) < 0)
			return -errno;
	for (int i = 0; i < END - SOCK; i++)
		if (fds[i] < 0)
			close(SOCK + i);
		else if (dup2(fds[i], SOCK + i) < 0)
			return -errno;
	return sys_close_range(END, ~0U, 0);
}

/* Both directions of a terminal; nothing where there is none. */
static int begin_relays(struct relay *out, struct relay *in)
{
	int r = fcntl(CONSOLE, F_SETFL, O_NONBLOCK) < 0 ? -errno : relay_begin(out, CONSOLE, STDOUT_FILENO);

	return r < 0 ? r : relay_begin(in, STDIN_FILENO, CONSOLE);
}

static _Noreturn POISON_STAYS void child(int sock, int console, int notify, pid_t parent)
{
	struct relay out = RELAY_INIT, in = RELAY_INIT;
	int fds[] = {sock, console, notify};

	(void)prctl(PR_SET_NAME, "enviro-oci:relay", 0, 0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent || only(fds) < 0 || (console >= 0 && begin_relays(&out, &in) < 0))
		_exit(1);
	if (config_get()->jail)
		jail_enter();
	serve(&out, &in, notify >= 0);
}

int relay_child_begin(struct relay_child *r, int console, int notify, struct error *err)
{
	pid_t parent = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(err, errno, "relay of the container's output");
	r->pid = fork();
	if (r->pid == 0)
		child(pair[1], console, notify, parent);
	close(pair[1]);
	r->sock = pair[0];
	if (r->pid < 0) {
		r->pid = 0;
		fd_close(&r->sock);
		return error_errno(err, errno, "relay of the container's output");
	}
	return 0;
}

int relay_child_ready(struct relay_child *r)
{
	char c;
	ssize_t n = recv(r->sock, &c, 1, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		fd_close(&r->sock);
	return n > 0;
}

void relay_child_finish(struct relay_child *r)
{
	if (r->sock >= 0)
		(void)shutdown(r->sock, SHUT_WR);
}

void relay_child_gone(struct relay_child *r)
{
	r->pid = 0;
	fd_close(&r->sock);
}

void relay_child_stop(struct relay_child *r)
{
	if (r->pid) {
		(void)kill(r->pid, SIGKILL);
		while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	relay_child_gone(r);
}
