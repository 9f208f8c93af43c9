/* SPDX-License-Identifier: Apache-2.0 */
#include "container/features.h"

#include "base/str.h"
#include "tests/tap.h"

static bool has(char *const *v, size_t n, const char *s)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(v[i], s))
			return true;
	return false;
}

static bool no_doubles(char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (has(v, i, v[i]))
			return false;
	return n > 0;
}

static void check_linux(const struct oci_features_linux *l)
{
	const struct oci_features_seccomp *s = l->seccomp;

	tap_is_int(l->namespaces_len, 8, "namespaces");
	tap_ok(has(l->namespaces, l->namespaces_len, "time"), "time is one");
	tap_ok(no_doubles(l->capabilities, l->capabilities_len), "capabilities");
	tap_ok(has(l->capabilities, l->capabilities_len, "CAP_SYS_ADMIN"), "CAP_SYS_ADMIN is one");
	tap_ok(l->cgroup->has_v1 && l->cgroup->has_v2 && l->cgroup->has_systemd && l->cgroup->has_systemd_user &&
			l->cgroup->has_rdma,
		"cgroup: everything is answered");
	tap_ok(s->has_enabled && s->enabled, "seccomp");
	tap_is_int(s->actions_len, 9, "seccomp: actions");
	tap_is_int(s->operators_len, 7, "seccomp: operators");
	tap_ok(has(s->archs, s->archs_len, "SCMP_ARCH_X86_64") && no_doubles(s->archs, s->archs_len),
		"seccomp: architectures");
	tap_is_int(s->known_flags_len, 4, "seccomp: known flags");
	for (size_t i = 0; i < s->supported_flags_len; i++)
		tap_ok(has(s->known_flags, s->known_flags_len, s->supported_flags[i]), "seccomp: supported is known");
	tap_ok(l->apparmor->has_enabled && l->selinux->has_enabled && l->intel_rdt->has_enabled &&
			l->net_devices->has_enabled && l->mount_extensions->idmap->has_enabled,
		"the rest is answered");
}

int main(void)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct oci_features f = {0}, *again = NULL;
	struct oci_unknown unknown = {0};
	struct error err = {0};
	char *json, *twice;
	size_t len;

	tap_is_int(features_fill(&a, &f, &err), 0, "features %s", err.msg);
	tap_is_str(f.oci_version_min, "1.0.0", "oldest version");
	tap_is_str(f.oci_version_max, OCI_VERSION, "newest version");
	tap_is_int(f.hooks_len, 6, "hooks");
	tap_ok(no_doubles(f.mount_options, f.mount_options_len), "mount options");
	tap_ok(has(f.mount_options, f.mount_options_len, "rbind") && has(f.mount_options, f.mount_options_len, "rro"),
		"rbind and rro are two");
	tap_ok(oci_map_get(f.annotations, "io.github.seccomp.libseccomp.version") != NULL, "libseccomp's version");
	check_linux(f.linux);
	tap_is_int(oci_features_write_indented(&f, "    ", &a, &json, &len, &err), 0, "written %s", err.msg);
	tap_is_int(oci_features_read(json, len, &a, &again, &unknown, &err), 0, "read again %s", err.msg);
	tap_is_int(unknown.len, 0, "nothing that the specification does not have");
	tap_is_int(oci_features_write_indented(again, "    ", &a, &twice, NULL, &err), 0, "written twice");
	tap_is_str(twice, json, "the same");
	return tap_done();
}
