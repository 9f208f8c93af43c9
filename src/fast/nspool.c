/* SPDX-License-Identifier: Apache-2.0 */
#include "fast/nspool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "kernel/nsfs.h"

const struct nspool_kind nspool_kinds[NSPOOL_KINDS] = {
	{"net", CLONE_NEWNET},
	{"ipc", CLONE_NEWIPC},
	{"uts", CLONE_NEWUTS},
};

int nspool_open_dir(int root, const char *path)
{
	_cleanup_close_ int fd = openat(root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return errno == ENOTDIR || errno == ELOOP ? -EPERM : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	return st.st_uid == geteuid() && !(st.st_mode & 077) ? TAKE_FD(fd) : -EPERM;
}

void nspool_name(char *buf, const struct nspool_kind *k, uint64_t inode, const char *ending)
{
	fmt(buf, NSPOOL_NAME, "%s-%llu%s", k->name, (unsigned long long)inode, ending);
}

/* The kind of "net-123ENDING", or NULL. */
static const struct nspool_kind *parse(const char *name, const char *ending, uint64_t *inode)
{
	size_t n = strlen(name), end = strlen(ending);
	char number[NSPOOL_NAME];

	if (n >= sizeof(number) || n < end || strcmp(name + n - end, ending) != 0)
		return NULL;
	for (size_t i = 0; i < NSPOOL_KINDS; i++) {
		size_t k = strlen(nspool_kinds[i].name);

		if (strncmp(name, nspool_kinds[i].name, k) != 0 || name[k] != '-' || n - end < k + 1)
			continue;
		memcpy(number, name + k + 1, n - end - k - 1);
		number[n - end - k - 1] = '\0';
		return str_to_u64(number, inode) ? &nspool_kinds[i] : NULL;
	}
	return NULL;
}

/* As getdents64(2) has it. */
struct entry {
	uint64_t inode;
	int64_t next;
	uint16_t size;
	uint8_t type;
	char name[];
};

int nspool_each(int dir, const char *ending,
	int (*each)(int dir, const struct nspool_kind *k, uint64_t inode, void *arg), void *arg)
{
	_Alignas(struct entry) char buf[4096];
	long n;
	int r = 0;

	if (lseek(dir, 0, SEEK_SET) < 0)
		return -errno;
	while (r == 0 && (n = syscall(SYS_getdents64, dir, buf, sizeof(buf))) != 0) {
		if (n < 0)
			return -errno;
		for (long at = 0; r == 0 && at < n;) {
			const struct entry *e = (const struct entry *)(void *)(buf + at);
			uint64_t inode;
			const struct nspool_kind *k = parse(e->name, ending, &inode);

			if (k)
				r = each(dir, k, inode, arg);
			at += e->size;
		}
	}
	return r;
}

static bool belongs_to_us(int ns)
{
	_cleanup_close_ int owner = ioctl(ns, NS_GET_USERNS);
	struct stat theirs, ours;

	return owner >= 0 && fstat(owner, &theirs) == 0 && stat("/proc/self/ns/user", &ours) == 0 &&
	       theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev;
}

int nspool_open_pin(int dir, const struct nspool_kind *k, uint64_t inode)
{
	char name[NSPOOL_NAME];
	struct statfs fs;
	struct stat st;

	nspool_name(name, k, inode, "");
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (fs.f_type != NSFS_MAGIC || st.st_ino != inode || ioctl(fd, NS_GET_NSTYPE) != (int)k->flag)
		return -ENOENT;
	return belongs_to_us(fd) ? TAKE_FD(fd) : -EPERM;
}

void nspool_stamp(const struct nspool_kind *k, char *buf, size_t n)
{
	struct utsname u;

	if (k->flag == CLONE_NEWUTS && uname(&u) == 0)
		fmt(buf, n, "%s\n%s", u.nodename, u.domainname);
	else
		str_copy(buf, n, "-");
}

static bool stamp_is_good(int dir, const char *ticket, const struct nspool_kind *k)
{
	char now[2 * sizeof(struct utsname)], then[sizeof(now)];
	ssize_t n = readlinkat(dir, ticket, then, sizeof(then) - 1);

	if (n < 0)
		return false;
	then[n] = '\0';
	nspool_stamp(k, now, sizeof(now));
	return strcmp(now, then) == 0;
}

struct wanted {
	uint32_t flags;
	struct nspool_taken *taken;
};

/* Looked at first and taken then: what we cannot use is left to others. */
static int try(int dir, const struct nspool_kind *k, uint64_t inode, void *arg)
{
	struct wanted *w = arg;
	char ticket[NSPOOL_NAME];
	int fd;

	if (!(k->flag & w->flags))
		return 0;
	nspool_name(ticket, k, inode, NSPOOL_UNUSED);
	if (!stamp_is_good(dir, ticket, k))
		return 0;
	fd = nspool_open_pin(dir, k, inode);
	if (fd < 0)
		return 0;
	if (unlinkat(dir, ticket, 0) < 0) { /* somebody was faster */
		close(fd);
		return 0;
	}
	w->taken->fds[k - nspool_kinds] = fd;
	w->taken->inodes[k - nspool_kinds] = inode;
	w->taken->flags |= k->flag;
	w->flags &= ~k->flag;
	return w->flags == 0;
}

int nspool_take(const char *root, uint32_t flags, struct nspool_taken *ret, struct error *err)
{
	struct wanted w = {.flags = flags, .taken = ret};
	char path[4096];
	int r = -ENAMETOOLONG;

	*ret = NSPOOL_TAKEN_INIT;
	if (fmt(path, sizeof(path), "%s/" NSPOOL_DIR, root) < sizeof(path) - 1)
		r = ret->dir = nspool_open_dir(AT_FDCWD, path);
	if (r >= 0)
		r = nspool_each(ret->dir, NSPOOL_UNUSED, try, &w);
	return r < 0 ? error_errno(err, r, "%s/" NSPOOL_DIR, root) : 0;
}

/* Not mounted on any more here, the name takes the mounts with it that others have on it. */
void nspool_remove_pin(int dir, const char *name)
{
	char path[32 + NSPOOL_NAME];

	fmt(path, sizeof(path), "/proc/self/fd/%d/%s", dir, name);
	(void)umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
	(void)unlinkat(dir, name, 0);
}

void nspool_drop(struct nspool_taken *t)
{
	for (size_t i = 0; i < NSPOOL_KINDS; i++) {
		char name[NSPOOL_NAME];

		fd_close(&t->fds[i]);
		if (!t->inodes[i])
			continue;
		nspool_name(name, &nspool_kinds[i], t->inodes[i], "");
		nspool_remove_pin(t->dir, name);
		t->inodes[i] = 0;
	}
	fd_close(&t->dir);
}
