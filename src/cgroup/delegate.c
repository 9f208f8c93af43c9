/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "cgroup/internal.h"

/* What the kernel says may be given away, one name a line (4.15); before it said so, these. */
#define DELEGATE "/sys/kernel/cgroup/delegate"
#define DELEGATE_OLD "cgroup.procs\ncgroup.subtree_control\ncgroup.threads"

static int give(int fd, const char *path, uid_t owner, struct error *err)
{
	char names[4096], *save = NULL;

	if (file_read_small(AT_FDCWD, DELEGATE, names, sizeof(names)) < 0)
		str_copy(names, sizeof(names), DELEGATE_OLD);
	if (fchownat(fd, "", owner, (gid_t)-1, AT_EMPTY_PATH) < 0)
		return error_errno(err, errno, "cgroup: giving %s to user %u", path, owner);
	for (const char *name = strtok_r(names, "\n", &save); name; name = strtok_r(NULL, "\n", &save)) {
		if (strchr(name, '/') || fchownat(fd, name, owner, (gid_t)-1, AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		if (errno != ENOENT) /* the file of a controller that is not enabled here */
			return error_errno(err, errno, "cgroup: giving %s/%s to user %u", path, name, owner);
	}
	return 0;
}

static const struct cgroup_dir *find_open(const struct cgroup *cg)
{
	int i = cgroup_find_v2(cg);

	return cg->mode == CGROUP_MODE_V2 && i != CGROUP_NO_DIR && cg->d[i].fd >= 0 ? &cg->d[i] : NULL;
}

int cgroup_delegate(const struct cgroup *cg, uid_t owner, struct error *err)
{
	const struct cgroup_dir *d = find_open(cg);

	return d ? give(d->fd, d->path, owner, err) : 0;
}

/* All at once or, where one cannot be, none: whoever was given the cgroup sees in cgroup.controllers what is there. */
static void enable_below(int fd)
{
	char have[1024], text[2048] = "", *save = NULL;
	size_t at = 0;

	if (file_read_small(fd, "cgroup.controllers", have, sizeof(have)) <= 0)
		return;
	for (const char *name = strtok_r(have, " \n", &save); name; name = strtok_r(NULL, " \n", &save))
		at += fmt(text + at, sizeof(text) - at, "+%s ", name);
	(void)file_write_at(fd, "cgroup.subtree_control", text);
}

static int open_below(int dir, const char *name)
{
	int fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int cgroup_put_below(const struct cgroup *cg, const char *parent, const char *name, pid_t pid, uid_t owner,
	struct error *err)
{
	const struct cgroup_dir *d = find_open(cg);
	char number[16];
	int r = 0;

	if (!d)
		return error_set(err, EOPNOTSUPP, "\"%s\": the container has no cgroup of version 2", name);
	_cleanup_close_ int above = open_below(d->fd, parent ? parent : ".");
	if (above < 0)
		return error_errno(err, above, "cgroup %s/%s", d->path, parent ? parent : "");
	if (mkdirat(above, name, 0755) < 0 && errno != EEXIST)
		r = -errno;
	_cleanup_close_ int fd = r < 0 ? r : open_below(above, name);
	fmt(number, sizeof(number), "%d", (int)pid);
	r = fd < 0 ? fd : file_write_at(fd, "cgroup.procs", number);
	if (r < 0)
		return error_errno(err, r, "cgroup %s in %s", name, d->path);
	enable_below(above);
	return owner == (uid_t)-1 ? 0 : give(fd, name, owner, err);
}
