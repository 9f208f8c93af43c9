/* SPDX-License-Identifier: Apache-2.0 */

/* features.md and features-linux.md. Members stand in the order in which they are written. */

#include "libocispec-lite/ocispec.h"

static const struct oci_field enabled_fields[] = {
	OCI_OPTIONAL(struct oci_features_enabled, "enabled", enabled),
};
static const struct oci_type enabled_type = OCI_TYPE(struct oci_features_enabled, enabled_fields);

static const struct oci_field cgroup_fields[] = {
	OCI_OPTIONAL(struct oci_features_cgroup, "v1", v1),
	OCI_OPTIONAL(struct oci_features_cgroup, "v2", v2),
	OCI_OPTIONAL(struct oci_features_cgroup, "systemd", systemd),
	OCI_OPTIONAL(struct oci_features_cgroup, "systemdUser", systemd_user),
	OCI_OPTIONAL(struct oci_features_cgroup, "rdma", rdma),
};
static const struct oci_type cgroup_type = OCI_TYPE(struct oci_features_cgroup, cgroup_fields);

static const struct oci_field seccomp_fields[] = {
	OCI_OPTIONAL(struct oci_features_seccomp, "enabled", enabled),
	OCI_STRINGS(struct oci_features_seccomp, "actions", actions, 0),
	OCI_STRINGS(struct oci_features_seccomp, "operators", operators, 0),
	OCI_STRINGS(struct oci_features_seccomp, "archs", archs, 0),
	OCI_STRINGS(struct oci_features_seccomp, "knownFlags", known_flags, 0),
	OCI_STRINGS(struct oci_features_seccomp, "supportedFlags", supported_flags, 0),
};
static const struct oci_type seccomp_type = OCI_TYPE(struct oci_features_seccomp, seccomp_fields);

static const struct oci_field intel_rdt_fields[] = {
	OCI_OPTIONAL(struct oci_features_intel_rdt, "enabled", enabled),
	OCI_OPTIONAL(struct oci_features_intel_rdt, "schemata", schemata),
	OCI_OPTIONAL(struct oci_features_intel_rdt, "monitoring", monitoring),
};
static const struct oci_type intel_rdt_type = OCI_TYPE(struct oci_features_intel_rdt, intel_rdt_fields);

static const struct oci_field memory_policy_fields[] = {
	OCI_STRINGS(struct oci_features_memory_policy, "modes", modes, 0),
	OCI_STRINGS(struct oci_features_memory_policy, "flags", flags, 0),
};
static const struct oci_type memory_policy_type = OCI_TYPE(struct oci_features_memory_policy, memory_policy_fields);

static const struct oci_field mount_extensions_fields[] = {
	OCI_OBJECT(struct oci_features_mount_extensions, "idmap", idmap, struct oci_features_enabled, enabled_type, 0),
};
static const struct oci_type mount_extensions_type =
	OCI_TYPE(struct oci_features_mount_extensions, mount_extensions_fields);

#define LINUX_OBJECT(json, m, S, table) OCI_OBJECT(struct oci_features_linux, json, m, S, table, 0)
static const struct oci_field linux_fields[] = {
	OCI_STRINGS(struct oci_features_linux, "namespaces", namespaces, 0),
	OCI_STRINGS(struct oci_features_linux, "capabilities", capabilities, 0),
	LINUX_OBJECT("cgroup", cgroup, struct oci_features_cgroup, cgroup_type),
	LINUX_OBJECT("seccomp", seccomp, struct oci_features_seccomp, seccomp_type),
	LINUX_OBJECT("apparmor", apparmor, struct oci_features_enabled, enabled_type),
	LINUX_OBJECT("selinux", selinux, struct oci_features_enabled, enabled_type),
	LINUX_OBJECT("intelRdt", intel_rdt, struct oci_features_intel_rdt, intel_rdt_type),
	LINUX_OBJECT("memoryPolicy", memory_policy, struct oci_features_memory_policy, memory_policy_type),
	LINUX_OBJECT("mountExtensions", mount_extensions, struct oci_features_mount_extensions, mount_extensions_type),
	LINUX_OBJECT("netDevices", net_devices, struct oci_features_enabled, enabled_type),
};
static const struct oci_type linux_type = OCI_TYPE(struct oci_features_linux, linux_fields);

static const struct oci_field features_fields[] = {
	OCI_STRING(struct oci_features, "ociVersionMin", oci_version_min, OCI_REQUIRED),
	OCI_STRING(struct oci_features, "ociVersionMax", oci_version_max, OCI_REQUIRED),
	OCI_STRINGS(struct oci_features, "hooks", hooks, 0),
	OCI_STRINGS(struct oci_features, "mountOptions", mount_options, 0),
	OCI_OBJECT(struct oci_features, "linux", linux, struct oci_features_linux, linux_type, 0),
	OCI_MAP(struct oci_features, "annotations", annotations, 0),
	OCI_STRINGS(
		struct oci_features, "potentiallyUnsafeConfigAnnotations", potentially_unsafe_config_annotations, 0),
};
const struct oci_type oci_features_type = OCI_TYPE(struct oci_features, features_fields);
