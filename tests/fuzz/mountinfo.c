/* SPDX-License-Identifier: Apache-2.0 */

/* What init reads of mountinfo, line by line: its own code, built with a libc. */

#include "init/hostmounts.c"

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};

	while (in.n) {
		char *text = fuzz_string(&in);
		struct line l;

		if (parse(text, &l))
			FUZZ_MUST(l.root && l.point && *l.type);
		free(text);
	}
	return 0;
}
