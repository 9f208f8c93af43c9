/* SPDX-License-Identifier: Apache-2.0 */

/* A cgroup made, limited, joined, frozen and destroyed on the hierarchies of this host. Root only. Run it also in a
 * legacy and in a unified view (contrib/) to have it on pure v1 and v2. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "cgroup/internal.h"
#include "kernel/sys.h"
#include "tests/tap.h"

static struct cgroup_host host;
static struct arena arena;
static struct error err;
static char id[64];

/* The value of a file of the cgroup's directory with this controller; "" when there is none. */
static const char *value(const struct cgroup *cg, const char *controller, const char *file)
{
	int i = cgroup_find(cg, controller);
	static char text[4096];

	if (i == CGROUP_NO_DIR || file_read_small(cg->d[i].fd, file, text, sizeof(text)) < 0)
		return "";
	return text;
}

/* A child that joins as init does: by clone into the v2 directory, by "0" to the tasks files; then it stops forking
 * and waits for its end. *ready is written when it has joined. */
static pid_t spawn(const struct cgroup *cg, int children)
{
	int fds[CGROUP_MAX_HIERARCHIES], n = cgroup_task_fds(cg, false, fds, &err), ready[2];
	struct sys_clone_args args = {.exit_signal = SIGCHLD};
	pid_t pid;
	char c;

	if (n < 0 || pipe2(ready, O_CLOEXEC) < 0)
		return -1;
	if (cgroup_v2_fd(cg) >= 0) {
		args.flags = 0x200000000ULL; /* CLONE_INTO_CGROUP */
		args.cgroup = (uint64_t)cgroup_v2_fd(cg);
	}
	pid = sys_clone3(&args);
	if (pid == 0) {
		for (int i = 0; i < n; i++)
			if (write(fds[i], "0", 1) != 1)
				_exit(1);
		for (int i = 0; i < children; i++)
			if (fork() == 0)
				break;
		(void)!write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	for (int i = 0; i < n; i++)
		close(fds[i]);
	for (int i = 0; i <= children && pid > 0; i++)
		if (read(ready[0], &c, 1) != 1)
			pid = -1;
	close(ready[0]);
	return pid;
}

static bool locate(struct cgroup *cg, const char *path)
{
	return tap_is_int(cgroup_locate(&host, CGROUP_MANAGER_CGROUPFS, path, id, &arena, cg, &err), 0, "%s is located", path);
}

static void limits(struct cgroup *cg)
{
	struct oci_memory memory = {.has_limit = true, .limit = 64 << 20, .has_swap = true, .swap = 128 << 20};
	struct oci_cpu cpu = {.has_shares = true, .shares = 512, .has_quota = true, .quota = 50000, .has_period = true,
		.period = 100000};
	struct oci_pids pids = {.has_limit = true, .limit = 33};
	struct oci_linux_resources r = {0};
	struct cgroup_settings s;

	if (cgroup_find(cg, "memory") != CGROUP_NO_DIR)
		r.memory = &memory;
	if (cgroup_find(cg, "cpu") != CGROUP_NO_DIR)
		r.cpu = &cpu;
	if (cgroup_find(cg, "pids") != CGROUP_NO_DIR)
		r.pids = &pids;
	tap_ok(cgroup_compile(cg, &r, false, &arena, &s, &err) == 0 && cgroup_apply(cg, &s, &err) == 0, "limits: %s", err.msg);
	if (r.pids)
		tap_is_str(value(cg, "pids", "pids.max"), "33", "pids.max");
	if (!r.memory || cg->mode == CGROUP_MODE_V2)
		return;
	tap_is_str(value(cg, "memory", "memory.limit_in_bytes"), "67108864", "the memory limit");
	memory.limit = 256 << 20; /* above the limit with swap in force: the order of the writes has to turn */
	memory.swap = 512 << 20;
	tap_ok(cgroup_compile(cg, &r, true, &arena, &s, &err) == 0 && cgroup_apply(cg, &s, &err) == 0, "raised: %s", err.msg);
	tap_is_str(value(cg, "memory", "memory.memsw.limit_in_bytes"), "536870912", "the limit with swap");
	memory.limit = 32 << 20;
	memory.swap = 32 << 20;
	tap_ok(cgroup_compile(cg, &r, true, &arena, &s, &err) == 0 && cgroup_apply(cg, &s, &err) == 0, "lowered: %s", err.msg);
	memory.limit = memory.swap = -1;
	tap_ok(cgroup_compile(cg, &r, true, &arena, &s, &err) == 0 && cgroup_apply(cg, &s, &err) == 0, "lifted: %s", err.msg);
}

/* Whether a process of the cgroup may open the device. */
static bool may_open(const struct cgroup *cg, unsigned maj, unsigned min, int flags)
{
	char dir[] = "/tmp/cgroup-test-XXXXXX", path[64];
	int status = 0;
	pid_t pid;

	if (!mkdtemp(dir))
		return false;
	fmt(path, sizeof(path), "%s/dev", dir);
	if (mknod(path, S_IFCHR | 0600, makedev(maj, min)) == 0) {
		pid = fork();
		if (pid == 0)
			_exit(cgroup_attach(cg, getpid(), NULL) < 0 ? 2 : open(path, flags) < 0 ? errno != EPERM : 1);
		waitpid(pid, &status, 0);
		unlink(path);
	}
	rmdir(dir);
	return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

static void devices(struct cgroup *cg)
{
	struct oci_device_cgroup rules[] = {
		{.allow = false, .access = "rwm"},
		{.allow = true, .type = "c", .has_major = true, .major = 1, .has_minor = true, .minor = 11, .access = "r"},
	};
	struct oci_linux_resources r = {.devices = rules, .devices_len = 2};
	struct cgroup_settings s;

	tap_ok(cgroup_compile(cg, &r, false, &arena, &s, &err) == 0 && cgroup_apply(cg, &s, &err) == 0, "devices: %s", err.msg);
	tap_ok(may_open(cg, 1, 3, O_RDWR), "/dev/null is allowed");
	tap_ok(may_open(cg, 1, 11, O_RDONLY), "a device of the configuration is allowed");
	tap_ok(!may_open(cg, 1, 11, O_RDWR), "only as far as it says");
	tap_ok(!may_open(cg, 1, 1, O_RDONLY), "another is not");
	rules[1].access = "rw";
	tap_ok(cgroup_compile(cg, &r, true, &arena, &s, &err) == 0 && cgroup_apply(cg, &s, &err) == 0, "again: %s", err.msg);
	tap_ok(may_open(cg, 1, 11, O_RDWR), "rules can be replaced by wider ones");
	rules[1].access = "m";
	tap_ok(cgroup_compile(cg, &r, true, &arena, &s, &err) == 0 && cgroup_apply(cg, &s, &err) == 0, "again: %s", err.msg);
	tap_ok(!may_open(cg, 1, 11, O_RDONLY), "and by narrower ones");
}

static void processes(struct cgroup *cg)
{
	pid_t pid = spawn(cg, 2), *pids = NULL;
	struct cgroup again = *cg;
	size_t n = 0;

	tap_ok(pid > 0, "a process joins: %s", err.msg);
	tap_is_int(cgroup_pids(cg, &arena, &pids, &n, &err), 0, "pids are told");
	tap_is_int((long long)n, 3, "three of them");
	tap_is_int(n ? pids[0] : 0, pid, "its own first");
	for (size_t i = 0; i < again.n; i++)
		again.d[i].fd = -1;
	tap_is_int(cgroup_create(&again, &err), -EBUSY, "an occupied cgroup is not taken");
	tap_is_str(err.msg, "container's cgroup is not empty: 3 process(es) found", "in runc's words");
	cgroup_close(&again);
	tap_is_int(cgroup_freeze(cg, true, 5000, &err), 0, "it freezes");
	tap_is_int(cgroup_is_frozen(cg), 1, "it is frozen");
	tap_is_int(cgroup_freeze(cg, false, 5000, &err), 0, "it thaws");
	tap_is_int(cgroup_is_frozen(cg), 0, "it is not frozen");
	tap_is_int(cgroup_signal_all(cg, SIGTERM, &err), 0, "SIGTERM is sent to all");
	tap_ok(waitpid(pid, NULL, 0) == pid, "the child has ended");
}

static int entered(const struct cgroup *cg, const char *sub, pid_t init, struct cgroup *ret)
{
	err = (struct error){0};
	return cgroup_enter(cg, (char *const[]){(char *)sub}, sub != NULL, init, &arena, ret, &err);
}

/* What exec joins. */
static void enter(struct cgroup *cg)
{
	int v2 = cgroup_find_v2(cg), first = cg->d[0].v2 && cg->n > 1 ? 1 : 0;
	char *leaf = arena_fmt(&arena, "%s/leaf", cg->d[first].path), *arg;
	struct cgroup sub;
	pid_t pid;

	tap_is_int(entered(cg, NULL, 0, &sub), 0, "exec enters the container's own: %s", err.msg);
	tap_is_str(sub.d[0].path, cg->d[0].path, "and no other");
	cgroup_close(&sub);
	tap_is_int(entered(cg, "..", 0, &sub), -EINVAL, "not what is above");
	tap_is_str(err.msg, "bad sub cgroup path: ..", "in runc's words");
	tap_is_int(entered(cg, "nonexistent", 0, &sub), -ENOENT, "nor what is not there");
	tap_is_int(entered(cg, "whaaat:/", 0, &sub), -EINVAL, "nor an unknown controller");
	if (!cg->d[first].v2 && mkdir(leaf, 0755) == 0) {
		arg = arena_fmt(&arena, "%s:leaf", cg->d[first].controllers);
		tap_is_int(entered(cg, arg, 0, &sub), 0, "%s: %s", arg, err.msg);
		tap_is_str(sub.d[first].path, leaf, "leads there");
		cgroup_close(&sub);
		rmdir(leaf);
	}
	if (cg->mode != CGROUP_MODE_V2 || !*cg->d[v2].available)
		return;
	/* init goes below, and controllers are enabled above it: the container's own cgroup takes no more processes */
	tap_is_int(mkdir(leaf, 0755), 0, "a cgroup for init");
	pid = spawn(cg, 0);
	tap_ok(file_write_at(-1, arena_fmt(&arena, "%s/cgroup.procs", leaf), arena_fmt(&arena, "%d", (int)pid)) == 0 &&
		file_write_at(cg->d[v2].fd, "cgroup.subtree_control", "+hugetlb") == 0, "controllers in it");
	tap_is_int(entered(cg, NULL, pid, &sub), 0, "exec enters: %s", err.msg);
	tap_is_str(sub.d[v2].path, leaf, "where init is");
	cgroup_close(&sub);
	tap_is_int(entered(cg, "/", pid, &sub), -EBUSY, "but not if the container's own was asked for");
	tap_is_int(entered(cg, "leaf", pid, &sub), 0, "init's can be asked for");
	cgroup_close(&sub);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	file_write_at(cg->d[v2].fd, "cgroup.subtree_control", "-hugetlb");
	rmdir(leaf);
}

/* Sub-cgroups with processes in them, frozen: all of it goes. */
static void destroy(struct cgroup *cg)
{
	struct cgroup sub = {0};
	struct stat st;
	pid_t pid;

	sub = *cg;
	for (size_t i = 0; i < sub.n; i++) {
		sub.d[i].path = arena_fmt(&arena, "%s/a/b", cg->d[i].path);
		sub.d[i].fd = -1;
		sub.d[i].made_len = 0;
	}
	tap_is_int(cgroup_create(&sub, &err), 0, "a cgroup below is made: %s", err.msg);
	pid = spawn(&sub, 1);
	tap_ok(pid > 0, "a process joins it");
	cgroup_close(&sub);
	tap_is_int(cgroup_freeze(cg, true, 5000, &err), 0, "frozen from above");
	tap_is_int(cgroup_destroy(cg, 5000, &err), 0, "destroyed: %s", err.msg);
	waitpid(pid, NULL, 0);
	for (size_t i = 0; i < cg->n; i++)
		tap_ok(stat(cg->d[i].path, &st) < 0 && errno == ENOENT, "%s has gone", cg->d[i].path);
	tap_is_int(cgroup_destroy(cg, 5000, &err), 0, "and once more is no failure");
}

static void record(const struct cgroup *cg)
{
	struct cgroup back;
	char **text;
	size_t n;

	tap_is_int(cgroup_to_text(cg, &arena, &text, &n, &err), 0, "recorded");
	tap_is_int(cgroup_from_text(text, n, cg->manager, &arena, &back, &err), 0, "read back: %s", err.msg);
	tap_is_int(cgroup_open(&back, &err), 0, "opened: %s", err.msg);
	for (size_t i = 0; i < back.n; i++)
		tap_ok(back.d[i].fd >= 0, "%s is open", back.d[i].path);
	cgroup_close(&back);
}

static void undo(void)
{
	char *path = arena_fmt(&arena, "/%s-parent/leaf", id);
	struct stat st;
	struct cgroup cg;
	pid_t pid;

	if (!locate(&cg, path))
		return;
	tap_is_int(cgroup_create(&cg, &err), 0, "made with its parent: %s", err.msg);
	pid = spawn(&cg, 0);
	cgroup_destroy(&cg, 5000, &err);
	waitpid(pid, NULL, 0);
	for (size_t i = 0; i < cg.n; i++)
		tap_ok(stat(arena_fmt(&arena, "%.*s", (int)cg.d[i].made_len, cg.d[i].path), &st) < 0,
			"nothing is left of it in %s", cg.d[i].path);
}

int main(void)
{
	struct cgroup cg;

	if (geteuid() != 0 || cgroup_host_detect(&host, &arena, &err) < 0 || host.mode == CGROUP_MODE_NONE) {
		tap_skip("cgroups of this host", "needs root and cgroups");
		return tap_done();
	}
	printf("# mode %d, %zu hierarchies\n", (int)host.mode, host.n);
	fmt(id, sizeof(id), "enviro-test-%d", (int)getpid());
	if (!locate(&cg, arena_fmt(&arena, "/%s", id)))
		return tap_done();
	if (cgroup_create(&cg, &err) < 0) {
		tap_skip("cgroups of this host", "%s", err.msg);
		return tap_done();
	}
	limits(&cg);
	devices(&cg);
	processes(&cg);
	record(&cg);
	enter(&cg);
	destroy(&cg);
	undo();
	cgroup_close(&cg);
	arena_done(&arena);
	return tap_done();
}
