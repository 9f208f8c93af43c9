/* SPDX-License-Identifier: Apache-2.0 */
#include "container/intel_rdt.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"

#define USUAL_ROOT "/sys/fs/resctrl"

enum { DIR_MODE = 0755, MAX_SCHEMATA = 65536 };

/* ---- where ---- */

/* Where the kernel has the mount point for it (Documentation/filesystems/resctrl.rst). Nowhere else is looked: reading the
 * mount table for this alone would bring a third of the static program's size with it. */
const char *intel_rdt_root(void)
{
	struct statfs st;

	if (statfs(USUAL_ROOT, &st) == 0 && (uint32_t)st.f_type == RDTGROUP_SUPER_MAGIC)
		return USUAL_ROOT;
	return NULL;
}

static const struct plan_intel_rdt *find_step(const struct plan *p)
{
	for (const struct plan_step *s = plan_first(p); !plan_at_end(p, s); s = plan_next(s))
		if (s->op == PLAN_OP_INTEL_RDT)
			return (const struct plan_intel_rdt *)s;
	return NULL;
}

int intel_rdt_locate(const struct plan *p, const char *root, const char *id, struct arena *a, struct intel_rdt *ret,
	struct error *err)
{
	const struct plan_intel_rdt *s = find_step(p);
	const char *name;

	*ret = (struct intel_rdt){.step = s};
	if (!s)
		return 0;
	if (!root)
		root = intel_rdt_root();
	if (!root)
		return error_set(err, ENOENT, "linux.intelRdt: no resctrl file system is mounted");
	name = s->clos_id ? plan_str(p, s->clos_id) : id;
	ret->group = strcmp(name, "/") == 0 ? root : arena_fmt(a, "%s/%s", root, name);
	if (s->enable_monitoring)
		ret->monitor = arena_fmt(a, "%s/mon_groups/%s", ret->group, id);
	ret->remove = s->clos_id ? ret->monitor : ret->group;
	if (!ret->group || (s->enable_monitoring && !ret->monitor))
		return error_errno(err, ENOMEM, "linux.intelRdt");
	return 0;
}

/* ---- schemata ---- */

/* "  L3:0=00f;1=f00": the number that a line of `text` gives a domain of a resource, false when it gives none. Masks are
 * hexadecimal, bandwidths decimal. */
static bool look_up(const char *text, const char *resource, size_t resource_len, const char *domain, size_t domain_len,
	unsigned long long *ret)
{
	for (const char *next; *text; text = next) {
		size_t line = strcspn(text, "\n"), lead = strspn(text, " \t");
		const char *at = text + lead, *end = text + line;

		next = text + line + (text[line] == '\n');
		if (strncmp(at, resource, resource_len) != 0 || at[resource_len] != ':')
			continue;
		for (at += resource_len + 1; at < end; at += *at == ';') {
			at += strspn(at, " \t");
			if (strncmp(at, domain, domain_len) == 0 && at[domain_len] == '=') {
				*ret = strtoull(at + domain_len + 1, NULL, resource[0] == 'M' ? 10 : 16);
				return true;
			}
			at += strcspn(at, ";\n");
		}
	}
	return false;
}

/* Whether every domain of the wanted line has the same value in what is in force. */
static bool line_matches(const char *line, const char *in_force)
{
	const char *colon = strchr(line, ':'), *at;

	if (!colon)
		return false;
	for (at = colon + 1; *at; at += *at == ';') {
		const char *domain = at + strspn(at, " \t");
		size_t n = strcspn(domain, "=;");
		unsigned long long want, have;

		if (domain[n] != '=' || !look_up(in_force, line, (size_t)(colon - line), domain, n, &have))
			return false;
		want = strtoull(domain + n + 1, NULL, line[0] == 'M' ? 10 : 16);
		if (want != have)
			return false;
		at = domain + strcspn(domain, ";");
	}
	return true;
}

static int check_schemata(const struct plan *p, const struct intel_rdt *rdt, int group, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	char *in_force;
	int r = file_read_at(&a, group, "schemata", MAX_SCHEMATA, &in_force, NULL, err);

	if (r < 0)
		return error_prefix(err, "linux.intelRdt: %s", rdt->group);
	for (uint32_t i = 0; i < rdt->step->schemata.n; i++) {
		const char *line = plan_list_str(p, rdt->step->schemata, i);

		if (!line_matches(line, in_force))
			return error_set(err, EEXIST, "linux.intelRdt: %s exists with other schemata than \"%s\"", rdt->group, line);
	}
	return 0;
}

static int write_schemata(const struct plan *p, const struct intel_rdt *rdt, int group, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	const char *text = "";
	int r;

	for (uint32_t i = 0; text && i < rdt->step->schemata.n; i++)
		text = arena_fmt(&a, "%s%s\n", text, plan_list_str(p, rdt->step->schemata, i));
	if (!text)
		return error_errno(err, E2BIG, "linux.intelRdt.schemata");
	r = file_write_at(group, "schemata", text);
	return r < 0 ? error_errno(err, r, "linux.intelRdt: %s/schemata", rdt->group) : 0;
}

/* ---- carrying it out ---- */

static int open_dir(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Opens the group; *made tells whether it is new. */
static int make_group(const struct intel_rdt *rdt, bool *made, struct error *err)
{
	int r;

	*made = false;
	if (rdt->step->clos_id && !rdt->step->schemata.n) {
		r = open_dir(rdt->group);
		if (r == -ENOENT)
			return error_set(err, ENOENT,
				"linux.intelRdt.closID: %s: must exist already when no schema is given", rdt->group);
	} else {
		if (mkdir(rdt->group, DIR_MODE) == 0)
			*made = true;
		else if (errno != EEXIST)
			return error_errno(err, errno, "linux.intelRdt: %s", rdt->group);
		r = open_dir(rdt->group);
	}
	return r < 0 ? error_errno(err, r, "linux.intelRdt: %s", rdt->group) : r;
}

static int put_in(int dir, const char *path, pid_t pid, struct error *err)
{
	char text[32];
	int r;

	fmt(text, sizeof(text), "%d", (int)pid);
	r = file_write_at(dir, "tasks", text);
	return r < 0 ? error_errno(err, r, "linux.intelRdt: %s/tasks", path) : 0;
}

static int monitor(const struct intel_rdt *rdt, pid_t pid, struct error *err)
{
	_cleanup_close_ int dir = -1;

	if (mkdir(rdt->monitor, DIR_MODE) < 0 && errno != EEXIST)
		return error_errno(err, errno, "linux.intelRdt.enableMonitoring: %s", rdt->monitor);
	dir = open_dir(rdt->monitor);
	if (dir < 0)
		return error_errno(err, dir, "linux.intelRdt.enableMonitoring: %s", rdt->monitor);
	return put_in(dir, rdt->monitor, pid, err);
}

int intel_rdt_apply(const struct plan *p, const struct intel_rdt *rdt, pid_t pid, struct error *err)
{
	_cleanup_close_ int group = -1;
	bool made;
	int r = 0;

	if (!rdt->step)
		return 0;
	group = make_group(rdt, &made, err);
	if (group < 0)
		return group;
	if (rdt->step->schemata.n && rdt->step->clos_id && !made)
		r = check_schemata(p, rdt, group, err);
	else if (rdt->step->schemata.n)
		r = write_schemata(p, rdt, group, err);
	if (r == 0)
		r = put_in(group, rdt->group, pid, err);
	if (r == 0 && rdt->monitor)
		r = monitor(rdt, pid, err);
	return r;
}

/* ---- update ---- */

static bool has_info(const char *root, const char *const *names, size_t n)
{
	char path[512];

	for (size_t i = 0; i < n; i++) {
		fmt(path, sizeof(path), "%s/info/%s", root, names[i]);
		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}

int intel_rdt_available(const char *root, const char *l3_cache_schema, const char *mem_bw_schema, struct error *err)
{
	static const char *const l3[] = {"L3", "L3CODE", "L3DATA"}, *const mb[] = {"MB"};

	if (!root)
		root = intel_rdt_root();
	if (l3_cache_schema && !(root && has_info(root, l3, 3)))
		return error_set(err, EOPNOTSUPP, "Intel RDT/CAT: l3 cache schema is not enabled");
	if (mem_bw_schema && !(root && has_info(root, mb, 1)))
		return error_set(err, EOPNOTSUPP, "Intel RDT/MBA: memory bandwidth schema is not enabled");
	if (mem_bw_schema && !str_starts(mem_bw_schema, "MB:"))
		return error_set(err, EINVAL, "linux.intelRdt.memBwSchema: does not begin with \"MB:\"");
	return 0;
}

/* The lines of l3, those of "MB:" left out as at the start, and mb. */
static const char *join_schemata(const char *l3, const char *mb, struct arena *a)
{
	const char *text = "";

	while (text && l3 && *l3) {
		size_t n = strcspn(l3, "\n");

		if (n && !str_starts(l3, "MB:"))
			text = arena_fmt(a, "%s%.*s\n", text, (int)n, l3);
		l3 += n + (l3[n] == '\n');
	}
	return text && mb ? arena_fmt(a, "%s%s\n", text, mb) : text;
}

int intel_rdt_update(const struct intel_rdt *rdt, const char *l3_cache_schema, const char *mem_bw_schema, struct arena *a,
	const char **before, struct error *err)
{
	const char *text = join_schemata(l3_cache_schema, mem_bw_schema, a);
	_cleanup_close_ int group = open_dir(rdt->group);
	char *in_force;
	int r;

	if (group < 0)
		return error_errno(err, group, "linux.intelRdt: %s", rdt->group);
	if (!text)
		return error_errno(err, E2BIG, "linux.intelRdt.schemata");
	if (!*text)
		return error_set(err, EINVAL, "linux.intelRdt.l3CacheSchema: has no line for a cache");
	r = file_read_at(a, group, "schemata", MAX_SCHEMATA, &in_force, NULL, err);
	if (r < 0)
		return error_prefix(err, "linux.intelRdt: %s", rdt->group);
	r = file_write_at(group, "schemata", text);
	if (r < 0)
		return error_errno(err, r, "linux.intelRdt: %s/schemata", rdt->group);
	*before = in_force;
	return 0;
}

void intel_rdt_put_back(const struct intel_rdt *rdt, const char *before)
{
	_cleanup_close_ int group = open_dir(rdt->group);
	int r = group < 0 ? group : file_write_at(group, "schemata", before);

	if (r < 0)
		log_warn("linux.intelRdt: %s/schemata could not be put back: %s", rdt->group, errno_text(r));
}

int intel_rdt_remove(const char *path, struct error *err)
{
	if (rmdir(path) == 0 || errno == ENOENT)
		return 0;
	return error_errno(err, errno, "linux.intelRdt: removing %s", path);
}
