/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

static ssize_t read_retry(int fd, void *buf, size_t n)
{
	ssize_t r;

	do
		r = read(fd, buf, n);
	while (r < 0 && errno == EINTR);
	return r;
}

int file_read_fd(struct arena *a, int fd, const char *what, size_t max, char **ret, size_t *ret_len, struct error *err)
{
	size_t cap = 4096, len = 0;
	struct stat st;
	char *buf;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		if ((size_t)st.st_size > max)
			return error_set(err, EFBIG, "read: %s: larger than %zu bytes", what, max);
		cap = (size_t)st.st_size + 2;
	}
	buf = arena_alloc(a, cap);
	while (buf) {
		ssize_t r = read_retry(fd, buf + len, cap - 1 - len);

		if (r < 0)
			return error_errno(err, errno, "read: %s", what);
		len += (size_t)r;
		if (len > max)
			return error_set(err, EFBIG, "read: %s: larger than %zu bytes", what, max);
		if (r == 0) {
			buf[len] = '\0';
			*ret = buf;
			if (ret_len)
				*ret_len = len;
			return 0;
		}
		if (len == cap - 1) {
			char *more = arena_alloc(a, cap * 2);

			if (more)
				memcpy(more, buf, len);
			buf = more;
			cap *= 2;
		}
	}
	return error_errno(err, ENOMEM, "read: %s", what);
}

int file_read_at(struct arena *a, int dirfd, const char *path, size_t max, char **ret, size_t *ret_len, struct error *err)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return error_errno(err, errno, "open: %s", path);
	return file_read_fd(a, fd, path, max, ret, ret_len, err);
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
