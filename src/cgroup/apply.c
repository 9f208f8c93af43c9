/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "cgroup/internal.h"
#include "kernel/bpf.h"

static int write_value(const struct cgroup_dir *d, const struct cgroup_write *w)
{
	char text[256], quota[128];

	if (!w->keep_quota)
		return file_write_at(d->fd, w->file, w->value);
	if (file_read_small(d->fd, w->file, quota, sizeof(quota)) < 0)
		str_copy(quota, sizeof(quota), "max");
	fmt(text, sizeof(text), "%.*s %s", (int)strcspn(quota, " "), quota, w->value);
	return file_write_at(d->fd, w->file, text);
}

/* A v2 controller is enabled here when a limit asks for one that the hierarchy has and this part of it has not: on
 * hybrid hosts, and where somebody took it away. */
static int write_enabling(const struct cgroup_dir *d, const struct cgroup_write *w, int *enable_error)
{
	int r = write_value(d, w);
	char controller[64];

	if (r != -ENOENT || !d->v2 || w->optional || str_starts(w->file, "cgroup."))
		return r;
	fmt(controller, sizeof(controller), "%.*s", (int)strcspn(w->file, "."), w->file);
	*enable_error = cgroup_enable_controllers(d, controller);
	return write_value(d, w);
}

/* Engines take "no such file or directory" for a missing program, so that is not said here. */
static int missing(const struct cgroup_dir *d, const struct cgroup_write *w, int enable_error, struct error *err)
{
	char type[32];

	if (d->v2 && file_read_small(d->fd, "cgroup.type", type, sizeof(type)) > 0 && !str_eq(type, "domain"))
		return error_set(err, EOPNOTSUPP, "%s: %s: %s is %s, which %.*s does not work in", w->what, w->file,
			d->path, type, (int)strcspn(w->file, "."), w->file);
	if (enable_error)
		return error_errno(err, enable_error, "%s: %s: the controller cannot be enabled for %s", w->what,
			w->file, d->path);
	return error_set(err, EOPNOTSUPP, "%s: %s: the kernel does not have this setting", w->what, w->file);
}

static int refused(const struct cgroup_dir *d, const struct cgroup_write *w, int r, struct error *err)
{
	char usage[32], peak[32];

	if (r == -EBUSY && str_eq(w->file, "memory.limit_in_bytes") &&
		file_read_small(d->fd, "memory.usage_in_bytes", usage, sizeof(usage)) > 0 &&
		file_read_small(d->fd, "memory.max_usage_in_bytes", peak, sizeof(peak)) > 0)
		return error_set(err, EBUSY, "%s: unable to set memory limit to %s (current usage: %s, peak usage: %s)",
			w->what, w->value, usage, peak);
	return error_errno(err, r, "%s: write %s/%s: %s", w->what, d->path, w->file, w->value);
}

static bool in_user_namespace(void)
{
	char map[64], *save = NULL;

	if (file_read_small(-1, "/proc/self/uid_map", map, sizeof(map)) < 0)
		return false;
	return !str_eq(strtok_r(map, " ", &save), "0") || !str_eq(strtok_r(NULL, " ", &save), "0") ||
	       !str_eq(strtok_r(NULL, " ", &save), "4294967295");
}

/* Device rules are not the runtime's to set inside a user namespace, where devices cannot be made either; runc lets the
 * kernel's refusal pass there, and when it runs without root. */
static bool without_devices(int r)
{
	return (r == -EPERM || r == -EACCES) && (geteuid() != 0 || in_user_namespace());
}

static bool is_device_rule(const struct cgroup_write *w)
{
	return str_starts(w->what, "linux.resources.devices");
}

/* What the container was to have, and nothing else stands for it. */
static bool is_loss(const struct cgroup_write *w)
{
	return str_starts(w->file, "memory.kmem.") || (str_eq(w->file, "cpu.cfs_burst_us") && !str_eq(w->value, "0"));
}

static bool pass(const struct cgroup_write *w, int r)
{
	if (r == 0)
		return true;
	if (w->optional && (r == -ENOENT || r == -EOPNOTSUPP)) {
		if (is_loss(w))
			log_warn("%s: ignored, this kernel does not have it", w->what);
		return true;
	}
	if (is_device_rule(w) && without_devices(r)) {
		log_debug("cgroup: %s: not allowed here, left out", w->what);
		return true;
	}
	return false;
}

/* Writes w[0 … n), all with the flag `retry`, in order; those that got EINVAL again after the rest, as long as that
 * helps. */
static int apply_pairs(const struct cgroup *cg, const struct cgroup_write *w, size_t n, struct error *err)
{
	uint64_t left = n < 64 ? ((uint64_t)1 << n) - 1 : UINT64_MAX, before;

	do {
		before = left;
		for (size_t i = 0; i < n && i < 64; i++) {
			const struct cgroup_dir *d = &cg->d[w[i].dir];
			int r, enable_error = 0;

			if (!(left & (uint64_t)1 << i))
				continue;
			r = write_enabling(d, &w[i], &enable_error);
			if (pass(&w[i], r))
				left &= ~((uint64_t)1 << i);
			else if (r == -ENOENT)
				return missing(d, &w[i], enable_error, err);
			else if (r != -EINVAL)
				return refused(d, &w[i], r, err);
		}
	} while (left && left != before);
	if (!left)
		return 0;
	w += __builtin_ctzll(left);
	return refused(&cg->d[w->dir], w, -EINVAL, err);
}

static int apply_one(const struct cgroup *cg, const struct cgroup_write *w, const struct cgroup_write *next,
	bool *was_missing, struct error *err)
{
	const struct cgroup_dir *d = &cg->d[w->dir];
	int enable_error = 0, r = write_enabling(d, w, &enable_error);

	*was_missing = r == -ENOENT;
	if (pass(w, r) || (r == -ENOENT && next && next->alternative))
		return 0;
	return r == -ENOENT ? missing(d, w, enable_error, err) : refused(d, w, r, err);
}

static bool is_plain(const struct cgroup_write *w)
{
	return !w->retry && !w->alternative && !w->keep_quota;
}

/* Values that stand in a row for one file (device rules on v1) go into one descriptor. Returns how many are written: the
 * next one is for apply_one, which knows what is wrong. */
static size_t write_row(const struct cgroup_dir *d, const struct cgroup_write *w, size_t n)
{
	_cleanup_close_ int fd = -1;
	size_t i;

	if (n < 2 || !is_plain(w) || w[1].dir != w->dir || !str_eq(w[1].file, w->file))
		return 0;
	fd = openat(d->fd, w->file, O_WRONLY | O_CLOEXEC);
	for (i = 0; fd >= 0 && i < n && is_plain(&w[i]) && w[i].dir == w->dir && str_eq(w[i].file, w->file); i++)
		if (write(fd, w[i].value, str_len(w[i].value)) < 0)
			break;
	return i;
}

static int check_usage(const struct cgroup *cg, const struct cgroup_settings *s, struct error *err)
{
	const struct cgroup_dir *d = &cg->d[s->check_dir];
	char text[32];
	uint64_t usage;

	if (file_read_small(d->fd, d->v2 ? "memory.current" : "memory.usage_in_bytes", text, sizeof(text)) < 0 ||
		!str_to_u64(text, &usage))
		return 0; /* as runc: without a usage there is nothing to compare with */
	if (s->check_memory_swap && s->check_memory_swap <= usage)
		return error_set(err, EBUSY,
			"linux.resources.memory.swap: rejecting memory+swap limit %lu <= usage %lu",
			s->check_memory_swap, usage);
	if (s->check_memory && s->check_memory <= usage)
		return error_set(err, EBUSY, "linux.resources.memory.limit: rejecting memory limit %lu <= usage %lu",
			s->check_memory, usage);
	return 0;
}

/* Puts the program in the place of those that are there. All programs of a cgroup must allow an access, so for a moment
 * with two of them only what both allow is allowed. */
static int attach_program(int cgroup, int prog)
{
	uint32_t ids[64], n = 64;
	int r = bpf_query_device_programs(cgroup, ids, &n);

	if (r < 0)
		return r;
	if (n == 1) {
		_cleanup_close_ int old = bpf_program_by_id(ids[0]);

		/* another owner's, hidden by a security module: it stays beside ours, where it can only restrict */
		return bpf_attach_device_program(cgroup, prog, old >= 0 ? old : -1);
	}
	r = bpf_attach_device_program(cgroup, prog, -1);
	for (uint32_t i = 0; i < n && r == 0; i++) {
		_cleanup_close_ int old = bpf_program_by_id(ids[i]);

		if (old >= 0)
			r = bpf_detach_device_program(cgroup, old);
		else if (old != -EPERM && old != -EACCES)
			r = old;
	}
	return r;
}

static int apply_devices(const struct cgroup *cg, const struct cgroup_settings *s, struct error *err)
{
	const struct cgroup_dir *d = &cg->d[s->device_bpf_dir];
	_cleanup_close_ int prog = bpf_load_device_program(s->device_bpf, s->device_bpf_insns);
	int r = prog < 0 ? prog : attach_program(d->fd, prog);

	if (r == 0 || without_devices(r))
		return 0;
	return error_errno(
		err, r, "linux.resources.devices: eBPF program: %s: %s", prog < 0 ? "load" : "attach", d->path);
}

/* runc's words, which differ where v2 is all there is. */
static int not_there(const struct cgroup *cg, const struct cgroup_write *w, struct error *err)
{
	int controller = (int)strcspn(w->file, ".");

	if (cg->partial && cg->mode == CGROUP_MODE_V2)
		return error_set(err, EACCES,
			"rootless needs no limits + no cgrouppath when no permission is granted for cgroups: %s: "
			"cannot "
			"set %.*s limit",
			w->what, controller, w->file);
	return error_set(err, ENOENT, "%s: cannot set %.*s limit: container could not join or create cgroup", w->what,
		controller, w->file);
}

static int check_dirs(const struct cgroup *cg, const struct cgroup_settings *s, struct error *err)
{
	for (size_t i = 0; i < s->n; i++)
		if (cg->d[s->w[i].dir].fd < 0 && !(cg->partial && is_device_rule(&s->w[i])))
			return not_there(cg, &s->w[i], err);
	if (s->device_bpf && cg->d[s->device_bpf_dir].fd < 0 && !cg->partial)
		return error_set(err, ENOENT,
			"linux.resources.devices: cannot set devices limit: container could not join or create cgroup");
	return 0;
}

int cgroup_check(const struct cgroup *cg, const struct cgroup_settings *s, struct error *err)
{
	int r = check_dirs(cg, s, err);

	return r == 0 && (s->check_memory || s->check_memory_swap) ? check_usage(cg, s, err) : r;
}

int cgroup_apply(struct cgroup *cg, const struct cgroup_settings *s, struct error *err)
{
	bool was_missing = false;
	size_t run;
	int r = cgroup_check(cg, s, err);

	for (size_t i = 0; i < s->n && r == 0; i += run) {
		const struct cgroup_write *w = &s->w[i];

		run = 1;
		if (cg->d[w->dir].fd < 0)
			continue;
		for (run = 0; i + run < s->n && w[run].retry && w[run].dir == w->dir; run++)
			;
		if (run) {
			r = apply_pairs(cg, w, run, err);
			continue;
		}
		run = write_row(&cg->d[w->dir], w, s->n - i);
		if (run) {
			was_missing = false;
			continue;
		}
		run = 1;
		if (!w->alternative || was_missing)
			r = apply_one(cg, w, i + 1 < s->n ? w + 1 : NULL, &was_missing, err);
	}
	if (r == 0 && s->device_bpf && cg->d[s->device_bpf_dir].fd >= 0)
		r = apply_devices(cg, s, err);
	return r;
}
