/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/fd.h"
#include "base/log.h"
#include "container/container.h"
#include "container/life.h"
#include "container/record.h"
#include "container/store.h"
#include "perf/span.h"

/* What a load came to. All else may come out otherwise the next time, or in another build (-EPROTO), and what the state
 * leads to must not be forgotten. */
static bool is_damaged(int r)
{
	return r == -EBADMSG || r == -EINVAL || r == -E2BIG || r == -EFBIG;
}

int life_delete(const struct context *x, const char *id, int dir, bool force, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	_cleanup_container_ struct container c = {.dir = -1};
	_cleanup_close_ int mine = dir;
	struct span span = span_begin(SPAN_ID_LOAD);
	int r = span_end(&span, container_load_dir(dir, id, true, &a, &c, err));

	if (r == -ENOENT && force)
		return 0;
	if (is_damaged(r) && force) {
		log_warn("%s; the directory is removed", err->msg);
		return store_remove(x, id, dir, err);
	}
	if (r < 0)
		return r;
	(void)TAKE_FD(mine);
	/* a created container has run nothing yet */
	if (!force && c.status != STATUS_STOPPED && c.status != STATUS_CREATED)
		return error_set(err, EBUSY, "cannot delete container %s that is not stopped: %s", id, status_name(c.status));
	r = life_remove(x, &c, &a, err);
	span = span_begin(SPAN_ID_CLOSE);
	container_close(&c);
	(void)span_end(&span, 0);
	return r;
}

int container_delete(const struct context *x, const char *id, bool force, struct error *err)
{
	int dir = store_open(x, id, err);

	if (dir < 0)
		return dir == -ENOENT && force ? 0 : dir;
	return life_delete(x, id, dir, force, err);
}

/* Locked by us: nobody is about to fill it. */
static int clean(const struct context *x, const char *id, int dir, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	_cleanup_container_ struct container c = {.dir = -1};
	_cleanup_close_ int mine = dir;
	int r = container_load_dir(dir, id, true, &a, &c, err);

	if (r == -ENOENT || r == -EPROTO)
		return 0;
	if (is_damaged(r)) {
		log_info("%s; the directory is removed", err->msg);
		return store_remove(x, id, dir, err);
	}
	if (r < 0)
		return r;
	(void)TAKE_FD(mine);
	if (c.record->pid)
		return 0;
	log_info("container %s: was never made; what there is of it is removed", id);
	return life_remove(x, &c, &a, err);
}

int container_clean(const struct context *x, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	char **ids;
	size_t n;
	int r = store_ids(x, &a, &ids, &n, err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		int dir = store_open(x, ids[i], err);

		if (dir >= 0 && store_try_lock(dir))
			r = clean(x, ids[i], dir, err);
		else if (dir >= 0)
			fd_close(&dir);
		else if (dir != -ENOENT)
			r = dir;
	}
	return r;
}
