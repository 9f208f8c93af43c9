/* SPDX-License-Identifier: Apache-2.0 */

/* Small parsers of text: numbers, paths, versions, names. */

#include "base/str.h"
#include "libocispec-lite/number.h"
#include "plan/compile.h"
#include "plan/path.h"
#include "tests/fuzz/fuzz.h"

static void numbers(const char *s)
{
	int64_t i;
	uint64_t u, u2;
	uint32_t u32;
	char text[32];

	if (str_to_u64(s, &u)) {
		fmt(text, sizeof(text), "%lu", (unsigned long)u);
		FUZZ_MUST(str_to_u64(text, &u2) && u2 == u);
	}
	if (str_to_i64(s, &i)) {
		fmt(text, sizeof(text), "%ld", (long)i);
		FUZZ_MUST(strtoll(s, NULL, 10) == i && strtoll(text, NULL, 10) == i);
	}
	if (str_to_u32(s, &u32))
		FUZZ_MUST(strtoull(s, NULL, 10) == u32);
	for (enum oci_kind k = OCI_KIND_BOOL; k <= OCI_KIND_U64; k++)
		(void)number_store(s, strlen(s), k, &u);
}

static void paths(const char *s, const char *dir)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	char *clean = path_clean(&a, dir, s), *again = clean ? path_clean(&a, "/", clean) : NULL;

	if (!clean)
		return;
	FUZZ_MUST(again && strcmp(clean, again) == 0);
	FUZZ_MUST(clean[0] == '/' && !strstr(clean, "//") && !strstr(clean, "/../") && !str_ends(clean, "/.."));
	(void)path_is_below(clean, "/x");
}

static void formats(const char *s)
{
	struct error e = {0};
	char text[24];
	size_t n = fmt(text, sizeof(text), "%s: %.*s%c", s, 3, s, 'x');

	FUZZ_MUST(n < sizeof(text) && strlen(text) == n);
	(void)error_set(&e, 22, "%s", s);
	(void)error_prefix(&e, "%s", s);
	FUZZ_MUST(e.code == 22 && !strchr(e.msg, '\n'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	char *s = fuzz_string(&in), *t = fuzz_string(&in);
	struct error err = {0};

	numbers(s);
	paths(s, *t == '/' ? t : "/");
	formats(s);
	if (plan_check_version(s, &err) < 0)
		FUZZ_MUST(err.code && err.msg[0]);
	free(s);
	free(t);
	return 0;
}
