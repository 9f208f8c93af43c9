/* SPDX-License-Identifier: Apache-2.0 */
#include "init/init.h"

#include <errno.h>
#include <sys/mman.h>

ARCH_ENTRY;

/* One row a step that is init's. The name stands before the step's message; where it is NULL the message is whole (engines
 * match on the words of FIND_PROGRAM). */
static const struct executor {
	const char *name;
	init_step *run;
} executors[PLAN_OP_END] = {
	[PLAN_OP_CGROUP_JOIN] = {"cgroup", step_cgroup_join},
	[PLAN_OP_JOIN] = {"join", step_join},
	[PLAN_OP_UNSHARE] = {"unshare", step_unshare},
	[PLAN_OP_TIME_OFFSETS] = {"time offsets", step_time_offsets},
	[PLAN_OP_TIME_ENTER] = {"unshare", step_time_enter},
	[PLAN_OP_FORK] = {"fork", step_fork},
	[PLAN_OP_SYNC] = {"sync", step_sync},
	[PLAN_OP_KEYRING] = {"keyring", step_keyring},
	[PLAN_OP_LOOPBACK] = {"network", step_loopback},
	[PLAN_OP_HOSTNAME] = {"hostname", step_hostname},
	[PLAN_OP_DOMAINNAME] = {"domainname", step_domainname},
	[PLAN_OP_CHROOT] = {"chroot", step_chroot},
	[PLAN_OP_ROOTFS] = {"rootfs", step_rootfs},
	[PLAN_OP_MOUNT] = {"mount", step_mount},
	[PLAN_OP_UMOUNT] = {"umount", step_umount},
	[PLAN_OP_DEVICE] = {"device", step_device},
	[PLAN_OP_DEV_LINKS] = {"device", step_dev_links},
	[PLAN_OP_CONTAINER_HOOKS] = {NULL, step_hooks},
	[PLAN_OP_CONSOLE] = {"console", step_console},
	[PLAN_OP_PIVOT] = {"pivot", step_pivot},
	[PLAN_OP_SYSCTL] = {"sysctl", step_sysctl},
	[PLAN_OP_READONLY_PATHS] = {"readonly path", step_readonly_paths},
	[PLAN_OP_MASKED_PATHS] = {"masked path", step_masked_paths},
	[PLAN_OP_ROOT_READONLY] = {"rootfs", step_root_readonly},
	[PLAN_OP_ROOT_UNBINDABLE] = {"rootfs", step_root_unbindable},
	[PLAN_OP_SESSION] = {"session", step_session},
	[PLAN_OP_RLIMIT] = {"rlimit", step_rlimit},
	[PLAN_OP_SCHEDULER] = {"scheduler", step_scheduler},
	[PLAN_OP_IO_PRIORITY] = {"io priority", step_io_priority},
	[PLAN_OP_CPU_AFFINITY] = {"cpu affinity", step_cpu_affinity},
	[PLAN_OP_MEMORY_POLICY] = {"memory policy", step_memory_policy},
	[PLAN_OP_PERSONALITY] = {"personality", step_personality},
	[PLAN_OP_EXEC_LABEL] = {"label", step_exec_label},
	[PLAN_OP_CREDENTIALS] = {"credentials", step_credentials},
	[PLAN_OP_CWD] = {"cwd", step_cwd},
	[PLAN_OP_FIND_PROGRAM] = {NULL, step_find_program},
	[PLAN_OP_SECCOMP] = {"seccomp", step_seccomp},
	[PLAN_OP_READY] = {NULL, step_ready},
	[PLAN_OP_START_HOOKS] = {NULL, step_hooks},
	[PLAN_OP_EXEC] = {NULL, step_exec},
};

/* Set up at run time: 12 KB of image would have to be written and read at each start. */
static struct init in;

static void set_up(void)
{
	in.sync = in.proc = in.root = in.console = in.dev_mask = in.start = in.program = -1;
}

static _Noreturn void quit(int status)
{
	sys_call1(SYS_exit_group, status);
	__builtin_trap(); /* the container's filter forbids even that; a fault ends also an init that signals do not reach */
}

static _Noreturn void fail(const struct error *err)
{
	static struct sync_msg m;

	m.type = SYNC_ERROR;
	m.value = err->code;
	m.step = in.step;
	m.bare = err->bare;
	str_copy(m.text, sizeof(m.text), err->msg);
	init_put_times(&in, &m);
	(void)sync_send(in.start >= 0 ? in.start : in.sync, &m, NULL, 0);
	quit(1);
}

static const struct plan *map_plan(int fd)
{
	struct plan head;
	long r = sys_call4(SYS_pread64, fd, &head, sizeof(head), 0);

	if (r != (long)sizeof(head) || head.magic != PLAN_MAGIC || head.version != PLAN_VERSION)
		return NULL;
	r = sys_call6(SYS_mmap, 0, (long)head.size, PROT_READ, MAP_SHARED, fd, 0);
	(void)sys_close(fd);
	return r < 0 && r > -4096 ? NULL : (const struct plan *)r;
}

static void execute(struct error *err)
{
	uint32_t i = 0, last = PLAN_OP_NONE;

	for (const struct plan_step *s = plan_first(in.plan); !plan_at_end(in.plan, s); s = plan_next(s), i++) {
		const struct executor *x = &executors[s->op];

		if (s->op < PLAN_OP_HOST_END)
			continue;
		in.step = i;
		init_time(&in, i, s->op == last);
		last = s->op;
		if (x->run(&in, s, err) < 0) {
			if (x->name)
				error_prefix(err, "%s", x->name);
			fail(err);
		}
	}
	error_set(err, EPROTO, "plan: nothing to execute");
	fail(err);
}

__attribute__((used)) _Noreturn void start_c(long *sp);
_Noreturn void start_c(long *sp)
{
	static struct error err;
	char **argv = (char **)(sp + 1);
	uint64_t fd, begun = sys_ticks();
	int plan;

	/* Before anything else: what enters a namespace from here on cannot be read or traced from inside it. */
	(void)sys_prctl(4 /* PR_SET_DUMPABLE */, 0, 0, 0, 0);
	(void)sys_prctl(1 /* PR_SET_PDEATHSIG */, 9, 0, 0, 0);
	(void)sys_prctl(15 /* PR_SET_NAME */, (unsigned long)"enviro-oci:init", 0, 0, 0);
	if (sp[0] != 2 || !str_to_u64(argv[1], &fd))
		quit(1);
	set_up();
	init_begin_times(&in, begun);
	in.sync = (int)fd;
	(void)sys_call3(SYS_fcntl, in.sync, 2 /* F_SETFD */, 1 /* FD_CLOEXEC */);
	init_time(&in, SYNC_TIME_WAIT, false);
	plan = init_receive_plan(&in);
	init_time(&in, SYNC_TIME_ENTER, false);
	if (plan < 0) /* the runtime is gone */
		quit(1);
	in.plan = map_plan(plan);
	if (!in.plan) {
		error_set(&err, EPROTO, "plan: not one of this version");
		fail(&err);
	}
	if (init_enter_made(&in, &err) < 0)
		fail(&err);
	execute(&err);
	quit(1);
}
