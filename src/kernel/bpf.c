/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/bpf.h"

#include <errno.h>
#include <sys/resource.h>

#include "kernel/sys.h"

enum { CMD_PROG_LOAD = 5, CMD_PROG_ATTACH = 8, CMD_PROG_DETACH = 9, CMD_PROG_GET_FD_BY_ID = 13, CMD_PROG_QUERY = 16 };
enum { PROG_TYPE_CGROUP_DEVICE = 15, ATTACH_CGROUP_DEVICE = 6 };
enum { F_ALLOW_MULTI = 2, F_REPLACE = 4 };

/* The parts of union bpf_attr, as long as they are used. */
struct attr_load {
	uint32_t prog_type, insn_cnt;
	uint64_t insns, license;
	uint32_t log_level, log_size;
	uint64_t log_buf;
	uint32_t kern_version, prog_flags;
};
struct attr_attach {
	uint32_t target_fd, attach_bpf_fd, attach_type, attach_flags, replace_bpf_fd;
};
struct attr_by_id {
	uint32_t id, next_id, open_flags;
};
struct attr_query {
	uint32_t target_fd, attach_type, query_flags, attach_flags;
	uint64_t prog_ids;
	uint32_t prog_cnt;
	uint32_t pad;
};

static int bpf(int cmd, void *attr, size_t n)
{
	long r;

	do
		r = sys_call3(SYS_bpf, cmd, attr, n);
	while (r == -EAGAIN); /* the verifier was interrupted by a signal */
	return (int)r;
}

int bpf_load_device_program(const struct bpf_op *insns, size_t n)
{
	struct attr_load attr = {
		.prog_type = PROG_TYPE_CGROUP_DEVICE,
		.insn_cnt = (uint32_t)n,
		.insns = (uintptr_t)insns,
		.license = (uintptr_t) "Apache-2.0",
	};
	struct rlimit old, all;
	int r = bpf(CMD_PROG_LOAD, &attr, sizeof(attr));

	if (r != -EPERM)
		return r;
	/* Before 5.11 programs count against RLIMIT_MEMLOCK, which is 64 KiB for all of a user's programs together. */
	if (getrlimit(RLIMIT_MEMLOCK, &old) < 0)
		return -EPERM;
	all = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
	if (setrlimit(RLIMIT_MEMLOCK, &all) < 0)
		return -EPERM;
	r = bpf(CMD_PROG_LOAD, &attr, sizeof(attr));
	(void)setrlimit(RLIMIT_MEMLOCK, &old);
	return r;
}

int bpf_query_device_programs(int cgroup_fd, uint32_t *ids, uint32_t *n)
{
	struct attr_query attr = {
		.target_fd = (uint32_t)cgroup_fd,
		.attach_type = ATTACH_CGROUP_DEVICE,
		.prog_ids = (uintptr_t)ids,
		.prog_cnt = *n,
	};
	int r = bpf(CMD_PROG_QUERY, &attr, sizeof(attr));

	*n = attr.prog_cnt;
	return r;
}

int bpf_program_by_id(uint32_t id)
{
	struct attr_by_id attr = {.id = id};

	return bpf(CMD_PROG_GET_FD_BY_ID, &attr, sizeof(attr));
}

int bpf_attach_device_program(int cgroup_fd, int prog_fd, int replace_fd)
{
	struct attr_attach attr = {
		.target_fd = (uint32_t)cgroup_fd,
		.attach_bpf_fd = (uint32_t)prog_fd,
		.attach_type = ATTACH_CGROUP_DEVICE,
		.attach_flags = F_ALLOW_MULTI,
	};

	if (replace_fd >= 0) {
		attr.attach_flags |= F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)replace_fd;
	}
	return bpf(CMD_PROG_ATTACH, &attr, sizeof(attr));
}

int bpf_detach_device_program(int cgroup_fd, int prog_fd)
{
	struct attr_attach attr = {
		.target_fd = (uint32_t)cgroup_fd,
		.attach_bpf_fd = (uint32_t)prog_fd,
		.attach_type = ATTACH_CGROUP_DEVICE,
	};

	return bpf(CMD_PROG_DETACH, &attr, sizeof(attr));
}
