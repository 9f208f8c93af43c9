/* SPDX-License-Identifier: Apache-2.0 */

/* Where a cgroup is, what resources become on hosts of each kind, and the record: all without a cgroup. */

#include <errno.h>
#include <math.h>

#include "base/str.h"
#include "cgroup/cgroup.h"
#include "cgroup/internal.h"
#include "tests/tap.h"

static struct arena arena;
static struct error err;

static const struct cgroup_host v1_host = {.mode = CGROUP_MODE_V1,
	.n = 4,
	.h = {
		{.controllers = "memory", .mountpoint = "/sys/fs/cgroup/memory", .own = "/own/x"},
		{.controllers = "cpu,cpuacct", .mountpoint = "/sys/fs/cgroup/cpu,cpuacct", .own = "/"},
		{.controllers = "devices", .mountpoint = "/sys/fs/cgroup/devices", .own = "/"},
		{.controllers = "blkio", .mountpoint = "/sys/fs/cgroup/blkio", .own = "/"},
	}};
static const struct cgroup_host hybrid_host = {.mode = CGROUP_MODE_HYBRID,
	.n = 3,
	.h = {
		{.controllers = "devices", .mountpoint = "/sys/fs/cgroup/devices", .own = "/"},
		{.controllers = "memory", .mountpoint = "/sys/fs/cgroup/memory", .own = "/"},
		{.controllers = "",
			.mountpoint = "/sys/fs/cgroup/unified",
			.own = "/u",
			.available = "hugetlb",
			.v2 = true},
	}};
static const struct cgroup_host v2_host = {.mode = CGROUP_MODE_V2,
	.n = 1,
	.h = {
		{.controllers = "",
			.mountpoint = "/sys/fs/cgroup",
			.own = "/user.slice/session.scope",
			.available = "cpuset cpu io memory hugetlb pids rdma misc",
			.v2 = true},
	}};

static void convert(void)
{
	int64_t swap;
	int wrong = 0;

	for (uint64_t shares = 3; shares < 262144; shares++) {
		double l = log2((double)shares), w = ceil(pow(10, (l * l + 125 * l) / 612.0 - 7.0 / 34.0));

		wrong += cgroup_weight_from_shares(shares) != (uint64_t)w;
	}
	tap_is_int(wrong, 0, "all shares have the weight that libm gives them");
	tap_is_int((long long)cgroup_weight_from_shares(0), 0, "no shares, no weight");
	tap_is_int((long long)cgroup_weight_from_shares(2), 1, "the least");
	tap_is_int((long long)cgroup_weight_from_shares(1024), 100, "the default");
	tap_is_int((long long)cgroup_weight_from_shares(262144), 10000, "the greatest");
	tap_is_int((long long)cgroup_weight_from_shares(UINT64_MAX), 10000, "and what is above");
	tap_is_int((long long)cgroup_io_weight_from_blkio(10), 1, "the least blkio weight");
	tap_is_int((long long)cgroup_io_weight_from_blkio(1000), 10000, "the greatest blkio weight");
	tap_ok(cgroup_swap_from_memsw(100, 300, &swap, &err) == 0 && swap == 200, "swap is what is above memory");
	tap_ok(cgroup_swap_from_memsw(100, 100, &swap, &err) == 0 && swap == 0, "the same: no swap");
	tap_ok(cgroup_swap_from_memsw(100, 0, &swap, &err) == 0 && swap == CGROUP_SWAP_UNSET, "0: not set");
	tap_ok(cgroup_swap_from_memsw(-1, 0, &swap, &err) == 0 && swap == -1, "unlimited memory: unlimited swap");
	tap_ok(cgroup_swap_from_memsw(100, -1, &swap, &err) == 0 && swap == -1, "-1 stays");
	tap_ok(cgroup_swap_from_memsw(-1, 50, &swap, &err) == 0 && swap == 50, "unlimited memory: swap as it is");
	tap_is_int(cgroup_swap_from_memsw(0, 50, &swap, &err), -EINVAL, "swap without memory is refused");
	tap_is_int(cgroup_swap_from_memsw(100, 50, &swap, &err), -EINVAL, "swap below memory is refused");
}

static const char *located(const struct cgroup_host *h, const char *path, size_t i)
{
	static struct cgroup cg;
	int r = cgroup_locate(h, CGROUP_MANAGER_CGROUPFS, path, "c1", &arena, &cg, &err);

	return r < 0 ? errno_text(r) : i < cg.n ? cg.d[i].path : NULL;
}

static void locate(void)
{
	struct cgroup cg;

	tap_is_str(located(&v1_host, "/a/b", 0), "/sys/fs/cgroup/memory/a/b", "absolute");
	tap_is_str(located(&v1_host, "a/b", 0), "/sys/fs/cgroup/memory/own/x/a/b", "relative: below our own");
	tap_is_str(located(&v1_host, NULL, 0), "/sys/fs/cgroup/memory/own/x/c1", "default: the id below our own");
	tap_is_str(located(&v1_host, "", 1), "/sys/fs/cgroup/cpu,cpuacct/c1", "each hierarchy has an own of its own");
	tap_is_str(located(&v2_host, NULL, 0), "/sys/fs/cgroup/user.slice/c1", "v2: beside our own");
	tap_is_str(located(&v2_host, "/x", 0), "/sys/fs/cgroup/x", "v2: absolute");
	tap_is_str(located(&hybrid_host, "x", 2), "/sys/fs/cgroup/unified/u/x", "hybrid: v2 below our own");
	tap_is_str(located(&v1_host, "//a/./b/", 0), "/sys/fs/cgroup/memory/a/b", "empty and \".\" parts go");
	tap_is_str(located(&v1_host, "/a/../../b", 0), "invalid argument", "\"..\" is refused");
	tap_is_str(located(&v1_host, "..", 0), "invalid argument", "so it is alone");
	tap_is_str(located(&v1_host, "/a..b", 0), "/sys/fs/cgroup/memory/a..b", "dots in a name are not");
	tap_is_str(located(&v1_host, "/", 0), "invalid argument", "the root is refused");
	tap_is_str(located(&v1_host, "/./", 0), "invalid argument", "however it is written");
	tap_is_str(located(&v1_host, "/a\nb", 0), "invalid argument", "so is a line break");
	tap_is_int(cgroup_locate(&v1_host, CGROUP_MANAGER_DISABLED, "/a", "c", &arena, &cg, &err), 0, "disabled");
	tap_is_int((long long)cg.n, 0, "has no directory");
}

/* The writes as one text, "FILE=VALUE;…" with the flags ? optional, ~ retry, | alternative, + keep_quota; or the error.
 */
static const char *compiled(const struct cgroup_host *h, const struct oci_linux_resources *r, bool for_update)
{
	static char text[8192];
	struct cgroup_settings s;
	struct cgroup cg;
	size_t n = 0;

	text[0] = '\0';
	err = (struct error){0};
	if (cgroup_locate(h, CGROUP_MANAGER_CGROUPFS, "/c", "c", &arena, &cg, &err) < 0 ||
		cgroup_compile(&cg, r, for_update, &arena, &s, &err) < 0)
		return err.msg;
	for (size_t i = 0; i < s.n; i++) {
		const struct cgroup_write *w = &s.w[i];

		if (!str_eq(w->what, "linux.resources.devices"))
			n += fmt(text + n, sizeof(text) - n, "%s%s%s%s%s=%s;", w->optional ? "?" : "",
				w->retry ? "~" : "", w->alternative ? "|" : "", w->keep_quota ? "+" : "", w->file,
				w->value);
	}
	return text;
}

static const char *memory(const struct cgroup_host *h, bool for_update, struct oci_memory m)
{
	return compiled(h, &(struct oci_linux_resources){.memory = &m}, for_update);
}

static void compile_memory(void)
{
	tap_is_str(memory(&v1_host, false, (struct oci_memory){.limit = 100, .swap = 200, .reservation = 50}),
		"~memory.limit_in_bytes=100;~memory.memsw.limit_in_bytes=200;memory.soft_limit_in_bytes=50;",
		"v1 limits");
	tap_is_str(memory(&v2_host, false, (struct oci_memory){.limit = 100, .swap = 200, .reservation = 50}),
		"memory.swap.max=100;memory.max=100;memory.low=50;", "v2 limits");
	tap_is_str(memory(&v1_host, true, (struct oci_memory){.limit = -1}),
		"~memory.limit_in_bytes=-1;?~memory.memsw.limit_in_bytes=-1;", "v1: no limit");
	tap_is_str(memory(&v2_host, true, (struct oci_memory){.limit = -1}), "?memory.swap.max=max;memory.max=max;",
		"v2: no limit");
	tap_is_str(memory(&v2_host, false, (struct oci_memory){.limit = 5, .swap = 5}),
		"?memory.swap.max=0;memory.max=5;", "v2: no swap");
	tap_is_str(memory(&v1_host, false, (struct oci_memory){.has_limit = true, .has_disable_oom_killer = true}), "",
		"zeros are not set");
	tap_is_str(memory(&v1_host, false, (struct oci_memory){.has_swappiness = true, .disable_oom_killer = true}),
		"memory.swappiness=0;memory.oom_control=1;", "v1 behaviour");
	tap_is_str(memory(&v2_host, false, (struct oci_memory){.has_swappiness = true}),
		"linux.resources.memory.swappiness: cgroup v2 does not have this setting", "is not v2's");
	tap_is_str(memory(&v1_host, false, (struct oci_memory){.has_swappiness = true, .swappiness = UINT64_MAX}), "",
		"swappiness -1 is not set");
	tap_is_str(memory(&v1_host, false, (struct oci_memory){.has_swappiness = true, .swappiness = 101}),
		"linux.resources.memory.swappiness: invalid memory swappiness value: 101 (valid range is 0-100)",
		"above 100");
	tap_is_str(memory(&v2_host, false, (struct oci_memory){.disable_oom_killer = true}),
		"linux.resources.memory.disableOOMKiller: cgroup v2 does not have this setting",
		"disableOOMKiller on v2");
	tap_is_str(memory(&v2_host, false, (struct oci_memory){.swap = 5}),
		"linux.resources.memory.swap: unable to set swap limit without memory limit", "swap alone on v2");
	tap_is_str(memory(&v1_host, false, (struct oci_memory){.limit = -2}),
		"linux.resources.memory.limit: -2: neither a number of bytes nor -1", "a negative limit");
	tap_is_str(memory(&v1_host, false, (struct oci_memory){.kernel = 7, .kernel_tcp = 8}),
		"?memory.kmem.limit_in_bytes=7;?memory.kmem.tcp.limit_in_bytes=8;", "kernel memory");
}

static const char *cpu(const struct cgroup_host *h, bool for_update, struct oci_cpu p)
{
	return compiled(h, &(struct oci_linux_resources){.cpu = &p}, for_update);
}

static void compile_cpu(void)
{
	tap_is_str(cpu(&v1_host, false, (struct oci_cpu){.shares = 512, .quota = 50, .period = 100}),
		"cpu.shares=512;~cpu.cfs_period_us=100;~cpu.cfs_quota_us=50;", "v1");
	tap_is_str(cpu(&v2_host, false, (struct oci_cpu){.shares = 1024, .quota = 50, .period = 100}),
		"cpu.weight=100;~cpu.max=50 100;", "v2");
	tap_is_str(cpu(&v2_host, false, (struct oci_cpu){.quota = 50}), "~cpu.max=50 100000;", "v2: a quota alone");
	tap_is_str(cpu(&v2_host, false, (struct oci_cpu){.period = 50}), "~cpu.max=max 50;", "v2: a period alone");
	tap_is_str(cpu(&v2_host, true, (struct oci_cpu){.quota = 50}), "~cpu.max=50;", "update: the period stays");
	tap_is_str(cpu(&v2_host, true, (struct oci_cpu){.quota = -1}), "~cpu.max=max;", "update: no quota");
	tap_is_str(cpu(&v2_host, true, (struct oci_cpu){.period = 50}), "~+cpu.max=50;", "update: the quota stays");
	tap_is_str(cpu(&v2_host, false, (struct oci_cpu){.has_burst = true, .burst = 9, .quota = 50}),
		"~cpu.max.burst=9;~cpu.max=50 100000;", "v2: burst");
	tap_is_str(cpu(&v1_host, false, (struct oci_cpu){.has_burst = true, .burst = 9}), "?~cpu.cfs_burst_us=9;",
		"v1: burst");
	tap_is_str(cpu(&v2_host, false, (struct oci_cpu){.has_idle = true, .shares = 1024}),
		"cpu.idle=0;cpu.weight=100;", "busy first, then the weight");
	tap_is_str(cpu(&v2_host, false, (struct oci_cpu){.has_idle = true, .idle = 1, .shares = 1024}),
		"cpu.weight=100;cpu.idle=1;", "idle last");
	tap_is_str(cpu(&v1_host, false, (struct oci_cpu){.realtime_period = 7, .realtime_runtime = 5}),
		"~cpu.rt_period_us=7;~cpu.rt_runtime_us=5;", "realtime");
	tap_is_str(cpu(&v2_host, false, (struct oci_cpu){.realtime_runtime = 5}),
		"linux.resources.cpu.realtimeRuntime: cgroup v2 does not have this setting", "not on v2");
	tap_is_str(cpu(&v1_host, false, (struct oci_cpu){.shares = 1}),
		"linux.resources.cpu.shares: the minimum allowed cpu-shares is 2", "too few shares");
	tap_is_str(cpu(&v1_host, false, (struct oci_cpu){.has_shares = true, .has_quota = true, .has_period = true}),
		"", "zeros are not set");
	tap_is_str(cpu(&v2_host, false, (struct oci_cpu){.cpus = (char *)"0-1", .mems = (char *)"0"}),
		"cpuset.cpus=0-1;cpuset.mems=0;", "cpuset");
	tap_is_str(cpu(&v1_host, false, (struct oci_cpu){.cpus = (char *)"0"}),
		"linux.resources.cpu.cpus: the cpuset controller is not available", "no cpuset here");
	tap_is_str(cpu(&v1_host, false, (struct oci_cpu){.cpus = (char *)""}), "", "and nobody asked for it");
}

static void compile_pids_and_io(void)
{
	struct oci_throttle_device t = {8, 0, 1000}, zero = {8, 16, 0};
	struct oci_weight_device wd = {.major = 8, .minor = 0, .has_weight = true, .weight = 500};
	struct oci_block_io b = {.weight = 10,
		.weight_device = &wd,
		.weight_device_len = 1,
		.throttle_read_bps_device = &t,
		.throttle_read_bps_device_len = 1,
		.throttle_write_iops_device = &zero,
		.throttle_write_iops_device_len = 1};
	struct oci_linux_resources r = {.block_io = &b};
	struct oci_pids p = {.has_limit = true};

	tap_is_str(compiled(&v1_host, &r, false),
		"blkio.weight=10;|blkio.bfq.weight=10;blkio.weight_device=8:0 500;"
		"|blkio.bfq.weight_device=8:0 500;blkio.throttle.read_bps_device=8:0 1000;"
		"blkio.throttle.write_iops_device=8:16 0;",
		"v1 block I/O");
	tap_is_str(compiled(&v2_host, &r, false),
		"io.bfq.weight=10;|io.weight=1;io.bfq.weight=8:0 500;|io.weight=8:0 4950;"
		"io.max=8:0 rbps=1000;io.max=8:16 wiops=max;",
		"v2 block I/O");
	tap_is_str(compiled(&hybrid_host, &r, false),
		"linux.resources.blockIO.weight: the blkio controller is not available", "no block I/O here");
	b = (struct oci_block_io){.has_weight = true};
	tap_is_str(compiled(&v1_host, &r, false), "", "a zero weight is not set");
	b = (struct oci_block_io){.weight = 9};
	tap_is_str(compiled(&v1_host, &r, false), "linux.resources.blockIO.weight: 9: not in the range of 10 to 1000",
		"range");
	b = (struct oci_block_io){.leaf_weight = 10};
	tap_is_str(compiled(&v2_host, &r, false),
		"linux.resources.blockIO.leafWeight: cgroup v2 does not have this setting", "leaf weights are v1's");
	r = (struct oci_linux_resources){.pids = &p};
	tap_is_str(compiled(&v2_host, &r, false), "pids.max=1;", "0 processes");
	p.limit = -1;
	tap_is_str(compiled(&v2_host, &r, false), "pids.max=max;", "any number");
	p.limit = 7;
	tap_is_str(compiled(&v2_host, &r, false), "pids.max=7;", "a number");
	tap_is_str(compiled(&v1_host, &r, false), "linux.resources.pids.limit: the pids controller is not available",
		"none");
	p.has_limit = false;
	tap_is_str(compiled(&v1_host, &r, false), "", "no limit asked for");
}

static void compile_rest(void)
{
	struct oci_hugepage_limit h = {(char *)"2MB", 4096};
	struct oci_rdma rdma = {.key = (char *)"mlx5_1", .has_hca_handles = true, .hca_handles = 3};
	struct oci_network net = {.class_id = 1};
	char *keys[] = {(char *)"memory.high", (char *)"io.max"},
	     *values[] = {(char *)"5", (char *)"8:0 rbps=1\n8:16 rbps=2"};
	struct oci_map unified = {.keys = keys, .values = values, .len = 2};
	struct oci_linux_resources r = {.hugepage_limits = &h, .hugepage_limits_len = 1};

	tap_is_str(compiled(&v2_host, &r, false), "hugetlb.2MB.max=4096;?hugetlb.2MB.rsvd.max=4096;", "huge pages");
	tap_is_str(compiled(&hybrid_host, &r, false), "hugetlb.2MB.max=4096;?hugetlb.2MB.rsvd.max=4096;",
		"a controller that a hybrid host has on v2");
	h.page_size = (char *)"../x";
	tap_is_str(compiled(&v2_host, &r, false),
		"linux.resources.hugepageLimits[0].pageSize: ../x: not of the form 2MB", "a page size that is none");
	r = (struct oci_linux_resources){.rdma = &rdma, .rdma_len = 1};
	tap_is_str(compiled(&v2_host, &r, false), "rdma.max=mlx5_1 hca_handle=3;", "rdma");
	r = (struct oci_linux_resources){.network = &net};
	tap_is_str(compiled(&v2_host, &r, false),
		"linux.resources.network.classID: the net_cls controller is not available", "net_cls is v1's");
	r = (struct oci_linux_resources){.unified = &unified};
	tap_is_str(compiled(&v2_host, &r, false), "memory.high=5;io.max=8:0 rbps=1;io.max=8:16 rbps=2;", "unified");
	tap_is_str(compiled(&hybrid_host, &r, false),
		"linux.resources.unified: invalid configuration: cannot use unified on cgroup v1", "not on v1");
	keys[1] = (char *)"../memory.max";
	tap_is_str(compiled(&v2_host, &r, false),
		"linux.resources.unified.../memory.max: must be a file name (no slashes)", "a path");
	keys[1] = (char *)"memory";
	tap_is_str(compiled(&v2_host, &r, false),
		"linux.resources.unified.memory: must be in the form CONTROLLER.PARAMETER", "no controller");
	keys[1] = (char *)"net.x";
	tap_is_str(compiled(&v2_host, &r, false),
		"linux.resources.unified.net.x: can't be set: controller \"net\" not available", "no such controller");
	tap_is_str(compiled(&v1_host, NULL, false), "", "no resources");
}

static int from_text(const char *text)
{
	struct cgroup cg;

	return cgroup_from_text((char *const[]){(char *)text}, 1, CGROUP_MANAGER_CGROUPFS, &arena, &cg, &err);
}

static void record(void)
{
	static const char *const bad[] = {"", "memory", "memory:", ":", "memory:x", "memory:/", "memory:/sys/fs/../x",
		"memory:/sys//x", "memory:/sys/fs/", "memory:/./x", "memory:/a\nb/c", ":/x"};
	char *twice[] = {(char *)"memory:/a/b", (char *)"memory:/a/c"};
	struct cgroup cg, back;
	char **text;
	size_t n;

	cgroup_locate(&hybrid_host, CGROUP_MANAGER_CGROUPFS, "/a:b/c", "c", &arena, &cg, &err);
	tap_is_int(cgroup_to_text(&cg, &arena, &text, &n, &err), 0, "to text");
	tap_is_str(text[0], "devices:/sys/fs/cgroup/devices/a:b/c", "a v1 directory");
	tap_is_str(text[2], ":/sys/fs/cgroup/unified/a:b/c", "the v2 directory");
	tap_is_int(cgroup_from_text(text, n, CGROUP_MANAGER_CGROUPFS, &arena, &back, &err), 0, "and back");
	tap_is_int((long long)back.n, 3, "all of them");
	tap_is_int(back.mode, CGROUP_MODE_HYBRID, "the mode follows");
	tap_is_str(back.d[0].path, cg.d[0].path, "the path is the same");
	tap_ok(back.d[2].v2 && !back.d[0].v2 && back.d[0].fd == -1, "v2 is known by its empty name");
	tap_is_int(from_text("name=systemd:/sys/fs/cgroup/systemd/x"), 0, "a named hierarchy");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_is_int(from_text(bad[i]), -EINVAL, "hostile record %zu", i);
	tap_is_int(
		cgroup_from_text(twice, 2, CGROUP_MANAGER_CGROUPFS, &arena, &cg, &err), -EINVAL, "a hierarchy twice");
	tap_is_int(cgroup_from_text(NULL, 25, CGROUP_MANAGER_CGROUPFS, &arena, &cg, &err), -E2BIG, "too many");
	tap_is_int(cgroup_from_text(
			   (char *const[]){(char *)":/tmp/enviro-none"}, 1, CGROUP_MANAGER_CGROUPFS, &arena, &cg, &err),
		0, "a path that is no cgroup's");
	tap_is_int(cgroup_open(&cg, &err), 0, "may be missing");
	cg.d[0].path = "/proc/self";
	tap_is_int(cgroup_open(&cg, &err) < 0, 1, "but is refused when it is there");
	tap_is_int(cgroup_destroy(&cg, 10, &err) < 0, 1, "and never removed");
}

int main(void)
{
	convert();
	locate();
	compile_memory();
	compile_cpu();
	compile_pids_and_io();
	compile_rest();
	record();
	arena_done(&arena);
	return tap_done();
}
