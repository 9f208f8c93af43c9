/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_TESTS_SYSTEMD_HOST_H
#define ENVIRO_TESTS_SYSTEMD_HOST_H

/* The host of the tests about systemd: cgroup v2, seen from a user's session. */

#include "cgroup/cgroup.h"

static struct cgroup_host v2_host = {.mode = CGROUP_MODE_V2,
	.n = 1,
	.h = {{.controllers = "",
		.mountpoint = "/sys/fs/cgroup",
		.own = "/user.slice/user-4242.slice/user@4242.service/app.slice/x.service",
		.available = "cpu cpuset io memory pids",
		.v2 = true}}};

#endif
