/* SPDX-License-Identifier: Apache-2.0 */
#include "init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/time.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

#define O_PATH_DIRECTORY (O_PATH | O_DIRECTORY | O_CLOEXEC)

enum { SET_PDEATHSIG = 1, SET_DUMPABLE = 4, SIG_KILL = 9 };

int step_cgroup_join(struct init *in, const struct plan_step *s, struct error *err)
{
	const struct plan_slots *p = (const struct plan_slots *)s;

	for (uint32_t i = 0; i < p->slots.n; i++) {
		uint32_t slot = plan_list_u32(in->plan, p->slots, i);
		int fd = init_slot(in, slot);
		long r;

		if (fd < 0)
			continue;
		r = sys_write(fd, "0", 1);
		if (r < 0)
			return error_errno(err, (int)r, "joining the container's cgroup");
		(void)sys_close(fd);
		in->slots[slot] = -1;
	}
	return 0;
}

/* Root of a user namespace that was joined or made: its capabilities are held already, the ids are not. */
static int become_root(struct error *err)
{
	int r = (int)sys_call3(SYS_setresgid, 0, 0, 0);

	if (r == 0)
		r = (int)sys_call3(SYS_setresuid, 0, 0, 0);
	/* a change of ids clears both */
	(void)sys_prctl(SET_PDEATHSIG, SIG_KILL, 0, 0, 0);
	(void)sys_prctl(SET_DUMPABLE, 0, 0, 0, 0);
	return r < 0 ? error_errno(err, r, "becoming root of the user namespace") : 0;
}

static const char *flag_name(uint32_t flag)
{
	switch (flag) {
	case CLONE_NEWNS:
		return "mount";
	case CLONE_NEWPID:
		return "pid";
	case CLONE_NEWNET:
		return "network";
	case CLONE_NEWIPC:
		return "ipc";
	case CLONE_NEWUTS:
		return "uts";
	case CLONE_NEWUSER:
		return "user";
	case CLONE_NEWCGROUP:
		return "cgroup";
	case CLONE_NEWTIME:
		return "time";
	default:
		return "container";
	}
}

int step_join(struct init *in, const struct plan_step *s, struct error *err)
{
	const struct plan_join *p = (const struct plan_join *)s;
	int fd = init_slot(in, p->slot), r;

	if (fd < 0)
		return error_set(err, EBADF, "%s namespace: not handed over", flag_name(p->flags));
	r = sys_setns(fd, p->flags);
	(void)sys_close(fd);
	in->slots[p->slot] = -1;
	if (r < 0)
		return error_errno(err, r, "%s namespace", flag_name(p->flags));
	if (p->flags & CLONE_NEWNS) { /* exec goes on in this root; create opens its own in ROOTFS */
		in->root = sys_openat(AT_FDCWD, "/", O_PATH_DIRECTORY, 0);
		in->pivoted = true;
	}
	return p->flags & CLONE_NEWUSER ? become_root(err) : 0;
}

static int enter_made(struct init *in, uint32_t slot, uint32_t flag, struct error *err)
{
	int fd = init_slot(in, slot), r;

	if (fd < 0)
		return 0;
	r = sys_setns(fd, flag);
	(void)sys_close(fd);
	in->slots[slot] = -1;
	in->network |= flag == CLONE_NEWNET;
	return r < 0 ? error_errno(err, r, "namespaces: %s namespace", flag_name(flag)) : 0;
}

int init_enter_made(struct init *in, struct error *err)
{
	int r = enter_made(in, SLOT_NETWORK, CLONE_NEWNET, err);

	if (r == 0)
		r = enter_made(in, SLOT_IPC, CLONE_NEWIPC, err);
	return r == 0 ? enter_made(in, SLOT_UTS, CLONE_NEWUTS, err) : r;
}

int step_chroot(struct init *in, const struct plan_step *s, struct error *err)
{
	int fd = init_slot(in, (uint32_t)((const struct plan_number *)s)->value);
	int r = (int)sys_call1(SYS_fchdir, fd);

	if (r == 0)
		r = (int)sys_call1(SYS_chroot, ".");
	if (r < 0)
		return error_errno(err, r, "the container's root");
	in->root = fd;
	in->pivoted = true;
	return 0;
}

static int unshare_user(struct init *in, struct error *err)
{
	int r = sys_unshare(CLONE_NEWUSER);

	if (r < 0)
		return error_errno(err, r, "user namespace");
	/* newuidmap and an unprivileged runtime may write to /proc/PID/uid_map only while this is so; nobody else is in
	 * the new namespace yet. */
	(void)sys_prctl(SET_DUMPABLE, 1, 0, 0, 0);
	r = init_ask(in, SYNC_MAP, 0, err);
	(void)sys_prctl(SET_DUMPABLE, 0, 0, 0, 0);
	return r < 0 ? r : become_root(err);
}

int step_unshare(struct init *in, const struct plan_step *s, struct error *err)
{
	uint32_t flags = ((const struct plan_unshare *)s)->flags;
	int r;

	if (flags & CLONE_NEWUSER) {
		r = unshare_user(in, err);
		if (r < 0)
			return r;
		flags &= ~(uint32_t)CLONE_NEWUSER;
	}
	r = flags ? sys_unshare(flags) : 0;
	if (r == -EINVAL) { /* find the one this kernel does not have, for the message */
		for (uint32_t f = 1; f; f <<= 1)
			if ((flags & f) && sys_unshare(f) < 0)
				return error_errno(err, EINVAL, "%s namespace", flag_name(f));
		return 0;
	}
	return r < 0 ? error_errno(err, r, "new namespaces") : 0;
}

static bool joins_user_namespace(const struct init *in)
{
	for (const struct plan_step *s = plan_first(in->plan); !plan_at_end(in->plan, s); s = plan_next(s))
		if (s->op == PLAN_OP_JOIN && ((const struct plan_join *)s)->flags & CLONE_NEWUSER)
			return true;
	return false;
}

/* In a user namespace our files are root's, who is somebody else there, unless we can be dumped. That we may be for a
 * moment in a new one, where nobody else is. */
static int open_time_offsets(const struct init *in)
{
	static const char path[] = "/proc/self/timens_offsets";
	int fd = sys_openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);

	if (fd != -EACCES || joins_user_namespace(in))
		return fd;
	(void)sys_prctl(SET_DUMPABLE, 1, 0, 0, 0);
	fd = sys_openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
	(void)sys_prctl(SET_DUMPABLE, 0, 0, 0, 0);
	return fd;
}

int step_time_offsets(struct init *in, const struct plan_step *s, struct error *err)
{
	const struct plan_time_offset *p = (const struct plan_time_offset *)s;
	char line[64];
	size_t n = fmt(line, sizeof(line), "%u %ld %u\n", p->clock, (long)p->secs, p->nsecs);
	int fd = open_time_offsets(in);
	long r = fd;

	if (fd >= 0) {
		r = sys_write(fd, line, n);
		(void)sys_close(fd);
	}
	return r < 0 ? error_errno(err, (int)r, "linux.timeOffsets.%s: %ld s, %u ns",
			       p->clock == CLOCK_BOOTTIME ? "boottime" : "monotonic", (long)p->secs, p->nsecs)
		     : 0;
}

/* unshare(CLONE_NEWTIME) counts for children only; this process goes in by setns. */
int step_time_enter(struct init *in, const struct plan_step *s, struct error *err)
{
	int fd = sys_openat(AT_FDCWD, "/proc/self/ns/time_for_children", O_CLOEXEC, 0);
	int r = fd < 0 ? fd : sys_setns(fd, CLONE_NEWTIME);

	(void)in;
	(void)s;
	if (fd >= 0)
		(void)sys_close(fd);
	return r < 0 ? error_errno(err, r, "time namespace") : 0;
}

/* A pid namespace is entered by a child only. The child is the runtime's own (CLONE_PARENT), so that the runtime's
 * caller becomes its parent when the runtime ends. */
int step_fork(struct init *in, const struct plan_step *s, struct error *err)
{
	static struct sync_msg m;
	int pidfd = -1, pid, r;
	struct sys_clone_args a = {.flags = CLONE_PARENT | CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)&pidfd};

	(void)s;
	pid = sys_clone3(&a);
	if (pid == -ENOSYS || pid == -EPERM) { /* a seccomp filter around us that does not know clone3 */
		pid = (int)sys_call5(SYS_clone, CLONE_PARENT | CLONE_PIDFD, 0, &pidfd, 0, 0);
	}
	if (pid < 0)
		return error_errno(err, pid, "fork in the pid namespace");
	if (pid == 0) {
		(void)sys_prctl(SET_PDEATHSIG, SIG_KILL, 0, 0, 0);
		(void)sys_prctl(SET_DUMPABLE, 0, 0, 0, 0);
		in->in_child = true;
		return init_wait_go(in, err);
	}
	m.type = SYNC_CHILD;
	m.value = pid;
	r = sync_send(in->sync, &m, &pidfd, 1);
	if (r < 0)
		(void)sys_pidfd_send_signal(pidfd, SIG_KILL);
	sys_call1(SYS_exit_group, r < 0);
	__builtin_unreachable();
}
