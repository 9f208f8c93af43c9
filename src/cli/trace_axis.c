/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "cli/trace.h"

enum { NAME_MAX = 40 };

/* How many of the n spans at s, from the first on, can be one; at least 1. */
static size_t alike(const struct trace_span *s, size_t n)
{
	enum { GAP_NS = 1000 };
	size_t i = 1;

	while (i < n && s[i].up == s->up && str_eq(s[i].name, s->name) && str_eq(s[i].category, s->category) &&
		s[i].start - (s[i - 1].start + s[i - 1].length) < GAP_NS)
		i++;
	return i > 1 && i < n && s[i].up == &s[i - 1] ? i - 1 : i;
}

static bool join(struct trace_span *s, size_t n, struct arena *a)
{
	s->name = arena_fmt(a, "%s (%zu)", s->name, n);
	s->length = s[n - 1].start + s[n - 1].length - s->start;
	for (size_t i = 1; i < n; i++)
		s[i].joined = true;
	return s->name;
}

bool trace_join(struct trace *trace, struct arena *a)
{
	bool good = true;

	for (size_t i = 0; i < trace->n; i++) {
		struct trace_track *t = &trace->tracks[i];
		size_t n;

		for (size_t j = 0; good && j < t->n; j += n) {
			n = alike(&t->spans[j], t->n - j);
			if (n > 1)
				good = join(&t->spans[j], n, a);
		}
	}
	return good;
}

int64_t trace_tick(int64_t length, unsigned most)
{
	static const int64_t steps[] = {1, 2, 5};
	int64_t step = 1;

	for (int64_t power = 1; length / most >= step && power < INT64_MAX / 100; power *= 10)
		for (unsigned i = 0; i < 3 && length / most >= step; i++)
			step = steps[i] * power;
	return step;
}

void trace_tick_text(char *buf, size_t n, int64_t ns)
{
	size_t len = fmt(buf, n, "%ld.%06ld", (long)(ns / 1000000), (long)(ns % 1000000));

	while (buf[len - 1] == '0')
		buf[--len] = '\0';
	if (buf[len - 1] == '.')
		buf[len - 1] = '\0';
}

void trace_length_text(char *buf, size_t n, int64_t ns)
{
	fmt(buf, n, "%ld.%03ld ms", (long)(ns / 1000000), (long)(ns / 1000 % 1000));
}

void trace_title(char *buf, size_t n, const struct trace_track *t)
{
	struct trace_sum sum = trace_sum(t);
	char length[40];
	size_t at;

	trace_length_text(length, sizeof(length), sum.total);
	at = fmt(buf, n, "%.*s (%ld): %.*s: %s", NAME_MAX, t->process ? t->process : "process", (long)t->pid, NAME_MAX,
		t->thread ? t->thread : "thread", length);
	if (!sum.waiting && !sum.unnamed)
		return;
	trace_length_text(length, sizeof(length), sum.waiting);
	at += fmt(buf + at, n - at, " (waiting %s", length);
	trace_length_text(length, sizeof(length), sum.unnamed);
	fmt(buf + at, n - at, sum.unnamed ? ", in no step %s)" : ")", length);
}

unsigned trace_place(const struct trace *trace, int64_t at, unsigned width)
{
	int64_t length = trace->end - trace->start;

	if (at <= trace->start || length <= 0)
		return 0;
	if (at >= trace->end)
		return width;
	return (unsigned)((double)(at - trace->start) / (double)length * width);
}

enum trace_kind trace_kind(const struct trace_span *s)
{
	if (str_eq(s->category, TRACE_WAIT))
		return TRACE_WAITING;
	return str_eq(s->category, TRACE_PLUGIN) ? TRACE_NOT_OURS : TRACE_WORK;
}
