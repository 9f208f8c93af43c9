/* SPDX-License-Identifier: Apache-2.0 */

/* mounts[].options. Strings of the input: the type, and then the options. */

#include <linux/mount.h>

#include "plan/mount_options.h"
#include "tests/fuzz/fuzz.h"

enum { MAX_OPTIONS = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct fuzz_input in = {data, size};
	char *options[MAX_OPTIONS] = {0}, *given[MAX_OPTIONS];
	struct oci_mount m = {.destination = (char *)(uintptr_t) "/x", .options = options};
	struct oci_config c = {.mounts = &m, .mounts_len = 1};
	struct mount_options o;
	struct error err = {0};
	size_t n;
	int r;

	m.type = fuzz_string(&in);
	while (in.n && m.options_len < MAX_OPTIONS)
		options[m.options_len++] = fuzz_string(&in);
	r = mount_options_read(&m, &a, &o, &err);
	FUZZ_MUST(r == 0 || (r < 0 && err.code == -r && err.msg[0]));
	FUZZ_MUST(r < 0 || o.propagation_n <= MOUNT_OPTIONS_PROPAGATIONS);
	/* all of the bits that tell of access times are cleared before some are set */
	FUZZ_MUST(r < 0 || !(o.rec_set & o.rec_clr & ~(uint64_t)MOUNT_ATTR__ATIME));
	memcpy(given, options, sizeof(given));
	n = m.options_len;
	r = mount_idmaps_read(&c, &a, &err); /* puts others in their places */
	FUZZ_MUST(r == 0 || (r < 0 && err.code == -r && err.msg[0]));
	for (size_t i = 0; i < n; i++)
		free(given[i]);
	free(m.type);
	return 0;
}
