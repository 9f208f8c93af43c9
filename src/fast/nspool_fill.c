/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "fast/nspool.h"
#include "kernel/netns.h"

static size_t index_of(const struct nspool_kind *k)
{
	return (size_t)(k - nspool_kinds);
}

/* One at a time makes and removes. */
static int lock(int dir, struct error *err)
{
	if (flock(dir, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK
		       ? error_set(err, EBUSY, NSPOOL_DIR ": somebody else is making or removing namespaces")
		       : error_errno(err, errno, NSPOOL_DIR ": lock");
}

static bool is_mounted(int root, int dir)
{
	struct stat parent, own;
	struct statfs fs;

	return fstat(root, &parent) == 0 && fstat(dir, &own) == 0 && parent.st_dev != own.st_dev &&
	       fstatfs(dir, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

static int mount_dir(int root, struct error *err)
{
	char path[64];

	fmt(path, sizeof(path), "/proc/self/fd/%d/" NSPOOL_DIR, root);
	if (mount("pool", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") < 0)
		return error_errno(err, errno, NSPOOL_DIR ": tmpfs");
	return 0;
}

/* Private: on a shared mount, as systemd makes them, each pin would come into all other mount namespaces, too. */
static int make_dir(int root, struct error *err)
{
	_cleanup_close_ int below = -1;
	char path[64];
	int dir, r = 0;

	if (mkdirat(root, NSPOOL_DIR, 0700) < 0 && errno != EEXIST)
		return error_errno(err, errno, NSPOOL_DIR);
	below = nspool_open_dir(root, NSPOOL_DIR);
	r = below < 0 ? error_errno(err, below, NSPOOL_DIR) : lock(below, err);
	if (r < 0)
		return r;
	/* opened again: until we had the lock, somebody else may have mounted it */
	dir = nspool_open_dir(root, NSPOOL_DIR);
	if (dir < 0)
		return error_errno(err, dir, NSPOOL_DIR);
	if (!is_mounted(root, dir))
		r = mount_dir(root, err);
	close(dir);
	if (r < 0)
		return r;
	fmt(path, sizeof(path), "/proc/self/fd/%d/" NSPOOL_DIR, root);
	if (mount(NULL, path, NULL, MS_PRIVATE, NULL) < 0)
		return error_errno(err, errno, NSPOOL_DIR ": private");
	dir = nspool_open_dir(root, NSPOOL_DIR);
	return dir < 0 ? error_errno(err, dir, NSPOOL_DIR) : dir;
}

/* ---- looking ---- */

static int count_ticket(int dir, const struct nspool_kind *k, uint64_t inode, void *arg)
{
	_cleanup_close_ int pin = nspool_open_pin(dir, k, inode);
	struct nspool_counts *c = arg;

	if (pin >= 0)
		c->waiting[index_of(k)]++;
	else
		c->unseen[index_of(k)]++;
	return 0;
}

/* Not faccessat: with flags it is a newer call, which a filter around us may refuse. */
static bool is_there(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool has_ticket(int dir, const struct nspool_kind *k, uint64_t inode)
{
	char name[NSPOOL_NAME];

	nspool_name(name, k, inode, NSPOOL_UNUSED);
	return is_there(dir, name);
}

static int count_leftover(int dir, const struct nspool_kind *k, uint64_t inode, void *arg)
{
	struct nspool_counts *c = arg;

	if (!has_ticket(dir, k, inode))
		c->leftover[index_of(k)]++;
	return 0;
}

static int count_all(int dir, struct nspool_counts *ret, struct error *err)
{
	int r;

	*ret = (struct nspool_counts){0};
	r = nspool_each(dir, NSPOOL_UNUSED, count_ticket, ret);
	if (r == 0)
		r = nspool_each(dir, "", count_leftover, ret);
	return r < 0 ? error_errno(err, r, NSPOOL_DIR) : 0;
}

int nspool_count(int root, struct nspool_counts *ret, struct error *err)
{
	_cleanup_close_ int dir = nspool_open_dir(root, NSPOOL_DIR);

	*ret = (struct nspool_counts){0};
	if (dir == -ENOENT)
		return 0;
	return dir < 0 ? error_errno(err, dir, NSPOOL_DIR) : count_all(dir, ret, err);
}

/* ---- removing ---- */

static int remove_leftover(int dir, const struct nspool_kind *k, uint64_t inode, void *arg)
{
	char name[NSPOOL_NAME];

	(void)arg;
	nspool_name(name, k, inode, "");
	if (!has_ticket(dir, k, inode))
		nspool_remove_pin(dir, name);
	return 0;
}

/* The number of a namespace that is gone is given to another: dropped late, a pin can be that of the next one. */
static int remove_lone_ticket(int dir, const struct nspool_kind *k, uint64_t inode, void *arg)
{
	char name[NSPOOL_NAME];

	(void)arg;
	nspool_name(name, k, inode, "");
	if (is_there(dir, name) || errno != ENOENT)
		return 0;
	nspool_name(name, k, inode, NSPOOL_UNUSED);
	(void)unlinkat(dir, name, 0);
	return 0;
}

static int remove_leftovers(int dir, struct error *err)
{
	int r = nspool_each(dir, NSPOOL_UNUSED, remove_lone_ticket, NULL);

	if (r == 0)
		r = nspool_each(dir, "", remove_leftover, NULL);
	return r < 0 ? error_errno(err, r, NSPOOL_DIR) : 0;
}

static int remove_ticket(int dir, const struct nspool_kind *k, uint64_t inode, void *arg)
{
	char name[NSPOOL_NAME];

	(void)arg;
	nspool_name(name, k, inode, NSPOOL_UNUSED);
	(void)unlinkat(dir, name, 0);
	return 0;
}

int nspool_clear(int root, struct error *err)
{
	_cleanup_close_ int dir = nspool_open_dir(root, NSPOOL_DIR);
	char path[64];
	int r;

	if (dir == -ENOENT)
		return 0;
	r = dir < 0 ? error_errno(err, dir, NSPOOL_DIR) : lock(dir, err);
	if (r < 0)
		return r;
	r = nspool_each(dir, NSPOOL_UNUSED, remove_ticket, NULL);
	r = r < 0 ? error_errno(err, r, NSPOOL_DIR) : remove_leftovers(dir, err);
	if (r < 0)
		return r;
	fmt(path, sizeof(path), "/proc/self/fd/%d/" NSPOOL_DIR, root);
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL)
		return error_errno(err, errno, NSPOOL_DIR ": umount");
	if (unlinkat(root, NSPOOL_DIR, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return error_errno(err, errno, NSPOOL_DIR);
	return 0;
}

/* ---- making ---- */

/* Without its ticket, which comes last, whatever is there counts as a leftover. */
static int pin(
	int dir, const struct nspool_kind *k, uint64_t inode, const char *ns, const char *stamp, struct error *err)
{
	char name[NSPOOL_NAME], ticket[NSPOOL_NAME], path[32 + NSPOOL_NAME];

	nspool_name(name, k, inode, "");
	nspool_name(ticket, k, inode, NSPOOL_UNUSED);
	fmt(path, sizeof(path), "/proc/self/fd/%d/%s", dir, name);
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400);
	if (fd < 0)
		return error_errno(err, errno, "prewarm: " NSPOOL_DIR "/%s", name);
	if (mount(ns, path, NULL, MS_BIND, NULL) < 0 || symlinkat(stamp, dir, ticket) < 0) {
		int r = error_errno(err, errno, "prewarm: binding " NSPOOL_DIR "/%s", name);

		nspool_remove_pin(dir, name);
		return r;
	}
	return 0;
}

static int make_one(int dir, const struct nspool_kind *k, struct error *err)
{
	char ns[32], stamp[2 * sizeof(struct utsname)];
	struct stat st;
	int r;

	fmt(ns, sizeof(ns), "/proc/self/ns/%s", k->name);
	if (unshare((int)k->flag) < 0)
		return error_errno(err, errno, "prewarm: new %s namespace", k->name);
	r = k->flag == CLONE_NEWNET ? netns_loopback_up() : 0;
	if (r < 0)
		return error_errno(err, r, "prewarm: loopback device");
	if (stat(ns, &st) < 0)
		return error_errno(err, errno, "prewarm: %s", ns);
	nspool_stamp(k, stamp, sizeof(stamp));
	return pin(dir, k, st.st_ino, ns, stamp, err);
}

static int check_bound(const struct nspool_counts *c, uint32_t flags, uint32_t count, uint32_t max, struct error *err)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < NSPOOL_KINDS; i++) {
		uint64_t there = (uint64_t)c->waiting[i] + c->unseen[i];

		sum += nspool_kinds[i].flag & flags && c->waiting[i] < count ? (uint64_t)count + c->unseen[i] : there;
	}
	return sum <= max ? 0
			  : error_set(err, E2BIG, "prewarm: %llu namespaces would wait, max_cached_namespaces is %u",
				    (unsigned long long)sum, max);
}

int nspool_fill(int root, uint32_t flags, uint32_t count, uint32_t max, struct error *err)
{
	struct nspool_counts c;
	int r = nspool_count(root, &c, err);

	if (r == 0) /* a refusal leaves nothing behind */
		r = check_bound(&c, flags, count, max, err);
	if (r < 0)
		return r;
	_cleanup_close_ int dir = make_dir(root, err);
	r = dir < 0 ? dir : lock(dir, err);
	if (r == 0)
		r = remove_leftovers(dir, err);
	if (r == 0)
		r = count_all(dir, &c, err);
	if (r == 0)
		r = check_bound(&c, flags, count, max, err);
	for (size_t i = 0; r == 0 && i < NSPOOL_KINDS; i++)
		for (uint32_t n = c.waiting[i]; r == 0 && nspool_kinds[i].flag & flags && n < count; n++)
			r = make_one(dir, &nspool_kinds[i], err);
	return r;
}
