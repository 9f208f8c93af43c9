/* SPDX-License-Identifier: Apache-2.0 */
#include "init/inroot.h"

#include <errno.h>
#include <linux/fcntl.h>
#include <linux/limits.h>

#include "base/str.h"
#include "kernel/sys.h"

enum { MAX_LINKS = 40, MAX_TRIES = 128 };

static int walk(int root, const char *path, uint64_t flags, uint64_t resolve)
{
	int r = -EAGAIN;

	/* EAGAIN: a rename or a mount crossed a walk through ".." */
	for (int i = 0; i < MAX_TRIES && (r == -EAGAIN || r == -EINTR); i++)
		r = sys_openat2(root, path, flags | O_CLOEXEC, 0, resolve);
	return r;
}

int inroot_open(int root, const char *path, uint64_t flags)
{
	return walk(root, path, flags, SYS_RESOLVE_IN_ROOT | SYS_RESOLVE_NO_MAGICLINKS);
}

int inroot_open_plain(int root, const char *path, uint64_t flags)
{
	return walk(root, path, flags, SYS_RESOLVE_IN_ROOT | SYS_RESOLVE_NO_SYMLINKS);
}

/* p is "HEAD/NAME/TAIL", NAME begins at `at` and is a symbolic link in dir that leads to nothing: p becomes the path
 * that the link means. */
static int expand(char *p, size_t at, int dir, const char *name)
{
	char link[PATH_MAX], out[PATH_MAX];
	size_t tail = at;
	long n = sys_call4(SYS_readlinkat, dir, name, link, sizeof(link) - 1);

	if (n < 0)
		return (int)n;
	link[n] = '\0';
	while (p[tail] && p[tail] != '/')
		tail++;
	if (link[0] == '/')
		n = (long)fmt(out, sizeof(out), "%s%s", link, p + tail);
	else
		n = (long)fmt(out, sizeof(out), "%.*s%s%s", (int)at, p, link, p + tail);
	if (n >= PATH_MAX - 1)
		return -ENAMETOOLONG;
	str_copy(p, PATH_MAX, out);
	return 0;
}

/* Cuts the last component off p[0..*len), slashes too. */
static void cut(const char *p, size_t *len)
{
	while (*len && p[*len - 1] != '/')
		(*len)--;
	while (*len && p[*len - 1] == '/')
		(*len)--;
}

/* The deepest directory of p that exists: its fd, and the offset of what is missing. */
static int deepest(int root, const char *p, size_t *at)
{
	char head[PATH_MAX];
	size_t len = str_len(p);
	int fd;

	do {
		cut(p, &len);
		str_copy(head, len + 1, p);
		fd = inroot_open(root, len ? head : "/", O_PATH | O_DIRECTORY);
	} while (fd == -ENOENT && len);
	while (p[len] == '/')
		len++;
	*at = len;
	return fd;
}

/* Makes the directories of p from offset `at` on, below dir (which is closed). -EAGAIN: p was changed to go round a
 * dangling link. */
static int make_rest(int dir, char *p, size_t at, unsigned mode)
{
	char name[NAME_MAX + 1];

	while (p[at]) {
		size_t n = 0;
		int next, r;

		while (p[at + n] && p[at + n] != '/')
			n++;
		r = n > NAME_MAX ? -ENAMETOOLONG : 0;
		str_copy(name, r ? 1 : n + 1, p + at);
		if (str_eq(name, "..")) /* of a directory that is not there; it could lead out of the root by now */
			r = -ENOENT;
		next = r ? r : (int)sys_call3(SYS_mkdirat, dir, name, mode);
		if (next == 0 || next == -EEXIST)
			next = sys_openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
		if (next == -ENOTDIR || next == -ELOOP) {
			r = expand(p, at, dir, name);
			next = r == -EINVAL ? -ENOTDIR : r < 0 ? r : -EAGAIN;
		}
		(void)sys_close(dir);
		if (next < 0)
			return next;
		dir = next;
		for (at += n; p[at] == '/'; at++)
			;
	}
	return dir;
}

int inroot_mkdir_p(int root, const char *path, unsigned mode)
{
	char p[PATH_MAX];
	int fd = -EAGAIN;

	if (str_copy(p, sizeof(p), path) >= sizeof(p) - 1)
		return -ENAMETOOLONG;
	for (int i = 0; i < MAX_LINKS && fd == -EAGAIN; i++) {
		size_t at;

		fd = inroot_open(root, p, O_PATH | O_DIRECTORY);
		if (fd != -ENOENT)
			return fd;
		fd = deepest(root, p, &at);
		if (fd >= 0)
			fd = make_rest(fd, p, at, mode);
	}
	return fd == -EAGAIN ? -ELOOP : fd;
}

int inroot_parent(int root, const char *path, bool make, const char **last)
{
	char head[PATH_MAX];
	size_t len = str_len(path);

	if (len >= sizeof(head))
		return -ENAMETOOLONG;
	cut(path, &len);
	str_copy(head, len + 1, path);
	for (*last = path + len; **last == '/'; (*last)++)
		;
	if (!**last || str_eq(*last, "..") || str_eq(*last, "."))
		return -EINVAL;
	return make ? inroot_mkdir_p(root, len ? head : "/", 0755)
		    : inroot_open(root, len ? head : "/", O_PATH | O_DIRECTORY);
}

static bool is_dir(int fd)
{
	int r = sys_openat2(fd, ".", O_PATH | O_CLOEXEC, 0, 0);

	if (r >= 0)
		(void)sys_close(r);
	return r >= 0 || r == -EACCES;
}

int inroot_file(int root, const char *path, unsigned mode)
{
	char p[PATH_MAX];

	if (str_copy(p, sizeof(p), path) >= sizeof(p) - 1)
		return -ENAMETOOLONG;
	for (int i = 0; i < MAX_LINKS; i++) {
		const char *last;
		int fd = inroot_open(root, p, O_PATH), dir, r;

		if (fd >= 0 && is_dir(fd)) {
			(void)sys_close(fd);
			return -EISDIR;
		}
		if (fd != -ENOENT)
			return fd;
		dir = inroot_parent(root, p, true, &last);
		if (dir < 0)
			return dir;
		r = sys_openat(dir, last, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
		if (r >= 0) {
			fd = sys_openat(dir, last, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
			(void)sys_close(r);
		} else if (r == -EEXIST) {
			r = expand(p, (size_t)(last - p), dir, last);
			if (r == -EINVAL) /* somebody made it just now */
				r = 0;
		}
		(void)sys_close(dir);
		if (fd >= 0 || r < 0)
			return fd >= 0 ? fd : r;
	}
	return -ELOOP;
}
