/* SPDX-License-Identifier: Apache-2.0 */
#include "container/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/str.h"
#include "base/wait.h"

int process_stat(pid_t pid, struct process_stat *ret)
{
	char path[32], text[1024], *open, *close, *p;
	int r;

	fmt(path, sizeof(path), "/proc/%d/stat", (int)pid);
	r = file_read_small(AT_FDCWD, path, text, sizeof(text));
	if (r < 0)
		return r;
	/* comm may hold anything, ')' too: it ends at the last one */
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (!open || !close || close < open || close[1] != ' ')
		return -EBADMSG;
	*close = '\0';
	str_copy(ret->comm, sizeof(ret->comm), open + 1);
	p = close + 2;
	ret->state = *p;
	for (int field = 3; field < 22; field++) {
		p = strchr(p, ' ');
		if (!p)
			return -EBADMSG;
		p++;
	}
	ret->start_time = 0;
	while (*p >= '0' && *p <= '9')
		ret->start_time = ret->start_time * 10 + (uint64_t)(*p++ - '0');
	return 0;
}

pid_t process_of_pidfd(int pidfd)
{
	char path[64], text[512], *p;
	uint64_t pid = 0;

	fmt(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	if (file_read_small(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return 0;
	p = strstr(text, "Pid:\t");
	if (!p || p[5] == '-')
		return 0;
	for (p += 5; *p >= '0' && *p <= '9'; p++)
		pid = pid * 10 + (uint64_t)(*p - '0');
	return (pid_t)pid;
}

int process_wait_end(int pidfd, int timeout_ms)
{
	return wait_fd(pidfd, POLLIN, timeout_ms);
}

int process_reap(pid_t pid)
{
	int status;
	pid_t r;

	do
		r = waitpid(pid, &status, 0);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int process_reap_limited(pid_t pid, int pidfd)
{
	int r = process_wait_end(pidfd, PROCESS_END_MS);

	return r == -ETIMEDOUT ? r : process_reap(pid);
}
