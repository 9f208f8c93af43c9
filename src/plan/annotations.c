/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/annotations.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"

#define DELEGATE_CGROUP "delegate-cgroup"
#define UNIT_CGROUP "systemd.subgroup"

enum { MAX_INSTRUCTIONS = 4096, INSTRUCTION = 8 }; /* BPF_MAXINSNS, struct sock_filter */

struct reading {
	struct oci_config *c;
	struct arena *a;
	struct plan_annotations *ret;
};

/* They are switched on by being there; who writes a zero means it. */
static bool is_on(const char *value)
{
	return !str_eq(value, "0") && !str_eq(value, "false");
}

static int keep_groups(struct reading *r, const char *value, struct error *err)
{
	(void)err;
	r->ret->keep_groups = is_on(value);
	return 0;
}

static int unknown_syscalls(struct reading *r, const char *value, struct error *err)
{
	(void)err;
	r->ret->refuse_unknown_syscalls = is_on(value);
	return 0;
}

static int path(const char *value, const char **ret, struct error *err)
{
	if (*value != '/')
		return error_set(err, EINVAL, "not an absolute path: \"%s\"", value);
	*ret = value;
	return 0;
}

static int hooks_out(struct reading *r, const char *value, struct error *err)
{
	return path(value, &r->ret->hooks_out, err);
}

static int hooks_err(struct reading *r, const char *value, struct error *err)
{
	return path(value, &r->ret->hooks_err, err);
}

static int pidfd_socket(struct reading *r, const char *value, struct error *err)
{
	return path(value, &r->ret->pidfd_socket, err);
}

static int mount_context(struct reading *r, const char *value, struct error *err)
{
	static const char *const names[] = {"context", "fscontext", "defcontext", "rootcontext"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(names[i], value)) {
			r->ret->mount_context = names[i];
			return 0;
		}
	return error_set(err, EINVAL, "unknown context type \"%s\"", value);
}

static int seccomp_receiver(struct reading *r, const char *value, struct error *err)
{
	struct oci_linux_seccomp *s = r->c->linux ? r->c->linux->seccomp : NULL;
	const char *socket = NULL;
	int e = path(value, &socket, err);

	if (e == 0 && s && (!s->listener_path || !*s->listener_path))
		s->listener_path = (char *)socket;
	return e;
}

static int digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Base64 as in RFC 4648, with its padding. Negative: it is not. */
static long decode(const char *text, size_t len, uint8_t *ret)
{
	size_t n = 0, last_pad;

	if (!len || len % 4)
		return -1;
	last_pad = text[len - 1] != '=' ? 0 : text[len - 2] != '=' ? 1 : 2;
	for (size_t i = 0; i < len; i += 4) {
		size_t pad = i + 4 < len ? 0 : last_pad;
		uint32_t group = 0;

		for (size_t j = 0; j < 4; j++) {
			int d = j >= 4 - pad ? 0 : digit(text[i + j]);

			if (d < 0)
				return -1;
			group = group << 6 | (uint32_t)d;
		}
		for (size_t j = 0; j < 3 - pad; j++)
			ret[n++] = (uint8_t)(group >> (16 - 8 * j));
	}
	return (long)n;
}

static int seccomp_bpf(struct reading *r, const char *value, struct error *err)
{
	size_t len = strlen(value);
	uint8_t *data = arena_alloc(r->a, len + 1);
	long n = data ? decode(value, len, data) : 0;

	if (!data)
		return error_errno(err, ENOMEM, "filter");
	if (n <= 0 || n % INSTRUCTION || n / INSTRUCTION > MAX_INSTRUCTIONS)
		return error_set(
			err, EINVAL, "not 1 to %d instructions of %d bytes, in base64", MAX_INSTRUCTIONS, INSTRUCTION);
	r->ret->bpf = data;
	r->ret->bpf_n = (uint32_t)(n / INSTRUCTION);
	return 0;
}

static const char *clock_name(const char *word)
{
	if (str_eq(word, "monotonic") || str_eq(word, "1"))
		return "monotonic";
	return str_eq(word, "boottime") || str_eq(word, "7") ? "boottime" : NULL;
}

/* "CLOCK SECONDS NANOSECONDS" a line, as in /proc/PID/timens_offsets. */
static int time_offset(struct reading *r, const char *line, struct error *err)
{
	char *word[3] = {NULL}, *copy = arena_strdup(r->a, line), *save = NULL;
	struct oci_linux *l = r->c->linux;
	struct oci_time_offset *o = arena_array(r->a, l->time_offsets_len + 1, sizeof(*o)), *mine;
	size_t n = 0;

	if (!copy || !o)
		return error_errno(err, ENOMEM, "offset");
	for (char *w = strtok_r(copy, " \t", &save); w; w = strtok_r(NULL, " \t", &save))
		if (n++ < 3)
			word[n - 1] = w;
	if (l->time_offsets_len)
		memcpy(o, l->time_offsets, l->time_offsets_len * sizeof(*o));
	mine = &o[l->time_offsets_len];
	*mine = (struct oci_time_offset){.has_secs = true, .has_nanosecs = true};
	mine->key = n == 3 ? (char *)clock_name(word[0]) : NULL;
	if (!mine->key || !str_to_i64(word[1], &mine->secs) || !str_to_u32(word[2], &mine->nanosecs))
		return error_set(err, EINVAL, "not a clock, seconds and nanoseconds: \"%s\"", line);
	for (size_t i = 0; i < l->time_offsets_len; i++)
		if (str_eq(o[i].key, mine->key))
			return 0;
	l->time_offsets = o;
	l->time_offsets_len++;
	return 0;
}

static int time_offsets(struct reading *r, const char *value, struct error *err)
{
	char *copy = arena_strdup(r->a, value), *save = NULL;
	int e = copy ? 0 : error_errno(err, ENOMEM, "offset");

	for (char *line = e ? NULL : strtok_r(copy, "\n", &save); line && e == 0 && r->c->linux;
		line = strtok_r(NULL, "\n", &save))
		e = time_offset(r, line, err);
	return e;
}

static int cgroup_name(const char *value, const char **ret, struct error *err)
{
	if (strpbrk(value, "/\n") || str_eq(value, ".") || str_eq(value, "..") || strlen(value) > NAME_MAX)
		return error_set(err, EINVAL, "\"%s\": not the name of a cgroup", value);
	*ret = *value ? value : NULL;
	return 0;
}

static int unit_cgroup(struct reading *r, const char *value, struct error *err)
{
	return cgroup_name(value, &r->ret->unit_cgroup, err);
}

static int delegated_cgroup(struct reading *r, const char *value, struct error *err)
{
	return cgroup_name(value, &r->ret->delegated_cgroup, err);
}

static int refused(struct reading *r, const char *value, struct error *err)
{
	(void)r;
	return error_set(err, EOPNOTSUPP, "\"%s\": not supported", value);
}

static const struct annotation {
	const char *name; /* behind the prefix */
	int (*read)(struct reading *r, const char *value, struct error *err);
} known[] = {
	{DELEGATE_CGROUP, delegated_cgroup},
	{"handler", refused},
	{"hooks.stderr", hooks_err},
	{"hooks.stdout", hooks_out},
	{"keep_original_groups", keep_groups},
	{"mount_context_type", mount_context},
	{"pidfd_receiver", pidfd_socket},
	{"seccomp.plugins", refused},
	{"seccomp.receiver", seccomp_receiver},
	{"seccomp_bpf_data", seccomp_bpf},
	{"seccomp_fail_unknown_syscall", unknown_syscalls},
	{"systemd.force_cgroup_v1", refused},
	{UNIT_CGROUP, unit_cgroup},
	{"timens_offset", time_offsets},
};

static const struct annotation *find(const char *name)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_eq(known[i].name, name))
			return &known[i];
	return NULL;
}

int annotations_read(struct oci_config *c, struct arena *a, struct plan_annotations *ret, struct error *err)
{
	struct reading r = {c, a, ret};

	*ret = (struct plan_annotations){.mount_context = "context"};
	for (size_t i = 0; c->annotations && i < c->annotations->len; i++) {
		const char *key = c->annotations->keys[i];
		const struct annotation *known_one;
		int e;

		if (!str_starts(key, ANNOTATIONS_PREFIX))
			continue;
		known_one = find(key + strlen(ANNOTATIONS_PREFIX));
		if (!known_one) {
			log_warn("annotations.%s: not known, and thus without effect", key);
			continue;
		}
		e = known_one->read(&r, c->annotations->values[i], err);
		if (e < 0)
			return error_prefix(err, "annotations.%s", key);
	}
	return 0;
}

bool annotations_ask_for_cgroup(const struct oci_map *annotations, bool systemd)
{
	const char *unit = oci_map_get(annotations, ANNOTATIONS_PREFIX UNIT_CGROUP);
	const char *delegated = oci_map_get(annotations, ANNOTATIONS_PREFIX DELEGATE_CGROUP);

	return (systemd && unit && *unit) || (delegated && *delegated);
}
