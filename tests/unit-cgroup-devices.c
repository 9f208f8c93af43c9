/* SPDX-License-Identifier: Apache-2.0 */

/* Device rules: what the eBPF program and the v1 list allow must be what the rules say, read one after the other. */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"
#include "cgroup/cgroup.h"
#include "cgroup/internal.h"
#include "kernel/bpf.h"
#include "tests/tap.h"

static struct error err;

static const struct cgroup_host v1_host = {.mode = CGROUP_MODE_V1,
	.n = 1,
	.h = {
		{.controllers = "devices", .mountpoint = "/sys/fs/cgroup/devices", .own = "/"},
	}};
static const struct cgroup_host v2_host = {.mode = CGROUP_MODE_V2,
	.n = 1,
	.h = {
		{.controllers = "", .mountpoint = "/sys/fs/cgroup", .own = "/", .available = "", .v2 = true},
	}};

struct access {
	char type;
	uint32_t major, minor;
	unsigned what;
};

static bool applies(const struct oci_device_cgroup *r, const struct access *x)
{
	return r->type[0] == 'a' || (r->type[0] == x->type && (!r->has_major || r->major == x->major) &&
					    (!r->has_minor || r->minor == x->minor));
}

/* The meaning: each of r, w and m is decided by the last rule that names it; "a" names all. */
static bool oracle(const struct oci_device_cgroup *r, size_t n, const struct access *x)
{
	static const struct {
		char c;
		unsigned bit;
	} letters[] = {{'r', DEVICE_READ}, {'w', DEVICE_WRITE}, {'m', DEVICE_MKNOD}};

	for (size_t l = 0; l < 3; l++) {
		bool allowed = false;

		if (!(x->what & letters[l].bit))
			continue;
		for (size_t i = 0; i < n; i++)
			if (applies(&r[i], x) && (r[i].type[0] == 'a' || strchr(r[i].access, letters[l].c)))
				allowed = r[i].allow;
		if (!allowed)
			return false;
	}
	return true;
}

/* An interpreter for the few instructions that the programs have. -1: the program is wrong. */
static int run(const struct bpf_op *op, size_t n, const struct access *x)
{
	uint32_t ctx[] = {x->what << 16 | (x->type == 'b' ? 1 : 2), x->major, x->minor};
	uint64_t reg[16] = {0};

	for (size_t pc = 0; pc < n; pc++) {
		uint8_t dst = op[pc].regs & 15, src = op[pc].regs >> 4;
		uint32_t v = (uint32_t)reg[dst], imm = (uint32_t)op[pc].imm;
		bool jump = false;

		switch (op[pc].code) {
		case 0x61:
			if (src != 1 || op[pc].off % 4 || op[pc].off < 0 || op[pc].off > 8)
				return -1;
			reg[dst] = ctx[op[pc].off / 4];
			break;
		case 0xb7:
			reg[dst] = (uint64_t)(int64_t)op[pc].imm;
			break;
		case 0xbf:
			reg[dst] = reg[src];
			break;
		case 0x54:
			reg[dst] = v & imm;
			break;
		case 0x4c:
			reg[dst] = v | (uint32_t)reg[src];
			break;
		case 0x64:
			reg[dst] = v << imm;
			break;
		case 0x74:
			reg[dst] = v >> imm;
			break;
		case 0x16:
			jump = v == imm;
			break;
		case 0x56:
			jump = v != imm;
			break;
		case 0x46:
			jump = (v & imm) != 0;
			break;
		case 0x05:
			jump = true;
			break;
		case 0x95:
			return (int)reg[0];
		default:
			return -1;
		}
		if (jump && op[pc].off < 0)
			return -1;
		pc += jump ? (size_t)op[pc].off : 0;
	}
	return -1;
}

/* What the kernel's device cgroup does with the writes (v1): the default, and exceptions with the very same numbers. */
struct v1_list {
	bool allow;
	struct device_rule r[64];
	size_t n;
};

static void v1_write(struct v1_list *l, const char *file, const char *value)
{
	bool allow = str_eq(file, "devices.allow");
	struct device_rule r = {.type = value[0], .allow = allow, .major = DEVICE_ANY, .minor = DEVICE_ANY};
	char *end = NULL;

	if (r.type == 'a') {
		*l = (struct v1_list){.allow = allow};
		return;
	}
	if (value[2] != '*')
		r.major = strtol(value + 2, &end, 10);
	else
		end = (char *)value + 3;
	if (end[1] != '*')
		r.minor = strtol(end + 1, &end, 10);
	else
		end += 2;
	for (; *end; end++)
		r.access |= *end == 'r' ? DEVICE_READ : *end == 'w' ? DEVICE_WRITE : *end == 'm' ? DEVICE_MKNOD : 0;
	if (allow != l->allow && l->n < 64)
		l->r[l->n++] = r;
}

static bool v1_allows(const struct v1_list *l, const struct access *x)
{
	bool all = false, any = false;

	for (size_t i = 0; i < l->n; i++) {
		const struct device_rule *r = &l->r[i];

		if (r->type != x->type || (r->major != DEVICE_ANY && r->major != x->major) ||
			(r->minor != DEVICE_ANY && r->minor != x->minor))
			continue;
		all |= (x->what & ~r->access) == 0; /* one exception has to have all of it */
		any |= (x->what & r->access) != 0;
	}
	return l->allow ? !any : all;
}

static unsigned random_number(unsigned n)
{
	static uint64_t state = 88172645463325252ULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % n;
}

/* The rules with the runtime's own before and behind them, as the oracle reads them. */
static size_t with_defaults(const struct oci_device_cgroup *r, size_t n, struct oci_device_cgroup *ret)
{
	static const int numbers[][2] = {{1, 3}, {1, 8}, {1, 7}, {5, 0}, {1, 5}, {1, 9}, {136, -1}, {5, 2}, {10, 200}};
	bool everything = false;
	size_t at = 0;

	ret[at++] = (struct oci_device_cgroup){.type = (char *)"a", .access = (char *)"rwm"};
	for (size_t i = 0; i < n; i++) {
		ret[at++] = r[i];
		if (r[i].type[0] == 'a')
			everything = r[i].allow;
	}
	if (!everything) { /* else they would take back what was denied of everything */
		ret[at++] = (struct oci_device_cgroup){.allow = true, .type = (char *)"c", .access = (char *)"m"};
		ret[at++] = (struct oci_device_cgroup){.allow = true, .type = (char *)"b", .access = (char *)"m"};
	}
	for (size_t i = 0; i < 9; i++)
		ret[at++] = (struct oci_device_cgroup){.allow = true,
			.type = (char *)"c",
			.access = (char *)"rwm",
			.has_major = true,
			.major = numbers[i][0],
			.has_minor = numbers[i][1] >= 0,
			.minor = numbers[i][1]};
	return at;
}

static const char *const accesses[] = {"r", "w", "m", "rw", "rm", "wm", "rwm"};
/* The last two have no device: of dev_t's 12 bits they are 1 and 0xfff. */
static const uint32_t majors[] = {1, 5, 7, 136, 0xfff, 0x80000001, 0x1fff};

static struct oci_device_cgroup random_rule(void)
{
	struct oci_device_cgroup r = {.allow = random_number(2), .type = (char *)(random_number(5) ? "c" : "b")};

	if (!random_number(12))
		r.type = (char *)"a";
	r.access = (char *)accesses[random_number(7)];
	r.has_major = r.type[0] != 'a' && random_number(3);
	r.major = r.has_major ? (int64_t)majors[random_number(7)] : 0;
	r.has_minor = r.type[0] != 'a' && random_number(3);
	r.minor = r.has_minor ? (random_number(6) ? (int64_t)random_number(4) : 0x100001) : 0;
	return r;
}

struct result {
	int v2_wrong, v1_wrong, v1_refused, v2_refused, not_loaded;
};

/* Whether the kernel takes the program; where we may not ask it, that stays open. */
static bool loads(const struct cgroup_settings *s)
{
	int fd = bpf_load_device_program(s->device_bpf, s->device_bpf_insns);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || fd == -EPERM || fd == -ENOSYS;
}

static void try_rules(struct oci_device_cgroup *rules, size_t n, struct result *res)
{
	struct oci_linux_resources r = {.devices = rules, .devices_len = n};
	struct oci_device_cgroup all[32];
	size_t n_all = with_defaults(rules, n, all);
	struct arena a = ARENA_INIT;
	struct cgroup_settings v1, v2;
	struct v1_list list = {.allow = true};
	struct cgroup cg;
	bool refused;

	cgroup_locate(&v2_host, CGROUP_MANAGER_CGROUPFS, "/c", "c", &a, &cg, &err);
	res->v2_refused += cgroup_compile(&cg, &r, false, &a, &v2, &err) < 0;
	cgroup_locate(&v1_host, CGROUP_MANAGER_CGROUPFS, "/c", "c", &a, &cg, &err);
	refused = cgroup_compile(&cg, &r, false, &a, &v1, &err) < 0;
	res->v1_refused += refused;
	res->not_loaded += !loads(&v2);
	for (size_t i = 0; !refused && i < v1.n; i++)
		v1_write(&list, v1.w[i].file, v1.w[i].value);
	for (unsigned t = 0; t < 2; t++)
		for (unsigned m = 0; m < 5; m++)
			for (unsigned minor = 0; minor < 5; minor++)
				for (unsigned what = 1; what < 8; what++) {
					struct access x = {t ? 'b' : 'c', majors[m], minor, what};
					bool want = oracle(all, n_all, &x);

					res->v2_wrong += run(v2.device_bpf, v2.device_bpf_insns, &x) != want;
					/* what two exceptions allow together, v1 does not allow: never more than meant
					 */
					res->v1_wrong += !refused && v1_allows(&list, &x) && !want;
				}
	arena_done(&a);
}

static void random_rules(void)
{
	struct oci_device_cgroup rules[8];
	struct result res = {0};

	for (int round = 0; round < 3000; round++) {
		size_t n = random_number(8);

		for (size_t i = 0; i < n; i++)
			rules[i] = random_rule();
		try_rules(rules, n, &res);
	}
	tap_is_int(res.v2_refused, 0, "v2: every list of rules has a program");
	tap_is_int(res.not_loaded, 0, "v2: the kernel takes every program");
	tap_is_int(res.v2_wrong, 0, "v2: the program allows what the rules say");
	tap_is_int(res.v1_wrong, 0, "v1: the list allows nothing that the rules do not");
	tap_ok(res.v1_refused > 0 && res.v1_refused < 2900, "v1: %d of 3000 cannot be said", res.v1_refused);
}

static const char *v1_text(struct oci_device_cgroup *rules, size_t n)
{
	struct oci_linux_resources r = {.devices = rules, .devices_len = n};
	static char text[1024];
	struct arena a = ARENA_INIT;
	struct cgroup_settings s;
	struct cgroup cg;
	size_t at = 0;

	text[0] = '\0';
	cgroup_locate(&v1_host, CGROUP_MANAGER_CGROUPFS, "/c", "c", &a, &cg, &err);
	if (cgroup_compile(&cg, &r, false, &a, &s, &err) < 0)
		str_copy(text, sizeof(text), err.msg);
	else
		for (size_t i = 0; i < s.n; i++)
			at += fmt(text + at, sizeof(text) - at, "%s%s;",
				str_eq(s.w[i].file, "devices.allow") ? "+" : "-", s.w[i].value);
	arena_done(&a);
	return text;
}

static void v1_lists(void)
{
	static const char defaults[] = "-a;+c *:* m;+b *:* m;+c 1:3 rwm;+c 1:8 rwm;+c 1:7 rwm;+c 5:0 rwm;+c 1:5 rwm;"
				       "+c 1:9 rwm;+c 136:* rwm;+c 5:2 rwm;+c 10:200 rwm;";
	struct oci_device_cgroup all = {.allow = true, .access = (char *)"rwm"};
	struct oci_device_cgroup hole[] = {
		{.allow = true, .type = (char *)"c", .access = (char *)"rwm"},
		{.allow = false, .type = (char *)"c", .has_major = true, .major = 10, .access = (char *)"r"},
	};
	struct oci_device_cgroup bad = {.type = (char *)"x", .access = (char *)"r"};

	tap_is_str(v1_text(NULL, 0), defaults, "without rules: the devices every container has");
	tap_is_str(v1_text(&all, 1), "+a;", "all devices: nothing more to allow");
	tap_is_str(v1_text(hole, 2),
		"linux.resources.devices: deny [c 10:* r] after allow [c *:* rwm]: not supported by "
		"devices cgroupv1 (cannot punch hole in existing wildcard rule)",
		"a hole in a wildcard is refused");
	tap_is_str(v1_text(&bad, 1), "linux.resources.devices[0].type: invalid cgroup device type \"x\"", "type");
	bad = (struct oci_device_cgroup){.type = (char *)"c"};
	tap_is_str(v1_text(&bad, 1), "linux.resources.devices[0].access: device access at 0 field cannot be empty",
		"access");
	bad.access = (char *)"rx";
	tap_is_str(v1_text(&bad, 1), "linux.resources.devices[0].access: 'x': not one of r, w, m and a", "letters");
	bad = (struct oci_device_cgroup){
		.type = (char *)"c", .access = (char *)"r", .has_major = true, .major = 1L << 32};
	tap_is_str(v1_text(&bad, 1), "linux.resources.devices[0].major: 4294967296: not a device number", "numbers");
}

int main(void)
{
	random_rules();
	v1_lists();
	return tap_done();
}
