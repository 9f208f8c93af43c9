/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/fd.h"
#include "base/log.h"
#include "container/container.h"
#include "container/life.h"
#include "container/store.h"
#include "perf/span.h"

/* Errors that say nothing against the state: it may be read the next time, or by another build (-EPROTO). */
static bool passes(int r)
{
	return r == -ETIMEDOUT || r == -ENOMEM || r == -EMFILE || r == -ENFILE || r == -EINTR || r == -EPROTO;
}

int container_delete(const struct context *x, const char *id, bool force, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	_cleanup_container_ struct container c = {.dir = -1};
	_cleanup_close_ int there = store_open(x, id, err);
	struct span span;
	int r;

	if (there < 0)
		return there == -ENOENT && force ? 0 : there;
	r = container_load_locked(x, id, &a, &c, err);
	if (r < 0 && force && !passes(r)) {
		/* Gone in the meantime, or a state that cannot be understood: there is nothing that it could lead to, so
		 * only its directory is removed. */
		if (r != -ENOENT)
			log_warn("%s; the directory is removed", err->msg);
		return store_remove(x, id, err);
	}
	if (r < 0)
		return r;
	/* a created container has run nothing yet */
	if (!force && c.status != STATUS_STOPPED && c.status != STATUS_CREATED)
		return error_set(err, EBUSY, "cannot delete container %s that is not stopped: %s", id, status_name(c.status));
	r = life_remove(x, &c, &a, err);
	span = span_begin(SPAN_ID_CLOSE);
	container_close(&c);
	fd_close(&there);
	(void)span_end(&span, 0);
	return r;
}
