/* SPDX-License-Identifier: Apache-2.0 */

/* Traces: what is read of a file, how spans lie in each other, what they come to, and how they are drawn. */

#include <errno.h>
#include <stdlib.h>

#include "base/str.h"
#include "cli/trace.h"
#include "perf/trace_format.h"
#include "tap.h"

static struct arena arena;
static struct error err;
static struct trace trace;

static int read_events(const char *events)
{
	char *text = arena_fmt(&arena, "{\"traceEvents\":[%s]}", events);

	return trace_read(text, strlen(text), &arena, &trace, &err);
}

#define SPAN(name, cat, ts, dur)                                                                                       \
	"{\"ph\":\"X\",\"name\":\"" name "\",\"cat\":\"" cat "\",\"pid\":7,\"tid\":7,\"ts\":" ts ",\"dur\":" dur "}"
#define META(what, pid, tid, name)                                                                                     \
	"{\"ph\":\"M\",\"name\":\"" what "\",\"pid\":" pid ",\"tid\":" tid ",\"args\":{\"name\":\"" name "\"}}"

static const char run[] = META("process_name", "7", "7", "enviro-oci") "," META("thread_name", "7", "7", "main") ","
	SPAN("run", "verb", "1000", "4000") "," SPAN("plan", "phase", "1000.25", "999.75") ","
	SPAN("lead", "wait", "2000", "2500.5") "," SPAN("filter", "phase", "1100", "10.0625") ","
	"{\"ph\":\"X\",\"name\":\"mounts\",\"pid\":8,\"tid\":8,\"ts\":2500,\"dur\":500}";

static void test_read(void)
{
	const struct trace_track *t;
	struct trace_sum sum;

	if (!tap_is_int(read_events(run), 0, "a trace is read") || !tap_is_int(trace.n, 2, "two threads"))
		return;
	t = trace.tracks;
	tap_is_str(t->process, "enviro-oci", "the process is named");
	tap_is_str(t->thread, "main", "so is the thread");
	tap_is_int(t->pid, 7, "the process's number");
	tap_is_int(t->n, 4, "four spans");
	tap_is_str(t->spans[2].name, "filter", "in the order of their start, a part behind its whole");
	tap_is_int(t->spans[1].start, 1000250, "microseconds with decimals, in ns");
	tap_is_int(t->spans[2].length, 10062, "what is less than a nanosecond is cut off");
	tap_is_int(t->spans[0].depth, 0, "the whole is outside");
	tap_is_int(t->spans[1].depth, 1, "a part is one deeper");
	tap_is_int(t->spans[2].depth, 2, "its part two");
	tap_is_int(t->spans[3].depth, 1, "what begins at the end of another is no part of that");
	tap_ok(t->spans[3].up == &t->spans[0], "but of what goes on");
	sum = trace_sum(t);
	tap_is_int(sum.total, 4000000, "total");
	tap_is_int(sum.waiting, 2500500, "waiting");
	tap_is_int(sum.unnamed, 4000000 - 999750 - 2500500, "in no step");
	tap_is_int(trace.start, 1000000, "begin of all");
	tap_is_int(trace.end, 5000000, "end of all");
}

static void refused(const char *text, const char *reason)
{
	int r = trace_read(text, strlen(text), &arena, &trace, &err);

	tap_ok(r == -EINVAL && strstr(err.msg, reason), "refused: %s: %s", reason, r < 0 ? err.msg : "it was read");
}

static void test_refusals(void)
{
	refused("", "not a trace");
	refused("# no JSON", "not a trace");
	refused("{\"ociVersion\":\"1.0.2\"}", "traceEvents: line 1, column 1: required member is missing");
	refused("[]", "expected an object");
	refused("{\"traceEvents\":[]}", "no spans");
	refused("{\"traceEvents\":[{\"name\":\"x\"}]}", "traceEvents[0].ph");
	refused("{\"traceEvents\":[{\"ph\":\"B\",\"ts\":1}]}", "traceEvents[0].ph: only");
	refused("{\"traceEvents\":[{\"ph\":\"X\",\"name\":\"x\",\"dur\":1}]}", "traceEvents[0].ts: missing");
	refused("{\"traceEvents\":[{\"ph\":\"X\",\"name\":\"x\",\"ts\":1}]}", "traceEvents[0].dur: missing");
	refused("{\"traceEvents\":[{\"ph\":\"X\",\"ts\":1,\"dur\":1}]}", "traceEvents[0].name: missing");
	refused("{\"traceEvents\":[{\"ph\":\"X\",\"name\":\"x\",\"ts\":1,\"dur\":-0.001}]}", "less than 0");
	refused("{\"traceEvents\":[{\"ph\":\"X\",\"name\":\"x\",\"ts\":-1,\"dur\":1}]}", "out of range");
	refused("{\"traceEvents\":[{\"ph\":\"X\",\"name\":\"x\",\"ts\":9223372036854775,\"dur\":1}]}", "out of range");
	refused("{\"traceEvents\":[{\"ph\":\"X\",\"ts\":9223372036854776}]}", "expected a decimal number");
	refused("{\"traceEvents\":[{\"ph\":\"X\",\"ts\":1e3}]}", "expected a decimal number, found 1e3");
	refused("{\"traceEvents\":[{\"ph\":\"X\",\"ts\":\"1\"}]}", "expected a decimal number, found a string");
}

/* What is written is read again. */
static void test_decimals(void)
{
	static const struct {
		int64_t ns;
		const char *text;
	} values[] = {{0, "0.000"}, {1, "0.001"}, {1000, "1.000"}, {-1500, "-1.500"}, {-1, "-0.001"},
		{INT64_MAX, "9223372036854775.807"}, {INT64_MIN, "-9223372036854775.808"}};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct trace_event e = {.ph = (char *)"X", .has_ts = true, .ts = {values[i].ns}};
		struct trace_file f = {.events = &e, .events_len = 1}, *again;
		char *json, *found;
		size_t len;

		oci_table_write(&trace_file_type, &f, NULL, &arena, &json, &len, &err);
		found = strstr(json, "\"ts\":");
		tap_ok(found && str_starts(found + 5, values[i].text), "written: %s in %s", values[i].text, json);
		if (tap_is_int(oci_table_read(&trace_file_type, json, len, &arena, (void **)&again, NULL, &err), 0, "read"))
			tap_is_int(again->events[0].ts.thousandths, values[i].ns, "as it was");
	}
}

static const char *drawn(void (*draw)(struct text *t))
{
	struct text t = TEXT_INIT(&arena);

	draw(&t);
	text_add_n(&t, "", 1);
	return t.s;
}

static struct chart_look look;

static void chart(struct text *t)
{
	trace_chart(t, &trace, &look);
}

static void svg(struct text *t)
{
	trace_svg(t, &trace);
}

static void test_chart(void)
{
	const char *s;
	bool fits = true;

	read_events(run);
	look = (struct chart_look){.columns = 59};
	s = drawn(chart);
	tap_ok(strstr(s, "enviro-oci (7): main: 4.000 ms (waiting 2.500 ms, in no ste\n"), "sums, cut where the line ends");
	tap_ok(strstr(s, "\n  run             4.000 ms ################################\n"), "the whole");
	tap_ok(strstr(s, "\n    plan          0.999 ms ########\n"), "a quarter of it");
	tap_ok(strstr(s, "\n    lead          2.500 ms         ....................\n"), "waiting is lighter");
	tap_ok(strstr(s, "\n  mounts          0.500 ms             ####\n"), "init");
	tap_ok(!strchr(s, '\033'), "no escape sequences");
	look = (struct chart_look){.columns = 91, .colours = true, .blocks = true};
	s = drawn(chart);
	tap_ok(strstr(s, "main: 4.000 ms (waiting 2.500 ms, in no step 0.499 ms)"), "what has not been named");
	tap_ok(strstr(s, "(8): thread: 0.500 ms\033[0m\n"), "only where there is such");
	tap_ok(strstr(s, "\033[34m████████"), "colours and blocks");
	tap_ok(strstr(s, "\033[2m                ░░░░░"), "waiting is lighter");
	for (unsigned columns = 1; columns < 300; columns++) {
		look = (struct chart_look){.columns = columns};
		for (const char *p = drawn(chart); *p && columns > 50; p = strchr(p, '\n') + 1)
			fits = fits && (unsigned)(strchr(p, '\n') - p) <= columns;
	}
	tap_ok(fits, "no line is wider than the terminal");
}

static void test_join(void)
{
	const struct trace_span *s;
	struct trace_sum sum, joined;

	read_events(SPAN("a", "verb", "0", "100") "," SPAN("m", "", "0", "10") "," SPAN("m", "", "10", "10") ","
		SPAN("m", "", "20.5", "9.5") "," SPAN("p", "", "22", "1") "," SPAN("m", "", "30", "10") ","
		SPAN("m", "", "42", "10") "," SPAN("n", "", "52", "1") "," SPAN("n", "wait", "53", "1"));
	sum = trace_sum(trace.tracks);
	tap_ok(trace_join(&trace, &arena), "spans are joined");
	joined = trace_sum(trace.tracks);
	tap_ok(joined.total == sum.total && joined.waiting == sum.waiting, "that changes no sum");
	tap_is_int(joined.unnamed, 100000 - 10000 - 10000 - 9500 - 10000 - 10000 - 1000 - 1000, "not even this");
	s = trace.tracks[0].spans;
	tap_is_str(s[1].name, "m (2)", "two of the same name");
	tap_is_int(s[1].length, 20000, "are as long as both");
	tap_ok(!s[1].joined && s[2].joined, "the second is not drawn");
	tap_ok(!s[3].joined && str_eq(s[3].name, "m") && str_eq(s[4].name, "p"), "what has parts stays");
	tap_ok(!s[5].joined && !s[6].joined, "and what does not follow upon another");
	tap_ok(!s[7].joined && !s[8].joined, "and what is of another category");
}

static void test_hostile(void)
{
	const char *s;

	read_events(SPAN("a<b>&\\\"'\\u001b[31m\\u009b\xc3\xa4", "", "0", "0") "," META("process_name", "7", "7", "</text>"));
	s = drawn(svg);
	tap_ok(strstr(s, ">a&#60;b&#62;&#38;&#34;'?[31m???" "?<"), "names are escaped in SVG");
	tap_ok(strstr(s, "&#60;/text&#62; (7)"), "those of processes, too");
	look = (struct chart_look){.columns = 80, .colours = true, .blocks = true};
	s = drawn(chart);
	tap_ok(strstr(s, "a<b>&\"'?[31m????"), "and what a terminal would execute is not printed");
	read_events(SPAN("x", "", "0", "2305843009213693.951") "," SPAN("y", "", "1", "0"));
	tap_ok(strlen(drawn(svg)) < 10000 && strlen(drawn(chart)) < 1000, "a length of 73 years");
}

int main(void)
{
	test_read();
	test_refusals();
	test_decimals();
	test_chart();
	test_join();
	test_hostile();
	arena_done(&arena);
	return tap_done();
}
