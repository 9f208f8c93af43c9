/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>

#include "cli/match.h"
#include "cli/signals.h"

struct kill_options {
	bool all, regex;
	int signal;
};

static const struct option options[] = {
	OPTION(struct kill_options, all, "all", 'a', "send the signal to all processes of the container"),
	OPTION(struct kill_options, regex, "regex", 'r', "all containers whose ids match the regular expression"),
};

static int one(const struct context *x, const char *id, const void *data, struct error *err)
{
	const struct kill_options *o = data;

	return container_kill(x, id, o->signal, o->all, err);
}

static int run(struct cli *c, struct error *err)
{
	struct kill_options *o = c->options;

	/* runc takes an empty signal for none, too */
	o->signal = c->args_len > 1 && c->args[1][0] ? signal_parse(c->args[1], err) : SIGTERM;
	if (o->signal < 0)
		return o->signal;
	return o->regex ? match_each(c, c->args[0], one, o, err) : one(&c->context, c->args[0], o, err);
}

const struct verb verb_kill = {
	.name = "kill",
	.summary = "send a signal (default: SIGTERM) to the container's init process",
	.usage = "<container-id> [signal]",
	.description = "The signal is a name, with or without SIG, or a number; RTMIN+n and RTMAX-n\n"
		       "are names, too.",
	.examples = "%s kill web\n"
		    "%s kill web KILL",
	.options = OPTION_TABLE(options),
	.options_size = sizeof(struct kill_options),
	.min_args = 1,
	.max_args = 2,
	.run = run,
};
