/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/text.h"

struct ps_options {
	const char *format;
};

static const struct option options[] = {
	OPTION(struct ps_options, format, "format", 'f', "table or json (default: \"table\")"),
};

enum { OUTPUT_MAX = 64 * 1024 * 1024 };

static int spawn(char **argv, pid_t *ret, int *ret_fd, struct error *err)
{
	_cleanup_close_ int fd = -1, write_fd = -1;
	posix_spawn_file_actions_t actions;
	int p[2], r;

	if (pipe2(p, O_CLOEXEC) < 0)
		return error_errno(err, errno, "ps: pipe");
	fd = p[0];
	write_fd = p[1];
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0) /* our end alone: so that reading it has a limit */
		return error_errno(err, errno, "ps: pipe");
	r = posix_spawn_file_actions_init(&actions);
	if (r)
		return error_errno(err, r, "ps");
	r = posix_spawn_file_actions_adddup2(&actions, write_fd, STDOUT_FILENO);
	if (!r)
		r = posix_spawn_file_actions_adddup2(&actions, write_fd, STDERR_FILENO);
	if (!r)
		r = posix_spawnp(ret, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r == ENOENT)
		return error_set(err, r, "exec: \"ps\": executable file not found in $PATH");
	if (r)
		return error_errno(err, r, "exec: \"ps\"");
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* Runs `ps` of the host and takes what it says on both of its outputs. */
static int run_ps(struct arena *a, char *const *args, size_t n, char **ret, struct error *err)
{
	char **argv = arena_array(a, (n ? n : 1) + 2, sizeof(*argv));
	_cleanup_close_ int fd = -1;
	pid_t pid;
	int r, status;

	if (!argv)
		return error_errno(err, ENOMEM, "ps");
	argv[0] = (char[]){"ps"};
	argv[1] = (char[]){"-ef"};
	for (size_t i = 0; i < n; i++)
		argv[i + 1] = args[i];
	r = spawn(argv, &pid, &fd, err);
	if (r < 0)
		return r;
	r = file_read_fd(a, fd, "ps", OUTPUT_MAX, ret, NULL, err);
	fd_close(&fd);
	if (r < 0)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, errno, "ps: wait");
	if (r < 0)
		return r;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	(*ret)[strcspn(*ret, "\n")] = '\0';
	return error_set(err, EINVAL, "ps: exit status %d: %s",
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), *ret);
}

/* The n-th word of a line of len bytes (from 0); its length, 0 when there is none. */
static size_t word(const char *line, size_t len, size_t n, const char **ret)
{
	size_t i = 0;

	for (;;) {
		size_t start;

		while (i < len && (line[i] == ' ' || line[i] == '\t'))
			i++;
		start = i;
		while (i < len && line[i] != ' ' && line[i] != '\t')
			i++;
		*ret = line + start;
		if (!n-- || i == start)
			return i - start;
	}
}

static int pid_column(const char *line, size_t len, size_t *ret, struct error *err)
{
	const char *w;
	size_t n;

	for (size_t i = 0; (n = word(line, len, i, &w)); i++) {
		if (n == 3 && str_starts(w, "PID")) {
			*ret = i;
			return 0;
		}
	}
	return error_set(err, EINVAL, "couldn't find PID field in ps output");
}

static bool is_of(const char *line, size_t len, size_t column, const pid_t *pids, size_t n)
{
	char digits[16];
	const char *w;
	size_t w_len = word(line, len, column, &w);
	uint32_t pid;

	if (w_len >= sizeof(digits))
		return false;
	str_copy(digits, w_len + 1, w);
	if (!str_to_u32(digits, &pid))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((uint32_t)pids[i] == pid)
			return true;
	return false;
}

static int add_table(struct text *t, const struct cli *c, const pid_t *pids, size_t n, struct error *err)
{
	size_t column = 0;
	char *out;
	int r = run_ps(c->arena, c->args + 1, c->args_len - 1, &out, err);

	if (r >= 0)
		r = pid_column(out, strcspn(out, "\n"), &column, err);
	if (r < 0)
		return r;
	for (const char *line = out, *end; *line; line = *end ? end + 1 : end) {
		size_t len = strcspn(line, "\n");

		end = line + len;
		if (line == out || is_of(line, len, column, pids, n)) {
			text_add_n(t, line, len);
			text_add(t, "\n");
		}
	}
	return 0;
}

static void add_json(struct text *t, const pid_t *pids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		text_fmt(t, "%s%d", i ? "," : "[", pids[i]);
	text_add(t, n ? "]\n" : "null\n");
}

static int run(struct cli *c, struct error *err)
{
	const struct ps_options *o = c->options;
	bool json = str_eq(o->format, "json");
	struct text t = TEXT_INIT(c->arena);
	pid_t *pids;
	size_t n;
	int r;

	if (o->format && !json && !str_eq(o->format, "table"))
		return error_set(err, EINVAL, "invalid format option: %s (table or json)", o->format);
	if (json && c->args_len > 1)
		return error_set(err, EINVAL, "--format json takes no ps options: %s", c->args[1]);
	r = container_pids(&c->context, c->args[0], c->arena, &pids, &n, err);
	if (r < 0)
		return r;
	if (json)
		add_json(&t, pids, n);
	else
		r = add_table(&t, c, pids, n, err);
	return r < 0 ? r : text_print(&t, err);
}

const struct verb verb_ps = {
	.name = "ps",
	.summary = "display the processes running inside a container",
	.usage = "<container-id> [ps options]",
	.description = "The table is that of ps(1), which is given the ps options (default: -ef) and\n"
		       "must print a column PID; the JSON is a list of pids. Pids are the host's.",
	.examples = "%s ps web\n"
		    "%s ps web -o pid,args",
	.options = OPTION_TABLE(options),
	.options_size = sizeof(struct ps_options),
	.min_args = 1,
	.max_args = ARGS_ANY,
	.in_order = true,
	.run = run,
};
