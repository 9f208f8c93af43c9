/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/metrics.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/duration.h"
#include "container/store.h"

struct metrics_options {
	const char *format, *interval;
	bool watch, reset;
};

static const struct option options[] = {
	OPTION(struct metrics_options, format, "format", 'f', "table, json or openmetrics (default: \"table\")"),
	OPTION(struct metrics_options, watch, "watch", 'w', "print again and again, until interrupted"),
	OPTION(struct metrics_options, interval, "interval", 0, "for --watch: time between two (default: 2s)"),
	OPTION(struct metrics_options, reset, "reset", 0, "begin anew, and print nothing"),
};

#define DEFAULT_INTERVAL INT64_C(2000000000)

typedef void form(struct text *t, const struct metrics *m);

static void table(struct text *t, const struct metrics *m)
{
	metrics_table(t, m, isatty(STDOUT_FILENO) && text_utf8());
}

static form *find_form(const char *name)
{
	if (!name || str_eq(name, "table"))
		return table;
	return str_eq(name, "json") ? metrics_json : str_eq(name, "openmetrics") ? metrics_openmetrics : NULL;
}

/* Who reads may go whenever he has enough: -EPIPE. */
static int print(const struct cli *c, form *f, bool clear, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	_cleanup_close_ int root = store_open_root(&c->context, false, err);
	struct metrics *m = arena_new(&a, struct metrics);
	struct text t = TEXT_INIT(&a);
	int r = root;

	if (!m)
		return error_errno(err, ENOMEM, "metrics");
	if (root >= 0)
		r = metrics_read(root, m, err);
	if (r < 0 && r != -ENOENT)
		return r;
	if (clear)
		text_add(&t, "\033[H\033[J");
	f(&t, m);
	return text_print(&t, err);
}

static int watch(const struct cli *c, form *f, int64_t interval, struct error *err)
{
	struct pollfd closed = {.fd = STDOUT_FILENO};
	int ms = interval / 1000000 > 3600000 ? 3600000 : (int)(interval / 1000000), r;

	signal(SIGPIPE, SIG_IGN);
	do
		r = print(c, f, f == table && isatty(STDOUT_FILENO), err);
	while (r == 0 && poll(&closed, 1, ms ? ms : 1) == 0);
	return r == -EPIPE ? 0 : r;
}

static int reset(const struct cli *c, struct error *err)
{
	_cleanup_close_ int root = store_open_root(&c->context, false, err);

	return root == -ENOENT ? 0 : root < 0 ? root : metrics_reset(root, err);
}

static int run(struct cli *c, struct error *err)
{
	const struct metrics_options *o = c->options;
	form *f = find_form(o->format);
	int64_t interval = DEFAULT_INTERVAL;

	if (!f)
		return error_set(err, EINVAL, "invalid format option: %s (table, json or openmetrics)", o->format);
	if (o->reset && (o->format || o->watch || o->interval))
		return error_set(err, EINVAL, "metrics: --reset takes no other option");
	if (o->interval && !o->watch)
		return error_set(err, EINVAL, "metrics: --interval is for --watch");
	if (o->interval && (!duration_parse(o->interval, &interval) || interval <= 0))
		return error_set(err, EINVAL, "--interval: \"%s\" is no time above 0", o->interval);
	if (o->reset)
		return reset(c, err);
	return o->watch ? watch(c, f, interval, err) : print(c, f, false, err);
}

const struct verb verb_metrics = {
	.name = "metrics",
	.summary = "show what the verbs of this state root did, and how long it took",
	.usage = "",
	.description = "Counters and histograms of all invocations since the file was begun: how often, the\n"
		       "median, what 90 and 99 of 100 stayed below, the maximum. Within 3 %.",
	.options = OPTION_TABLE(options),
	.options_size = sizeof(struct metrics_options),
	.run = run,
};
