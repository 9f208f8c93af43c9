/* SPDX-License-Identifier: Apache-2.0 */
#include "container/criu_descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "container/criu.h"

#define NAME "descriptors.json"

enum { FILE_MAX = 64 * 1024, MOUNTS_MAX = 64 << 20, STANDARD = 3, MEMORY_DEVICES = 1 };

/* Whether the mount with this id is one of the process's. */
static bool has_mount(const char *mounts, uint64_t id)
{
	for (const char *line = mounts; *line;) {
		const char *end = strchrnul(line, '\n');

		if (strtoull(line, NULL, 10) == id)
			return true;
		line = *end ? end + 1 : end;
	}
	return false;
}

static uint64_t mount_of(pid_t pid, int fd)
{
	char path[64], text[1024], *line;

	fmt(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)pid, fd);
	line = file_read_small(AT_FDCWD, path, text, sizeof(text)) > 0 ? strstr(text, "mnt_id:\t") : NULL;
	return line ? strtoull(line + 8, NULL, 10) : 0;
}

/* A file that is on none of the container's mounts, as CRIU calls it: false when it is none. Terminals and sockets have
 * ways of their own. */
static bool outer_file(pid_t pid, int fd, const char *path, const char *mounts, char *ret, size_t n)
{
	uint64_t id = mount_of(pid, fd);
	struct stat st;

	if (!id || stat(path, &st) < 0 || has_mount(mounts, id))
		return false;
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode) &&
		!(S_ISCHR(st.st_mode) && major(st.st_rdev) == MEMORY_DEVICES))
		return false;
	snprintf(ret, n, "file[%llx:%llx]", (unsigned long long)id, (unsigned long long)st.st_ino);
	return true;
}

/* What a descriptor is; "" where that is of no use later, as it is with a path. */
static void find_name(struct criu_message *m, pid_t pid, int fd, const char *mounts, char *ret, size_t n)
{
	char path[64], link[PATH_MAX];
	ssize_t len;

	fmt(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
	len = readlink(path, link, sizeof(link) - 1);
	link[len < 0 ? 0 : len] = '\0';
	ret[0] = '\0';
	if (str_starts(link, "pipe:") || str_starts(link, "socket:"))
		str_copy(ret, n, link);
	else if (outer_file(pid, fd, path, mounts, ret, n))
		criu_put_text(m, CRIU_EXTERNAL, ret);
}

int criu_descriptors_write(struct criu_message *m, int dir, pid_t pid, struct error *err)
{
	_cleanup_buffer_ struct buffer mounts = BUFFER_INIT;
	char path[64], names[STANDARD][128], text[512];
	size_t len;
	int r;

	fmt(path, sizeof(path), "/proc/%d/mountinfo", (int)pid);
	r = file_load_at(AT_FDCWD, path, MOUNTS_MAX, &mounts, &len, err);
	if (r < 0)
		return r;
	for (int i = 0; i < STANDARD; i++)
		find_name(m, pid, i, mounts.data, names[i], sizeof(names[i]));
	len = fmt(text, sizeof(text), "[\"%s\",\"%s\",\"%s\"]", names[0], names[1], names[2]);
	return file_replace_at(dir, NAME, text, len, 0600, err);
}

static void put_descriptor(struct criu_message *m, const char *key, int fd)
{
	_cleanup_message_ struct criu_message inherited = CRIU_MESSAGE_INIT;

	criu_put_text(&inherited, 1, key);
	criu_put_number(&inherited, 2, (uint64_t)fd);
	criu_put_message(m, CRIU_INHERIT_FD, &inherited);
}

int criu_put_descriptors(struct criu_message *m, int dir, struct error *err)
{
	_cleanup_buffer_ struct buffer text = BUFFER_INIT;
	size_t len;
	char *p, *end;
	int r = file_load_at(dir, NAME, FILE_MAX, &text, &len, err);

	if (r < 0)
		return error_prefix(err, "--image-path");
	p = text.data;
	for (int i = 0; i < STANDARD && (p = strchr(p, '"')); i++, p = end + 1) {
		end = strchr(++p, '"');
		if (!end)
			return error_set(err, EBADMSG, "--image-path: " NAME ": not an array of strings");
		*end = '\0';
		if (str_starts(p, "pipe:") || str_starts(p, "file["))
			put_descriptor(m, p, i);
	}
	return 0;
}
