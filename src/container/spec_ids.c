/* SPDX-License-Identifier: Apache-2.0 */
#include "container/spec_ids.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"

enum { FILE_MAX = 1 << 20, IDS_MIN = 65536 };

uint32_t spec_ids_find(char *text, uint32_t first)
{
	char *line;

	while (first && (line = strsep(&text, "\n"))) {
		const char *name = strsep(&line, ":"), *from = strsep(&line, ":");
		uint32_t start, n;

		if ((str_eq(name, "root") || str_eq(name, "0")) && line && str_to_u32(from, &start) &&
			str_to_u32(line, &n) && start == first && n >= IDS_MIN && n <= UINT32_MAX - start)
			return n;
	}
	return 0;
}

static uint32_t find_in(struct arena *a, const char *path, uint32_t first)
{
	struct error none;
	char *text;

	return file_read_at(a, AT_FDCWD, path, FILE_MAX, &text, NULL, &none) < 0 ? 0 : spec_ids_find(text, first);
}

bool spec_ids_of_root(struct arena *a, uint32_t uid, uint32_t gid, struct spec_ids *ret)
{
	ret->uids = find_in(a, "/etc/subuid", uid);
	ret->gids = find_in(a, "/etc/subgid", gid);
	return ret->uids && ret->gids;
}
