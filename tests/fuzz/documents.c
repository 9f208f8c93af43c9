/* SPDX-License-Identifier: Apache-2.0 */

/* The JSON documents of the specification. Byte 0 says which. What is read is written, read again and written again:
 * the same text; and packed and unpacked: the same text, too. */

#include "libocispec-lite/ocispec.h"
#include "tests/fuzz/fuzz.h"

static const struct oci_type *const types[] = {&oci_config_type, &oci_process_type, &oci_linux_resources_type,
	&oci_linux_seccomp_type, &oci_state_type, &oci_container_process_state_type, &oci_features_type};

static void packs(const struct oci_type *t, const void *x, const char *text, struct arena *a)
{
	struct error err;
	void *block, *again;
	char *json;
	size_t len;

	FUZZ_MUST(oci_table_pack(t, x, a, &block, &len) == 0);
	FUZZ_MUST(oci_table_unpack(t, block, len, &again) == 0);
	FUZZ_MUST(oci_table_write(t, again, NULL, a, &json, NULL, &err) == 0);
	FUZZ_MUST(strcmp(json, text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct fuzz_input in = {data, size};
	const struct oci_type *t = types[fuzz_byte(&in) % (sizeof(types) / sizeof(types[0]))];
	struct oci_unknown unknown = {0};
	struct error err = {0};
	char *first, *indented, *second;
	size_t len, n;
	char *text = fuzz_rest(&in, &n);
	void *x;
	int r = oci_table_read(t, text, n, &a, &x, &unknown, &err);

	free(text);
	FUZZ_MUST(r == 0 || (r < 0 && err.code == -r && err.msg[0]));
	if (r < 0)
		return 0;
	FUZZ_MUST(oci_table_write(t, x, NULL, &a, &first, &len, &err) == 0 && strlen(first) == len);
	packs(t, x, first, &a);
	FUZZ_MUST(oci_table_write(t, x, "\t", &a, &indented, &len, &err) == 0);
	FUZZ_MUST(oci_table_read(t, indented, len, &a, &x, NULL, &err) == 0);
	FUZZ_MUST(oci_table_write(t, x, NULL, &a, &second, NULL, &err) == 0);
	FUZZ_MUST(strcmp(first, second) == 0);
	return 0;
}
