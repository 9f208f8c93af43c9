/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/systemd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"

#define NAME "org.freedesktop.systemd1"
#define PATH "/org/freedesktop/systemd1"
#define MANAGER NAME ".Manager"
#define BUS "org.freedesktop.DBus"

int systemd_call(struct dbus *c, const char *method, const char *signature, const struct dbus_buf *body,
	struct dbus_message *reply, struct error *err)
{
	const struct dbus_call call = {NAME, PATH, MANAGER, method, signature, body};
	int r;

	if (body && body->failed)
		return error_errno(err, ENOMEM, "%s", method);
	r = dbus_call(c, &call, reply, err);
	if (r < 0 && !reply->error)
		reply->error = "";
	return r;
}

/* On a bus systemd sends signals only while somebody has asked for them, and the bus passes on only what was asked for;
 * on a connection of its own it sends them all. */
static int subscribe(struct dbus *c, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct dbus_buf rule = DBUS_BUF(&a);
	const struct dbus_call match = {BUS, "/org/freedesktop/DBus", BUS, "AddMatch", "s", &rule};
	struct dbus_message reply;
	int r;

	dbus_string(
		&rule, "type='signal',sender='" NAME "',path='" PATH "',interface='" MANAGER "',member='JobRemoved'");
	r = rule.failed ? error_errno(err, ENOMEM, "AddMatch") : dbus_call(c, &match, &reply, err);
	if (r == 0)
		r = systemd_call(c, "Subscribe", "", NULL, &reply, err);
	return r;
}

static int open_bus(struct dbus *c, const char *addresses, int64_t deadline, struct error *err)
{
	int r = dbus_open_bus(c, addresses, deadline, err);

	if (r == 0)
		r = subscribe(c, err);
	if (r < 0)
		dbus_close(c);
	return r;
}

/* systemd's own socket comes first: no bus has to be up, or to pass each message on. */
static int open_one(struct dbus *c, const char *private, const char *addresses, int64_t deadline, struct error *err)
{
	int r = private ? dbus_open(c, private, deadline, err) : -ENOMEM;

	if (r == 0)
		return 0;
	log_debug("%s", private ? err->msg : "systemd: no private socket");
	if (!addresses || !*addresses)
		return r;
	return open_bus(c, addresses, deadline, err);
}

static int open_system(struct dbus *c, int64_t deadline, struct error *err)
{
	const char *addresses = getenv("DBUS_SYSTEM_BUS_ADDRESS");

	if (!addresses || !*addresses)
		addresses = "unix:path=/run/dbus/system_bus_socket";
	return open_one(c, "/run/systemd/private", addresses, deadline, err);
}

/* The directory by the user whose unit it is: root may remove it for its owner. */
static int open_user(struct dbus *c, uint32_t uid, int64_t deadline, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	const char *addresses = getenv("DBUS_SESSION_BUS_ADDRESS"), *dir = getenv("XDG_RUNTIME_DIR");
	const char *usual = arena_fmt(&a, "/run/user/%u", (unsigned)uid);

	if (!usual)
		return error_errno(err, ENOMEM, "systemd");
	if (!dir || !*dir || access(usual, X_OK) == 0)
		dir = usual;
	if (!addresses || !*addresses)
		addresses = arena_fmt(&a, "unix:path=%s/bus", dir);
	return open_one(c, arena_fmt(&a, "%s/systemd/private", dir), addresses, deadline, err);
}

int systemd_open(struct dbus *c, const struct cgroup *cg, struct error *err)
{
	int64_t deadline = dbus_now_ms() + SYSTEMD_MS;
	uint32_t uid;
	bool user = cg->n && cgroup_user_of_path(cg->d[0].path, &uid);
	int r = user ? open_user(c, uid, deadline, err) : open_system(c, deadline, err);

	return r < 0 ? error_prefix(err, "systemd%s: %s", user ? " of the user" : "", cg->unit) : 0;
}

/* JobRemoved: the job's number, its path, its unit, its result. */
static bool is_end_of(const struct dbus_message *m, const char *sender, const char *job, char *result, size_t n)
{
	struct dbus_reader r = m->body;
	bool is;

	if (m->type != DBUS_SIGNAL || !str_eq(m->interface, MANAGER) || !str_eq(m->member, "JobRemoved") ||
		!str_eq(m->path, PATH) || !str_eq(m->sender, sender) || !str_eq(m->signature, "uoss"))
		return false;
	(void)dbus_read_u32(&r);
	is = str_eq(dbus_read_string(&r), job);
	(void)dbus_read_string(&r);
	str_copy(result, n, dbus_read_string(&r));
	return is && !r.failed;
}

int systemd_job(struct dbus *c, const char *method, const char *signature, const struct dbus_buf *body, char *result,
	size_t n, struct dbus_message *reply, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	const char *job, *sender;
	struct dbus_message m;
	int r = systemd_call(c, method, signature, body, reply, err);

	if (r < 0)
		return r;
	job = str_eq(reply->signature, "o") ? arena_strdup(&a, dbus_read_string(&reply->body)) : NULL;
	sender = reply->sender ? arena_strdup(&a, reply->sender) : NULL;
	reply->error = "";
	if (!job || reply->body.failed || (reply->sender && !sender))
		return error_set(err, EPROTO, "%s: no job in the answer", method);
	do {
		r = dbus_next(c, &m, err);
		if (r == -ETIMEDOUT)
			return error_set(
				err, ETIMEDOUT, "%s: no end of the job within %d s", method, SYSTEMD_MS / 1000);
		if (r < 0)
			return error_prefix(err, "%s", method);
	} while (!is_end_of(&m, sender, job, result, n));
	return 0;
}
