/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>

#include "base/error.h"
#include "base/str.h"
#include "kernel/signals.h"

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif

enum { WAIT_PIDFD = 3, CLOCK_MONO = 1, EXIT_NOT_EXECUTED = 127, WAIT_NOHANG = 1, WAIT_EXITED = 4, KILL_S = 10 };

struct moment {
	long s, ns;
};

struct pipe {
	int fd[2];
};

/* The pipes: the child's output, and one that says why execve failed. */
struct pipes {
	struct pipe out, err, exec;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)sys_close(*fd);
	*fd = -1;
}

static void close_pipes(struct pipes *p)
{
	for (int i = 0; i < 2; i++) {
		close_fd(&p->out.fd[i]);
		close_fd(&p->err.fd[i]);
		close_fd(&p->exec.fd[i]);
	}
}

static int open_pipes(struct pipes *p)
{
	int r;

	*p = (struct pipes){{{-1, -1}}, {{-1, -1}}, {{-1, -1}}};
	r = (int)sys_call2(SYS_pipe2, p->out.fd, O_CLOEXEC);
	if (r == 0)
		r = (int)sys_call2(SYS_pipe2, p->err.fd, O_CLOEXEC);
	if (r == 0)
		r = (int)sys_call2(SYS_pipe2, p->exec.fd, O_CLOEXEC);
	/* only our ends: reading must not wait for those whom the child leaves behind */
	for (int i = 0; r == 0 && i < 3; i++)
		r = (int)sys_call3(SYS_fcntl, (i == 0 ? p->out : i == 1 ? p->err : p->exec).fd[0], F_SETFL, O_NONBLOCK);
	if (r < 0)
		close_pipes(p);
	return r;
}

/* ---- in the child ---- */

/* fds 0 to 2 may be closed in the caller: sources move out of the way of the targets first. */
static int place_fds(const struct child *c, const struct pipes *p)
{
	int from[3] = {c->in, c->out >= 0 ? c->out : p->out.fd[1], c->err >= 0 ? c->err : p->err.fd[1]}, r = 0;

	for (int i = 0; i < 3 && r >= 0; i++)
		r = from[i] = (int)sys_call3(SYS_fcntl, from[i], F_DUPFD_CLOEXEC, 3);
	for (int i = 0; i < 3 && r >= 0; i++)
		r = (int)sys_call3(SYS_dup3, from[i], i, 0);
	return r;
}

static int close_others(int keep)
{
	int r = sys_close_range(3, (unsigned)keep - 1, 0);

	return r < 0 ? r : sys_close_range((unsigned)keep + 1, ~0u, 0);
}

static _Noreturn void become(const struct child *c, const struct pipes *p)
{
	int say = (int)sys_call3(SYS_fcntl, p->exec.fd[1], F_DUPFD_CLOEXEC, 4), r;

	r = place_fds(c, p);
	if (r >= 0 && c->dir >= 0)
		r = (int)sys_call1(SYS_fchdir, c->dir);
	if (r >= 0)
		r = close_others(say);
	if (r >= 0) {
		signals_reset();
		r = (int)sys_call3(SYS_execve, c->path, c->argv, c->envp);
	}
	(void)sys_write(say, &r, sizeof(r));
	for (;;)
		sys_call1(SYS_exit_group, EXIT_NOT_EXECUTED);
}

/* ---- in the caller ---- */

/* What is there to read goes to buf as long as there is room. False at the end of file. */
static bool drain(int fd, char *buf, size_t *len)
{
	char more[512];

	for (;;) {
		long r = sys_read(fd, more, sizeof(more));

		if (r == -EINTR)
			continue;
		if (r <= 0)
			return r == -EAGAIN;
		for (long i = 0; i < r && *len < CHILD_KEPT - 1; i++)
			buf[(*len)++] = more[i];
	}
}

static struct moment now(void)
{
	struct moment m = {0, 0};

	(void)sys_call2(SYS_clock_gettime, CLOCK_MONO, &m);
	return m;
}

/* What is left until `end`; false: nothing. */
static bool time_left(struct moment end, struct moment *left)
{
	struct moment t = now();

	left->s = end.s - t.s;
	left->ns = end.ns - t.ns;
	if (left->ns < 0) {
		left->s--;
		left->ns += 1000000000;
	}
	return left->s >= 0;
}

/* Until the child has ended or its time is over. */
static void wait_end(const struct child *c, struct pipes *p, int pidfd, struct child_end *end)
{
	struct moment until = now(), left;
	size_t out = 0, err = 0;

	until.s += c->timeout;
	for (;;) {
		struct pollfd f[3] = {{pidfd, POLLIN, 0}, {p->out.fd[0], POLLIN, 0}, {p->err.fd[0], POLLIN, 0}};
		long r;

		if (c->timeout && !time_left(until, &left)) {
			end->timed_out = true;
			(void)sys_pidfd_send_signal(pidfd, SIGKILL);
			left = (struct moment){.s = KILL_S};
			(void)sys_call5(SYS_ppoll, f, 1, &left, NULL, 8);
			break;
		}
		r = sys_call5(SYS_ppoll, f, 3, c->timeout ? &left : NULL, NULL, 8);
		if (r < 0 && r != -EINTR)
			break;
		if (f[0].revents)
			break;
		if (f[1].revents && !drain(p->out.fd[0], end->out, &out))
			close_fd(&p->out.fd[0]);
		if (f[2].revents && !drain(p->err.fd[0], end->err, &err))
			close_fd(&p->err.fd[0]);
	}
	if (p->out.fd[0] >= 0)
		(void)drain(p->out.fd[0], end->out, &out);
	if (p->err.fd[0] >= 0)
		(void)drain(p->err.fd[0], end->err, &err);
	while (out && end->out[out - 1] == '\n')
		out--;
	while (err && end->err[err - 1] == '\n')
		err--;
	end->out[out] = end->err[err] = '\0';
}

/* One that was killed and hangs in the kernel all the same is left. */
static void reap(int pidfd, struct child_end *end)
{
	siginfo_t si;
	long r;

	do
		r = sys_call5(SYS_waitid, WAIT_PIDFD, pidfd, &si, WAIT_EXITED | (end->timed_out ? WAIT_NOHANG : 0), NULL);
	while (r == -EINTR);
	if (r < 0) {
		end->error = (int)r;
		return;
	}
	end->code = si.si_code;
	end->status = si.si_status;
}

bool child_run(const struct child *c, struct child_end *end)
{
	int pidfd = -1, r;
	struct sys_clone_args clone = {
		.flags = CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)&pidfd, .exit_signal = SIGCHLD};
	struct pipes p;

	*end = (struct child_end){0};
	end->error = open_pipes(&p);
	if (end->error < 0)
		return false;
	r = sys_clone3(&clone);
	if (r == -ENOSYS || r == -EPERM) /* a seccomp filter around us that does not know clone3 */
		r = (int)sys_call5(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &pidfd, 0, 0);
	if (r == 0)
		become(c, &p);
	close_fd(&p.out.fd[1]);
	close_fd(&p.err.fd[1]);
	close_fd(&p.exec.fd[1]);
	if (r < 0) {
		end->error = r;
	} else {
		wait_end(c, &p, pidfd, end);
		reap(pidfd, end);
		if (sys_read(p.exec.fd[0], &r, sizeof(r)) == (long)sizeof(r)) {
			end->error = r;
			end->not_executed = true;
		}
	}
	close_fd(&pidfd);
	close_pipes(&p);
	return !end->error && !end->timed_out && end->code == CLD_EXITED && end->status == 0;
}

int child_errno(const struct child_end *end)
{
	if (end->error)
		return end->error;
	return end->timed_out ? -ETIMEDOUT : -EIO;
}

static const char *signal_text(int sig)
{
	static const char *const names[] = {
		[SIGHUP] = "hangup",
		[SIGINT] = "interrupt",
		[SIGQUIT] = "quit",
		[SIGILL] = "illegal instruction",
		[SIGTRAP] = "trace/breakpoint trap",
		[SIGABRT] = "aborted",
		[SIGBUS] = "bus error",
		[SIGFPE] = "floating point exception",
		[SIGKILL] = "killed",
		[SIGSEGV] = "segmentation fault",
		[SIGPIPE] = "broken pipe",
		[SIGALRM] = "alarm clock",
		[SIGTERM] = "terminated",
		[SIGUSR1] = "user defined signal 1",
		[SIGUSR2] = "user defined signal 2",
		[SIGSYS] = "bad system call",
	};

	return sig > 0 && (size_t)sig < sizeof(names) / sizeof(names[0]) ? names[sig] : NULL;
}

void child_describe(const struct child *c, const struct child_end *end, char *buf, size_t n)
{
	char how[64];

	if (end->timed_out) {
		fmt(buf, n, "hook ran past specified timeout of %u.0s", c->timeout);
		return;
	}
	if (end->error) {
		fmt(buf, n, "fork/exec %s: %s", c->path, errno_text(end->error));
		return;
	}
	if (end->code == CLD_EXITED)
		fmt(how, sizeof(how), "exit status %d", end->status);
	else if (signal_text(end->status))
		fmt(how, sizeof(how), "signal: %s%s", signal_text(end->status),
			end->code == CLD_DUMPED ? " (core dumped)" : "");
	else
		fmt(how, sizeof(how), "signal: signal %d", end->status);
	fmt(buf, n, "%s, stdout: %s, stderr: %s", how, end->out, end->err);
}
