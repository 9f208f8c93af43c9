/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "base/file.h"
#include "base/str.h"
#include "base/wait.h"
#include "container/store.h"

enum { LOCK_S = 10 };

/* Who has it, from /proc/locks: "1: FLOCK ADVISORY WRITE PID MAJOR:MINOR:INODE 0 EOF". 0: not to be seen from here. The
 * device is left out: some file systems show another one there than in stat(2). */
static uint32_t holder(int dir)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	char *text, *line, *save = NULL, inode[24];
	struct stat st;

	if (fstat(dir, &st) < 0 || file_read_at(&a, AT_FDCWD, "/proc/locks", 1 << 20, &text, NULL, NULL) < 0)
		return 0;
	fmt(inode, sizeof(inode), ":%lu ", (unsigned long)st.st_ino);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *mode = strstr(line, " WRITE ");

		if (mode && strstr(line, " FLOCK ") && strstr(line, inode) && !strstr(line, "->"))
			return (uint32_t)strtoul(mode + strlen(" WRITE "), NULL, 10);
	}
	return 0;
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* flock(2) has no limit of its own, and the kernel tells nobody of an unlock: a timer interrupts it, again each second as
 * the first signal may come just before the call. */
static int lock_limited(int dir)
{
	const struct itimerval limit = {.it_interval = {.tv_sec = 1}, .it_value = {.tv_sec = LOCK_S}}, none = {0};
	const struct sigaction interrupt = {.sa_handler = on_alarm};
	int64_t deadline = wait_now_ms() + (int64_t)LOCK_S * 1000;
	struct sigaction before;
	sigset_t alarm, mask;
	int r;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigaction(SIGALRM, &interrupt, &before);
	sigprocmask(SIG_UNBLOCK, &alarm, &mask);
	setitimer(ITIMER_REAL, &limit, NULL);
	do
		r = flock(dir, LOCK_EX) < 0 ? -errno : 0;
	while (r == -EINTR && wait_now_ms() < deadline);
	setitimer(ITIMER_REAL, &none, NULL);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	sigaction(SIGALRM, &before, NULL);
	return r == -EINTR ? -ETIMEDOUT : r;
}

int store_lock(int dir, struct error *err)
{
	uint32_t pid;
	int r = flock(dir, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;

	if (r == -EWOULDBLOCK || r == -EINTR)
		r = lock_limited(dir);
	if (r != -ETIMEDOUT)
		return r < 0 ? error_errno(err, r, "locking the state directory") : 0;
	pid = holder(dir);
	return pid ? error_set(err, ETIMEDOUT, "state directory: locked for %d s and longer by process %u", LOCK_S, pid)
		   : error_set(err, ETIMEDOUT, "state directory: locked for %d s and longer", LOCK_S);
}
