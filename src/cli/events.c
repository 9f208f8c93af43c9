/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/duration.h"
#include "cli/events_json.h"

struct events_cli {
	const char *interval;
	bool stats;
};

static const struct option options[] = {
	OPTION(struct events_cli, interval, "interval", 0, "time between two statistics (default: 5s)"),
	OPTION(struct events_cli, stats, "stats", 0, "print the statistics of this moment and exit"),
};

#define DEFAULT_INTERVAL INT64_C(5000000000)

/* Who reads may go whenever he has enough. */
static int print(const struct event *e, void *data, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct text t = TEXT_INIT(&a);
	int r;

	(void)data;
	event_json(&t, e);
	r = text_print(&t, err);
	return r == -EPIPE ? 1 : r;
}

static int run(struct cli *c, struct error *err)
{
	const struct events_cli *o = c->options;
	int64_t interval = DEFAULT_INTERVAL;

	if (o->interval && !duration_parse(o->interval, &interval))
		return error_set(err, EINVAL, "invalid value \"%s\" for flag -interval: parse error", o->interval);
	if (interval <= 0)
		return error_set(err, EINVAL, "duration interval must be greater than 0");
	const struct events_options e = {
		.interval = (uint64_t)interval, .once = o->stats, .output = o->stats ? -1 : STDOUT_FILENO};
	signal(SIGPIPE, SIG_IGN);
	return container_events(&c->context, c->args[0], &e, print, NULL, err);
}

const struct verb verb_events = {
	.name = "events",
	.summary = "display statistics of a container, and when it runs out of memory",
	.usage = "<container-id>",
	.description = "Prints one JSON object a line: the container's statistics again and again, and an event\n"
		       "\"oom\" whenever the kernel had to kill for the sake of its memory limit. Ends with the\n"
		       "container.",
	.examples = "%s events --stats web\n"
		    "%s events --interval 10s web",
	.options = OPTION_TABLE(options),
	.options_size = sizeof(struct events_cli),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
