/* SPDX-License-Identifier: Apache-2.0 */
#include "container/record.h"

#include <errno.h>

#include "base/file.h"

static const struct oci_field fields[] = {
	OCI_VALUE(struct container_record, "version", version, OCI_REQUIRED),
	OCI_STRING(struct container_record, "id", id, OCI_REQUIRED),
	OCI_STRING(struct container_record, "bundle", bundle, OCI_REQUIRED),
	OCI_STRING(struct container_record, "rootfs", rootfs, OCI_REQUIRED),
	OCI_STRING(struct container_record, "ociVersion", oci_version, OCI_REQUIRED),
	OCI_STRING(struct container_record, "created", created, OCI_REQUIRED),
	OCI_VALUE(struct container_record, "pid", pid, OCI_REQUIRED),
	OCI_VALUE(struct container_record, "startTime", start_time, OCI_REQUIRED),
	OCI_VALUE(struct container_record, "namespaces", namespaces, OCI_REQUIRED),
	OCI_VALUE(struct container_record, "rootfsMount", rootfs_mount, 0),
	OCI_STRING(struct container_record, "cgroupManager", cgroup_manager, OCI_REQUIRED),
	OCI_STRINGS(struct container_record, "cgroup", cgroup, 0),
	OCI_STRING(struct container_record, "intelRdt", intel_rdt, 0),
	OCI_VALUE(struct container_record, "memorySwap", memory_swap, 0),
	OCI_MAP(struct container_record, "annotations", annotations, 0),
};
static const struct oci_type record_type = OCI_TYPE(struct container_record, fields);

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
