/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "cli/trace.h"

enum {
	LENGTH_WIDTH = 14, /* "123456.789 ms" and a blank */
	LEAST_BAR = 20,
	INDENT = 2,
	TICK_WIDTH = 12,
};

struct chart {
	struct text *t;
	const struct trace *trace;
	const struct chart_look *look;
	unsigned names, bar; /* widths */
};

static void colour(const struct chart *c, const char *sgr)
{
	if (c->look->colours)
		text_fmt(c->t, "\033[%sm", sgr);
}

static unsigned name_width(const struct trace *trace)
{
	size_t width = 0;

	for (size_t i = 0; i < trace->n; i++)
		for (size_t j = 0; j < trace->tracks[i].n; j++) {
			const struct trace_span *s = &trace->tracks[i].spans[j];
			size_t n = (size_t)INDENT * (s->depth + 1) + str_len(s->name) + 1;

			if (!s->joined)
				width = n > width ? n : width;
		}
	return (unsigned)width;
}

static void add_axis(const struct chart *c)
{
	int64_t length = c->trace->end - c->trace->start, tick = trace_tick(length, c->bar / TICK_WIDTH + 1);
	static const char unit[] = " ms";
	unsigned at = 0;
	char text[40];

	text_blanks(c->t, c->names + LENGTH_WIDTH);
	for (int64_t ns = 0; ns <= length; ns += tick) {
		unsigned place = trace_place(c->trace, c->trace->start + ns, c->bar);

		trace_tick_text(text, sizeof(text), ns);
		if (place < at || place + str_len(text) + str_len(unit) > c->bar)
			continue;
		text_blanks(c->t, place - at);
		text_add(c->t, text);
		at = place + (unsigned)str_len(text);
	}
	text_add(c->t, unit);
	text_add(c->t, "\n");
}

/* A bar begins with a whole place; of the last one eighths are shown. */
static void add_blocks(const struct chart *c, unsigned from, unsigned eighths, enum trace_kind kind)
{
	static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};

	text_blanks(c->t, from);
	if (eighths <= from * 8)
		eighths = from * 8 + 1;
	if (kind == TRACE_WAITING)
		eighths = (eighths + 7) / 8 * 8;
	for (unsigned i = from; i < eighths / 8; i++)
		text_add(c->t, kind == TRACE_WAITING ? "░" : "█");
	text_add(c->t, parts[eighths % 8]);
}

static void add_bar(const struct chart *c, const struct trace_span *s)
{
	static const char *const colours[] = {[TRACE_WORK] = "34", [TRACE_WAITING] = "2", [TRACE_NOT_OURS] = "33"};
	enum trace_kind kind = trace_kind(s);
	unsigned from = trace_place(c->trace, s->start, c->bar);
	unsigned eighths = trace_place(c->trace, s->start + s->length, c->bar * 8);

	from = from < c->bar ? from : c->bar - 1;
	colour(c, colours[kind]);
	if (c->look->blocks) {
		add_blocks(c, from, eighths, kind);
	} else {
		text_blanks(c->t, from);
		do
			text_add(c->t, kind == TRACE_WAITING ? "." : "#");
		while (++from < (eighths + 4) / 8);
	}
	colour(c, "0");
}

static void add_span(const struct chart *c, const struct trace_span *s)
{
	size_t indent = INDENT * (size_t)(s->depth + 1), room, n = str_len(s->name);
	char length[40];

	indent = indent < c->names / 2 ? indent : c->names / 2;
	room = c->names - indent;
	n = n < room ? n : room;
	text_blanks(c->t, indent);
	text_add_n(c->t, s->name, n);
	trace_length_text(length, sizeof(length), s->length);
	text_blanks(c->t, room - n + (str_len(length) < LENGTH_WIDTH ? LENGTH_WIDTH - 1 - str_len(length) : 0));
	text_add(c->t, length);
	text_add(c->t, " ");
	add_bar(c, s);
	text_add(c->t, "\n");
}

void trace_chart(struct text *t, const struct trace *trace, const struct chart_look *look)
{
	struct chart c = {.t = t, .trace = trace, .look = look, .names = name_width(trace)};
	unsigned most = look->columns * 2 / 5, taken;
	char title[300];

	c.names = c.names < most ? c.names : most;
	taken = c.names + LENGTH_WIDTH;
	c.bar = look->columns > taken + LEAST_BAR ? look->columns - taken : LEAST_BAR;
	for (size_t i = 0; i < trace->n; i++) {
		trace_title(title, sizeof(title), &trace->tracks[i]);
		colour(&c, "1");
		text_add_n(t, title, str_len(title) < look->columns ? str_len(title) : look->columns);
		colour(&c, "0");
		text_add(t, "\n");
		if (i == 0)
			add_axis(&c);
		for (size_t j = 0; j < trace->tracks[i].n; j++)
			if (!trace->tracks[i].spans[j].joined)
				add_span(&c, &trace->tracks[i].spans[j]);
	}
}
