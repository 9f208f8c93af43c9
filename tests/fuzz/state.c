/* SPDX-License-Identifier: Apache-2.0 */

/* A container's state.json, and the cgroup that it names. */

#include "cgroup/cgroup.h"
#include "container/container.h"
#include "container/record.h"
#include "tests/fuzz/fuzz.h"

static void locate(const struct container_record *rec, struct arena *a)
{
	enum cgroup_manager m =
		strcmp(rec->cgroup_manager, "systemd") == 0 ? CGROUP_MANAGER_SYSTEMD : CGROUP_MANAGER_CGROUPFS;
	struct error err = {0};
	struct cgroup cg;
	char **text;
	size_t n;
	int r = cgroup_from_text(rec->cgroup, rec->cgroup_len, m, a, &cg, &err);

	FUZZ_MUST(r == 0 || (r < 0 && err.code == -r && err.msg[0]));
	if (r < 0)
		return;
	for (size_t i = 0; i < cg.n; i++)
		FUZZ_MUST(cg.d[i].path[0] == '/' && !strstr(cg.d[i].path, "/../") && cg.d[i].fd == -1);
	FUZZ_MUST(cgroup_to_text(&cg, a, &text, &n, &err) == 0 && n == rec->cgroup_len);
	for (size_t i = 0; i < n; i++)
		FUZZ_MUST(strcmp(text[i], rec->cgroup[i]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct fuzz_input in = {data, size};
	struct container_record *rec;
	struct error err = {0};
	int r;

	fuzz_files(&in);
	r = record_read(-1, &a, &rec, &err);
	FUZZ_MUST(r == 0 || (r < 0 && err.code == -r && err.msg[0]));
	if (r == 0)
		locate(rec, &a);
	return 0;
}
