/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "cgroup/internal.h"
#include "cgroup/stats.h"

/* The file itself is polled: kernfs says POLLPRI when it has changed since it was last read. */
static int open_v2(struct cgroup_oom *o, struct error *err)
{
	o->fd = openat(o->dir, "memory.events", O_RDONLY | O_CLOEXEC);
	if (o->fd < 0) /* the controller is not enabled here, or the cgroup has gone */
		return errno == ENOENT || errno == ENODEV ? 0 : error_errno(err, errno, "cgroup: memory.events");
	o->events = POLLPRI;
	(void)cgroup_oom_take(o);
	return 0;
}

static int open_v1(struct cgroup_oom *o, struct error *err)
{
	_cleanup_close_ int control = openat(o->dir, "memory.oom_control", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	char text[32];
	int r;

	if (control < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : error_errno(err, errno, "cgroup: memory.oom_control");
	if (event < 0)
		return error_errno(err, errno, "cgroup: eventfd");
	fmt(text, sizeof(text), "%d %d", event, control);
	r = file_write_at(o->dir, "cgroup.event_control", text);
	if (r < 0)
		return error_errno(err, r, "cgroup: cgroup.event_control");
	o->fd = TAKE_FD(event);
	o->events = POLLIN;
	return 0;
}

int cgroup_oom_open(const struct cgroup *cg, struct cgroup_oom *ret, struct error *err)
{
	int i = cgroup_find(cg, "memory");

	*ret = CGROUP_OOM_INIT;
	if (i == CGROUP_NO_DIR || cg->d[i].fd < 0)
		return 0;
	ret->dir = cg->d[i].fd;
	ret->v2 = cg->d[i].v2;
	return ret->v2 ? open_v2(ret, err) : open_v1(ret, err);
}

static int64_t take_v2(struct cgroup_oom *o)
{
	char text[512];
	ssize_t n = pread(o->fd, text, sizeof(text) - 1, 0);
	uint64_t kills = 0, before = o->seen;
	int r;

	if (n < 0)
		return -errno;
	text[n] = '\0';
	r = cgroup_find_key(text, "oom_kill", &kills);
	if (r < 0)
		return r;
	o->seen = kills;
	return (int64_t)(kills - before);
}

static int64_t take_v1(struct cgroup_oom *o)
{
	uint64_t n;

	if (read(o->fd, &n, sizeof(n)) < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	/* the removal of the cgroup counts as well */
	return faccessat(o->dir, "memory.oom_control", F_OK, 0) < 0 ? -ENODEV : (int64_t)n;
}

int64_t cgroup_oom_take(struct cgroup_oom *o)
{
	if (o->fd < 0)
		return 0;
	return o->v2 ? take_v2(o) : take_v1(o);
}

void cgroup_oom_close(struct cgroup_oom *o)
{
	fd_close(&o->fd);
}
