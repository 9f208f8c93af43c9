/* SPDX-License-Identifier: Apache-2.0 */

/* linux.cgroupsPath as systemd has it: units and slices, root's and a user's. */

#include <string.h>

#include "base/str.h"
#include "cgroup/systemd.h"
#include "tests/systemd-host.h"
#include "tests/tap.h"

static struct arena arena;
static struct error err;

static const char *locate(const char *path)
{
	struct cgroup cg;

	if (cgroup_locate_systemd(&v2_host, path, "id", &arena, &cg, &err) < 0)
		return err.msg;
	return arena_fmt(&arena, "%s in %s: %s", cg.unit, cg.slice, strstr(cg.d[0].path, "/sys/fs/cgroup") + 14);
}

/* The end of a path: where pid 1 is depends on the machine. */
static void ends(const char *path, const char *end)
{
	tap_ok(str_ends(locate(path), end), "%s: %s", path ? path : "(none)", locate(path));
}

#define REFUSED(path, text) tap_ok(strstr(locate(path), text), "%s: %s", path, locate(path))

static void test_names(void)
{
	ends(NULL, "/system.slice/enviro-oci-id.scope");
	ends("", "/system.slice/enviro-oci-id.scope");
	ends("::x", "/system.slice/-x.scope");
	ends("machine.slice:libpod:x", "/machine.slice/libpod-x.scope");
	ends("a-b-c.slice:p:x", "/a.slice/a-b.slice/a-b-c.slice/p-x.scope");
	ends("-.slice:p:x", "/p-x.scope");
	ends("-:p:x", "/p-x.scope");
	ends("system.slice:p:a-b.slice", "/a.slice/a-b.slice");
	ends("system.slice:_p:x", "/system.slice/__p-x.scope");
	ends("cpu.x.slice:p:x", "/_cpu.x.slice/p-x.scope");
	ends("system.slice:io.:x", "/system.slice/_io.-x.scope");
	ends("system.slice:io:x", "/system.slice/io-x.scope");
	REFUSED("/x", "slice:prefix:name");
	REFUSED("a:b", "slice:prefix:name");
	REFUSED("a.slice:b:c:d", "slice:prefix:name");
	REFUSED("a:p:x", "invalid slice name: a");
	REFUSED("a--b.slice:p:x", "invalid slice name");
	REFUSED("a-.slice:p:x", "invalid slice name");
	REFUSED("a/b.slice:p:x", "invalid slice name");
	REFUSED("a.slice:p:-.slice", "root slice");
	REFUSED("a.slice:p:x/y", "not a name for a systemd unit");
	REFUSED("a.slice:p:x y", "not a name for a systemd unit");
	tap_ok(strstr(locate("a.slice:p:x"), "p-x.scope in a.slice: "), "unit and slice");
}

static void test_user_names(void)
{
	const char *text = "/sys/fs/cgroup/user.slice/user-1.slice/user@1.service/user.slice/_x.scope";
	struct cgroup cg = {.n = 1, .d = {{.path = text, .fd = -1}}};
	uint32_t uid = 0;

	v2_host.rootless = true;
	tap_ok(strstr(locate(NULL), "in user.slice: "), "the default slice of a user: %s", locate(NULL));
	ends(NULL, "user.service/user.slice/enviro-oci-id.scope" + 4);
	ends("a.slice:p:x", "service/a.slice/p-x.scope");
	v2_host.rootless = false;
	tap_is_int(cgroup_unit_from_path(&cg, &arena, &err), 0, "the unit of a record");
	tap_is_str(cg.unit, "x.scope", "its name");
	tap_ok(cgroup_user_of_path(text, &uid) && uid == 1, "its user");
	tap_ok(!cgroup_user_of_path("/sys/fs/cgroup/system.slice/user@1.x/a.scope", &uid), "the system's");
	tap_ok(!cgroup_user_of_path("/sys/fs/cgroup/system.slice/user@1.service-x.scope", &uid),
		"a unit that looks like it");
}

int main(void)
{
	test_names();
	test_user_names();
	arena_done(&arena);
	return tap_done();
}
