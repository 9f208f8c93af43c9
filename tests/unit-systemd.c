/* SPDX-License-Identifier: Apache-2.0 */

/* The systemd manager without systemd: properties, and the talk with one who plays its part. */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "cgroup/systemd.h"
#include "tests/systemd-host.h"
#include "tests/tap.h"

static struct arena arena;
static struct error err;

static const struct cgroup_host v1_host = {.mode = CGROUP_MODE_V1,
	.n = 4,
	.h = {
		{.controllers = "name=systemd", .mountpoint = "/sys/fs/cgroup/systemd", .own = "/"},
		{.controllers = "memory,pids", .mountpoint = "/sys/fs/cgroup/memory", .own = "/"},
		{.controllers = "cpu,cpuacct,cpuset", .mountpoint = "/sys/fs/cgroup/cpu", .own = "/"},
		{.controllers = "devices", .mountpoint = "/sys/fs/cgroup/devices", .own = "/"},
	}};

/* ---- properties ---- */

static const char *show_value(struct dbus_reader *r, const char *type);

static const char *show_array(struct dbus_reader *r, const char *type)
{
	uint32_t n = dbus_read_u32(r);
	char *out = arena_strdup(&arena, "");
	size_t end;

	if (*type == '(')
		dbus_read_align(r, 8);
	end = r->at + n;
	while (r->at < end && !r->failed) {
		if (*type == '(')
			dbus_read_align(r, 8);
		for (const char *t = type + (*type == '('); *t && *t != ')'; t++) {
			const char one[] = {*t, '\0'};

			out = arena_fmt(&arena, "%s%s%s", out, *out ? " " : "", show_value(r, one));
		}
	}
	return out;
}

static const char *show_value(struct dbus_reader *r, const char *type)
{
	uint64_t low;

	switch (*type) {
	case 'y':
		return arena_fmt(&arena, "%02x", dbus_read_byte(r));
	case 'b':
		return dbus_read_u32(r) ? "yes" : "no";
	case 'i':
	case 'u':
		return arena_fmt(&arena, "%u", dbus_read_u32(r));
	case 't':
		dbus_read_align(r, 8);
		low = dbus_read_u32(r);
		low |= (uint64_t)dbus_read_u32(r) << 32;
		return low == UINT64_MAX ? "max" : arena_fmt(&arena, "%lu", low);
	case 's':
		return dbus_read_string(r);
	case 'a':
		return show_array(r, type + 1);
	}
	r->failed = true;
	return "?";
}

static const char *show(const uint8_t *p, size_t n)
{
	struct dbus_reader r = {.p = p, .n = n};
	char *out = arena_strdup(&arena, "");

	while (r.at < r.n && !r.failed) {
		const char *name, *type, *value;

		dbus_read_align(&r, 8);
		name = dbus_read_string(&r);
		type = dbus_read_signature(&r);
		value = show_value(&r, type);
		out = arena_fmt(&arena, "%s%s=%s;", out, name, value);
	}
	return r.failed ? "damaged" : out;
}

static const char *show_buf(const struct dbus_buf *b)
{
	return b->failed ? "failed" : show(b->p, b->n);
}

struct setting {
	const char *file, *value;
};

static const char *properties(const struct cgroup_host *h, const struct setting *s, size_t n)
{
	struct cgroup_write w[16] = {0};
	struct cgroup_unit_properties u;
	struct cgroup cg;

	if (cgroup_locate_systemd(h, "a.slice:p:x", "id", &arena, &cg, &err) < 0)
		return err.msg;
	for (size_t i = 0; i < n; i++)
		w[i] = (struct cgroup_write){.file = s[i].file, .value = s[i].value, .what = s[i].file};
	if (cgroup_unit_from_writes(&cg, w, n, &arena, &u, &err) < 0)
		return err.msg;
	return arena_fmt(&arena, "%s|%s", show_buf(&u.values), show_buf(&u.newer));
}

#define PROPERTIES(host, want, ...)                                                                                    \
	tap_is_str(properties(host, (const struct setting[]){__VA_ARGS__},                                             \
			   sizeof((const struct setting[]){__VA_ARGS__}) / sizeof(struct setting)),                    \
		want, "%s", want)

static void test_properties(void)
{
	PROPERTIES(&v2_host, "|", {"hugetlb.2MB.max", "0"});
	PROPERTIES(&v2_host, "MemoryMax=1024;MemoryLow=5;MemorySwapMax=0;TasksMax=7;|", {"memory.max", "1024"},
		{"pids.max", "7"}, {"memory.low", "5"}, {"memory.swap.max", "0"});
	PROPERTIES(&v2_host, "MemoryMax=max;TasksMax=max;|", {"memory.max", "max"}, {"pids.max", "max"});
	PROPERTIES(&v2_host, "MemoryMax=2;|", {"memory.max", "1"}, {"memory.max", "2"});
	PROPERTIES(&v2_host, "MemoryMax=2097152;MemoryHigh=1024;|", {"memory.high", "1k"}, {"memory.max", "2M"});
	PROPERTIES(&v2_host, "memory.max: 2X: not a number", {"memory.max", "2X"});
	PROPERTIES(&v2_host, "memory.max: 99E: not a number", {"memory.max", "99E"});
	PROPERTIES(&v2_host, "|MemoryMin=9;", {"memory.min", "9"});
	PROPERTIES(&v2_host, "IOWeight=50;|", {"io.bfq.weight", "7"}, {"io.weight", "50"});
	PROPERTIES(&v2_host, "IOWeight=60;|", {"io.weight", "default 60"});
	PROPERTIES(&v2_host, "|", {"io.weight", "8:0 60"});
	PROPERTIES(
		&v2_host, "|AllowedCPUs=0f 02;AllowedMemoryNodes=01;", {"cpuset.cpus", "0-3,9"}, {"cpuset.mems", "0"});
	PROPERTIES(&v2_host, "|AllowedCPUs=;", {"cpuset.cpus", "\n"});
	PROPERTIES(&v2_host, "cpuset.cpus: 3-1: not a list of numbers", {"cpuset.cpus", "3-1"});
	PROPERTIES(&v2_host, "cpuset.cpus: a: not a list of numbers", {"cpuset.cpus", "a"});
	PROPERTIES(&v2_host, "cpuset.cpus: 8192: not a list of numbers", {"cpuset.cpus", "8192"});
	PROPERTIES(&v2_host, "CPUWeight=5;|", {"cpu.weight", "5"});
	PROPERTIES(&v2_host, "|CPUWeight=0;", {"cpu.weight", "5"}, {"cpu.idle", "1"});
	PROPERTIES(&v2_host, "CPUWeight=100;|", {"cpu.idle", "0"});
	PROPERTIES(&v2_host, "CPUQuotaPerSecUSec=200000;|CPUQuotaPeriodUSec=100000;", {"cpu.max", "20000 100000"});
	PROPERTIES(&v2_host, "CPUQuotaPerSecUSec=210000;|CPUQuotaPeriodUSec=100000;", {"cpu.max", "20001"});
	PROPERTIES(&v2_host, "CPUQuotaPerSecUSec=max;|CPUQuotaPeriodUSec=50000;", {"cpu.max", "max 50000"});
}

static void test_properties_v1(void)
{
	PROPERTIES(&v1_host, "MemoryLimit=1024;TasksMax=7;CPUShares=512;BlockIOWeight=10;|",
		{"memory.limit_in_bytes", "1024"}, {"pids.max", "7"}, {"cpu.shares", "512"}, {"blkio.weight", "10"});
	PROPERTIES(&v1_host, "MemoryLimit=max;|", {"memory.limit_in_bytes", "-1"});
	PROPERTIES(&v1_host, "CPUQuotaPerSecUSec=400000;|CPUQuotaPeriodUSec=50000;", {"cpu.cfs_period_us", "50000"},
		{"cpu.cfs_quota_us", "20000"});
	PROPERTIES(&v1_host, "CPUQuotaPerSecUSec=max;|CPUQuotaPeriodUSec=100000;", {"cpu.cfs_quota_us", "-1"});
	PROPERTIES(&v1_host, "DevicePolicy=auto;DeviceAllow=;|", {"devices.allow", "a"}, {"devices.deny", "c 1:1 r"});
	PROPERTIES(&v1_host,
		"DevicePolicy=strict;DeviceAllow=;DeviceAllow=/dev/char/1:3 rwm /dev/block/8:0 r char-* m block-* m;|",
		{"devices.deny", "a"}, {"devices.allow", "c 1:3 rwm"}, {"devices.allow", "b 8:0 r"},
		{"devices.allow", "c *:* m"}, {"devices.allow", "b *:* m"}, {"devices.allow", "c *:7 m"});
	PROPERTIES(&v1_host, "DevicePolicy=strict;DeviceAllow=;DeviceAllow=char-mem rwm;|", {"devices.deny", "a"},
		{"devices.allow", "c 1:* rwm"}, {"devices.allow", "c 4000:* rwm"});
}

static const char *annotations(const char *key, const char *value)
{
	char *keys[] = {arena_strdup(&arena, key)}, *values[] = {arena_strdup(&arena, value)};
	struct oci_map m = {keys, values, 1};
	struct cgroup_unit_properties u = {DBUS_BUF(&arena), DBUS_BUF(&arena), DBUS_BUF(&arena)};
	struct cgroup_settings s = {.unit = &u};
	struct cgroup cg;

	(void)cgroup_locate_systemd(&v2_host, "a.slice:p:x", "id", &arena, &cg, &err);
	if (cgroup_compile_unit(&cg, "id", &m, &arena, &s, &err) < 0)
		return err.msg;
	return strstr(show_buf(&u.unit), "DefaultDependencies=no;") + strlen("DefaultDependencies=no;");
}

#define P "org.systemd.property."

static void test_annotations(void)
{
	tap_is_str(annotations("other", "(("), "", "others are not ours");
	tap_is_str(annotations(P "TimeoutStopUSec", "uint64 5"), "TimeoutStopUSec=5;", "a number");
	tap_is_str(annotations(P "TimeoutStopSec", "uint64 5"), "TimeoutStopUSec=5000000;", "seconds");
	tap_is_str(annotations(P "TimeoutStopSec", "5"), "TimeoutStopUSec=5000000;", "seconds without a type");
	tap_is_str(annotations(P "TimeoutStopSec", "1.5"), "TimeoutStopUSec=1500000;", "parts of seconds");
	tap_is_str(annotations(P "USec", "5"), "USec=5;", "not every Sec is one");
	tap_is_str(annotations(P "CollectMode", "'a b'"), "CollectMode=a b;", "a string");
	tap_is_str(annotations(P "After", "['a', 'b']"), "After=a b;", "strings");
	tap_is_str(annotations(P "DeviceAllow", "[('a', 'b')]"), "DeviceAllow=a b;", "pairs");
	tap_is_str(annotations(P "AllowedCPUs", "[byte 0x01]"), "AllowedCPUs=01;", "bytes");
	tap_is_str(annotations(P "TimeoutStopSec", "-5"),
		"annotations." P "TimeoutStopSec: -5: not a number of seconds", "no time");
	tap_is_str(annotations(P "TimeoutStopSec", "uint64 18446744073709551615"),
		"annotations." P "TimeoutStopSec: uint64 18446744073709551615: not a number of seconds", "too long");
	tap_is_str(annotations(P "TimeoutStopSec", "'1min'"),
		"annotations." P "TimeoutStopSec: '1min': not a number of seconds", "words");
	tap_is_str(annotations(P "A", "5"), "annotations." P "A: not the name of a systemd property", "a short name");
	tap_is_str(annotations(P "A-b", "5"), "annotations." P "A-b: not the name of a systemd property", "a bad name");
	tap_is_str(annotations(P "Foo", "bar"), "annotations." P "Foo: bar: unknown word at offset 0", "a bad value");
}

static const char *oom_policy(const char *value)
{
	struct cgroup_write w = {.file = "memory.oom.group", .value = value, .what = "x"};
	struct cgroup_unit_properties u = {DBUS_BUF(&arena), DBUS_BUF(&arena), DBUS_BUF(&arena)};
	struct cgroup_settings s = {.w = &w, .n = 1, .unit = &u};
	struct cgroup cg;

	(void)cgroup_locate_systemd(&v2_host, "a.slice:p:x", "id", &arena, &cg, &err);
	if (cgroup_compile_unit(&cg, "id", NULL, &arena, &s, &err) < 0)
		return err.msg;
	return show_buf(&u.newer);
}

static void test_oom_policy(void)
{
	tap_is_str(oom_policy("1"), "OOMPolicy=kill;", "all of the cgroup");
	tap_is_str(oom_policy("0"), "OOMPolicy=continue;", "one process");
	tap_is_str(oom_policy("2"), "", "the kernel will refuse it");
}

/* ---- the talk ---- */

#define NAME "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"

/* What is answered to each call in turn: an error's name, or a job with a result; "" no error and no job; NULL: the
 * connection is closed. */
struct part {
	const char *error, *result;
};

struct theatre {
	int listener, log;
	pid_t pid;
};

static void put_message(int fd, enum dbus_type type, uint32_t reply_to, const char *text_field, const char *signature,
	const struct dbus_buf *body)
{
	struct dbus_buf b = DBUS_BUF(&arena);
	struct dbus_array fields;
	const char *const signal_fields[] = {MANAGER_PATH, NAME ".Manager", text_field};

	dbus_bytes(&b, (const uint8_t[]){'l', (uint8_t)type, 1, 1}, 4);
	dbus_u32(&b, (uint32_t)body->n);
	dbus_u32(&b, 99);
	fields = dbus_array_begin(&b, 8);
	for (uint8_t i = 0; type == DBUS_SIGNAL && i < 3; i++) {
		dbus_align(&b, 8);
		dbus_byte(&b, (uint8_t)(i + 1));
		dbus_signature(&b, i ? "s" : "o");
		dbus_string(&b, signal_fields[i]);
	}
	if (type == DBUS_ERROR) {
		dbus_align(&b, 8);
		dbus_byte(&b, 4);
		dbus_signature(&b, "s");
		dbus_string(&b, text_field);
	}
	if (reply_to) {
		dbus_align(&b, 8);
		dbus_byte(&b, 5);
		dbus_signature(&b, "u");
		dbus_u32(&b, reply_to);
	}
	dbus_align(&b, 8);
	dbus_byte(&b, 8);
	dbus_signature(&b, "g");
	dbus_signature(&b, signature);
	dbus_array_end(&b, fields);
	dbus_align(&b, 8);
	dbus_append(&b, body);
	if (write(fd, b.p, b.n) != (ssize_t)b.n)
		_exit(1);
}

static void put_job_end(int fd, const char *job, const char *result)
{
	struct dbus_buf b = DBUS_BUF(&arena);

	dbus_u32(&b, 1);
	dbus_string(&b, job);
	dbus_string(&b, "p-x.scope");
	dbus_string(&b, result);
	put_message(fd, DBUS_SIGNAL, 0, "JobRemoved", "uoss", &b);
}

static void answer(int fd, uint32_t serial, const struct part *p)
{
	struct dbus_buf b = DBUS_BUF(&arena);

	if (p->error) {
		dbus_string(&b, "a text");
		put_message(fd, DBUS_ERROR, serial, p->error, "s", &b);
		return;
	}
	if (!*p->result) {
		dbus_u32(&b, 0);
		put_message(fd, DBUS_RETURN, serial, NULL, "u", &b);
		return;
	}
	dbus_string(&b, MANAGER_PATH "/job/5");
	put_message(fd, DBUS_RETURN, serial, NULL, "o", &b);
	put_job_end(fd, MANAGER_PATH "/job/4", "failed"); /* another's */
	put_job_end(fd, MANAGER_PATH "/job/5", p->result);
}

/* A line for each call: the method and its arguments. */
static void write_down(int log, const struct dbus_message *m)
{
	struct dbus_reader r = m->body;
	const char *unit = dbus_read_string(&r), *props = "";
	char *line;

	if (strstr(m->signature, "a(sv)")) {
		uint32_t n;

		if (m->signature[1] == 's')
			(void)dbus_read_string(&r);
		else
			(void)dbus_read_u32(&r);
		n = dbus_read_u32(&r);
		dbus_read_align(&r, 8);
		props = r.n - r.at >= n ? show(r.p + r.at, n) : "damaged";
	}
	line = arena_fmt(&arena, "%s(%s,%s)\n", m->member, unit, props);
	(void)!write(log, line, strlen(line));
}

static void play(int listener, int log, const struct part *parts, size_t n)
{
	size_t i = 0;

	while (i < n) {
		struct dbus s = DBUS_INIT;
		struct dbus_message m;
		char ch, line[64];
		size_t at = 0;

		s.fd = accept(listener, NULL, NULL);
		s.deadline_ms = dbus_now_ms() + 5000;
		while (at < sizeof(line) && read(s.fd, &ch, 1) == 1 &&
			!(at > 5 && !memcmp(line + at - 6, "BEGIN\r", 6)))
			line[at++] = ch;
		(void)!write(s.fd, "OK 0\r\n", 6);
		for (uint32_t serial = 1; dbus_next(&s, &m, &err) == 0; serial++) {
			write_down(log, &m);
			if (i == n || (!parts[i].error && !parts[i].result)) {
				i++;
				break;
			}
			answer(s.fd, serial, &parts[i++]);
		}
		dbus_close(&s);
	}
	_exit(0);
}

static char dir[] = "/tmp/unit-systemd.XXXXXX";

static struct theatre begin(const struct part *parts, size_t n)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct theatre t;
	int log[2];

	fmt(a.sun_path, sizeof(a.sun_path), "%s/systemd/private", dir);
	(void)unlink(a.sun_path);
	t.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(t.listener, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(t.listener, 8) < 0 || pipe(log) < 0)
		abort();
	t.pid = fork();
	if (t.pid == 0) {
		alarm(20);
		play(t.listener, log[1], parts, n);
	}
	close(log[1]);
	close(t.listener);
	t.log = log[0];
	return t;
}

static const char *end(struct theatre t)
{
	char *text = arena_alloc(&arena, 16384);
	size_t n = 0;
	ssize_t r;

	kill(t.pid, SIGTERM);
	while ((r = read(t.log, text + n, 16383 - n)) > 0)
		n += (size_t)r;
	close(t.log);
	waitpid(t.pid, NULL, 0);
	return text;
}

/* cgroups that are not there, of a user whose systemd is our theatre */
static const char cgroup_path[] = "/sys/fs/cgroup/user.slice/user-4242.slice/user@4242.service/a.slice/p-x.scope";

static struct cgroup nowhere(void)
{
	return (struct cgroup){.manager = CGROUP_MANAGER_SYSTEMD,
		.mode = CGROUP_MODE_V2,
		.n = 1,
		.d = {{.controllers = "", .path = cgroup_path, .mount_len = 14, .v2 = true, .fd = -1}},
		.unit = "p-x.scope",
		.slice = "a.slice"};
}

/* Where all goes well, a start ends with our own process in the wrong place. */
static const char *start(const struct part *parts, size_t n, const char **log)
{
	struct theatre t = begin(parts, n);
	struct cgroup_unit_properties u = {DBUS_BUF(&arena), DBUS_BUF(&arena), DBUS_BUF(&arena)};
	struct cgroup_settings s = {.unit = &u};
	struct cgroup cg = nowhere();

	systemd_property_bool(&u.unit, "DefaultDependencies", false);
	systemd_property_u64(&u.values, "TasksMax", 5);
	systemd_property_u64(&u.newer, "CPUQuotaPeriodUSec", 6);
	err.msg[0] = '\0';
	(void)cgroup_attach_new(&cg, getpid(), &s, &err);
	if (strstr(err.msg, "expected at"))
		str_copy(err.msg, sizeof(err.msg), "started");
	if (!cg.unit)
		str_copy(err.msg + strlen(err.msg), 32, ", not ours");
	*log = end(t);
	return err.msg;
}

#define START(want, want_log, ...)                                                                                     \
	do {                                                                                                           \
		const struct part parts[] = {__VA_ARGS__};                                                             \
		const char *log, *got = start(parts, sizeof(parts) / sizeof(parts[0]), &log);                          \
		tap_is_str(got, want, "start: %s", want);                                                              \
		tap_is_str(log, want_log, "what was said");                                                            \
	} while (0)

static void test_start(void)
{
	const char *full = arena_fmt(&arena,
		"StartTransientUnit(p-x.scope,Slice=a.slice;Delegate=yes;PIDs=%d;DefaultDependencies=no;TasksMax=5;"
		"CPUQuotaPeriodUSec=6;)\n",
		(int)getpid());
	const char *less = arena_fmt(&arena,
		"StartTransientUnit(p-x.scope,Slice=a.slice;Delegate=yes;PIDs=%d;DefaultDependencies=no;TasksMax=5;)\n",
		(int)getpid());
	const char *reset = "ResetFailedUnit(p-x.scope,)\n";

	START("started", full, {NULL, "done"});
	START("error creating systemd unit `p-x.scope`: got `failed`", full, {NULL, "failed"});
	START("systemd: p-x.scope: StartTransientUnit: some.Error: a text", full, {"some.Error", NULL});
	START("started", arena_fmt(&arena, "%s%s%s", full, reset, full), {NAME ".UnitExists", NULL}, {NULL, ""},
		{NULL, "done"});
	START("systemd: unit p-x.scope already exists, not ours", arena_fmt(&arena, "%s%s%s", full, reset, full),
		{NAME ".UnitExists", NULL}, {NULL, ""}, {NAME ".UnitExists", NULL});
	START("started", arena_fmt(&arena, "%s%s", full, less), {"org.freedesktop.DBus.Error.PropertyReadOnly", NULL},
		{NULL, "done"});
	START("systemd: p-x.scope: StartTransientUnit: org.freedesktop.DBus.Error.PropertyReadOnly: a text",
		arena_fmt(&arena, "%s%s", full, less), {"org.freedesktop.DBus.Error.PropertyReadOnly", NULL},
		{"org.freedesktop.DBus.Error.PropertyReadOnly", NULL});
	START("started", arena_fmt(&arena, "%s%s", full, full), {NULL, NULL}, {NULL, "done"});
	START("systemd: p-x.scope: StartTransientUnit: D-Bus: waiting for an answer: connection reset by peer",
		arena_fmt(&arena, "%s%s", full, full), {NULL, NULL}, {NULL, NULL});
	START("systemd: p-x.scope: StartTransientUnit: no job in the answer", full, {NULL, ""});
}

static const char *stop(const struct part *parts, size_t n, const char **log)
{
	struct theatre t = begin(parts, n);
	struct cgroup cg = nowhere();

	if (cgroup_unit_stop(&cg, dbus_now_ms() + 1000, &err) == 0)
		err.msg[0] = '\0';
	*log = end(t);
	return err.msg;
}

#define STOP(want, want_log, ...)                                                                                      \
	do {                                                                                                           \
		const struct part parts[] = {__VA_ARGS__};                                                             \
		const char *log, *got = stop(parts, sizeof(parts) / sizeof(parts[0]), &log);                           \
		tap_is_str(got, want, "stop: %s", *want ? want : "done");                                              \
		tap_is_str(log, want_log, "stop: what was said");                                                      \
	} while (0)

static void test_stop(void)
{
	STOP("", "StopUnit(p-x.scope,)\nResetFailedUnit(p-x.scope,)\n", {NULL, "done"}, {NULL, ""});
	STOP("", "StopUnit(p-x.scope,)\nResetFailedUnit(p-x.scope,)\n", {NULL, "done"}, {NAME ".NoSuchUnit", NULL});
	STOP("", "StopUnit(p-x.scope,)\n", {NAME ".NoSuchUnit", NULL});
	STOP("systemd: p-x.scope: StopUnit: some.Error: a text", "StopUnit(p-x.scope,)\n", {"some.Error", NULL});
}

static void test_set(void)
{
	const struct part parts[] = {{"org.freedesktop.DBus.Error.InvalidArgs", NULL}, {NULL, ""}};
	struct cgroup_unit_properties u = {DBUS_BUF(&arena), DBUS_BUF(&arena), DBUS_BUF(&arena)};
	struct cgroup cg = nowhere();
	struct theatre t;

	tap_is_int(cgroup_unit_set(&cg, &u, &err), 0, "nothing to set, nothing said");
	systemd_property_u64(&u.values, "TasksMax", 5);
	systemd_property_u64(&u.newer, "CPUWeight", 0);
	t = begin(parts, 2);
	tap_is_int(cgroup_unit_set(&cg, &u, &err), 0, "set: %s", err.msg);
	tap_is_str(end(t),
		"SetUnitProperties(p-x.scope,TasksMax=5;CPUWeight=0;)\nSetUnitProperties(p-x.scope,TasksMax=5;)\n",
		"what was said");
}

int main(void)
{
	char path[64];

	signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(dir))
		return 1;
	fmt(path, sizeof(path), "%s/systemd", dir);
	if (mkdir(path, 0700) < 0)
		return 1;
	setenv("XDG_RUNTIME_DIR", dir, 1);
	unsetenv("DBUS_SESSION_BUS_ADDRESS");
	test_properties();
	test_properties_v1();
	test_annotations();
	test_oom_policy();
	test_start();
	test_stop();
	test_set();
	fmt(path, sizeof(path), "%s/systemd/private", dir);
	(void)unlink(path);
	fmt(path, sizeof(path), "%s/systemd", dir);
	(void)rmdir(path);
	(void)rmdir(dir);
	arena_done(&arena);
	return tap_done();
}
