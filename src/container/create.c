/* SPDX-License-Identifier: Apache-2.0 */
#include "container/create.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "container/engine.h"
#include "container/hooks_run.h"
#include "container/id_map.h"
#include "container/notify.h"
#include "container/process.h"
#include "container/store.h"
#include "fast/config.h"
#include "perf/metrics.h"

enum { CLEAN_UP_MS = 10000 };

int creation_state(struct creation *c, enum container_status status, pid_t pid, char **ret, size_t *len, struct error *err)
{
	struct container k = {
		.id = c->id,
		.bundle = c->bundle,
		.oci_version = c->config->oci_version,
		.pid = pid,
		.status = status,
	};

	if (c->config->annotations)
		k.annotations = *c->config->annotations;
	return container_state_json(&k, &c->arena, ret, len, err);
}

/* The plan lies in the state directory: init maps it from there, start and delete find their hooks in it. */
static int write_plan(struct creation *c, struct error *err)
{
	_cleanup_close_ int fd = openat(c->dir, "plan", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : fd_write_all(fd, c->plan, c->plan->size);

	if (r < 0)
		return error_errno(err, r, "state directory: plan");
	c->launch.plan_fd = openat(c->dir, "plan", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return c->launch.plan_fd < 0 ? error_errno(err, errno, "state directory: plan") : 0;
}

/* Bound under another name until init waits at it: where START_SOCKET is, the container is "created". */
static int make_start_socket(struct creation *c, struct error *err)
{
	_cleanup_close_ int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	fmt(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/" START_SOCKET ".new", c->dir);
	if (sock < 0 || bind(sock, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(sock, 4) < 0)
		return error_errno(err, errno, "state directory: " START_SOCKET);
	c->start_socket = TAKE_FD(sock);
	return 0;
}

int creation_write_pid(struct creation *c, struct error *err)
{
	struct process_stat st;
	int r = process_stat(c->launch.pid, &st);

	if (r < 0)
		return error_errno(err, r, "start: /proc/%d/stat", (int)c->launch.pid);
	c->record.pid = c->launch.pid;
	c->record.start_time = st.start_time;
	return record_write(c->dir, &c->record, err);
}

int creation_run_hooks(struct creation *c, pid_t pid, struct error *err)
{
	const struct oci_hooks *h = c->config->hooks;
	size_t len;
	char *json;
	int r;

	if (!h || !(h->prestart_len || h->create_runtime_len))
		return 0;
	r = creation_state(c, STATUS_CREATING, pid, &json, &len, err);
	if (r == 0)
		r = hooks_run(c->plan, PLAN_HOOK_PRESTART, json, len, c->bundle, err);
	if (r == 0)
		r = hooks_run(c->plan, PLAN_HOOK_CREATE_RUNTIME, json, len, c->bundle, err);
	return r;
}

static int put_outputs(const struct creation *c, struct launch_slots *s, struct error *err)
{
	const struct {
		const char *path;
		uint32_t slot;
	} outputs[] = {{c->annotations.hooks_out, SLOT_HOOKS_OUT}, {c->annotations.hooks_err, SLOT_HOOKS_ERR}};
	int r = 0, fd;

	for (size_t i = 0; r == 0 && i < 2; i++) {
		r = hooks_open_output(outputs[i].path, &fd, err);
		if (r == 0)
			r = launch_put(s, outputs[i].slot, fd, err);
	}
	return r;
}

/* The state that init's own hooks get, with the pid as it is inside. */
static int put_states(struct creation *c, pid_t pid, struct launch_slots *s, struct error *err)
{
	const struct oci_hooks *h = c->config->hooks;
	const struct {
		bool wanted;
		enum container_status status;
		uint32_t slot;
	} states[] = {
		{h && h->create_container_len, STATUS_CREATING, SLOT_STATE_CREATING},
		{h && h->start_container_len, STATUS_CREATED, SLOT_STATE_CREATED},
	};

	for (size_t i = 0; i < 2; i++) {
		size_t len;
		char *json;
		int r;

		if (!states[i].wanted)
			continue;
		r = creation_state(c, states[i].status, setup_inner_pid(pid), &json, &len, err);
		if (r == 0)
			r = setup_memfd("state", json, len, err);
		if (r >= 0)
			r = launch_put(s, states[i].slot, r, err);
		if (r < 0)
			return r;
	}
	return h && (h->create_container_len || h->start_container_len) ? put_outputs(c, s, err) : 0;
}

static int on_namespaces(struct launch *l, struct launch_slots *more, struct error *err)
{
	struct creation *c = l->data;
	int r = 0;

	if (l->pid != c->record.pid)
		r = creation_write_pid(c, err);
	if (r == 0)
		r = creation_enter_delegated(c, err);
	if (r == 0)
		r = id_map_check_joined(c->config->linux, l->pid, err);
	if (r == 0)
		r = setup_oom_score(c->plan, l->pid, err);
	if (r == 0)
		r = intel_rdt_apply(c->plan, &c->rdt, l->pid, err);
	if (r == 0)
		r = setup_net_devices(c->plan, l->pid, err);
	c->hooks_begun = true;
	if (r == 0)
		r = creation_run_hooks(c, l->pid, err);
	if (r == 0)
		r = setup_mount_sources(l, &c->arena, more, err);
	if (r == 0)
		r = put_states(c, l->pid, more, err);
	return r;
}

/* Whether on_namespaces has nothing to do that could not be done as soon as init is there. */
static bool namespaces_want_nothing(const struct creation *c)
{
	const struct oci_linux *l = c->config->linux;

	return (c->plan->flags & PLAN_SIMPLE) && !(plan_all_namespaces(c->config) & CLONE_NEWUSER) && !c->x->rootless &&
	       !c->config->hooks && !l->intel_rdt && !l->net_devices_len && !c->annotations.unit_cgroup &&
	       !c->annotations.delegated_cgroup;
}

static int on_idmap(struct launch *l, uint32_t step, int tree, bool recursive, struct error *err)
{
	struct creation *c = l->data;

	return setup_idmap(c->config, c->plan, step, l->pid, tree, recursive, err);
}

static int on_tree(struct launch *l, uint32_t step, struct launch_slots *more, struct error *err)
{
	return setup_tree_again(l->plan, step, setup_propagation(l->plan), more, err);
}

static int on_seccomp(struct launch *l, int fd, struct error *err)
{
	struct creation *c = l->data;
	struct span span = span_begin(SPAN_ID_SECCOMP_AGENT);
	struct oci_map annotations = {0};
	struct oci_state s = {
		.oci_version = c->config->oci_version,
		.id = (char *)c->id,
		.status = (char *)status_name(STATUS_CREATING),
		.has_pid = true,
		.pid = l->pid,
		.bundle = (char *)c->bundle,
		.annotations = c->config->annotations ? c->config->annotations : &annotations,
	};

	return span_end(&span, setup_seccomp_agent(c->config->linux->seccomp, &s, l->pid, fd, err));
}

/* Init joins v1's hierarchies by itself; so they can be made while the kernel executes init. */
static bool cgroup_comes_later(const struct creation *c)
{
	return c->cgroup.mode == CGROUP_MODE_V1 && c->cgroup.manager == CGROUP_MANAGER_CGROUPFS &&
	       config_get()->parallel_namespaces;
}

/* Init is there; what it is given along with its plan. */
static int fill_slots(struct creation *c, struct error *err)
{
	struct span span = span_begin(SPAN_ID_SLOTS);
	struct launch *l = &c->launch;
	int r = creation_write_pid(c, err);

	if (r == 0 && namespaces_want_nothing(c)) {
		l->without |= SYNC_WITHOUT_NAMESPACES;
		r = setup_oom_score(c->plan, l->pid, err);
	}
	if (r == 0)
		r = creation_put_namespaces(c, err);
	if (r == 0)
		r = creation_start_unit(c, err);
	if (r == 0)
		r = setup_cgroup_slots(c->plan, &c->cgroup, l->into_cgroup, &l->with_plan, err);
	if (r == 0 && l->from_template)
		r = setup_template_cgroups(c->plan, &l->with_plan, err);
	if (r == 0 && c->start_socket >= 0)
		r = launch_put(&l->with_plan, SLOT_START, TAKE_FD(c->start_socket), err);
	return span_end(&span, r);
}

static int start_init(struct creation *c, struct error *err)
{
	struct launch *l = &c->launch;
	struct span template;
	int r;

	l->plan = c->plan;
	l->dir = c->dir;
	l->cgroup_fd = cgroup_v2_fd(&c->cgroup);
	l->on_namespaces = on_namespaces;
	l->on_idmap = on_idmap;
	l->on_tree = on_tree;
	l->on_seccomp = on_seccomp;
	l->data = c;
	template = span_begin(SPAN_ID_TEMPLATE);
	setup_template(c->x, c->plan, c->rootfs, l);
	(void)span_end(&template, 0);
	r = launch_spawn(l, err);
	metrics_count(l->from_template ? METRIC_TEMPLATE_USED : METRIC_TEMPLATE_NOT, r == 0);
	if (r == 0 && cgroup_comes_later(c))
		r = creation_make_cgroup(c, err);
	if (r == 0)
		r = fill_slots(c, err);
	return r < 0 ? r : launch_lead(l, err);
}

/* A container that is killed before its program runs was mostly given too little memory. */
static int explain_death(struct creation *c, int r, struct error *err)
{
	int64_t kills = c->cgroup_made ? cgroup_oom_kills(&c->cgroup) : 0;

	if (kills > 0)
		return error_set(err, ENOMEM, "start: container init was OOM-killed (memory limit too low?)");
	if (kills == -ENODEV && r == -ECONNRESET)
		return error_set(err, ENOMEM, "start: container init was killed and its cgroup is gone (memory limit too low?)");
	return r;
}

static int make_state(struct creation *c, struct error *err)
{
	int r = c->dir = store_create(c->x, c->id, err);

	if (r < 0)
		return r;
	c->record.boot_id = record_boot_id(c->dir);
	r = record_write(c->dir, &c->record, err);
	if (r == 0 && notify_host())
		r = notify_make_dir(c->dir, err);
	if (r == 0)
		r = write_plan(c, err);
	return r == 0 && c->start_wanted ? make_start_socket(c, err) : r;
}

int creation_make_state(struct creation *c, struct error *err)
{
	struct span span = span_begin(SPAN_ID_STATE);

	return span_end(&span, make_state(c, err));
}

static int make_all(struct creation *c, struct error *err)
{
	int r = creation_make_state(c, err);

	if (r == 0 && !cgroup_comes_later(c))
		r = creation_make_cgroup(c, err);
	if (r == 0) {
		r = start_init(c, err);
		if (r < 0)
			r = explain_death(c, r, err);
	}
	if (r == 0 && c->start_wanted && renameat(c->dir, START_SOCKET ".new", c->dir, START_SOCKET) < 0)
		r = error_errno(err, errno, "state directory: " START_SOCKET);
	return r;
}

int creation_carry_out(struct creation *c, struct error *err)
{
	int r = make_all(c, err);

	if (r < 0 && c->dir >= 0)
		creation_undo(c);
	return r;
}

void creation_undo(struct creation *c)
{
	struct span span = span_begin(SPAN_ID_UNDO);
	struct error e;
	bool left = c->cgroup.left;
	size_t len;
	char *json;

	launch_kill(&c->launch);
	launch_done(&c->launch); /* what failed for want of descriptors must not fail to be undone for that */
	fd_close(&c->start_socket);
	netns_done(&c->netns);
	setup_remove_rootfs(c->rootfs, c->record.rootfs_mount);
	if (c->cgroup_made && cgroup_destroy(&c->cgroup, CLEAN_UP_MS, &e) < 0) {
		left = true;
		log_warn("%s", e.msg);
	}
	if (c->rdt.remove && intel_rdt_remove(c->rdt.remove, &e) < 0) {
		left = true;
		log_warn("%s", e.msg);
	}
	/* what is left stays on record, for delete --force */
	if (!left && store_remove(c->x, c->id, c->dir, &e) < 0)
		log_warn("%s", e.msg);
	if (c->hooks_begun && creation_state(c, STATUS_STOPPED, 0, &json, &len, &e) == 0)
		hooks_run_all(c->plan, PLAN_HOOK_POSTSTOP, json, len, c->bundle);
	(void)span_end(&span, 0);
}

void creation_done(struct creation *c)
{
	struct span span = span_begin(SPAN_ID_CLOSE);

	launch_done(&c->launch);
	netns_done(&c->netns);
	cgroup_close(&c->cgroup);
	fd_close(&c->start_socket);
	fd_close(&c->dir);
	keep_done(&c->keep);
	arena_done(&c->arena);
	(void)span_end(&span, 0);
}

int creation_hand_over_pidfd(const struct creation *c, struct error *err)
{
	const char *path = c->o->pidfd_socket, *more = c->annotations.pidfd_socket;
	int r = path ? engine_hand_over("--pidfd-socket", path, c->launch.pidfd, "pidfd", err) : 0;

	if (r == 0 && more)
		r = engine_hand_over("annotations.run.oci.pidfd_receiver", more, c->launch.pidfd, "pidfd", err);
	return r;
}

int creation_hand_over(struct creation *c, struct error *err)
{
	struct span span = span_begin(SPAN_ID_HAND_OVER);
	const struct create_options *o = c->o;
	int r = 0;

	if (o->console_socket)
		r = engine_hand_over("--console-socket", o->console_socket, c->launch.console, "/dev/ptmx", err);
	if (r == 0)
		r = creation_hand_over_pidfd(c, err);
	if (r == 0 && o->pid_file)
		r = engine_write_pid(o->pid_file, c->launch.pid, err);
	return span_end(&span, r);
}

int container_create(const struct context *x, const char *id, const struct create_options *o, struct error *err)
{
	_cleanup_creation_ struct creation c = CREATION_INIT(x, id, o);
	int r;

	c.start_wanted = true;
	r = creation_prepare(&c, err);
	if (r == 0)
		r = creation_carry_out(&c, err);
	if (r < 0)
		return r;
	r = creation_hand_over(&c, err);
	if (r < 0) {
		creation_undo(&c);
		return r;
	}
	metrics_count(METRIC_CREATED, 1);
	creation_keep(&c);
	return r;
}
