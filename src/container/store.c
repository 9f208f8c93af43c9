/* SPDX-License-Identifier: Apache-2.0 */
#include "container/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

static bool id_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '+' ||
	       c == '-' || c == '.';
}

int container_check_id(const char *id, struct error *err)
{
	size_t n = strlen(id);
	bool good = n > 0 && n <= NAME_MAX && strcmp(id, ".") != 0 && strcmp(id, "..") != 0;

	for (size_t i = 0; good && i < n; i++)
		good = id_char(id[i]);
	if (!*id)
		return error_set(err, EINVAL, "container id cannot be empty");
	return good ? 0 : error_set(err, EINVAL, "invalid container ID format: %s", id);
}

static int make_parents(const char *path, struct error *err)
{
	char part[PATH_MAX];

	if (str_copy(part, sizeof(part), path) != strlen(path))
		return error_errno(err, ENAMETOOLONG, "state root: %s", path);
	for (char *p = part + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(part, 0711) < 0 && errno != EEXIST)
			return error_errno(err, errno, "state root: %s", part);
		*p = '/';
	}
	return 0;
}

int store_open_root(const struct context *x, bool make, struct error *err)
{
	_cleanup_close_ int fd = open(x->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 && errno == ENOENT && make) {
		r = make_parents(x->root, err);
		if (r < 0)
			return r;
		if (mkdir(x->root, 0700) < 0 && errno != EEXIST)
			return error_errno(err, errno, "state root: %s", x->root);
		fd = open(x->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		return errno == ENOENT ? -ENOENT : error_errno(err, errno, "state root: %s", x->root);
	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "state root: %s", x->root);
	/* whoever can write here can make a state of any content; the sticky bit (root of /tmp, engines' test set-ups)
	 * does not keep others from adding to it */
	if (st.st_uid != geteuid() || (st.st_mode & 022))
		return error_set(err, EPERM, "state root: %s: must belong to uid %u and be writable by nobody else", x->root,
			(unsigned)geteuid());
	return TAKE_FD(fd);
}

/* -ENOENT without a message when there is none. */
static int open_dir(int root, const char *id, struct error *err)
{
	_cleanup_close_ int fd = openat(root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : error_errno(err, errno, "state directory: %s", id);
	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "state directory: %s", id);
	if (st.st_uid != geteuid() || (st.st_mode & 022))
		return error_set(err, EPERM, "state directory: %s: does not belong to uid %u alone", id, (unsigned)geteuid());
	return TAKE_FD(fd);
}

/* -ENOENT without a message: somebody took it for a remnant before it was locked. */
static int make_dir(const struct context *x, int root, const char *id, struct error *err)
{
	int r;

	if (mkdirat(root, id, 0700) < 0) {
		if (errno == EEXIST)
			return error_set(err, EEXIST, "container with given ID already exists: %s", id);
		return error_errno(err, errno, "state directory: %s/%s", x->root, id);
	}
	_cleanup_close_ int fd = open_dir(root, id, err);
	r = fd < 0 ? fd : store_lock(fd, err);
	if (r == 0 && store_gone(fd))
		r = -ENOENT;
	if (r < 0 && r != -ENOENT) /* then the name may be another's by now */
		(void)unlinkat(root, id, AT_REMOVEDIR);
	return r < 0 ? r : TAKE_FD(fd);
}

int store_create(const struct context *x, const char *id, struct error *err)
{
	int r = container_check_id(id, err);
	_cleanup_close_ int root = r < 0 ? -1 : store_open_root(x, true, err);

	if (root < 0)
		return r < 0 ? r : root;
	for (int tries = 0; tries < 8; tries++) {
		r = make_dir(x, root, id, err);
		if (r != -ENOENT)
			return r;
	}
	return error_set(err, EBUSY, "state directory: %s/%s: is removed as often as it is made", x->root, id);
}

int store_open(const struct context *x, const char *id, struct error *err)
{
	int r = container_check_id(id, err);
	_cleanup_close_ int root = r < 0 ? -1 : store_open_root(x, false, err);
	int fd = root < 0 ? root : open_dir(root, id, err);

	if (r < 0)
		return r;
	return fd == -ENOENT ? error_set(err, ENOENT, "container does not exist: %s", id) : fd;
}

bool store_try_lock(int dir)
{
	return flock(dir, LOCK_EX | LOCK_NB) == 0;
}

void store_unlock(int dir)
{
	(void)flock(dir, LOCK_UN);
}

bool store_gone(int dir)
{
	struct stat st;

	return fstat(dir, &st) == 0 && st.st_nlink == 0;
}

bool store_locked(int dir)
{
	if (flock(dir, LOCK_SH | LOCK_NB) < 0)
		return errno == EWOULDBLOCK;
	(void)flock(dir, LOCK_UN);
	return false;
}

/* Takes fd over, which may be negative: -errno. Two levels are all that a state directory has; deeper ones are somebody
 * else's and left. */
static int empty_dir(int fd, bool deeper)
{
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int r = 0;

	if (!d) {
		r = -errno;
		fd_close(&fd);
		return r;
	}
	rewinddir(d);
	while ((e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, e->d_name, 0) == 0 || errno == ENOENT)
			continue;
		r = -errno;
		if (r == -EISDIR && deeper) {
			r = empty_dir(openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), false);
			if (r == 0 && unlinkat(fd, e->d_name, AT_REMOVEDIR) < 0)
				r = -errno;
		}
		if (r < 0)
			break;
	}
	closedir(d);
	return r;
}

int store_remove(const struct context *x, const char *id, int dir, struct error *err)
{
	int r = empty_dir(fcntl(dir, F_DUPFD_CLOEXEC, 3), true);
	_cleanup_close_ int root = store_open_root(x, false, err); /* one descriptor at a time: there may be few */

	if (root < 0)
		return root == -ENOENT ? 0 : root;
	/* by its name only as long as it has one: nobody else takes it away under our lock */
	if (r == 0 && !store_gone(dir) && unlinkat(root, id, AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = -errno;
	return r < 0 ? error_errno(err, r, "removing the state directory: %s/%s", x->root, id) : 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int store_ids(const struct context *x, struct arena *a, char ***ret, size_t *n, struct error *err)
{
	_cleanup_close_ int root = store_open_root(x, false, err);
	size_t len = 0, cap = 0;
	char **ids = NULL;
	struct dirent *e;
	int fd;
	DIR *d;

	*ret = NULL;
	*n = 0;
	if (root < 0)
		return root == -ENOENT ? 0 : root;
	fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d)
		return error_errno(err, errno, "state root: %s", x->root);
	while ((e = readdir(d))) {
		if (e->d_type != DT_DIR || container_check_id(e->d_name, NULL) < 0)
			continue;
		if (len == cap) {
			char **more = arena_array(a, cap ? cap * 2 : 16, sizeof(*more));

			if (more && len)
				memcpy(more, ids, len * sizeof(*more));
			ids = more;
			cap = cap ? cap * 2 : 16;
		}
		if (ids)
			ids[len] = arena_strdup(a, e->d_name);
		if (!ids || !ids[len]) {
			closedir(d);
			return error_errno(err, ENOMEM, "state root");
		}
		len++;
	}
	closedir(d);
	if (len)
		qsort(ids, len, sizeof(*ids), by_name);
	*ret = ids;
	*n = len;
	return 0;
}
