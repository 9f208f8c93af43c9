/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/systemd.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"

#define ERROR "org.freedesktop.systemd1."

static bool is_slice(const struct cgroup *cg)
{
	return str_ends(cg->unit, ".slice");
}

/* Failed units keep their name until that is forgotten; this is done where it may be so, and may fail. */
static void reset_failed(struct dbus *c, const char *unit)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct dbus_buf b = DBUS_BUF(&a);
	struct dbus_message reply;
	struct error e;

	dbus_string(&b, unit);
	(void)systemd_call(c, "ResetFailedUnit", "s", &b, &reply, &e);
}

/* Where the unit is, and what it begins with. A slice holds no processes for systemd: we put ours in. */
static void put_place(struct dbus_buf *b, const struct cgroup *cg, pid_t pid)
{
	struct dbus_array at;

	if (is_slice(cg)) {
		systemd_property(b, "Wants", "as");
		at = dbus_array_begin(b, 4);
		dbus_string(b, cg->slice);
		dbus_array_end(b, at);
		return;
	}
	systemd_property_string(b, "Slice", cg->slice);
	systemd_property_bool(b, "Delegate", true);
	systemd_property(b, "PIDs", "au");
	at = dbus_array_begin(b, 4);
	dbus_u32(b, (uint32_t)pid);
	dbus_array_end(b, at);
}

/* StartTransientUnit: name, mode, properties, auxiliary units. */
static void put_unit(
	struct dbus_buf *b, const struct cgroup *cg, pid_t pid, const struct cgroup_unit_properties *u, bool newer)
{
	struct dbus_array at;

	dbus_string(b, cg->unit);
	dbus_string(b, "replace");
	at = dbus_array_begin(b, 8);
	put_place(b, cg, pid);
	dbus_append(b, &u->unit);
	dbus_append(b, &u->values);
	if (newer)
		dbus_append(b, &u->newer);
	dbus_array_end(b, at);
	dbus_array_end(b, dbus_array_begin(b, 8));
}

/* A property that systemd does not know, or does not know in all of its values. */
static bool is_property_refused(const char *error)
{
	return str_eq(error, "org.freedesktop.DBus.Error.PropertyReadOnly") ||
	       str_eq(error, "org.freedesktop.DBus.Error.InvalidArgs");
}

/* *exists: the unit is there already, and is not ours. */
static int start(struct dbus *c, const struct cgroup *cg, pid_t pid, const struct cgroup_unit_properties *u,
	bool *exists, struct error *err)
{
	bool newer = u->newer.n, reset = false;
	char result[64];
	int r;

	for (;;) {
		_cleanup_arena_ struct arena a = ARENA_INIT;
		struct dbus_buf b = DBUS_BUF(&a);
		struct dbus_message reply;

		put_unit(&b, cg, pid, u, newer);
		r = systemd_job(c, "StartTransientUnit", "ssa(sv)a(sa(sv))", &b, result, sizeof(result), &reply, err);
		*exists = r == -EREMOTEIO && str_eq(reply.error, ERROR "UnitExists");
		if (*exists && !reset) {
			reset = true; /* it may be what was left of one that failed */
			reset_failed(c, cg->unit);
		} else if (r == -EREMOTEIO && newer && is_property_refused(reply.error)) {
			log_debug("systemd: %s: again without newer properties: %s", cg->unit, err->msg);
			newer = false;
		} else {
			break;
		}
	}
	if (*exists)
		return error_set(err, EEXIST, "systemd: unit %s already exists", cg->unit);
	if (r < 0)
		return error_prefix(err, "systemd: %s", cg->unit);
	if (!str_eq(result, "done"))
		return error_set(err, EIO, "error creating systemd unit `%s`: got `%s`", cg->unit, result);
	return 0;
}

/* The hierarchy that systemd itself keeps its units in. */
static bool is_systemds(const struct cgroup_dir *d)
{
	return d->v2 || str_eq(d->controllers, "name=systemd");
}

/* Whether the process is where the unit was expected to be: what is recorded, limited and removed is that directory. */
static int check_place(const struct cgroup *cg, pid_t pid, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	char name[32], *text, *save = NULL;
	int r;

	fmt(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
	r = file_read_at(&a, -1, name, 1 << 20, &text, NULL, err);
	if (r < 0)
		return r;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *controllers = strchr(line, ':'), *path = controllers ? strchr(++controllers, ':') : NULL;

		if (!path)
			continue;
		*path++ = '\0';
		for (size_t i = 0; i < cg->n; i++)
			if (is_systemds(&cg->d[i]) && str_eq(cg->d[i].controllers, controllers) &&
				!str_eq(cg->d[i].path + cg->d[i].mount_len, path))
				return error_set(err, EXDEV, "systemd: %s: expected at %s, but it is at %s", cg->unit,
					cg->d[i].path + cg->d[i].mount_len, path);
	}
	return 0;
}

/* systemd closes its connections when it executes itself anew. Whatever it was told, it is told again once. */
static bool again(struct dbus *c, const struct cgroup *cg, int *r, bool *tried, struct error *err)
{
	if (*r != -ECONNRESET || *tried)
		return false;
	log_debug("%s", err->msg);
	*tried = true;
	dbus_close(c);
	*r = systemd_open(c, cg, err);
	return *r == 0;
}

int cgroup_attach_new(struct cgroup *cg, pid_t pid, const struct cgroup_settings *s, struct error *err)
{
	_cleanup_dbus_ struct dbus c = DBUS_INIT;
	bool exists = false, tried = false, told;
	int r;

	if (cg->manager != CGROUP_MANAGER_SYSTEMD)
		return 0;
	r = systemd_open(&c, cg, err);
	told = r == 0;
	if (told) {
		do
			r = start(&c, cg, pid, s->unit, &exists, err);
		while (again(&c, cg, &r, &tried, err));
	}
	if (exists && tried && check_place(cg, pid, err) == 0) {
		exists = false; /* the first time had been enough */
		r = 0;
	}
	if (exists || !told) { /* nothing here is ours */
		cg->n = 0;
		cg->unit = NULL;
	}
	if (r == 0 && !is_slice(cg))
		r = check_place(cg, pid, err);
	if (r == 0)
		r = cgroup_open_new(cg, err);
	if (r == 0 && is_slice(cg))
		r = cgroup_attach(cg, pid, err);
	return r;
}

int cgroup_unit_set(const struct cgroup *cg, const struct cgroup_unit_properties *u, struct error *err)
{
	_cleanup_dbus_ struct dbus c = DBUS_INIT;
	bool newer = u->newer.n, tried = false;
	int r;

	if (!u->values.n && !u->newer.n)
		return 0;
	r = systemd_open(&c, cg, err);
	while (r == 0) {
		_cleanup_arena_ struct arena a = ARENA_INIT;
		struct dbus_buf b = DBUS_BUF(&a);
		struct dbus_message reply;
		struct dbus_array at;

		dbus_string(&b, cg->unit);
		dbus_u32(&b, true); /* until the next boot */
		at = dbus_array_begin(&b, 8);
		dbus_append(&b, &u->values);
		if (newer)
			dbus_append(&b, &u->newer);
		dbus_array_end(&b, at);
		r = systemd_call(&c, "SetUnitProperties", "sba(sv)", &b, &reply, err);
		if (r == 0)
			return 0;
		if (r == -EREMOTEIO && newer && is_property_refused(reply.error))
			newer = false, r = 0;
		else
			(void)again(&c, cg, &r, &tried, err);
	}
	return error_prefix(err, "systemd: %s", cg->unit);
}

void cgroup_unit_put_back(const struct cgroup *cg, const struct cgroup_settings *s)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct cgroup_write *w = arena_array(&a, s->n + 1, sizeof(*w));
	struct cgroup_unit_properties u;
	struct error e;
	size_t n = 0;
	int r;

	for (size_t i = 0; w && i < s->n; i++) {
		const struct cgroup_dir *d = &cg->d[s->w[i].dir];
		char text[4096];

		if (d->fd < 0 || file_read_small(d->fd, s->w[i].file, text, sizeof(text)) < 0)
			continue;
		w[n] = s->w[i];
		w[n].keep_quota = false;
		w[n].value = arena_strndup(&a, text, strcspn(text, "\n"));
		n += w[n].value != NULL;
	}
	r = w ? cgroup_unit_from_writes(cg, w, n, &a, &u, &e) : error_errno(&e, ENOMEM, "systemd: %s", cg->unit);
	if (r == 0)
		r = cgroup_unit_set(cg, &u, &e);
	if (r < 0)
		log_warn("%s", e.msg);
}

static int stop(struct dbus *c, const char *unit, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct dbus_buf b = DBUS_BUF(&a);
	struct dbus_message reply;
	char result[64];
	int r;

	dbus_string(&b, unit);
	dbus_string(&b, "replace");
	r = systemd_job(c, "StopUnit", "ss", &b, result, sizeof(result), &reply, err);
	if (r == -EREMOTEIO && str_eq(reply.error, ERROR "NoSuchUnit"))
		return 0;
	if (r < 0)
		return error_prefix(err, "systemd: %s", unit);
	if (!str_eq(result, "done"))
		log_warn("error removing systemd unit `%s`: got `%s`", unit, result);
	reset_failed(c, unit);
	return 0;
}

int cgroup_unit_stop(struct cgroup *cg, int64_t deadline_ms, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	_cleanup_dbus_ struct dbus c = DBUS_INIT;
	int v2 = cgroup_find_v2(cg), r = cgroup_open(cg, err);
	bool tried = false;
	pid_t *pids;
	size_t n = 0;

	/* systemd would ask politely first, and wait */
	if (r == 0)
		r = cgroup_pids(cg, &a, &pids, &n, err);
	if (r == 0 && n)
		r = cgroup_signal_all(cg, SIGKILL, err);
	if (r == 0 && n && v2 != CGROUP_NO_DIR && cg->d[v2].fd >= 0)
		(void)cgroup_wait_event(cg->d[v2].fd, "populated", false, deadline_ms);
	if (r == 0)
		r = systemd_open(&c, cg, err);
	if (r < 0)
		return r;
	do
		r = stop(&c, cg->unit, err);
	while (again(&c, cg, &r, &tried, err));
	return r;
}

int cgroup_attach_by_manager(const struct cgroup *cg, pid_t pid, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	_cleanup_dbus_ struct dbus c = DBUS_INIT;
	struct dbus_buf b = DBUS_BUF(&a);
	const char *below = cg->unit ? strstr(cg->d[0].path, cg->unit) : NULL;
	struct dbus_message reply;
	struct dbus_array at;
	int r;

	if (!below)
		return error_set(err, EOPNOTSUPP, "systemd: not the owner of this cgroup");
	below += strlen(cg->unit);
	dbus_string(&b, cg->unit);
	dbus_string(&b, *below ? below : "/");
	at = dbus_array_begin(&b, 4);
	dbus_u32(&b, (uint32_t)pid);
	dbus_array_end(&b, at);
	r = systemd_open(&c, cg, err);
	if (r == 0)
		r = systemd_call(&c, "AttachProcessesToUnit", "ssau", &b, &reply, err);
	return r < 0 ? error_prefix(err, "systemd: %s", cg->unit) : 0;
}
