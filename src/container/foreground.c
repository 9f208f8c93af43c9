/* SPDX-License-Identifier: Apache-2.0 */
#include "container/foreground.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "container/notify.h"
#include "container/relay.h"
#include "kernel/sys.h"

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
		return error_errno(err, errno, "signalfd");
	if (subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return error_errno(err, errno, "subreaper");
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
}

/* Reaps all that ended; the status of `pid` when it is among them, else -1. */
static int reap(pid_t pid)
{
	int found = -1, status;
	pid_t p;

	while ((p = waitpid(-1, &status, WNOHANG)) > 0)
		if (p == pid)
			found = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return found;
}

static int take_signals(struct foreground *f, pid_t pid, int pidfd, int console)
{
	struct signalfd_siginfo s;
	int status = -1;

	while (read(f->signals, &s, sizeof(s)) == (ssize_t)sizeof(s)) {
		if (s.ssi_signo == SIGCHLD) {
			int r = reap(pid);

			if (r >= 0)
				status = r;
		} else if (s.ssi_signo == SIGWINCH && console >= 0) {
			resize(console);
		} else if (s.ssi_signo != SIGPIPE) { /* our own: nobody reads what we relay */
			(void)sys_pidfd_send_signal(pidfd, (int)s.ssi_signo);
		}
	}
	return status;
}

/* Both directions of a terminal; nothing where there is none. */
static int begin_relays(int console, struct relay *out, struct relay *in, struct error *err)
{
	int r;

	if (console < 0)
		return 0;
	r = fcntl(console, F_SETFL, O_NONBLOCK) < 0 ? -errno : relay_begin(out, console, STDOUT_FILENO);
	if (r == 0)
		r = relay_begin(in, STDIN_FILENO, console);
	return r < 0 ? error_errno(err, r, "the container's terminal") : 0;
}

int foreground_wait(struct foreground *f, pid_t pid, int pidfd, int console, int notify, struct error *err)
{
	enum { SIGNALS, OUTPUT, INPUT, NOTIFY, N };
	_cleanup_relay_ struct relay out = RELAY_INIT;
	_cleanup_relay_ struct relay in = RELAY_INIT;
	int status = reap(pid), r = begin_relays(console, &out, &in, err);

	if (r < 0)
		return r;
	while (status < 0) {
		struct pollfd p[N] = {
			[SIGNALS] = {.fd = f->signals, .events = POLLIN},
			[OUTPUT] = relay_poll(&out),
			[INPUT] = relay_poll(&in),
			[NOTIFY] = {.fd = notify, .events = POLLIN},
		};

		if (poll(p, N, -1) < 0) {
			if (errno == EINTR)
				continue;
			return error_errno(err, errno, "waiting for the container");
		}
		if (p[OUTPUT].revents)
			relay_step(&out);
		if (p[INPUT].revents)
			relay_step(&in);
		if (p[NOTIFY].revents)
			(void)notify_relay(notify, getpid());
		if (p[SIGNALS].revents)
			status = take_signals(f, pid, pidfd, console);
	}
	/* what the process wrote before it ended is still in its terminal */
	if (console >= 0 && relay_drain(&out) == -ETIMEDOUT)
		log_warn("terminal: nobody reads its output: the rest is lost");
	return status;
}
