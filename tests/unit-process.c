/* SPDX-License-Identifier: Apache-2.0 */

/* The process half of a plan: what is refused and in which words, and what the steps hold. */

#include <errno.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/log.h"
#include "base/str.h"
#include "plan/caps.h"
#include "plan/compile.h"
#include "tests/tap.h"

static struct arena arena;
static struct error err;

/* A config with these members of its process object (behind a comma; the usual user, cwd and args where they are not
 * among them), linux object and further members. */
static struct oci_config *config(const char *process, const char *linux_members, const char *more)
{
	const char *json = arena_fmt(&arena,
		"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},\"process\":{\"oomScoreAdj\":0%s%s%s%s},\"linux\":"
		"{%s}%s}",
		strstr(process, "\"user\"") ? "" : ",\"user\":{\"uid\":0,\"gid\":0}",
		strstr(process, "\"cwd\"") ? "" : ",\"cwd\":\"/\"",
		strstr(process, "\"args\"") ? "" : ",\"args\":[\"sh\"]", process, linux_members, more);
	struct oci_config *c = NULL;

	if (!json || oci_config_read(json, strlen(json), &arena, &c, NULL, &err) < 0) {
		printf("Bail out! %s\n", err.msg);
		exit(1);
	}
	return c;
}

/* The plan of the process alone; NULL, and err, when it is refused. */
static const struct plan *process_plan(const struct oci_config *c)
{
	struct plan_input in = {.config = c, .id = "id", .bundle = "/b"};
	struct plan_builder b;
	struct plan *p = NULL;
	int r;

	err = (struct error){0};
	plan_begin(&b, &arena);
	r = plan_add_net_devices(&b, &in, &err);
	if (r == 0)
		r = plan_add_intel_rdt(&b, &in, &err);
	if (r == 0)
		r = plan_add_hooks(&b, &in, &err);
	if (r == 0)
		r = plan_add_sysctls(&b, &in, &err);
	if (r == 0)
		r = plan_check_process(&b, c->process, &err);
	if (r == 0)
		r = plan_add_process(&b, &in, c->process, &err);
	if (r == 0)
		r = plan_add_exec(&b, &in, c->process, &err);
	if (r == 0)
		r = plan_finish(&b, &p, &err);
	return r < 0 ? NULL : p;
}

static const struct plan *plan_of(const char *process)
{
	return process_plan(config(process, "", ""));
}

static const void *find(const struct plan *p, enum plan_op op)
{
	static const uint64_t none[64];

	for (const struct plan_step *s = plan_first(p); !plan_at_end(p, s); s = plan_next(s))
		if (s->op == op)
			return s;
	return none;
}

static bool has(const struct plan *p, enum plan_op op)
{
	return ((const struct plan_step *)find(p, op))->op == op;
}

struct refusal {
	const char *text, *want;
};

static void refused(const struct refusal *r, size_t n, struct oci_config *(*make)(const char *))
{
	for (size_t i = 0; i < n; i++) {
		const struct plan *p = process_plan(make(r[i].text));

		tap_is_str(p ? "taken" : err.msg, r[i].want, "refused: %s", r[i].text);
	}
}

static struct oci_config *as_process(const char *s)
{
	return config(s, "", "");
}
static struct oci_config *as_linux(const char *s)
{
	return config("", s, "");
}
static struct oci_config *as_hooks(const char *s)
{
	return config("", "", arena_fmt(&arena, ",\"hooks\":{%s}", s));
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void refuse_process(void)
{
	static const struct refusal r[] = {
		{",\"args\":[]", "process.args: must not be empty"},
		{",\"user\":{\"uid\":4294967295,\"gid\":0}", "process.user.uid: 4294967295 is not a user"},
		{",\"user\":{\"uid\":0,\"gid\":4294967295}", "process.user.gid: 4294967295 is not a group"},
		{",\"cwd\":\"x\"", "process.cwd: must be an absolute path: \"x\""},
		{",\"cwd\":\"\"", "process.cwd: must not be empty"},
		{",\"rlimits\":[{\"type\":\"RLIMIT_FOO\",\"hard\":1,\"soft\":1}]",
			"process.rlimits[0].type: unknown resource \"RLIMIT_FOO\""},
		{",\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"hard\":1,\"soft\":1},{\"type\":\"RLIMIT_AS\",\"hard\":1,"
		 "\"soft\":1}]",
			"process.rlimits[1].type: RLIMIT_AS is given twice"},
		{",\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"hard\":1,\"soft\":2}]",
			"process.rlimits[0].soft: RLIMIT_AS: larger than the hard limit"},
		{",\"scheduler\":{\"policy\":\"SCHED_FOO\"}", "process.scheduler.policy: unknown policy \"SCHED_FOO\""},
		{",\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":20}",
			"process.scheduler.nice: 20 is not in -20 … 19"},
		{",\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"priority\":2}",
			"process.scheduler.priority: only for SCHED_FIFO and SCHED_RR"},
		{",\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"runtime\":2}",
			"process.scheduler.runtime: only for SCHED_DEADLINE"},
		{",\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"flags\":[\"X\"]}",
			"process.scheduler.flags[0]: unknown flag \"X\""},
		{",\"ioPriority\":{\"class\":\"BE\",\"priority\":1}", "process.ioPriority.class: unknown class \"BE\""},
		{",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":8}",
			"process.ioPriority.priority: 8 is not in 0 … 7"},
		{",\"execCPUAffinity\":{\"initial\":\"3-1\"}",
			"process.execCPUAffinity.initial: not a list of CPUs: \"3-1\""},
		{",\"execCPUAffinity\":{\"final\":\"1,\"}",
			"process.execCPUAffinity.final: not a list of CPUs: \"1,\""},
		{",\"env\":[\"A=1\",\"B\"]", "process.env[1]: invalid environment variable: missing '=' in \"B\""},
		{",\"env\":[\"=x\"]", "process.env[0]: invalid environment variable: no name in \"=x\""},
	};

	refused(r, COUNT(r), as_process);
}

static void refuse_linux(void)
{
	static const struct refusal r[] = {
		{"\"personality\":{\"domain\":\"BSD\"}", "linux.personality.domain: unknown domain \"BSD\""},
		{"\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"F\"]}",
			"linux.personality.flags[0]: unknown flag \"F\""},
		{"\"memoryPolicy\":{\"mode\":\"MPOL_FOO\"}", "linux.memoryPolicy.mode: invalid memory policy mode \"MPOL_FOO\""},
		{"\"memoryPolicy\":{\"mode\":\"MPOL_BIND\"}",
			"linux.memoryPolicy.nodes: MPOL_BIND mode requires nodes, but got 0"},
		{"\"memoryPolicy\":{\"mode\":\"MPOL_LOCAL\",\"nodes\":\"0\"}",
			"linux.memoryPolicy.nodes: MPOL_LOCAL mode requires 0 nodes but got 1"},
		{"\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"a\"}",
			"linux.memoryPolicy.nodes: invalid memory policy nodes \"a\""},
		{"\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[\"MPOL_F_STATIC_NODES\",\"MPOL_F_"
		 "RELATIVE_NODES\"]}",
			"linux.memoryPolicy.flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other"},
		{"\"sysctl\":{\"kernel.shmmax\":\"1\"}",
			"linux.sysctl: sysctl \"kernel.shmmax\" is not allowed in the hosts ipc namespace"},
		{"\"sysctl\":{\"net.ipv4.ip_forward\":\"1\"}",
			"linux.sysctl: sysctl \"net.ipv4.ip_forward\" not allowed in host network namespace"},
		{"\"namespaces\":[{\"type\":\"network\",\"path\":\"/proc/self/ns/"
		 "net\"}],\"sysctl\":{\"net.ipv4.ip_forward\":\"1\"}",
			"linux.sysctl: sysctl \"net.ipv4.ip_forward\" not allowed in host network namespace"},
		{"\"namespaces\":[{\"type\":\"uts\"}],\"sysctl\":{\"kernel.hostname\":\"x\"}",
			"linux.sysctl: sysctl \"kernel.hostname\" is not allowed as it conflicts with the OCI "
			"\"hostname\" field"},
		{"\"sysctl\":{\"vm.swappiness\":\"1\"}",
			"linux.sysctl: sysctl \"vm.swappiness\" is not in a separate kernel namespace"},
		{"\"sysctl\":{\"net/../kernel/panic\":\"1\"}",
			"linux.sysctl: \"net/../kernel/panic\" is not the name of a sysctl"},
		{"\"sysctl\":{\"net..x\":\"1\"}", "linux.sysctl: \"net..x\" is not the name of a sysctl"},
		{"\"netDevices\":{\"eth0\":{}}",
			"linux.netDevices: unable to move network devices without a network namespace"},
		{"\"namespaces\":[{\"type\":\"network\"}],\"netDevices\":{\"et/h0\":{}}",
			"linux.netDevices: invalid network device name \"et/h0\""},
		{"\"namespaces\":[{\"type\":\"network\"}],\"netDevices\":{\"eth0\":{\"name\":\"sixteen-letters-\"}}",
			"linux.netDevices.eth0.name: invalid network device name \"sixteen-letters-\""},
		{"\"intelRdt\":{\"closID\":\"a/b\"}", "linux.intelRdt.closID: invalid intelRdt.ClosID \"a/b\""},
		{"\"intelRdt\":{\"closID\":\"..\"}", "linux.intelRdt.closID: invalid intelRdt.ClosID \"..\""},
		{"\"intelRdt\":{\"memBwSchema\":\"L3:0=f\"}",
			"linux.intelRdt.memBwSchema: does not begin with \"MB:\""},
	};

	refused(r, COUNT(r), as_linux);
}

static void refuse_hooks(void)
{
	static const struct refusal r[] = {
		{"\"prestart\":[{\"path\":\"/a\"},{\"path\":\"b\"}]",
			"hooks.prestart[1].path: must be an absolute path: \"b\""},
		{"\"poststop\":[{\"path\":\"/a\",\"timeout\":0}]",
			"hooks.poststop[0].timeout: 0 seconds: must be greater than zero"},
		{"\"startContainer\":[{\"path\":\"/a\",\"timeout\":-1}]",
			"hooks.startContainer[0].timeout: -1 seconds: must be greater than zero"},
	};

	refused(r, COUNT(r), as_hooks);
}

static void order(void)
{
	static const uint16_t want[] = {PLAN_OP_RLIMIT, PLAN_OP_SCHEDULER, PLAN_OP_IO_PRIORITY, PLAN_OP_CPU_AFFINITY,
		PLAN_OP_MEMORY_POLICY, PLAN_OP_PERSONALITY, PLAN_OP_CWD, PLAN_OP_CREDENTIALS, PLAN_OP_CWD,
		PLAN_OP_FIND_PROGRAM, PLAN_OP_EXEC};
	const struct plan *p =
		process_plan(config(",\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":20,\"soft\":10}],\"scheduler\":"
				    "{\"policy\":\"SCHED_BATCH\","
				    "\"nice\":-5},\"ioPriority\":{\"class\":\"IOPRIO_CLASS_IDLE\",\"priority\":7}",
			"\"memoryPolicy\":{\"mode\":\"MPOL_PREFERRED\",\"nodes\":\"0,2-3\"},\"personality\":{"
			"\"domain\":\"LINUX32\"}",
			""));
	size_t n = 0;

	if (!tap_ok(p != NULL, "every setting of the process: %s", err.msg))
		return;
	for (const struct plan_step *s = plan_first(p); !plan_at_end(p, s); s = plan_next(s))
		if (n < COUNT(want) && s->op == want[n])
			n++;
	tap_is_int(n, COUNT(want), "the steps stand in their order");
	tap_is_int(((const struct plan_rlimit *)find(p, PLAN_OP_RLIMIT))->resource, RLIMIT_NOFILE, "rlimit: resource");
	tap_is_int(((const struct plan_rlimit *)find(p, PLAN_OP_RLIMIT))->soft, 10, "rlimit: soft");
	tap_is_int(((const struct plan_scheduler *)find(p, PLAN_OP_SCHEDULER))->nice, -5, "scheduler: nice");
	tap_is_int(((const struct plan_io_priority *)find(p, PLAN_OP_IO_PRIORITY))->value,
		IOPRIO_CLASS_IDLE << IOPRIO_CLASS_SHIFT | 7, "io priority");
	tap_is_int(((const struct plan_number *)find(p, PLAN_OP_PERSONALITY))->value, 8, "personality");
	tap_is_int(*(const unsigned char *)plan_str(
			   p, ((const struct plan_memory_policy *)find(p, PLAN_OP_MEMORY_POLICY))->mask),
		0x0d, "memory policy: nodes");
}

static const char *env(const struct plan *p)
{
	const struct plan_exec *x = find(p, PLAN_OP_EXEC);
	const char *all = "";

	for (uint32_t i = 0; i < x->env.n; i++)
		all = arena_fmt(&arena, "%s%s ", all, plan_list_str(p, x->env, i));
	return arena_fmt(&arena, "%s%s", all, x->find_home ? "home" : "");
}

static void environment(void)
{
	tap_is_str(env(plan_of(",\"env\":[\"A=1\",\"B=2\",\"A=3\",\"HOME=/h\"]")), "B=2 A=3 HOME=/h ",
		"the last setting of a name counts");
	tap_is_str(env(plan_of(",\"env\":[\"AB=1\",\"A=\",\"A=B=C\"]")), "AB=1 A=B=C home", "names are compared whole");
	tap_is_str(env(plan_of(",\"env\":[\"HOME=\"]")), "home", "an empty HOME is none");
	tap_is_str(env(plan_of("")), "home", "no environment");
}

static void listen_fds(void)
{
	struct oci_config *c = config(",\"env\":[\"LISTEN_FDS=7\",\"LISTEN_PID=1\",\"HOME=/\"]", "", "");
	struct plan_input in = {.config = c, .preserve_fds = 2, .listen_fds = 3};
	const struct plan_exec *x;
	struct plan_builder b;
	struct plan *p;

	plan_begin(&b, &arena);
	tap_is_int(plan_add_exec(&b, &in, c->process, &err), 0, "socket activation");
	if (plan_finish(&b, &p, &err) < 0)
		return;
	x = find(p, PLAN_OP_EXEC);
	tap_is_int(x->preserve_fds, 5, "its fds come before the preserved ones");
	tap_is_str(env(p), "HOME=/ ", "init sets its variables");
}

static void credentials(void)
{
	const struct plan_credentials *c = find(
		plan_of(",\"user\":{\"uid\":7,\"gid\":8,\"umask\":63,\"additionalGids\":[9,10]},\"noNewPrivileges\":"
			"true,"
			"\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_KILL\"],\"permitted\":[\"CAP_CHOWN\"],"
			"\"effective\":[\"CAP_CHOWN\"],\"inheritable\":[\"CAP_CHOWN\"],\"ambient\":[\"CAP_CHOWN\"]}"),
		PLAN_OP_CREDENTIALS);

	tap_is_int(c->uid, 7, "uid");
	tap_is_int(c->gid, 8, "gid");
	tap_is_int(c->groups.n, 2, "groups");
	tap_is_int(c->umask, 63, "umask");
	tap_is_int(c->no_new_privs, 1, "no_new_privs");
	tap_is_int((long long)c->bounding, 0x21, "bounding set");
	tap_is_int((long long)c->ambient, 1, "ambient set");
	c = find(plan_of(""), PLAN_OP_CREDENTIALS);
	tap_is_int(c->has_caps, 0, "no capabilities object: none");
	tap_is_int((long long)(c->bounding | c->permitted), 0, "the sets are empty");
	tap_is_int(c->umask, 022, "the usual umask");
}

/* What cannot be granted is left out; the bounding set here is a user namespace's: everything. */
static void caps(void)
{
	static char *kill[] = {(char *)"CAP_KILL"}, *both[] = {(char *)"CAP_KILL", (char *)"CAP_CHOWN"},
		    *odd[] = {(char *)"CAP_NOPE", (char *)"cap_kill", (char *)"5", (char *)"KILL"};
	struct plan_credentials p = {.uid = 0};
	struct oci_capabilities c = {.bounding = kill, .bounding_len = 1, .permitted = kill, .permitted_len = 1};

	c.effective = c.inheritable = c.ambient = both;
	c.effective_len = c.inheritable_len = c.ambient_len = 2;
	caps_fill(&p, &c, true);
	tap_is_int((long long)p.effective, 0x20, "effective: only what is permitted");
	tap_is_int((long long)p.inheritable, 0x20, "inheritable: only what is in the bounding set");
	tap_is_int((long long)p.ambient, 0x20, "ambient: only what is permitted and inheritable");
	c = (struct oci_capabilities){.permitted = odd, .permitted_len = COUNT(odd)};
	caps_fill(&p, &c, true);
	tap_is_int((long long)p.permitted, 0, "names are the specification's, letter for letter");
	tap_is_str(caps_names(&arena)[0], "CAP_CHOWN", "the names for features");
}

static void sysctls(void)
{
	const struct plan *p = process_plan(config("",
		"\"namespaces\":[{\"type\":\"network\"},{\"type\":\"ipc\"},{\"type\":\"uts\"}],\"sysctl\":{"
		"\"net.ipv4.conf.eth0/1.forwarding\":\"1\",\"net/ipv4/conf/eth0.2/forwarding\":\"0\","
		"\"kernel.shm_rmid_forced\":\"1\",\"fs.mqueue.msg_max\":\"9\",\"kernel.domainname\":\"d\"}",
		""));
	static const char *const want[] = {"net/ipv4/conf/eth0.1/forwarding", "net/ipv4/conf/eth0.2/forwarding",
		"kernel/shm_rmid_forced", "fs/mqueue/msg_max", "kernel/domainname"};
	size_t n = 0;

	if (!tap_ok(p != NULL, "sysctls of namespaces: %s", err.msg))
		return;
	for (const struct plan_step *s = plan_first(p); !plan_at_end(p, s); s = plan_next(s))
		if (s->op == PLAN_OP_SYSCTL && n < COUNT(want)) {
			tap_is_str(plan_str(p, ((const struct plan_sysctl *)s)->path), want[n], "path of %s", want[n]);
			n++;
		}
	tap_is_int(n, COUNT(want), "all of them");
}

static void hooks(void)
{
	const struct plan *p =
		process_plan(as_hooks("\"poststop\":[{\"path\":\"/a\"}],\"createContainer\":[{\"path\":\"/"
				      "b\",\"args\":[\"x\",\"y\"],\"env\":[\"E=1\"],"
				      "\"timeout\":3}]"));
	const struct plan_hook *h = find(p, PLAN_OP_HOOK);

	tap_is_int(h->kind, PLAN_HOOK_CREATE_CONTAINER, "kinds stand in the order of a life");
	tap_is_int(h->timeout, 3, "timeout");
	tap_is_str(plan_list_str(p, h->args, 0), "x", "args[0] as the spec has it");
	h = (const struct plan_hook *)plan_next(&h->s);
	tap_is_int(h->kind, PLAN_HOOK_POSTSTOP, "then poststop");
	tap_is_str(plan_list_str(p, h->args, 0), "/a", "without args the path is args[0]");
	tap_is_int(h->env.n, 0, "no environment");
}

/* Exec: what the process leaves out is the container's. */
static void inherited(void)
{
	struct oci_config *c = config(
		",\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":20,\"soft\":10}],\"noNewPrivileges\":true,"
		"\"user\":{\"uid\":0,\"gid\":0,\"umask\":7},\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"nice\":4},"
		"\"capabilities\":{\"bounding\":[\"CAP_KILL\"]}",
		"\"personality\":{\"domain\":\"LINUX32\"},\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\"}",
		"");
	struct oci_process exec = {.args = c->process->args, .args_len = 1, .cwd = (char *)"/"};
	struct plan_input in = {.id = "id", .container = process_plan(c)};
	struct oci_exec_cpu_affinity cpus = {.initial = (char *)"0", .final = (char *)"1-2"};
	struct plan *p;

	exec.exec_cpu_affinity = &cpus;
	if (!tap_is_int(plan_compile_exec(&in, &exec, CLONE_NEWUSER, &arena, &p, &err), 0, "exec: %s", err.msg))
		return;
	tap_is_int(((const struct plan_rlimit *)find(p, PLAN_OP_RLIMIT))->hard_only, 1,
		"hard limits before the user namespace");
	tap_is_int(((const struct plan_credentials *)find(p, PLAN_OP_CREDENTIALS))->umask, 7, "the container's umask");
	tap_is_int(
		((const struct plan_credentials *)find(p, PLAN_OP_CREDENTIALS))->no_new_privs, 1, "its no_new_privs");
	tap_is_int((long long)((const struct plan_credentials *)find(p, PLAN_OP_CREDENTIALS))->bounding, 0x20,
		"its capabilities");
	tap_is_int(((const struct plan_scheduler *)find(p, PLAN_OP_SCHEDULER))->nice, 4, "its scheduler");
	tap_is_int(((const struct plan_number *)find(p, PLAN_OP_PERSONALITY))->value, 8, "its personality");
	tap_ok(has(p, PLAN_OP_MEMORY_POLICY), "its memory policy");
	tap_is_int(*plan_str(p, ((const struct plan_cpu_affinity *)find(p, PLAN_OP_CPU_AFFINITY))->mask), 1,
		"CPUs: the initial ones first");
	tap_ok(((const struct plan_step *)find(p, PLAN_OP_CPU_AFFINITY)) <
			((const struct plan_step *)find(p, PLAN_OP_CGROUP_JOIN)),
		"and before the cgroup is joined");
}

/* The lines in which the group's schemata are written. */
static const char *schemata_of(const char *members)
{
	char *rdt = arena_fmt(&arena, "\"intelRdt\":{%s}", members);
	const char *all = "";
	const struct plan *p = process_plan(config("", rdt, ""));
	const struct plan_intel_rdt *s = p ? find(p, PLAN_OP_INTEL_RDT) : NULL;

	for (uint32_t i = 0; s && i < s->schemata.n; i++)
		all = arena_fmt(&arena, "%s%s;", all, plan_list_str(p, s->schemata, i));
	return s ? all : err.msg;
}

static void schemata(void)
{
	tap_is_str(schemata_of("\"schemata\":[\"L2:0=f\",\"L3:0=1\"],\"memBwSchema\":\"MB:0=20\",\"l3CacheSchema\":"
			       "\"L3:0=7f0\""),
		"L3:0=7f0;MB:0=20;L2:0=f;L3:0=1;", "schemata: l3CacheSchema, memBwSchema, then the list");
	tap_is_str(schemata_of("\"l3CacheSchema\":\"L3:0=f\\nMB:0=20\\nL3:1=f\""), "L3:0=f;L3:1=f;",
		"MB: lines of l3CacheSchema are left out");
	tap_is_str(schemata_of("\"closID\":\"a\""), "", "no schemata");
}

int main(void)
{
	refuse_process();
	refuse_linux();
	refuse_hooks();
	order();
	environment();
	listen_fds();
	credentials();
	caps();
	sysctls();
	hooks();
	inherited();
	schemata();
	arena_done(&arena);
	return tap_done();
}
