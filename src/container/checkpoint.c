/* SPDX-License-Identifier: Apache-2.0 */
#include "container/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "container/criu.h"
#include "container/criu_descriptors.h"
#include "container/criu_mounts.h"
#include "container/life.h"
#include "container/record.h"

#define LOG_FILE "dump.log"

struct checkpoint {
	const struct criu_settings *s;
	const struct container *c;
	int status_fd; /* to be written to, or -1 */
};

/* ---- what was asked for ---- */

static int check_parent(const struct criu_settings *s, const struct criu_dirs *d, struct error *err)
{
	struct stat st;
	int r;

	if (!s->parent_path || !*s->parent_path)
		return 0;
	if (*s->parent_path == '/')
		return error_set(err, EINVAL, "--parent-path must be relative");
	r = fstatat(d->images, s->parent_path, &st, 0) < 0 ? -errno : S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
	return r < 0 ? error_errno(err, r, "invalid --parent-path: %s", s->parent_path) : 0;
}

static int find_status_fd(const struct criu_settings *s, int *ret, struct error *err)
{
	uint32_t fd;
	int flags;

	*ret = -1;
	if (!s->status_fd || !*s->status_fd || str_eq(s->status_fd, "-1"))
		return 0;
	if (!s->lazy_pages)
		return error_set(err, EINVAL, "--status-fd is for --lazy-pages");
	if (!str_to_u32(s->status_fd, &fd) || fd > INT32_MAX)
		return error_set(err, EINVAL, "invalid --status-fd argument %s", s->status_fd);
	flags = fcntl((int)fd, F_GETFL);
	if (flags < 0)
		return error_errno(err, errno, "invalid --status-fd argument %u", fd);
	if ((flags & O_ACCMODE) == O_RDONLY)
		return error_set(err, EINVAL, "invalid --status-fd argument %u: not writable", fd);
	*ret = (int)fd;
	return 0;
}

/* ADDRESS:PORT, and an address of IPv6 in brackets. */
static int put_page_server(struct criu_message *m, const char *text, struct error *err)
{
	_cleanup_message_ struct criu_message server = CRIU_MESSAGE_INIT;
	const char *colon = text ? strrchr(text, ':') : NULL;
	char address[256];
	uint32_t port;
	size_t n;

	if (!text || !*text)
		return 0;
	n = colon ? (size_t)(colon - text) : 0;
	if (n == 0 || n >= sizeof(address) || !colon[1])
		return error_set(err, EINVAL, "Use --page-server ADDRESS:PORT to specify page server");
	if (!str_to_u32(colon + 1, &port) || port == 0 || port > UINT16_MAX)
		return error_set(err, EINVAL, "Invalid port number in --page-server: %s", colon + 1);
	if (text[0] == '[' && colon[-1] == ']') {
		text++;
		n -= 2;
	}
	str_copy(address, n + 1, text);
	criu_put_text(&server, 1, address);
	criu_put_number(&server, 2, port);
	criu_put_message(m, CRIU_PAGE_SERVER, &server);
	return 0;
}

static void put_flags(struct criu_message *m, const struct criu_settings *s)
{
	bool has_parent = s->parent_path && *s->parent_path;

	criu_put_flag(m, CRIU_LEAVE_RUNNING, s->leave_running);
	criu_put_flag(m, CRIU_TCP_SKIP_IN_FLIGHT, s->tcp_skip_in_flight);
	criu_put_flag(m, CRIU_LINK_REMAP, s->link_remap);
	criu_put_text(m, CRIU_PARENT_IMG, s->parent_path);
	criu_put_flag(m, CRIU_TRACK_MEM, has_parent || s->pre_dump);
}

/* ---- what the container is ---- */

/* "net[INODE]:KEY": it is there at restore, and not saved. */
static int put_external_namespaces(struct criu_message *m, const struct plan *p, pid_t pid, struct error *err)
{
	for (const struct plan_step *s = plan_first(p); !plan_at_end(p, s); s = plan_next(s)) {
		const struct plan_join *j = (const struct plan_join *)s;
		char path[64], text[128];
		struct stat st;

		if (s->op != PLAN_OP_JOIN || !j->path || !criu_external_key(j->flags))
			continue;
		fmt(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, criu_namespace_name(j->flags));
		if (stat(path, &st) < 0)
			return error_errno(err, errno, "checkpoint: %s", path);
		fmt(text, sizeof(text), "%s[%lu]:%s", criu_namespace_name(j->flags), (unsigned long)st.st_ino,
			criu_external_key(j->flags));
		criu_put_text(m, CRIU_EXTERNAL, text);
	}
	return 0;
}

static bool is_freezer(const struct cgroup *cg, const struct cgroup_dir *d)
{
	return cg->mode == CGROUP_MODE_V2 ? d->v2 : str_eq(d->controllers, "freezer");
}

/* Without one CRIU stops every thread by itself. */
static void put_freezer(struct criu_message *m, const struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++)
		if (is_freezer(cg, &cg->d[i])) {
			criu_put_text(m, CRIU_FREEZE_CGROUP, cg->d[i].path);
			return;
		}
}

static int put_container(struct criu_message *m, const struct checkpoint *k, const struct plan *p,
	const struct criu_dirs *d, struct error *err)
{
	int r = put_external_namespaces(m, p, k->c->pid, err);

	criu_put_number(m, CRIU_PID, (uint64_t)k->c->pid);
	criu_put_text(m, CRIU_ROOT, k->c->rootfs);
	put_freezer(m, &k->c->cgroup);
	if (r == 0 && !k->s->pre_dump)
		r = criu_put_mount_names(m, p, k->c->pid, err);
	if (r == 0 && !k->s->pre_dump)
		r = criu_descriptors_write(m, d->images, k->c->pid, err);
	return r;
}

/* ---- the way of it ---- */

static int on_notify(void *data, const char *what, pid_t pid, int fd, struct error *err)
{
	struct checkpoint *k = data;
	_cleanup_close_ int unused = fd;
	int r = 0;

	(void)pid;
	if (str_eq(what, "status-ready") && k->status_fd >= 0) {
		r = fd_write_all(k->status_fd, "", 1);
		fd_close(&k->status_fd);
	}
	return r < 0 ? error_errno(err, r, "--status-fd") : 0;
}

static int compose(struct criu_message *m, const struct checkpoint *k, const struct criu_dirs *d, struct error *err)
{
	const struct plan *p;
	size_t size;
	int r = life_plan(k->c, &p, &size, err);

	if (r < 0)
		return r == -ENOENT ? error_errno(err, r, "state directory: plan") : r;
	r = criu_put_settings(m, k->s, d, LOG_FILE, &k->c->annotations, err);
	criu_put_flag(m, CRIU_ORPHAN_PTS_MASTER, true);
	if (r == 0)
		r = put_page_server(m, k->s->page_server, err);
	put_flags(m, k->s);
	if (r == 0)
		r = put_container(m, k, p, d, err);
	munmap((void *)p, size);
	return r;
}

static int dump(struct checkpoint *k, const struct criu_dirs *d, struct error *err)
{
	_cleanup_criu_ struct criu criu = CRIU_INIT;
	_cleanup_message_ struct criu_message m = CRIU_MESSAGE_INIT;
	int r = compose(&m, k, d, err);

	criu.on_notify = on_notify;
	criu.data = k;
	if (r == 0)
		r = criu_dirs_keep(d, &criu, err);
	if (r == 0)
		r = criu_begin(&criu, err);
	if (r < 0)
		return r;
	r = criu_carry_out(&criu, k->s->pre_dump ? CRIU_PRE_DUMP : CRIU_DUMP, &m, err);
	return r < 0 ? criu_explain(&criu, d, LOG_FILE, err) : 0;
}

int container_checkpoint(const struct context *x, const char *id, const struct criu_settings *s, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	_cleanup_container_ struct container c = {.dir = -1};
	_cleanup_dirs_ struct criu_dirs d = CRIU_DIRS_INIT;
	struct checkpoint k = {.s = s, .c = &c, .status_fd = -1};
	int r = container_load_locked(x, id, &a, &c, err);

	if (r < 0)
		return r;
	if (c.status != STATUS_RUNNING && c.status != STATUS_PAUSED)
		return error_set(err, EINVAL, "Container cannot be checkpointed in %s state", status_name(c.status));
	/* at restore root of a user namespace looks which images there are */
	r = criu_dirs_open(s, c.record->namespaces & CLONE_NEWUSER ? 0711 : 0700, &d, err);
	if (r == 0)
		r = check_parent(s, &d, err);
	if (r == 0)
		r = find_status_fd(s, &k.status_fd, err);
	if (r == 0)
		r = dump(&k, &d, err);
	if (r < 0)
		return r;
	if (!s->leave_running && !s->pre_dump)
		life_destroy(x, &c, &a);
	return 0;
}
