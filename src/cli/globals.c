/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"

static const struct option options[] = {
	{OPTION_FIELDS(struct globals, root, "root", 0,
		 "directory of the state (default: /run/enviro-oci, rootless: $XDG_RUNTIME_DIR/enviro-oci)"),
		.nonempty = true},
	OPTION(struct globals, log, "log", 0, "file to append the log to (default: stderr), journald:ID or syslog:ID"),
	OPTION(struct globals, log_format, "log-format", 0, "text or json (default: \"text\")"),
	OPTION(struct globals, log_level, "log-level", 0, "error, warning, info or debug (default: \"warning\")"),
	OPTION(struct globals, debug, "debug", 0, "the same as --log-level debug"),
	OPTION(struct globals, cgroup_manager, "cgroup-manager", 0,
		"who makes the cgroups: cgroupfs, systemd, or disabled for none (default: \"cgroupfs\")"),
	OPTION(struct globals, systemd_cgroup, "systemd-cgroup", 0, "the same as --cgroup-manager systemd"),
	OPTION(struct globals, rootless, "rootless", 0,
		"whether cgroups that may not be written are left out: true, false or auto (default: \"auto\")"),
	OPTION(struct globals, version, "version", 'v', "print the version"),
};
const struct option_table global_options = OPTION_TABLE(options);

struct choice {
	const char *word;
	int value;
};

/* NULL chooses the first. */
static int choose(const char *option, const char *word, const struct choice *c, size_t n, int *ret, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		if (!word || str_eq(word, c[i].word)) {
			*ret = c[i].value;
			return 0;
		}
	}
	return error_set(err, EINVAL, "invalid --%s: %s (see --help)", option, word);
}
#define CHOOSE(option, word, table, ret, err) choose(option, word, table, sizeof(table) / sizeof((table)[0]), ret, err)

int globals_open_log(const struct globals *g, struct error *err)
{
	static const struct choice formats[] = {{"text", LOG_FORMAT_TEXT}, {"json", LOG_FORMAT_JSON}};
	static const struct choice levels[] = {{"warning", LOG_LEVEL_WARN}, {"warn", LOG_LEVEL_WARN},
		{"error", LOG_LEVEL_ERROR}, {"info", LOG_LEVEL_INFO}, {"debug", LOG_LEVEL_DEBUG}};
	int format = 0, level = 0, r;

	r = CHOOSE("log-format", g->log_format, formats, &format, err);
	if (r >= 0)
		r = CHOOSE("log-level", g->log_level, levels, &level, err);
	if (r < 0)
		return r;
	return log_open(g->log, (enum log_format)format, g->debug ? LOG_LEVEL_DEBUG : (enum log_level)level, err);
}

static int absolute(struct arena *a, const char *path, const char **ret, struct error *err)
{
	_cleanup_free_ char *cwd = NULL;

	if (path[0] == '/') {
		*ret = path;
		return 0;
	}
	cwd = getcwd(NULL, 0);
	if (!cwd)
		return error_errno(err, errno, "root: %s: get current directory", path);
	*ret = arena_fmt(a, "%s/%s", cwd, path);
	return *ret ? 0 : error_errno(err, ENOMEM, "root: %s", path);
}

int globals_context(const struct globals *g, const char *argv0, struct arena *a, struct context *ret, struct error *err)
{
	static const struct choice managers[] = {{"cgroupfs", CGROUP_MANAGER_CGROUPFS},
		{"systemd", CGROUP_MANAGER_SYSTEMD}, {"disabled", CGROUP_MANAGER_DISABLED}};
	enum { AUTO, YES, NO };
	static const struct choice answers[] = {{"auto", AUTO}, {"true", YES}, {"false", NO}, {"1", YES}, {"0", NO}};
	int manager = 0, rootless = 0, r;

	r = CHOOSE("cgroup-manager", g->cgroup_manager, managers, &manager, err);
	if (r >= 0)
		r = CHOOSE("rootless", g->rootless, answers, &rootless, err);
	if (r < 0)
		return r;
	if (g->systemd_cgroup && g->cgroup_manager && manager != CGROUP_MANAGER_SYSTEMD)
		return error_set(
			err, EINVAL, "--systemd-cgroup and --cgroup-manager %s exclude each other", g->cgroup_manager);
	*ret = (struct context){
		.manager = g->systemd_cgroup ? CGROUP_MANAGER_SYSTEMD : (enum cgroup_manager)manager,
		.rootless = rootless == AUTO ? context_rootless_auto() : rootless == YES,
		.argv0 = argv0,
	};
	return g->root ? absolute(a, g->root, &ret->root, err) : context_default_root(a, &ret->root, err);
}
