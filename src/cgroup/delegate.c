/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "cgroup/internal.h"

/* What the kernel says may be given away, one name a line (4.15); before it said so, these. */
#define DELEGATE "/sys/kernel/cgroup/delegate"
#define DELEGATE_OLD "cgroup.procs\ncgroup.subtree_control\ncgroup.threads"

int cgroup_delegate(const struct cgroup *cg, uid_t owner, struct error *err)
{
	int i = cgroup_find_v2(cg);
	char names[4096], *save = NULL;
	const struct cgroup_dir *d;

	if (cg->mode != CGROUP_MODE_V2 || i == CGROUP_NO_DIR || cg->d[i].fd < 0)
		return 0;
	d = &cg->d[i];
	if (file_read_small(AT_FDCWD, DELEGATE, names, sizeof(names)) < 0)
		str_copy(names, sizeof(names), DELEGATE_OLD);
	if (fchownat(d->fd, "", owner, (gid_t)-1, AT_EMPTY_PATH) < 0)
		return error_errno(err, errno, "cgroup: giving %s to user %u", d->path, owner);
	for (const char *name = strtok_r(names, "\n", &save); name; name = strtok_r(NULL, "\n", &save)) {
		if (strchr(name, '/') || fchownat(d->fd, name, owner, (gid_t)-1, AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		if (errno != ENOENT) /* the file of a controller that is not enabled here */
			return error_errno(err, errno, "cgroup: giving %s/%s to user %u", d->path, name, owner);
	}
	return 0;
}
