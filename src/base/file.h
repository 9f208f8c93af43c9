/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_BASE_FILE_H
#define ENVIRO_BASE_FILE_H

/* Whole files on the host side. `dirfd` is as in openat(2); messages name `path`. */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/pool.h"

/* Reads all of a regular file, pipe or pseudo file, with a NUL behind it, into a buffer that becomes the caller's. More
 * than `max` bytes: -EFBIG. A pipe that says nothing for 10 s: -ETIMEDOUT. */
int file_load_at(int dirfd, const char *path, size_t max, struct buffer *ret, size_t *ret_len, struct error *err);
/* The same from an open fd; `what` names it in messages. Only one that does not block (O_NONBLOCK) is waited for with that
 * limit. */
int file_load_fd(int fd, const char *what, size_t max, struct buffer *ret, size_t *ret_len, struct error *err);

/* The same into the arena; *ret_len may be NULL. */
int file_read_at(struct arena *a, int dirfd, const char *path, size_t max, char **ret, size_t *ret_len, struct error *err);
int file_read_fd(struct arena *a, int fd, const char *what, size_t max, char **ret, size_t *ret_len, struct error *err);

/* Reads a small file (cgroup, proc, sysfs) into buf, NUL-terminated, trailing newlines cut. Returns the length,
 * or -errno with nothing said (callers know what its absence means). */
int file_read_small(int dirfd, const char *path, char *buf, size_t n);

/* One write(2) of the whole string to an existing pseudo file (O_WRONLY|O_CLOEXEC, no O_CREAT, no O_TRUNC).
 * Returns 0 or -errno, nothing said. */
int file_write_at(int dirfd, const char *path, const char *text);

/* Makes the file whole or not at all: temporary in the same directory, write, rename. Refuses nothing that rename
 * would replace. mode is exact (no umask). */
int file_replace_at(int dirfd, const char *path, const void *data, size_t len, unsigned mode, struct error *err);

/* All of buf, retrying short writes and EINTR. 0 or -errno. */
int fd_write_all(int fd, const void *buf, size_t len);

#endif
