/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "container/create.h"
#include "container/engine.h"
#include "container/exec_process.h"
#include "container/foreground.h"
#include "container/life.h"
#include "fast/config.h"
#include "perf/metrics.h"
#include "plan/compile.h"

struct execution {
	const struct context *x;
	const struct exec_options *o;
	struct arena arena;
	struct container c;
	struct cgroup cgroup;
	struct oci_process *process;
	struct seccomp_filter filter;
	const struct plan *stored; /* the container's own: its filter, and what the process leaves out */
	size_t stored_size;
	struct plan *plan;
	struct launch launch;
};

static void done(struct execution *e)
{
	struct span span = span_begin(SPAN_ID_CLOSE);

	launch_done(&e->launch);
	cgroup_close(&e->cgroup);
	if (e->stored)
		munmap((void *)e->stored, e->stored_size);
	container_close(&e->c);
	arena_done(&e->arena);
	(void)span_end(&span, 0);
}

static int check_status(const struct execution *e, struct error *err)
{
	switch (e->c.status) {
	case STATUS_CREATED:
	case STATUS_RUNNING:
		if (e->o->ignore_paused || !cgroup_starts_frozen(&e->c.cgroup))
			return 0;
		return error_set(err, EBUSY, "cannot exec in a container whose cgroup is frozen");
	case STATUS_PAUSED:
		if (e->o->ignore_paused)
			return 0;
		return error_set(err, EINVAL, "cannot exec in a paused container (use --ignore-paused to override)");
	case STATUS_STOPPED:
		return error_set(err, EINVAL, "cannot exec in a stopped container");
	default:
		return error_set(err, EINVAL, "cannot exec in a container in the %s state", status_name(e->c.status));
	}
}

static int check_terminal(const struct execution *e, struct error *err)
{
	if (e->process->terminal && e->o->detach && !e->o->console_socket)
		return error_set(err, EINVAL,
			"cannot allocate tty if enviro-oci will detach without setting console socket");
	if (e->o->console_socket && !(e->process->terminal && e->o->detach))
		return error_set(err, EINVAL,
			"cannot use console socket if enviro-oci will not detach or allocate tty");
	return e->process->terminal && !e->o->detach ? config_load(err) : 0;
}

/* The filter that was compiled when the container was made. */
static int find_filter(struct execution *e, struct error *err)
{
	int r = life_plan(&e->c, &e->stored, &e->stored_size, err);

	if (r < 0)
		return r == -ENOENT ? error_set(err, ENOENT, "state directory: plan: missing") : r;
	for (const struct plan_step *s = plan_first(e->stored); !plan_at_end(e->stored, s); s = plan_next(s)) {
		const struct plan_seccomp *f = (const struct plan_seccomp *)s;

		if (s->op == PLAN_OP_SECCOMP)
			e->filter = (struct seccomp_filter){
				.bpf = plan_str(e->stored, f->bpf), .n = f->n, .flags = f->flags, .notify = f->notify};
	}
	return 0;
}

static int put_container(struct execution *e, uint32_t join, struct error *err)
{
	struct launch_slots *s = &e->launch.with_plan;
	char path[64];
	int fd = life_pidfd(&e->c, err), r;

	if (fd < 0)
		return fd;
	r = launch_put(s, SLOT_FIRST_FREE, fd, err);
	if (r < 0 || (join & CLONE_NEWNS))
		return r;
	fmt(path, sizeof(path), "/proc/%d/root", (int)e->c.pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno, "exec: %s", path);
	return launch_put(s, SLOT_FIRST_FREE + 1, fd, err);
}

static int compile(struct execution *e, struct error *err)
{
	uint32_t join = life_namespaces(&e->c);
	struct plan_input in = {
		.id = e->c.id,
		.bundle = e->c.bundle,
		.container = e->stored,
		.cgroup = &e->cgroup,
		.seccomp = e->filter.bpf ? &e->filter : NULL,
		.preserve_fds = e->o->preserve_fds,
		.listen_fds = engine_listen_fds(),
		.rootless = e->x->rootless,
	};
	int r = engine_check_fds(in.preserve_fds + in.listen_fds, err);

	if (r == 0)
		r = plan_compile_exec(&in, e->process, join, &e->arena, &e->plan, err);
	if (r == 0)
		r = setup_memfd("plan", e->plan, e->plan->size, err);
	if (r < 0)
		return r;
	e->launch.plan_fd = r;
	e->launch.preserve_fds = in.preserve_fds + in.listen_fds;
	return put_container(e, join, err);
}

/* To the agent that the container's listener went to. */
static int on_seccomp(struct launch *l, int fd, struct error *err)
{
	struct execution *e = l->data;
	struct oci_map annotations = e->c.annotations;
	struct oci_state s = {
		.oci_version = (char *)e->c.oci_version,
		.id = (char *)e->c.id,
		.status = (char *)status_name(e->c.status),
		.has_pid = true,
		.pid = e->c.pid,
		.bundle = (char *)e->c.bundle,
		.annotations = &annotations,
	};
	struct span span = span_begin(SPAN_ID_SECCOMP_AGENT);
	struct oci_linux_seccomp seccomp;
	int r = exec_seccomp(e->stored, &seccomp, err);

	if (r < 0) {
		close(fd);
		return r;
	}
	return span_end(&span, setup_seccomp_agent(&seccomp, &s, l->pid, fd, err));
}

static int make_plan(struct execution *e, struct error *err)
{
	struct span span = span_begin(SPAN_ID_PLAN);
	int r = check_status(e, err);

	if (r == 0)
		r = find_filter(e, err);
	if (r == 0)
		r = exec_process(e->stored, e->o, &e->arena, &e->process, err);
	if (r == 0)
		r = check_terminal(e, err);
	e->c.cgroup.below =
		annotations_ask_for_cgroup(&e->c.annotations, e->c.cgroup.manager == CGROUP_MANAGER_SYSTEMD);
	if (r == 0)
		r = cgroup_enter(&e->c.cgroup, e->o->cgroups, e->o->cgroups_len, e->c.pid, &e->arena, &e->cgroup, err);
	if (r == 0)
		r = compile(e, err);
	return span_end(&span, r);
}

static int prepare(struct execution *e, const char *id, struct error *err)
{
	int r = container_load(e->x, id, &e->arena, &e->c, err);

	return r < 0 ? r : make_plan(e, err);
}

/* Whether there is nothing to do between init's READY and the program. */
static bool starts_by_itself(const struct execution *e)
{
	const struct exec_options *o = e->o;

	return !o->console_socket && !o->pidfd_socket && !o->pid_file && !e->process->terminal &&
	       !setup_wants_oom_score(e->plan);
}

static int fill_slots(struct execution *e, struct error *err)
{
	struct span span = span_begin(SPAN_ID_SLOTS);
	struct launch *l = &e->launch;

	if (!l->into_cgroup && e->x->rootless && cgroup_attach_by_manager(&e->cgroup, l->pid, err) == 0)
		l->into_cgroup = true; /* else init tries, and says what is wrong */
	return span_end(&span, setup_cgroup_slots(e->plan, &e->cgroup, l->into_cgroup, &l->with_plan, err));
}

static int carry_out(struct execution *e, struct foreground *f, struct error *err)
{
	const struct exec_options *o = e->o;
	struct launch *l = &e->launch;
	int r;

	l->plan = e->plan;
	l->dir = e->c.dir;
	l->cgroup_fd = cgroup_v2_fd(&e->cgroup);
	l->without = starts_by_itself(e) ? SYNC_WITHOUT_GO : 0;
	l->on_seccomp = on_seccomp;
	l->data = e;
	r = launch_spawn(l, err);
	if (r < 0)
		return r;
	r = fill_slots(e, err);
	if (r == 0)
		r = launch_lead(l, err);
	if (r == 0)
		r = setup_oom_score(e->plan, l->pid, err);
	if (r == 0 && o->console_socket)
		r = engine_hand_over("--console-socket", o->console_socket, l->console, "/dev/ptmx", err);
	if (r == 0 && o->pidfd_socket)
		r = engine_hand_over("--pidfd-socket", o->pidfd_socket, l->pidfd, "pidfd", err);
	if (r == 0 && o->pid_file)
		r = engine_write_pid(o->pid_file, l->pid, err);
	if (r == 0 && !o->detach)
		foreground_attach(f, l->console);
	if (r == 0)
		r = launch_go(l, err);
	if (r < 0)
		launch_kill(l);
	return r;
}

int container_exec(const struct context *x, const char *id, const struct exec_options *o, int *exit_status,
	struct error *err)
{
	__attribute__((cleanup(done))) struct execution e = {
		.x = x, .o = o, .c = {.dir = -1}, .launch = LAUNCH_INIT};
	_cleanup_foreground_ struct foreground f = FOREGROUND_INIT;
	struct span span;
	int r = prepare(&e, id, err);

	*exit_status = 0;
	if (r == 0 && !o->detach)
		r = foreground_begin(&f, true, err);
	if (r == 0)
		r = carry_out(&e, &f, err);
	if (r < 0)
		return r;
	(void)span_verb_end(0);
	metrics_count(METRIC_EXECUTED, 1);
	if (o->detach)
		return r;
	f.counts = x;
	span = span_begin(SPAN_ID_CONTAINER);
	r = span_end(&span, foreground_wait(&f, e.launch.pid, e.launch.pidfd, e.launch.console, -1, err));
	if (r < 0)
		return r;
	*exit_status = r;
	return 0;
}
