/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "container/container.h"
#include "container/init_times.h"
#include "container/launch.h"
#include "container/life.h"
#include "container/notify.h"
#include "fast/config.h"
#include "container/process.h"
#include "kernel/sys.h"
#include "perf/metrics.h"
#include "perf/trace.h"

static int connect_init(int dir, struct error *err)
{
	_cleanup_close_ int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	fmt(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/" START_SOCKET, dir);
	if (sock >= 0)
		sync_limit(sock);
	if (sock < 0 || connect(sock, (struct sockaddr *)&a, sizeof(a)) < 0)
		return error_errno(err, errno == EAGAIN ? ETIMEDOUT : errno, "start: init does not answer");
	return TAKE_FD(sock);
}

/* The plan is mapped only for what happens seldom: hooks, and failures. */
static void add_times(const struct container *c, const struct sync_msg *m, struct span_clock *clock)
{
	const struct plan *p;
	struct error e;
	size_t size;

	if (life_plan(c, &p, &size, &e) < 0)
		return;
	trace_set_pid(TRACK_INIT, c->pid);
	init_times_add(p, m, clock, 0);
	munmap((void *)p, size);
}

/* As sync_await_exec. What comes late may be after the hooks that init runs; what does not come at all must not run the
 * program after we have said that it did not. */
static int await_exec(const struct container *c, int sock, struct sync_msg *m, struct error *err)
{
	_cleanup_close_ int pidfd = -1;
	int r = sync_await_exec(sock, NULL, m, err);
	const struct plan *p;
	struct error e;
	size_t size;

	if (r == -ETIMEDOUT && life_plan(c, &p, &size, &e) == 0) {
		r = sync_await_exec(sock, p, m, err);
		munmap((void *)p, size);
	}
	if (r == -ETIMEDOUT)
		pidfd = life_pidfd(c, &e);
	if (pidfd >= 0)
		(void)sys_pidfd_send_signal(pidfd, SIGKILL);
	return r;
}

/* Init runs the startContainer hooks and executes the program, or says why not; *step is what it failed at then. */
static int let_go(const struct container *c, int sock, uint32_t *step, struct error *err)
{
	struct sync_msg m = {.type = SYNC_GO, .version = SYNC_VERSION};
	struct span_clock clock;
	int r;

	span_clock_begin(&clock);
	r = sync_send_fds(sock, &m, NULL, 0);
	if (r < 0)
		error_errno(err, r, "start: talking to init");
	else
		while ((r = await_exec(c, sock, &m, err)) > 0)
			add_times(c, &m, &clock);
	*step = m.step;
	return r;
}

static int execute(const struct container *c, uint32_t *step, struct error *err)
{
	struct span span = span_begin(SPAN_ID_EXECUTE);
	int sock = connect_init(c->dir, err), r = span_end(&span, sock < 0 ? sock : let_go(c, sock, step, err));

	span = span_begin(SPAN_ID_CLOSE);
	fd_close(&sock);
	(void)unlinkat(c->dir, START_SOCKET, 0);
	(void)span_end(&span, 0);
	return r;
}

static bool is_hooks_step(const struct container *c, uint32_t step)
{
	const struct plan_step *s;
	const struct plan *p;
	struct error e;
	size_t size;
	bool is = false;

	if (life_plan(c, &p, &size, &e) < 0)
		return false;
	for (s = plan_first(p); step && !plan_at_end(p, s); step--)
		s = plan_next(s);
	if (!plan_at_end(p, s))
		is = s->op == PLAN_OP_START_HOOKS;
	munmap((void *)p, size);
	return is;
}

static int check_status(const struct container *c, struct error *err)
{
	switch (c->status) {
	case STATUS_CREATED:
		if (cgroup_starts_frozen(&c->cgroup))
			return error_set(err, EBUSY, "cannot start a container whose cgroup is frozen");
		return 0;
	case STATUS_STOPPED:
		return error_set(err, EINVAL, "cannot start a container that has stopped");
	case STATUS_RUNNING:
	case STATUS_PAUSED:
		return error_set(err, EINVAL, "cannot start an already running container");
	default:
		return error_set(err, EINVAL, "cannot start a container in the %s state", status_name(c->status));
	}
}

int container_start(const struct context *x, const char *id, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	_cleanup_container_ struct container c = {.dir = -1};
	_cleanup_close_ int notify = -1, pidfd = -1;
	uint32_t step = UINT32_MAX;
	int r = container_load_locked(x, id, &a, &c, err);

	if (r == 0)
		r = check_status(&c, err);
	if (r < 0)
		return r;
	/* the directory is there when the container was made with a notify socket of its own */
	if (notify_host() && faccessat(c.dir, "notify", F_OK, 0) == 0) {
		notify = notify_bind(c.dir, err);
		pidfd = notify < 0 ? notify : life_pidfd(&c, err);
		r = pidfd < 0 ? pidfd : config_load(err);
		if (r < 0)
			return r;
	}
	r = execute(&c, &step, err);
	if (r < 0) {
		if (is_hooks_step(&c, step)) /* runtime.md, as below */
			life_destroy(x, &c, &a);
		return r;
	}
	c.status = STATUS_RUNNING;
	metrics_count(METRIC_STARTED, 1);
	r = life_hooks(&c, PLAN_HOOK_POSTSTART, &a, err);
	if (r < 0) /* runtime.md: the container is stopped and destroyed */
		life_destroy(x, &c, &a);
	if (r < 0 || notify < 0)
		return r;
	fd_close(&c.dir); /* the lock: this may take as long as the container lives */
	return notify_wait_ready(notify, pidfd, c.pid, err);
}
