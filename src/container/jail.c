/* SPDX-License-Identifier: Apache-2.0 */
#include "container/jail.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "kernel/landlock.h"
#include "kernel/sys.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#else
#define ARCH AUDIT_ARCH_AARCH64
#endif

static const unsigned allowed[] = {
	SYS_read,
	SYS_write,
#ifdef SYS_poll
	SYS_poll,
#endif
	SYS_ppoll,
	SYS_clock_gettime, /* where the vdso has none */
	SYS_recvfrom,
	SYS_sendto,
	SYS_restart_syscall, /* of a poll that was stopped and went on */
	SYS_rt_sigreturn,
	SYS_exit_group,
};

enum { N = sizeof(allowed) / sizeof(allowed[0]) };

static void load_filter(void)
{
	struct sock_filter f[N + 6];
	struct sock_fprog prog = {.filter = f};
	unsigned short n = 0;

	f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 0, N + 1);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (unsigned i = 0; i < N; i++)
		f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i], (unsigned char)(N - i), 0);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	prog.len = n;
	(void)sys_call3(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
}

void jail_enter(void)
{
	(void)sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)landlock_deny_all();
	load_filter();
}
