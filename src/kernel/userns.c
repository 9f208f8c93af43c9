/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/userns.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file.h"
#include "base/str.h"

/* The first one is the only one with this map. */
static bool has_first_map(void)
{
	char map[128];
	uint64_t v[3] = {0};
	size_t n = 0;

	if (file_read_small(AT_FDCWD, "/proc/self/uid_map", map, sizeof(map)) <= 0)
		return true;
	for (char *p = map; *p && n < 3;) {
		if (*p < '0' || *p > '9') {
			p++;
			continue;
		}
		for (; *p >= '0' && *p <= '9'; p++)
			v[n] = v[n] * 10 + (uint64_t)(*p - '0');
		n++;
	}
	return n == 3 && v[0] == 0 && v[1] == 0 && v[2] == UINT32_MAX;
}

bool userns_is_first(void)
{
	static enum { UNKNOWN, FIRST, OTHER } known;

	if (known == UNKNOWN)
		known = has_first_map() ? FIRST : OTHER;
	return known == FIRST;
}

uid_t userns_overflow_uid(void)
{
	char text[16];
	uint32_t uid;

	if (file_read_small(AT_FDCWD, "/proc/sys/kernel/overflowuid", text, sizeof(text)) <= 0 || !str_to_u32(text, &uid))
		return 65534;
	return uid;
}
