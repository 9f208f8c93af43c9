/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_NOTIFY_H
#define ENVIRO_CONTAINER_NOTIFY_H

/* sd_notify(3) from inside a container: where the runtime was given $NOTIFY_SOCKET, the container is given a socket of
 * its own below its state directory (mounted at /run/notify). That it is ready is passed on, and nothing else, as runc has
 * it: the rest of the protocol (MAINPID, FDSTORE, WATCHDOG …) is not a container's to say to the host. */

#include "base/arena.h"
#include "base/error.h"
#include "libocispec-lite/ocispec.h"

/* What the container's environment has of it. */
#define NOTIFY_INSIDE "/run/notify"
#define NOTIFY_VARIABLE "NOTIFY_SOCKET=" NOTIFY_INSIDE "/notify.sock"

/* $NOTIFY_SOCKET, or NULL. */
const char *notify_host(void);

/* Adds the mount of directory `source` (notify_make_dir makes it later) and the variable to the config. */
int notify_add_to_config(struct oci_config *c, const char *source, struct arena *a, struct error *err);
/* The directory that is mounted. dir: state directory. */
int notify_make_dir(int dir, struct error *err);
/* Makes the socket in it; returns its fd. */
int notify_bind(int dir, struct error *err);

/* Takes one datagram: whether it has READY=1. The container's bytes: for the relay (container/relay_child.h) alone. */
bool notify_take(int sock);
/* Tells the host that main_pid is ready: as this process, for a service manager asks who sends it. What cannot be sent is
 * dropped, as the sender's own sd_notify would have done. */
void notify_ready(int main_pid);
/* Waits until the container is ready, which is passed on, or its init (pidfd) has ended. */
int notify_wait_ready(int sock, int pidfd, int main_pid, struct error *err);

#endif
