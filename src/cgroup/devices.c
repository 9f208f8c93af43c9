/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "cgroup/internal.h"

/* Behind the rules of the configuration come these, as in runc and so that no configuration can be without: making any
 * device node, and the devices that every container has. The last one, /dev/net/tun, is in no specification; engines
 * have relied on it since before there was one, and runc took it back in after its removal had broken VPN containers.
 */
static const struct device_rule defaults[] = {
	{'c', true, DEVICE_ANY, DEVICE_ANY, DEVICE_MKNOD}, {'b', true, DEVICE_ANY, DEVICE_ANY, DEVICE_MKNOD},
	{'c', true, 1, 3, DEVICE_ALL},            /* null */
	{'c', true, 1, 8, DEVICE_ALL},            /* random */
	{'c', true, 1, 7, DEVICE_ALL},            /* full */
	{'c', true, 5, 0, DEVICE_ALL},            /* tty */
	{'c', true, 1, 5, DEVICE_ALL},            /* zero */
	{'c', true, 1, 9, DEVICE_ALL},            /* urandom */
	{'c', true, 136, DEVICE_ANY, DEVICE_ALL}, /* pts */
	{'c', true, 5, 2, DEVICE_ALL},            /* ptmx */
	{'c', true, 10, 200, DEVICE_ALL},         /* net/tun */
};
enum { N_DEFAULTS = sizeof(defaults) / sizeof(defaults[0]), N_MKNOD_DEFAULTS = 2 };

static int parse_access(struct cgroup_compiler *c, size_t i, const char *s, unsigned *ret)
{
	*ret = 0;
	if (!s || !*s)
		return error_set(c->err, EINVAL,
			"linux.resources.devices[%zu].access: device access at %zu field cannot be "
			"empty",
			i, i);
	for (; *s; s++) {
		if (*s == 'r')
			*ret |= DEVICE_READ;
		else if (*s == 'w')
			*ret |= DEVICE_WRITE;
		else if (*s == 'm')
			*ret |= DEVICE_MKNOD;
		else if (*s == 'a') /* all, as for the type: runc takes it */
			*ret |= DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD;
		else
			return error_set(c->err, EINVAL,
				"linux.resources.devices[%zu].access: '%c': not one of r, w, m and a", i, *s);
	}
	return 0;
}

static int parse_number(struct cgroup_compiler *c, size_t i, const char *name, bool has, int64_t v, int64_t *ret)
{
	*ret = has ? v : DEVICE_ANY;
	if (*ret < DEVICE_ANY || *ret > UINT32_MAX)
		return error_set(
			c->err, EINVAL, "linux.resources.devices[%zu].%s: %ld: not a device number", i, name, (long)v);
	return 0;
}

static int parse_rule(struct cgroup_compiler *c, size_t i, struct device_rule *ret)
{
	const struct oci_device_cgroup *d = &c->r->devices[i];
	const char *type = d->type && *d->type ? d->type : "a";
	int r;

	if (!str_eq(type, "a") && !str_eq(type, "b") && !str_eq(type, "c"))
		return error_set(c->err, EINVAL, "linux.resources.devices[%zu].type: invalid cgroup device type \"%s\"",
			i, type);
	*ret = (struct device_rule){.type = type[0], .allow = d->allow};
	r = parse_access(c, i, d->access, &ret->access);
	if (r == 0)
		r = parse_number(c, i, "major", d->has_major, d->major, &ret->major);
	if (r == 0)
		r = parse_number(c, i, "minor", d->has_minor, d->minor, &ret->minor);
	return r;
}

/* Whether there is a directory for rules; none is fatal, as unlimited devices are not what anybody wants. */
static int find_dir(struct cgroup_compiler *c, uint32_t *ret)
{
	return cgroup_need(c, "devices", "linux.resources.devices", ret);
}

int cgroup_compile_devices(struct cgroup_compiler *c)
{
	size_t n = c->r ? c->r->devices_len : 0, first = 0, at = 0, skip;
	struct device_rule *rules;
	uint32_t dir;
	int r;

	/* Engines send the rules of the beginning with each update. As in runc they stay as they are in force: others
	 * (GPU hooks) may have added to them, and a running process would see them vanish for a moment. */
	if (c->for_update)
		return 0;
	r = find_dir(c, &dir);
	if (r < 0)
		return r;
	rules = arena_array(c->a, n + N_DEFAULTS + 1, sizeof(*rules));
	if (!rules)
		return error_errno(c->err, ENOMEM, "linux.resources.devices");
	rules[at++] = (struct device_rule){'a', false, DEVICE_ANY, DEVICE_ANY, DEVICE_ALL};
	for (size_t i = 0; i < n; i++, at++) {
		r = parse_rule(c, i, &rules[at]);
		if (r < 0)
			return r;
		if (rules[at].type == 'a') /* the kernel's meaning: all that was before it is forgotten */
			first = at;
	}
	/* With everything allowed, making nodes is too; what the configuration takes out of that stays out, as in runc. */
	skip = rules[first].allow ? N_MKNOD_DEFAULTS : 0;
	memcpy(&rules[at], defaults + skip, (N_DEFAULTS - skip) * sizeof(*defaults));
	at += N_DEFAULTS - skip;
	return cgroup_is_v2(c, dir) ? cgroup_devices_v2(c, dir, rules + first, at - first)
				    : cgroup_devices_v1(c, dir, rules + first, at - first);
}
