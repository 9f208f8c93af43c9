/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/str.h"
#include "cgroup/internal.h"

/* v1 knows a default and a list of exceptions from it. A rule against the default adds an exception, one with it takes
 * exceptions away; but the kernel takes away only one with the very same numbers, and leaves a wider or a narrower one
 * without a word. So the rules are worked out here, and what the kernel cannot express is refused. */

static bool same_numbers(const struct device_rule *x, const struct device_rule *y)
{
	return x->type == y->type && x->major == y->major && x->minor == y->minor;
}

/* Whether x applies to every device that y applies to. */
static bool covers(const struct device_rule *x, const struct device_rule *y)
{
	return x->type == y->type && (x->major == DEVICE_ANY || x->major == y->major) &&
	       (x->minor == DEVICE_ANY || x->minor == y->minor);
}

/* Whether there is a device that both apply to. */
static bool overlap(const struct device_rule *x, const struct device_rule *y)
{
	return x->type == y->type && (x->major == DEVICE_ANY || y->major == DEVICE_ANY || x->major == y->major) &&
	       (x->minor == DEVICE_ANY || y->minor == DEVICE_ANY || x->minor == y->minor);
}

static const char *rule_text(const struct device_rule *r, char *buf, size_t n)
{
	char major[24] = "*", minor[24] = "*";

	if (r->major != DEVICE_ANY)
		fmt(major, sizeof(major), "%ld", (long)r->major);
	if (r->minor != DEVICE_ANY)
		fmt(minor, sizeof(minor), "%ld", (long)r->minor);
	fmt(buf, n, "%c %s:%s %s%s%s", r->type, major, minor, r->access & DEVICE_READ ? "r" : "",
		r->access & DEVICE_WRITE ? "w" : "", r->access & DEVICE_MKNOD ? "m" : "");
	return buf;
}

static void add_exception(struct device_rule *list, size_t *n, const struct device_rule *r)
{
	for (size_t i = 0; i < *n; i++) {
		if (same_numbers(&list[i], r)) {
			list[i].access |= r->access;
			return;
		}
	}
	list[(*n)++] = *r;
}

static int remove_exceptions(struct cgroup_compiler *c, struct device_rule *list, size_t n, const struct device_rule *r)
{
	char rule[64], exception[64];

	for (size_t i = 0; i < n; i++) {
		if (!overlap(&list[i], r) || !(list[i].access & r->access))
			continue;
		if (!covers(r, &list[i]))
			return error_set(c->err, EOPNOTSUPP,
				"linux.resources.devices: %s [%s] after %s [%s]: not supported by "
				"devices cgroupv1 (cannot punch hole in existing wildcard rule)",
				r->allow ? "allow" : "deny", rule_text(r, rule, sizeof(rule)),
				r->allow ? "deny" : "allow", rule_text(&list[i], exception, sizeof(exception)));
		list[i].access &= ~r->access;
	}
	return 0;
}

int cgroup_devices_v1(struct cgroup_compiler *c, uint32_t dir, const struct device_rule *r, size_t n)
{
	static const char what[] = "linux.resources.devices";
	struct device_rule *list = arena_array(c->a, n, sizeof(*list));
	const char *file = r[0].allow ? "devices.deny" : "devices.allow";
	size_t count = 0;
	char text[64];

	if (!list)
		return error_errno(c->err, ENOMEM, "%s", what);
	for (size_t i = 1; i < n; i++) {
		int rc = 0;

		if (r[i].allow != r[0].allow)
			add_exception(list, &count, &r[i]);
		else
			rc = remove_exceptions(c, list, count, &r[i]);
		if (rc < 0)
			return rc;
	}
	if (!cgroup_emit(c, dir, what, r[0].allow ? "devices.allow" : "devices.deny", "a"))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (list[i].access && !cgroup_emit(c, dir, what, file, "%s", rule_text(&list[i], text, sizeof(text))))
			return -ENOMEM;
	return 0;
}
