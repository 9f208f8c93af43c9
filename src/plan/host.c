/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "plan/caps.h"
#include "plan/compile.h"

void plan_host_read(struct plan_host *ret)
{
	*ret = (struct plan_host){
		.caps = caps_of_kernel(true),
		.bounding_caps = caps_of_kernel(false),
		.euid = geteuid(),
		.selinux = plan_selinux_enabled(),
		.apparmor = plan_apparmor_enabled(),
	};
}

bool plan_is_of_the_moment(const struct plan *p)
{
	bool joins_network = false, network_sysctl = false;

	for (const struct plan_step *s = plan_first(p); !plan_at_end(p, s); s = plan_next(s)) {
		if (s->op == PLAN_OP_JOIN && ((const struct plan_join *)s)->flags & CLONE_NEWNET)
			joins_network = true;
		if (s->op == PLAN_OP_SYSCTL && str_starts(plan_str(p, ((const struct plan_sysctl *)s)->path), "net/"))
			network_sysctl = true;
	}
	return joins_network && network_sysctl;
}

bool plan_sources_exist(const struct plan *p, const char *later_source)
{
	for (const struct plan_step *s = plan_first(p); !plan_at_end(p, s); s = plan_next(s)) {
		const struct plan_mount *m = (const struct plan_mount *)s;
		const char *source;
		struct stat st;
		int r;

		if (s->op != PLAN_OP_MOUNT || m->kind != PLAN_MOUNT_BIND)
			continue;
		source = plan_text(p, m->source);
		if (later_source && str_eq(source, later_source))
			continue;
		r = m->flags & (PLAN_MOUNT_COPY_SYMLINK | PLAN_MOUNT_SRC_NOFOLLOW) ? lstat(source, &st)
										    : stat(source, &st);
		if (r < 0 && (errno == ENOENT || errno == ENOTDIR))
			return false;
	}
	return true;
}
