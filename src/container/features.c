/* SPDX-License-Identifier: Apache-2.0 */
#include "container/features.h"

#include <errno.h>
#include <seccomp.h>

#include "fast/config.h"
#include "plan/annotations.h"
#include "plan/caps.h"
#include "plan/compile.h"
#include "seccomp/seccomp.h"

/* What is there and what is not, one flag each. */
static const struct {
	bool cgroup_v1, cgroup_v2, systemd, systemd_user, rdma;
	bool apparmor, selinux, idmap;
	bool intel_rdt, intel_rdt_schemata, intel_rdt_monitoring;
	bool memory_policy, net_devices;
	bool checkpoint;
} supported = {
	.cgroup_v1 = true,
	.cgroup_v2 = true,
	.systemd = true,
	.systemd_user = true,
	.rdma = true,
	.apparmor = true,
	.selinux = true,
	.idmap = true,
	.intel_rdt = true,
	.intel_rdt_schemata = true,
	.intel_rdt_monitoring = true,
	.memory_policy = true,
	.net_devices = true,
	.checkpoint = true,
};

/* The runc whose command line, files and output this runtime follows. */
#define RUNC_VERSION "1.5.1"

static const char *const hooks[] = {
	"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop", NULL};
static const char *const namespaces[] = {"cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts", NULL};
static const char *const policy_modes[] = {"MPOL_BIND", "MPOL_DEFAULT", "MPOL_INTERLEAVE", "MPOL_LOCAL",
	"MPOL_PREFERRED", "MPOL_PREFERRED_MANY", "MPOL_WEIGHTED_INTERLEAVE", NULL};
static const char *const policy_flags[] = {
	"MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES", NULL};

/* The structures come from JSON, where strings may be changed; here they are the names themselves, never written. */
static char **list(const char *const *names, size_t *len)
{
	size_t n = 0;

	while (names[n])
		n++;
	*len = n;
	return (char **)(uintptr_t)names;
}

static struct oci_features_enabled *enabled(struct arena *a, bool value)
{
	struct oci_features_enabled *e = arena_new(a, struct oci_features_enabled);

	if (e)
		*e = (struct oci_features_enabled){.has_enabled = true, .enabled = value};
	return e;
}

static struct oci_features_cgroup *cgroup(struct arena *a)
{
	struct oci_features_cgroup *c = arena_new(a, struct oci_features_cgroup);

	if (c)
		*c = (struct oci_features_cgroup){
			.has_v1 = true,
			.v1 = supported.cgroup_v1,
			.has_v2 = true,
			.v2 = supported.cgroup_v2,
			.has_systemd = true,
			.systemd = supported.systemd,
			.has_systemd_user = true,
			.systemd_user = supported.systemd_user,
			.has_rdma = true,
			.rdma = supported.rdma,
		};
	return c;
}

static struct oci_features_seccomp *seccomp(struct arena *a)
{
	struct oci_features_seccomp *s = arena_new(a, struct oci_features_seccomp);
	const char **flags = seccomp_supported_flags(a);

	if (!s || !flags)
		return NULL;
	s->has_enabled = s->enabled = true;
	s->actions = list(seccomp_known_actions(), &s->actions_len);
	s->operators = list(seccomp_known_operators(), &s->operators_len);
	s->archs = list(seccomp_known_archs(), &s->archs_len);
	s->known_flags = list(seccomp_known_flags(), &s->known_flags_len);
	s->supported_flags = list(flags, &s->supported_flags_len);
	return s;
}

static struct oci_features_intel_rdt *intel_rdt(struct arena *a)
{
	struct oci_features_intel_rdt *i = arena_new(a, struct oci_features_intel_rdt);

	if (i)
		*i = (struct oci_features_intel_rdt){
			.has_enabled = true,
			.enabled = supported.intel_rdt,
			.has_schemata = true,
			.schemata = supported.intel_rdt_schemata,
			.has_monitoring = true,
			.monitoring = supported.intel_rdt_monitoring,
		};
	return i;
}

static struct oci_features_linux *fill_linux(struct arena *a)
{
	struct oci_features_linux *l = arena_new(a, struct oci_features_linux);
	const char *const *caps = caps_names(a);

	if (!l || !caps)
		return NULL;
	l->namespaces = list(namespaces, &l->namespaces_len);
	l->capabilities = list(caps, &l->capabilities_len);
	l->cgroup = cgroup(a);
	l->seccomp = seccomp(a);
	l->apparmor = enabled(a, supported.apparmor);
	l->selinux = enabled(a, supported.selinux);
	l->intel_rdt = intel_rdt(a);
	l->net_devices = enabled(a, supported.net_devices);
	l->mount_extensions = arena_new(a, struct oci_features_mount_extensions);
	if (l->mount_extensions)
		l->mount_extensions->idmap = enabled(a, supported.idmap);
	if (supported.memory_policy) {
		l->memory_policy = arena_new(a, struct oci_features_memory_policy);
		if (!l->memory_policy)
			return NULL;
		l->memory_policy->modes = list(policy_modes, &l->memory_policy->modes_len);
		l->memory_policy->flags = list(policy_flags, &l->memory_policy->flags_len);
	}
	if (!l->cgroup || !l->seccomp || !l->apparmor || !l->selinux || !l->intel_rdt || !l->net_devices ||
		!l->mount_extensions || !l->mount_extensions->idmap)
		return NULL;
	return l;
}

static struct oci_map *annotations(struct arena *a)
{
	enum { MAX = 3 };
	const struct scmp_version *v = seccomp_version();
	struct oci_map *m = arena_new(a, struct oci_map);
	char **keys = arena_array(a, MAX, sizeof(*keys)), **values = arena_array(a, MAX, sizeof(*values));

	if (!m || !keys || !values)
		return NULL;
	*m = (struct oci_map){keys, values, 0};
	keys[m->len] = arena_strdup(a, "org.opencontainers.runc.version");
	values[m->len++] = arena_strdup(a, RUNC_VERSION);
	keys[m->len] = arena_strdup(a, "org.opencontainers.runc.checkpoint.enabled");
	values[m->len++] = arena_strdup(a, supported.checkpoint ? "true" : "false");
	keys[m->len] = arena_strdup(a, "io.github.seccomp.libseccomp.version");
	values[m->len++] = arena_fmt(a, "%u.%u.%u", v->major, v->minor, v->micro);
	for (size_t i = 0; i < m->len; i++)
		if (!keys[i] || !values[i])
			return NULL;
	return m;
}

/* Annotations that change what the runtime does. */
static char **unsafe_annotations(struct arena *a, size_t *len)
{
	char **v = arena_array(a, 4, sizeof(*v));
	size_t n = 0;

	if (v)
		v[n++] = arena_strdup(a, CONFIG_ANNOTATION);
	if (v)
		v[n++] = arena_strdup(a, ANNOTATIONS_PREFIX);
	if (v && supported.systemd)
		v[n++] = arena_strdup(a, "org.systemd.property.");
	if (v && supported.checkpoint)
		v[n++] = arena_strdup(a, "org.criu.config");
	*len = n;
	return v;
}

int features_fill(struct arena *a, struct oci_features *ret, struct error *err)
{
	struct oci_features f = {.linux = fill_linux(a), .annotations = annotations(a)};

	f.oci_version_min = arena_strdup(a, "1.0.0");
	f.oci_version_max = arena_strdup(a, OCI_VERSION);
	f.hooks = list(hooks, &f.hooks_len);
	f.mount_options = list(plan_mount_option_names(), &f.mount_options_len);
	f.potentially_unsafe_config_annotations = unsafe_annotations(a, &f.potentially_unsafe_config_annotations_len);
	if (!f.linux || !f.annotations || !f.oci_version_min || !f.oci_version_max ||
		!f.potentially_unsafe_config_annotations)
		return error_errno(err, ENOMEM, "features");
	*ret = f;
	return 0;
}
