/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_NOTIFY_H
#define ENVIRO_CONTAINER_NOTIFY_H

/* sd_notify(3) from inside a container: where the runtime was given $NOTIFY_SOCKET, the container is given a socket of
 * its own below its state directory (mounted at /run/notify), and what it sends there is passed on. */

#include "base/arena.h"
#include "base/error.h"
#include "libocispec-lite/ocispec.h"

/* $NOTIFY_SOCKET, or NULL. */
const char *notify_host(void);

/* Adds the mount of directory `source` (notify_make_dir makes it later) and the variable to the config. */
int notify_add_to_config(struct oci_config *c, const char *source, struct arena *a, struct error *err);
/* The directory that is mounted. dir: state directory. */
int notify_make_dir(int dir, struct error *err);
/* Makes the socket in it; returns its fd. */
int notify_bind(int dir, struct error *err);

/* Passes one datagram on, with MAINPID=main_pid in front of READY=1. 1: it said that the container is ready; 0: it did
 * not. What cannot be sent on is dropped, as the sender's own sd_notify would have done. */
int notify_relay(int sock, int main_pid);
/* Relays until the container is ready or its init (pidfd) has ended. */
int notify_wait_ready(int sock, int pidfd, int main_pid, struct error *err);

#endif
