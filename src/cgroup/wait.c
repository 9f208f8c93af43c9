/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"

int64_t cgroup_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int cgroup_find_key(char *text, const char *key, uint64_t *ret)
{
	size_t n = str_len(key);
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (str_starts(line, key) && line[n] == ' ' && str_to_u64(line + n + 1, ret))
			return 0;
	return -ENODATA;
}

int cgroup_read_key(int dirfd, const char *file, const char *key, uint64_t *ret)
{
	char text[4096];
	int r = file_read_small(dirfd, file, text, sizeof(text));

	return r < 0 ? r : cgroup_find_key(text, key, ret);
}

int cgroup_wait_event(int dirfd, const char *key, bool value, int64_t deadline_ms)
{
	_cleanup_close_ int fd = openat(dirfd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	char text[256];

	if (fd < 0)
		return errno == ENOENT ? -ENODEV : -errno;
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLPRI};
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
		int64_t left = deadline_ms - cgroup_now_ms();
		uint64_t v = 0;
		int r;

		if (n < 0)
			return -errno;
		text[n] = '\0';
		r = cgroup_find_key(text, key, &v);
		if (r < 0)
			return r;
		if ((v != 0) == value)
			return 0;
		if (left <= 0)
			return -ETIMEDOUT;
		/* kernfs wakes with POLLPRI when the file has changed since it was last read */
		r = poll(&p, 1, left > INT_MAX ? INT_MAX : (int)left);
		if (r < 0 && errno != EINTR)
			return -errno;
	}
}
