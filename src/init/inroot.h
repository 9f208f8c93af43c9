/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_INIT_INROOT_H
#define ENVIRO_INIT_INROOT_H

/* Paths below a rootfs that somebody else may be changing: openat2(RESOLVE_IN_ROOT|RESOLVE_NO_MAGICLINKS), then only the
 * fd. Paths are the container's ("/a/b"); all return an fd (close-on-exec) or a negative errno, and say nothing. */

#include <stdbool.h>
#include <stdint.h>

/* O_PATH (or `flags`) on an existing object. */
int inroot_open(int root, const char *path, uint64_t flags);
/* The same where no part of the path may be a symbolic link: else -ELOOP. */
int inroot_open_plain(int root, const char *path, uint64_t flags);
/* A directory, with every missing part made with `mode` (0755 usual). O_PATH|O_DIRECTORY. */
int inroot_mkdir_p(int root, const char *path, unsigned mode);
/* A mount point for a non-directory: parents made, an empty regular file made where nothing is (O_EXCL|O_NOFOLLOW).
 * An existing object of any kind but a directory is taken as it is. O_PATH. */
int inroot_file(int root, const char *path, unsigned mode);
/* Opens the parent (parents made when `make`), and points *last at the final component inside path. */
int inroot_parent(int root, const char *path, bool make, const char **last);

#endif
