/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_NET_DEVICES_H
#define ENVIRO_CONTAINER_NET_DEVICES_H

#include "base/error.h"
#include "plan/plan.h"

/* Moves the plan's network devices (linux.netDevices) out of our network namespace into the one of `netns`, renamed where
 * the spec says so, with their permanent global addresses, and sets them up. Nothing to do is 0. A device that was moved
 * before another one failed stays where it is: the end of the namespace gives it back. Needs CAP_SYS_ADMIN in the host's
 * network namespace, and changes the calling thread's network namespace for a moment. */
int net_devices_move(const struct plan *p, int netns, struct error *err);

#endif
