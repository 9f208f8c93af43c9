/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/systemd.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"

enum { MAX_CPUS = 8192, PERIOD = 100000, SECOND = 1000000, PERCENT = SECOND / 100 };

/* Which file is which property. What is in no row, systemd does not know. */
enum kind { NUMBER, WEIGHT, SET };
static const struct row {
	const char *file, *property;
	enum kind kind;
	bool newer;
} rows[] = {
	{"memory.max", "MemoryMax", NUMBER, false}, {"memory.high", "MemoryHigh", NUMBER, false},
	{"memory.low", "MemoryLow", NUMBER, false}, {"memory.min", "MemoryMin", NUMBER, true}, /* 240 */
	{"memory.swap.max", "MemorySwapMax", NUMBER, false},
	{"memory.zswap.max", "MemoryZSwapMax", NUMBER, true}, /* 253 */
	{"memory.limit_in_bytes", "MemoryLimit", NUMBER, false}, {"pids.max", "TasksMax", NUMBER, false},
	{"cpu.shares", "CPUShares", NUMBER, false}, {"io.weight", "IOWeight", WEIGHT, false},
	{"blkio.weight", "BlockIOWeight", NUMBER, false}, {"cpuset.cpus", "AllowedCPUs", SET, true}, /* 244 */
	{"cpuset.mems", "AllowedMemoryNodes", SET, true},                                            /* 244 */
};

struct writes {
	const struct cgroup *cg;
	const struct cgroup_write *w;
	size_t n;
};

void systemd_property(struct dbus_buf *b, const char *name, const char *type)
{
	dbus_align(b, 8);
	dbus_string(b, name);
	dbus_signature(b, type);
}

void systemd_property_u64(struct dbus_buf *b, const char *name, uint64_t v)
{
	systemd_property(b, name, "t");
	dbus_u64(b, v);
}

void systemd_property_bool(struct dbus_buf *b, const char *name, bool v)
{
	systemd_property(b, name, "b");
	dbus_u32(b, v);
}

void systemd_property_string(struct dbus_buf *b, const char *name, const char *v)
{
	systemd_property(b, name, "s");
	dbus_string(b, v);
}

/* The last write to a file is the one that counts. */
static const struct cgroup_write *find(const struct writes *in, const char *file)
{
	for (size_t i = in->n; i-- > 0;)
		if (str_eq(in->w[i].file, file))
			return &in->w[i];
	return NULL;
}

/* As the kernel reads them: "max", -1, or a number with or without K, M, G … behind it. */
static bool number(const char *text, uint64_t *ret)
{
	static const char suffixes[] = "KMGTPE";
	size_t n = strspn(text, "0123456789");
	char digits[24], *p;
	unsigned shift = 0;

	if (str_eq(text, "max") || str_eq(text, "-1")) {
		*ret = UINT64_MAX;
		return true;
	}
	p = text[n] ? strchr(suffixes, text[n] & ~0x20) : NULL;
	if (p && *p)
		shift = (unsigned)(p - suffixes + 1) * 10;
	fmt(digits, sizeof(digits), "%.*s", (int)n, text);
	if ((text[n] && (!shift || text[n + 1])) || !str_to_u64(digits, ret) || *ret << shift >> shift != *ret)
		return false;
	*ret <<= shift;
	return true;
}

/* "0-2,7" as bits, the first number in the lowest one; an empty list is none, which is how a limit is lifted. */
static int put_set(struct dbus_buf *b, const struct row *row, const struct cgroup_write *w, struct error *err)
{
	uint8_t bits[MAX_CPUS / 8] = {0};
	struct dbus_array at;
	size_t len = 0;

	for (const char *p = w->value; *p && *p != '\n';) {
		size_t n = strcspn(p, ",\n"), dash = strcspn(p, "-");
		char from[16], to[16];
		uint32_t first, last;

		fmt(from, sizeof(from), "%.*s", (int)(dash < n ? dash : n), p);
		fmt(to, sizeof(to), "%.*s", (int)(dash < n ? n - dash - 1 : n), dash < n ? p + dash + 1 : p);
		if (!str_to_u32(from, &first) || !str_to_u32(to, &last) || last < first || last >= MAX_CPUS)
			return error_set(err, EINVAL, "%s: %s: not a list of numbers", w->what, w->value);
		for (uint32_t i = first; i <= last; i++)
			bits[i / 8] |= (uint8_t)(1U << i % 8);
		len = last / 8 + 1 > len ? last / 8 + 1 : len;
		p += n + (p[n] == ',');
	}
	systemd_property(b, row->property, "ay");
	at = dbus_array_begin(b, 1);
	dbus_bytes(b, bits, len);
	dbus_array_end(b, at);
	return 0;
}

static int put_row(struct dbus_buf *b, const struct row *row, const struct cgroup_write *w, struct error *err)
{
	const char *text = w->value;
	uint64_t v;

	if (row->kind == SET)
		return put_set(b, row, w, err);
	if (row->kind == WEIGHT && str_starts(text, "default "))
		text += strlen("default ");
	else if (row->kind == WEIGHT && strchr(text, ' '))
		return 0; /* a device's: by its number, where systemd wants a path */
	if (!number(text, &v))
		return error_set(err, EINVAL, "%s: %s: not a number", w->what, w->value);
	systemd_property_u64(b, row->property, v);
	return 0;
}

/* cpu.max: "QUOTA PERIOD", either of them in force already when it is left out. */
static void split_cpu_max(const struct writes *in, const struct cgroup_write *w, uint64_t *quota, uint64_t *period)
{
	int fd = in->cg->d[w->dir].fd;
	const char *blank;
	char now[64], word[32];

	if (fd < 0 || file_read_small(fd, w->file, now, sizeof(now)) < 0)
		now[0] = '\0';
	for (int i = 0; i < 2; i++) {
		const char *from = i ? w->value : now;

		blank = strchr(from, ' ');
		fmt(word, sizeof(word), "%.*s", (int)strcspn(from, " "), from);
		if (i && w->keep_quota)
			(void)number(word, period);
		else
			(void)number(word, quota);
		if (blank)
			(void)number(blank + 1, period);
	}
}

static bool find_bandwidth(const struct writes *in, uint64_t *quota, uint64_t *period)
{
	const struct cgroup_write *v2 = find(in, "cpu.max"), *q = find(in, "cpu.cfs_quota_us"),
				  *p = find(in, "cpu.cfs_period_us"), *any = q ? q : p;
	char text[32];
	int fd;

	*quota = UINT64_MAX;
	*period = PERIOD;
	if (v2)
		split_cpu_max(in, v2, quota, period);
	if (!any)
		return v2;
	fd = in->cg->d[any->dir].fd;
	if (fd >= 0 && file_read_small(fd, "cpu.cfs_quota_us", text, sizeof(text)) > 0)
		(void)number(text, quota);
	if (fd >= 0 && file_read_small(fd, "cpu.cfs_period_us", text, sizeof(text)) > 0)
		(void)number(text, period);
	if (q)
		(void)number(q->value, quota);
	if (p)
		(void)number(p->value, period);
	return true;
}

/* systemd keeps whole percents, rounded up: what compile_cpu.c made of a quota, and values of `unified`. */
static void put_bandwidth(const struct writes *in, struct cgroup_unit_properties *u)
{
	uint64_t quota, period;

	if (!find_bandwidth(in, &quota, &period) || !period)
		return;
	systemd_property_u64(&u->newer, "CPUQuotaPeriodUSec", period); /* 242 */
	if (quota < UINT64_MAX / SECOND)
		quota = (quota * SECOND / period + PERCENT - 1) / PERCENT * PERCENT;
	else
		quota = UINT64_MAX;
	systemd_property_u64(&u->values, "CPUQuotaPerSecUSec", quota);
}

/* An idle cgroup has no weight: since 252 that is a weight of 0. */
static int put_weight(const struct writes *in, struct cgroup_unit_properties *u, struct error *err)
{
	static const struct row row = {"cpu.weight", "CPUWeight", NUMBER, false};
	const struct cgroup_write *idle = find(in, "cpu.idle"), *weight = find(in, "cpu.weight");

	if (idle && str_eq(idle->value, "1"))
		systemd_property_u64(&u->newer, row.property, 0);
	else if (weight)
		return put_row(&u->values, &row, weight, err);
	else if (idle && in->cg->mode == CGROUP_MODE_V2)
		systemd_property_u64(&u->values, row.property, 100);
	return 0;
}

static void put_device(struct dbus_buf *b, const char *path, const char *access)
{
	dbus_align(b, 8);
	dbus_string(b, path);
	dbus_string(b, access);
}

/* The name that /proc/devices has for a major number; false when it has none. */
static bool device_group(char type, const char *major, char *ret, size_t n)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	char *text, *save = NULL;
	bool block = false;

	if (file_read_at(&a, -1, "/proc/devices", 1 << 20, &text, NULL, NULL) < 0)
		return false;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		size_t blanks = strspn(line, " "), digits = strspn(line + blanks, "0123456789");

		block |= str_starts(line, "Block");
		if (!digits || block != (type == 'b') || digits != strlen(major) ||
			strncmp(line + blanks, major, digits) != 0)
			continue;
		fmt(ret, n, "%s-%s", block ? "block" : "char", line + blanks + digits + 1);
		return true;
	}
	return false;
}

/* "c 136:* rwm", a line of devices.allow. What systemd has no words for is only in the file. */
static void put_rule(struct dbus_buf *b, const char *rule)
{
	char major[16], minor[16], path[128];
	size_t n = strcspn(rule + 2, ":");
	const char *access;

	fmt(major, sizeof(major), "%.*s", (int)n, rule + 2);
	access = rule + 2 + n + 1;
	n = strcspn(access, " ");
	fmt(minor, sizeof(minor), "%.*s", (int)n, access);
	access += n + 1;
	if (!str_eq(minor, "*"))
		fmt(path, sizeof(path), "/dev/%s/%s:%s", *rule == 'b' ? "block" : "char", major, minor);
	else if (str_eq(major, "*"))
		fmt(path, sizeof(path), "%s-*", *rule == 'b' ? "block" : "char");
	else if (!device_group(*rule, major, path, sizeof(path)))
		return;
	if (!str_eq(major, "*") || str_eq(minor, "*"))
		put_device(b, path, access);
}

/* v1: when systemd is reloaded it writes the device rules anew; without any of its own, "everything". On v2 it leaves a
 * program that it has not attached alone. */
static void put_devices(const struct writes *in, struct dbus_buf *b)
{
	const struct cgroup_write *first = NULL;
	struct dbus_array at;
	bool strict;

	for (size_t i = in->n; i-- > 0;)
		if (str_starts(in->w[i].file, "devices."))
			first = &in->w[i];
	if (!first)
		return;
	strict = str_eq(first->file, "devices.deny");
	systemd_property_string(b, "DevicePolicy", strict ? "strict" : "auto");
	/* an empty list takes away what is there, others are added */
	for (int filled = 0; filled <= (strict ? 1 : 0); filled++) {
		systemd_property(b, "DeviceAllow", "a(ss)");
		at = dbus_array_begin(b, 8);
		for (size_t i = 0; filled && i < in->n; i++)
			if (str_eq(in->w[i].file, "devices.allow") && in->w[i].value[0] != 'a')
				put_rule(b, in->w[i].value);
		dbus_array_end(b, at);
	}
}

int cgroup_unit_from_writes(const struct cgroup *cg, const struct cgroup_write *w, size_t n, struct arena *a,
	struct cgroup_unit_properties *ret, struct error *err)
{
	const struct writes in = {cg, w, n};
	int r;

	*ret = (struct cgroup_unit_properties){DBUS_BUF(a), DBUS_BUF(a), DBUS_BUF(a)};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct cgroup_write *found = find(&in, rows[i].file);

		r = found ? put_row(rows[i].newer ? &ret->newer : &ret->values, &rows[i], found, err) : 0;
		if (r < 0)
			return r;
	}
	r = put_weight(&in, ret, err);
	if (r < 0)
		return r;
	put_bandwidth(&in, ret);
	put_devices(&in, &ret->values);
	return ret->values.failed || ret->newer.failed ? error_errno(err, ENOMEM, "linux.resources") : 0;
}
