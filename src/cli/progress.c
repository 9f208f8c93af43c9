/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "base/wait.h"

static void show(const char *what, const char *whom, unsigned seconds)
{
	char line[200];
	size_t n = fmt(line, sizeof(line), "\r%s%s%s: %u s", what, whom ? " " : "", whom ? whom : "", seconds);

	(void)fd_write_all(STDERR_FILENO, line, n);
}

/* The child: until the other end of the pipe is closed. */
static void keep_showing(int fd, const char *what, const char *whom)
{
	static const char erase[] = "\r\033[K";
	unsigned seconds = 0;

	while (wait_fd(fd, POLLIN, 1000) == -ETIMEDOUT)
		show(what, whom, ++seconds);
	if (seconds)
		(void)fd_write_all(STDERR_FILENO, erase, sizeof(erase) - 1);
	_exit(0);
}

void progress_begin(struct progress *p, const char *what, const char *whom)
{
	int ends[2];

	*p = PROGRESS_NONE;
	if (!isatty(STDERR_FILENO) || pipe2(ends, O_CLOEXEC) < 0)
		return;
	p->pid = fork();
	if (p->pid == 0) {
		close(ends[1]);
		keep_showing(ends[0], what, whom);
	}
	close(ends[0]);
	p->fd = ends[1];
	if (p->pid < 0)
		fd_close(&p->fd);
}

void progress_end(struct progress *p)
{
	if (p->fd < 0)
		return;
	fd_close(&p->fd);
	while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
