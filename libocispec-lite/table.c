/* SPDX-License-Identifier: Apache-2.0 */
#include "libocispec-lite/table.h"

#include <string.h>

const char *oci_map_get(const struct oci_map *m, const char *key)
{
	for (size_t i = 0; m && i < m->len; i++)
		if (!strcmp(m->keys[i], key))
			return m->values[i];
	return NULL;
}

size_t oci_element_size(const struct oci_field *f)
{
	static const size_t sizes[] = {
		[OCI_KIND_BOOL] = sizeof(bool),
		[OCI_KIND_I32] = sizeof(int32_t),
		[OCI_KIND_I64] = sizeof(int64_t),
		[OCI_KIND_U16] = sizeof(uint16_t),
		[OCI_KIND_U32] = sizeof(uint32_t),
		[OCI_KIND_U64] = sizeof(uint64_t),
		[OCI_KIND_DECIMAL] = sizeof(struct oci_decimal),
		[OCI_KIND_STRING] = sizeof(char *),
		[OCI_KIND_MAP] = sizeof(struct oci_map *),
	};

	return f->kind == OCI_KIND_OBJECT ? f->type->size : sizes[f->kind];
}
