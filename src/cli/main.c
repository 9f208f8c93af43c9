/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "perf/span.h"
#include "perf/trace.h"

static const char *base_name(const char *argv0)
{
	const char *base = argv0;

	for (const char *s = argv0; *s; s++)
		if (*s == '/')
			base = s + 1;
	return *base ? base : "enviro-oci";
}

static int check_args(const struct cli *c, struct error *err)
{
	const struct verb *v = c->verb;
	bool few = c->args_len < v->min_args;
	const char *how = few ? "a minimum of" : "a maximum of";

	if (!few && c->args_len <= v->max_args)
		return 0;
	if (v->min_args == v->max_args)
		how = "exactly";
	return error_set(err, EINVAL, "%s: \"%s\" requires %s %u argument(s)%s%s", c->program, v->name, how,
		few ? v->min_args : v->max_args, *v->usage ? ": " : "", v->usage);
}

static int run_verb(struct cli *c, char **argv, size_t argc, const char *argv0, struct error *err)
{
	const struct verb *v = c->verb;
	struct option_words words;
	int r;

	c->options = arena_alloc(c->arena, v->options_size);
	if (!c->options)
		return error_errno(err, ENOMEM, "read command line");
	r = options_parse(&v->options, argv, argc, v->in_order, c->options, c->arena, &words, err);
	if (r < 0)
		return r;
	if (words.help)
		return help_print(c, v, err);
	c->args = words.args;
	c->args_len = words.args_len;
	r = check_args(c, err);
	c->trace = words.trace ? words.trace : c->trace;
	if (r >= 0 && c->trace)
		r = trace_open(c->trace, err);
	if (r >= 0 && !v->stateless)
		r = globals_context(&c->globals, argv0, c->arena, &c->context, err);
	if (r < 0)
		return r;
	if (v->failure)
		c->failure = v->failure;
	span_add(SPAN_ID_COMMAND_LINE, TRACK_HOST, c->begun, span_now());
	return v->run(c, err);
}

static int run(struct cli *c, char **argv, size_t argc, bool *log_opened, struct error *err)
{
	struct option_words words;
	bool counted;
	int r;

	r = options_parse(&global_options, argv + 1, argc - 1, true, &c->globals, c->arena, &words, err);
	if (r < 0)
		return r;
	if (words.help)
		return help_print(c, NULL, err);
	if (c->globals.version)
		return version_print(c, err);
	r = globals_open_log(&c->globals, err);
	if (r < 0)
		return r;
	*log_opened = true;
	c->trace = words.trace;
	if (!words.args_len)
		return help_print(c, NULL, err);
	c->verb = verb_find(words.args[0]);
	if (!c->verb)
		return verb_unknown(c, words.args[0], err);
	counted = span_verb_begin(c->verb->name, c->begun);
	r = span_verb_end(run_verb(c, words.args + 1, words.args_len - 1, argv[0], err));
	if (counted && c->context.root)
		context_save_metrics(&c->context, r < 0 ? r : 0, true);
	return r;
}

/* The error is told once in the log; where that is not stderr, whoever called still sees why on stderr. */
static void tell(const struct error *err, bool logged)
{
	if (logged || !err->bare)
		log_error("%s", err->msg);
	if (logged || err->bare) {
		(void)fd_write_all(STDERR_FILENO, err->msg, str_len(err->msg));
		(void)fd_write_all(STDERR_FILENO, "\n", 1);
	}
}

/* What has been done is not undone for the sake of its trace. */
static void write_trace(const struct cli *c)
{
	char whole[80];
	struct error err;

	if (!c->trace)
		return;
	fmt(whole, sizeof(whole), "%s %s", c->program, c->verb ? c->verb->name : "");
	if (trace_write(whole, c->begun, &err) < 0)
		log_warn("%s: %s", c->trace, err.msg);
}

int main(int argc, char **argv)
{
	const uint64_t begun = span_now();
	_cleanup_arena_ struct arena arena = ARENA_INIT;
	struct cli c = {.program = base_name(argc > 0 ? argv[0] : ""), .arena = &arena, .failure = 1, .begun = begun};
	struct error err = {0};
	bool log_opened = false;
	int r;

	if (argc < 1)
		return 1;
	signal(SIGCHLD, SIG_DFL); /* ignored by the caller, it would take our children's exit status away */
	r = run(&c, argv, (size_t)argc, &log_opened, &err);
	write_trace(&c);
	if (r >= 0)
		return r;
	tell(&err, log_opened && c.globals.log);
	return c.failure;
}
