/* SPDX-License-Identifier: Apache-2.0 */
#include "container/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/wait.h"

enum { SIZE = 64 * 1024, BLOCKING_STEP = 256, PATIENCE_MS = 10000 };

/* O_NONBLOCK belongs to the open file, which others may use, too: a pipe or terminal is opened again. Where that cannot be
 * done (a terminal of another user) little is written at a time, and only when poll says that there is room. */
static void find_writer(struct relay *r)
{
	char path[32];
	struct stat st;

	if (fstat(r->to, &st) < 0)
		return;
	r->socket = S_ISSOCK(st.st_mode);
	r->blocks = S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode);
	if (!r->blocks || (fcntl(r->to, F_GETFL) & O_NONBLOCK)) {
		r->blocks = false;
		return;
	}
	fmt(path, sizeof(path), "/proc/self/fd/%d", r->to);
	r->again = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	r->blocks = r->again < 0;
}

int relay_begin(struct relay *r, int from, int to)
{
	*r = RELAY_INIT;
	if (pool_get(SIZE, &r->b) < 0)
		return -ENOMEM;
	r->from = from;
	r->to = to;
	find_writer(r);
	return 0;
}

struct pollfd relay_poll(const struct relay *r)
{
	if (r->n)
		return (struct pollfd){.fd = r->to, .events = POLLOUT};
	return (struct pollfd){.fd = r->from, .events = POLLIN};
}

static void end(struct relay *r)
{
	r->from = -1;
	r->n = 0;
}

static bool may_come(void)
{
	return errno == EINTR || errno == EAGAIN;
}

static void write_out(struct relay *r)
{
	size_t n = r->blocks && r->n > BLOCKING_STEP ? BLOCKING_STEP : r->n;
	const char *p = r->b.data + r->at;
	ssize_t did = r->socket ? send(r->to, p, n, MSG_DONTWAIT | MSG_NOSIGNAL)
				: write(r->again >= 0 ? r->again : r->to, p, n);

	if (did < 0) {
		if (!may_come())
			end(r);
		return;
	}
	r->at += (size_t)did;
	r->n -= (size_t)did;
}

void relay_step(struct relay *r)
{
	ssize_t n;

	if (!r->n) {
		n = read(r->from, r->b.data, r->b.size);
		if (n <= 0) {
			if (n == 0 || !may_come())
				end(r);
			return;
		}
		r->at = 0;
		r->n = (size_t)n;
		if (r->blocks)
			return;
	}
	write_out(r);
}

int relay_drain(struct relay *r)
{
	while (r->from >= 0) {
		const struct pollfd p = relay_poll(r);
		int wait = wait_fd(p.fd, p.events, r->n ? PATIENCE_MS : 0);

		if (wait < 0)
			return r->n ? wait : 0;
		relay_step(r);
	}
	return 0;
}

void relay_done(struct relay *r)
{
	fd_close(&r->again);
	(void)pool_put(&r->b);
}
