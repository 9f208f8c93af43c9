/* SPDX-License-Identifier: Apache-2.0 */

/* The command line: options as tables describe them, sizes and durations. Byte 0: the words in order or not; the words
 * are the strings of the input. */

#include "cli/duration.h"
#include "cli/options.h"
#include "cli/size.h"
#include "tests/fuzz/fuzz.h"

enum { MAX_WORDS = 64 };

struct line {
	bool detach, no_pivot, has_detach;
	const char *bundle, *log;
	uint32_t fds;
	struct option_strings env;
	struct option_u32s gids;
};

static const struct option options[] = {
	OPTION(struct line, detach, "detach", 'd', ""),
	OPTION(struct line, no_pivot, "no-pivot", 0, ""),
	OPTION(struct line, bundle, "bundle", 'b', ""),
	OPTION(struct line, log, "log", 0, ""),
	OPTION(struct line, fds, "preserve-fds", 0, ""),
	OPTION(struct line, env, "env", 'e', ""),
	OPTION(struct line, gids, "additional-gids", 'g', ""),
};
static const struct option_table table = OPTION_TABLE(options);

static void values(const char *s)
{
	int64_t v = 0;

	if (size_parse(s, &v))
		FUZZ_MUST(v >= -1);
	(void)duration_parse(s, &v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct fuzz_input in = {data, size};
	char *words[MAX_WORDS] = {0};
	bool in_order = fuzz_byte(&in) % 2;
	struct option_words rest;
	struct error err = {0};
	struct line l = {0};
	size_t n = 0;
	int r;

	while (in.n && n < MAX_WORDS - 1)
		words[n++] = fuzz_string(&in);
	r = options_parse(&table, words, n, in_order, &l, &a, &rest, &err);
	FUZZ_MUST(r == 0 || (r < 0 && err.code == -r && err.msg[0]));
	FUZZ_MUST(r < 0 || (rest.args_len + l.env.len + l.gids.len <= n && !rest.args[rest.args_len]));
	for (size_t i = 0; i < n; i++) {
		values(words[i]);
		free(words[i]);
	}
	return 0;
}
