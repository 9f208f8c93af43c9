/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "cli/trace.h"

enum {
	WIDTH = 960,
	MARGIN = 12,
	NAMES = 250, /* where the lengths end */
	BARS = 330,
	BAR_WIDTH = WIDTH - MARGIN - BARS,
	ROW = 17,
	INDENT = 12,
	TICKS = 8,
};

static const struct {
	const char *name, *fill;
} kinds[] = {
	[TRACE_WORK] = {"work", "#1a73e8"},
	[TRACE_WAITING] = {"waiting", "#aecbfa"},
	[TRACE_NOT_OURS] = {"hooks and agents", "#f29900"},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* Names are printable ASCII already. */
static void add_escaped(struct text *t, const char *s)
{
	for (; *s; s++) {
		if (*s == '<' || *s == '>' || *s == '&' || *s == '"')
			text_fmt(t, "&#%d;", *s);
		else
			text_add_n(t, s, 1);
	}
}

static void add_text(struct text *t, unsigned x, unsigned y, const char *attributes, const char *s)
{
	text_fmt(t, "<text x=\"%u\" y=\"%u\"%s>", x, y, attributes);
	add_escaped(t, s);
	text_add(t, "</text>\n");
}

static void add_axis(struct text *t, const struct trace *trace, unsigned bottom)
{
	int64_t length = trace->end - trace->start, tick = trace_tick(length, TICKS);
	char text[40];

	for (int64_t ns = 0; ns <= length; ns += tick) {
		unsigned x = BARS + trace_place(trace, trace->start + ns, BAR_WIDTH);

		text_fmt(t, "<path d=\"M%u %uV%u\" stroke=\"#dadce0\"/>\n", x, MARGIN + ROW, bottom);
		trace_tick_text(text, sizeof(text), ns);
		add_text(t, x, MARGIN + ROW - 5, " text-anchor=\"middle\" fill=\"#5f6368\"", text);
	}
	add_text(t, NAMES, MARGIN + ROW - 5, " fill=\"#5f6368\"", "ms");
}

static void add_span(struct text *t, const struct trace *trace, const struct trace_span *s, unsigned y)
{
	/* places in hundredths */
	unsigned from = trace_place(trace, s->start, BAR_WIDTH * 100);
	unsigned to = trace_place(trace, s->start + s->length, BAR_WIDTH * 100);
	unsigned indent = s->depth < 8 ? s->depth : 8, width = to - from > 50 ? to - from : 50;
	char length[40];

	add_text(t, MARGIN + INDENT * (indent + 1), y + ROW - 5, "", s->name);
	trace_length_text(length, sizeof(length), s->length);
	text_fmt(t, "<text x=\"%d\" y=\"%u\" text-anchor=\"end\">%s</text>\n", BARS - 8, y + ROW - 5, length);
	text_fmt(t, "<rect x=\"%u.%02u\" y=\"%u\" width=\"%u.%02u\" height=\"%d\" fill=\"%s\"><title>", BARS + from / 100,
		from % 100, y + 2, width / 100, width % 100, ROW - 4, kinds[trace_kind(s)].fill);
	add_escaped(t, s->name);
	text_fmt(t, ": %s</title></rect>\n", length);
}

static void add_legend(struct text *t, unsigned y)
{
	unsigned x = BARS;

	for (size_t i = 0; i < KINDS; i++, x += 140) {
		text_fmt(t, "<rect x=\"%u\" y=\"%u\" width=\"12\" height=\"12\" fill=\"%s\"/>\n", x, y, kinds[i].fill);
		add_text(t, x + 18, y + 10, "", kinds[i].name);
	}
}

void trace_svg(struct text *t, const struct trace *trace)
{
	unsigned rows = 0, y = MARGIN + ROW, bottom;
	char title[300];

	for (size_t i = 0; i < trace->n; i++, rows++)
		for (size_t j = 0; j < trace->tracks[i].n; j++)
			rows += !trace->tracks[i].spans[j].joined;
	bottom = y + rows * ROW;
	text_fmt(t,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" viewBox=\"0 0 %d %u\" "
		"font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
		WIDTH, bottom + 30, WIDTH, bottom + 30);
	add_axis(t, trace, bottom);
	for (size_t i = 0; i < trace->n; i++) {
		trace_title(title, sizeof(title), &trace->tracks[i]);
		add_text(t, MARGIN, y + ROW - 5, " font-weight=\"bold\"", title);
		y += ROW;
		for (size_t j = 0; j < trace->tracks[i].n; j++) {
			if (trace->tracks[i].spans[j].joined)
				continue;
			add_span(t, trace, &trace->tracks[i].spans[j], y);
			y += ROW;
		}
	}
	add_legend(t, bottom + 10);
	text_add(t, "</svg>\n");
}
