/* SPDX-License-Identifier: Apache-2.0 */
#include "container/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"

/* A long path is reached through a fd of its directory. */
static int socket_address(const char *path, struct sockaddr_un *a, int *dir)
{
	char copy[PATH_MAX];
	const char *slash = strrchr(path, '/');

	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) < sizeof(a->sun_path)) {
		str_copy(a->sun_path, sizeof(a->sun_path), path);
		return 0;
	}
	if (!slash || (size_t)(slash - path) >= sizeof(copy))
		return -ENAMETOOLONG;
	str_copy(copy, (size_t)(slash - path) + 1, path);
	*dir = open(copy, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*dir < 0)
		return -errno;
	if (fmt(a->sun_path, sizeof(a->sun_path), "/proc/self/fd/%d%s", *dir, slash) >= sizeof(a->sun_path) - 1)
		return -ENAMETOOLONG;
	return 0;
}

enum { PEER_S = 10 };

/* connect(2) waits while the listener has as many waiting as it wants, sending while nobody reads. */
static void limit_waits(int sock)
{
	const struct timeval t = {.tv_sec = PEER_S};

	(void)setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
}

static int socket_errno(void)
{
	return errno == EAGAIN ? -ETIMEDOUT : -errno;
}

int engine_connect(const char *what, const char *path, struct error *err)
{
	_cleanup_close_ int dir = -1;
	_cleanup_close_ int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un a;
	int r = sock < 0 ? -errno : socket_address(path, &a, &dir);

	if (r == 0) {
		limit_waits(sock);
		r = connect(sock, (struct sockaddr *)&a, sizeof(a)) < 0 ? socket_errno() : 0;
	}
	return r < 0 ? error_errno(err, r, "%s: %s", what, path) : TAKE_FD(sock);
}

int engine_send_fd(const char *what, int sock, int fd, const void *data, size_t len, struct error *err)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} c = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	struct iovec iov = {(void *)data, len};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c)};
	ssize_t r;

	memcpy(CMSG_DATA(&c.header), &fd, sizeof(fd));
	do
		r = sendmsg(sock, &h, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return error_errno(err, socket_errno(), "%s: send", what);
	if ((size_t)r == len)
		return 0;
	r = fd_write_all(sock, (const char *)data + r, len - (size_t)r);
	return r < 0 ? error_errno(err, r == -EAGAIN ? -ETIMEDOUT : (int)r, "%s: send", what) : 0;
}

int engine_hand_over(const char *what, const char *path, int fd, const char *text, struct error *err)
{
	_cleanup_close_ int sock = engine_connect(what, path, err);

	return sock < 0 ? sock : engine_send_fd(what, sock, fd, text, strlen(text), err);
}

int engine_write_pid(const char *path, pid_t pid, struct error *err)
{
	char text[16];
	size_t n = fmt(text, sizeof(text), "%d", (int)pid);
	int r = file_replace_at(AT_FDCWD, path, text, n, 0644, err);

	return r < 0 ? error_prefix(err, "pid file") : 0;
}

uint32_t engine_listen_fds(void)
{
	const char *fds = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	uint32_t n, p;

	if (!fds || !pid || !str_to_u32(fds, &n) || !str_to_u32(pid, &p) || p != (uint32_t)getpid())
		return 0;
	return n;
}

int engine_check_fds(uint32_t n, struct error *err)
{
	if (n > 4096)
		return error_set(err, EINVAL, "--preserve-fds: %u is too many", n);
	for (uint32_t fd = 3; fd < 3 + n; fd++) {
		int flags = fcntl((int)fd, F_GETFD);

		if (flags < 0 || flags & FD_CLOEXEC) /* what came with us is not; this one is our own (the log, say) */
			return error_set(err, EBADF, "--preserve-fds: file descriptor %u is not open", fd);
	}
	return 0;
}
