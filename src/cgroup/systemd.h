/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CGROUP_SYSTEMD_H
#define ENVIRO_CGROUP_SYSTEMD_H

/* The systemd manager: a container's cgroup is that of a transient unit, a scope (or a slice, when its name says so).
 *
 * A scope cannot be without a process. So nothing is made by cgroup_create; when init is there, and before it gets its
 * plan, one StartTransientUnit carries it and all limits to systemd, and when systemd has done it, the limits are
 * written once more: exact where systemd rounds, and those that it does not know. What it knows it must be told, as it
 * writes its own values again whenever it is reloaded. */

#include "cgroup/internal.h"
#include "dbus/dbus.h"

/* Properties of a unit, as the elements of an a(sv). */
struct cgroup_unit_properties {
	struct dbus_buf unit;   /* of a new unit only: description, accounting, annotations */
	struct dbus_buf values; /* limits */
	struct dbus_buf newer;  /* limits that systemd has not always had: it can go without */
};

/* How long systemd is given for one thing. */
enum { SYSTEMD_MS = 30000 };

/* ---- names (systemd_locate.c) ---- */
/* As cgroup_locate, and whether or not systemd runs. */
int cgroup_locate_systemd(const struct cgroup_host *h, const char *cgroups_path, const char *id, struct arena *a,
	struct cgroup *ret, struct error *err);
/* For a cgroup from a record: its unit, by the last name of its path, and whose it is. */
int cgroup_unit_from_path(struct cgroup *cg, struct arena *a, struct error *err);
/* The uid of the user whose systemd a path belongs to ("…/user@1000.service/…"); false for the system's. */
bool cgroup_user_of_path(const char *path, uint32_t *ret);

/* ---- properties (systemd_properties.c) ---- */
/* One element of an a(sv); after the first the value of that type is to be put in. */
void systemd_property(struct dbus_buf *b, const char *name, const char *type);
void systemd_property_u64(struct dbus_buf *b, const char *name, uint64_t v);
void systemd_property_bool(struct dbus_buf *b, const char *name, bool v);
void systemd_property_string(struct dbus_buf *b, const char *name, const char *v);
/* What writes to cgroup files are as properties: ret's values and newer. */
int cgroup_unit_from_writes(const struct cgroup *cg, const struct cgroup_write *w, size_t n, struct arena *a,
	struct cgroup_unit_properties *ret, struct error *err);

/* ---- the unit (systemd_unit.c) ---- */
/* create.c: opens the directories of a unit that was started, and makes those of hierarchies that systemd leaves alone.
 */
int cgroup_open_new(struct cgroup *cg, struct error *err);
/* Gives the unit the values; nothing to do when there are none. */
int cgroup_unit_set(const struct cgroup *cg, const struct cgroup_unit_properties *u, struct error *err);
/* After a change was undone: the unit gets the values that are in the files, as far as s changed them. */
void cgroup_unit_put_back(const struct cgroup *cg, const struct cgroup_settings *s);
/* Kills what is left, stops the unit and waits until it is gone. One that is gone is success. */
int cgroup_unit_stop(struct cgroup *cg, int64_t deadline_ms, struct error *err);

/* ---- systemd itself (systemd_bus.c) ---- */
/* A connection to the instance that owns cg. */
int systemd_open(struct dbus *c, const struct cgroup *cg, struct error *err);
/* Calls a method of the manager. -EREMOTEIO as dbus_call; reply->error is "" where there was no answer. */
int systemd_call(struct dbus *c, const char *method, const char *signature, const struct dbus_buf *body,
	struct dbus_message *reply, struct error *err);
/* The same for a method that returns a job, and waits for the end of the job: its result ("done", "failed" …). */
int systemd_job(struct dbus *c, const char *method, const char *signature, const struct dbus_buf *body, char *result,
	size_t n, struct dbus_message *reply, struct error *err);

#endif
