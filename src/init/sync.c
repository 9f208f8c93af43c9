/* SPDX-License-Identifier: Apache-2.0 */
#include "init/init.h"

#include <errno.h>
#include <sys/socket.h>

#include "kernel/signals.h"

/* SCM_RIGHTS carries ints behind a header; the union gives it its alignment. */
union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int) * (SYNC_MAX_FDS + 1))];
};

static void close_all(const int *fds, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		(void)sys_close(fds[i]);
}

int sync_send(int sock, const struct sync_msg *m, const int *fds, unsigned n)
{
	static union control c;
	struct iovec iov = {(void *)m, sizeof(*m)};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};
	long r;

	if (n > SYNC_MAX_FDS + 1)
		return -E2BIG;
	if (n) {
		h.msg_control = &c;
		/* size_t in glibc, socklen_t in musl */
		h.msg_controllen = (__typeof__(h.msg_controllen))CMSG_SPACE(sizeof(int) * n);
		c.header = (struct cmsghdr){.cmsg_len = (__typeof__(c.header.cmsg_len))CMSG_LEN(sizeof(int) * n),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS};
		__builtin_memcpy(CMSG_DATA(&c.header), fds, sizeof(int) * n);
	}
	do /* without descriptors plain write(2): the container's filter lets it through when any call */
		r = n ? sys_call3(SYS_sendmsg, sock, &h, MSG_NOSIGNAL) : sys_write(sock, m, sizeof(*m));
	while (r == -EINTR);
	return r < 0 ? (int)r : 0;
}

int sync_recv(int sock, struct sync_msg *m, int *fds, unsigned *n)
{
	static union control c;
	struct iovec iov = {m, sizeof(*m)};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c)};
	unsigned got = 0, max = n ? *n : 0;
	long r;

	do
		r = sys_call3(SYS_recvmsg, sock, &h, MSG_CMSG_CLOEXEC);
	while (r == -EINTR);
	if (n)
		*n = 0;
	if (r < 0)
		return (int)r;
	if (h.msg_controllen >= sizeof(struct cmsghdr) && c.header.cmsg_type == SCM_RIGHTS &&
		c.header.cmsg_level == SOL_SOCKET) {
		const int *data = (const int *)(const void *)CMSG_DATA(&c.header);

		got = (unsigned)((c.header.cmsg_len - CMSG_LEN(0)) / sizeof(int));
		if (got > max || (h.msg_flags & MSG_CTRUNC)) {
			close_all(data, got);
			return -EPROTO;
		}
		for (unsigned i = 0; i < got; i++)
			fds[i] = data[i];
	}
	if (n)
		*n = got;
	if (r == 0)
		return -ECONNRESET; /* the other side has gone */
	if (r < SYNC_FIRST_SIZE || m->n_slots > SYNC_MAX_FDS) {
		close_all(fds, got);
		return -EPROTO;
	}
	__builtin_memset((char *)m + r, 0, sizeof(*m) - (size_t)r);
	m->text[sizeof(m->text) - 1] = '\0';
	return 0;
}

/* Stores fds by the slots that the packet names. */
static int take_slots(struct init *in, const struct sync_msg *m, const int *fds, unsigned n)
{
	if (n != m->n_slots) {
		close_all(fds, n);
		return -EPROTO;
	}
	for (unsigned i = 0; i < n; i++) {
		if (m->slots[i] >= PLAN_MAX_SLOTS)
			return -EPROTO;
		in->slots[m->slots[i]] = fds[i];
	}
	return 0;
}

void init_time(struct init *in, uint32_t what, bool more)
{
	uint32_t room = more ? SYNC_MAX_TIMES / 2 : SYNC_MAX_TIMES;
	uint64_t now = sys_ticks(), mask = (1ULL << SYNC_TIME_BITS) - 1;

	if (now < in->times[0]) /* another CPU's may be behind */
		now = in->times[0];
	if (in->n_times < room && what <= SYNC_TIME_WAIT)
		in->times[in->n_times++] = (uint64_t)what << SYNC_TIME_BITS | ((now - in->times[0]) & mask);
}

void init_begin_times(struct init *in, uint64_t now)
{
	in->times[0] = now;
	in->n_times = 1;
}

void init_put_times(struct init *in, struct sync_msg *m)
{
	m->n_slots = in->n_times;
	for (uint32_t i = 0; i < in->n_times; i++)
		m->times[i] = in->times[i];
	init_begin_times(in, sys_ticks());
}

static int wait_go(struct init *in)
{
	static struct sync_msg m;
	static int fds[SYNC_MAX_FDS];
	int r;

	init_time(in, SYNC_TIME_WAIT, false);
	do {
		unsigned n = SYNC_MAX_FDS;

		r = sync_recv(in->sync, &m, fds, &n);
		if (r == 0 && m.type != SYNC_GO)
			r = -EPROTO;
		if (r == 0)
			r = take_slots(in, &m, fds, n);
	} while (r == 0 && m.value);
	init_time(in, in->step, false);
	return r;
}

int init_wait_go(struct init *in, struct error *err)
{
	int r = wait_go(in);

	return r < 0 ? error_errno(err, r, "talking to the runtime") : 0;
}

int init_ask(struct init *in, uint32_t type, int32_t value, struct error *err)
{
	static struct sync_msg m;
	int r;

	m.type = type;
	m.value = value;
	if (type == SYNC_READY)
		init_put_times(in, &m);
	r = sync_send(in->sync, &m, NULL, 0);
	if (r == 0)
		r = wait_go(in);
	return r < 0 ? error_errno(err, r, "talking to the runtime") : 0;
}

int init_receive_plan(struct init *in)
{
	static struct sync_msg m;
	static int fds[SYNC_MAX_FDS + 1];
	unsigned n = SYNC_MAX_FDS + 1;
	int r;

	for (unsigned i = 0; i < PLAN_MAX_SLOTS; i++)
		in->slots[i] = -1;
	r = sync_recv(in->sync, &m, fds, &n);
	if (r < 0)
		return r;
	if (m.type != SYNC_PLAN || n < 1)
		return -EPROTO;
	in->without = m.value;
	r = take_slots(in, &m, fds + 1, n - 1);
	return r < 0 ? r : fds[0];
}

int step_sync(struct init *in, const struct plan_step *s, struct error *err)
{
	(void)s;
	return in->without & SYNC_WITHOUT_NAMESPACES ? 0 : init_ask(in, SYNC_NAMESPACES, 0, err);
}

enum { MAX_FAILURES = 16 };

/* `start` connects; a caller that goes away without SYNC_GO has changed nothing. */
static int wait_start(struct init *in, int listener, struct error *err)
{
	static struct sync_msg m;

	for (int failures = 0;;) {
		int conn = (int)sys_call4(SYS_accept4, listener, 0, 0, SOCK_CLOEXEC);

		if (conn < 0) { /* what is short now may be there the next time */
			if (conn != -EINTR && ++failures == MAX_FAILURES)
				return error_errno(err, conn, "waiting for start");
			continue;
		}
		if (sync_recv(conn, &m, NULL, NULL) == 0 && m.type == SYNC_GO) {
			in->start = conn;
			in->start_version = m.version;
			(void)sys_close(listener);
			return 0;
		}
		(void)sys_close(conn);
	}
}

int step_ready(struct init *in, const struct plan_step *s, struct error *err)
{
	static struct sync_msg m;
	int listener = init_slot(in, SLOT_START), r;

	(void)s;
	if (in->sys_mount > 0) /* all masks are done */
		(void)sys_close(in->sys_mount);
	in->sys_mount = 0;
	/* From here on the container outlives the runtime. */
	(void)sys_prctl(1 /* PR_SET_PDEATHSIG */, 0, 0, 0, 0);
	if (listener < 0 && !(in->without & SYNC_WITHOUT_GO))
		return init_ask(in, SYNC_READY, 0, err);
	m.type = SYNC_READY;
	init_put_times(in, &m);
	r = sync_send(in->sync, &m, NULL, 0);
	if (r < 0)
		return error_errno(err, r, "talking to the runtime");
	if (listener < 0)
		return 0;
	(void)sys_close(in->sync);
	in->sync = -1;
	signals_end();
	return wait_start(in, listener, err);
}
