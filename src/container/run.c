/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/fd.h"
#include "base/log.h"
#include "container/create.h"
#include "container/foreground.h"
#include "container/hooks_run.h"
#include "container/life.h"
#include "container/notify.h"
#include "container/store.h"
#include "perf/metrics.h"

int creation_started(struct creation *c, struct error *err)
{
	const struct oci_hooks *h = c->config->hooks;
	size_t len;
	char *json;
	int r;

	if (!h || !h->poststart_len)
		return 0;
	r = creation_state(c, STATUS_RUNNING, c->launch.pid, &json, &len, err);
	return r < 0 ? r : hooks_run(c->plan, PLAN_HOOK_POSTSTART, json, len, c->bundle, err);
}

/* Everything is ready; init waits on the socket between us, so no start socket was needed. */
static int start(struct creation *c, struct foreground *f, int *notify, struct error *err)
{
	const struct create_options *o = c->o;
	int r = creation_hand_over(c, err);

	if (r == 0 && notify_host()) {
		*notify = notify_bind(c->dir, err);
		r = *notify < 0 ? *notify : 0;
	}
	if (r == 0 && !o->detach)
		foreground_attach(f, c->launch.console);
	if (r == 0)
		r = launch_go(&c->launch, err);
	if (r == 0)
		r = creation_started(c, err);
	if (r < 0)
		creation_undo(c);
	else
		store_unlock(c->dir); /* from here on other verbs may act on it */
	return r;
}

/* Whether `start` below has nothing to do before the program runs: then init need not wait for it. */
static bool starts_by_itself(const struct creation *c)
{
	const struct create_options *o = c->o;

	return !o->console_socket && !o->pidfd_socket && !c->annotations.pidfd_socket && !o->pid_file && !notify_host() &&
	       !c->config->process->terminal;
}

void creation_counted(void)
{
	(void)span_verb_end(0);
	metrics_count(METRIC_CREATED, 1);
	metrics_count(METRIC_STARTED, 1);
}

int creation_stay(struct creation *c, struct foreground *f, int notify, int *exit_status, struct error *err)
{
	struct span span = span_begin(SPAN_ID_CONTAINER);
	struct error e;
	int status;

	f->counts = c->x;
	status = foreground_wait(f, c->launch.pid, c->launch.pidfd, c->launch.console, notify, err);

	(void)span_end(&span, status);
	foreground_end(f);
	if (!c->o->keep && life_delete(c->x, c->id, TAKE_FD(c->dir), true, &e) < 0)
		log_warn("%s", e.msg);
	if (status < 0)
		return status;
	*exit_status = status;
	return 0;
}

int container_run(const struct context *x, const char *id, const struct create_options *o, int *exit_status,
	struct error *err)
{
	_cleanup_creation_ struct creation c = CREATION_INIT(x, id, o);
	_cleanup_foreground_ struct foreground f = FOREGROUND_INIT;
	_cleanup_close_ int notify = -1;
	int r = creation_prepare(&c, err);

	*exit_status = 0;
	if (r == 0 && !o->detach)
		r = foreground_begin(&f, !o->no_subreaper, err);
	if (r == 0 && starts_by_itself(&c))
		c.launch.without |= SYNC_WITHOUT_GO;
	if (r == 0)
		r = creation_carry_out(&c, err);
	if (r == 0)
		r = start(&c, &f, &notify, err);
	if (r == 0) {
		creation_counted();
		creation_keep(&c);
	}
	if (r == 0 && o->detach && notify >= 0)
		r = notify_wait_ready(notify, c.launch.pidfd, c.launch.pid, err);
	if (r < 0 || o->detach)
		return r;
	return creation_stay(&c, &f, notify, exit_status, err);
}
