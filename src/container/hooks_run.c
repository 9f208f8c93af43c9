/* SPDX-License-Identifier: Apache-2.0 */
#include "container/hooks_run.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "container/init_times.h"
#include "kernel/child.h"

static char **strings(struct arena *a, const struct plan *p, struct plan_list l)
{
	char **v = arena_array(a, (size_t)l.n + 1, sizeof(*v));

	for (uint32_t i = 0; v && i < l.n; i++)
		v[i] = (char *)plan_list_str(p, l, i);
	return v;
}

/* A file of its own for each hook: one that writes to or seeks in its stdin disturbs nobody. */
static int open_state(const char *json, size_t len)
{
	_cleanup_close_ int fd = memfd_create("state", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : fd_write_all(fd, json, len);

	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	return r < 0 ? r : TAKE_FD(fd);
}

int hooks_open_output(const char *path, int *ret, struct error *err)
{
	*ret = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644) : -1;
	if (path && (*ret < 0 || fcntl(*ret, F_SETFL, O_APPEND) < 0))
		return error_errno(err, errno, "output of hooks: %s", path);
	return 0;
}

static int run_hook(
	const struct plan *p, const struct plan_hook *h, const char *json, size_t len, int dir, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	_cleanup_close_ int state = open_state(json, len);
	_cleanup_close_ int out = -1;
	_cleanup_close_ int errors = -1;
	struct child c = {.path = plan_str(p, h->path),
		.argv = strings(&a, p, h->args),
		.envp = strings(&a, p, h->env),
		.in = state,
		.dir = dir,
		.timeout = h->timeout};
	struct child_end end;
	char why[1000];

	if (state < 0 || !c.argv || !c.envp)
		return error_errno(err, state < 0 ? state : ENOMEM, "error running %s hook #%u",
			plan_hook_name(h->kind), h->s.index);
	if (hooks_open_output(plan_str(p, h->out), &out, err) < 0 || hooks_open_output(plan_str(p, h->err), &errors, err) < 0)
		return error_prefix(err, "error running %s hook #%u", plan_hook_name(h->kind), h->s.index);
	c.out = out;
	c.err = errors;
	if (child_run(&c, &end))
		return 0;
	child_describe(&c, &end, why, sizeof(why));
	return error_set(
		err, child_errno(&end), "error running %s hook #%u: %s", plan_hook_name(h->kind), h->s.index, why);
}

/* Runs those of a kind; goes on behind a failure when err is NULL, which is logged then. */
static int run_kind(const struct plan *p, enum plan_hook_kind kind, const char *json, size_t len, const char *cwd,
	struct error *err)
{
	_cleanup_close_ int dir = -1;

	for (const struct plan_step *s = plan_first(p); !plan_at_end(p, s); s = plan_next(s)) {
		const struct plan_hook *h = (const struct plan_hook *)s;
		uint64_t begun = span_now(), ended;
		struct error own;
		int r;

		if (s->op != PLAN_OP_HOOK || h->kind != kind)
			continue;
		if (dir < 0)
			dir = open(cwd, O_PATH | O_DIRECTORY | O_CLOEXEC);
		r = dir < 0 ? error_errno(&own, errno, "%s hooks: %s", plan_hook_name(kind), cwd)
			    : run_hook(p, h, json, len, dir, &own);
		ended = span_now();
		span_add(init_times_hook(kind), TRACK_HOOK, begun, ended);
		span_add(SPAN_ID_HOOK_WAIT, TRACK_HOST, begun, ended);
		if (r < 0 && err)
			span_failed(init_times_hook(kind));
		if (r < 0 && err) {
			*err = own;
			return r;
		}
		if (r < 0)
			log_warn("%s", own.msg);
	}
	return 0;
}

int hooks_run(const struct plan *p, enum plan_hook_kind kind, const char *state_json, size_t len, const char *cwd,
	struct error *err)
{
	struct error own;

	return run_kind(p, kind, state_json, len, cwd, err ? err : &own);
}

void hooks_run_all(const struct plan *p, enum plan_hook_kind kind, const char *state_json, size_t len, const char *cwd)
{
	(void)run_kind(p, kind, state_json, len, cwd, NULL);
}
