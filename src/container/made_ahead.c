/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/sched.h>

#include "base/fd.h"
#include "base/log.h"
#include "container/create.h"
#include "fast/config.h"
#include "fast/nspool.h"
#include "perf/metrics.h"
#include "plan/compile.h"

static uint32_t slot_of(uint32_t flag)
{
	return flag == CLONE_NEWNET ? SLOT_NETWORK : flag == CLONE_NEWIPC ? SLOT_IPC : SLOT_UTS;
}

static void take_pooled(struct creation *c, uint32_t flags)
{
	struct span span = span_begin(SPAN_ID_POOL);
	struct nspool_taken *t = &c->launch.pooled;
	struct error err;
	int r = nspool_take(c->x->root, flags, t, &err);

	(void)span_end(&span, 0);
	if (r < 0) {
		log_debug("start: without the pool of namespaces: %s", err.msg);
		return;
	}
	for (unsigned i = 0; i < NSPOOL_KINDS; i++) {
		bool taken = t->flags & nspool_kinds[i].flag;

		if (!(flags & nspool_kinds[i].flag))
			continue;
		metrics_count((taken ? METRIC_POOL_NET : METRIC_POOL_NET_NONE) + i, 1);
		if (!taken)
			log_debug("start: %s namespace: none is waiting in the pool", nspool_kinds[i].name);
	}
	c->launch.made |= t->flags;
}

static void begin_thread(struct creation *c)
{
	struct span span = span_begin(SPAN_ID_NETNS_BEGIN);

	span_clock_begin(&c->netns_clock);
	if (netns_begin(&c->netns) == 0)
		c->launch.made |= CLONE_NEWNET;
	(void)span_end(&span, 0);
}

void creation_begin_namespaces(struct creation *c)
{
	uint32_t fresh = plan_new_namespaces(c->config), all = plan_all_namespaces(c->config), flags = 0;
	const struct config *config = config_get();

	for (size_t i = 0; i < NSPOOL_KINDS; i++)
		flags |= fresh & nspool_kinds[i].flag;
	if (c->restored || !flags || (all & CLONE_NEWUSER) || (all & ~fresh & CLONE_NEWPID) || c->x->rootless)
		return;
	if (config->prewarm && config->use_namespace_cache)
		take_pooled(c, flags);
	if (flags & ~c->launch.made & CLONE_NEWNET && config->parallel_namespaces)
		begin_thread(c);
}

int creation_put_namespaces(struct creation *c, struct error *err)
{
	struct nspool_taken *t = &c->launch.pooled;
	struct span span;
	int r = 0, fd;

	for (size_t i = 0; r == 0 && i < NSPOOL_KINDS; i++)
		if (t->fds[i] >= 0)
			r = launch_put(&c->launch.with_plan, slot_of(nspool_kinds[i].flag), TAKE_FD(t->fds[i]), err);
	if (r < 0 || !(c->launch.made & ~t->flags & CLONE_NEWNET))
		return r;
	span = span_begin(SPAN_ID_NETNS_WAIT);
	fd = span_end(&span, netns_take(&c->netns));
	span_clock_done(&c->netns_clock);
	span_add(SPAN_ID_NETNS, TRACK_NETNS, span_clock_ns(&c->netns_clock, c->netns.begun),
		span_clock_ns(&c->netns_clock, c->netns.ended));
	if (fd < 0)
		return error_errno(err, fd, "start: new network namespace");
	return launch_put(&c->launch.with_plan, SLOT_NETWORK, fd, err);
}
