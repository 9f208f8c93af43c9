/* SPDX-License-Identifier: Apache-2.0 */

/* The relay's jail, from within: what somebody would try who has taken over the process that reads the container's
 * bytes. Each attempt is one the process could make before. */

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container/jail.h"
#include "kernel/landlock.h"
#include "kernel/sys.h"
#include "tests/tap.h"

static int victim, dir, file;

static long try_open(void)
{
	return sys_openat(dir, "file", O_RDONLY, 0);
}

static long try_open_absolute(void)
{
	return sys_openat(AT_FDCWD, "/etc/passwd", O_RDONLY, 0);
}

static long try_openat2(void)
{
	return sys_openat2(dir, "file", O_RDONLY, 0, 0);
}

static long try_create(void)
{
	return sys_openat(dir, "made", O_WRONLY | O_CREAT, 0600);
}

static long try_unlink(void)
{
	return sys_call3(SYS_unlinkat, dir, "file", 0);
}

static long try_execve(void)
{
	static char *const argv[] = {(char *)"true", NULL};

	return sys_call3(SYS_execve, "/bin/true", argv, NULL);
}

static long try_clone(void)
{
	return sys_call5(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static long try_socket(void)
{
	return sys_call3(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
}

static long try_kill(void)
{
	return sys_call2(SYS_kill, victim, 0);
}

static long try_ptrace(void)
{
	return sys_call4(SYS_ptrace, PTRACE_SEIZE, victim, 0, 0);
}

static long try_executable_memory(void)
{
	long r = sys_call6(SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return r < 0 && r > -4096 ? r : 0;
}

static long try_truncate(void)
{
	return sys_call2(SYS_ftruncate, file, 0);
}

static long try_setns(void)
{
	return sys_call1(SYS_unshare, CLONE_FS);
}

static long try_dumpable(void)
{
	return sys_prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static const struct {
	const char *name;
	long (*try)(void);
} attempts[] = {
	{"opens a file", try_open},
	{"opens a file by an absolute path", try_open_absolute},
	{"opens a file by openat2", try_openat2},
	{"makes a file", try_create},
	{"removes a file", try_unlink},
	{"executes a program", try_execve},
	{"makes a process", try_clone},
	{"makes a socket", try_socket},
	{"sends a signal", try_kill},
	{"traces a process", try_ptrace},
	{"gets memory that can be executed", try_executable_memory},
	{"truncates a file that it holds", try_truncate},
	{"unshares", try_setns},
	{"becomes dumpable", try_dumpable},
};

static void no_jail(void)
{
}

static void landlock_alone(void)
{
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (landlock_deny_all() < 0)
		_exit(77);
}

/* What the attempt comes to in a child that has entered the jail: 0, or its errno. */
static int attempt(void (*enter)(void), long (*try)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		long r;

		enter();
		r = try();
		_exit(r < 0 ? (int)-r : 0);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static long try_relay(void)
{
	char c = 0;
	int p[2] = {dir, file};

	/* what the relay does: read, write, poll, nothing else */
	if (sys_call3(SYS_read, p[1], &c, 1) != 1 || c != 'x')
		return -EIO;
	return sys_call3(SYS_write, p[1], "y", 1) == 1 ? 0 : -EIO;
}

int main(void)
{
	char name[] = "/tmp/unit-jail.XXXXXX", path[64];
	int r;

	victim = getpid();
	if (!mkdtemp(name))
		return 1;
	snprintf(path, sizeof(path), "%s/file", name);
	dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		/* what fails outside, too, shows nothing: a tracer of ours, a system without /bin/true */
		r = attempt(no_jail, attempts[i].try);
		tap_ok(r == 0 || attempts[i].try == try_ptrace, "outside: %s (%d)", attempts[i].name, r);
		if (attempts[i].try == try_unlink || attempts[i].try == try_create) {
			close(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
			unlinkat(dir, "made", 0);
		}
		r = attempt(jail_enter, attempts[i].try);
		tap_ok(r == EPERM, "inside, not: %s (%d)", attempts[i].name, r);
	}
	r = (int)pwrite(file, "x", 1, 0);
#ifdef __SANITIZE_ADDRESS__
	tap_skip("inside: reads and writes what it has open", "the sanitizer maps memory, which the jail does not let it");
	(void)r;
	(void)try_relay;
#else
	tap_ok(r == 1 && attempt(jail_enter, try_relay) == 0, "inside: reads and writes what it has open");
#endif
	r = attempt(landlock_alone, try_open_absolute);
	if (r != 77) {
		tap_ok(r == EACCES, "Landlock alone: opens no file (%d)", r);
		r = attempt(landlock_alone, try_execve);
		tap_ok(r == EACCES, "Landlock alone: executes nothing (%d)", r);
	}
	(void)unlink(path);
	unlinkat(dir, "made", 0);
	rmdir(name);
	return tap_done();
}
