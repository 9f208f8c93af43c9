/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/fds.h"

#include <fcntl.h>
#include <stdint.h>

#include "base/str.h"
#include "kernel/sys.h"

struct dir_entry { /* getdents64(2) */
	uint64_t inode;
	int64_t next;
	uint16_t size;
	uint8_t type;
	char name[];
};

int fds_mark_in(int dir, unsigned first)
{
	static uint64_t buf[512];
	long r = dir;

	while (r >= 0) {
		r = sys_call3(SYS_getdents64, dir, buf, sizeof(buf));
		if (r <= 0)
			break;
		for (long at = 0; at < r;) {
			const struct dir_entry *e = (const struct dir_entry *)(const void *)((const char *)buf + at);
			uint32_t fd;

			if (str_to_u32(e->name, &fd) && fd >= first)
				(void)sys_call3(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
			at += e->size;
		}
	}
	if (dir >= 0)
		(void)sys_close(dir);
	return (int)r;
}

int fds_mark_numbers(unsigned first)
{
	enum { NUMBERS = 4096 }; /* what is open here has been given the lowest ones */

	for (unsigned fd = first; fd < first + NUMBERS; fd++)
		(void)sys_call3(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
	return sys_close_range(first + NUMBERS, ~0U, 0);
}

int fds_mark(unsigned first)
{
	if (sys_close_range(first, ~0U, SYS_CLOSE_RANGE_CLOEXEC) == 0)
		return 0;
	return fds_mark_in(sys_openat(AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), first);
}
