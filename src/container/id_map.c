/* SPDX-License-Identifier: Apache-2.0 */
#include "container/id_map.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "container/process.h"
#include "kernel/child.h"
#include "kernel/sys.h"

enum { MAX_MAPPINGS = 340, MAX_TEXT = 4096, HELPER_S = 10 }; /* the kernel's: user_namespaces(7), one page */

struct maps {
	struct plan_idmap m[MAX_MAPPINGS];
	size_t n;
};

static int collect(const struct plan *p, bool gid, struct maps *ret, struct error *err)
{
	ret->n = 0;
	for (const struct plan_step *s = plan_first(p); !plan_at_end(p, s); s = plan_next(s)) {
		const struct plan_idmap *m = (const struct plan_idmap *)s;

		if (s->op != PLAN_OP_IDMAP || m->gid != gid)
			continue;
		if (ret->n == MAX_MAPPINGS)
			return error_set(err, EINVAL, "linux.%s: more than %d", gid ? "gidMappings" : "uidMappings",
				(int)MAX_MAPPINGS);
		ret->m[ret->n++] = *m;
	}
	return 0;
}

static int write_file(pid_t pid, const char *name, const char *text)
{
	char path[64];

	fmt(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return file_write_at(AT_FDCWD, path, text);
}

static int write_map(pid_t pid, const struct maps *maps, bool gid)
{
	static char text[MAX_TEXT]; /* stacks may be small */
	size_t at = 0;

	for (size_t i = 0; i < maps->n; i++)
		at += fmt(text + at, sizeof(text) - at, "%u %u %u\n", maps->m[i].container, maps->m[i].host,
			maps->m[i].count);
	if (at >= sizeof(text) - 1)
		return -E2BIG;
	return write_file(pid, gid ? "gid_map" : "uid_map", text);
}

/* The first file of this name in $PATH that may be executed; NULL: none. */
static const char *find_helper(const char *name, struct arena *a)
{
	const char *path = getenv("PATH");

	for (const char *dir = path, *end; dir; dir = *end ? end + 1 : NULL) {
		char *file;

		end = strchrnul(dir, ':');
		file = arena_fmt(a, "%.*s/%s", (int)(end - dir), dir, name);
		if (*dir == '/' && file && access(file, X_OK) == 0)
			return file;
	}
	return NULL;
}

/* newuidmap PID CONTAINER HOST COUNT ... */
static char **helper_argv(const char *name, pid_t pid, const struct maps *maps, struct arena *a)
{
	char **argv = arena_array(a, 3 * maps->n + 3, sizeof(*argv));
	size_t n = 0;

	if (!argv)
		return NULL;
	argv[n++] = (char *)name;
	argv[n++] = arena_fmt(a, "%d", (int)pid);
	for (size_t i = 0; i < maps->n; i++) {
		argv[n++] = arena_fmt(a, "%u", maps->m[i].container);
		argv[n++] = arena_fmt(a, "%u", maps->m[i].host);
		argv[n++] = arena_fmt(a, "%u", maps->m[i].count);
	}
	return argv[n - 1] ? argv : NULL;
}

static int run_helper(pid_t pid, const struct maps *maps, bool gid, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	const char *name = gid ? "newgidmap" : "newuidmap", *file = find_helper(name, &a);
	_cleanup_close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	char *const envp[] = {NULL};
	struct child c = {.path = file, .envp = envp, .in = null, .out = null, .err = -1, .dir = -1, .timeout = HELPER_S};
	struct child_end end;

	if (!file)
		return error_set(err, ENOENT,
			"user namespace: %s is not in $PATH; it is needed to map more than the user's own id (Debian: "
			"package uidmap)",
			name);
	c.argv = helper_argv(name, pid, maps, &a);
	if (!c.argv || null < 0)
		return error_errno(err, c.argv ? errno : ENOMEM, "user namespace: %s", name);
	if (child_run(&c, &end))
		return 0;
	if (end.error || end.timed_out)
		return error_errno(err, child_errno(&end), "user namespace: %s", file);
	/* it says its name itself */
	return error_set(err, EPERM, "user namespace: %s (are the ids in /etc/sub%s?)", *end.err ? end.err : name,
		gid ? "gid" : "uid");
}

static bool is_own_id(const struct maps *m, bool gid)
{
	return m->n == 1 && m->m[0].count == 1 && m->m[0].host == (gid ? getegid() : geteuid());
}

static int write_one(pid_t pid, const struct maps *maps, bool gid, struct error *err)
{
	int r;

	if (!maps->n)
		return 0;
	/* CVE-2014-8989: without setgroups denied the kernel takes no gid map of an unprivileged user */
	if (gid && geteuid() != 0 && is_own_id(maps, true))
		(void)write_file(pid, "setgroups", "deny");
	r = write_map(pid, maps, gid);
	if (r == -EPERM && !is_own_id(maps, gid))
		return run_helper(pid, maps, gid, err);
	return r < 0 ? error_errno(err, r, "user namespace: /proc/%d/%s", (int)pid, gid ? "gid_map" : "uid_map") : 0;
}

int id_map_write(const struct plan *p, pid_t pid, struct error *err)
{
	static struct maps maps; /* stacks may be small */
	int r = collect(p, true, &maps, err);

	if (r == 0)
		r = write_one(pid, &maps, true, err);
	if (r == 0)
		r = collect(p, false, &maps, err);
	if (r == 0)
		r = write_one(pid, &maps, false, err);
	return r;
}

static int fill(const struct oci_id_mapping *m, size_t n, struct maps *ret, struct error *err)
{
	if (n > MAX_MAPPINGS)
		return error_set(err, EINVAL, "mapping: more than %d", (int)MAX_MAPPINGS);
	for (size_t i = 0; i < n; i++)
		ret->m[i] = (struct plan_idmap){
			.container = m[i].container_id, .host = m[i].host_id, .count = m[i].size};
	ret->n = n;
	return 0;
}

int id_map_namespace(const struct oci_id_mapping *uid, size_t n_uid, const struct oci_id_mapping *gid, size_t n_gid,
	struct error *err)
{
	int pidfd = -1, fd = -1, r, pid;
	struct sys_clone_args c = {.flags = CLONE_NEWUSER | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD};
	static struct maps maps; /* stacks may be small */
	char path[64];

	pid = sys_clone3(&c);
	if (pid == 0)
		for (;;)
			pause(); /* only there to hold the namespace until its fd is open */
	if (pid < 0)
		return error_errno(err, pid, "user namespace for an idmapped mount");
	r = fill(gid, n_gid, &maps, err);
	if (r == 0)
		r = write_one(pid, &maps, true, err);
	if (r == 0)
		r = fill(uid, n_uid, &maps, err);
	if (r == 0)
		r = write_one(pid, &maps, false, err);
	if (r == 0) {
		fmt(path, sizeof(path), "/proc/%d/ns/user", pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			r = error_errno(err, errno, "user namespace for an idmapped mount");
	}
	(void)sys_pidfd_send_signal(pidfd, SIGKILL);
	(void)process_reap(pid);
	close(pidfd);
	return r < 0 ? r : fd;
}

/* "CONTAINER HOST COUNT" a line: the id of the host that `id` is, or -1. *total: of all counts. */
static int64_t map_id(const char *text, uint32_t id, uint64_t *total)
{
	int64_t host = -1;
	unsigned first, to, count;

	*total = 0;
	/* NOLINTNEXTLINE(cert-err34-c): the kernel wrote it from 32-bit numbers */
	for (const char *line = text; line && sscanf(line, "%u %u %u", &first, &to, &count) == 3;) {
		*total += count;
		if (id >= first && id - first < count)
			host = (int64_t)to + (id - first);
		line = strchr(line, '\n');
		line += line != NULL;
	}
	return host;
}

static int check_joined(const struct oci_id_mapping *m, size_t n, pid_t pid, bool gid, struct error *err)
{
	static char text[MAX_MAPPINGS * 34]; /* as the kernel prints them */
	uint64_t total = 0, wanted = 0;
	bool same = true;
	char path[64];
	int r;

	if (!n)
		return 0;
	fmt(path, sizeof(path), "/proc/%d/%s", (int)pid, gid ? "gid_map" : "uid_map");
	r = file_read_small(AT_FDCWD, path, text, sizeof(text));
	if (r < 0)
		return error_errno(err, r, "%s", path);
	for (size_t i = 0; i < n; i++) {
		uint32_t last = m[i].container_id + m[i].size - 1;

		wanted += m[i].size;
		same &= map_id(text, m[i].container_id, &total) == m[i].host_id &&
			map_id(text, last, &total) == (int64_t)m[i].host_id + m[i].size - 1;
	}
	if (!same || wanted != total)
		return error_set(err, EINVAL, "linux.%s: not the mappings of the user namespace that is joined",
			gid ? "gidMappings" : "uidMappings");
	return 0;
}

int id_map_check_joined(const struct oci_linux *l, pid_t pid, struct error *err)
{
	for (size_t i = 0; i < l->namespaces_len; i++) {
		const struct oci_namespace *ns = &l->namespaces[i];
		int r;

		if (strcmp(ns->type, "user") != 0 || !ns->path || !*ns->path)
			continue;
		r = check_joined(l->uid_mappings, l->uid_mappings_len, pid, false, err);
		return r < 0 ? r : check_joined(l->gid_mappings, l->gid_mappings_len, pid, true, err);
	}
	return 0;
}
