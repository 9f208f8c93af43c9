/* SPDX-License-Identifier: Apache-2.0 */
#include "container/explain.h"

#include "base/str.h"
#include "plan/caps.h"

/* capabilities(7), in a few words. */
static const struct {
	const char *name, *words;
} capabilities[] = {
	{"CAP_AUDIT_CONTROL", "switch auditing and its rules"},
	{"CAP_AUDIT_READ", "read the audit log"},
	{"CAP_AUDIT_WRITE", "write to the audit log"},
	{"CAP_BLOCK_SUSPEND", "keep the machine awake"},
	{"CAP_BPF", "load eBPF programs"},
	{"CAP_CHECKPOINT_RESTORE", "save and restore processes"},
	{"CAP_CHOWN", "give files to anyone"},
	{"CAP_DAC_OVERRIDE", "pass by permissions of files"},
	{"CAP_DAC_READ_SEARCH", "read any file, also by handle"},
	{"CAP_FOWNER", "act as the owner of any file"},
	{"CAP_FSETID", "keep set-user-ID bits when writing"},
	{"CAP_IPC_LOCK", "lock memory"},
	{"CAP_IPC_OWNER", "pass by permissions of System V IPC"},
	{"CAP_KILL", "signal any process"},
	{"CAP_LEASE", "take leases on any file"},
	{"CAP_LINUX_IMMUTABLE", "change immutable and append-only flags"},
	{"CAP_MAC_ADMIN", "change mandatory access control"},
	{"CAP_MAC_OVERRIDE", "pass by mandatory access control"},
	{"CAP_MKNOD", "make device nodes"},
	{"CAP_NET_ADMIN", "configure networks"},
	{"CAP_NET_BIND_SERVICE", "listen on ports below 1024"},
	{"CAP_NET_BROADCAST", "send broadcasts"},
	{"CAP_NET_RAW", "send and see raw packets"},
	{"CAP_PERFMON", "observe the kernel's performance"},
	{"CAP_SETFCAP", "give capabilities to files"},
	{"CAP_SETGID", "become any group"},
	{"CAP_SETPCAP", "move capabilities between its sets"},
	{"CAP_SETUID", "become any user"},
	{"CAP_SYS_ADMIN", "mount, join namespaces and much else"},
	{"CAP_SYS_BOOT", "reboot, load another kernel"},
	{"CAP_SYS_CHROOT", "change the root directory"},
	{"CAP_SYS_MODULE", "load kernel modules"},
	{"CAP_SYS_NICE", "raise priorities of any process"},
	{"CAP_SYS_PACCT", "switch process accounting"},
	{"CAP_SYS_PTRACE", "look into any process it can see"},
	{"CAP_SYS_RAWIO", "reach ports and memory of devices"},
	{"CAP_SYS_RESOURCE", "pass by limits and quotas"},
	{"CAP_SYS_TIME", "set the clock"},
	{"CAP_SYS_TTY_CONFIG", "configure terminals"},
	{"CAP_SYSLOG", "read the kernel's log"},
	{"CAP_WAKE_ALARM", "wake the machine by a timer"},
};

const char *explain_capability(const char *name)
{
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++)
		if (str_eq(capabilities[i].name, name))
			return capabilities[i].words;
	return "";
}

static void add_capabilities(struct explanation *e, const struct plan_credentials *k)
{
	uint64_t dropped = caps_of_kernel(true) & ~k->bounding;
	char **names;
	size_t n;

	if (caps_to_names(k->bounding | k->permitted, e->a, &names, &n) < 0) {
		e->failed = true;
		return;
	}
	for (size_t i = 0; i < n; i++)
		explain_add(e, "process", "keep capability", names[i], explain_capability(names[i]));
	if (caps_to_names(dropped, e->a, &names, &n) < 0)
		e->failed = true;
	else if (n)
		explain_add(e, "process", "drop capabilities", explain_fmt(e, "%zu", n), explain_join(e, names, n, " "));
	if (caps_to_names(k->ambient, e->a, &names, &n) < 0)
		e->failed = true;
	else if (n)
		explain_add(e, "process", "ambient capabilities", explain_fmt(e, "%zu", n), explain_join(e, names, n, " "));
}

void explain_credentials(struct explanation *e, const struct plan *p, const struct plan_credentials *k)
{
	const char *groups = "";

	for (uint32_t i = 0; i < k->groups.n; i++)
		groups = explain_fmt(e, "%s %u", groups, plan_list_u32(p, k->groups, i));
	explain_add(e, "process", "user", explain_fmt(e, "%u:%u", k->uid, k->gid),
		explain_fmt(e, "%s%s%sumask %04o", *groups ? "groups" : "", groups, *groups ? ", " : "", k->umask));
	add_capabilities(e, k);
	explain_add(e, "process", "no new privileges", k->no_new_privs ? "yes" : "no",
		k->no_new_privs ? "" : "set-user-ID programs get the rights of their owners");
}

void explain_seccomp(struct explanation *e, const struct creation *c, const struct plan_seccomp *s)
{
	const struct oci_linux_seccomp *f = c->config->linux->seccomp;

	explain_add(e, "process", "seccomp", f ? f->default_action : "a filter of its own",
		explain_fmt(e, "for all other system calls; %u instructions", s->n));
	for (size_t i = 0; f && i < f->syscalls_len; i++) {
		const struct oci_seccomp_syscall *y = &f->syscalls[i];
		const char *names = explain_join(e, y->names, y->names_len < 6 ? y->names_len : 5, " ");

		explain_add(e, "process", "seccomp", y->action,
			explain_fmt(e, "%s%s%s%s", names, y->names_len < 6 ? "" : explain_fmt(e, " and %zu more", y->names_len - 5),
				y->args_len ? ", by their arguments" : "",
				y->has_errno_ret ? explain_fmt(e, ", errno %u", y->errno_ret) : ""));
	}
}
