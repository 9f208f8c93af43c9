/* SPDX-License-Identifier: Apache-2.0 */

/* floor: does the system calls of one container's whole life, of the bundle that `runc spec` writes, hard-coded, and
 * nothing else: no JSON, no state, no messages between processes. What it takes is what the kernel charges; `run` is
 * quoted as a multiple of it.
 *
 *   floor ROOTFS NAME COMMAND [ARG...]
 *
 * NAME is the container's cgroup, made below the root of every hierarchy that stands below /sys/fs/cgroup and removed
 * afterwards. On cgroup v2 (also the one of a hybrid host) the container is cloned into it; on v1 it joins by itself
 * through `tasks`. Exits with what COMMAND exits with. */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/sys.h"

#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif
#define CLONE3_INTO_CGROUP 0x200000000ULL

enum { MAX_HIERARCHIES = 16 };

/* One v1 hierarchy. */
struct hierarchy {
	char name[64];
	int tasks;
};

static struct hierarchy v1[MAX_HIERARCHIES];
static size_t n_v1;
static char v2_dir[256]; /* the container's cgroup; empty where no cgroup2 is mounted */
static const char *rootfs, *name;

static void check(long r, const char *what)
{
	if (r < 0) {
		fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
		_exit(125);
	}
}

/* What libcs wrap differently or not at all answers a negative errno. */
static int checked(long r, const char *what)
{
	if (r < 0)
		errno = (int)-r;
	check(r < 0 ? -1 : 0, what);
	return (int)r;
}

static void put(int dir, const char *path, const char *text)
{
	int fd = openat(dir, path, O_WRONLY | O_CLOEXEC);

	check(fd, path);
	check(write(fd, text, strlen(text)), path);
	close(fd);
}

/* ---- cgroups ---- */

static void copy_file(const char *from, int dir, const char *to)
{
	char buf[256];
	int fd = open(from, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	check(fd, from);
	n = read(fd, buf, sizeof(buf) - 1);
	check(n, from);
	close(fd);
	buf[n] = '\0';
	put(dir, to, buf);
}

static void v1_devices(int dir)
{
	static const char *const allowed[] = {"c *:* m", "b *:* m", "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm", "c 1:8 rwm",
		"c 1:9 rwm", "c 5:0 rwm", "c 5:2 rwm", "c 136:* rwm"};

	put(dir, "devices.deny", "a");
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		put(dir, "devices.allow", allowed[i]);
}

static void v1_make(struct hierarchy *h)
{
	char path[256], parent[256];
	int dir;

	snprintf(path, sizeof(path), "/sys/fs/cgroup/%.60s/%.100s", h->name, name);
	check(mkdir(path, 0755), path);
	dir = open(path, O_DIRECTORY | O_PATH | O_CLOEXEC);
	check(dir, path);
	if (strstr(h->name, "cpuset")) {
		snprintf(parent, sizeof(parent), "/sys/fs/cgroup/%.60s/cpuset.cpus", h->name);
		copy_file(parent, dir, "cpuset.cpus");
		snprintf(parent, sizeof(parent), "/sys/fs/cgroup/%.60s/cpuset.mems", h->name);
		copy_file(parent, dir, "cpuset.mems");
	}
	if (!strcmp(h->name, "devices"))
		v1_devices(dir);
	h->tasks = openat(dir, "tasks", O_WRONLY | O_CLOEXEC);
	check(h->tasks, "tasks");
	close(dir);
}

/* A device filter must be loaded and attached; that it allows everything saves the kernel next to nothing. */
static void v2_devices(int dir)
{
	struct bpf_insn code[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1},
		{.code = BPF_JMP | BPF_EXIT}};
	union bpf_attr load, attach;
	int fd;

	memset(&load, 0, sizeof(load));
	load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	load.insns = (uint64_t)(uintptr_t)code;
	load.insn_cnt = 2;
	load.license = (uint64_t)(uintptr_t) "Apache-2.0";
	fd = checked(sys_call3(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load)), "bpf load");
	memset(&attach, 0, sizeof(attach));
	attach.target_fd = (uint32_t)dir;
	attach.attach_bpf_fd = (uint32_t)fd;
	attach.attach_type = BPF_CGROUP_DEVICE;
	attach.attach_flags = BPF_F_ALLOW_MULTI;
	checked(sys_call3(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof(attach)), "bpf attach");
	close(fd);
}

/* /proc/self/cgroup names the hierarchies; it does not grow with the host's mounts, as mountinfo does. */
static void find_hierarchies(void)
{
	char text[2048], *save;
	struct statfs fs;
	ssize_t n;
	int fd;

	check(statfs("/sys/fs/cgroup", &fs), "/sys/fs/cgroup");
	if (fs.f_type == CGROUP2_SUPER_MAGIC) {
		snprintf(v2_dir, sizeof(v2_dir), "/sys/fs/cgroup/%.100s", name);
		return;
	}
	fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	check(fd, "/proc/self/cgroup");
	n = read(fd, text, sizeof(text) - 1);
	check(n, "/proc/self/cgroup");
	close(fd);
	text[n] = '\0';
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *controllers = strchr(line, ':') + 1, *end = strchr(controllers, ':');

		*end = '\0';
		if (!strncmp(controllers, "name=", 5))
			controllers += 5;
		if (*controllers && n_v1 < MAX_HIERARCHIES)
			snprintf(v1[n_v1++].name, sizeof(v1[0].name), "%.60s", controllers);
		else if (!access("/sys/fs/cgroup/unified", F_OK))
			snprintf(v2_dir, sizeof(v2_dir), "/sys/fs/cgroup/unified/%.100s", name);
	}
}

static int make_cgroups(void)
{
	int dir = -1;

	find_hierarchies();
	for (size_t i = 0; i < n_v1; i++)
		v1_make(&v1[i]);
	if (v2_dir[0]) {
		check(mkdir(v2_dir, 0755), v2_dir);
		dir = open(v2_dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
		check(dir, v2_dir);
		if (!n_v1)
			v2_devices(dir);
	}
	return dir;
}

static void remove_cgroups(void)
{
	char path[256];

	for (size_t i = 0; i < n_v1; i++) {
		snprintf(path, sizeof(path), "/sys/fs/cgroup/%.60s/%.100s", v1[i].name, name);
		check(rmdir(path), path);
	}
	if (v2_dir[0])
		check(rmdir(v2_dir), v2_dir);
}

/* ---- the container ---- */

static void mount_at(const char *src, const char *dst, const char *type, unsigned long flags, const char *data)
{
	check(mount(src, dst, type, flags, data), dst);
}

static void mount_cgroups(void)
{
	const unsigned long flags = MS_NOSUID | MS_NOEXEC | MS_NODEV;
	char host[256], path[256];

	if (!n_v1) {
		mount_at("cgroup", "sys/fs/cgroup", "cgroup2", flags | MS_RDONLY, NULL);
		return;
	}
	mount_at("tmpfs", "sys/fs/cgroup", "tmpfs", flags, "mode=755");
	for (size_t i = 0; i < n_v1; i++) {
		snprintf(host, sizeof(host), "/sys/fs/cgroup/%.60s/%.100s", v1[i].name, name);
		snprintf(path, sizeof(path), "sys/fs/cgroup/%.60s", v1[i].name);
		check(mkdir(path, 0755), path);
		mount_at(host, path, NULL, MS_BIND, NULL);
		mount_at(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, NULL);
	}
	mount_at(NULL, "sys/fs/cgroup", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, NULL);
}

static void mounts(void)
{
	const unsigned long safe = MS_NOSUID | MS_NOEXEC | MS_NODEV;

	mount_at(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
	mount_at(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL);
	check(chdir(rootfs), rootfs);
	mount_at("proc", "proc", "proc", 0, NULL);
	mount_at("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k");
	check(mkdir("dev/pts", 0755), "dev/pts");
	mount_at("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5");
	check(mkdir("dev/shm", 0755), "dev/shm");
	mount_at("shm", "dev/shm", "tmpfs", safe, "mode=1777,size=65536k");
	check(mkdir("dev/mqueue", 0755), "dev/mqueue");
	mount_at("mqueue", "dev/mqueue", "mqueue", safe, NULL);
	mount_at("sysfs", "sys", "sysfs", safe | MS_RDONLY, NULL);
	mount_cgroups();
}

static void devices(void)
{
	static const struct {
		const char *path;
		unsigned major, minor;
	} nodes[] = {{"dev/null", 1, 3}, {"dev/zero", 1, 5}, {"dev/full", 1, 7}, {"dev/random", 1, 8},
		{"dev/urandom", 1, 9}, {"dev/tty", 5, 0}};
	static const char *const links[][2] = {{"/proc/self/fd", "dev/fd"}, {"/proc/self/fd/0", "dev/stdin"},
		{"/proc/self/fd/1", "dev/stdout"}, {"/proc/self/fd/2", "dev/stderr"}, {"/proc/kcore", "dev/core"},
		{"pts/ptmx", "dev/ptmx"}};

	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		check(mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)), nodes[i].path);
		check(chmod(nodes[i].path, 0666), nodes[i].path);
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		check(symlink(links[i][0], links[i][1]), links[i][1]);
}

static void pivot(void)
{
	check(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	check(umount2(".", MNT_DETACH), "umount of the old root");
	check(chdir("/"), "/");
}

static void hide(void)
{
	static const char *const read_only[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
	static const char *const masked[] = {"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys",
		"/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware",
		"/proc/scsi"};

	for (size_t i = 0; i < sizeof(read_only) / sizeof(read_only[0]); i++) {
		const char *p = read_only[i];

		if (mount(p, p, NULL, MS_BIND | MS_REC, NULL) == 0)
			mount_at(p, p, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	}
	for (size_t i = 0; i < sizeof(masked) / sizeof(masked[0]); i++)
		if (mount("/dev/null", masked[i], NULL, MS_BIND, NULL) < 0 && errno == ENOTDIR)
			mount_at("tmpfs", masked[i], "tmpfs", MS_RDONLY, "size=0k");
	mount_at(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
}

static void loopback_up(void)
{
	struct ifreq r;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memset(&r, 0, sizeof(r));
	strcpy(r.ifr_name, "lo");
	r.ifr_flags = IFF_UP;
	check(fd, "socket");
	check(ioctl(fd, SIOCSIFFLAGS, &r), "lo");
	close(fd);
}

static void privileges(void)
{
	const uint32_t keep = 1U << CAP_KILL | 1U << CAP_NET_BIND_SERVICE | 1U << CAP_AUDIT_WRITE;
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {{keep, keep, 0}, {0, 0, 0}};
	struct rlimit files = {1024, 1024};

	check(setrlimit(RLIMIT_NOFILE, &files), "RLIMIT_NOFILE");
	for (unsigned long c = 0; c <= CAP_LAST_CAP; c++)
		if (c > 31 || !(keep >> c & 1))
			prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
	check(setgroups(0, NULL), "setgroups");
	check(setgid(0), "setgid");
	check(setuid(0), "setuid");
	check(syscall(SYS_capset, &head, data), "capset");
	check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
}

static __attribute__((noreturn)) void container(char **argv)
{
	static char *env[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm", NULL};

	for (size_t i = 0; i < n_v1; i++)
		check(write(v1[i].tasks, "0", 1), v1[i].name);
	if (!n_v1) /* on v1 the bundle has no cgroup namespace */
		check(unshare(CLONE_NEWCGROUP), "unshare");
	check(setsid(), "setsid");
	mounts();
	devices();
	pivot();
	loopback_up();
	check(sethostname("runc", 4), "sethostname");
	hide();
	umask(022);
	privileges();
	execve(argv[0], argv, env);
	check(-1, argv[0]);
	_exit(125);
}

int main(int argc, char **argv)
{
	struct sys_clone_args a = {.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET,
		.exit_signal = SIGCHLD};
	int cgroup, status = 0;
	pid_t pid;

	if (argc < 4) {
		fputs("usage: floor ROOTFS NAME COMMAND [ARG...]\n", stderr);
		return 2;
	}
	rootfs = argv[1];
	name = argv[2];
	cgroup = make_cgroups();
	if (cgroup >= 0) {
		a.flags |= CLONE3_INTO_CGROUP;
		a.cgroup = (uint64_t)cgroup;
	}
	pid = checked(sys_clone3(&a), "clone3");
	if (!pid)
		container(argv + 3);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	remove_cgroups();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
