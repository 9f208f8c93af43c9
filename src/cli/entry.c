/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/entry.h"

/* The order is runc's. */
struct entry {
	char *oci_version, *id;
	int32_t pid;
	char *status, *bundle, *rootfs, *created;
	struct oci_map *annotations;
	char *owner;
};

static const struct oci_field fields[] = {
	OCI_STRING(struct entry, "ociVersion", oci_version, OCI_REQUIRED),
	OCI_STRING(struct entry, "id", id, OCI_REQUIRED),
	OCI_VALUE(struct entry, "pid", pid, OCI_REQUIRED),
	OCI_STRING(struct entry, "status", status, OCI_REQUIRED),
	OCI_STRING(struct entry, "bundle", bundle, OCI_REQUIRED),
	OCI_STRING(struct entry, "rootfs", rootfs, OCI_REQUIRED),
	OCI_STRING(struct entry, "created", created, OCI_REQUIRED),
	OCI_MAP(struct entry, "annotations", annotations, 0),
	OCI_STRING(struct entry, "owner", owner, OCI_REQUIRED),
};
static const struct oci_type type = OCI_TYPE(struct entry, fields);

int entry_json(const struct container *c, const char *owner, const char *indent, struct arena *a, char **ret,
	size_t *ret_len, struct error *err)
{
	struct oci_map annotations = c->annotations;
	struct entry e = {
		.oci_version = (char *)c->oci_version,
		.id = (char *)c->id,
		.pid = c->pid,
		.status = (char *)status_name(c->status),
		.bundle = (char *)c->bundle,
		.rootfs = (char *)c->rootfs,
		.created = (char *)c->created,
		.annotations = annotations.len ? &annotations : NULL,
		.owner = (char *)owner,
	};

	return oci_table_write(&type, &e, indent, a, ret, ret_len, err);
}
