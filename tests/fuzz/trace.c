/* SPDX-License-Identifier: Apache-2.0 */

/* A trace as `trace` reads it. */

#include "perf/trace.h"
#include "tests/fuzz/fuzz.h"

static void check_name(const char *s)
{
	for (; *s; s++)
		FUZZ_MUST(*s >= ' ' && *s <= '~');
}

static void check(const struct trace *t)
{
	FUZZ_MUST(t->n && t->start <= t->end);
	for (size_t i = 0; i < t->n; i++) {
		const struct trace_track *track = &t->tracks[i];

		(void)trace_sum(track); /* spans of others may overlap: the sums are what they are */
		FUZZ_MUST(track->n);
		if (track->process) /* what no metadata names has none */
			check_name(track->process);
		if (track->thread)
			check_name(track->thread);
		for (size_t k = 0; k < track->n; k++) {
			const struct trace_span *s = &track->spans[k];

			check_name(s->name);
			check_name(s->category);
			FUZZ_MUST(s->length >= 0 && s->start >= t->start && s->start + s->length <= t->end);
			FUZZ_MUST(!s->up || (s->up < s && s->depth == s->up->depth + 1));
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct fuzz_input in = {data, size};
	struct error err = {0};
	struct trace t;
	size_t n;
	char *text = fuzz_rest(&in, &n);
	int r = trace_read(text, n, &a, &t, &err);

	FUZZ_MUST(r == 0 || (r < 0 && err.code == -r && err.msg[0]));
	if (r == 0)
		check(&t);
	free(text);
	return 0;
}
