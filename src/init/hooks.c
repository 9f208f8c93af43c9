/* SPDX-License-Identifier: Apache-2.0 */
#include "init/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "kernel/child.h"

/* The state for a hook's stdin, an open file of its own: what one leaves behind in the background reads, or seeks, does
 * not reach the next. Where a user namespace has no procfs to open it by, they share it, wound back for each. */
static int open_state(struct init *in, int state, struct error *err)
{
	int fd = proc_reopen(in, state, O_RDONLY, err);

	if (fd != -EPERM)
		return fd;
	(void)sys_call3(SYS_lseek, state, 0, 0 /* SEEK_SET */);
	return (int)sys_call3(SYS_fcntl, state, F_DUPFD_CLOEXEC, 3);
}

static int run_hook(struct init *in, const struct plan_hook *h, int state, int dir, struct error *err)
{
	static struct child_end end;
	static char why[1000];
	struct child c = {.path = plan_str(in->plan, h->path), .dir = dir, .timeout = h->timeout,
		.out = init_slot(in, SLOT_HOOKS_OUT), .err = init_slot(in, SLOT_HOOKS_ERR)};
	char **argv = strings_map(in, h->args, 0), **envp = h->inherit ? in->envp : strings_map(in, h->env, 0);
	int r = 0;

	c.argv = argv;
	c.envp = envp;
	c.in = open_state(in, state, err);
	if (c.in < 0) {
		r = error_errno(err, c.in, "error running %s hook #%u: state for its stdin", plan_hook_name(h->kind),
			h->s.index);
	} else if (!argv || !envp) {
		r = error_errno(err, ENOMEM, "error running %s hook #%u", plan_hook_name(h->kind), h->s.index);
	} else if (!child_run(&c, &end)) {
		child_describe(&c, &end, why, sizeof(why));
		r = error_set(err, child_errno(&end), "error running %s hook #%u: %s", plan_hook_name(h->kind),
			h->s.index, why);
	}
	if (c.in >= 0)
		(void)sys_close(c.in);
	strings_unmap(argv, h->args, 0);
	if (!h->inherit)
		strings_unmap(envp, h->env, 0);
	return r;
}

/* Whoever waits for the program to be executed hears of its hooks before; it may be gone, and a filter that is in force
 * already need not let this call through. */
static void tell_times(struct init *in)
{
	static struct sync_msg m;

	if (in->plan->flags & PLAN_NOTIFY || (in->start >= 0 && !in->start_version))
		return;
	m.type = SYNC_TIMES;
	init_put_times(in, &m);
	(void)sys_call6(SYS_sendto, in->start >= 0 ? in->start : in->sync, (long)&m, sizeof(m),
		MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0);
}

/* createContainer hooks find the rootfs as their working directory (it is not "/" yet), startContainer hooks the
 * container's. */
int step_hooks(struct init *in, const struct plan_step *s, struct error *err)
{
	const struct plan_hooks_at *p = (const struct plan_hooks_at *)s;
	int state = init_slot(in, p->slot), dir = p->kind == PLAN_HOOK_CREATE_CONTAINER ? in->root : -1, r = 0;
	uint32_t n = 0;

	if (state < 0)
		return error_set(err, EBADF, "%s hooks: the state was not handed over", plan_hook_name(p->kind));
	for (s = plan_first(in->plan); r == 0 && !plan_at_end(in->plan, s); s = plan_next(s), n++)
		if (s->op == PLAN_OP_HOOK && ((const struct plan_hook *)s)->kind == p->kind) {
			init_time(in, n, false);
			r = run_hook(in, (const struct plan_hook *)s, state, dir, err);
		}
	(void)sys_close(state);
	in->slots[p->slot] = -1;
	if (r == 0 && p->kind == PLAN_HOOK_START_CONTAINER)
		tell_times(in);
	return r;
}
