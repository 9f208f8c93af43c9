/* SPDX-License-Identifier: Apache-2.0 */
#include "container/events.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "container/intel_rdt.h"
#include "container/life.h"
#include "container/record.h"

enum { NET_DEV_MAX = 1 << 20 };

struct watch {
	const struct events_options *o;
	const struct container *c;
	event_fn *fn;
	void *data;
	struct intel_rdt rdt;
	const struct plan *plan; /* what rdt points into; NULL: none */
	size_t plan_size;
	struct cgroup_oom oom;
	int pidfd, timer;
};

static void watch_done(struct watch *w)
{
	if (w->plan)
		munmap((void *)w->plan, w->plan_size);
	cgroup_oom_close(&w->oom);
	fd_close(&w->pidfd);
	fd_close(&w->timer);
}

/* ---- statistics ---- */

/* The init is looked at again afterwards: its pid could have become another's in between. */
static int read_interfaces(const struct container *c, struct arena *a, struct container_stats *ret, struct error *err)
{
	char path[64], *text;
	int r, pidfd;

	if (!(c->record->namespaces & CLONE_NEWNET))
		return 0;
	fmt(path, sizeof(path), "/proc/%d/net/dev", (int)c->pid);
	if (file_read_at(a, AT_FDCWD, path, NET_DEV_MAX, &text, NULL, NULL) < 0)
		return 0;
	pidfd = life_pidfd(c, NULL);
	if (pidfd < 0)
		return 0;
	close(pidfd);
	r = net_interfaces(text, a, &ret->interfaces, &ret->interfaces_n);
	return r < 0 ? error_errno(err, r, "%s", path) : 0;
}

static int read_stats(const struct watch *w, struct arena *a, struct container_stats *ret, struct error *err)
{
	int r = cgroup_stats(&w->c->cgroup, a, &ret->cgroup, err);

	if (r == 0 && w->rdt.step)
		r = intel_rdt_stats(intel_rdt_root(), w->rdt.group, w->rdt.monitor, a, &ret->intel_rdt, err);
	return r < 0 ? r : read_interfaces(w->c, a, ret, err);
}

static int tell_stats(struct watch *w, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct container_stats s = {0};
	const struct event e = {EVENT_STATS, w->c->id, &s};
	int r = read_stats(w, &a, &s, err);

	if (r == 0)
		return w->fn(&e, w->data, err);
	if (w->o->once)
		return r;
	log_warn("%s", err->msg); /* no reason to miss what comes */
	return 0;
}

/* ---- waiting ---- */

static int tell_oom(struct watch *w, struct error *err)
{
	const struct event e = {EVENT_OOM, w->c->id, NULL};
	int64_t n = cgroup_oom_take(&w->oom);
	int r = 0;

	if (n < 0)
		cgroup_oom_close(&w->oom);
	while (n-- > 0 && r == 0)
		r = w->fn(&e, w->data, err);
	return r;
}

static int start_timer(struct watch *w, struct error *err)
{
	const struct timespec t = {(time_t)(w->o->interval / 1000000000), (long)(w->o->interval % 1000000000)};
	const struct itimerspec every = {t, t};

	w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (w->timer < 0 || timerfd_settime(w->timer, 0, &every, NULL) < 0)
		return error_errno(err, errno, "events: timer");
	return 0;
}

static int on_timer(struct watch *w, struct error *err)
{
	uint64_t ticks;

	return read(w->timer, &ticks, sizeof(ticks)) < 0 ? 0 : tell_stats(w, err);
}

static int wait_events(struct watch *w, struct error *err)
{
	enum { END, TIMER, OOM, OUTPUT, N };
	int r = 0;

	while (r == 0) {
		struct pollfd p[N] = {
			[END] = {.fd = w->pidfd, .events = POLLIN},
			[TIMER] = {.fd = w->timer, .events = POLLIN},
			[OOM] = {.fd = w->oom.fd, .events = w->oom.events},
			[OUTPUT] = {.fd = w->o->output},
		};

		if (poll(p, N, -1) < 0) {
			if (errno != EINTR)
				return error_errno(err, errno, "events: waiting");
			continue;
		}
		if (p[OUTPUT].revents)
			return 0;
		if (p[OOM].revents || p[END].revents)
			r = tell_oom(w, err);
		if (p[END].revents)
			break;
		if (p[TIMER].revents && r == 0)
			r = on_timer(w, err);
	}
	return r < 0 ? r : 0;
}

/* ---- */

static int find_intel_rdt(struct watch *w, struct arena *a, struct error *err)
{
	int r = life_plan(w->c, &w->plan, &w->plan_size, err);

	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : intel_rdt_locate(w->plan, NULL, w->c->id, a, &w->rdt, err);
}

int container_events(const struct context *x, const char *id, const struct events_options *o, event_fn *fn, void *data,
	struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	_cleanup_container_ struct container c = {.dir = -1};
	__attribute__((cleanup(watch_done))) struct watch w = {
		.o = o, .c = &c, .fn = fn, .data = data, .oom = CGROUP_OOM_INIT, .pidfd = -1, .timer = -1};
	int r = container_load(x, id, &a, &c, err);

	if (r == 0)
		r = cgroup_open(&c.cgroup, err);
	if (r < 0)
		return r;
	w.pidfd = life_pidfd(&c, err);
	if (w.pidfd == -ESRCH)
		return error_set(err, ESRCH, "container with id %s is not running", id);
	r = w.pidfd < 0 ? w.pidfd : find_intel_rdt(&w, &a, err);
	if (r == 0 && o->once)
		r = tell_stats(&w, err);
	if (r < 0 || o->once)
		return r < 0 ? r : 0;
	r = cgroup_oom_open(&c.cgroup, &w.oom, err);
	if (r == 0)
		r = start_timer(&w, err);
	return r < 0 ? r : wait_events(&w, err);
}
