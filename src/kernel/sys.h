/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_KERNEL_SYS_H
#define ENVIRO_KERNEL_SYS_H

/* System calls without a libc: each returns the kernel's answer, a negative errno when it fails. Used by init, which
 * has no libc, and by the host side for calls that libcs do not wrap. Numbers that both libcs' headers may lack
 * are given here; structures come from the kernel's uapi, restated where Debian 12's headers (6.1) are older. */

#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#include "kernel/arch/x86_64.h"
#elif defined(__aarch64__)
#include "kernel/arch/aarch64.h"
#else
#error "this architecture needs a header in src/kernel/arch"
#endif
#ifdef __clang_analyzer__
/* clang's analyser does not see that assembly writes; what a function it does not know is given may be written. */
long sys_call_unseen(long n, long a, long b, long c, long d, long e, long f);
#define sys_call6 sys_call_unseen
#endif

#define sys_call0(n) sys_call6((n), 0, 0, 0, 0, 0, 0)
#define sys_call1(n, a) sys_call6((n), (long)(a), 0, 0, 0, 0, 0)
#define sys_call2(n, a, b) sys_call6((n), (long)(a), (long)(b), 0, 0, 0, 0)
#define sys_call3(n, a, b, c) sys_call6((n), (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define sys_call4(n, a, b, c, d) sys_call6((n), (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define sys_call5(n, a, b, c, d, e) sys_call6((n), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)

/* The same numbers on every architecture since 5.x. */
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#define SYS_fspick 433
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef SYS_set_mempolicy
#error "set_mempolicy has no common number"
#endif

/* openat2(2), Linux 5.6 */
struct sys_open_how {
	uint64_t flags, mode, resolve;
};
#define SYS_RESOLVE_NO_XDEV 0x01
#define SYS_RESOLVE_NO_MAGICLINKS 0x02
#define SYS_RESOLVE_NO_SYMLINKS 0x04
#define SYS_RESOLVE_BENEATH 0x08
#define SYS_RESOLVE_IN_ROOT 0x10

/* clone3(2), Linux 5.3; cgroup since 5.7 */
struct sys_clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

/* mount_setattr(2), Linux 5.12 */
struct sys_mount_attr {
	uint64_t attr_set, attr_clr, propagation, userns_fd;
};
#define SYS_MOUNT_ATTR_RDONLY 0x00000001
#define SYS_MOUNT_ATTR_NOSUID 0x00000002
#define SYS_MOUNT_ATTR_NODEV 0x00000004
#define SYS_MOUNT_ATTR_NOEXEC 0x00000008
#define SYS_MOUNT_ATTR__ATIME 0x00000070
#define SYS_MOUNT_ATTR_RELATIME 0x00000000
#define SYS_MOUNT_ATTR_NOATIME 0x00000010
#define SYS_MOUNT_ATTR_STRICTATIME 0x00000020
#define SYS_MOUNT_ATTR_NODIRATIME 0x00000080
#define SYS_MOUNT_ATTR_IDMAP 0x00100000
#define SYS_MOUNT_ATTR_NOSYMFOLLOW 0x00200000

/* open_tree(2), move_mount(2), fsopen(2), fsconfig(2), fsmount(2): Linux 5.2 */
#define SYS_OPEN_TREE_CLONE 1
#define SYS_OPEN_TREE_CLOEXEC 02000000 /* O_CLOEXEC, the same on x86 and arm64 */
#define SYS_AT_RECURSIVE 0x8000
#define SYS_MOVE_MOUNT_F_EMPTY_PATH 0x00000004
#define SYS_MOVE_MOUNT_T_EMPTY_PATH 0x00000040
#define SYS_FSOPEN_CLOEXEC 1
#define SYS_FSMOUNT_CLOEXEC 1
#define SYS_FSCONFIG_SET_FLAG 0
#define SYS_FSCONFIG_SET_STRING 1
#define SYS_FSCONFIG_SET_FD 5
#define SYS_FSCONFIG_CMD_CREATE 6
#define SYS_FSCONFIG_CMD_RECONFIGURE 7

#define SYS_CLOSE_RANGE_CLOEXEC 4

static inline int sys_openat(int dirfd, const char *path, int flags, unsigned mode)
{
	return (int)sys_call4(SYS_openat, dirfd, path, flags, mode);
}
static inline int sys_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct sys_open_how how = {flags, mode, resolve};

	return (int)sys_call4(SYS_openat2, dirfd, path, &how, sizeof(how));
}
static inline int sys_close(int fd)
{
	return (int)sys_call1(SYS_close, fd);
}
static inline long sys_read(int fd, void *buf, size_t n)
{
	return sys_call3(SYS_read, fd, buf, n);
}
static inline long sys_write(int fd, const void *buf, size_t n)
{
	return sys_call3(SYS_write, fd, buf, n);
}
static inline int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	return (int)sys_call3(SYS_close_range, first, last, flags);
}
static inline int sys_open_tree(int dirfd, const char *path, unsigned flags)
{
	return (int)sys_call3(SYS_open_tree, dirfd, path, flags);
}
static inline int sys_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags)
{
	return (int)sys_call5(SYS_move_mount, from, from_path, to, to_path, flags);
}
static inline int sys_fsopen(const char *type, unsigned flags)
{
	return (int)sys_call2(SYS_fsopen, type, flags);
}
static inline int sys_fsconfig(int fd, unsigned cmd, const char *key, const void *value, int aux)
{
	return (int)sys_call5(SYS_fsconfig, fd, cmd, key, value, aux);
}
static inline int sys_fsmount(int fd, unsigned flags, unsigned attrs)
{
	return (int)sys_call3(SYS_fsmount, fd, flags, attrs);
}
static inline int sys_mount_setattr(int dirfd, const char *path, unsigned flags, struct sys_mount_attr *attr)
{
	return (int)sys_call5(SYS_mount_setattr, dirfd, path, flags, attr, sizeof(*attr));
}
static inline int sys_mount(const char *src, const char *dst, const char *type, unsigned long flags, const void *data)
{
	return (int)sys_call5(SYS_mount, src, dst, type, flags, data);
}
static inline int sys_umount2(const char *path, int flags)
{
	return (int)sys_call2(SYS_umount2, path, flags);
}
static inline int sys_setns(int fd, unsigned long flags)
{
	return (int)sys_call2(SYS_setns, fd, flags);
}
static inline int sys_unshare(unsigned long flags)
{
	return (int)sys_call1(SYS_unshare, flags);
}
static inline int sys_clone3(struct sys_clone_args *a)
{
	return (int)sys_call2(SYS_clone3, a, sizeof(*a));
}
static inline int sys_pidfd_open(int pid, unsigned flags)
{
	return (int)sys_call2(SYS_pidfd_open, pid, flags);
}
static inline int sys_pidfd_send_signal(int pidfd, int sig)
{
	return (int)sys_call4(SYS_pidfd_send_signal, pidfd, sig, 0, 0);
}
static inline int sys_prctl(int op, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	return (int)sys_call5(SYS_prctl, op, a, b, c, d);
}

#endif
