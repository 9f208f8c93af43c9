/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/mountapi.h"

#include <asm/statfs.h>
#include <errno.h>
#include <linux/fcntl.h>
#include <linux/mount.h>

#include "base/str.h"
#include "kernel/sys.h"

/* One row an attribute that mount(2) and statfs(2) know too; access times are more than bits and come after it. */
static const struct {
	uint32_t attr, ms, st;
	const char *name;
} plain[] = {
	{SYS_MOUNT_ATTR_RDONLY, MS_RDONLY, 0x0001, "ro"},
	{SYS_MOUNT_ATTR_NOSUID, MS_NOSUID, 0x0002, "nosuid"},
	{SYS_MOUNT_ATTR_NODEV, MS_NODEV, 0x0004, "nodev"},
	{SYS_MOUNT_ATTR_NOEXEC, MS_NOEXEC, 0x0008, "noexec"},
	{SYS_MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW, 0x2000, "nosymfollow"},
	{SYS_MOUNT_ATTR_NODIRATIME, MS_NODIRATIME, 0x0800, "nodiratime"},
};
enum { N_PLAIN = sizeof(plain) / sizeof(plain[0]), ST_NOATIME = 0x0400, ST_RELATIME = 0x1000 };

uint64_t mount_attr_from_ms(unsigned long ms)
{
	uint64_t attr = 0;

	for (unsigned i = 0; i < N_PLAIN; i++)
		if (ms & plain[i].ms)
			attr |= plain[i].attr;
	if (ms & MS_STRICTATIME)
		attr |= SYS_MOUNT_ATTR_STRICTATIME;
	else if (ms & MS_NOATIME)
		attr |= SYS_MOUNT_ATTR_NOATIME;
	return attr;
}

unsigned long mount_attr_to_ms(uint64_t attr)
{
	unsigned long ms = 0;

	for (unsigned i = 0; i < N_PLAIN; i++)
		if (attr & plain[i].attr)
			ms |= plain[i].ms;
	if (attr & SYS_MOUNT_ATTR_STRICTATIME)
		return ms | MS_STRICTATIME;
	return ms | (attr & SYS_MOUNT_ATTR_NOATIME ? MS_NOATIME : MS_RELATIME);
}

int mount_attr_get(int fd, uint64_t *ret)
{
	struct statfs st;
	int r = (int)sys_call2(SYS_fstatfs, fd, &st);
	uint64_t attr = 0;

	if (r < 0)
		return r;
	for (unsigned i = 0; i < N_PLAIN; i++)
		if ((unsigned long)st.f_flags & plain[i].st)
			attr |= plain[i].attr;
	if ((unsigned long)st.f_flags & ST_NOATIME)
		attr |= SYS_MOUNT_ATTR_NOATIME;
	else if (!((unsigned long)st.f_flags & ST_RELATIME))
		attr |= SYS_MOUNT_ATTR_STRICTATIME;
	*ret = attr;
	return 0;
}

uint64_t mount_attr_change(uint64_t old, uint64_t set, uint64_t clr)
{
	return (old & ~clr) | set;
}

const char *mount_attr_names(uint64_t attr, char *buf, size_t n)
{
	size_t at = 0;

	buf[0] = '\0';
	for (unsigned i = 0; i < N_PLAIN; i++)
		if (attr & plain[i].attr)
			at += fmt(buf + at, n - at, "%s%s", at ? "," : "", plain[i].name);
	if (attr & SYS_MOUNT_ATTR_STRICTATIME)
		fmt(buf + at, n - at, "%sstrictatime", at ? "," : "");
	else if (attr & SYS_MOUNT_ATTR_NOATIME)
		fmt(buf + at, n - at, "%snoatime", at ? "," : "");
	return buf;
}

int mount_clone(int dirfd, const char *path, bool recursive)
{
	return sys_open_tree(dirfd, path,
		SYS_OPEN_TREE_CLONE | SYS_OPEN_TREE_CLOEXEC | (*path ? 0u : (unsigned)AT_EMPTY_PATH) |
			(recursive ? SYS_AT_RECURSIVE : 0u));
}

int mount_attach(int mnt, int place)
{
	return sys_move_mount(mnt, "", place, "", SYS_MOVE_MOUNT_F_EMPTY_PATH | SYS_MOVE_MOUNT_T_EMPTY_PATH);
}

int mount_setattr_fd(int mnt, bool recursive, uint64_t set, uint64_t clr)
{
	struct sys_mount_attr a = {.attr_set = set, .attr_clr = clr};

	return sys_mount_setattr(mnt, "", (unsigned)AT_EMPTY_PATH | (recursive ? SYS_AT_RECURSIVE : 0u), &a);
}

int mount_propagation_fd(int mnt, unsigned long ms)
{
	struct sys_mount_attr a = {.propagation = ms & ~(unsigned long)MS_REC};

	return sys_mount_setattr(mnt, "", (unsigned)AT_EMPTY_PATH | (ms & MS_REC ? SYS_AT_RECURSIVE : 0u), &a);
}

/* ---- a new file system ---- */

static const struct {
	uint32_t ms;
	const char *key;
} sb_keys[] = {
	{MS_RDONLY, "ro"},
	{MS_SYNCHRONOUS, "sync"},
	{MS_DIRSYNC, "dirsync"},
	{MS_MANDLOCK, "mand"},
	{MS_LAZYTIME, "lazytime"},
};
enum { N_SB_KEYS = sizeof(sb_keys) / sizeof(sb_keys[0]), KEY_MAX = 256 };

static int set_sb_flags(int fs, unsigned long ms)
{
	int r = 0;

	for (unsigned i = 0; i < N_SB_KEYS && r >= 0; i++)
		if (ms & sb_keys[i].ms)
			r = sys_fsconfig(fs, SYS_FSCONFIG_SET_FLAG, sb_keys[i].key, NULL, 0);
	for (unsigned i = 0; i < N_SB_KEYS; i++)
		ms &= ~(unsigned long)sb_keys[i].ms;
	return r < 0 ? r : ms ? -EOPNOTSUPP : 0;
}

/* One "key" or "key=value" of n bytes. */
static int set_option(int fs, const char *o, size_t n)
{
	char key[KEY_MAX], *value;
	size_t len;

	if (!n)
		return 0;
	value = str_chr(o, '=');
	if (!value || value >= o + n) {
		if (n >= sizeof(key))
			return -EOPNOTSUPP;
		str_copy(key, n + 1, o);
		return sys_fsconfig(fs, SYS_FSCONFIG_SET_FLAG, key, NULL, 0);
	}
	len = n - (size_t)(value + 1 - o);
	if (n >= sizeof(key))
		return -EOPNOTSUPP;
	str_copy(key, n + 1, o);
	value = key + (value - o);
	*value++ = '\0';
	if (len >= 2 && value[0] == '"' && value[len - 1] == '"') {
		value[len - 1] = '\0';
		value++;
	}
	return sys_fsconfig(fs, SYS_FSCONFIG_SET_STRING, key, value, 0);
}

static int set_data(int fs, const char *data)
{
	while (data && *data) {
		const char *end = data;
		bool quoted = false;
		int r;

		for (; *end && (quoted || *end != ','); end++) {
			if (*end == '\\') /* overlay's way to a comma in a path; its own parser knows it */
				return -EOPNOTSUPP;
			if (*end == '"')
				quoted = !quoted;
		}
		r = set_option(fs, data, (size_t)(end - data));
		if (r < 0)
			return r;
		data = *end ? end + 1 : end;
	}
	return 0;
}

/* Lines are "e tmpfs: Unknown parameter 'x'"; the letter says whether it is an error. */
static void read_reason(int fs, char *why, size_t n)
{
	char line[256];
	long got;

	why[0] = '\0';
	while ((got = sys_read(fs, line, sizeof(line) - 1)) > 0) {
		line[got] = '\0';
		if (line[0] == 'e' && line[1] == ' ')
			str_copy(why, n, line + 2);
	}
	n = str_len(why);
	if (n && why[n - 1] == '\n')
		why[n - 1] = '\0';
}

int mount_fs_new(const struct mount_fs *fs, char *why, size_t n)
{
	/* "fuse.sshfs": only mount(2) tells the file system its subtype */
	int fd = str_chr(fs->type, '.') ? -EOPNOTSUPP : sys_fsopen(fs->type, SYS_FSOPEN_CLOEXEC), r;

	if (why)
		why[0] = '\0';
	if (fd < 0)
		return fd;
	r = set_sb_flags(fd, fs->sb_ms);
	if (r >= 0 && fs->source)
		r = str_len(fs->source) < KEY_MAX ? sys_fsconfig(fd, SYS_FSCONFIG_SET_STRING, "source", fs->source, 0)
						  : -EOPNOTSUPP;
	if (r >= 0)
		r = set_data(fd, fs->data);
	if (r >= 0)
		r = sys_fsconfig(fd, SYS_FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r >= 0)
		r = sys_fsmount(fd, SYS_FSMOUNT_CLOEXEC, (unsigned)fs->attr);
	if (r < 0 && why)
		read_reason(fd, why, n);
	(void)sys_close(fd);
	return r;
}
