/* SPDX-License-Identifier: Apache-2.0 */

/* Statistics from made-up cgroup and resctrl directories, what `events` prints of them, and durations. */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "cli/duration.h"
#include "cli/events_json.h"
#include "tap.h"

static struct arena arena;
static struct error err;
static char root[] = "/tmp/unit-events.XXXXXX";

struct entry {
	const char *path, *text; /* text NULL: a directory */
};

static void make(const struct entry *e, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *path = arena_fmt(&arena, "%s/%s", root, e[i].path);

		if (e[i].text)
			file_replace_at(AT_FDCWD, path, e[i].text, str_len(e[i].text), 0644, &err);
		else
			mkdir(path, 0755);
	}
}
#define MAKE(...) make((const struct entry[]){__VA_ARGS__}, sizeof((const struct entry[]){__VA_ARGS__}) / sizeof(struct entry))

static int open_dir(const char *name)
{
	return open(arena_fmt(&arena, "%s/%s", root, name), O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static const char *json_of(const struct container_stats *s)
{
	const struct event e = {EVENT_STATS, "x", s};
	struct text t = TEXT_INIT(&arena);

	event_json(&t, &e);
	text_add_n(&t, "", 1);
	return t.s;
}

#define CPUSET_ZERO                                                                                                    \
	"\"cpuset\":{\"cpu_exclusive\":0,\"mem_hardwall\":0,\"mem_exclusive\":0,\"memory_migrate\":0,"                 \
	"\"memory_spread_page\":0,\"memory_spread_slab\":0,\"memory_pressure\":0,\"sched_load_balance\":0,"             \
	"\"sched_relax_domain_level\":0}"
#define REST "\"hugetlb\":{},\"intel_rdt\":{},\"network_interfaces\":null}}\n"

static void test_v2(void)
{
	struct cgroup cg = {.mode = CGROUP_MODE_V2, .n = 1, .d = {{.controllers = "", .path = "x", .v2 = true}}};
	struct container_stats s = {0};

	MAKE({"v2", NULL}, {"v2/cpu.stat", "usage_usec 7\nuser_usec 5\nsystem_usec 2\nnr_periods 3\nnr_throttled 2\n"
					   "throttled_usec 9\nnr_bursts 0\n"},
		{"v2/cpu.pressure", "some avg10=0.25 avg60=1.50 avg300=12.00 total=99\nfull avg10=0.05 avg60=0.00 "
				    "avg300=0.00 total=1\n"},
		{"v2/memory.current", "4096\n"}, {"v2/memory.max", "8192\n"}, {"v2/memory.peak", "5000\n"},
		{"v2/memory.stat", "anon 1\nfile 1024\nslab 18446744073709551615\n"}, {"v2/memory.swap.current", "10\n"},
		{"v2/memory.swap.max", "max\n"}, {"v2/pids.current", "2\n"}, {"v2/pids.max", "max\n"},
		{"v2/io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=0 dbytes=5 dios=6\n8:16 \nbad rbytes=1\n"},
		{"v2/rdma.max", "mlx4_0 hca_handle=2 hca_object=max\n"}, {"v2/rdma.current", "mlx4_0 hca_handle=1 hca_object=0\n"});
	cg.d[0].fd = open_dir("v2");
	tap_is_int(cgroup_stats(&cg, &arena, &s.cgroup, &err), 0, "v2 is read");
	tap_is_str(json_of(&s),
		"{\"type\":\"stats\",\"id\":\"x\",\"data\":{\"cpu\":{\"usage\":{\"total\":7000,\"kernel\":2000,"
		"\"user\":5000},\"throttling\":{\"periods\":3,\"throttledPeriods\":2,\"throttledTime\":9000},"
		"\"psi\":{\"some\":{\"avg10\":0.25,\"avg60\":1.5,\"avg300\":12,\"total\":99},"
		"\"full\":{\"avg10\":0.05,\"avg60\":0,\"avg300\":0,\"total\":1}}}," CPUSET_ZERO ","
		"\"memory\":{\"cache\":1024,\"usage\":{\"limit\":8192,\"usage\":4096,\"max\":5000,\"failcnt\":0},"
		"\"swap\":{\"limit\":18446744073709551615,\"usage\":4106,\"failcnt\":0},"
		"\"raw\":{\"anon\":1,\"file\":1024,\"slab\":18446744073709551615}},\"pids\":{\"current\":2},"
		"\"blkio\":{\"ioServiceBytesRecursive\":[{\"major\":8,\"op\":\"Read\",\"value\":1},"
		"{\"major\":8,\"op\":\"Write\",\"value\":2}],\"ioServicedRecursive\":[{\"major\":8,\"op\":\"Read\","
		"\"value\":3},{\"major\":8,\"op\":\"Write\"}]},\"hugetlb\":{},\"rdma\":{\"rdma_limit\":[{"
		"\"device\":\"mlx4_0\",\"hca_handles\":2,\"hca_objects\":4294967295}],\"rdma_current\":[{"
		"\"device\":\"mlx4_0\",\"hca_handles\":1}]},\"intel_rdt\":{},\"network_interfaces\":null}}\n",
		"v2 as JSON");
	MAKE({"v2/memory.swap.max", "100\n"}, {"v2/pids.max", "5\n"});
	s = (struct container_stats){0};
	cgroup_stats(&cg, &arena, &s.cgroup, &err);
	tap_is_int(s.cgroup.memory.swap.limit, 8292, "a limit of swap is memory and swap together");
	tap_is_int(s.cgroup.pids_limit, 5, "a limit of pids");
	MAKE({"v2/memory.max", "max\n"});
	cgroup_stats(&cg, &arena, &s.cgroup, &err);
	tap_ok(s.cgroup.memory.swap.limit == UINT64_MAX, "no limit and a limit are no limit");
	close(cg.d[0].fd);
}

static void test_nothing(void)
{
	struct cgroup cg = {.mode = CGROUP_MODE_V2, .n = 1, .d = {{.controllers = "", .path = "x", .v2 = true, .fd = -1}}};
	struct container_stats s = {0};
	static const char nothing[] = "{\"type\":\"stats\",\"id\":\"x\",\"data\":{\"cpu\":{}," CPUSET_ZERO
				      ",\"memory\":{},\"pids\":{},\"blkio\":{}," REST;

	tap_is_int(cgroup_stats(&cg, &arena, &s.cgroup, &err), 0, "a cgroup that has gone");
	tap_is_str(json_of(&s), nothing, "has nothing to tell");
	cg = (struct cgroup){.mode = CGROUP_MODE_V1, .n = 1, .d = {{.controllers = "memory,cpu,blkio,pids", .path = "x"}}};
	MAKE({"empty", NULL});
	cg.d[0].fd = open_dir("empty");
	tap_is_int(cgroup_stats(&cg, &arena, &s.cgroup, &err), 0, "no file at all");
	tap_is_str(json_of(&s), nothing, "is nothing to tell either");
	close(cg.d[0].fd);
	MAKE({"odd", NULL}, {"odd/pids.current", NULL});
	cg.d[0].fd = open_dir("odd");
	tap_is_int(cgroup_stats(&cg, &arena, &s.cgroup, &err), -EISDIR, "what cannot be read is an error");
	tap_is_str(err.msg, "cgroup: statistics: pids.current: is a directory", "that names the file");
	close(cg.d[0].fd);
}

static void test_v1(void)
{
	struct cgroup cg = {.mode = CGROUP_MODE_V1,
		.n = 1,
		.d = {{.controllers = "cpu,cpuacct,cpuset,memory,blkio,pids", .path = "x"}}};
	struct container_stats s = {0};
	const struct cgroup_io_list *l = s.cgroup.io.list;

	MAKE({"v1", NULL}, {"v1/cpuacct.stat", "user 3\nsystem 4\n"}, {"v1/cpuacct.usage", "99\n"},
		{"v1/cpuacct.usage_percpu", "60 39 \n"}, {"v1/cpuacct.usage_all", "cpu user system\n0 1 2\n1 3 4\n"},
		{"v1/cpuset.cpus", "0-2,7\n"}, {"v1/cpuset.mems", "\n"}, {"v1/cpuset.sched_relax_domain_level", "-1\n"},
		{"v1/memory.stat", "cache 5\nrss 6\n"}, {"v1/memory.usage_in_bytes", "11\n"},
		{"v1/memory.limit_in_bytes", "9223372036854771712\n"}, {"v1/memory.failcnt", "3\n"},
		{"v1/memory.kmem.usage_in_bytes", "2\n"},
		{"v1/blkio.bfq.sectors_recursive", "Total 0\n"},
		{"v1/blkio.throttle.io_serviced_recursive", "8:0 Read 4\n8:0 Total 4\nTotal 4\n"},
		{"v1/blkio.throttle.io_service_bytes_recursive", "8:0 Read 4096\nTotal 4096\n"},
		{"v1/blkio.throttle.io_serviced", "8:0 Read 1\n"});
	cg.d[0].fd = open_dir("v1");
	tap_is_int(cgroup_stats(&cg, &arena, &s.cgroup, &err), 0, "v1 is read");
	tap_is_str(json_of(&s),
		"{\"type\":\"stats\",\"id\":\"x\",\"data\":{\"cpu\":{\"usage\":{\"total\":99,\"percpu\":[60,39],"
		"\"percpu_kernel\":[2,4],\"percpu_user\":[1,3],\"kernel\":40000000,\"user\":30000000}},"
		"\"cpuset\":{\"cpus\":[0,1,2,7],\"cpu_exclusive\":0,\"mem_hardwall\":0,\"mem_exclusive\":0,"
		"\"memory_migrate\":0,\"memory_spread_page\":0,\"memory_spread_slab\":0,\"memory_pressure\":0,"
		"\"sched_load_balance\":0,\"sched_relax_domain_level\":-1},\"memory\":{\"cache\":5,"
		"\"usage\":{\"limit\":9223372036854771712,\"usage\":11,\"failcnt\":3},"
		"\"kernel\":{\"limit\":0,\"usage\":2,\"failcnt\":0},\"raw\":{\"cache\":5,\"rss\":6}},\"pids\":{},"
		"\"blkio\":{\"ioServiceBytesRecursive\":[{\"major\":8,\"op\":\"Read\",\"value\":4096}],"
		"\"ioServicedRecursive\":[{\"major\":8,\"op\":\"Read\",\"value\":4},"
		"{\"major\":8,\"op\":\"Total\",\"value\":4}]}," REST,
		"v1 as JSON: the first files that tell of anything");
	MAKE({"v1/blkio.bfq.sectors_recursive", "8:0 2048\nTotal 2048\n"}, {"v1/blkio.bfq.time_recursive", "8:0 7\n"});
	cgroup_stats(&cg, &arena, &s.cgroup, &err);
	tap_ok(l[CGROUP_IO_SECTORS].n == 1 && l[CGROUP_IO_SECTORS].e[0].value == 2048 && !*l[CGROUP_IO_SECTORS].e[0].op,
		"a line without an operation");
	tap_ok(l[CGROUP_IO_TIME].n == 1 && !l[CGROUP_IO_SERVICED].n, "the scheduler's files come before the others");
	close(cg.d[0].fd);
}

static void test_rdt(void)
{
	struct container_stats s = {0};
	const char *group = arena_fmt(&arena, "%s/rdt/c", root), *monitor = arena_fmt(&arena, "%s/rdt/c/mon_groups/x", root);
	const char *fs = arena_fmt(&arena, "%s/rdt", root);

	MAKE({"rdt", NULL}, {"rdt/info", NULL}, {"rdt/info/L3", NULL}, {"rdt/info/L3/cbm_mask", "fff\n"},
		{"rdt/info/L3/min_cbm_bits", "2\n"}, {"rdt/info/L3/num_closids", "16\n"}, {"rdt/info/MB", NULL},
		{"rdt/info/MB/bandwidth_gran", "10\n"}, {"rdt/info/MB/delay_linear", "1\n"},
		{"rdt/info/MB/min_bandwidth", "10\n"}, {"rdt/info/MB/num_closids", "8\n"}, {"rdt/info/L3_MON", NULL},
		{"rdt/info/L3_MON/mon_features", "llc_occupancy\nmbm_total_bytes\nmbm_local_bytes\n"},
		{"rdt/schemata", "    MB:0=100\n    L3:0=fff\n"}, {"rdt/c", NULL},
		{"rdt/c/schemata", "    MB:0=20\n    L3:0=00f\n"}, {"rdt/c/mon_groups", NULL}, {"rdt/c/mon_groups/x", NULL},
		{"rdt/c/mon_groups/x/mon_data", NULL}, {"rdt/c/mon_groups/x/mon_data/mon_L3_01", NULL},
		{"rdt/c/mon_groups/x/mon_data/mon_L3_00", NULL},
		{"rdt/c/mon_groups/x/mon_data/mon_L3_00/mbm_total_bytes", "5\n"},
		{"rdt/c/mon_groups/x/mon_data/mon_L3_00/llc_occupancy", "7\n"},
		{"rdt/c/mon_groups/x/mon_data/mon_L3_01/mbm_local_bytes", "6\n"});
	tap_is_int(intel_rdt_stats(fs, group, monitor, &arena, &s.intel_rdt, &err), 0, "resctrl is read");
	tap_is_str(strstr(json_of(&s), "\"intel_rdt\":"),
		"\"intel_rdt\":{\"l3_cache_info\":{\"cbm_mask\":\"fff\",\"min_cbm_bits\":2,\"num_closids\":16},"
		"\"l3_cache_schema_root\":\"L3:0=fff\",\"l3_cache_schema\":\"L3:0=00f\",\"mem_bw_info\":{"
		"\"bandwidth_gran\":10,\"delay_linear\":1,\"min_bandwidth\":10,\"num_closids\":8},"
		"\"mem_bw_schema_root\":\"MB:0=100\",\"mem_bw_schema\":\"MB:0=20\","
		"\"schemata\":[\"    MB:0=20\",\"    L3:0=00f\"],"
		"\"mbm_stats\":[{\"mbm_total_bytes\":5,\"mbm_local_bytes\":0},{\"mbm_total_bytes\":0,"
		"\"mbm_local_bytes\":6}],\"cmt_stats\":[{\"llc_occupancy\":7},{\"llc_occupancy\":0}]},"
		"\"network_interfaces\":null}}\n",
		"resctrl as JSON");
	tap_ok(intel_rdt_stats(fs, group, NULL, &arena, &s.intel_rdt, &err) == -ENOENT, "a group without mon_data");
	tap_ok(intel_rdt_stats(NULL, group, NULL, &arena, &s.intel_rdt, &err) == -ENOENT, "resctrl has gone");
}

static void test_net(void)
{
	char text[] = "Inter-|   Receive      |  Transmit\n face |bytes    packets errs drop fifo\n"
		      "    lo:   1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
		      "  eth0: 123 4 5 6 0 0 0 0 21 22 23 24 0 0 0 0\n"
		      "a:\"b: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n"
		      " short: 1 2\n";
	struct container_stats s = {0};

	tap_is_int(net_interfaces(text, &arena, &s.interfaces, &s.interfaces_n), 0, "interfaces are read");
	tap_is_str(strstr(json_of(&s), "\"network_interfaces\":"),
		"\"network_interfaces\":[{\"Name\":\"eth0\",\"RxBytes\":123,\"RxPackets\":4,\"RxErrors\":5,"
		"\"RxDropped\":6,\"TxBytes\":21,\"TxPackets\":22,\"TxErrors\":23,\"TxDropped\":24},"
		"{\"Name\":\"a:\\\"b\",\"RxBytes\":1,\"RxPackets\":2,\"RxErrors\":3,\"RxDropped\":4,\"TxBytes\":5,"
		"\"TxPackets\":6,\"TxErrors\":7,\"TxDropped\":8}]}}\n",
		"interfaces as JSON");
	s.interfaces[0].name = "\xff\x01";
	tap_ok(strstr(json_of(&s), "\"Name\":\"\\ufffd\\u0001\"") != NULL, "a name that is not UTF-8");
}

static void test_durations(void)
{
	static const struct {
		const char *word;
		int64_t ns;
	} good[] = {{"5s", 5000000000}, {"100ms", 100000000}, {"1m30s", 90000000000}, {"1.5h", 5400000000000}, {"0", 0},
		{"-1s", -1000000000}, {"+1s", 1000000000}, {".5s", 500000000}, {"1.s", 1000000000}, {"3us", 3000},
		{"3\xc2\xb5s", 3000}, {"7ns", 7}, {"1.0000000001s", 1000000000}, {"0s", 0}};
	static const char *const bad[] = {"", "5", "s", "1x", "-", "1s2", ".s", "1..5s", "1h-1m", " 1s", "1s ", "0x1s",
		"99999999999999999999s", "2562048h", "0.", "00"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		int64_t v = -7;

		tap_ok(duration_parse(good[i].word, &v), "\"%s\" is a duration", good[i].word);
		tap_is_int(v, good[i].ns, "\"%s\": nanoseconds", good[i].word);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int64_t v;

		tap_ok(!duration_parse(bad[i], &v), "\"%s\" is none", bad[i]);
	}
}

static int forget(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

int main(void)
{
	if (!mkdtemp(root))
		return 1;
	test_v2();
	test_nothing();
	test_v1();
	test_rdt();
	test_net();
	test_durations();
	nftw(root, forget, 8, FTW_DEPTH | FTW_PHYS);
	arena_done(&arena);
	return tap_done();
}
