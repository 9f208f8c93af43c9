/* SPDX-License-Identifier: Apache-2.0 */
#include "container/doctor.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/str.h"
#include "cgroup/cgroup.h"
#include "kernel/sys.h"
#include "seccomp/seccomp.h"

/* Of the kernel's files: they hold one. */
static long number(const char *text)
{
	return strtol(text, NULL, 10);
}

static void kernel(struct doctor_report *d)
{
	struct utsname u;
	char *end;
	long major, minor;

	uname(&u);
	major = strtol(u.release, &end, 10);
	minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
	if (major < 4 || (major == 4 && minor < 18))
		doctor_add(d, DOCTOR_PROBLEM, "kernel", "Linux 5.10 or newer is what this is tested with", "%s", u.release);
	else if (major < 5 || (major == 5 && minor < 10))
		doctor_add(d, DOCTOR_WARNING, "kernel", "Linux 5.10 or newer is what this is tested with", "%s", u.release);
	else
		doctor_add(d, DOCTOR_OK, "kernel", "", "%s", u.release);
}

/* Calls that are refused for their arguments where the kernel has them, and as unknown or forbidden where not. */
static const struct {
	const char *name, *without;
	long number, args[4];
} calls[] = {
	{"clone3", "starts take longer, and begin outside of their cgroup", SYS_clone3, {0, 0}},
	{"openat2", "paths in a rootfs are walked step by step: slower", SYS_openat2, {-1, 0, 0, 0}},
	{"mount_setattr", "mounts are changed by their paths, and not as whole trees", SYS_mount_setattr, {-1, 0, 0, 0}},
	{"open_tree", "no id-mapped mounts, no mounts add, and slower starts", SYS_open_tree, {-1, 0, 0}},
	{"pidfd_open", "processes are signalled by their numbers", SYS_pidfd_open, {-1, 0}},
	{"close_range", "descriptors are closed one by one", SYS_close_range, {1, 0, 0}},
};

static void system_calls(struct doctor_report *d)
{
	const char *have = "";

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		const long *a = calls[i].args;
		long r = syscall(calls[i].number, a[0], a[1], a[2], a[3]);

		if (r < 0 && (errno == ENOSYS || errno == EPERM))
			doctor_add(d, DOCTOR_WARNING, "system calls", calls[i].without, "no %s: %s", calls[i].name,
				errno == ENOSYS ? "the kernel is too old, or a filter hides it" : "a filter forbids it");
		else
			have = arena_fmt(d->a, "%s%s%s", have, *have ? ", " : "", calls[i].name);
	}
	doctor_add(d, DOCTOR_OK, "system calls", "", "%s", have);
}

static void namespaces(struct doctor_report *d)
{
	static const char *const kinds[] = {"mnt", "pid", "net", "ipc", "uts", "cgroup", "user", "time"};
	const char *have = "", *max = doctor_read(d, "/proc/sys/user/max_user_namespaces");
	const char *clone = doctor_read(d, "/proc/sys/kernel/unprivileged_userns_clone");
	const char *apparmor = doctor_read(d, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *path = arena_fmt(d->a, "/proc/self/ns/%s", kinds[i]);

		if (path && access(path, F_OK) == 0)
			have = arena_fmt(d->a, "%s%s%s", have, *have ? " " : "", kinds[i]);
		else
			doctor_add(d, i < 5 ? DOCTOR_PROBLEM : DOCTOR_WARNING, "namespaces",
				"configurations that ask for one are refused", "no %s namespaces in this kernel", kinds[i]);
	}
	doctor_add(d, DOCTOR_OK, "namespaces", "", "%s", have);
	if (max && number(max) == 0)
		doctor_add(d, DOCTOR_WARNING, "user namespaces", "sysctl -w user.max_user_namespaces=15000", "limited to 0");
	else if ((clone && number(clone) == 0) || (apparmor && number(apparmor) != 0))
		doctor_add(d, d->x->rootless ? DOCTOR_PROBLEM : DOCTOR_WARNING, "user namespaces",
			clone && number(clone) == 0 ? "sysctl -w kernel.unprivileged_userns_clone=1"
						  : "an AppArmor profile with \"userns,\" for the program lets it",
			"forbidden to users: no rootless containers");
	else
		doctor_add(d, DOCTOR_OK, "user namespaces", "", "at most %.*s", max ? (int)strcspn(max, "\n") : 1, max ? max : "?");
}

/* Whether a line of /etc/subuid or /etc/subgid begins with the name. */
static bool has_range(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *s = text; s && *s; s = strchr(s, '\n') ? strchr(s, '\n') + 1 : NULL)
		if (strncmp(s, name, n) == 0 && s[n] == ':')
			return true;
	return false;
}

static void id_maps(struct doctor_report *d)
{
	const char *subuid = doctor_read(d, "/etc/subuid"), *subgid = doctor_read(d, "/etc/subgid");
	struct passwd *pw = getpwuid(geteuid());
	const char *name = pw ? pw->pw_name : "";

	if (!d->x->rootless)
		return;
	if (!doctor_program(d, "newuidmap") || !doctor_program(d, "newgidmap"))
		doctor_add(d, DOCTOR_WARNING, "id maps", "install uidmap: without it one id can be mapped, your own",
			"no newuidmap and newgidmap");
	else if (!has_range(subuid, name) || !has_range(subgid, name))
		doctor_add(d, DOCTOR_WARNING, "id maps", "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER",
			"%s has no range in /etc/subuid and /etc/subgid", name);
	else
		doctor_add(d, DOCTOR_OK, "id maps", "", "%s has ranges of ids", name);
}

static void cgroups(struct doctor_report *d)
{
	static const char *const modes[] = {"none", "v1", "hybrid", "v2"};
	static const char *const wanted[] = {"cpu", "cpuset", "io", "memory", "pids"};
	struct cgroup_host h = {0};
	struct error err = {0};
	const char *have = "";

	if (cgroup_host_detect(&h, d->a, &err) < 0 || h.mode == CGROUP_MODE_NONE) {
		doctor_add(d, DOCTOR_PROBLEM, "cgroups", "mount cgroup2 at /sys/fs/cgroup, or go without by --cgroup-manager disabled",
			"%s", *err.msg ? err.msg : "not mounted");
		return;
	}
	for (size_t i = 0; i < h.n; i++)
		have = arena_fmt(d->a, "%s%s%s", have, *have ? " " : "",
			h.h[i].v2 ? h.h[i].available ? h.h[i].available : "" : h.h[i].controllers);
	doctor_add(d, DOCTOR_OK, "cgroups", "", "%s: %.*s", modes[h.mode], (int)strcspn(have, "\n"), have);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!strstr(have, str_eq(wanted[i], "io") && h.mode != CGROUP_MODE_V2 ? "blkio" : wanted[i]))
			doctor_add(d, DOCTOR_WARNING, "cgroups", "limits that need it are refused by name; see cgroup_disable= "
								 "on the kernel's command line",
				"no %s controller", wanted[i]);
	if (d->x->manager == CGROUP_MANAGER_SYSTEMD && access("/run/systemd/system", F_OK) < 0)
		doctor_add(d, DOCTOR_PROBLEM, "cgroups", "leave out --systemd-cgroup", "systemd does not run here");
}

static void seccomp(struct doctor_report *d)
{
	const char **flags = seccomp_supported_flags(d->a);
	const char *have = "", *actions = doctor_read(d, "/proc/sys/kernel/seccomp/actions_avail");

	for (size_t i = 0; flags && flags[i]; i++)
		have = arena_fmt(d->a, "%s%s%s", have, *have ? " " : "", flags[i]);
	if (!actions)
		doctor_add(d, DOCTOR_PROBLEM, "seccomp", "configurations with linux.seccomp are refused", "not in this kernel");
	else
		doctor_add(d, strstr(actions, "user_notif") ? DOCTOR_OK : DOCTOR_WARNING, "seccomp",
			strstr(actions, "user_notif") ? "" : "no agents (SCMP_ACT_NOTIFY) before Linux 5.0", "flags: %s", have);
}

static void lsms(struct doctor_report *d)
{
	const char *list = doctor_read(d, "/sys/kernel/security/lsm");
	bool selinux = access("/sys/fs/selinux/enforce", F_OK) == 0;

	doctor_add(d, DOCTOR_OK, "LSMs", "", "%s%s", list ? list : "the list cannot be read",
		selinux ? "; SELinux has a policy" : "");
}

/* Settings that make starts fail on crowded hosts before anything else does. */
static const struct {
	const char *path, *advice;
	long least;
} limits[] = {
	{"/proc/sys/kernel/keys/maxkeys", "each container has a keyring: raise kernel.keys.maxkeys, or use --no-new-keyring", 200},
	{"/proc/sys/fs/inotify/max_user_instances", "raise fs.inotify.max_user_instances", 128},
	{"/proc/sys/kernel/pid_max", "raise kernel.pid_max", 32768},
};

static void settings(struct doctor_report *d)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		const char *value = doctor_read(d, limits[i].path);

		if (value && number(value) < limits[i].least)
			doctor_add(d, DOCTOR_WARNING, "settings", limits[i].advice, "%s is %ld", limits[i].path, number(value));
	}
}

void doctor_host(struct doctor_report *d)
{
	kernel(d);
	system_calls(d);
	namespaces(d);
	id_maps(d);
	cgroups(d);
	seccomp(d);
	lsms(d);
	settings(d);
}
