/* SPDX-License-Identifier: Apache-2.0 */

/* A cgroup made, limited, joined, frozen and destroyed on the hierarchies of this host. Root only. Run it also in a
 * legacy and in a unified view (contrib/) to have it on pure v1 and v2. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
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
	int fds[CGROUP_MAX_HIERARCHIES], memory, n = cgroup_task_fds(cg, false, fds, &memory, &err), ready[2];
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
	return tap_is_int(
		cgroup_locate(&host, CGROUP_MANAGER_CGROUPFS, path, id, &arena, cg, &err), 0, "%s is located", path);
}

/* Compiles and applies what of r this host has controllers for. */
static bool apply(struct cgroup *cg, struct oci_linux_resources r, bool for_update)
{
	struct cgroup_settings s;

	if (cgroup_find(cg, "memory") == CGROUP_NO_DIR)
		r.memory = NULL;
	if (cgroup_find(cg, "cpu") == CGROUP_NO_DIR || cgroup_find(cg, "cpuset") == CGROUP_NO_DIR)
		r.cpu = NULL;
	if (cgroup_find(cg, "pids") == CGROUP_NO_DIR)
		r.pids = NULL;
	if (cgroup_find(cg, "blkio") == CGROUP_NO_DIR)
		r.block_io = NULL;
	err = (struct error){0};
	return cgroup_compile(cg, &r, for_update, &arena, &s, &err) == 0 && cgroup_apply(cg, &s, &err) == 0;
}

static void has(const struct cgroup *cg, const char *controller, const char *v1, const char *v2, const char *want)
{
	int i = cgroup_find(cg, controller);

	if (i != CGROUP_NO_DIR)
		tap_is_str(value(cg, controller, cg->d[i].v2 ? v2 : v1), want, "%s", cg->d[i].v2 ? v2 : v1);
}

/* Up, down and away, each from a state in which the kernel takes the writes in one order only. */
static void memory(struct cgroup *cg)
{
	struct oci_memory m = {.limit = 64 << 20, .swap = 128 << 20, .reservation = 32 << 20};
	struct oci_linux_resources r = {.memory = &m};
	bool v2 = cg->mode == CGROUP_MODE_V2;

	tap_ok(apply(cg, r, false), "memory: %s", err.msg);
	has(cg, "memory", "memory.limit_in_bytes", "memory.max", "67108864");
	has(cg, "memory", "memory.memsw.limit_in_bytes", "memory.swap.max", v2 ? "67108864" : "134217728");
	has(cg, "memory", "memory.soft_limit_in_bytes", "memory.low", "33554432");
	m = (struct oci_memory){.limit = 256 << 20, .swap = 512 << 20};
	tap_ok(apply(cg, r, true), "raised: %s", err.msg);
	has(cg, "memory", "memory.memsw.limit_in_bytes", "memory.swap.max", v2 ? "268435456" : "536870912");
	m.limit = m.swap = 32 << 20;
	tap_ok(apply(cg, r, true), "lowered: %s", err.msg);
	has(cg, "memory", "memory.limit_in_bytes", "memory.max", "33554432");
	m.limit = m.swap = -1;
	tap_ok(apply(cg, r, true), "lifted: %s", err.msg);
	if (v2)
		has(cg, "memory", "", "memory.max", "max");
	m = (struct oci_memory){.limit = 1 << 20, .swap = 1 << 20, .check_before_update = true};
	tap_ok(apply(cg, r, true), "checked before: %s", err.msg);
	m = (struct oci_memory){.limit = -1};
	tap_ok(apply(cg, r, true), "lifted without a word of swap: %s", err.msg);
}

static void cpu(struct cgroup *cg)
{
	struct oci_cpu c = {.shares = 512, .quota = 50000, .period = 100000, .cpus = (char *)"0", .mems = (char *)"0"};
	struct oci_linux_resources r = {.cpu = &c};

	tap_ok(apply(cg, r, false), "cpu: %s", err.msg);
	if (!r.cpu || cgroup_find(cg, "cpu") == CGROUP_NO_DIR)
		return;
	has(cg, "cpu", "cpu.shares", "cpu.weight", cg->mode == CGROUP_MODE_V2 ? "59" : "512");
	has(cg, "cpu", "cpu.cfs_quota_us", "cpu.max", cg->mode == CGROUP_MODE_V2 ? "50000 100000" : "50000");
	has(cg, "cpuset", "cpuset.cpus", "cpuset.cpus", "0");
	c = (struct oci_cpu){.period = 200000};
	tap_ok(apply(cg, r, true), "another period: %s", err.msg);
	has(cg, "cpu", "cpu.cfs_period_us", "cpu.max", cg->mode == CGROUP_MODE_V2 ? "50000 200000" : "200000");
	c = (struct oci_cpu){.quota = 30000, .has_burst = true, .burst = 20000};
	tap_ok(apply(cg, r, true), "another quota, with a burst: %s", err.msg);
	has(cg, "cpu", "cpu.cfs_burst_us", "cpu.max.burst", "20000");
	c = (struct oci_cpu){.quota = 90000, .has_burst = true, .burst = 80000};
	tap_ok(apply(cg, r, true), "a burst that only the new quota allows: %s", err.msg);
	c = (struct oci_cpu){.quota = -1, .has_burst = true};
	tap_ok(apply(cg, r, true), "no quota: %s", err.msg);
	c = (struct oci_cpu){.has_idle = true, .idle = 1, .shares = 100};
	tap_ok(apply(cg, r, true), "idle: %s", err.msg);
	c = (struct oci_cpu){.has_idle = true, .shares = 1024};
	tap_ok(apply(cg, r, true), "busy again: %s", err.msg);
	has(cg, "cpu", "cpu.shares", "cpu.weight", cg->mode == CGROUP_MODE_V2 ? "100" : "1024");
}

static void rest(struct cgroup *cg)
{
	struct oci_pids pids = {.has_limit = true, .limit = 33};
	char *keys[] = {(char *)"memory.high", (char *)"pids.max"}, *values[] = {(char *)"90000000", (char *)"44"};
	struct oci_map unified = {.keys = keys, .values = values, .len = 2};
	struct oci_block_io io = {.weight = 500};
	struct oci_linux_resources r = {.pids = &pids};

	tap_ok(apply(cg, r, false), "pids: %s", err.msg);
	has(cg, "pids", "pids.max", "pids.max", "33");
	if (cg->mode != CGROUP_MODE_V2 || cgroup_find(cg, "memory") == CGROUP_NO_DIR)
		return;
	r.unified = &unified;
	tap_ok(apply(cg, r, false), "unified: %s", err.msg);
	has(cg, "pids", "", "pids.max", "44");
	keys[1] = (char *)"memory.nothing";
	tap_ok(!apply(cg, r, false), "unified, a file that is not there: %s", err.msg);
	r = (struct oci_linux_resources){.block_io = &io};
	tap_ok(apply(cg, r, false), "a weight for block I/O: %s", err.msg);
}

/* Whether a process of the cgroup may open the device. */
static bool may_open(const struct cgroup *cg, unsigned maj, unsigned min, int flags)
{
	char dir[] = "/dev/cgroup-test-XXXXXX", path[64];
	int status = 0;
	pid_t pid;

	if (!mkdtemp(dir))
		return false;
	fmt(path, sizeof(path), "%s/dev", dir);
	if (mknod(path, S_IFCHR | 0600, makedev(maj, min)) == 0) {
		pid = fork();
		if (pid == 0)
			_exit(cgroup_attach(cg, getpid(), NULL) < 0 ? 2
				: open(path, flags) < 0             ? (errno != EPERM && errno != EACCES)
								    : 1);
		waitpid(pid, &status, 0);
		unlink(path);
	}
	rmdir(dir);
	return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

static void devices(struct cgroup *cg)
{
	struct oci_device_cgroup rules[] = {
		{.allow = false, .access = (char *)"rwm"},
		{.allow = true,
			.type = (char *)"c",
			.has_major = true,
			.major = 1,
			.has_minor = true,
			.minor = 11,
			.access = (char *)"r"},
	};
	struct oci_linux_resources r = {.devices = rules, .devices_len = 2};
	struct cgroup_settings s;

	tap_ok(cgroup_compile(cg, &r, false, &arena, &s, &err) == 0 && cgroup_apply(cg, &s, &err) == 0, "devices: %s",
		err.msg);
	tap_ok(may_open(cg, 1, 3, O_RDWR), "/dev/null is allowed");
	tap_ok(may_open(cg, 1, 11, O_RDONLY), "a device of the configuration is allowed");
	tap_ok(!may_open(cg, 1, 11, O_RDWR), "only as far as it says");
	tap_ok(!may_open(cg, 1, 1, O_RDONLY), "another is not");
	rules[1].access = (char *)"rw";
	tap_ok(cgroup_compile(cg, &r, false, &arena, &s, &err) == 0 && cgroup_apply(cg, &s, &err) == 0, "again: %s",
		err.msg);
	tap_ok(may_open(cg, 1, 11, O_RDWR), "rules can be replaced by wider ones");
	rules[1].access = (char *)"m";
	tap_ok(cgroup_compile(cg, &r, false, &arena, &s, &err) == 0 && cgroup_apply(cg, &s, &err) == 0, "again: %s",
		err.msg);
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
	tap_ok(str_starts(err.msg, "container's cgroup is not empty: 3 process(es) found in /"), "in runc's words, and where: %s",
		err.msg);
	cgroup_close(&again);
	if (cgroup_find(cg, "memory") != CGROUP_NO_DIR) {
		struct oci_memory m = {.limit = 4096, .check_before_update = true};

		tap_ok(!apply(cg, (struct oci_linux_resources){.memory = &m}, true), "a limit below the usage: %s",
			err.msg);
	}
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
	char *leaf = arena_fmt(&arena, "%s/leaf", cg->d[first].path), *arg, have[1024];
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
	if (cg->mode != CGROUP_MODE_V2 || file_read_small(cg->d[v2].fd, "cgroup.controllers", have, sizeof(have)) < 0 ||
		!cgroup_list_has(have, "hugetlb"))
		return;
	/* init goes below, and controllers are enabled above it: the container's own cgroup takes no more processes */
	tap_is_int(mkdir(leaf, 0755), 0, "a cgroup for init");
	pid = spawn(cg, 0);
	tap_ok(file_write_at(-1, arena_fmt(&arena, "%s/cgroup.procs", leaf), arena_fmt(&arena, "%d", (int)pid)) == 0 &&
			file_write_at(cg->d[v2].fd, "cgroup.subtree_control", "+hugetlb") == 0,
		"controllers in it");
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

/* One that was there before: taken when it is empty and runs, and not removed by an undo. */
static void existing(void)
{
	struct cgroup cg, again;
	struct stat st;

	if (!locate(&cg, arena_fmt(&arena, "/%s-there", id)))
		return;
	tap_is_int(cgroup_create(&cg, &err), 0, "made: %s", err.msg);
	again = cg;
	for (size_t i = 0; i < again.n; i++) {
		again.d[i].fd = -1;
		again.d[i].made_len = 0;
	}
	tap_is_int(cgroup_freeze(&cg, true, 1000, &err), 0, "and frozen");
	tap_is_int(cgroup_create(&again, &err), -EBUSY, "a frozen one is not taken");
	tap_ok(str_starts(err.msg, "container's cgroup unexpectedly frozen: /"), "in runc's words, and where: %s", err.msg);
	again.d[0].path = arena_fmt(&arena, "%s/below", cg.d[0].path);
	for (size_t i = 1; i < again.n; i++)
		again.d[i].path = arena_fmt(&arena, "%s/below", cg.d[i].path);
	tap_is_int(cgroup_create(&again, &err), -EBUSY, "nor one in it");
	for (size_t i = 0; i < again.n; i++)
		tap_ok(stat(again.d[i].path, &st) < 0, "%s has been taken back", again.d[i].path);
	tap_is_int(cgroup_freeze(&cg, false, 1000, &err), 0, "thawed");
	for (size_t i = 0; i < again.n; i++)
		again.d[i].path = cg.d[i].path;
	tap_is_int(cgroup_create(&again, &err), 0, "then it is taken: %s", err.msg);
	tap_is_int(cgroup_destroy(&again, 1000, &err), 0, "given back");
	for (size_t i = 0; i < cg.n; i++)
		tap_ok(stat(cg.d[i].path, &st) == 0, "and still there");
	cgroup_destroy(&cg, 1000, &err);
}

static void unprivileged(void)
{
	struct cgroup cg;
	struct stat st;
	int status = 0;
	pid_t pid;

	if (!locate(&cg, arena_fmt(&arena, "/%s-user", id)))
		return;
	pid = fork();
	if (pid == 0)
		_exit(setresuid(65534, 65534, 65534) < 0 ? 0 : -cgroup_create(&cg, &err));
	waitpid(pid, &status, 0);
	tap_is_int(WEXITSTATUS(status), EACCES, "another user may not make one");
	tap_ok(stat(cg.d[0].path, &st) < 0, "and leaves nothing");
}

/* Deeper than there are fds for, and frozen inside on v1. */
static void deep(void)
{
	struct rlimit old, few;
	struct cgroup cg, sub;
	pid_t pid;
	int i, fd;

	if (!locate(&cg, arena_fmt(&arena, "/%s-deep", id)))
		return;
	tap_is_int(cgroup_create(&cg, &err), 0, "made: %s", err.msg);
	i = cgroup_find(&cg, "freezer");
	sub = cg;
	for (size_t j = 0; j < sub.n; j++) {
		sub.d[j].path = arena_fmt(&arena, "%s/inner", cg.d[j].path);
		sub.d[j].fd = -1;
	}
	tap_is_int(cgroup_create(&sub, &err), 0, "with one inside: %s", err.msg);
	pid = spawn(&sub, 0);
	tap_is_int(cgroup_freeze(&sub, true, 5000, &err), 0, "which is frozen");
	cgroup_close(&sub);
	fd = openat(cg.d[i].fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int level = 0; level < 100; level++) {
		int next = mkdirat(fd, "d", 0755) < 0 ? -1 : openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		close(fd);
		fd = next;
	}
	tap_ok(fd >= 0, "and a hundred in each other");
	close(fd);
	getrlimit(RLIMIT_NOFILE, &old);
	few = (struct rlimit){cg.mode == CGROUP_MODE_V2 ? 32 : 160, old.rlim_max};
	setrlimit(RLIMIT_NOFILE, &few);
	tap_is_int(cgroup_destroy(&cg, 5000, &err), 0, "all of it goes: %s", err.msg);
	setrlimit(RLIMIT_NOFILE, &old);
	waitpid(pid, NULL, 0);
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

/* An older kernel's directory: a limit that is left out there is told, one of nothing is not. */
static void left_out(void)
{
	struct cgroup_write w[] = {{.file = "cpu.cfs_burst_us", .value = "0", .what = "none", .optional = true},
		{.file = "cpu.cfs_burst_us", .value = "5000", .what = "burst", .optional = true},
		{.file = "memory.kmem.limit_in_bytes", .value = "5000", .what = "kernel", .optional = true}};
	struct cgroup_settings s = {.w = w, .n = 3};
	struct cgroup cg = {.mode = CGROUP_MODE_V1, .n = 1};
	char dir[] = "/tmp/enviro-unit-XXXXXX", text[512] = "";
	const char *log;

	if (!mkdtemp(dir))
		return;
	log = arena_fmt(&arena, "%s/log", dir);
	cg.d[0] = (struct cgroup_dir){.path = dir, .fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC)};
	tap_is_int(log_open(log, LOG_FORMAT_TEXT, LOG_LEVEL_WARN, &err), 0, "the log opens");
	tap_is_int(cgroup_apply(&cg, &s, &err), 0, "without the files: %s", err.msg);
	tap_ok(file_read_small(-1, log, text, sizeof(text)) > 0 && strstr(text, "burst: ignored") &&
			strstr(text, "kernel: ignored") && !strstr(text, "none"),
		"the warnings: %s", text);
	log_open(NULL, LOG_FORMAT_TEXT, LOG_LEVEL_WARN, &err);
	close(cg.d[0].fd);
	unlink(log);
	rmdir(dir);
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
	memory(&cg);
	cpu(&cg);
	rest(&cg);
	devices(&cg);
	processes(&cg);
	record(&cg);
	enter(&cg);
	destroy(&cg);
	existing();
	unprivileged();
	deep();
	undo();
	left_out();
	cgroup_close(&cg);
	arena_done(&arena);
	return tap_done();
}
