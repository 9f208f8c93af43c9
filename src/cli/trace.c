/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/color.h"
#include "libocispec-lite/table.h"

struct trace_options {
	const char *svg;
};

static const struct option options[] = {
	OPTION(struct trace_options, svg, "svg", 0, "draw it as SVG into this file instead"),
};

/* What is no terminal gets plain text. */
static struct chart_look look_of_stdout(void)
{
	struct chart_look look = {.columns = 100};
	struct winsize w;

	if (!isatty(STDOUT_FILENO))
		return look;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col)
		look.columns = w.ws_col;
	look.colours = color_wanted(STDOUT_FILENO);
	look.blocks = text_utf8();
	return look;
}

static int write_file(const char *path, const struct text *t, struct error *err)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0644);
	int r = fd < 0 ? -errno : fd_write_all(fd, t->s, t->len);

	return r < 0 ? error_errno(err, r, "write: %s", path) : 0;
}

static int read_file(struct cli *c, const char *path, struct trace *all, struct error *err)
{
	struct trace one;
	char *text;
	size_t len;
	int r = file_read_at(c->arena, AT_FDCWD, path, OCI_MAX_BYTES, &text, &len, err);

	if (r < 0)
		return r;
	r = trace_read(text, len, c->arena, &one, err);
	if (r < 0)
		return error_prefix(err, "%s", path);
	return trace_add(all, &one, c->arena, err);
}

static int run(struct cli *c, struct error *err)
{
	const struct trace_options *o = c->options;
	struct chart_look look = look_of_stdout();
	struct text t = TEXT_INIT(c->arena);
	struct trace trace = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->args_len; i++)
		r = read_file(c, c->args[i], &trace, err);
	if (r == 0 && !trace_join(&trace, c->arena))
		r = error_errno(err, ENOMEM, "draw trace");
	if (r < 0)
		return r;
	if (!o->svg) {
		trace_chart(&t, &trace, &look);
		return text_print(&t, err);
	}
	trace_svg(&t, &trace);
	return t.failed ? error_errno(err, ENOMEM, "draw trace") : write_file(o->svg, &t, err);
}

const struct verb verb_trace = {
	.name = "trace",
	.summary = "draw what --trace has recorded",
	.usage = "<file>...",
	.description = "Prints a Gantt chart: a line for each span, thread after thread. Spans in which\n"
		       "only something is waited for are drawn lighter. Traces of several invocations, of\n"
		       "create and start say, are drawn as one.",
	.examples = "%s trace --svg run.svg run.json",
	.options = OPTION_TABLE(options),
	.options_size = sizeof(struct trace_options),
	.min_args = 1,
	.max_args = ARGS_ANY,
	.stateless = true,
	.run = run,
};
