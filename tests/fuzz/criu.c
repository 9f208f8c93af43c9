/* SPDX-License-Identifier: Apache-2.0 */

/* The answers of CRIU: protocol buffers, messages in messages. */

#include "container/criu_message.h"
#include "tests/fuzz/fuzz.h"

static size_t read_all(const char *p, const char *end, int depth)
{
	struct criu_field f;
	const char *before = p;
	size_t n = 0;

	while (criu_next_field(&p, end, &f) > 0) {
		FUZZ_MUST(p > before && p <= end);
		before = p;
		FUZZ_MUST(!f.data || (f.data <= end && f.len <= (size_t)(end - f.data)));
		for (size_t i = 0; f.data && i < f.len; i++)
			n += (size_t)(f.data[i] == 'x');
		if (f.data && depth)
			n += read_all(f.data, f.data + f.len, depth - 1);
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	size_t n;
	char *p = fuzz_rest(&in, &n);

	(void)read_all(p, p + n, 4);
	free(p);
	return 0;
}
