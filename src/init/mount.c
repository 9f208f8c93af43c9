/* SPDX-License-Identifier: Apache-2.0 */
#include "init/mount.h"

#include <asm/statfs.h>
#include <errno.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "init/inroot.h"
#include "kernel/mountapi.h"

/* ---- fds ---- */

static int stat_fd(int fd, struct statx *st)
{
	return (int)sys_call5(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, st);
}

int fd_mode(int fd)
{
	struct statx st;
	int r = stat_fd(fd, &st);

	return r < 0 ? r : st.stx_mode;
}

bool fd_is_device(int fd, unsigned type, uint32_t major, uint32_t minor)
{
	struct statx st;

	return stat_fd(fd, &st) == 0 && (st.stx_mode & S_IFMT) == type && st.stx_rdev_major == major &&
	       st.stx_rdev_minor == minor;
}

long fd_fs_magic(int fd)
{
	struct statfs st;
	long r = sys_call2(SYS_fstatfs, fd, &st);

	return r < 0 ? r : (long)st.f_type;
}

bool fd_same(int a, int b)
{
	struct statx x, y;

	return stat_fd(a, &x) == 0 && stat_fd(b, &y) == 0 && x.stx_ino == y.stx_ino &&
	       x.stx_dev_major == y.stx_dev_major && x.stx_dev_minor == y.stx_dev_minor && x.stx_mnt_id == y.stx_mnt_id;
}

/* ---- mount(2) by fds ---- */

/* The host's procfs, while it is there; it knows this process, too. */
static int open_proc(struct init *in)
{
	int fd = in->pivoted ? -ENOENT : sys_openat(-1, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);

	if (fd >= 0 && fd_fs_magic(fd) != PROC_SUPER_MAGIC) {
		(void)sys_close(fd);
		fd = -ENOENT;
	}
	return fd < 0 ? init_proc(in, NULL) : fd;
}

int fd_path(struct init *in, int fd, struct fd_path *ret)
{
	int proc = open_proc(in), r = proc;

	if (r >= 0)
		r = (int)sys_call1(SYS_fchdir, proc);
	if (proc >= 0 && proc != in->proc)
		(void)sys_close(proc);
	fmt(ret->path, sizeof(ret->path), "self/fd/%d", fd);
	return r < 0 ? r : 0;
}

void fd_path_done(void)
{
	(void)sys_call1(SYS_chdir, "/");
}

int mount_old(struct init *in, int source_fd, const char *source, int place, const char *type, unsigned long ms,
	const char *data)
{
	struct fd_path from, to;
	int r = fd_path(in, place, &to);

	if (r == 0 && source_fd >= 0)
		r = fd_path(in, source_fd, &from);
	if (r == 0)
		r = sys_mount(source_fd >= 0 ? from.path : source, to.path, type, ms, data);
	fd_path_done();
	return r;
}

/* ---- the mount point ---- */

/* Under /proc only what the plan let through, and only where it says it is: a link that leads into a procfs would put a
 * mount where the name was not checked (CVE-2019-16884, CVE-2023-27561). */
static int check_proc(struct init *in, const struct plan_mount *m, int place, struct error *err)
{
	const char *dest = plan_str(in->plan, m->dest);
	int plain;
	bool same;

	if (in->plan->flags & PLAN_EXEC) {
		int r = running_check_place(in, dest, place, err);

		if (r < 0)
			return r;
	}
	if (m->kind == PLAN_MOUNT_REMOUNT)
		return 0;
	if (fd_fs_magic(place) != PROC_SUPER_MAGIC)
		return 0;
	plain = inroot_open_plain(in->root, dest, O_PATH);
	same = plain >= 0 && fd_same(plain, place);
	if (plain >= 0)
		(void)sys_close(plain);
	return same ? 0 : error_set(err, EPERM, "cannot be mounted because it is inside /proc");
}

/* procfs and sysfs are trusted by what comes later: never through a link. */
static int ordinary_directory(struct init *in, const char *dest, const char *type, struct error *err)
{
	int fd = inroot_open(in->root, dest, O_PATH | O_NOFOLLOW);

	if (fd == -ENOENT) {
		fd = inroot_mkdir_p(in->root, dest, 0755);
		if (fd >= 0) {
			(void)sys_close(fd);
			fd = inroot_open(in->root, dest, O_PATH | O_NOFOLLOW);
		}
	}
	if (fd < 0)
		return error_errno(err, fd, "mount point");
	if (!mode_is(fd_mode(fd), S_IFDIR)) {
		(void)sys_close(fd);
		return error_set(err, ENOTDIR, "filesystem \"%s\" must be mounted on ordinary directory", type);
	}
	return fd;
}

static int open_place(struct init *in, const struct plan_mount *m, bool dir, struct error *err)
{
	const char *dest = plan_str(in->plan, m->dest), *type = plan_str(in->plan, m->type);
	int fd;

	if (m->kind == PLAN_MOUNT_FS && (str_eq(type, "proc") || str_eq(type, "sysfs")))
		return ordinary_directory(in, dest, type, err);
	if (m->flags & PLAN_MOUNT_DEST_NOFOLLOW) {
		fd = inroot_open(in->root, dest, O_PATH | O_NOFOLLOW);
		if (fd != -ENOENT)
			return fd < 0 ? error_errno(err, fd, "mount point") : fd;
	}
	if (m->kind == PLAN_MOUNT_REMOUNT)
		fd = inroot_open(in->root, dest, O_PATH);
	else
		fd = dir ? inroot_mkdir_p(in->root, dest, 0755) : inroot_file(in->root, dest, 0644);
	if (fd == -EROFS && in->plan->flags & PLAN_EXEC) {
		fd = running_make_place(in, dest, dir);
		fd = fd < 0 ? fd : inroot_open(in->root, dest, O_PATH);
	}
	return fd < 0 ? error_errno(err, fd, "mount point") : fd;
}

int mount_place(struct init *in, const struct plan_mount *m, bool dir, struct error *err)
{
	int fd = open_place(in, m, dir, err);
	int r = fd < 0 ? 0 : check_proc(in, m, fd, err);

	if (r < 0) {
		(void)sys_close(fd);
		return r;
	}
	return fd;
}

int mount_reopen(struct init *in, const char *dest, uint32_t flags, struct error *err)
{
	uint64_t how = O_PATH | (flags & PLAN_MOUNT_DEST_NOFOLLOW ? (uint64_t)O_NOFOLLOW : 0);
	int fd = inroot_open(in->root, dest, how);
	struct statx st = {0};

	if (fd < 0)
		return error_errno(err, fd, "mount point");
	if (stat_fd(fd, &st) < 0 || !(st.stx_attributes & STATX_ATTR_MOUNT_ROOT)) {
		(void)sys_close(fd);
		return error_set(err, ESTALE, "the mount point was moved while it was mounted on");
	}
	return fd;
}

/* ---- attributes ---- */

static int set_attributes(struct init *in, int mnt, bool attached, uint64_t set, uint64_t clr)
{
	uint64_t old = 0;
	int r = mount_setattr_fd(mnt, false, set, clr);

	if (!attached || !mount_api_missing(r))
		return r;
	r = mount_attr_get(mnt, &old);
	if (r < 0)
		return r;
	return mount_old(in, -1, NULL, mnt, NULL,
		MS_REMOUNT | MS_BIND | mount_attr_to_ms(mount_attr_change(old, set, clr)), NULL);
}

/* In a user namespace the kernel lets nobody clear what the host had set when the mounts were copied. What was only to
 * be cleared for the sake of order stays then; what was named is refused. */
static int keep_locked(struct init *in, int mnt, bool attached, const struct mount_change *c, struct error *err)
{
	const uint64_t lockable = (MOUNT_ATTRS_PLAIN & ~(uint64_t)SYS_MOUNT_ATTR_NOSYMFOLLOW) | MOUNT_ATTRS_ATIME;
	uint64_t old, stuck, set = c->set, clr = c->clr & ~lockable;
	char names[96];
	int r = mount_attr_get(mnt, &old);

	if (r < 0)
		return error_errno(err, r, "attributes");
	stuck = old & c->off & lockable;
	if (stuck)
		return error_errno(
			err, EPERM, "cannot clear locked flags %s", mount_attr_names(stuck, names, sizeof(names)));
	stuck = old & MOUNT_ATTRS_ATIME;
	if (c->clr & MOUNT_ATTRS_ATIME && (set & MOUNT_ATTRS_ATIME) != stuck)
		return error_errno(err, EPERM, "cannot change locked atime flags %s",
			stuck ? mount_attr_names(stuck, names, sizeof(names)) : "relatime");
	r = set_attributes(in, mnt, attached, set & ~(uint64_t)MOUNT_ATTRS_ATIME, clr);
	return r < 0 ? error_errno(err, r, "setting %s", mount_attr_names(set, names, sizeof(names))) : 0;
}

int mount_change(struct init *in, int mnt, bool attached, const struct mount_change *c, struct error *err)
{
	char names[96];
	int r;

	if (!c->set && !c->clr)
		return 0;
	r = set_attributes(in, mnt, attached, c->set, c->clr);
	if (r == -EPERM)
		return keep_locked(in, mnt, attached, c, err);
	return r < 0 ? error_errno(err, r, "setting %s", mount_attr_names(c->set, names, sizeof(names))) : 0;
}

static int set_propagation(struct init *in, int mnt, bool attached, uint32_t ms, struct error *err)
{
	int r = mount_propagation_fd(mnt, ms);

	if (attached && mount_api_missing(r))
		r = mount_old(in, -1, NULL, mnt, NULL, ms, NULL);
	return r < 0 ? error_errno(err, r, "propagation") : 0;
}

static int set_mapping(struct init *in, const struct plan_mount *m, int mnt, struct error *err)
{
	static struct sync_msg msg;
	int r;

	msg.type = SYNC_IDMAP;
	msg.value = (m->flags & PLAN_MOUNT_IDMAP_REC) != 0;
	msg.step = in->step;
	r = sync_send(in->sync, &msg, &mnt, 1);
	if (r < 0)
		return error_errno(err, r, "talking to the runtime");
	return init_wait_go(in, err);
}

/* A new file system was made with its attributes; a cgroup directory gets exactly those of a new mount. */
static struct mount_change change_of(const struct plan_mount *m)
{
	if (m->kind == PLAN_MOUNT_FS)
		return (struct mount_change){0};
	if (m->kind == PLAN_MOUNT_CGROUP)
		return (struct mount_change){.set = m->attr_set, .clr = MOUNT_ATTRS_PLAIN | MOUNT_ATTRS_ATIME};
	return (struct mount_change){m->attr_set, m->attr_clr, m->attr_off};
}

/* Where a cgroup directory is bound in place of a new mount, nobody is its master. */
static bool is_private(const struct plan_mount *m)
{
	return m->kind == PLAN_MOUNT_CGROUP &&
	       (m->flags & (PLAN_MOUNT_CGROUP_V1 | PLAN_MOUNT_CGROUP_NS)) != PLAN_MOUNT_CGROUP_V1;
}

int mount_settings(struct init *in, const struct plan_mount *m, int mnt, bool attached, struct error *err)
{
	const struct mount_change c = change_of(m);
	int r = mount_change(in, mnt, attached, &c, err);

	if (r == 0 && (m->rec_set || m->rec_clr)) {
		r = mount_setattr_fd(mnt, true, m->rec_set, m->rec_clr);
		if (r < 0)
			error_errno(err, r, "setting recursive options");
	}
	if (r == 0 && is_private(m))
		r = set_propagation(in, mnt, attached, MS_PRIVATE, err);
	for (uint32_t i = 0; i < m->propagation.n && r == 0; i++)
		r = set_propagation(in, mnt, attached, plan_list_u32(in->plan, m->propagation, i), err);
	return r;
}

int mount_finish(struct init *in, const struct plan_mount *m, int mnt, int place, struct error *err)
{
	const char *dest = plan_str(in->plan, m->dest);
	int late, r = m->flags & PLAN_MOUNT_IDMAP ? set_mapping(in, m, mnt, err) : 0;

	if (r < 0)
		return r;
	late = mount_settings(in, m, mnt, false, err);
	if (late < 0 && !mount_api_missing(late))
		return late;
	r = mount_attach(mnt, place);
	if (r < 0)
		return error_errno(err, r, "attaching");
	r = late ? mount_settings(in, m, mnt, true, err) : 0;
	if (r == 0 && str_eq(dest, "/")) { /* from here on this is the rootfs */
		(void)sys_close(in->root);
		in->root = (int)sys_call3(SYS_fcntl, mnt, F_DUPFD_CLOEXEC, 3);
	}
	return r;
}

/* ---- the step ---- */

/* mount(2) leaves access times alone only where no flag is about them. */
static unsigned long remount_ms(const struct plan_mount *m)
{
	unsigned long ms = MS_REMOUNT | m->sb_flags | mount_attr_to_ms(m->attr_set);

	return m->attr_clr & MOUNT_ATTRS_ATIME ? ms : ms & ~(unsigned long)MS_RELATIME;
}

static int remount(struct init *in, const struct plan_mount *m, struct error *err)
{
	int fd = mount_place(in, m, true, err), r = 0;

	if (fd < 0)
		return fd;
	if (m->flags & PLAN_MOUNT_SUPERBLOCK)
		r = mount_old(in, -1, plan_str(in->plan, m->source), fd, plan_str(in->plan, m->type), remount_ms(m),
			plan_str(in->plan, m->data));
	r = r < 0 ? error_errno(err, r, "remount") : mount_settings(in, m, fd, true, err);
	(void)sys_close(fd);
	return r;
}

static void forget(int *mnt)
{
	if (*mnt > 0)
		(void)sys_close(*mnt);
	*mnt = 0;
}

/* Something is about to be mounted over them. */
static void forget_covered(struct init *in, const struct plan_mount *m)
{
	const char *dest = plan_str(in->plan, m->dest);
	bool all = str_eq(dest, "/");

	if (m->kind == PLAN_MOUNT_REMOUNT)
		return;
	if (all || str_eq(dest, "/proc")) {
		forget(&in->proc_mount);
		in->proc_whole = false;
	}
	if (all || str_eq(dest, "/sys"))
		forget(&in->sys_mount);
}

int step_mount(struct init *in, const struct plan_step *s, struct error *err)
{
	static int (*const kinds[])(struct init *, const struct plan_mount *, struct error *) = {
		[PLAN_MOUNT_FS] = mount_fs,
		[PLAN_MOUNT_BIND] = mount_bind,
		[PLAN_MOUNT_CGROUP] = mount_cgroup,
		[PLAN_MOUNT_REMOUNT] = remount,
	};
	const struct plan_mount *m = (const struct plan_mount *)s;
	int r;

	forget_covered(in, m);
	r = kinds[m->kind](in, m, err);
	if (r < 0) /* the reason must fit behind the path */
		error_prefix(err, "mounts[%u]: %.*s", s->index, 400, plan_str(in->plan, m->dest));
	return r < 0 ? r : 0;
}
