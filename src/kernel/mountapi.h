/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_KERNEL_MOUNTAPI_H
#define ENVIRO_KERNEL_MOUNTAPI_H

/* The new mount API (Linux 5.2; mount_setattr 5.12) by fds, and what is needed to do the same by mount(2). No libc.
 * All return 0 (or an fd, close-on-exec) or a negative errno, and say nothing. Flags: `ms` is MS_* of mount(2), `attr`
 * is MOUNT_ATTR_* of one mount. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Every attribute but those of access times, and those of access times. */
#define MOUNT_ATTRS_PLAIN 0x0020000fu
#define MOUNT_ATTRS_ATIME 0x000000f0u

/* What mount(2) would make of the MS_* flags of one mount, access times included, and back. */
uint64_t mount_attr_from_ms(unsigned long ms);
unsigned long mount_attr_to_ms(uint64_t attr);
/* The attributes of the mount that fd is on. */
int mount_attr_get(int fd, uint64_t *ret);
/* What `old` becomes with mount_setattr(clr, set). */
uint64_t mount_attr_change(uint64_t old, uint64_t set, uint64_t clr);
/* "ro,nosuid": into buf, which is also returned. */
const char *mount_attr_names(uint64_t attr, char *buf, size_t n);

/* A detached clone of what path is, below dirfd ("" is dirfd itself). */
int mount_clone(int dirfd, const char *path, bool recursive);
/* Puts a detached mount on a place that is open. */
int mount_attach(int mnt, int place);
int mount_setattr_fd(int mnt, bool recursive, uint64_t set, uint64_t clr);
/* One of MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE, with or without MS_REC. */
int mount_propagation_fd(int mnt, unsigned long ms);

struct mount_fs {
	const char *type;
	const char *source; /* NULL: none */
	const char *data;   /* comma separated, NULL: none; a value in double quotes is taken without them */
	unsigned long
		sb_ms; /* MS_RDONLY, MS_SYNCHRONOUS, MS_DIRSYNC, MS_MANDLOCK, MS_LAZYTIME, MS_I_VERSION, MS_SILENT */
	uint64_t attr;
};
/* A detached mount of a file system. `why` (which may be NULL) gets the kernel's own words where it has some, else "".
 * -EOPNOTSUPP for what cannot go this way but can by mount(2): values longer than 255 bytes or with escapes, types
 * with a subtype ("fuse.x"), MS_SILENT and MS_I_VERSION. */
int mount_fs_new(const struct mount_fs *fs, char *why, size_t n);

#endif
