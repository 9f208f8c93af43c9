/* SPDX-License-Identifier: Apache-2.0 */
#include "container/record.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "base/file.h"
#include "base/str.h"

enum { BOOT_ID_LEN = 36 };

static const struct oci_field fields[] = {
	OCI_VALUE(struct container_record, "version", version, OCI_REQUIRED),
	OCI_STRING(struct container_record, "id", id, OCI_REQUIRED),
	OCI_STRING(struct container_record, "bundle", bundle, OCI_REQUIRED),
	OCI_STRING(struct container_record, "rootfs", rootfs, OCI_REQUIRED),
	OCI_STRING(struct container_record, "ociVersion", oci_version, OCI_REQUIRED),
	OCI_STRING(struct container_record, "created", created, OCI_REQUIRED),
	OCI_VALUE(struct container_record, "pid", pid, OCI_REQUIRED),
	OCI_VALUE(struct container_record, "startTime", start_time, OCI_REQUIRED),
	OCI_STRING(struct container_record, "bootId", boot_id, 0),
	OCI_VALUE(struct container_record, "namespaces", namespaces, OCI_REQUIRED),
	OCI_VALUE(struct container_record, "rootfsMount", rootfs_mount, 0),
	OCI_STRING(struct container_record, "cgroupManager", cgroup_manager, OCI_REQUIRED),
	OCI_STRINGS(struct container_record, "cgroup", cgroup, 0),
	OCI_STRING(struct container_record, "intelRdt", intel_rdt, 0),
	OCI_VALUE(struct container_record, "memorySwap", memory_swap, 0),
	OCI_MAP(struct container_record, "annotations", annotations, 0),
};
static const struct oci_type record_type = OCI_TYPE(struct container_record, fields);

/* NULL when it is not to be had whole: half of one would be another boot's. */
static char *boot_id(void)
{
	static char id[40];
	static bool known;

	known = known || file_read_small(AT_FDCWD, "/proc/sys/kernel/random/boot_id", id, sizeof(id)) == BOOT_ID_LEN;
	return known ? id : NULL;
}

char *record_boot_id(int dir)
{
	struct statfs fs;

	return fstatfs(dir, &fs) == 0 && fs.f_type == TMPFS_MAGIC ? NULL : boot_id();
}

/* Its pid, mount and cgroups, even with the same start time, are by now somebody else's. */
static void forget_if_of_another_boot(struct container_record *rec)
{
	static char none[] = "disabled";
	const char *now = rec->boot_id ? boot_id() : NULL;

	if (!now || str_eq(now, rec->boot_id))
		return;
	rec->another_boot = true;
	rec->rootfs_mount = 0;
	rec->cgroup_manager = none;
	rec->cgroup_len = 0;
	rec->intel_rdt = NULL;
}

int record_read(int dir, struct arena *a, struct container_record **ret, struct error *err)
{
	_cleanup_buffer_ struct buffer text = BUFFER_INIT;
	struct container_record *rec;
	size_t len;
	int r = file_load_at(dir, "state.json", OCI_MAX_BYTES, &text, &len, err);

	if (r < 0)
		return r;
	r = oci_table_read(&record_type, text.data, len, a, (void **)&rec, NULL, err);
	if (r < 0)
		return error_prefix(err, "state.json");
	if (rec->version != RECORD_VERSION)
		return error_set(err, EPROTO, "state.json: version %u, this build reads version %d", rec->version,
			(int)RECORD_VERSION);
	if (rec->pid < 0)
		return error_set(err, EINVAL, "state.json: pid %d", (int)rec->pid);
	forget_if_of_another_boot(rec);
	*ret = rec;
	return 0;
}

int record_write(int dir, const struct container_record *rec, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	size_t len;
	char *text;
	int r = oci_table_write(&record_type, rec, NULL, &a, &text, &len, err);

	return r < 0 ? r : file_replace_at(dir, "state.json", text, len, 0600, err);
}
