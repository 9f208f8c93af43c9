/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <linux/time_types.h>

#include "init/mount.h"

/* The tree belongs to the image: names may be exchanged while it is read, so every object is opened once, without
 * following links, and asked what it is. Size and number are limited by the tmpfs it goes into, depth here. */
enum { MAX_DEPTH = 64, BUFFER = 65536, XATTR_LIST = 4096, XATTR_VALUE = 65536 };

struct dirent64 { /* getdents64(2) */
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

/* The entries of the directories that are open, one buffer a level. */
struct level {
	int from, to;
	size_t at, have;
	char entries[1024] __attribute__((aligned(8)));
};
static struct level levels[MAX_DEPTH];
static char buffer[BUFFER];

static int stat_of(int fd, struct statx *st)
{
	return (int)sys_call5(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, st);
}

static int copy_data(int from, int to)
{
	long n;

	while ((n = sys_read(from, buffer, sizeof(buffer))) > 0)
		for (long done = 0; done < n;) {
			long w = sys_write(to, buffer + done, (size_t)(n - done));

			if (w < 0)
				return (int)w;
			done += w;
		}
	return (int)n;
}

/* What a tmpfs does not take (other file systems' own names) is left behind. */
static int copy_xattrs(int from, int to)
{
	static char names[XATTR_LIST], value[XATTR_VALUE];
	long n = sys_call3(SYS_flistxattr, from, names, sizeof(names));

	for (const char *name = names; n > 0 && name < names + n; name += str_len(name) + 1) {
		long len = sys_call4(SYS_fgetxattr, from, name, value, sizeof(value));
		long r = len < 0 ? len : sys_call5(SYS_fsetxattr, to, name, value, len, 0);

		if (r < 0 && r != -ENODATA && r != -EOPNOTSUPP && r != -EPERM)
			return (int)r;
	}
	return n < 0 && n != -EOPNOTSUPP ? (int)n : 0;
}

/* Owner, mode and times, in the order in which one does not undo the other. `to` is open for reading or writing. */
static int copy_attributes(int to, const struct statx *st)
{
	struct __kernel_timespec t[2] = {
		{st->stx_atime.tv_sec, st->stx_atime.tv_nsec}, {st->stx_mtime.tv_sec, st->stx_mtime.tv_nsec}};
	int r = (int)sys_call3(SYS_fchown, to, st->stx_uid, st->stx_gid);

	if (r >= 0)
		r = (int)sys_call2(SYS_fchmod, to, st->stx_mode & 07777);
	if (r >= 0)
		r = (int)sys_call4(SYS_utimensat, to, NULL, t, 0);
	return r;
}

static int copy_file(int dir, int to_dir, const char *name)
{
	struct statx st;
	int from = sys_openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0), to = -1;
	int r = from < 0 ? from : stat_of(from, &st);

	if (r >= 0 && (st.stx_mode & S_IFMT) != S_IFREG)
		r = -ESTALE;
	if (r >= 0)
		r = to = sys_openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (r >= 0)
		r = copy_data(from, to);
	if (r >= 0)
		r = copy_xattrs(from, to);
	if (r >= 0)
		r = copy_attributes(to, &st);
	if (from >= 0)
		(void)sys_close(from);
	if (to >= 0)
		(void)sys_close(to);
	return r;
}

static int copy_symlink(int dir, int to_dir, const char *name, const struct statx *st)
{
	long n = sys_call4(SYS_readlinkat, dir, name, buffer, sizeof(buffer) - 1);
	int r = (int)n;

	if (n >= 0) {
		buffer[n] = '\0';
		r = (int)sys_call3(SYS_symlinkat, buffer, to_dir, name);
	}
	if (r >= 0)
		r = (int)sys_call5(SYS_fchownat, to_dir, name, st->stx_uid, st->stx_gid, AT_SYMLINK_NOFOLLOW);
	return r;
}

/* Fifos, sockets, device nodes. */
static int copy_node(int to_dir, const char *name, const struct statx *st)
{
	unsigned dev = (st->stx_rdev_minor & 0xffu) | st->stx_rdev_major << 8 | (st->stx_rdev_minor & ~0xffu) << 12;
	long umask = sys_call1(SYS_umask, 0);
	int r = (int)sys_call4(SYS_mknodat, to_dir, name, st->stx_mode, dev);

	(void)sys_call1(SYS_umask, umask);
	if (r >= 0)
		r = (int)sys_call5(SYS_fchownat, to_dir, name, st->stx_uid, st->stx_gid, AT_SYMLINK_NOFOLLOW);
	return r;
}

static int open_level(struct level *l, int dir, int to_dir, const char *name)
{
	const int how = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int r = 0;

	*l = (struct level){.from = sys_openat(dir, name, how, 0), .to = -1};
	if (l->from < 0)
		return l->from;
	if (!str_eq(name, "."))
		r = (int)sys_call3(SYS_mkdirat, to_dir, name, 0700);
	if (r >= 0)
		r = l->to = sys_openat(to_dir, name, how, 0);
	if (r < 0)
		(void)sys_close(l->from);
	return r < 0 ? r : 0;
}

/* Attributes come last: a directory may be read-only, and its times change with every entry. */
static int close_level(struct level *l, bool attributes)
{
	struct statx st;
	int r = attributes ? stat_of(l->from, &st) : 0;

	if (attributes && r >= 0)
		r = copy_xattrs(l->from, l->to);
	if (attributes && r >= 0)
		r = copy_attributes(l->to, &st);
	(void)sys_close(l->from);
	(void)sys_close(l->to);
	return r;
}

/* The next entry of a directory but "." and "..": NULL at its end, or with *r a negative errno. */
static const char *next_entry(struct level *l, int *r)
{
	for (;;) {
		struct dirent64 *d;

		if (l->at >= l->have) {
			long n = sys_call3(SYS_getdents64, l->from, l->entries, sizeof(l->entries));

			*r = n < 0 ? (int)n : 0;
			if (n <= 0)
				return NULL;
			l->have = (size_t)n;
			l->at = 0;
		}
		d = (struct dirent64 *)(void *)(l->entries + l->at);
		l->at += d->reclen;
		if (!str_eq(d->name, ".") && !str_eq(d->name, ".."))
			return d->name;
	}
}

/* Copies one entry; a directory becomes a new level instead (*depth). */
static int copy_entry(struct level *l, const char *name, unsigned *depth)
{
	struct statx st;
	int r = (int)sys_call5(SYS_statx, l->from, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &st);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	switch (st.stx_mode & S_IFMT) {
	case S_IFDIR:
		if (*depth + 1 == MAX_DEPTH)
			return -ELOOP;
		r = open_level(&levels[*depth + 1], l->from, l->to, name);
		*depth += r >= 0;
		return r;
	case S_IFREG:
		return copy_file(l->from, l->to, name);
	case S_IFLNK:
		return copy_symlink(l->from, l->to, name, &st);
	default:
		return copy_node(l->to, name, &st);
	}
}

int copy_up(int from, int to, struct error *err)
{
	unsigned depth = 0;
	const char *name = ".";
	int r = open_level(&levels[0], from, to, ".");

	if (r < 0)
		return error_errno(err, r, "tmpcopyup");
	for (;;) {
		name = next_entry(&levels[depth], &r);
		if (name)
			r = copy_entry(&levels[depth], name, &depth);
		if (r < 0)
			break;
		if (name)
			continue;
		r = close_level(&levels[depth], depth > 0);
		if (depth-- == 0 || r < 0)
			break;
	}
	if (r < 0)
		error_errno(err, r, "tmpcopyup: %s", name ? name : "directory");
	for (unsigned i = 0; r < 0 && depth < MAX_DEPTH && i <= depth; i++)
		(void)close_level(&levels[i], false);
	return r < 0 ? r : 0;
}
