/* SPDX-License-Identifier: Apache-2.0 */
/* Tries the system calls that the profile of `spec` refuses, and some of the same name that it allows: a line each with
 * the error's name, "ok", or the signal of which a child died. Static, for a container without libraries. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define HIGH_BITS 0xdead00000000ul
#define TRY(call, ...) said(#call, syscall(SYS_##call, __VA_ARGS__))

static void said(const char *what, long r)
{
	printf("%s: %s\n", what, r < 0 ? strerrorname_np(errno) : "ok");
	fflush(stdout);
}

static long unshare_users(void)
{
	return syscall(SYS_unshare, HIGH_BITS | CLONE_NEWUSER);
}

static long clone_users(void)
{
	long pid = syscall(SYS_clone, (unsigned long)CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid;
}

#ifdef __x86_64__
static long call_x32(void)
{
	return syscall(0x40000000 | SYS_getpid);
}

static long call_i386(void)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(20L) : "r8", "r9", "r10", "r11", "memory"); /* getpid */
	return r;
}
#endif

static void in_child(const char *what, long (*f)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		said(what, f());
		_exit(0);
	}
	if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status))
		printf("%s: SIG%s\n", what, sigabbrev_np(WTERMSIG(status)));
}

static void *nothing(void *p)
{
	return p;
}

static void refused(void)
{
	TRY(add_key, "user", "k", "v", 1, -3);
	TRY(keyctl, 0, -3, 1);
	TRY(request_key, "user", "k", NULL, -3);
	TRY(bpf, 0, NULL, 0);
	TRY(io_uring_setup, 1, NULL);
	TRY(io_uring_enter, -1, 0, 0, 0, NULL, 0);
	TRY(io_uring_register, -1, 0, NULL, 0);
	TRY(perf_event_open, NULL, 0, -1, -1, 0);
	TRY(userfaultfd, 1);
	TRY(init_module, NULL, 0, "");
	TRY(finit_module, -1, "", 0);
	TRY(delete_module, "none", 0);
	TRY(kexec_load, 0, 0, NULL, 0);
	TRY(kexec_file_load, -1, -1, 0, NULL, 0);
	TRY(open_by_handle_at, -1, NULL, 0);
	TRY(syslog, 10, NULL, 0);
	TRY(clone3, NULL, 0);
	in_child("unshare", unshare_users);
	in_child("clone", clone_users);
	said("ioctl TIOCSTI", ioctl(0, HIGH_BITS | TIOCSTI, ""));
	said("ioctl TIOCLINUX", ioctl(0, HIGH_BITS | TIOCLINUX, ""));
	said("socket AF_ALG", socket(AF_ALG, SOCK_SEQPACKET, 0));
	said("socket AF_VSOCK", socket(AF_VSOCK, SOCK_STREAM, 0));
	said("socketpair AF_TIPC", socketpair(AF_TIPC, SOCK_SEQPACKET, 0, (int[2]){0}));
#ifdef __x86_64__
	TRY(modify_ldt, 0, NULL, 0);
	in_child("x32", call_x32);
	in_child("i386", call_i386);
#endif
}

static void allowed(void)
{
	pthread_t t;
	int r = pthread_create(&t, NULL, nothing, NULL), n;

	errno = r;
	said("thread", r ? -1 : pthread_join(t, NULL));
	said("unshare files", unshare(CLONE_FILES));
	said("ioctl FIONREAD", ioctl(socket(AF_UNIX, SOCK_STREAM, 0), FIONREAD, &n));
	said("socket AF_INET6", socket(AF_INET6, SOCK_STREAM, 0));
	said("socket AF_NETLINK", socket(AF_NETLINK, SOCK_RAW, 0));
	said("socketpair AF_UNIX", socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){0}));
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "allowed") == 0)
		allowed();
	else
		refused();
	return 0;
}
