/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_TESTS_FUZZ_HOSTS_H
#define ENVIRO_TESTS_FUZZ_HOSTS_H

/* Hosts with cgroups of each kind, for targets that compile. */

#include "cgroup/cgroup.h"

enum { FUZZ_HOSTS = 4 };
extern const struct cgroup_host fuzz_hosts[FUZZ_HOSTS];

#endif
