/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "kernel/sys.h"

enum { DIR_FLAGS = O_PATH | O_DIRECTORY | O_CLOEXEC };

static int check_cgroup(int fd, const struct cgroup_dir *d, const char *otherwise, struct error *err)
{
	struct statfs st;

	if (fstatfs(fd, &st) < 0)
		return error_errno(err, errno, "cgroup: %s", d->path);
	if ((unsigned long)st.f_type == (d->v2 ? CGROUP_V2_MAGIC : CGROUP_V1_MAGIC))
		return 0;
	return error_set(err, EINVAL, "cgroup: %s: %s", d->path, otherwise);
}

static const char *not_in_cgroup(const struct cgroup_dir *d)
{
	return d->v2 ? "not in a cgroup v2 file system" : "not in a cgroup v1 file system";
}

size_t cgroup_mount_len(const struct cgroup_dir *d)
{
	char buf[PATH_MAX];
	struct statfs st;

	if (d->mount_len)
		return d->mount_len;
	for (size_t len = 1; str_copy(buf, sizeof(buf), d->path) >= len; len++) {
		if (buf[len] != '/' && buf[len] != '\0')
			continue;
		buf[len] = '\0';
		if (statfs(buf, &st) == 0 && (unsigned long)st.f_type == (d->v2 ? CGROUP_V2_MAGIC : CGROUP_V1_MAGIC))
			return len;
	}
	return 0;
}

int cgroup_each_level(const struct cgroup_dir *d, int (*fn)(int parent, int child, void *arg), void *arg)
{
	char path[PATH_MAX], *name, *save = NULL;
	size_t len = cgroup_mount_len(d);

	if (!len || str_len(d->path) >= sizeof(path))
		return -ENOENT;
	str_copy(path, len + 1, d->path);
	_cleanup_close_ int parent = open(path, DIR_FLAGS);
	if (parent < 0)
		return -errno;
	str_copy(path, sizeof(path), d->path + len);
	for (name = strtok_r(path, "/", &save); name; name = strtok_r(NULL, "/", &save)) {
		int child = sys_openat2(parent, name, DIR_FLAGS, 0, SYS_RESOLVE_BENEATH | SYS_RESOLVE_NO_SYMLINKS), r;

		if (child < 0)
			return child;
		r = fn(parent, child, arg);
		fd_close(&parent);
		parent = child;
		if (r)
			return r;
	}
	return 0;
}

struct enable {
	const char *names;
	int error;
};

static int enable_step(int parent, int child, void *arg)
{
	struct enable *e = arg;
	char have[1024], name[64], text[1024] = "";

	(void)child;
	if (file_read_small(parent, "cgroup.subtree_control", have, sizeof(have)) < 0)
		have[0] = '\0';
	for (const char *p = e->names; *p; p += *p == ' ') {
		size_t n = strcspn(p, " "), at = str_len(text);

		fmt(name, sizeof(name), "%.*s", (int)n, p);
		if (n && !cgroup_list_has(have, name))
			fmt(text + at, sizeof(text) - at, "%s+%s", at ? " " : "", name);
		p += n;
	}
	if (!*text || file_write_at(parent, "cgroup.subtree_control", text) == 0)
		return 0;
	/* One that cannot be had (cpu beside realtime processes, io in a threaded cgroup) must not cost the others. */
	for (char *p = text; *p;) {
		size_t n = strcspn(p, " ");
		int r;

		fmt(name, sizeof(name), "%.*s", (int)n, p);
		r = file_write_at(parent, "cgroup.subtree_control", name);
		if (r < 0)
			e->error = r;
		p += n + (p[n] == ' ');
	}
	return 0;
}

int cgroup_enable_controllers(const struct cgroup_dir *d, const char *names)
{
	struct enable e = {.names = names};
	int r = cgroup_each_level(d, enable_step, &e);

	return r < 0 ? r : e.error;
}

int cgroup_dir_open(struct cgroup_dir *d, struct error *err)
{
	_cleanup_close_ int fd = sys_openat2(AT_FDCWD, d->path, DIR_FLAGS, 0, SYS_RESOLVE_NO_SYMLINKS);
	int r;

	if (fd == -ENOENT)
		return -ENOENT;
	if (fd < 0)
		return error_errno(err, fd, "cgroup: open: %s", d->path);
	r = check_cgroup(fd, d, not_in_cgroup(d), err);
	if (r < 0)
		return r;
	_cleanup_close_ int parent = openat(fd, "..", DIR_FLAGS);
	if (parent < 0)
		return error_errno(err, errno, "cgroup: open: %s/..", d->path);
	r = check_cgroup(parent, d, "the root cgroup cannot be a container's", err);
	if (r < 0)
		return r;
	fd_close(&d->fd);
	d->fd = TAKE_FD(fd);
	return 0;
}

int cgroup_dir_remove(const struct cgroup_dir *d, struct error *err)
{
	const char *name = strrchr(d->path, '/');
	char above[PATH_MAX];
	size_t len = name ? (size_t)(name - d->path) : 0;
	int r;

	if (!len || len >= sizeof(above))
		return error_set(err, EINVAL, "cgroup: %s: %s", d->path, not_in_cgroup(d));
	str_copy(above, len + 1, d->path);
	_cleanup_close_ int parent = sys_openat2(AT_FDCWD, above, DIR_FLAGS, 0, SYS_RESOLVE_NO_SYMLINKS);
	if (parent < 0)
		return parent == -ENOENT ? -ENOENT : error_errno(err, parent, "cgroup: open: %s", above);
	r = check_cgroup(parent, d, not_in_cgroup(d), err);
	if (r < 0)
		return r;
	if (unlinkat(parent, name + 1, AT_REMOVEDIR) == 0)
		return 0;
	return errno == EBUSY || errno == ENOENT ? -errno : error_errno(err, errno, "cgroup: remove: %s", d->path);
}

int cgroup_open(struct cgroup *cg, struct error *err)
{
	for (size_t i = 0; i < cg->n; i++) {
		int r = cg->d[i].fd >= 0 ? 0 : cgroup_dir_open(&cg->d[i], err);

		if (r < 0 && r != -ENOENT)
			return r;
	}
	return 0;
}

int cgroup_open_freezer(struct cgroup *cg, struct error *err)
{
	int i = cgroup_find(cg, "freezer"), r;

	r = i == CGROUP_NO_DIR || cg->d[i].fd >= 0 ? 0 : cgroup_dir_open(&cg->d[i], err);
	return r == -ENOENT ? 0 : r;
}

void cgroup_close(struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++)
		fd_close(&cg->d[i].fd);
}

static bool has_children(int dirfd)
{
	struct stat st;

	/* kernfs counts sub-directories in the links: most cgroups have none, and need no reading */
	return fstat(dirfd, &st) < 0 || st.st_nlink != 2;
}

/* The next sub-cgroup; NULL at the end. */
static const char *next_child(DIR *dir)
{
	struct dirent *e;

	while ((e = readdir(dir)))
		if (e->d_type == DT_DIR && !str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			return e->d_name;
	return NULL;
}

/* 1 and a directory to read, 0 when there is nothing in it to be read, or -errno. */
static int open_dir(int dirfd, DIR **ret)
{
	int fd;

	*ret = NULL;
	if (!has_children(dirfd))
		return 0;
	fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret = fdopendir(fd);
	if (*ret)
		return 1;
	close(fd);
	return -ENOMEM;
}

int cgroup_first_child(int dirfd, char *name, size_t n)
{
	const char *child;
	DIR *dir;
	int r = open_dir(dirfd, &dir);

	if (!dir)
		return r;
	child = next_child(dir);
	if (child)
		str_copy(name, n, child);
	closedir(dir);
	return child != NULL;
}

/* The names of all sub-cgroups, each in the arena: so that one fd a level is enough to go down. */
static int child_names(int dirfd, struct arena *a, char ***ret, size_t *ret_n)
{
	size_t n = 0, cap = 0;
	const char *child;
	char **names = NULL;
	DIR *dir;
	int r = open_dir(dirfd, &dir);

	*ret_n = 0;
	if (!dir)
		return r;
	while ((child = next_child(dir))) {
		if (n == cap) {
			char **more = arena_array(a, cap = cap ? cap * 2 : 16, sizeof(*more));

			if (more && n)
				memcpy(more, names, n * sizeof(*names));
			names = more;
		}
		if (!names || !(names[n++] = arena_strdup(a, child)))
			break;
	}
	closedir(dir);
	if (child)
		return -ENOMEM;
	*ret = names;
	*ret_n = n;
	return 0;
}

int cgroup_walk(int dirfd, struct arena *a, int (*fn)(int dirfd, struct arena *a, void *arg), void *arg)
{
	int r = fn(dirfd, a, arg);
	char **names = NULL;
	size_t n = 0;

	if (r == 0)
		r = child_names(dirfd, a, &names, &n);
	for (size_t i = 0; i < n && r == 0; i++) {
		_cleanup_close_ int child = openat(dirfd, names[i], DIR_FLAGS | O_NOFOLLOW);

		r = child < 0 ? -errno : cgroup_walk(child, a, fn, arg);
		if (r == -ENOENT || r == -ENODEV)
			r = 0;
	}
	return r;
}
