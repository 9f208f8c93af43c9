/* SPDX-License-Identifier: Apache-2.0 */
#include "container/explain.h"

#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "plan/compile.h"
#include "plan/path.h"

static bool new_or_joined(const struct oci_config *c, uint32_t flag)
{
	return plan_all_namespaces(c) & flag;
}

static const struct {
	uint32_t flag;
	const char *name, *text;
} shared[] = {
	{CLONE_NEWNS, "host-mounts", "no mount namespace: mounts are the host's"},
	{CLONE_NEWPID, "host-pids", "no pid namespace: it sees and may signal the host's processes"},
	{CLONE_NEWNET, "host-network", "no network namespace: it has the host's interfaces, and reaches what listens on loopback"},
	{CLONE_NEWIPC, "host-ipc", "no ipc namespace: it shares the host's System V IPC and message queues"},
	{CLONE_NEWUTS, "host-uts", "no uts namespace: it sees the host's name"},
	{CLONE_NEWCGROUP, "host-cgroups", "no cgroup namespace: it sees where it is in the host's cgroups"},
};

static void namespaces(struct explanation *e, const struct oci_config *c)
{
	if (!new_or_joined(c, CLONE_NEWUSER))
		explain_add_risk(e, c->process->user && c->process->user->uid ? "host-users" : "host-root", "linux.namespaces",
			c->process->user && c->process->user->uid
				? "no user namespace: its ids are the host's; add one with uidMappings and gidMappings"
				: "no user namespace: its root is the host's root; add one with uidMappings and gidMappings");
	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++)
		if (!new_or_joined(c, shared[i].flag))
			explain_add_risk(e, shared[i].name, "linux.namespaces", shared[i].text);
}

/* Those by which a process gets at the host, if it is not held by a user namespace. */
static const char *const dangerous[] = {"CAP_SYS_ADMIN", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_PTRACE",
	"CAP_DAC_READ_SEARCH", "CAP_SYS_BOOT", "CAP_SYS_TIME", "CAP_NET_ADMIN", "CAP_BPF", "CAP_PERFMON", "CAP_MAC_ADMIN",
	"CAP_MAC_OVERRIDE", "CAP_LINUX_IMMUTABLE", "CAP_SYSLOG"};

static void capabilities(struct explanation *e, const struct oci_config *c)
{
	const struct oci_capabilities *k = c->process->capabilities;

	for (size_t i = 0; k && i < k->bounding_len; i++)
		for (size_t j = 0; j < sizeof(dangerous) / sizeof(dangerous[0]); j++)
			if (!new_or_joined(c, CLONE_NEWUSER) && str_eq(k->bounding[i], dangerous[j]))
				explain_add_risk(e, "capability", explain_fmt(e, "process.capabilities.bounding[%zu]", i),
					explain_fmt(e, "%s on the host: %s", dangerous[j], explain_capability(dangerous[j])));
	if (k && k->inheritable_len)
		explain_add_risk(e, "inheritable", "process.capabilities.inheritable",
			"inheritable capabilities pass to programs with file capabilities; leave them out");
}

static void process(struct explanation *e, const struct oci_config *c)
{
	const struct oci_linux *l = c->linux;

	if (!c->process->no_new_privileges)
		explain_add_risk(e, "new-privileges", "process.noNewPrivileges",
			"set-user-ID programs of the image give rights away; set it to true");
	if (!l->seccomp)
		explain_add_risk(e, "no-seccomp", "linux.seccomp", "no filter: every system call of the kernel can be reached");
	else if (str_eq(l->seccomp->default_action, "SCMP_ACT_ALLOW"))
		explain_add_risk(e, "seccomp-allows", "linux.seccomp.defaultAction",
			"system calls that are not named are allowed; name those that are needed instead");
}

/* Whoever may write there, or speak to what listens there, is root of the host. */
static const char *const sensitive[] = {"/", "/etc", "/root", "/boot", "/proc", "/sys", "/dev", "/usr", "/lib", "/bin", "/sbin",
	"/var", "/run", "/var/run", "/lib/modules", "/var/lib/docker", "/var/lib/containerd", "/var/lib/containers",
	"/var/lib/kubelet", "/etc/shadow", "/etc/passwd", "/etc/sudoers"};
static const char *const engine_sockets[] = {"docker.sock", "containerd.sock", "crio.sock", "podman.sock", "dockershim.sock"};

static bool has_option(const struct oci_mount *m, const char *name)
{
	for (size_t i = 0; i < m->options_len; i++)
		if (str_eq(m->options[i], name))
			return true;
	return false;
}

static bool is_read_only(const struct oci_mount *m)
{
	return has_option(m, "ro") || has_option(m, "rro");
}

static void volume(struct explanation *e, const struct oci_mount *m, size_t i)
{
	const char *source = path_clean(e->a, "", m->source), *path = explain_fmt(e, "mounts[%zu]", i);

	for (size_t k = 0; source && k < sizeof(sensitive) / sizeof(sensitive[0]); k++)
		if (str_eq(source, sensitive[k]) && !is_read_only(m))
			explain_add_risk(e, "host-files", path,
				explain_fmt(e, "%s of the host can be written to; add \"ro\", or bind less", source));
	for (size_t k = 0; source && k < sizeof(engine_sockets) / sizeof(engine_sockets[0]); k++)
		if (str_ends(source, explain_fmt(e, "/%s", engine_sockets[k])))
			explain_add_risk(e, "engine-socket", path,
				explain_fmt(e, "%s: who speaks to an engine can have anything run as root of the host", source));
}

static void mounts(struct explanation *e, const struct oci_config *c)
{
	for (size_t i = 0; i < c->mounts_len; i++) {
		const struct oci_mount *m = &c->mounts[i];

		if (m->source && (str_eq(m->type, "bind") || has_option(m, "bind") || has_option(m, "rbind")))
			volume(e, m, i);
		else if (str_eq(m->type, "sysfs") && !is_read_only(m) && !new_or_joined(c, CLONE_NEWUSER))
			explain_add_risk(e, "writable-sys", explain_fmt(e, "mounts[%zu]", i),
				"settings of the kernel's devices can be changed; add \"ro\"");
	}
	if (!c->linux->masked_paths_len)
		explain_add_risk(e, "no-masked-paths", "linux.maskedPaths",
			"nothing of /proc and /sys is hidden; take the list that \"spec\" writes");
	if (!c->linux->readonly_paths_len)
		explain_add_risk(e, "no-readonly-paths", "linux.readonlyPaths",
			"/proc/sys and its like can be written to; take the list that \"spec\" writes");
	if (!c->root->readonly)
		explain_add_risk(e, "writable-root", "root.readonly", "the image can be changed; set it to true where that will do");
	if (str_ends(c->linux->rootfs_propagation ? c->linux->rootfs_propagation : "", "shared"))
		explain_add_risk(e, "shared-mounts", "linux.rootfsPropagation", "what it mounts appears on the host");
}

static void resources(struct explanation *e, const struct oci_config *c)
{
	const struct oci_linux_resources *r = c->linux->resources;

	for (size_t i = 0; r && i < r->devices_len; i++)
		if (r->devices[i].allow && (!r->devices[i].type || str_eq(r->devices[i].type, "a")) && !r->devices[i].has_major)
			explain_add_risk(e, "all-devices", explain_fmt(e, "linux.resources.devices[%zu]", i),
				"every device of the host may be used; name those that are needed");
	if (!r || !r->memory || !r->memory->has_limit || r->memory->limit <= 0)
		explain_add_risk(e, "no-memory-limit", "linux.resources.memory.limit", "it may take all memory of the host");
	if (!r || !r->pids || r->pids->limit <= 0)
		explain_add_risk(e, "no-pids-limit", "linux.resources.pids.limit", "it may fork until the host can no more");
}

void explain_risks(struct explanation *e, const struct creation *c)
{
	namespaces(e, c->config);
	capabilities(e, c->config);
	process(e, c->config);
	mounts(e, c->config);
	resources(e, c->config);
	if (c->config->hooks)
		explain_add_risk(e, "hooks", "hooks", "programs that the bundle names are run with the rights of the runtime");
}
