/* SPDX-License-Identifier: Apache-2.0 */
#include "container/pid_namespace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "container/create.h"
#include "kernel/nsfs.h"

struct members {
	struct arena *a;
	pid_t *pids;
	size_t n, cap;
};

static int open_namespace(pid_t pid)
{
	char path[64];
	int fd;

	fmt(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The kernel says who the parent is up to our own namespace. */
static bool is_inside(pid_t pid, const struct stat *wanted)
{
	_cleanup_close_ int fd = open_namespace(pid);
	struct stat st;

	while (fd >= 0 && fstat(fd, &st) == 0) {
		int parent;

		if (st.st_ino == wanted->st_ino && st.st_dev == wanted->st_dev)
			return true;
		parent = ioctl(fd, NS_GET_PARENT);
		fd_close(&fd);
		fd = parent;
	}
	return false;
}

static int add(struct members *m, pid_t pid)
{
	if (m->n == m->cap) {
		size_t cap = m->cap ? m->cap * 2 : 16;
		pid_t *p = arena_array(m->a, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		if (m->n)
			memcpy(p, m->pids, m->n * sizeof(*p));
		m->pids = p;
		m->cap = cap;
	}
	m->pids[m->n++] = pid;
	return 0;
}

static int ascending(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int scan(struct members *m, const struct stat *wanted)
{
	DIR *dir = opendir("/proc");
	const struct dirent *d;
	int r = 0;

	if (!dir)
		return -errno;
	while (r == 0 && (d = readdir(dir))) {
		uint32_t pid;

		if (str_to_u32(d->d_name, &pid) && is_inside((pid_t)pid, wanted))
			r = add(m, (pid_t)pid);
	}
	closedir(dir);
	return r;
}

int pid_namespace_members(pid_t init, struct arena *a, pid_t **ret, size_t *n, struct error *err)
{
	struct members m = {.a = a};
	struct stat wanted;
	int r;

	if (setup_inner_pid(init) != 1)
		return -EOPNOTSUPP;
	_cleanup_close_ int fd = open_namespace(init);
	r = fd < 0 ? fd : fstat(fd, &wanted) < 0 ? -errno : scan(&m, &wanted);
	if (r < 0)
		return error_errno(err, r, "pid namespace of process %d", (int)init);
	if (m.n)
		qsort(m.pids, m.n, sizeof(*m.pids), ascending);
	*ret = m.pids;
	*n = m.n;
	return 0;
}
