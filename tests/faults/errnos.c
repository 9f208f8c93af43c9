/* SPDX-License-Identifier: Apache-2.0 */
#include "errnos.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef SYS_openat2
#define SYS_openat2 437
#endif

#define LIST(...)                                                                                                      \
	({                                                                                                             \
		static const int list[] = {__VA_ARGS__, 0};                                                            \
		list;                                                                                                  \
	})

static const char *const names[] = {
#include "names.inc"
};

const char *syscall_name(long nr)
{
	return nr >= 0 && (size_t)nr < sizeof(names) / sizeof(names[0]) && names[nr] ? names[nr] : "?";
}

/* Memory, descriptors, processes, waiting. */
static const int *of_process(long nr)
{
	switch (nr) {
	case SYS_mmap:
	case SYS_mremap:
	case SYS_mprotect:
	case SYS_brk:
		return LIST(ENOMEM);
	case SYS_clone:
	case SYS_clone3:
	case SYS_fork:
	case SYS_vfork:
		return LIST(EAGAIN, ENOMEM, ENOSPC, EPERM, ENOSYS);
	case SYS_unshare:
	case SYS_setns:
		return LIST(EPERM, ENOMEM, ENOSPC, EINVAL);
	case SYS_execve:
	case SYS_execveat:
		return LIST(ENOMEM, EACCES, ENOENT, ETXTBSY, E2BIG);
	case SYS_wait4:
	case SYS_waitid:
		return LIST(EINTR, ECHILD);
	case SYS_futex:
	case SYS_poll:
	case SYS_ppoll:
		return LIST(EINTR, ENOMEM);
	case SYS_kill:
	case SYS_tgkill:
	case SYS_pidfd_send_signal:
		return LIST(EPERM, ESRCH);
	case SYS_pidfd_open:
		return LIST(ESRCH, EMFILE, ENOSYS);
	case SYS_pidfd_getfd:
		return LIST(EPERM, ESRCH, EMFILE, ENOSYS);
	case SYS_seccomp:
	case SYS_keyctl:
	case SYS_capset:
	case SYS_setgroups:
	case SYS_setresuid:
	case SYS_setresgid:
	case SYS_setsid:
	case SYS_personality:
	case SYS_sched_setattr:
	case SYS_sched_setaffinity:
	case SYS_ioprio_set:
	case SYS_prlimit64:
	case SYS_sethostname:
	case SYS_setdomainname:
	case SYS_set_mempolicy:
		return LIST(EPERM, EINVAL, ENOMEM, ENOSYS);
	case SYS_bpf:
		return LIST(EPERM, ENOMEM, ENOSPC, EINVAL, ENOSYS);
	case SYS_signalfd4:
	case SYS_memfd_create:
	case SYS_inotify_init1:
	case SYS_eventfd2:
	case SYS_pipe2:
	case SYS_dup:
	case SYS_dup2:
	case SYS_dup3:
		return LIST(EMFILE, ENFILE, ENOMEM);
	case SYS_inotify_add_watch:
		return LIST(ENOSPC, ENOMEM, EACCES);
	case SYS_fcntl:
		return LIST(EMFILE, EAGAIN, EPERM);
	case SYS_close_range:
		return LIST(EINVAL, ENOSYS, EMFILE);
	case SYS_flock:
		return LIST(EINTR, ENOLCK, EWOULDBLOCK);
	case SYS_getrandom:
		return LIST(EINTR, EAGAIN);
	case SYS_sched_getaffinity:
	case SYS_sysinfo:
		return LIST(EINVAL);
	default:
		return NULL;
	}
}

static const int *of_files(long nr)
{
	switch (nr) {
	case SYS_open:
	case SYS_openat:
		return LIST(EACCES, EMFILE, ENOMEM, EIO, EINTR);
	case SYS_openat2:
		return LIST(EACCES, EMFILE, ENOMEM, EAGAIN, ENOSYS);
	case SYS_read:
	case SYS_pread64:
	case SYS_readv:
		return LIST(EIO, EINTR, ENOMEM);
	case SYS_write:
	case SYS_pwrite64:
	case SYS_writev:
		return LIST(EIO, EINTR, ENOSPC, EPERM, EBUSY);
	case SYS_close:
		return LIST(EIO, EINTR);
	case SYS_fstat:
	case SYS_fstatfs:
	case SYS_statfs: /* EACCES is an answer of that kind, too */
	case SYS_access:
		return LIST(ENOMEM, EIO);
	case SYS_stat:
	case SYS_lstat:
	case SYS_newfstatat:
	case SYS_statx:
	case SYS_faccessat:
	case SYS_faccessat2:
	case SYS_readlink:
	case SYS_readlinkat:
	case SYS_getcwd:
		return LIST(EACCES, ENOMEM, EIO);
	case SYS_getdents64:
	case SYS_lseek:
		return LIST(EIO, EINVAL);
	case SYS_mkdir:
	case SYS_mkdirat:
		return LIST(ENOSPC, EACCES, EEXIST, ENOENT, EROFS, EPERM);
	case SYS_mknodat:
	case SYS_symlinkat:
	case SYS_symlink:
	case SYS_linkat:
	case SYS_link:
		return LIST(ENOSPC, EACCES, ENOENT, EROFS, EPERM);
	case SYS_unlink:
	case SYS_unlinkat:
	case SYS_rmdir:
		return LIST(EACCES, EBUSY, EIO, EROFS);
	case SYS_rename:
	case SYS_renameat:
	case SYS_renameat2:
		return LIST(ENOSPC, EACCES, ENOENT, EROFS, EIO);
	case SYS_ftruncate:
	case SYS_fallocate:
	case SYS_fsync:
	case SYS_fdatasync:
	case SYS_utimensat:
		return LIST(EIO, ENOSPC, EPERM, EROFS);
	case SYS_fchmod:
	case SYS_fchmodat:
	case SYS_fchown:
	case SYS_fchownat:
	case SYS_chown:
	case SYS_lchown:
	case SYS_chdir:
	case SYS_fchdir:
	case SYS_chroot:
	case SYS_pivot_root:
		return LIST(EPERM, EACCES, EROFS, EIO);
	case SYS_ioctl:
		return LIST(ENOTTY, EPERM, EINTR, EINVAL);
	case SYS_fsetxattr:
	case SYS_fgetxattr:
		return LIST(EPERM, ENODATA, EOPNOTSUPP);
	default:
		return NULL;
	}
}

/* Where the kernel's headers are older than the mount calls, they have no name here and no errors. */
static const int *of_mounts_and_sockets(long nr)
{
	switch (nr) {
	case SYS_mount:
	case SYS_umount2:
	case SYS_open_tree:
	case SYS_move_mount:
	case SYS_fsopen:
	case SYS_fsconfig:
	case SYS_fsmount:
#ifdef SYS_mount_setattr
	case SYS_mount_setattr:
#endif
		return LIST(EPERM, EINVAL, ENOMEM, EBUSY, ENOENT, ENOSYS, EACCES);
	case SYS_socket:
	case SYS_socketpair:
		return LIST(EMFILE, ENFILE, ENOMEM, EACCES);
	case SYS_bind:
	case SYS_listen:
	case SYS_connect:
	case SYS_accept:
	case SYS_accept4:
		return LIST(EADDRINUSE, ECONNREFUSED, EINTR, ENOMEM, EACCES);
	case SYS_sendmsg:
	case SYS_sendto:
		return LIST(EINTR, ENOBUFS, EPIPE, ECONNRESET, EMFILE);
	case SYS_recvmsg:
	case SYS_recvfrom:
		return LIST(EINTR, ENOMEM);
	case SYS_setsockopt:
	case SYS_getsockopt:
		return LIST(ENOMEM, EPERM, ENOPROTOOPT);
	default:
		return NULL;
	}
}

/* The rest fails on wrong arguments alone. */
static const int *of_prctl(unsigned long what)
{
	switch (what) {
	case PR_CAPBSET_DROP: /* EINVAL: the kernel knows no such capability */
	case PR_CAP_AMBIENT:
		return LIST(EPERM);
	case PR_SET_KEEPCAPS:
	case PR_SET_SECCOMP:
	case PR_SET_NO_NEW_PRIVS:
		return LIST(EPERM, EINVAL, ENOMEM);
	default:
		return LIST(0);
	}
}

const int *errnos_of(long nr, const unsigned long *args)
{
	const int *l = nr == SYS_prctl                          ? of_prctl(args[0])
		       : nr == SYS_wait4 && (args[2] & WNOHANG) ? LIST(0)
								: of_process(nr);

	if (!l)
		l = of_files(nr);
	if (!l)
		l = of_mounts_and_sockets(nr);
	return l ? l : LIST(0);
}
