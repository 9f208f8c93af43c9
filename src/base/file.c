/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/wait.h"

static ssize_t read_retry(int fd, void *buf, size_t n)
{
	ssize_t r;

	do
		r = read(fd, buf, n);
	while (r < 0 && errno == EINTR);
	return r;
}

enum { FIRST_READ = 64 * 1024, SILENCE_MS = 10000 };

/* What has no writer yet reads as empty: that one comes is waited for, too. */
static bool waits_for_writer(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) && fcntl(fd, F_GETFL) & O_NONBLOCK;
}

/* `first`: nothing has been read yet. */
static ssize_t read_limited(int fd, void *buf, size_t n, bool first)
{
	for (;;) {
		ssize_t r = read_retry(fd, buf, n);

		if (r > 0 || (r < 0 && errno != EAGAIN) || (r == 0 && !(first && waits_for_writer(fd))))
			return r < 0 ? -errno : r;
		first = false;
		r = wait_fd(fd, POLLIN, SILENCE_MS);
		if (r < 0)
			return r;
	}
}

/* A larger buffer with what the first `len` bytes hold. */
static int grow(struct buffer *b, size_t len)
{
	struct buffer more;

	if (pool_get(b->size * 2, &more) < 0)
		return -ENOMEM;
	memcpy(more.data, b->data, len);
	pool_put(b);
	*b = more;
	return 0;
}

int file_load_fd(int fd, const char *what, size_t max, struct buffer *ret, size_t *ret_len, struct error *err)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT;
	size_t len = 0;
	ssize_t r = pool_get(FIRST_READ, &b);

	while (r == 0) {
		r = read_limited(fd, b.data + len, b.size - 1 - len, !len);
		if (r < 0)
			return error_errno(err, (int)r, "read: %s", what);
		len += (size_t)r;
		if (len > max)
			return error_set(err, EFBIG, "read: %s: larger than %zu bytes", what, max);
		if (r == 0) {
			b.data[len] = '\0';
			*ret = b;
			*ret_len = len;
			b = BUFFER_INIT;
			return 0;
		}
		r = len == b.size - 1 ? grow(&b, len) : 0;
	}
	return error_errno(err, ENOMEM, "read: %s", what);
}

int file_load_at(int dirfd, const char *path, size_t max, struct buffer *ret, size_t *ret_len, struct error *err)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return error_errno(err, errno, "open: %s", path);
	return file_load_fd(fd, path, max, ret, ret_len, err);
}

static int keep(struct arena *a, const struct buffer *b, size_t len, const char *what, char **ret, size_t *ret_len,
	struct error *err)
{
	*ret = arena_strndup(a, b->data, len);
	if (!*ret)
		return error_errno(err, ENOMEM, "read: %s", what);
	if (ret_len)
		*ret_len = len;
	return 0;
}

int file_read_fd(struct arena *a, int fd, const char *what, size_t max, char **ret, size_t *ret_len, struct error *err)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT;
	size_t len;
	int r = file_load_fd(fd, what, max, &b, &len, err);

	return r < 0 ? r : keep(a, &b, len, what, ret, ret_len, err);
}

int file_read_at(struct arena *a, int dirfd, const char *path, size_t max, char **ret, size_t *ret_len, struct error *err)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT;
	size_t len;
	int r = file_load_at(dirfd, path, max, &b, &len, err);

	return r < 0 ? r : keep(a, &b, len, path, ret, ret_len, err);
}

int file_read_small(int dirfd, const char *path, char *buf, size_t n)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t r;

	if (fd < 0)
		return -errno;
	r = read_retry(fd, buf, n - 1);
	if (r < 0)
		return -errno;
	while (r > 0 && buf[r - 1] == '\n')
		r--;
	buf[r] = '\0';
	return (int)r;
}

int file_write_at(int dirfd, const char *path, const char *text)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	size_t n = strlen(text);
	ssize_t r;

	if (fd < 0)
		return -errno;
	do
		r = write(fd, text, n);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	return (size_t)r == n ? 0 : -EIO;
}

int fd_write_all(int fd, const void *buf, size_t len)
{
	const char *p = buf;

	while (len) {
		ssize_t r = write(fd, p, len);

		if (r < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		p += r;
		len -= (size_t)r;
	}
	return 0;
}

int file_replace_at(int dirfd, const char *path, const void *data, size_t len, unsigned mode, struct error *err)
{
	char tmp[4096];
	int r;

	if (fmt(tmp, sizeof(tmp), "%s.tmp.%d", path, (int)getpid()) >= sizeof(tmp) - 1)
		return error_errno(err, ENAMETOOLONG, "write: %s", path);
	_cleanup_close_ int fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode & 07777);
	if (fd < 0 && errno == EEXIST) { /* left by a process that had our pid and was killed */
		(void)unlinkat(dirfd, tmp, 0);
		fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode & 07777);
	}
	if (fd < 0)
		return error_errno(err, errno, "create: %s", tmp);
	r = fd_write_all(fd, data, len);
	if (r == 0 && fchmod(fd, mode & 07777) < 0)
		r = -errno;
	if (r == 0 && renameat(dirfd, tmp, dirfd, path) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(dirfd, tmp, 0);
		return error_errno(err, r, "write: %s", path);
	}
	return 0;
}
