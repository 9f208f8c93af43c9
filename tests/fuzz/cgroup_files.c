/* SPDX-License-Identifier: Apache-2.0 */

/* Files of cgroups and proc: statistics, /proc/self/cgroup and mountinfo, /proc/PID/stat and fdinfo. Byte 0 says what
 * is read; each file is the next string of the input. */

#include "base/log.h"
#include "cgroup/cgroup.h"
#include "cgroup/internal.h"
#include "cgroup/stats.h"
#include "cgroup/systemd.h"
#include "container/process.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/hosts.h"

static void stats(unsigned host, struct arena *a)
{
	struct cgroup_stats s;
	struct error err = {0};
	struct cgroup cg;
	int r = cgroup_locate(&fuzz_hosts[host % 3], CGROUP_MANAGER_CGROUPFS, "/x", "c1", a, &cg, &err);

	FUZZ_MUST(r == 0);
	for (size_t i = 0; i < cg.n; i++)
		cg.d[i].fd = 0; /* never read: the files come from the input */
	r = cgroup_stats(&cg, a, &s, &err);
	FUZZ_MUST(r == 0 || (r < 0 && err.code == -r && err.msg[0]));
}

static void detect(struct arena *a)
{
	struct cgroup_host host;
	struct error err = {0};
	int r = cgroup_host_detect(&host, a, &err);

	FUZZ_MUST(r == 0 || (r < 0 && err.code == -r && err.msg[0]));
	FUZZ_MUST(r < 0 || host.n <= CGROUP_MAX_HIERARCHIES);
}

static void process(void)
{
	struct process_stat st;

	if (process_stat(1, &st) == 0)
		FUZZ_MUST(strnlen(st.comm, sizeof(st.comm)) < sizeof(st.comm));
	(void)process_of_pidfd(3);
}

static void keys(void)
{
	uint32_t uid;
	uint64_t v;

	(void)cgroup_read_key(-1, "cgroup.events", "frozen", &v);
	(void)cgroup_user_of_path("/user.slice/user-1000.slice/user@1000.service/x.slice", &uid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct fuzz_input in = {data, size};
	unsigned what = fuzz_byte(&in);

	(void)log_open(NULL, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR, NULL);
	fuzz_files(&in);
	switch (what % 6) {
	case 3:
		detect(&a);
		break;
	case 4:
		process();
		break;
	case 5:
		keys();
		break;
	default:
		stats(what % 6, &a);
	}
	return 0;
}
