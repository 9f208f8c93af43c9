/* SPDX-License-Identifier: Apache-2.0 */
#include "container/foreground.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "container/container.h"
#include "container/notify.h"
#include "kernel/sys.h"

enum { MOMENT_MS = 300 };

int foreground_begin(struct foreground *f, bool subreaper, struct error *err)
{
	sigset_t all;

	memset(&all, 0xff, sizeof(all)); /* sigfillset leaves out those that a C library may use for threads: 32 to 34 */
	/* these come from our own mistakes and must end us */
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGFPE);
	sigprocmask(SIG_BLOCK, &all, &f->before);
	f->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (f->signals < 0)
		return error_errno(err, errno, "waiting for the container: signalfd");
	if (subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return error_errno(err, errno, "waiting for the container: subreaper");
	return 0;
}

static void resize(int console)
{
	struct winsize w;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (ioctl(fd, TIOCGWINSZ, &w) == 0) {
			(void)ioctl(console, TIOCSWINSZ, &w);
			return;
		}
}

static void make_raw(struct foreground *f)
{
	struct termios raw;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &f->cooked) < 0)
		return;
	raw = f->cooked;
	cfmakeraw(&raw);
	raw.c_oflag |= OPOST; /* the container's terminal has ONLCR off: ours translates */
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0)
		f->tty = STDIN_FILENO;
}

void foreground_attach(struct foreground *f, int console)
{
	if (console < 0)
		return;
	make_raw(f);
	resize(console);
}

void foreground_end(struct foreground *f)
{
	if (f->tty >= 0)
		(void)tcsetattr(f->tty, TCSANOW, &f->cooked);
	f->tty = -1;
	if (f->signals >= 0)
		sigprocmask(SIG_SETMASK, &f->before, NULL);
	fd_close(&f->signals);
	relay_child_stop(&f->relay);
}

struct process {
	pid_t pid;
	int pidfd, console;
};

/* Reaps all that ended; the status of `pid` when it is among them, else -1. */
static int reap(struct foreground *f, pid_t pid)
{
	int found = -1, status;
	pid_t p;

	while ((p = waitpid(-1, &status, WNOHANG)) > 0) {
		if (p == pid)
			found = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
		if (p == f->relay.pid) {
			if (WIFEXITED(status) && WEXITSTATUS(status) == RELAY_CHILD_LOST)
				log_warn("terminal: nobody reads its output: the rest is lost");
			else if (status)
				log_warn("relay of the container's output: ended too early (wait status %#x)", (unsigned)status);
			relay_child_gone(&f->relay);
		}
	}
	return found;
}

/* Whoever wants us gone need not wait for somebody to read what is left. */
static void hurry(struct foreground *f, int signo)
{
	if (f->relay.pid && (signo == SIGTERM || signo == SIGINT || signo == SIGHUP || signo == SIGQUIT))
		relay_child_stop(&f->relay);
}

static int take_signals(struct foreground *f, const struct process *p, bool ended)
{
	struct signalfd_siginfo s;
	int status = -1;

	while (read(f->signals, &s, sizeof(s)) == (ssize_t)sizeof(s)) {
		if (s.ssi_signo == SIGCHLD) {
			int r = reap(f, p->pid);

			if (r >= 0)
				status = r;
		} else if (s.ssi_signo == SIGWINCH && p->console >= 0) {
			resize(p->console);
		} else if (ended) {
			hurry(f, (int)s.ssi_signo);
		} else if (s.ssi_signo != SIGPIPE) { /* our own: nobody reads what we relay */
			(void)sys_pidfd_send_signal(p->pidfd, (int)s.ssi_signo);
		}
	}
	return status;
}

int foreground_wait(struct foreground *f, pid_t pid, int pidfd, int console, int notify, struct error *err)
{
	const struct process child = {pid, pidfd, console};
	int status = -1, r = 0, n;

	if (console >= 0 || notify >= 0)
		r = relay_child_begin(&f->relay, console, notify, err);
	if (r < 0)
		return r;
	r = reap(f, pid);
	for (;;) {
		struct pollfd p[] = {{.fd = f->signals, .events = POLLIN}, {.fd = f->relay.sock, .events = POLLIN}};

		if (r >= 0) {
			status = r;
			relay_child_finish(&f->relay);
		}
		if (status >= 0 && !f->relay.pid)
			return status;
		n = poll(p, 2, f->counts ? MOMENT_MS : -1);
		if (n < 0 && errno != EINTR)
			return error_errno(err, errno, "waiting for the container");
		if (n == 0) {
			context_save_metrics(f->counts, 0, false);
			f->counts = NULL;
		}
		if (p[1].revents && relay_child_ready(&f->relay))
			notify_ready(getpid());
		r = p[0].revents ? take_signals(f, &child, status >= 0) : -1;
	}
}
