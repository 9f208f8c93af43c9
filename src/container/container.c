/* SPDX-License-Identifier: Apache-2.0 */
#include "container/container.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "container/process.h"
#include "container/record.h"
#include "container/store.h"
#include "kernel/userns.h"
#include "perf/span.h"

bool context_rootless_auto(void)
{
	return geteuid() != 0 || !userns_is_first();
}

int context_default_root(struct arena *a, const char **ret, struct error *err)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");

	if (xdg && *xdg && context_rootless_auto())
		*ret = arena_fmt(a, "%s/enviro-oci", xdg);
	else
		*ret = "/run/enviro-oci";
	return *ret ? 0 : error_errno(err, ENOMEM, "state root");
}

static const char *const status_names[] = {
	[STATUS_CREATING] = "creating",
	[STATUS_CREATED] = "created",
	[STATUS_RUNNING] = "running",
	[STATUS_PAUSED] = "paused",
	[STATUS_STOPPED] = "stopped",
};

const char *status_name(enum container_status s)
{
	return status_names[s];
}

static const struct {
	const char *name;
	enum cgroup_manager manager;
} managers[] = {
	{"cgroupfs", CGROUP_MANAGER_CGROUPFS},
	{"systemd", CGROUP_MANAGER_SYSTEMD},
	{"disabled", CGROUP_MANAGER_DISABLED},
};

const char *manager_name(enum cgroup_manager m)
{
	for (size_t i = 0; i < sizeof(managers) / sizeof(managers[0]); i++)
		if (managers[i].manager == m)
			return managers[i].name;
	return "cgroupfs";
}

static int manager_from_name(const char *name, enum cgroup_manager *ret, struct error *err)
{
	for (size_t i = 0; i < sizeof(managers) / sizeof(managers[0]); i++)
		if (strcmp(managers[i].name, name) == 0) {
			*ret = managers[i].manager;
			return 0;
		}
	return error_set(err, EINVAL, "state.json: unknown cgroup manager \"%s\"", name);
}

/* Before it executes init it has our name. */
static bool is_init(const char *comm)
{
	char ours[16];

	return strcmp(comm, INIT_COMM) == 0 || (prctl(PR_GET_NAME, ours) == 0 && strcmp(comm, ours) == 0);
}

/* The record's pid is only believed while a process started at the recorded time has it. */
static enum container_status find_status(struct container *c)
{
	const struct container_record *rec = c->record;
	struct process_stat st;
	struct stat start;

	c->pid = 0;
	if (!rec->pid)
		return !c->locked && store_locked(c->dir) ? STATUS_CREATING : STATUS_STOPPED;
	if (rec->another_boot || process_stat(rec->pid, &st) < 0 || st.start_time != rec->start_time ||
		st.state == 'Z' || st.state == 'X')
		return STATUS_STOPPED;
	c->pid = rec->pid;
	if (cgroup_is_frozen(&c->cgroup) > 0)
		return STATUS_PAUSED;
	/* not faccessat: with flags it is a newer call, which an engine's filter around us may refuse */
	if (strcmp(st.comm, INIT_COMM) == 0 && fstatat(c->dir, START_SOCKET, &start, AT_SYMLINK_NOFOLLOW) == 0)
		return STATUS_CREATED;
	if (is_init(st.comm) && !c->locked && store_locked(c->dir))
		return STATUS_CREATING;
	return STATUS_RUNNING;
}

static const char *owner_name(int dir, struct arena *a)
{
	struct stat st;
	char *text, *line;

	if (fstat(dir, &st) < 0)
		return "";
	if (st.st_uid == 0)
		return "root";
	/* not getpwuid: the static build would want the host's NSS modules */
	if (file_read_at(a, AT_FDCWD, "/etc/passwd", 1 << 20, &text, NULL, NULL) == 0)
		for (line = text; *line;) {
			char *end = strchrnul(line, '\n'), *name_end = strchr(line, ':');
			char *uid = name_end ? strchr(name_end + 1, ':') : NULL;

			if (uid && uid < end && strtoul(uid + 1, NULL, 10) == st.st_uid)
				return arena_strndup(a, line, (size_t)(name_end - line));
			line = *end ? end + 1 : end;
		}
	return arena_fmt(a, "#%u", (unsigned)st.st_uid);
}

static int load(int dir, const char *id, struct arena *a, struct container *ret, struct error *err)
{
	struct container_record *rec = NULL;
	enum cgroup_manager m = CGROUP_MANAGER_CGROUPFS;
	int r = record_read(dir, a, &rec, err);

	if (r == 0 && strcmp(rec->id, id) != 0)
		r = error_set(err, EINVAL, "state.json: it is the state of \"%s\"", rec->id);
	if (r == 0)
		r = manager_from_name(rec->cgroup_manager, &m, err);
	if (r == 0)
		r = cgroup_from_text(rec->cgroup, rec->cgroup_len, m, a, &ret->cgroup, err);
	if (r == 0)
		r = cgroup_open_freezer(&ret->cgroup, err);
	if (r < 0)
		return r;
	ret->id = rec->id;
	ret->bundle = rec->bundle;
	ret->rootfs = rec->rootfs;
	ret->oci_version = rec->oci_version;
	ret->created = rec->created;
	if (rec->annotations)
		ret->annotations = *rec->annotations;
	ret->record = rec;
	ret->status = find_status(ret);
	ret->owner = owner_name(dir, a);
	return 0;
}

void container_close(struct container *c)
{
	cgroup_close(&c->cgroup);
	fd_close(&c->dir);
}

int container_load_dir(int dir, const char *id, bool lock, struct arena *a, struct container *ret, struct error *err)
{
	int r = lock ? store_lock(dir, err) : 0;

	*ret = (struct container){.dir = dir, .locked = lock};
	if (r == 0) {
		r = load(dir, id, a, ret, err);
		if (r == -ENOENT && (store_gone(dir) || (!lock && store_locked(dir))))
			error_set(err, ENOENT, "container does not exist: %s", id);
		else if (r == -ENOENT)
			r = error_set(err, EBADMSG, "container %s: damaged state: it has no state.json", id);
		else if (r < 0)
			error_prefix(err, "container %s: damaged state", id);
	}
	if (r < 0) {
		ret->dir = -1;
		cgroup_close(&ret->cgroup);
	}
	return r;
}

static int open_and_load(const struct context *x, const char *id, bool lock, struct arena *a, struct container *ret,
	struct error *err)
{
	struct span span = span_begin(SPAN_ID_LOAD);
	_cleanup_close_ int dir = store_open(x, id, err);
	int r = dir < 0 ? dir : container_load_dir(dir, id, lock, a, ret, err);

	if (r < 0)
		ret->dir = -1;
	else
		(void)TAKE_FD(dir);
	return span_end(&span, r);
}

int container_load(const struct context *x, const char *id, struct arena *a, struct container *ret, struct error *err)
{
	return open_and_load(x, id, false, a, ret, err);
}

int container_load_locked(const struct context *x, const char *id, struct arena *a, struct container *ret,
	struct error *err)
{
	return open_and_load(x, id, true, a, ret, err);
}

int container_list(const struct context *x, struct arena *a, struct container **ret, size_t *n, struct error *err)
{
	struct container *list;
	size_t ids_len, len = 0;
	char **ids;
	int r = store_ids(x, a, &ids, &ids_len, err);

	if (r < 0)
		return r;
	list = arena_array(a, ids_len + 1, sizeof(*list));
	if (!list)
		return error_errno(err, ENOMEM, "list");
	for (size_t i = 0; i < ids_len; i++) {
		struct error e;

		r = container_load(x, ids[i], a, &list[len], &e);
		if (r == 0)
			container_close(&list[len++]);
		else if (r != -ENOENT) /* deleted in the meantime */
			log_warn("%s", e.msg);
	}
	*ret = list;
	*n = len;
	return 0;
}

int container_state_json(const struct container *c, struct arena *a, char **ret, size_t *len, struct error *err)
{
	struct oci_map annotations = c->annotations;
	struct oci_state s = {
		.oci_version = (char *)c->oci_version,
		.id = (char *)c->id,
		.status = (char *)status_name(c->status),
		.has_pid = c->status != STATUS_STOPPED,
		.pid = c->pid,
		.bundle = (char *)c->bundle,
		.annotations = annotations.len ? &annotations : NULL,
	};

	return oci_state_write(&s, a, ret, len, err);
}
