/* SPDX-License-Identifier: Apache-2.0 */

/* linux.seccomp into a filter: every jump stays in it and every way through it ends. */

#include <linux/filter.h>

#include "base/log.h"
#include "libocispec-lite/ocispec.h"
#include "seccomp/seccomp.h"
#include "tests/fuzz/fuzz.h"

static void check(const struct sock_filter *f, uint32_t n)
{
	FUZZ_MUST(n && n <= BPF_MAXINSNS && BPF_CLASS(f[n - 1].code) == BPF_RET);
	for (uint32_t i = 0; i < n; i++) {
		if (BPF_CLASS(f[i].code) != BPF_JMP)
			continue;
		if (BPF_OP(f[i].code) == BPF_JA)
			FUZZ_MUST(f[i].k < n - i - 1);
		else
			FUZZ_MUST(f[i].jt < n - i - 1 && f[i].jf < n - i - 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct fuzz_input in = {data, size};
	struct seccomp_filter f = {0};
	struct oci_linux_seccomp *s;
	struct error err = {0};
	size_t n;
	char *text;
	int r;

	(void)log_open(NULL, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR, &err);
	text = fuzz_rest(&in, &n);
	r = oci_linux_seccomp_read(text, n, &a, &s, NULL, &err);
	free(text);
	if (r == 0)
		r = seccomp_compile(s, &a, &f, &err);
	FUZZ_MUST(r == 0 || (r < 0 && err.code == -r && err.msg[0]));
	if (r == 0 && f.bpf)
		check(f.bpf, f.n);
	return 0;
}
