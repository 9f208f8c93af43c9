/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/cli.h"

struct exec_line {
	struct exec_options o;
	struct option_strings env, caps, cgroups;
	struct option_u32s gids;
};

static const struct option options[] = {
	OPTION(struct exec_line, o.console_socket, "console-socket", 0,
		"AF_UNIX socket that is sent the master end of the terminal"),
	OPTION(struct exec_line, o.pidfd_socket, "pidfd-socket", 0,
		"AF_UNIX socket that is sent a pidfd of the process"),
	OPTION(struct exec_line, o.cwd, "cwd", 0, "current directory, a path in the container"),
	OPTION(struct exec_line, env, "env", 'e', "set an environment variable: NAME=value"),
	OPTION(struct exec_line, o.tty, "tty", 't', "give the process a terminal"),
	OPTION(struct exec_line, o.user, "user", 'u', "user of the process: UID[:GID]"),
	OPTION(struct exec_line, gids, "additional-gids", 'g', "add a supplementary group"),
	OPTION(struct exec_line, o.process_file, "process", 'p', "file that holds the process as JSON"),
	OPTION(struct exec_line, o.detach, "detach", 'd', "do not wait for the process"),
	OPTION(struct exec_line, o.pid_file, "pid-file", 0, "file to write the pid of the process to"),
	OPTION(struct exec_line, o.process_label, "process-label", 0, "SELinux label of the process"),
	OPTION(struct exec_line, o.apparmor, "apparmor", 0, "AppArmor profile of the process"),
	{OPTION_FIELDS(struct exec_line, o.no_new_privs, "no-new-privs", 0, "set no_new_privs for the process"),
		.given = offsetof(struct exec_line, o.has_no_new_privs)},
	OPTION(struct exec_line, caps, "cap", 'c', "add a capability"),
	OPTION(struct exec_line, o.preserve_fds, "preserve-fds", 0,
		"pass on so many file descriptors behind stdio and $LISTEN_FDS (default: 0)"),
	OPTION(struct exec_line, cgroups, "cgroup", 0,
		"existing sub-cgroup to run in: [CONTROLLER[,CONTROLLER]:]PATH, relative to the container's"),
	OPTION(struct exec_line, o.ignore_paused, "ignore-paused", 0, "allow exec in a paused container"),
};

/* A process file says all of these itself; runc lets them pass without effect. */
static const char *beside_process_file(const struct exec_line *l)
{
	if (l->o.args_len)
		return "a command";
	if (l->o.cwd)
		return "--cwd";
	if (l->env.len)
		return "--env";
	if (l->o.user)
		return "--user";
	if (l->gids.len)
		return "--additional-gids";
	if (l->o.process_label)
		return "--process-label";
	if (l->o.apparmor)
		return "--apparmor";
	if (l->o.has_no_new_privs)
		return "--no-new-privs";
	return l->caps.len ? "--cap" : NULL;
}

static int execute(struct cli *c, struct error *err)
{
	struct exec_line *l = c->options;
	const char *beside;
	int status = 0, r;

	l->o.args = c->args + 1;
	l->o.args_len = c->args_len - 1;
	beside = l->o.process_file ? beside_process_file(l) : NULL;
	if (beside)
		return error_set(err, EINVAL, "--process and %s exclude each other", beside);
	if (!l->o.process_file && !l->o.args_len)
		return error_set(err, EINVAL, "exec args cannot be empty");
	l->o.env = l->env.v;
	l->o.env_len = l->env.len;
	l->o.additional_gids = l->gids.v;
	l->o.additional_gids_len = l->gids.len;
	l->o.caps = l->caps.v;
	l->o.caps_len = l->caps.len;
	l->o.cgroups = l->cgroups.v;
	l->o.cgroups_len = l->cgroups.len;
	r = container_exec(&c->context, c->args[0], &l->o, &status, err);
	return r < 0 ? r : status;
}

static int run(struct cli *c, struct error *err)
{
	int r = execute(c, err);

	return r < 0 && !err->bare ? error_prefix(err, "exec failed") : r;
}

const struct verb verb_exec = {
	.name = "exec",
	.summary = "execute a further process in a container",
	.usage = "<container-id> <command> [arguments...]  || -p process.json <container-id>",
	.description = "The process is the one of the container's config.json with another command\n"
		       "and the changes that the options make, or all that a process file says. The\n"
		       "exit status is that of the process; 255 when it could not be executed.",
	.examples = "%s exec web cat /etc/hostname\n"
		    "%s exec --tty --user 1000:1000 web sh",
	.options = OPTION_TABLE(options),
	.options_size = sizeof(struct exec_line),
	.min_args = 1,
	.max_args = ARGS_ANY,
	.in_order = true,
	.failure = 255,
	.run = run,
};
