/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_OCISPEC_H
#define ENVIRO_OCISPEC_H

/* The OCI runtime specification 1.3.0 as C: config.json (common and Linux parts), the process of `exec --process`,
 * the resources of `update`, the state, the features and what a seccomp agent is sent.
 *
 * Members are the JSON names in snake_case.
 *	string			char *x, NULL when absent
 *	object			struct pointer, NULL when absent
 *	optional number, bool	bool has_x, T x
 *	other number, bool	T x; always written. Absent: refused where the table says required, else 0
 *	array			T *x, size_t x_len; x is NULL when absent, and not NULL with x_len 0 for []
 *	map to strings		struct oci_map *, in the order of the file
 *	map to objects		an array whose elements begin with `char *key`
 * A null in the file is an absent member. A member's name may be in another case (of ASCII), as runc has it. All memory
 * is the arena's. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "libocispec-lite/table.h"

#undef linux /* gnu11 predefines it; here it is a member */

#define OCI_VERSION "1.3.0"

/* config.md: process */

struct oci_box {
	uint64_t height, width;
};

struct oci_user {
	uint32_t uid, gid;
	bool has_umask;
	uint32_t umask;
	uint32_t *additional_gids;
	size_t additional_gids_len;
	char *username;
};

struct oci_capabilities {
	char **bounding;
	size_t bounding_len;
	char **effective;
	size_t effective_len;
	char **inheritable;
	size_t inheritable_len;
	char **permitted;
	size_t permitted_len;
	char **ambient;
	size_t ambient_len;
};

struct oci_rlimit {
	char *type;
	uint64_t hard, soft;
};

struct oci_scheduler {
	char *policy;
	bool has_nice;
	int32_t nice;
	bool has_priority;
	int32_t priority;
	char **flags;
	size_t flags_len;
	bool has_runtime;
	uint64_t runtime; /* nanoseconds, as deadline and period */
	bool has_deadline;
	uint64_t deadline;
	bool has_period;
	uint64_t period;
};

struct oci_io_priority {
	char *class;
	int32_t priority;
};

struct oci_exec_cpu_affinity {
	char *initial, *final;
};

struct oci_process {
	bool has_terminal;
	bool terminal;
	struct oci_box *console_size;
	struct oci_user *user;
	char **args;
	size_t args_len;
	char *command_line;
	char **env;
	size_t env_len;
	char *cwd;
	struct oci_capabilities *capabilities;
	struct oci_rlimit *rlimits;
	size_t rlimits_len;
	bool has_no_new_privileges;
	bool no_new_privileges;
	char *apparmor_profile;
	bool has_oom_score_adj;
	int32_t oom_score_adj;
	struct oci_scheduler *scheduler;
	char *selinux_label;
	struct oci_io_priority *io_priority;
	struct oci_exec_cpu_affinity *exec_cpu_affinity;
};

/* config.md: root, mounts, hooks */

struct oci_root {
	char *path;
	bool has_readonly;
	bool readonly;
};

struct oci_id_mapping {
	uint32_t container_id, host_id, size;
};

struct oci_mount {
	char *destination, *type, *source;
	char **options;
	size_t options_len;
	struct oci_id_mapping *uid_mappings;
	size_t uid_mappings_len;
	struct oci_id_mapping *gid_mappings;
	size_t gid_mappings_len;
};

struct oci_hook {
	char *path;
	char **args;
	size_t args_len;
	char **env;
	size_t env_len;
	bool has_timeout;
	int64_t timeout; /* seconds */
};

struct oci_hooks {
	struct oci_hook *prestart;
	size_t prestart_len;
	struct oci_hook *create_runtime;
	size_t create_runtime_len;
	struct oci_hook *create_container;
	size_t create_container_len;
	struct oci_hook *start_container;
	size_t start_container_len;
	struct oci_hook *poststart;
	size_t poststart_len;
	struct oci_hook *poststop;
	size_t poststop_len;
};

/* config-linux.md: resources */

struct oci_device_cgroup {
	bool allow;
	char *type;
	bool has_major;
	int64_t major;
	bool has_minor;
	int64_t minor;
	char *access;
};

struct oci_memory {
	bool has_limit;
	int64_t limit;
	bool has_reservation;
	int64_t reservation;
	bool has_swap;
	int64_t swap;
	bool has_kernel;
	int64_t kernel;
	bool has_kernel_tcp;
	int64_t kernel_tcp;
	bool has_swappiness;
	uint64_t swappiness;
	bool has_disable_oom_killer;
	bool disable_oom_killer;
	bool has_use_hierarchy;
	bool use_hierarchy;
	bool has_check_before_update;
	bool check_before_update;
};

struct oci_cpu {
	bool has_shares;
	uint64_t shares;
	bool has_quota;
	int64_t quota; /* microseconds, as burst, period and the realtime pair */
	bool has_burst;
	uint64_t burst;
	bool has_period;
	uint64_t period;
	bool has_realtime_runtime;
	int64_t realtime_runtime;
	bool has_realtime_period;
	uint64_t realtime_period;
	char *cpus, *mems;
	bool has_idle;
	int64_t idle;
};

struct oci_pids {
	bool has_limit;
	int64_t limit;
};

struct oci_weight_device {
	int64_t major, minor;
	bool has_weight;
	uint16_t weight;
	bool has_leaf_weight;
	uint16_t leaf_weight;
};

struct oci_throttle_device {
	int64_t major, minor;
	uint64_t rate;
};

struct oci_block_io {
	bool has_weight;
	uint16_t weight;
	bool has_leaf_weight;
	uint16_t leaf_weight;
	struct oci_weight_device *weight_device;
	size_t weight_device_len;
	struct oci_throttle_device *throttle_read_bps_device;
	size_t throttle_read_bps_device_len;
	struct oci_throttle_device *throttle_write_bps_device;
	size_t throttle_write_bps_device_len;
	struct oci_throttle_device *throttle_read_iops_device;
	size_t throttle_read_iops_device_len;
	struct oci_throttle_device *throttle_write_iops_device;
	size_t throttle_write_iops_device_len;
};

struct oci_hugepage_limit {
	char *page_size;
	uint64_t limit;
};

struct oci_interface_priority {
	char *name;
	uint32_t priority;
};

struct oci_network {
	bool has_class_id;
	uint32_t class_id;
	struct oci_interface_priority *priorities;
	size_t priorities_len;
};

struct oci_rdma {
	char *key; /* the device, "mlx5_1" */
	bool has_hca_handles;
	uint32_t hca_handles;
	bool has_hca_objects;
	uint32_t hca_objects;
};

struct oci_linux_resources {
	struct oci_device_cgroup *devices;
	size_t devices_len;
	struct oci_memory *memory;
	struct oci_cpu *cpu;
	struct oci_pids *pids;
	struct oci_block_io *block_io;
	struct oci_hugepage_limit *hugepage_limits;
	size_t hugepage_limits_len;
	struct oci_network *network;
	struct oci_rdma *rdma;
	size_t rdma_len;
	struct oci_map *unified;
};

/* config-linux.md: seccomp */

struct oci_seccomp_arg {
	uint32_t index;
	uint64_t value;
	bool has_value_two;
	uint64_t value_two;
	char *op;
};

struct oci_seccomp_syscall {
	char **names;
	size_t names_len;
	char *action;
	bool has_errno_ret;
	uint32_t errno_ret;
	struct oci_seccomp_arg *args;
	size_t args_len;
};

struct oci_linux_seccomp {
	char *default_action;
	bool has_default_errno_ret;
	uint32_t default_errno_ret;
	char **architectures;
	size_t architectures_len;
	char **flags;
	size_t flags_len;
	char *listener_path, *listener_metadata;
	struct oci_seccomp_syscall *syscalls;
	size_t syscalls_len;
};

/* config-linux.md: the rest */

struct oci_namespace {
	char *type, *path;
};

struct oci_linux_device {
	char *path, *type;
	bool has_major;
	int64_t major;
	bool has_minor;
	int64_t minor;
	bool has_file_mode;
	uint32_t file_mode;
	bool has_uid;
	uint32_t uid;
	bool has_gid;
	uint32_t gid;
};

struct oci_linux_net_device {
	char *key; /* the name on the host */
	char *name;
};

struct oci_intel_rdt {
	char *clos_id;
	char **schemata;
	size_t schemata_len;
	char *l3_cache_schema, *mem_bw_schema;
	bool has_enable_monitoring;
	bool enable_monitoring;
};

struct oci_memory_policy {
	char *mode, *nodes;
	char **flags;
	size_t flags_len;
};

struct oci_personality {
	char *domain;
	char **flags;
	size_t flags_len;
};

struct oci_time_offset {
	char *key; /* "boottime" or "monotonic" */
	bool has_secs;
	int64_t secs;
	bool has_nanosecs;
	uint32_t nanosecs;
};

struct oci_linux {
	struct oci_id_mapping *uid_mappings;
	size_t uid_mappings_len;
	struct oci_id_mapping *gid_mappings;
	size_t gid_mappings_len;
	struct oci_map *sysctl;
	struct oci_linux_resources *resources;
	char *cgroups_path;
	struct oci_namespace *namespaces;
	size_t namespaces_len;
	struct oci_linux_device *devices;
	size_t devices_len;
	struct oci_linux_net_device *net_devices;
	size_t net_devices_len;
	struct oci_linux_seccomp *seccomp;
	char *rootfs_propagation;
	char **masked_paths;
	size_t masked_paths_len;
	char **readonly_paths;
	size_t readonly_paths_len;
	char *mount_label;
	struct oci_intel_rdt *intel_rdt;
	struct oci_memory_policy *memory_policy;
	struct oci_personality *personality;
	struct oci_time_offset *time_offsets;
	size_t time_offsets_len;
};

/* config.json. The members of other platforms (solaris, windows, vm, zos, freebsd) come as unknown members. */
struct oci_config {
	char *oci_version;
	struct oci_process *process;
	struct oci_root *root;
	char *hostname, *domainname;
	struct oci_mount *mounts;
	size_t mounts_len;
	struct oci_hooks *hooks;
	struct oci_map *annotations;
	struct oci_linux *linux;
};

/* runtime.md: the state; config-linux.md: what goes to a seccomp agent */

struct oci_state {
	char *oci_version, *id, *status;
	bool has_pid;
	int32_t pid;
	char *bundle;
	struct oci_map *annotations;
};

struct oci_container_process_state {
	char *oci_version;
	char **fds;
	size_t fds_len;
	int32_t pid;
	char *metadata;
	struct oci_state *state;
};

/* features.md, features-linux.md */

struct oci_features_enabled {
	bool has_enabled;
	bool enabled;
};

struct oci_features_cgroup {
	bool has_v1;
	bool v1;
	bool has_v2;
	bool v2;
	bool has_systemd;
	bool systemd;
	bool has_systemd_user;
	bool systemd_user;
	bool has_rdma;
	bool rdma;
};

struct oci_features_seccomp {
	bool has_enabled;
	bool enabled;
	char **actions;
	size_t actions_len;
	char **operators;
	size_t operators_len;
	char **archs;
	size_t archs_len;
	char **known_flags;
	size_t known_flags_len;
	char **supported_flags;
	size_t supported_flags_len;
};

struct oci_features_intel_rdt {
	bool has_enabled;
	bool enabled;
	bool has_schemata;
	bool schemata;
	bool has_monitoring;
	bool monitoring;
};

struct oci_features_memory_policy {
	char **modes;
	size_t modes_len;
	char **flags;
	size_t flags_len;
};

struct oci_features_mount_extensions {
	struct oci_features_enabled *idmap;
};

struct oci_features_linux {
	char **namespaces;
	size_t namespaces_len;
	char **capabilities;
	size_t capabilities_len;
	struct oci_features_cgroup *cgroup;
	struct oci_features_seccomp *seccomp;
	struct oci_features_enabled *apparmor;
	struct oci_features_enabled *selinux;
	struct oci_features_intel_rdt *intel_rdt;
	struct oci_features_memory_policy *memory_policy;
	struct oci_features_mount_extensions *mount_extensions;
	struct oci_features_enabled *net_devices;
};

struct oci_features {
	char *oci_version_min, *oci_version_max;
	char **hooks;
	size_t hooks_len;
	char **mount_options;
	size_t mount_options_len;
	struct oci_features_linux *linux;
	struct oci_map *annotations;
	char **potentially_unsafe_config_annotations;
	size_t potentially_unsafe_config_annotations_len;
};

/* The tables, for oci_table_read and oci_table_write and as parts of a caller's own tables. */
extern const struct oci_type oci_config_type, oci_process_type, oci_user_type, oci_capabilities_type, oci_mount_type,
	oci_hook_type, oci_hooks_type, oci_id_mapping_type, oci_namespace_type, oci_linux_type,
	oci_linux_resources_type, oci_linux_seccomp_type, oci_linux_device_type, oci_state_type,
	oci_container_process_state_type, oci_features_type;

/* For each of the documents below:
 *
 * int oci_X_read(text, len, arena, &x, unknown, err)
 *	Reads JSON text (no NUL needed behind it). Members that the specification does not have are skipped, and their
 *	paths stand in *unknown, which may be NULL. -EINVAL, with "PATH: line L, column C: reason" in err; -EFBIG above
 *	OCI_MAX_BYTES; -ENOMEM.
 * int oci_X_write(x, arena, &json, &len, err)
 *	One line of JSON without a newline, NUL-terminated, in the arena; len may be NULL. -EINVAL for a string that is
 *	not UTF-8 or a required member that is missing; -ENOMEM.
 * int oci_X_write_indented(x, indent, arena, &json, &len, err)
 *	The same over several lines; indent is what one level is indented by, "\t" say. */
#define OCI_DOCUMENT(X)                                                                                                \
	static inline int oci_##X##_read(const char *text, size_t len, struct arena *a, struct oci_##X **ret,          \
		struct oci_unknown *unknown, struct error *err)                                                        \
	{                                                                                                              \
		return oci_table_read(&oci_##X##_type, text, len, a, (void **)ret, unknown, err);                      \
	}                                                                                                              \
	static inline int oci_##X##_write(                                                                             \
		const struct oci_##X *x, struct arena *a, char **ret_json, size_t *ret_len, struct error *err)         \
	{                                                                                                              \
		return oci_table_write(&oci_##X##_type, x, NULL, a, ret_json, ret_len, err);                           \
	}                                                                                                              \
	static inline int oci_##X##_write_indented(const struct oci_##X *x, const char *indent, struct arena *a,       \
		char **ret_json, size_t *ret_len, struct error *err)                                                   \
	{                                                                                                              \
		return oci_table_write(&oci_##X##_type, x, indent, a, ret_json, ret_len, err);                         \
	}

OCI_DOCUMENT(config)
OCI_DOCUMENT(process)
OCI_DOCUMENT(linux_resources)
OCI_DOCUMENT(linux_seccomp)
OCI_DOCUMENT(state)
OCI_DOCUMENT(container_process_state)
OCI_DOCUMENT(features)

#endif
