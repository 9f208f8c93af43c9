/* SPDX-License-Identifier: Apache-2.0 */
#include "trace.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "errnos.h"

#ifndef __x86_64__
#error "registers are known for x86-64 only"
#endif

enum { LIMIT_S = 20, MAX_TASKS = 64 };

struct task {
	pid_t tid; /* 0: free */
	char role[ROLE];
	unsigned children;
	unsigned short calls[MAX_CALL];
	bool init;
	bool early; /* has stopped before its parent's stop told of it */
	int failed; /* its call was taken away; this errno is to be the answer when it returns */
};

static struct task tasks[MAX_TASKS];
static struct traced *out;
static const struct fault *fault;
static const char *program;
static bool counting, over;
void (*trace_before)(const struct site *s);
static unsigned since; /* the fault was struck, calls */
static pid_t command;

static struct task *find(pid_t tid)
{
	for (size_t i = 0; i < MAX_TASKS; i++)
		if (tasks[i].tid == tid)
			return &tasks[i];
	return NULL;
}

static struct task *add(pid_t tid)
{
	struct task *t = find(0);

	if (!t)
		errx(2, "more than %d processes at a time", MAX_TASKS);
	memset(t, 0, sizeof(*t));
	t->tid = tid;
	return t;
}

static void leave(struct task *t, int sig)
{
	(void)ptrace(PTRACE_DETACH, t->tid, 0, (long)sig);
	t->tid = 0;
}

static void go_on(struct task *t, int sig)
{
	if (over && !t->failed)
		leave(t, sig);
	else /* it may have been killed in the meantime */
		(void)ptrace(PTRACE_SYSCALL, t->tid, 0, (long)sig);
}

static void set_register(pid_t tid, size_t offset, long value)
{
	if (ptrace(PT_WRITE_U, tid, offset, value) < 0 && errno != ESRCH)
		err(2, "writing a register");
}

static void kill_all(void)
{
	for (size_t i = 0; i < MAX_TASKS; i++)
		if (tasks[i].tid)
			(void)kill(tasks[i].tid, SIGKILL);
}

static void fail(struct task *t, const struct site *s, int err)
{
	if (s->nr != SYS_close) /* what it answers, the descriptor is gone */
		set_register(t->tid, offsetof(struct user, regs.orig_rax), -1);
	t->failed = err;
}

static void strike(struct task *t, const struct site *s)
{
	out->hit = true;
	out->where = *s;
	over = !fault->then;
	since = 0;
	switch (fault->kind) {
	case FAULT_ERRNO:
		fail(t, s, fault->err);
		break;
	case FAULT_SHORT:
		set_register(t->tid, offsetof(struct user, regs.rdx), (long)(s->args[2] / 2));
		break;
	case FAULT_KILL:
		(void)kill(t->tid, SIGKILL);
		break;
	default:
		kill_all();
	}
}

static void strike_again(struct task *t, const struct site *s)
{
	const int *errnos = errnos_of(s->nr, s->args);
	size_t n = 0;

	while (errnos[n])
		n++;
	if (++since < fault->then || (!n && !fault->then_kill))
		return;
	out->hit_then = over = true;
	out->where_then = *s;
	if (fault->then_kill)
		kill_all();
	else
		fail(t, s, errnos[since % n]);
}

static void on_syscall(struct task *t)
{
	struct __ptrace_syscall_info info;
	struct site s = {.init = t->init};

	if (t->failed) {
		set_register(t->tid, offsetof(struct user, regs.rax), -t->failed);
		t->failed = 0;
		return;
	}
	if (!counting || over || ptrace(PTRACE_GET_SYSCALL_INFO, t->tid, sizeof(info), &info) < 0 ||
		info.op != PTRACE_SYSCALL_INFO_ENTRY || info.entry.nr >= MAX_CALL)
		return;
	strcpy(s.role, t->role);
	s.nr = (long)info.entry.nr;
	s.n = ++t->calls[s.nr];
	for (size_t i = 0; i < 6; i++)
		s.args[i] = (unsigned long)info.entry.args[i];
	if (trace_before)
		trace_before(&s);
	if (fault->kind == FAULT_NONE && out->n < MAX_SITES)
		out->sites[out->n++] = s;
	if (out->hit)
		strike_again(t, &s);
	else if (fault->kind != FAULT_NONE && s.nr == fault->at.nr && s.n == fault->at.n &&
		 strcmp(s.role, fault->at.role) == 0)
		strike(t, &s);
}

static void on_child(struct task *parent)
{
	unsigned long tid;
	struct task *t;

	if (ptrace(PTRACE_GETEVENTMSG, parent->tid, 0, &tid) < 0)
		return;
	t = find((pid_t)tid);
	if (!t)
		t = add((pid_t)tid);
	snprintf(t->role, sizeof(t->role), "%.10s.%u", parent->role, ++parent->children);
	t->init = parent->init;
	if (t->early) {
		t->early = false;
		go_on(t, 0);
	}
}

/* False: it is not the runtime any more, and left alone. */
static bool on_exec(struct task *t)
{
	char link[64], exe[4096];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)t->tid);
	n = readlink(link, exe, sizeof(exe) - 1);
	exe[n > 0 ? n : 0] = '\0';
	t->init = strncmp(exe, "/memfd:", 7) == 0;
	counting |= strcmp(exe, program) == 0;
	if (t->init || strcmp(exe, program) == 0)
		return true;
	leave(t, 0);
	return false;
}

static void on_stop(struct task *t, int status)
{
	int sig = WSTOPSIG(status), event = status >> 16;

	if (event == PTRACE_EVENT_STOP && !*t->role) {
		t->early = true;
		return;
	}
	if (event == PTRACE_EVENT_CLONE || event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK)
		on_child(t);
	else if (event == PTRACE_EVENT_EXEC && !on_exec(t))
		return;
	else if (sig == (SIGTRAP | 0x80))
		on_syscall(t);
	go_on(t, event || sig == (SIGTRAP | 0x80) ? 0 : sig);
}

static void on_alarm(int sig)
{
	(void)sig;
	out->hung = true;
	kill_all();
	(void)kill(command, SIGKILL);
}

static void seize(pid_t pid, const char *role, bool init)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			     PTRACE_O_TRACEEXEC;
	struct task *t = add(pid);
	int status;

	if (ptrace(PTRACE_SEIZE, pid, 0, options) < 0 || ptrace(PTRACE_INTERRUPT, pid, 0, 0) < 0 ||
		waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
		err(2, "tracing process %d", (int)pid);
	strcpy(t->role, role);
	t->init = init;
	go_on(t, 0);
}

static pid_t begin(char *const argv[], int err_fd)
{
	int gate[2];
	pid_t pid;
	char c;

	if (pipe2(gate, O_CLOEXEC) < 0)
		err(2, "pipe");
	pid = fork();
	if (pid == 0) {
		close(gate[1]);
		dup2(err_fd, 2);
		dup2(err_fd, 1);
		(void)!read(gate[0], &c, 1);
		execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0)
		err(2, "fork");
	seize(pid, "h", false);
	close(gate[0]);
	close(gate[1]); /* goes on at the end of the file */
	return pid;
}

/* In a process of its own: at its end everything that is traced still goes on by itself, below the caller. */
static void trace(char *const argv[], pid_t init, int err_fd)
{
	struct sigaction a = {.sa_handler = on_alarm};
	pid_t tid;
	int status;

	if (init)
		seize(init, "i", true);
	command = begin(argv, err_fd);
	sigaction(SIGALRM, &a, NULL);
	alarm(LIMIT_S);
	while ((tid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		struct task *t = tid > 0 ? find(tid) : NULL;

		if (tid <= 0)
			continue;
		if (WIFSTOPPED(status)) {
			on_stop(t ? t : add(tid), status);
			continue;
		}
		if (t)
			t->tid = 0;
		if (tid == command) {
			out->status = status;
			return;
		}
	}
}

const struct traced *trace_run(char *const argv[], pid_t init, int err_fd, const struct fault *f)
{
	pid_t pid;
	int status;

	if (!out) {
		out = mmap(NULL, sizeof(*out), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (out == MAP_FAILED)
			err(2, "memory");
	}
	out->status = -1;
	out->hung = out->hit = out->hit_then = false;
	out->n = 0;
	fault = f;
	program = argv[0];
	pid = fork();
	if (pid == 0) {
		trace(argv, init, err_fd);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status)
		errx(2, "the tracer failed");
	return out;
}
