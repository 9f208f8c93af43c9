/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/systemd.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

#define ANNOTATION "org.systemd.property."

enum { SECOND = 1000000 };

/* "TimeoutStopSec": systemctl's name for what is TimeoutStopUSec on the bus, where it counts in microseconds. */
static bool seconds(const char *name)
{
	size_t n = strlen(name);

	return n > 3 && str_ends(name, "Sec") && name[n - 4] >= 'a' && name[n - 4] <= 'z';
}

/* The value of a variant as microseconds; false when it is not a number, or too great or negative. */
static bool as_microseconds(const struct dbus_buf *b, const char *type, uint64_t *ret)
{
	const uint8_t *p = b->p + b->n;
	uint32_t u;
	double d;

	if (type[1])
		return false;
	switch (*type) {
	case 'i':
	case 'u':
		memcpy(&u, p - sizeof(u), sizeof(u));
		*ret = u;
		if (*type == 'i' && (int32_t)u < 0)
			return false;
		break;
	case 'x':
	case 't':
		memcpy(ret, p - sizeof(*ret), sizeof(*ret));
		break;
	case 'd':
		memcpy(&d, p - sizeof(d), sizeof(d));
		if (!(d >= 0 && d < 9e12))
			return false;
		*ret = (uint64_t)(d * SECOND);
		return true;
	default:
		return false;
	}
	if (*ret > UINT64_MAX / SECOND)
		return false;
	*ret *= SECOND;
	return true;
}

static int put_annotation(struct dbus_buf *b, const char *key, const char *text, struct arena *a, struct error *err)
{
	const char *name = key + strlen(ANNOTATION);
	char type[DBUS_SIGNATURE_MAX];
	struct dbus_buf value = DBUS_BUF(a);
	uint64_t v;
	int r;

	if (strlen(name) < 3 || name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")])
		return error_set(err, EINVAL, "annotations.%s: not the name of a systemd property", key);
	r = dbus_value_from_text(&value, text, type, err);
	if (r < 0)
		return error_prefix(err, "annotations.%s: %s", key, text);
	if (seconds(name)) {
		if (!as_microseconds(&value, type, &v))
			return error_set(err, EINVAL, "annotations.%s: %s: not a number of seconds", key, text);
		name = arena_fmt(a, "%.*sUSec", (int)(strlen(name) - 3), name);
		if (!name)
			return error_errno(err, ENOMEM, "annotations.%s", key);
		systemd_property_u64(b, name, v);
		return 0;
	}
	dbus_align(b, 8);
	dbus_string(b, name);
	return dbus_value_from_text(b, text, type, err);
}

/* What the kernel is to do with the rest of a cgroup when it kills one process. Only a new unit takes it, and a scope
 * since 253. */
static void put_oom_policy(struct dbus_buf *b, const struct cgroup_settings *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (!str_eq(s->w[i].file, "memory.oom.group"))
			continue;
		if (str_eq(s->w[i].value, "0") || str_eq(s->w[i].value, "1"))
			systemd_property_string(b, "OOMPolicy", *s->w[i].value == '1' ? "kill" : "continue");
	}
}

int cgroup_compile_unit(const struct cgroup *cg, const char *id, const struct oci_map *annotations, struct arena *a,
	struct cgroup_settings *s, struct error *err)
{
	static const char *const accounting[] = {"CPUAccounting", "MemoryAccounting", "TasksAccounting"};
	const char *description = arena_fmt(a, "OCI container %s", id);
	struct dbus_buf *b;

	if (cg->manager != CGROUP_MANAGER_SYSTEMD)
		return 0;
	if (!description)
		return error_errno(err, ENOMEM, "systemd: %s", cg->unit);
	b = &s->unit->unit;
	systemd_property_string(b, "Description", description);
	for (size_t i = 0; i < sizeof(accounting) / sizeof(accounting[0]); i++)
		systemd_property_bool(b, accounting[i], true);
	systemd_property_bool(b, cg->mode == CGROUP_MODE_V2 ? "IOAccounting" : "BlockIOAccounting", true);
	systemd_property_bool(b, "DefaultDependencies", false);
	for (size_t i = 0; annotations && i < annotations->len; i++) {
		int r;

		if (!str_starts(annotations->keys[i], ANNOTATION))
			continue;
		r = put_annotation(b, annotations->keys[i], annotations->values[i], a, err);
		if (r < 0)
			return r;
	}
	put_oom_policy(&s->unit->newer, s);
	return b->failed || s->unit->newer.failed ? error_errno(err, ENOMEM, "systemd: %s", cg->unit) : 0;
}
