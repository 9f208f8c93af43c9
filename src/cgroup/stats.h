/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CGROUP_STATS_H
#define ENVIRO_CGROUP_STATS_H

/* What the kernel has counted for a cgroup, from v1 and v2 files alike, and its OOM kills as they happen. */

#include "cgroup/cgroup.h"

/* Bytes; no limit is UINT64_MAX on v2, and on v1 what the kernel prints. */
struct cgroup_memory_entry {
	uint64_t limit, usage, max, failcnt;
};

struct cgroup_stat_value {
	const char *name;
	uint64_t value;
};

/* Pressure stall information: averages in hundredths of a percent, the total in microseconds. */
struct cgroup_pressure_line {
	uint64_t avg10, avg60, avg300, total;
};
struct cgroup_pressure {
	bool there; /* the kernel has it for this cgroup */
	struct cgroup_pressure_line some, full;
};

struct cgroup_memory_stats {
	uint64_t cache;
	struct cgroup_memory_entry usage, swap /* memory and swap together */, kernel, kernel_tcp;
	struct cgroup_stat_value *raw; /* memory.stat */
	size_t raw_n;
	struct cgroup_pressure pressure;
};

struct cgroup_numbers {
	uint64_t *v;
	size_t n;
};

/* Times in nanoseconds. */
struct cgroup_cpu_stats {
	uint64_t total, kernel, user;
	struct cgroup_numbers percpu, percpu_kernel, percpu_user; /* v1 */
	uint64_t periods, throttled_periods, throttled_time;
	struct cgroup_pressure pressure;
};

/* v1 only. */
struct cgroup_cpuset_stats {
	struct cgroup_numbers cpus, mems;
	uint64_t cpu_exclusive, mem_hardwall, mem_exclusive, memory_migrate, memory_spread_page, memory_spread_slab,
		memory_pressure, sched_load_balance;
	int64_t sched_relax_domain_level;
};

struct cgroup_io_entry {
	uint64_t major, minor;
	const char *op; /* "Read", "Write", …; "": the file tells no operations apart */
	uint64_t value;
};
struct cgroup_io_list {
	struct cgroup_io_entry *e;
	size_t n;
};
enum cgroup_io_kind {
	CGROUP_IO_SERVICE_BYTES,
	CGROUP_IO_SERVICED,
	CGROUP_IO_QUEUED,
	CGROUP_IO_SERVICE_TIME,
	CGROUP_IO_WAIT_TIME,
	CGROUP_IO_MERGED,
	CGROUP_IO_TIME,
	CGROUP_IO_SECTORS,
	CGROUP_IO_KINDS
};
struct cgroup_io_stats {
	struct cgroup_io_list list[CGROUP_IO_KINDS];
	struct cgroup_pressure pressure;
};

struct cgroup_hugetlb_stats {
	const char *page_size; /* "2MB" */
	uint64_t usage, max, failcnt;
};

struct cgroup_rdma_entry {
	const char *device;
	uint64_t hca_handles, hca_objects;
};
struct cgroup_rdma_list {
	struct cgroup_rdma_entry *e;
	size_t n;
};

struct cgroup_stats {
	struct cgroup_cpu_stats cpu;
	struct cgroup_cpuset_stats cpuset;
	struct cgroup_memory_stats memory;
	uint64_t pids, pids_limit; /* 0: no limit */
	struct cgroup_io_stats io;
	struct cgroup_hugetlb_stats *hugetlb;
	size_t hugetlb_n;
	struct cgroup_rdma_list rdma_limit, rdma_current;
};

/* Reads all of it through the cgroup's open directories. A controller or file that is not there leaves zeros (a
 * controller not enabled, a kernel without it, a cgroup that has gone); other failures of reading are errors. Memory is
 * the arena's. */
int cgroup_stats(const struct cgroup *cg, struct arena *a, struct cgroup_stats *ret, struct error *err);

/* The kernel's word that it ran out of memory in the cgroup. */
struct cgroup_oom {
	int fd; /* to be polled for `events`; -1: there is no memory controller, and nothing will be heard */
	short events;
	int dir; /* borrowed from the cgroup */
	bool v2;
	uint64_t seen; /* v2: the kills told of so far */
};
#define CGROUP_OOM_INIT ((struct cgroup_oom){.fd = -1, .dir = -1})

/* Begins to listen; the cgroup must stay open for as long. */
int cgroup_oom_open(const struct cgroup *cg, struct cgroup_oom *ret, struct error *err);
/* How often it happened since the last call; does not wait. v2: processes killed, in sub-cgroups too; v1: times that a
 * limit of the cgroup or of one above it could not be kept. Negative errno: nothing more will come. */
int64_t cgroup_oom_take(struct cgroup_oom *o);
void cgroup_oom_close(struct cgroup_oom *o);
#define _cleanup_cgroup_oom_ __attribute__((cleanup(cgroup_oom_close)))

#endif
