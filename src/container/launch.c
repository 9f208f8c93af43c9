/* SPDX-License-Identifier: Apache-2.0 */
#include "container/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/poison.h"
#include "base/str.h"
#include "container/id_map.h"
#include "container/image.h"
#include "container/init_times.h"
#include "container/process.h"
#include "kernel/fds.h"
#include "kernel/mountapi.h"
#include "kernel/sys.h"
#include "perf/trace.h"

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif

int launch_put(struct launch_slots *s, uint32_t slot, int fd, struct error *err)
{
	if (fd < 0)
		return 0;
	if (s->n == SYNC_MAX_FDS) {
		close(fd);
		return error_set(err, E2BIG, "start: more than %d file descriptors for init", (int)SYNC_MAX_FDS);
	}
	s->ids[s->n] = slot;
	s->fds[s->n++] = fd;
	return 0;
}

void launch_close_slots(struct launch_slots *s)
{
	while (s->n)
		fd_close(&s->fds[--s->n]);
}

/* In the child: nothing here may allocate, and a failure can only be sent. */
static _Noreturn void become_init(const struct launch *l, int sync, int image)
{
	char number[16];
	char *const argv[] = {(char *)INIT_COMM, number, NULL};
	char *const envp[] = {NULL};
	static struct sync_msg m;
	int fd, r = 0;

	(void)sys_close(l->sync); /* the host's end: else its end would not be seen while we wait below */
	if (l->plan->clone_flags & CLONE_NEWUSER) { /* exec would drop the capabilities of a user that is not mapped */
		r = sync_recv_fd(sync, &m, &fd);
		if (r == 0)
			r = (int)sys_call3(SYS_setresgid, 0, 0, 0);
		if (r == 0)
			r = (int)sys_call3(SYS_setresuid, 0, 0, 0);
	}
	fmt(number, sizeof(number), "%d", sync);
	if (r == 0 && fcntl(sync, F_SETFD, 0) < 0)
		r = -errno;
	if (r == 0) {
		r = (int)sys_call5(SYS_execveat, image, "", argv, envp, AT_EMPTY_PATH);
		str_copy(m.text, sizeof(m.text), "start: executing init: ");
	} else {
		str_copy(m.text, sizeof(m.text), "start: before init: ");
	}
	str_copy(m.text + strlen(m.text), 64, errno_text(r));
	m.type = SYNC_ERROR;
	m.value = -r;
	(void)sync_send_fds(sync, &m, NULL, 0);
	for (;;)
		sys_call1(SYS_exit_group, 1);
}

static const char *namespaces_text(uint64_t flags)
{
	return flags & CLONE_NEWUSER ? " with a new user namespace" : flags ? " with new namespaces" : "";
}

/* The cgroup may refuse a process (a domain that is threaded, a v2 root with controllers); then init joins itself. */
static int clone_init(struct launch *l, uint64_t parent, int *pidfd)
{
	const uint64_t namespaces = l->plan->clone_flags & ~l->made;
	struct sys_clone_args a = {
		.flags = namespaces | CLONE_PIDFD | parent,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		.exit_signal = parent ? 0 : SIGCHLD, /* CLONE_PARENT: that of who clones */
	};
	int pid;

	l->cloned = sys_ticks();
	if (l->cgroup_fd >= 0) {
		a.flags |= CLONE_INTO_CGROUP;
		a.cgroup = (uint64_t)l->cgroup_fd;
		pid = sys_clone3(&a);
		if (pid >= 0) {
			l->into_cgroup = true;
			return pid;
		}
		if (pid == -ENOSPC || pid == -EAGAIN || pid == -ENOMEM)
			return pid;
		a.flags &= ~CLONE_INTO_CGROUP;
		a.cgroup = 0;
	}
	pid = sys_clone3(&a);
	/* a seccomp filter around us (an engine's, when we run in a container) that does not know clone3 */
	if (pid == -ENOSYS || pid == -EPERM) {
		int legacy = (int)sys_call5(SYS_clone, a.flags | a.exit_signal, 0, pidfd, 0, 0);

		if (legacy >= 0)
			pid = legacy;
	}
	return pid;
}

static int write_maps(struct launch *l, struct error *err)
{
	struct sync_msg m = {.type = SYNC_GO};
	struct span span = span_begin(SPAN_ID_ID_MAPS);
	int r = span_end(&span, id_map_write(l->plan, l->pid, err));

	return r < 0 ? r : sync_send_fds(l->sync, &m, NULL, 0);
}

enum { STACK = 16 * 1024 };

/* Not on our own stack, which may be small; one child at a time. */
static char child_stack[STACK] __attribute__((aligned(16)));

struct spawn {
	struct launch *l;
	int sync, image, pidfd;
	int pid; /* or a negative errno */
};

/* A tree is in place before a user namespace is entered: what is locked in it then stays so. */
static int attach_tree(struct launch *l, int tree, uint32_t slot)
{
	char path[32];
	struct stat st;
	int place, r;

	if (slot >= TEMPLATE_PLACES || fstat(tree, &st) < 0)
		return -E2BIG;
	l->is_file[slot] = !S_ISDIR(st.st_mode);
	place = sys_openat(AT_FDCWD, template_place(slot, l->is_file[slot], path, sizeof(path)), O_PATH | O_CLOEXEC, 0);
	r = place < 0 ? place : mount_attach(tree, place);
	if (place >= 0)
		(void)sys_close(place);
	return r;
}

static int enter_template(struct launch *l)
{
	int r = sys_setns(l->template, CLONE_NEWNS);

	if (r < 0 || !l->attach_trees)
		return r;
	r = sys_unshare(CLONE_NEWNS);
	for (unsigned i = 0; r == 0 && i < l->trees.n; i++)
		r = attach_tree(l, l->trees.fds[i], l->trees.ids[i]);
	return r;
}

/* The child between: shares our memory and descriptors, but not our root and mount namespace, and we wait till it is
 * done (CLONE_VFORK). Init is our own child (CLONE_PARENT), and its PDEATHSIG about us. */
static POISON_STAYS int spawn_from_template(void *arg)
{
	struct spawn *s = arg;

	s->pid = enter_template(s->l);
	if (s->pid == 0) {
		s->pid = clone_init(s->l, CLONE_PARENT, &s->pidfd);
		if (s->pid == 0)
			become_init(s->l, s->sync, s->image);
	}
	return 0; /* the end of this thread alone, its stack as clean as it was: sanitizers look at ours */
}

/* False: init was not made. */
static bool try_template(struct spawn *s)
{
	pid_t child = clone(spawn_from_template, child_stack + STACK, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, s);

	if (child < 0)
		return false;
	(void)process_reap(child);
	if (s->pid < 0)
		log_debug("start: without the template: %s", errno_text(s->pid));
	return s->pid > 0;
}

static int spawn(struct spawn *s, struct error *err)
{
	struct launch *l = s->l;
	int r = 0;

	l->from_template = l->template >= 0 && try_template(s);
	for (unsigned i = 0; l->from_template && !l->attach_trees && r == 0 && i < l->trees.n; i++)
		r = launch_put(&l->with_plan, l->trees.ids[i], TAKE_FD(l->trees.fds[i]), err);
	launch_close_slots(&l->trees);
	fd_close(&l->template);
	if (l->from_template)
		return r;
	s->pid = clone_init(l, 0, &s->pidfd);
	if (s->pid == 0)
		become_init(l, s->sync, s->image);
	return s->pid < 0 ? error_errno(err, s->pid, "start: new process%s", namespaces_text(l->plan->clone_flags)) : 0;
}

static int open_image(const struct launch *l, struct error *err)
{
	struct span span = span_begin(SPAN_ID_IMAGE);

	return span_end(&span, image_open(l->dir, err));
}

int launch_spawn(struct launch *l, struct error *err)
{
	_cleanup_close_ int image = open_image(l, err);
	int pair[2], r;

	if (image < 0)
		return image;
	/* What the caller of the runtime left open must not come near the container. */
	r = fds_mark(3 + l->preserve_fds);
	if (r < 0)
		return error_errno(err, r, "start: marking descriptors");
	struct span span = span_begin(SPAN_ID_CLONE);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return span_end(&span, error_errno(err, errno, "start: socket pair"));
	struct spawn s = {.l = l, .sync = pair[1], .image = image, .pidfd = -1};
	/* here and below, debug lines have runc's words: its test-suite, and tools made for it, look for them */
	log_debug("nsexec container setup");
	l->sync = pair[0];
	sync_limit(l->sync);
	span_clock_begin(&l->clock);
	r = span_end(&span, spawn(&s, err));
	close(pair[1]);
	if (s.pid < 0)
		return r;
	l->pid = s.pid;
	trace_set_pid(TRACK_INIT, l->pid);
	l->pidfd = s.pidfd;
	if (r == 0 && l->plan->clone_flags & CLONE_NEWUSER)
		r = write_maps(l, err);
	if (r < 0)
		launch_kill(l);
	return r;
}

/* s: NULL: none. */
static int send_slots(struct launch *l, uint32_t type, int first, struct launch_slots *s)
{
	struct sync_msg m = {.type = type, .value = type == SYNC_PLAN ? l->without : 0, .n_slots = s ? s->n : 0};
	int fds[SYNC_MAX_FDS + 1], r;
	unsigned n = 0;

	if (first >= 0)
		fds[n++] = first;
	for (unsigned i = 0; i < m.n_slots; i++) {
		m.slots[i] = s->ids[i];
		fds[n++] = s->fds[i];
	}
	r = sync_send_fds(l->sync, &m, fds, n);
	if (s)
		launch_close_slots(s);
	return r;
}

/* The child that goes on in init's place; init itself has nothing more to do. */
static int take_child(struct launch *l, const struct sync_msg *m, int fd)
{
	pid_t before = l->pid;
	int old = l->pidfd, r;

	if (fd < 0 || m->value <= 0) {
		fd_close(&fd);
		return -EPROTO;
	}
	l->pidfd = fd;
	l->pid = m->value;
	trace_set_pid(TRACK_INIT, l->pid);
	r = send_slots(l, SYNC_GO, -1, NULL);
	(void)process_reap_limited(before, old); /* while the child goes on */
	close(old);
	return r;
}

static int take_listener(struct launch *l, const struct sync_msg *m, struct error *err)
{
	int fd = (int)sys_call3(SYS_pidfd_getfd, l->pidfd, m->value, 0), r;

	if (fd < 0)
		return error_errno(err, fd, "seccomp: taking the listener from init");
	r = l->on_seccomp ? l->on_seccomp(l, fd, err) : -EPROTO;
	return r < 0 ? r : send_slots(l, SYNC_GO, -1, NULL);
}

static int map_tree(struct launch *l, const struct sync_msg *m, int fd, struct error *err)
{
	_cleanup_close_ int tree = fd;
	int r;

	if (tree < 0 || !l->on_idmap)
		return error_set(err, EPROTO, "start: idmap without a mount");
	r = l->on_idmap(l, m->step, tree, m->value != 0, err);
	if (r == 0 && send_slots(l, SYNC_GO, -1, NULL) < 0)
		r = error_set(err, EPIPE, "start: talking to init");
	return r;
}

/* r: what filling `more` came to. */
static int send_more(struct launch *l, int r, struct launch_slots *more, struct error *err)
{
	if (r < 0) {
		launch_close_slots(more);
		return r;
	}
	r = send_slots(l, SYNC_GO, -1, more);
	return r < 0 ? error_errno(err, r, "start: talking to init") : 0;
}

/* One packet of init's. 1: READY. */
static int answer(struct launch *l, const struct sync_msg *m, int fd, struct error *err)
{
	struct launch_slots more = {.n = 0};
	struct span span;
	int r;

	switch (m->type) {
	case SYNC_CHILD:
		r = take_child(l, m, fd);
		return r < 0 ? error_errno(err, r, "start: init's child") : 0;
	case SYNC_CONSOLE:
		fd_close(&l->console);
		l->console = fd;
		return fd < 0 ? error_set(err, EPROTO, "start: no terminal came from init") : 0;
	case SYNC_MAP:
		fd_close(&fd);
		r = write_maps(l, err);
		return r;
	case SYNC_NAMESPACES:
		fd_close(&fd);
		span = span_begin(SPAN_ID_HOST_PART);
		r = span_end(&span, l->on_namespaces ? l->on_namespaces(l, &more, err) : 0);
		return send_more(l, r, &more, err);
	case SYNC_TREE:
		fd_close(&fd);
		r = l->on_tree ? l->on_tree(l, m->step, &more, err) : error_set(err, EPROTO, "start: tree of no mount");
		return send_more(l, r, &more, err);
	case SYNC_IDMAP:
		return map_tree(l, m, fd, err);
	case SYNC_SECCOMP:
		fd_close(&fd);
		return take_listener(l, m, err);
	case SYNC_READY:
		fd_close(&fd);
		init_times_add(l->plan, m, &l->clock, l->cloned);
		log_debug("init: closing the pipe to signal completion (setns_init: about to exec)");
		return 1;
	case SYNC_ERROR:
		fd_close(&fd);
		init_times_add(l->plan, m, &l->clock, l->cloned);
		init_times_failed(l->plan, m->step);
		l->failed_step = m->step;
		return sync_error(m, err);
	default:
		fd_close(&fd);
		return error_set(err, EPROTO, "start: unknown packet %u from init", m->type);
	}
}

int launch_lead(struct launch *l, struct error *err)
{
	struct span span = span_begin(SPAN_ID_LEAD);
	int r = send_slots(l, SYNC_PLAN, l->plan_fd, &l->with_plan);

	nspool_drop(&l->pooled); /* init has them, and is at work */
	if (r < 0)
		error_errno(err, r, "start: talking to init");
	else
		log_debug("child process in init()");
	while (r == 0) {
		struct sync_msg m;
		int fd;

		r = sync_recv_answer(l->sync, l->pidfd, l->plan, &m, &fd);
		if (r == -ECONNRESET || r == -EPIPE)
			error_set(err, ECONNRESET, "start: init was killed");
		else if (r < 0)
			error_errno(err, r, "start: talking to init");
		else
			r = answer(l, &m, fd, err);
	}
	(void)span_end(&span, r);
	if (r < 0)
		launch_kill(l);
	return r < 0 ? r : 0;
}

int launch_go(struct launch *l, struct error *err)
{
	struct span span = span_begin(SPAN_ID_EXECUTE);
	int r = l->without & SYNC_WITHOUT_GO ? 0 : send_slots(l, SYNC_GO, -1, NULL);
	struct sync_msg m;

	if (r < 0)
		error_errno(err, r, "start: talking to init");
	else
		while ((r = sync_await_exec(l->sync, l->plan, &m, err)) > 0)
			init_times_add(l->plan, &m, &l->clock, 0);
	return span_end(&span, r);
}

void launch_kill(struct launch *l)
{
	if (l->pid <= 0)
		return;
	(void)sys_pidfd_send_signal(l->pidfd, SIGKILL);
	if (process_reap_limited(l->pid, l->pidfd) == -ETIMEDOUT)
		log_warn("start: process %d has been killed and has not ended in %d s", (int)l->pid, PROCESS_END_MS / 1000);
	l->pid = 0;
}

void launch_done(struct launch *l)
{
	launch_close_slots(&l->with_plan);
	launch_close_slots(&l->trees);
	fd_close(&l->template);
	nspool_drop(&l->pooled);
	fd_close(&l->plan_fd);
	fd_close(&l->sync);
	fd_close(&l->pidfd);
	fd_close(&l->console);
}
