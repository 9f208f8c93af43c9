/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/mount.h>

#include "init/mount.h"
#include "init/pivot.h"

enum { DETACH = 2 /* MNT_DETACH */, LINE = 8192 };

/* "36 35 98:0 /root /mount/point options [tags...] - type source options": cut in place. */
struct line {
	char *root, *point, *type;
};

static char *next_field(char **at)
{
	char *s = *at, *end = str_chr(s, ' ');

	*at = end ? end + 1 : s + str_len(s);
	if (end)
		*end = '\0';
	return s;
}

/* mountinfo writes blanks and backslashes as \040. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
			*to++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

static bool parse(char *s, struct line *l)
{
	for (int i = 0; i < 3; i++)
		next_field(&s);
	l->root = next_field(&s);
	l->point = next_field(&s);
	unescape(l->point);
	for (char *f = next_field(&s); !str_eq(f, "-"); f = next_field(&s))
		if (!*f)
			return false;
	l->type = next_field(&s);
	return *l->type;
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = str_len(dir);

	return str_starts(path, dir) && (path[n] == '/' || !path[n]);
}

static int hide(const char *point, struct error *err)
{
	int r = sys_mount(NULL, point, NULL, MS_SLAVE | MS_REC, NULL);

	if (r == -ENOENT || r == -EINVAL) /* went with one above it */
		return 0;
	if (r == 0)
		r = sys_umount2(point, DETACH);
	if (r == -EINVAL || r == -EPERM) /* locked by a user namespace */
		r = sys_mount("tmpfs", point, "tmpfs", 0, NULL);
	return r < 0 ? error_errno(err, r, "hiding the host's %s", point) : 0;
}

/* The kernel keeps the place in the table while what was read of it is unmounted. */
static int hide_all(const char *rootfs, int fd, struct error *err)
{
	static char buf[LINE];
	size_t have = 0;
	long n;

	while ((n = sys_read(fd, buf + have, sizeof(buf) - 1 - have)) > 0) {
		char *at = buf, *end;

		have += (size_t)n;
		buf[have] = '\0';
		while ((end = str_chr(at, '\n'))) {
			struct line l;
			int r;

			*end = '\0';
			if (parse(at, &l) && str_eq(l.root, "/") &&
				(str_eq(l.type, "proc") || str_eq(l.type, "sysfs")) && !is_below(l.point, rootfs)) {
				r = hide(l.point, err);
				if (r < 0)
					return r;
			}
			at = end + 1;
		}
		have -= (size_t)(at - buf);
		for (size_t i = 0; i < have; i++)
			buf[i] = at[i];
		if (have == sizeof(buf) - 1)
			return error_set(err, E2BIG, "mountinfo: a line of more than %d bytes", LINE);
	}
	return n < 0 ? error_errno(err, (int)n, "mountinfo") : 0;
}

/* As mountinfo names it; the plan's path may lead through symbolic links. */
static int rootfs_path(const struct init *in, char *buf, size_t size)
{
	char link[32];
	long n;

	fmt(link, sizeof(link), "/proc/self/fd/%d", in->root);
	n = sys_call4(SYS_readlinkat, -1, link, buf, size - 1);
	if (n < 0)
		return (int)n;
	buf[n] = '\0';
	return 0;
}

int hide_host_mounts(struct init *in, struct error *err)
{
	char rootfs[PATH_MAX];
	int fd = sys_openat(-1, "/proc/self/mountinfo", O_RDONLY | O_CLOEXEC, 0), r = fd;

	if (r >= 0)
		r = rootfs_path(in, rootfs, sizeof(rootfs));
	if (r < 0)
		error_errno(err, r, "/proc/self/mountinfo");
	else
		r = hide_all(rootfs, fd, err);
	if (fd >= 0)
		(void)sys_close(fd);
	return r;
}
