/* SPDX-License-Identifier: Apache-2.0 */
/*
 * look [DEVICE:INODE]: what root in a container can do to a runtime's process that turns up in its pid namespace. Runs
 * until it is killed and writes a line for each thing that it got:
 *
 *	memory, fds, ptrace		it could be read or traced
 *	directory, root, cwd		one of its directories leads to something that is not below our root
 *	exe				its program is the file DEVICE:INODE, or could be written
 *	seen				a line for the first time that there was such a process
 *
 * Such a process is any in the namespace whose comm is that of a runtime's init and that is not process 1.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRIES = 200 };

static struct stat our_root, runtime;

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static void got(const char *what, int pid, const char *more)
{
	printf("%s: process %d %s\n", what, pid, more);
	fflush(stdout);
}

static int open_proc(int pid, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return open(path, flags | O_CLOEXEC);
}

/* What has executed its program by now is no secret, and no init any more. */
static bool is_init(int pid)
{
	static const char *const names[] = {"enviro-oci", "runc:[", "crun"};
	char comm[32];
	int fd = open_proc(pid, "comm", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, comm, sizeof(comm) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	comm[n - 1] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(comm, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* Goes up from there; what ends at another root than ours, and shows more than itself, is outside. */
static bool leads_out(int dir)
{
	struct stat at, up;
	int fd = openat(dir, ".", O_PATH | O_DIRECTORY | O_CLOEXEC), next;
	unsigned steps = 0;

	if (fd < 0)
		return false;
	while (fstat(fd, &at) == 0 && !same(&at, &our_root)) {
		next = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (next < 0 || fstat(next, &up) < 0 || same(&at, &up)) {
			bool out = next >= 0 && (steps > 0 || faccessat(fd, "etc", F_OK, 0) == 0);

			if (next >= 0)
				close(next);
			close(fd);
			return out;
		}
		close(fd);
		fd = next;
		steps++;
	}
	close(fd);
	return false;
}

static void try_directory(int pid, const char *name, const char *what)
{
	int fd = open_proc(pid, name, O_PATH | O_DIRECTORY);

	if (fd < 0)
		return;
	if (leads_out(fd))
		got(what, pid, name);
	close(fd);
}

static void try_fds(int pid)
{
	int fd = open_proc(pid, "fd", O_RDONLY | O_DIRECTORY);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	char name[300], link[8];
	bool any = false;

	for (struct dirent *e; d && (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		any = any || readlinkat(fd, e->d_name, link, sizeof(link)) >= 0; /* their numbers tell nothing */
		snprintf(name, sizeof(name), "fd/%s", e->d_name);
		try_directory(pid, name, "directory");
	}
	if (any && is_init(pid))
		got("fds", pid, "");
	if (d)
		closedir(d);
}

static void try_memory(int pid)
{
	int fd = open_proc(pid, "mem", O_RDWR);

	if (fd < 0)
		return;
	if (is_init(pid))
		got("memory", pid, "");
	close(fd);
}

static void try_ptrace(int pid)
{
	if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0)
		return;
	if (is_init(pid))
		got("ptrace", pid, "");
	if (ptrace(PTRACE_INTERRUPT, pid, 0, 0) == 0 && waitpid(pid, NULL, __WALL) == pid)
		(void)ptrace(PTRACE_DETACH, pid, 0, 0);
}

/* A file that is executed cannot be written: it is opened now, and again for writing once its process has ended. What
 * is written is what stands there. */
static void try_exe(int pid)
{
	int fd = open_proc(pid, "exe", O_RDONLY), w = -1;
	struct stat st;
	char path[64], c;

	if (fd < 0)
		return;
	if (is_init(pid) && fstat(fd, &st) == 0 && same(&st, &runtime))
		got("exe", pid, "is the runtime's file");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (int i = 0; i < TRIES && w < 0; i++) {
		w = open(path, O_WRONLY | O_CLOEXEC);
		if (w < 0 && errno == ETXTBSY)
			usleep(1000);
		else if (w < 0)
			break;
	}
	if (w >= 0 && fstat(w, &st) == 0 && (st.st_nlink == 0 || same(&st, &runtime)) && pread(fd, &c, 1, 0) == 1 &&
		pwrite(w, &c, 1, 0) == 1)
		got("exe", pid, "could be written");
	if (w >= 0)
		close(w);
	close(fd);
}

static void look_at(int pid, bool exe)
{
	static bool seen;

	if (!is_init(pid))
		return;
	if (!seen)
		got("seen", pid, "");
	seen = true;
	if (exe)
		try_exe(pid);
	try_fds(pid);
	try_directory(pid, "root", "root");
	try_directory(pid, "cwd", "cwd");
	try_memory(pid);
	try_ptrace(pid);
}

int main(int argc, char **argv)
{
	unsigned long dev = 0, ino = 0;
	int self = getpid();

	if (stat("/", &our_root) < 0 || (argc > 1 && sscanf(argv[1], "%lu:%lu", &dev, &ino) != 2))
		return 2;
	runtime.st_dev = dev;
	runtime.st_ino = ino;
	for (;;) {
		DIR *d = opendir("/proc");

		for (struct dirent *e; d && (e = readdir(d));) {
			int pid = atoi(e->d_name);

			if (pid > 1 && pid != self)
				look_at(pid, argc > 1);
		}
		if (d)
			closedir(d);
	}
}
