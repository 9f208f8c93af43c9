/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_ENGINE_H
#define ENVIRO_CONTAINER_ENGINE_H

/* What is handed to the engine that called: pid files, and fds over its sockets. Who does not take a connection or read it
 * is waited for 10 s: -ETIMEDOUT. */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* Connects to a listening unix stream socket at a path of any length (sun_path's 108 bytes do not limit it). `what`
 * names it in messages. Returns the socket. */
int engine_connect(const char *what, const char *path, struct error *err);

/* One message of `len` bytes with one fd. */
int engine_send_fd(const char *what, int sock, int fd, const void *data, size_t len, struct error *err);

/* Connects, sends fd with `text`, closes. */
int engine_hand_over(const char *what, const char *path, int fd, const char *text, struct error *err);

/* The file holds the pid in decimal, without a newline, and appears as a whole. */
int engine_write_pid(const char *path, pid_t pid, struct error *err);

/* Descriptors that systemd's protocol gave us ($LISTEN_FDS, $LISTEN_PID is us); 0 when there are none. */
uint32_t engine_listen_fds(void);
/* fds 3 … 2+n must be open: -EBADF names the first that is not. */
int engine_check_fds(uint32_t n, struct error *err);

#endif
