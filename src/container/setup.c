/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "container/create.h"
#include "container/engine.h"
#include "container/net_devices.h"
#include "kernel/nsfs.h"

static const struct plan_step *find_from(const struct plan *p, const struct plan_step *s, enum plan_op op)
{
	for (; !plan_at_end(p, s); s = plan_next(s))
		if (s->op == op)
			return s;
	return NULL;
}

static const struct plan_step *find(const struct plan *p, enum plan_op op)
{
	return find_from(p, plan_first(p), op);
}

int setup_cgroup_slots(const struct plan *p, const struct cgroup *cg, bool into_cgroup, struct launch_slots *s,
	struct error *err)
{
	const struct plan_step *step = find(p, PLAN_OP_CGROUP_JOIN);
	const struct plan_slots *join = (const struct plan_slots *)step;
	const struct plan_slots *late =
		step ? (const struct plan_slots *)find_from(p, plan_next(step), PLAN_OP_CGROUP_JOIN) : NULL;
	int fds[CGROUP_MAX_HIERARCHIES + 1], memory, n = cgroup_task_fds(cg, !into_cgroup, fds, &memory, err), r = 0;

	for (int i = 0; join && i < n; i++) {
		bool is_late = late && i == memory;
		uint32_t slot = plan_list_u32(p, is_late ? late->slots : join->slots, is_late ? 0 : (uint32_t)i);
		int put = launch_put(s, slot, fds[i], err);

		if (put < 0)
			r = put;
	}
	return n < 0 ? n : r;
}

bool setup_wants_oom_score(const struct plan *p)
{
	return find(p, PLAN_OP_OOM_SCORE);
}

int setup_oom_score(const struct plan *p, pid_t pid, struct error *err)
{
	const struct plan_oom_score *s = (const struct plan_oom_score *)find(p, PLAN_OP_OOM_SCORE);
	char path[64], text[16];
	int r;

	if (!s)
		return 0;
	fmt(path, sizeof(path), "/proc/%d/oom_score_adj", (int)pid);
	fmt(text, sizeof(text), "%d", (int)s->value);
	r = file_write_at(AT_FDCWD, path, text);
	return r < 0 ? error_errno(err, r, "process.oomScoreAdj: %d", (int)s->value) : 0;
}

int setup_net_devices(const struct plan *p, pid_t pid, struct error *err)
{
	_cleanup_close_ int netns = -1;
	char path[64];

	if (!find(p, PLAN_OP_NET_DEVICE))
		return 0;
	fmt(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return error_errno(err, errno, "linux.netDevices: %s", path);
	return net_devices_move(p, netns, err);
}

/* The path may lead anywhere; only a namespace of the right kind is taken. */
static int open_namespace(const struct plan *p, const struct plan_join *j, struct error *err)
{
	const char *path = plan_text(p, j->path);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct statfs st;
	int kind;

	if (fd < 0)
		return error_errno(err, errno, "linux.namespaces[%u].path: %s", j->s.index, path);
	kind = fstatfs(fd, &st) == 0 && st.f_type == NSFS_MAGIC ? ioctl(fd, NS_GET_NSTYPE) : -1;
	if (kind < 0 || (uint32_t)kind != j->flags)
		return error_set(err, EINVAL, "linux.namespaces[%u].path: %s: not a namespace of this type", j->s.index, path);
	return TAKE_FD(fd);
}

int setup_join_slots(const struct plan *p, struct launch_slots *slots, struct error *err)
{
	for (const struct plan_step *s = plan_first(p); !plan_at_end(p, s); s = plan_next(s)) {
		const struct plan_join *j = (const struct plan_join *)s;
		int r;

		if (s->op != PLAN_OP_JOIN || !j->path)
			continue;
		r = open_namespace(p, j, err);
		if (r >= 0)
			r = launch_put(slots, j->slot, r, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int setup_seccomp_agent(const struct oci_linux_seccomp *s, const struct oci_state *state, pid_t pid, int fd,
	struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	_cleanup_close_ int listener = fd;
	_cleanup_close_ int sock = -1;
	char *name = (char *)"seccompFd", *json;
	struct oci_container_process_state doc = {
		.oci_version = (char *)OCI_VERSION,
		.fds = &name,
		.fds_len = 1,
		.pid = pid,
		.metadata = s->listener_metadata,
		.state = (struct oci_state *)state,
	};
	size_t len;
	int r = oci_container_process_state_write(&doc, &a, &json, &len, err);

	if (r < 0)
		return r;
	sock = engine_connect("linux.seccomp.listenerPath: failed to connect with seccomp agent", s->listener_path, err);
	return sock < 0 ? sock : engine_send_fd("linux.seccomp.listenerPath", sock, listener, json, len, err);
}

/* From /proc/self/fdinfo: not every libc has statx. */
uint64_t setup_mount_id(const char *path)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char info[64], text[512], *line;

	fmt(info, sizeof(info), "/proc/self/fdinfo/%d", fd);
	if (fd < 0 || file_read_small(AT_FDCWD, info, text, sizeof(text)) <= 0)
		return 0;
	line = strstr(text, "mnt_id:\t");
	return line ? strtoull(line + 8, NULL, 10) : 0;
}

void setup_remove_rootfs(const char *path, uint64_t before)
{
	if (before && setup_mount_id(path) != before && umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		log_warn("rootfs: %s: cannot be unmounted: %s", path, errno_text(errno));
}

pid_t setup_inner_pid(pid_t pid)
{
	char path[64], text[4096], *line, *end;
	uint32_t inner = 0;

	fmt(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (file_read_small(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return pid;
	line = strstr(text, "\nNSpid:");
	if (!line)
		return pid;
	end = strchrnul(line + 1, '\n');
	*end = '\0';
	return str_to_u32(strrchr(line, '\t') + 1, &inner) ? (pid_t)inner : pid;
}

int setup_memfd(const char *name, const void *data, size_t len, struct error *err)
{
	_cleanup_close_ int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r = fd < 0 ? -errno : fd_write_all(fd, data, len);

	if (r == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		r = -errno;
	return r < 0 ? error_errno(err, r, "memory file: %s", name) : TAKE_FD(fd);
}
