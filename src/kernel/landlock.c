/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/landlock.h"

#include <stddef.h>
#include <stdint.h>

#include "kernel/sys.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_restrict_self 446
#endif

struct ruleset_attr { /* struct landlock_ruleset_attr, as of version 6 */
	uint64_t handled_access_fs, handled_access_net, scoped;
};

enum { ASK_VERSION = 1 };

/* What each version added; a kernel takes no bit that it does not know. */
static const struct {
	long version;
	struct ruleset_attr adds;
} versions[] = {
	{1, {0x1fff, 0, 0}}, {2, {1 << 13, 0, 0}}, /* refer */
	{3, {1 << 14, 0, 0}},                      /* truncate */
	{4, {0, 3, 0}},                            /* bind and connect of TCP */
	{5, {1 << 15, 0, 0}},                      /* ioctl of devices */
	{6, {0, 0, 3}},                            /* abstract sockets, signals */
};

int landlock_deny_all(void)
{
	struct ruleset_attr a = {0};
	long version = sys_call3(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION), fd, r;

	if (version < 0)
		return (int)version;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]) && versions[i].version <= version; i++) {
		a.handled_access_fs |= versions[i].adds.handled_access_fs;
		a.handled_access_net |= versions[i].adds.handled_access_net;
		a.scoped |= versions[i].adds.scoped;
	}
	fd = sys_call3(SYS_landlock_create_ruleset, &a, sizeof(a), 0);
	if (fd < 0)
		return (int)fd;
	r = sys_call2(SYS_landlock_restrict_self, fd, 0);
	(void)sys_close((int)fd);
	return (int)r;
}
