/* SPDX-License-Identifier: Apache-2.0 */

/* linux.resources (of update --resources, too) into what is written to cgroup files, handed to systemd, and loaded as a
 * program for devices. Byte 0: the kind of host, systemd, update. For an update the files of the cgroup are the input's
 * last strings. */

#include "base/log.h"
#include "cgroup/cgroup.h"
#include "libocispec-lite/ocispec.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/hosts.h"

enum { FLAG_UPDATE = 4, FLAG_SYSTEMD = 8 };

static void check(const struct cgroup *cg, const struct cgroup_settings *s)
{
	for (size_t i = 0; i < s->n; i++) {
		FUZZ_MUST(s->w[i].dir < cg->n && s->w[i].what && s->w[i].value);
		FUZZ_MUST(*s->w[i].file && !strchr(s->w[i].file, '/') && strcmp(s->w[i].file, "..") != 0);
	}
	FUZZ_MUST(!s->device_bpf || (s->device_bpf_insns && s->device_bpf_dir < cg->n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct fuzz_input in = {data, size};
	unsigned flags = fuzz_byte(&in);
	enum cgroup_manager m = flags & FLAG_SYSTEMD ? CGROUP_MANAGER_SYSTEMD : CGROUP_MANAGER_CGROUPFS;
	struct oci_linux_resources *r;
	struct cgroup_settings s = {0};
	struct cgroup cg = {0};
	struct error err = {0};
	char *text, *path;
	int e;

	(void)log_open(NULL, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR, &err);
	path = fuzz_string(&in);
	text = fuzz_string(&in);
	fuzz_files(&in);
	e = cgroup_locate(&fuzz_hosts[flags % FUZZ_HOSTS], m, *path ? path : NULL, "c1", &a, &cg, &err);
	if (e == 0)
		e = oci_linux_resources_read(text, strlen(text), &a, &r, NULL, &err);
	if (e == 0)
		e = cgroup_compile(&cg, r, flags & FLAG_UPDATE, &a, &s, &err);
	FUZZ_MUST(e == 0 || (e < 0 && err.code == -e && err.msg[0]));
	if (e == 0)
		check(&cg, &s);
	free(text);
	free(path);
	return 0;
}
