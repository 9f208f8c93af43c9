/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "container/checkpoint.h"
#include "container/create.h"
#include "container/criu.h"
#include "container/criu_descriptors.h"
#include "container/criu_mounts.h"
#include "container/foreground.h"
#include "container/notify.h"
#include "container/process.h"
#include "container/store.h"
#include "kernel/sys.h"
#include "plan/compile.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#define LOG_FILE "restore.log"

enum { CGROUP_FILE_MAX = 64 * 1024 };

struct restore {
	struct creation *c;
	const struct criu_settings *s;
	struct criu_dirs dirs;
	struct criu criu;
	int joined[CRIU_MAX_FDS]; /* namespaces that it gets by descriptor */
	size_t n_joined;
};

/* ---- what CRIU is told ---- */

static int put_inherited_namespace(
	struct restore *t, struct criu_message *m, const struct plan_join *j, const char *path, struct error *err)
{
	_cleanup_message_ struct criu_message inherited = CRIU_MESSAGE_INIT;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	int r = fd < 0 ? error_errno(err, errno, "linux.namespaces[%u].path: %s", j->s.index, path)
		       : criu_keep(&t->criu, fd, err);

	if (r < 0) {
		fd_close(&fd);
		return r;
	}
	t->joined[t->n_joined++] = fd;
	criu_put_text(&inherited, 1, criu_external_key(j->flags));
	criu_put_number(&inherited, 2, (uint64_t)fd);
	criu_put_message(m, CRIU_INHERIT_FD, &inherited);
	return 0;
}

static int put_namespaces(struct restore *t, struct criu_message *m, struct error *err)
{
	const struct plan *p = t->c->plan;
	int r = 0;

	for (const struct plan_step *s = plan_first(p); r == 0 && !plan_at_end(p, s); s = plan_next(s)) {
		const struct plan_join *j = (const struct plan_join *)s;
		const char *path = s->op == PLAN_OP_JOIN ? plan_str(p, j->path) : NULL;

		if (!path)
			continue;
		if (j->flags == CLONE_NEWCGROUP)
			r = error_set(err, EOPNOTSUPP,
				"restore: linux.namespaces[%u].path: CRIU cannot join a cgroup namespace", s->index);
		else if (criu_external_key(j->flags))
			r = put_inherited_namespace(t, m, j, path, err);
		else
			criu_put_pair(m, CRIU_JOIN_NS, criu_namespace_name(j->flags), path);
	}
	return r;
}

/* One controller of "4:cpu,cpuacct:/a": each has its name in CRIU's images. */
static void put_controllers(struct criu_message *m, char *controllers, const char *path)
{
	char *save, *name = strtok_r(controllers, ",", &save);

	do {
		_cleanup_message_ struct criu_message root = CRIU_MESSAGE_INIT;

		criu_put_text(&root, 1, name);
		criu_put_text(&root, 2, path);
		criu_put_message(m, CRIU_CG_ROOT, &root);
	} while (name && (name = strtok_r(NULL, ",", &save)));
}

/* Where the container's processes are to be is where CRIU is. */
static int put_cgroups(struct criu_message *m, pid_t pid, struct arena *a, struct error *err)
{
	char path[64], *text, *line, *save;
	int r;

	fmt(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	r = file_read_at(a, AT_FDCWD, path, CGROUP_FILE_MAX, &text, NULL, err);
	if (r < 0)
		return r;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *controllers = strchr(line, ':'), *cgroup = controllers ? strchr(controllers + 1, ':') : NULL;

		if (!cgroup)
			continue;
		*cgroup = '\0';
		put_controllers(m, controllers + 1, cgroup + 1);
	}
	return 0;
}

static int put_container(struct restore *t, struct criu_message *m, struct error *err)
{
	struct creation *c = t->c;
	int r = criu_put_settings(m, t->s, &t->dirs, LOG_FILE, c->config->annotations, err);

	criu_put_flag(m, CRIU_RST_SIBLING, true);
	/* a terminal of the container's own; else what it has is restore's standard input (--shell-job) */
	criu_put_flag(m, CRIU_ORPHAN_PTS_MASTER, c->config->process->terminal);
	criu_put_flag(m, CRIU_EVASIVE_DEVICES, true);
	criu_put_text(m, CRIU_ROOT, c->rootfs);
	criu_put_text(m, CRIU_LSM_PROFILE, t->s->lsm_profile);
	criu_put_text(m, CRIU_LSM_MOUNT_CONTEXT, t->s->lsm_mount_context);
	if (r == 0)
		r = put_namespaces(t, m, err);
	return r < 0 ? r : criu_put_descriptors(m, t->dirs.images, err);
}

/* ---- what CRIU tells ---- */

static int prepare_root(void *data, struct error *err)
{
	const struct restore *t = data;
	int r = criu_prepare_root(t->c->plan, t->c->rootfs, err);

	return r < 0 ? r : criu_dirs_reopen(&t->dirs, err);
}

/* Of a new network namespace CRIU makes nothing (CRIU_EMPTY_NS), and connections in it need their addresses. */
static int bring_loopback_up(pid_t pid, struct error *err)
{
	_cleanup_close_ int netns = -1;
	char path[64];
	pid_t child;
	int r;

	fmt(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	netns = open(path, O_RDONLY | O_CLOEXEC);
	child = netns < 0 ? -1 : fork();
	if (child < 0)
		return error_errno(err, errno, "restore: %s", path);
	if (child == 0) {
		r = setns(netns, CLONE_NEWNET) < 0 ? -errno : netns_loopback_up();
		_exit(-r);
	}
	r = process_reap(child);
	return r ? error_errno(err, r, "restore: loopback device") : 0;
}

static int on_namespaces(struct creation *c, pid_t pid, struct error *err)
{
	int r = 0;

	if (plan_new_namespaces(c->config) & CLONE_NEWNET) { /* one that was joined is as it was left */
		r = bring_loopback_up(pid, err);
		if (r == 0)
			r = setup_net_devices(c->plan, pid, err);
	}
	if (r == 0)
		r = intel_rdt_apply(c->plan, &c->rdt, pid, err);
	c->hooks_begun = true;
	return r < 0 ? r : creation_run_hooks(c, pid, err);
}

static bool has_own(pid_t pid, const char *namespace)
{
	struct stat its, ours;
	char path[64];

	fmt(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, namespace);
	if (stat(path, &its) < 0)
		return false;
	fmt(path, sizeof(path), "/proc/self/ns/%s", namespace);
	return stat(path, &ours) == 0 && its.st_ino != ours.st_ino;
}

/* Before the container's processes go on; CRIU puts them into a time namespace, so that their clocks do. */
static int on_restored(struct creation *c, pid_t pid, struct error *err)
{
	c->launch.pid = pid;
	if (has_own(pid, "time"))
		c->record.namespaces |= CLONE_NEWTIME;
	c->launch.pidfd = sys_pidfd_open(pid, 0);
	if (c->launch.pidfd < 0)
		return error_errno(err, c->launch.pidfd, "restore: pidfd of %d", (int)pid);
	return creation_write_pid(c, err);
}

static int on_notify(void *data, const char *what, pid_t pid, int fd, struct error *err)
{
	struct creation *c = ((struct restore *)data)->c;
	_cleanup_close_ int sent = fd;

	if (str_eq(what, "setup-namespaces"))
		return on_namespaces(c, pid, err);
	if (str_eq(what, "post-restore"))
		return on_restored(c, pid, err);
	if (str_eq(what, "orphan-pts-master") && c->launch.console < 0)
		c->launch.console = TAKE_FD(sent);
	return 0;
}

/* ---- the way of it ---- */

/* CRIU goes into the container's cgroup, so that what it makes is there from the start. */
static int enter_cgroup(struct creation *c, pid_t pid, struct error *err)
{
	int r;

	if (c->cgroup.manager == CGROUP_MANAGER_CGROUPFS)
		return cgroup_attach(&c->cgroup, pid, err);
	c->launch.pid = pid;
	r = creation_start_unit(c, err);
	if (r == 0 && c->cgroup.manager == CGROUP_MANAGER_SYSTEMD)
		r = cgroup_attach(&c->cgroup, pid, err);
	c->launch.pid = 0;
	return r;
}

static int carry_out(struct restore *t, struct error *err)
{
	_cleanup_message_ struct criu_message m = CRIU_MESSAGE_INIT;
	struct criu *criu = &t->criu;
	struct creation *c = t->c;
	int r = put_container(t, &m, err);

	if (r == 0)
		r = criu_dirs_keep(&t->dirs, criu, err);
	if (r == 0)
		r = criu_begin(criu, err);
	if (r == 0)
		r = enter_cgroup(c, criu->pid, err);
	if (r == 0)
		r = put_cgroups(&m, criu->pid, &c->arena, err);
	if (r == 0) /* the cgroup's directories are among them */
		r = criu_put_mount_sources(&m, c->plan, err);
	if (r < 0)
		return r;
	r = criu_carry_out(criu, CRIU_RESTORE, &m, err);
	return r < 0 ? criu_explain(criu, &t->dirs, LOG_FILE, err) : 0;
}

static int make_all(struct restore *t, struct error *err)
{
	struct creation *c = t->c;
	int r = creation_make_state(c, err);

	if (r == 0)
		r = creation_make_cgroup(c, err);
	if (r == 0)
		r = carry_out(t, err);
	criu_end(&t->criu);
	if (r == 0 && c->config->process->terminal && c->launch.console < 0)
		r = error_set(err, EIO, "restore: process.terminal: there was none in the images");
	return r;
}

static void restore_done(struct restore *t)
{
	criu_dirs_close(&t->dirs);
	while (t->n_joined)
		fd_close(&t->joined[--t->n_joined]);
}

static int begin(struct restore *t, struct foreground *f, int *notify, struct error *err)
{
	struct creation *c = t->c;
	int r = make_all(t, err);

	if (r == 0)
		r = creation_hand_over(c, err);
	if (r == 0 && notify_host()) {
		*notify = notify_bind(c->dir, err);
		r = *notify < 0 ? *notify : 0;
	}
	if (r == 0 && !c->o->detach)
		foreground_attach(f, c->launch.console);
	if (r == 0)
		r = creation_started(c, err);
	if (r < 0 && c->dir >= 0)
		creation_undo(c);
	if (c->dir >= 0)
		store_unlock(c->dir); /* from here on other verbs may act on it */
	return r;
}

int container_restore(const struct context *x, const char *id, const struct create_options *o,
	const struct criu_settings *s, int *exit_status, struct error *err)
{
	_cleanup_creation_ struct creation c = CREATION_INIT(x, id, o);
	_cleanup_foreground_ struct foreground f = FOREGROUND_INIT;
	_cleanup_close_ int notify = -1;
	struct restore t = {.c = &c, .s = s, .dirs = CRIU_DIRS_INIT, .criu = CRIU_INIT};
	int r;

	*exit_status = 0;
	c.restored = true;
	t.criu.prepare = prepare_root;
	t.criu.on_notify = on_notify;
	t.criu.data = &t;
	r = creation_prepare(&c, err);
	if (r == 0)
		r = criu_dirs_open(s, 0, &t.dirs, err);
	if (r == 0 && !o->detach)
		r = foreground_begin(&f, !o->no_subreaper, err);
	if (r == 0)
		r = begin(&t, &f, &notify, err);
	restore_done(&t);
	if (r < 0)
		return r;
	creation_counted();
	if (o->detach)
		return r;
	return creation_stay(&c, &f, notify, exit_status, err);
}
