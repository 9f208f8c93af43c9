/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "base/fd.h"
#include "container/launch.h"

int sync_send_fds(int sock, const struct sync_msg *m, const int *fds, unsigned n)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int) * (SYNC_MAX_FDS + 1))];
	} c;
	struct iovec iov = {(void *)m, sizeof(*m)};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t r;

	if (n > SYNC_MAX_FDS + 1)
		return -E2BIG;
	if (n) {
		h.msg_control = &c;
		/* size_t in glibc, socklen_t in musl */
		h.msg_controllen = (__typeof__(h.msg_controllen))CMSG_SPACE(sizeof(int) * n);
		memset(&c, 0, h.msg_controllen);
		c.header.cmsg_len = (__typeof__(c.header.cmsg_len))CMSG_LEN(sizeof(int) * n);
		c.header.cmsg_level = SOL_SOCKET;
		c.header.cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(&c.header), fds, sizeof(int) * n);
	}
	do
		r = sendmsg(sock, &h, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

int sync_recv_fd(int sock, struct sync_msg *m, int *fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} c = {0};
	struct iovec iov = {m, sizeof(*m)};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c)};
	ssize_t r;

	*fd = -1;
	do
		r = recvmsg(sock, &h, MSG_CMSG_CLOEXEC);
	while (r < 0 && errno == EINTR);
	if (r < 0) /* a reset: it ended without having read what we sent, and has not executed anything then */
		return errno == ECONNRESET ? -EPIPE : -errno;
	if (h.msg_controllen >= CMSG_LEN(sizeof(int)) && c.header.cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(&c.header), sizeof(int));
	if (r >= SYNC_FIRST_SIZE) {
		memset((char *)m + r, 0, sizeof(*m) - (size_t)r);
		m->text[sizeof(m->text) - 1] = '\0';
		return 0;
	}
	fd_close(fd);
	return r == 0 ? -ECONNRESET : -EPROTO;
}

int sync_error(const struct sync_msg *m, struct error *err)
{
	int r = error_set(err, m->value ? m->value : EIO, "%s", m->text);

	err->bare = m->bare;
	return r;
}

void sync_limit(int sock)
{
	const struct timeval t = {.tv_sec = SYNC_ANSWER_S};

	(void)setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
}

/* What init's own hooks may take. */
static uint64_t hooks_s(const struct plan *p)
{
	uint64_t sum = 0;

	for (const struct plan_step *s = plan_first(p); !plan_at_end(p, s); s = plan_next(s)) {
		const struct plan_hook *h = (const struct plan_hook *)s;

		if (s->op == PLAN_OP_HOOK && (h->kind == PLAN_HOOK_CREATE_CONTAINER || h->kind == PLAN_HOOK_START_CONTAINER))
			sum += h->timeout;
	}
	return sum;
}

int sync_recv_answer(int sock, int pidfd, const struct plan *p, struct sync_msg *m, int *fd)
{
	struct pollfd w[] = {{.fd = sock, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
	uint64_t more = p ? 1 + hooks_s(p) / SYNC_ANSWER_S : 0;
	int r;

	*fd = -1;
	do
		r = poll(w, 2, SYNC_ANSWER_S * 1000);
	while ((r == 0 && more--) || (r < 0 && errno == EINTR));
	if (r <= 0)
		return r < 0 ? -errno : -ETIMEDOUT;
	if (!w[0].revents && poll(w, 1, 0) == 0) /* its last word may have come in between */
		return -ECONNRESET;
	return sync_recv_fd(sock, m, fd);
}

int sync_await_exec(int sock, const struct plan *p, struct sync_msg *m, struct error *err)
{
	int fd, r = sync_recv_answer(sock, -1, p, m, &fd);

	fd_close(&fd);
	if (r == -ECONNRESET)
		return 0;
	if (r == 0 && m->type == SYNC_TIMES)
		return 1;
	if (r == 0 && m->type == SYNC_ERROR)
		return sync_error(m, err);
	return error_errno(err, r < 0 ? r : -EPROTO, "start: talking to init");
}
