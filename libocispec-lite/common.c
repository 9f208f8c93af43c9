/* SPDX-License-Identifier: Apache-2.0 */

/* config.md and the state of runtime.md. Members stand in the order in which they are written. */

#include "libocispec-lite/ocispec.h"

/* process */

static const struct oci_field box_fields[] = {
	OCI_VALUE(struct oci_box, "height", height, OCI_REQUIRED),
	OCI_VALUE(struct oci_box, "width", width, OCI_REQUIRED),
};
static const struct oci_type box_type = OCI_TYPE(struct oci_box, box_fields);

/* config.md has uid and gid as required, the schema and runc have them as 0 when absent; so have hand-written files. */
static const struct oci_field user_fields[] = {
	OCI_VALUE(struct oci_user, "uid", uid, 0),
	OCI_VALUE(struct oci_user, "gid", gid, 0),
	OCI_OPTIONAL(struct oci_user, "umask", umask),
	OCI_VALUES(struct oci_user, "additionalGids", additional_gids, 0),
	OCI_STRING(struct oci_user, "username", username, 0),
};
const struct oci_type oci_user_type = OCI_TYPE(struct oci_user, user_fields);

static const struct oci_field capabilities_fields[] = {
	OCI_STRINGS(struct oci_capabilities, "bounding", bounding, 0),
	OCI_STRINGS(struct oci_capabilities, "effective", effective, 0),
	OCI_STRINGS(struct oci_capabilities, "inheritable", inheritable, 0),
	OCI_STRINGS(struct oci_capabilities, "permitted", permitted, 0),
	OCI_STRINGS(struct oci_capabilities, "ambient", ambient, 0),
};
const struct oci_type oci_capabilities_type = OCI_TYPE(struct oci_capabilities, capabilities_fields);

static const struct oci_field rlimit_fields[] = {
	OCI_STRING(struct oci_rlimit, "type", type, OCI_REQUIRED),
	OCI_VALUE(struct oci_rlimit, "hard", hard, OCI_REQUIRED),
	OCI_VALUE(struct oci_rlimit, "soft", soft, OCI_REQUIRED),
};
static const struct oci_type rlimit_type = OCI_TYPE(struct oci_rlimit, rlimit_fields);

static const struct oci_field scheduler_fields[] = {
	OCI_STRING(struct oci_scheduler, "policy", policy, OCI_REQUIRED),
	OCI_OPTIONAL(struct oci_scheduler, "nice", nice),
	OCI_OPTIONAL(struct oci_scheduler, "priority", priority),
	OCI_STRINGS(struct oci_scheduler, "flags", flags, 0),
	OCI_OPTIONAL(struct oci_scheduler, "runtime", runtime),
	OCI_OPTIONAL(struct oci_scheduler, "deadline", deadline),
	OCI_OPTIONAL(struct oci_scheduler, "period", period),
};
static const struct oci_type scheduler_type = OCI_TYPE(struct oci_scheduler, scheduler_fields);

static const struct oci_field io_priority_fields[] = {
	OCI_STRING(struct oci_io_priority, "class", class, OCI_REQUIRED),
	OCI_VALUE(struct oci_io_priority, "priority", priority, 0), /* as the schema has it: IDLE knows none */
};
static const struct oci_type io_priority_type = OCI_TYPE(struct oci_io_priority, io_priority_fields);

static const struct oci_field exec_cpu_affinity_fields[] = {
	OCI_STRING(struct oci_exec_cpu_affinity, "initial", initial, 0),
	OCI_STRING(struct oci_exec_cpu_affinity, "final", final, 0),
};
static const struct oci_type exec_cpu_affinity_type = OCI_TYPE(struct oci_exec_cpu_affinity, exec_cpu_affinity_fields);

static const struct oci_field process_fields[] = {
	OCI_OPTIONAL(struct oci_process, "terminal", terminal),
	OCI_OBJECT(struct oci_process, "consoleSize", console_size, struct oci_box, box_type, 0),
	OCI_OBJECT(struct oci_process, "user", user, struct oci_user, oci_user_type, 0),
	OCI_STRINGS(struct oci_process, "args", args, 0),
	OCI_STRING(struct oci_process, "commandLine", command_line, 0),
	OCI_STRINGS(struct oci_process, "env", env, 0),
	OCI_STRING(struct oci_process, "cwd", cwd, OCI_REQUIRED),
	OCI_OBJECT(struct oci_process, "capabilities", capabilities, struct oci_capabilities, oci_capabilities_type, 0),
	OCI_OBJECTS(struct oci_process, "rlimits", rlimits, struct oci_rlimit, rlimit_type, 0),
	OCI_OPTIONAL(struct oci_process, "noNewPrivileges", no_new_privileges),
	OCI_STRING(struct oci_process, "apparmorProfile", apparmor_profile, 0),
	OCI_OPTIONAL(struct oci_process, "oomScoreAdj", oom_score_adj),
	OCI_OBJECT(struct oci_process, "scheduler", scheduler, struct oci_scheduler, scheduler_type, 0),
	OCI_STRING(struct oci_process, "selinuxLabel", selinux_label, 0),
	OCI_OBJECT(struct oci_process, "ioPriority", io_priority, struct oci_io_priority, io_priority_type, 0),
	OCI_OBJECT(struct oci_process, "execCPUAffinity", exec_cpu_affinity, struct oci_exec_cpu_affinity,
		exec_cpu_affinity_type, 0),
};
const struct oci_type oci_process_type = OCI_TYPE(struct oci_process, process_fields);

/* root, mounts, hooks */

static const struct oci_field root_fields[] = {
	OCI_STRING(struct oci_root, "path", path, OCI_REQUIRED),
	OCI_OPTIONAL(struct oci_root, "readonly", readonly),
};
static const struct oci_type root_type = OCI_TYPE(struct oci_root, root_fields);

static const struct oci_field id_mapping_fields[] = {
	OCI_VALUE(struct oci_id_mapping, "containerID", container_id, OCI_REQUIRED),
	OCI_VALUE(struct oci_id_mapping, "hostID", host_id, OCI_REQUIRED),
	OCI_VALUE(struct oci_id_mapping, "size", size, OCI_REQUIRED),
};
const struct oci_type oci_id_mapping_type = OCI_TYPE(struct oci_id_mapping, id_mapping_fields);

static const struct oci_field mount_fields[] = {
	OCI_STRING(struct oci_mount, "destination", destination, OCI_REQUIRED),
	OCI_STRING(struct oci_mount, "type", type, 0),
	OCI_STRING(struct oci_mount, "source", source, 0),
	OCI_STRINGS(struct oci_mount, "options", options, 0),
	OCI_OBJECTS(struct oci_mount, "uidMappings", uid_mappings, struct oci_id_mapping, oci_id_mapping_type, 0),
	OCI_OBJECTS(struct oci_mount, "gidMappings", gid_mappings, struct oci_id_mapping, oci_id_mapping_type, 0),
};
const struct oci_type oci_mount_type = OCI_TYPE(struct oci_mount, mount_fields);

static const struct oci_field hook_fields[] = {
	OCI_STRING(struct oci_hook, "path", path, OCI_REQUIRED),
	OCI_STRINGS(struct oci_hook, "args", args, 0),
	OCI_STRINGS(struct oci_hook, "env", env, 0),
	OCI_OPTIONAL(struct oci_hook, "timeout", timeout),
};
const struct oci_type oci_hook_type = OCI_TYPE(struct oci_hook, hook_fields);

static const struct oci_field hooks_fields[] = {
	OCI_OBJECTS(struct oci_hooks, "prestart", prestart, struct oci_hook, oci_hook_type, 0),
	OCI_OBJECTS(struct oci_hooks, "createRuntime", create_runtime, struct oci_hook, oci_hook_type, 0),
	OCI_OBJECTS(struct oci_hooks, "createContainer", create_container, struct oci_hook, oci_hook_type, 0),
	OCI_OBJECTS(struct oci_hooks, "startContainer", start_container, struct oci_hook, oci_hook_type, 0),
	OCI_OBJECTS(struct oci_hooks, "poststart", poststart, struct oci_hook, oci_hook_type, 0),
	OCI_OBJECTS(struct oci_hooks, "poststop", poststop, struct oci_hook, oci_hook_type, 0),
};
const struct oci_type oci_hooks_type = OCI_TYPE(struct oci_hooks, hooks_fields);

/* documents */

static const struct oci_field config_fields[] = {
	OCI_STRING(struct oci_config, "ociVersion", oci_version, OCI_REQUIRED),
	OCI_OBJECT(struct oci_config, "process", process, struct oci_process, oci_process_type, 0),
	OCI_OBJECT(struct oci_config, "root", root, struct oci_root, root_type, 0),
	OCI_STRING(struct oci_config, "hostname", hostname, 0),
	OCI_STRING(struct oci_config, "domainname", domainname, 0),
	OCI_OBJECTS(struct oci_config, "mounts", mounts, struct oci_mount, oci_mount_type, 0),
	OCI_OBJECT(struct oci_config, "hooks", hooks, struct oci_hooks, oci_hooks_type, 0),
	OCI_MAP(struct oci_config, "annotations", annotations, 0),
	OCI_OBJECT(struct oci_config, "linux", linux, struct oci_linux, oci_linux_type, 0),
};
const struct oci_type oci_config_type = OCI_TYPE(struct oci_config, config_fields);

static const struct oci_field state_fields[] = {
	OCI_STRING(struct oci_state, "ociVersion", oci_version, OCI_REQUIRED),
	OCI_STRING(struct oci_state, "id", id, OCI_REQUIRED),
	OCI_STRING(struct oci_state, "status", status, OCI_REQUIRED),
	OCI_OPTIONAL(struct oci_state, "pid", pid),
	OCI_STRING(struct oci_state, "bundle", bundle, OCI_REQUIRED),
	OCI_MAP(struct oci_state, "annotations", annotations, 0),
};
const struct oci_type oci_state_type = OCI_TYPE(struct oci_state, state_fields);

static const struct oci_field container_process_state_fields[] = {
	OCI_STRING(struct oci_container_process_state, "ociVersion", oci_version, OCI_REQUIRED),
	OCI_STRINGS(struct oci_container_process_state, "fds", fds, 0),
	OCI_VALUE(struct oci_container_process_state, "pid", pid, OCI_REQUIRED),
	OCI_STRING(struct oci_container_process_state, "metadata", metadata, 0),
	OCI_OBJECT(struct oci_container_process_state, "state", state, struct oci_state, oci_state_type, OCI_REQUIRED),
};
const struct oci_type oci_container_process_state_type =
	OCI_TYPE(struct oci_container_process_state, container_process_state_fields);
