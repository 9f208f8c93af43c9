/* SPDX-License-Identifier: Apache-2.0 */

/* run.oci.* annotations and the option idmap: what becomes of the config, and texts that are none of theirs. */

#include <string.h>

#include "plan/annotations.h"
#include "plan/mount_options.h"
#include "tap.h"

static struct arena arena;
static struct error err;
static struct oci_linux_seccomp seccomp;
static struct oci_id_mapping users[] = {{0, 100000, 1000}, {1000, 300000, 10}};
static struct oci_linux linux_part;
static struct plan_annotations got;

/* The annotation is read into `got`, and into linux_part as it was at first. */
static int read_one(const char *name, const char *value)
{
	char *key = arena_fmt(&arena, ANNOTATIONS_PREFIX "%s", name), *text = arena_strdup(&arena, value);
	struct oci_map map = {&key, &text, 1};
	struct oci_config c = {.annotations = &map, .linux = &linux_part};

	linux_part.time_offsets = NULL;
	linux_part.time_offsets_len = 0;
	seccomp = (struct oci_linux_seccomp){0};
	linux_part.seccomp = &seccomp;
	return annotations_read(&c, &arena, &got, &err);
}

static void test_switches(void)
{
	tap_ok(read_one("keep_original_groups", "1") == 0 && got.keep_groups, "keep_original_groups: 1");
	tap_ok(read_one("keep_original_groups", "") == 0 && got.keep_groups, "keep_original_groups: empty");
	tap_ok(read_one("keep_original_groups", "0") == 0 && !got.keep_groups, "keep_original_groups: 0");
	tap_ok(read_one("seccomp_fail_unknown_syscall", "false") == 0 && !got.refuse_unknown_syscalls, "false");
	tap_ok(read_one("mount_context_type", "defcontext") == 0, "mount_context_type");
	tap_is_str(got.mount_context, "defcontext", "mount_context_type: its value");
	tap_ok(read_one("mount_context_type", "context=") < 0, "mount_context_type: another");
	tap_ok(read_one("keep_original_groups", "1") == 0, "mount_context_type: missing");
	tap_is_str(got.mount_context, "context", "mount_context_type: its default");
}

static void test_cgroups(void)
{
	static const char *const bad[] = {"..", ".", "a/b", "/", "a\n"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_ok(read_one("delegate-cgroup", bad[i]) < 0, "delegate-cgroup: %zu", i);
	tap_ok(read_one("delegate-cgroup", "a..b") == 0 && strcmp(got.delegated_cgroup, "a..b") == 0,
		"delegate-cgroup");
	tap_ok(read_one("systemd.subgroup", "") == 0 && !got.unit_cgroup, "systemd.subgroup: empty");
}

static void test_filters(void)
{
	static const char *const bad[] = {"", "=", "====", "BgAAAAAA/3", "BgAAAAAA/38",
		"BgAAAAAA/3==", "BgAA=AAA/38=", "BgAAAAAA /38=", "BgAAAAAA/38=BgAAAAAA/38=", "BgAAAAAA/38A"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_ok(read_one("seccomp_bpf_data", bad[i]) < 0, "seccomp_bpf_data: refused: %s", bad[i]);
	tap_is_int(read_one("seccomp_bpf_data", "BgAAAAAA/38="), 0, "seccomp_bpf_data: %s", err.msg);
	tap_ok(got.bpf_n == 1 && memcmp(got.bpf, "\6\0\0\0\0\0\377\177", 8) == 0, "seccomp_bpf_data: its bytes");
	tap_is_int(read_one("seccomp_bpf_data", "BgAAAAAA/38GAAAAAAD/fwYAAAAAAP9/"), 0, "seccomp_bpf_data: three");
	tap_is_int(got.bpf_n, 3, "seccomp_bpf_data: their number");
}

static void test_times(void)
{
	static const char *const bad[] = {
		"monotonic", "monotonic 1", "monotonic 1 -1", "2 1 0", "monotonic 1 0 0", " ", "boottime 1 4294967296"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_ok(read_one("timens_offset", bad[i]) < 0, "timens_offset: refused: %s", bad[i]);
	tap_is_int(read_one("timens_offset", "7 -60 5\nmonotonic\t1 0\n1 9 9\n"), 0, "timens_offset");
	tap_ok(linux_part.time_offsets_len == 2 && linux_part.time_offsets[0].secs == -60 &&
			strcmp(linux_part.time_offsets[0].key, "boottime") == 0 && linux_part.time_offsets[1].secs == 1,
		"timens_offset: two clocks, the first of each");
}

static int read_idmap(const char *option, struct oci_mount *ret)
{
	static char *options[1];
	struct oci_config c = {.mounts = ret, .mounts_len = 1, .linux = &linux_part};

	linux_part.uid_mappings = linux_part.gid_mappings = users;
	linux_part.uid_mappings_len = linux_part.gid_mappings_len = 2;
	options[0] = arena_strdup(&arena, option);
	*ret = (struct oci_mount){.options = options, .options_len = 1};
	return mount_idmaps_read(&c, &arena, &err);
}

static void test_idmaps(void)
{
	static const char *const bad[] = {"idmap=u", "idmap=uids=0", "idmap=uids=0-0", "idmap=uids=0-0-",
		"idmap=uids=--", "idmap=uids=0-0-1-", "idmap=uids=@5-2000-1", "idmap=uids=@0-999-2",
		"idmap=uids=@@0-0-1", "idmap=uids=4294967296-0-1", "ridmap=gids=0-0-1;uids", "idmap=uids=0-0-1 "};
	struct oci_mount m;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_ok(read_idmap(bad[i], &m) < 0, "refused: %s", bad[i]);
	tap_is_int(read_idmap("ridmap=uids=0-5-1#@1-998-2#@3-1009-1#9-9-9;gids=@7-0-1", &m), 0, "idmap: %s", err.msg);
	tap_is_str(m.options[0], "ridmap", "idmap: the option without its value");
	tap_ok(m.uid_mappings_len == 4 && m.gid_mappings_len == 1, "idmap: the number of ranges");
	tap_ok(m.uid_mappings[0].host_id == 5 && m.uid_mappings[1].host_id == 100998 && m.uid_mappings[1].size == 2,
		"idmap: as it stands, and from the container");
	tap_ok(m.uid_mappings[2].host_id == 300009 && m.gid_mappings[0].host_id == 100000 &&
			m.gid_mappings[0].container_id == 7,
		"idmap: from the second range, and gids");
	tap_ok(read_idmap("idmap=uids=1-1-1#2-2-2#3-3-3#4-4-4#5-5-5#6-6-6#7-7-7", &m) == 0 && m.uid_mappings_len == 7,
		"idmap: many");
	tap_ok(read_idmap("idmap", &m) == 0 && !m.uid_mappings_len, "idmap: without a value");
}

int main(void)
{
	test_switches();
	test_cgroups();
	test_filters();
	test_times();
	test_idmaps();
	arena_done(&arena);
	return tap_done();
}
