/* SPDX-License-Identifier: Apache-2.0 */

/* config-linux.md. Members stand in the order in which they are written. */

#include "libocispec-lite/ocispec.h"

/* resources */

static const struct oci_field device_cgroup_fields[] = {
	OCI_VALUE(struct oci_device_cgroup, "allow", allow, OCI_REQUIRED),
	OCI_STRING(struct oci_device_cgroup, "type", type, 0),
	OCI_OPTIONAL(struct oci_device_cgroup, "major", major),
	OCI_OPTIONAL(struct oci_device_cgroup, "minor", minor),
	OCI_STRING(struct oci_device_cgroup, "access", access, 0),
};
static const struct oci_type device_cgroup_type = OCI_TYPE(struct oci_device_cgroup, device_cgroup_fields);

static const struct oci_field memory_fields[] = {
	OCI_OPTIONAL(struct oci_memory, "limit", limit),
	OCI_OPTIONAL(struct oci_memory, "reservation", reservation),
	OCI_OPTIONAL(struct oci_memory, "swap", swap),
	OCI_OPTIONAL(struct oci_memory, "kernel", kernel),
	OCI_OPTIONAL(struct oci_memory, "kernelTCP", kernel_tcp),
	OCI_OPTIONAL(struct oci_memory, "swappiness", swappiness),
	OCI_OPTIONAL(struct oci_memory, "disableOOMKiller", disable_oom_killer),
	OCI_OPTIONAL(struct oci_memory, "useHierarchy", use_hierarchy),
	OCI_OPTIONAL(struct oci_memory, "checkBeforeUpdate", check_before_update),
};
static const struct oci_type memory_type = OCI_TYPE(struct oci_memory, memory_fields);

static const struct oci_field cpu_fields[] = {
	OCI_OPTIONAL(struct oci_cpu, "shares", shares),
	OCI_OPTIONAL(struct oci_cpu, "quota", quota),
	OCI_OPTIONAL(struct oci_cpu, "burst", burst),
	OCI_OPTIONAL(struct oci_cpu, "period", period),
	OCI_OPTIONAL(struct oci_cpu, "realtimeRuntime", realtime_runtime),
	OCI_OPTIONAL(struct oci_cpu, "realtimePeriod", realtime_period),
	OCI_STRING(struct oci_cpu, "cpus", cpus, 0),
	OCI_STRING(struct oci_cpu, "mems", mems, 0),
	OCI_OPTIONAL(struct oci_cpu, "idle", idle),
};
static const struct oci_type cpu_type = OCI_TYPE(struct oci_cpu, cpu_fields);

static const struct oci_field pids_fields[] = {
	OCI_OPTIONAL(struct oci_pids, "limit", limit),
};
static const struct oci_type pids_type = OCI_TYPE(struct oci_pids, pids_fields);

static const struct oci_field weight_device_fields[] = {
	OCI_VALUE(struct oci_weight_device, "major", major, OCI_REQUIRED),
	OCI_VALUE(struct oci_weight_device, "minor", minor, OCI_REQUIRED),
	OCI_OPTIONAL(struct oci_weight_device, "weight", weight),
	OCI_OPTIONAL(struct oci_weight_device, "leafWeight", leaf_weight),
};
static const struct oci_type weight_device_type = OCI_TYPE(struct oci_weight_device, weight_device_fields);

static const struct oci_field throttle_device_fields[] = {
	OCI_VALUE(struct oci_throttle_device, "major", major, OCI_REQUIRED),
	OCI_VALUE(struct oci_throttle_device, "minor", minor, OCI_REQUIRED),
	OCI_VALUE(struct oci_throttle_device, "rate", rate, OCI_REQUIRED),
};
static const struct oci_type throttle_device_type = OCI_TYPE(struct oci_throttle_device, throttle_device_fields);

#define THROTTLE(json, m) OCI_OBJECTS(struct oci_block_io, json, m, struct oci_throttle_device, throttle_device_type, 0)
static const struct oci_field block_io_fields[] = {
	OCI_OPTIONAL(struct oci_block_io, "weight", weight),
	OCI_OPTIONAL(struct oci_block_io, "leafWeight", leaf_weight),
	OCI_OBJECTS(
		struct oci_block_io, "weightDevice", weight_device, struct oci_weight_device, weight_device_type, 0),
	THROTTLE("throttleReadBpsDevice", throttle_read_bps_device),
	THROTTLE("throttleWriteBpsDevice", throttle_write_bps_device),
	THROTTLE("throttleReadIOPSDevice", throttle_read_iops_device),
	THROTTLE("throttleWriteIOPSDevice", throttle_write_iops_device),
};
static const struct oci_type block_io_type = OCI_TYPE(struct oci_block_io, block_io_fields);

static const struct oci_field hugepage_limit_fields[] = {
	OCI_STRING(struct oci_hugepage_limit, "pageSize", page_size, OCI_REQUIRED),
	OCI_VALUE(struct oci_hugepage_limit, "limit", limit, OCI_REQUIRED),
};
static const struct oci_type hugepage_limit_type = OCI_TYPE(struct oci_hugepage_limit, hugepage_limit_fields);

static const struct oci_field interface_priority_fields[] = {
	OCI_STRING(struct oci_interface_priority, "name", name, OCI_REQUIRED),
	OCI_VALUE(struct oci_interface_priority, "priority", priority, OCI_REQUIRED),
};
static const struct oci_type interface_priority_type =
	OCI_TYPE(struct oci_interface_priority, interface_priority_fields);

static const struct oci_field network_fields[] = {
	OCI_OPTIONAL(struct oci_network, "classID", class_id),
	OCI_OBJECTS(struct oci_network, "priorities", priorities, struct oci_interface_priority,
		interface_priority_type, 0),
};
static const struct oci_type network_type = OCI_TYPE(struct oci_network, network_fields);

static const struct oci_field rdma_fields[] = {
	OCI_OPTIONAL(struct oci_rdma, "hcaHandles", hca_handles),
	OCI_OPTIONAL(struct oci_rdma, "hcaObjects", hca_objects),
};
static const struct oci_type rdma_type = OCI_TYPE(struct oci_rdma, rdma_fields);

static const struct oci_field linux_resources_fields[] = {
	OCI_OBJECTS(struct oci_linux_resources, "devices", devices, struct oci_device_cgroup, device_cgroup_type, 0),
	OCI_OBJECT(struct oci_linux_resources, "memory", memory, struct oci_memory, memory_type, 0),
	OCI_OBJECT(struct oci_linux_resources, "cpu", cpu, struct oci_cpu, cpu_type, 0),
	OCI_OBJECT(struct oci_linux_resources, "pids", pids, struct oci_pids, pids_type, 0),
	OCI_OBJECT(struct oci_linux_resources, "blockIO", block_io, struct oci_block_io, block_io_type, 0),
	OCI_OBJECTS(struct oci_linux_resources, "hugepageLimits", hugepage_limits, struct oci_hugepage_limit,
		hugepage_limit_type, 0),
	OCI_OBJECT(struct oci_linux_resources, "network", network, struct oci_network, network_type, 0),
	OCI_KEYED(struct oci_linux_resources, "rdma", rdma, struct oci_rdma, rdma_type, 0),
	OCI_MAP(struct oci_linux_resources, "unified", unified, 0),
};
const struct oci_type oci_linux_resources_type = OCI_TYPE(struct oci_linux_resources, linux_resources_fields);

/* seccomp */

static const struct oci_field seccomp_arg_fields[] = {
	OCI_VALUE(struct oci_seccomp_arg, "index", index, OCI_REQUIRED),
	OCI_VALUE(struct oci_seccomp_arg, "value", value, OCI_REQUIRED),
	OCI_OPTIONAL(struct oci_seccomp_arg, "valueTwo", value_two),
	OCI_STRING(struct oci_seccomp_arg, "op", op, OCI_REQUIRED),
};
static const struct oci_type seccomp_arg_type = OCI_TYPE(struct oci_seccomp_arg, seccomp_arg_fields);

static const struct oci_field seccomp_syscall_fields[] = {
	OCI_STRINGS(struct oci_seccomp_syscall, "names", names, OCI_REQUIRED),
	OCI_STRING(struct oci_seccomp_syscall, "action", action, OCI_REQUIRED),
	OCI_OPTIONAL(struct oci_seccomp_syscall, "errnoRet", errno_ret),
	OCI_OBJECTS(struct oci_seccomp_syscall, "args", args, struct oci_seccomp_arg, seccomp_arg_type, 0),
};
static const struct oci_type seccomp_syscall_type = OCI_TYPE(struct oci_seccomp_syscall, seccomp_syscall_fields);

static const struct oci_field linux_seccomp_fields[] = {
	OCI_STRING(struct oci_linux_seccomp, "defaultAction", default_action, OCI_REQUIRED),
	OCI_OPTIONAL(struct oci_linux_seccomp, "defaultErrnoRet", default_errno_ret),
	OCI_STRINGS(struct oci_linux_seccomp, "architectures", architectures, 0),
	OCI_STRINGS(struct oci_linux_seccomp, "flags", flags, 0),
	OCI_STRING(struct oci_linux_seccomp, "listenerPath", listener_path, 0),
	OCI_STRING(struct oci_linux_seccomp, "listenerMetadata", listener_metadata, 0),
	OCI_OBJECTS(
		struct oci_linux_seccomp, "syscalls", syscalls, struct oci_seccomp_syscall, seccomp_syscall_type, 0),
};
const struct oci_type oci_linux_seccomp_type = OCI_TYPE(struct oci_linux_seccomp, linux_seccomp_fields);

/* the rest */

static const struct oci_field namespace_fields[] = {
	OCI_STRING(struct oci_namespace, "type", type, OCI_REQUIRED),
	OCI_STRING(struct oci_namespace, "path", path, 0),
};
const struct oci_type oci_namespace_type = OCI_TYPE(struct oci_namespace, namespace_fields);

/* major and minor are required unless type is "p": a table cannot say that, whoever makes the device does. */
static const struct oci_field linux_device_fields[] = {
	OCI_STRING(struct oci_linux_device, "path", path, OCI_REQUIRED),
	OCI_STRING(struct oci_linux_device, "type", type, OCI_REQUIRED),
	OCI_OPTIONAL(struct oci_linux_device, "major", major),
	OCI_OPTIONAL(struct oci_linux_device, "minor", minor),
	OCI_OPTIONAL(struct oci_linux_device, "fileMode", file_mode),
	OCI_OPTIONAL(struct oci_linux_device, "uid", uid),
	OCI_OPTIONAL(struct oci_linux_device, "gid", gid),
};
const struct oci_type oci_linux_device_type = OCI_TYPE(struct oci_linux_device, linux_device_fields);

static const struct oci_field linux_net_device_fields[] = {
	OCI_STRING(struct oci_linux_net_device, "name", name, 0),
};
static const struct oci_type linux_net_device_type = OCI_TYPE(struct oci_linux_net_device, linux_net_device_fields);

static const struct oci_field intel_rdt_fields[] = {
	OCI_STRING(struct oci_intel_rdt, "closID", clos_id, 0),
	OCI_STRINGS(struct oci_intel_rdt, "schemata", schemata, 0),
	OCI_STRING(struct oci_intel_rdt, "l3CacheSchema", l3_cache_schema, 0),
	OCI_STRING(struct oci_intel_rdt, "memBwSchema", mem_bw_schema, 0),
	OCI_OPTIONAL(struct oci_intel_rdt, "enableMonitoring", enable_monitoring),
};
static const struct oci_type intel_rdt_type = OCI_TYPE(struct oci_intel_rdt, intel_rdt_fields);

static const struct oci_field memory_policy_fields[] = {
	OCI_STRING(struct oci_memory_policy, "mode", mode, 0),
	OCI_STRING(struct oci_memory_policy, "nodes", nodes, 0),
	OCI_STRINGS(struct oci_memory_policy, "flags", flags, 0),
};
static const struct oci_type memory_policy_type = OCI_TYPE(struct oci_memory_policy, memory_policy_fields);

static const struct oci_field personality_fields[] = {
	OCI_STRING(struct oci_personality, "domain", domain, OCI_REQUIRED),
	OCI_STRINGS(struct oci_personality, "flags", flags, 0),
};
static const struct oci_type personality_type = OCI_TYPE(struct oci_personality, personality_fields);

static const struct oci_field time_offset_fields[] = {
	OCI_OPTIONAL(struct oci_time_offset, "secs", secs),
	OCI_OPTIONAL(struct oci_time_offset, "nanosecs", nanosecs),
};
static const struct oci_type time_offset_type = OCI_TYPE(struct oci_time_offset, time_offset_fields);

static const struct oci_field linux_fields[] = {
	OCI_OBJECTS(struct oci_linux, "uidMappings", uid_mappings, struct oci_id_mapping, oci_id_mapping_type, 0),
	OCI_OBJECTS(struct oci_linux, "gidMappings", gid_mappings, struct oci_id_mapping, oci_id_mapping_type, 0),
	OCI_MAP(struct oci_linux, "sysctl", sysctl, 0),
	OCI_OBJECT(struct oci_linux, "resources", resources, struct oci_linux_resources, oci_linux_resources_type, 0),
	OCI_STRING(struct oci_linux, "cgroupsPath", cgroups_path, 0),
	OCI_OBJECTS(struct oci_linux, "namespaces", namespaces, struct oci_namespace, oci_namespace_type, 0),
	OCI_OBJECTS(struct oci_linux, "devices", devices, struct oci_linux_device, oci_linux_device_type, 0),
	OCI_KEYED(struct oci_linux, "netDevices", net_devices, struct oci_linux_net_device, linux_net_device_type, 0),
	OCI_OBJECT(struct oci_linux, "seccomp", seccomp, struct oci_linux_seccomp, oci_linux_seccomp_type, 0),
	OCI_STRING(struct oci_linux, "rootfsPropagation", rootfs_propagation, 0),
	OCI_STRINGS(struct oci_linux, "maskedPaths", masked_paths, 0),
	OCI_STRINGS(struct oci_linux, "readonlyPaths", readonly_paths, 0),
	OCI_STRING(struct oci_linux, "mountLabel", mount_label, 0),
	OCI_OBJECT(struct oci_linux, "intelRdt", intel_rdt, struct oci_intel_rdt, intel_rdt_type, 0),
	OCI_OBJECT(struct oci_linux, "memoryPolicy", memory_policy, struct oci_memory_policy, memory_policy_type, 0),
	OCI_OBJECT(struct oci_linux, "personality", personality, struct oci_personality, personality_type, 0),
	OCI_KEYED(struct oci_linux, "timeOffsets", time_offsets, struct oci_time_offset, time_offset_type, 0),
};
const struct oci_type oci_linux_type = OCI_TYPE(struct oci_linux, linux_fields);
