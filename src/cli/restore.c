/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/criu.h"
#include "cli/progress.h"

struct restore_line {
	struct create_options create;
	struct criu_settings criu;
	struct option_strings empty_ns;
};

static const struct option options[] = {
	OPTION(struct restore_line, create.bundle, "bundle", 'b', "directory of the bundle (default: the current one)"),
	OPTION(struct restore_line, create.config, "config", 'f', "file to read instead of the bundle's config.json"),
	OPTION(struct restore_line, create.console_socket, "console-socket", 0,
		"AF_UNIX socket that is sent the master end of the terminal"),
	OPTION(struct restore_line, create.pid_file, "pid-file", 0, "file to write the pid of the container's init to"),
	OPTION(struct restore_line, create.pidfd_socket, "pidfd-socket", 0,
		"AF_UNIX socket that is sent a pidfd of the container's init"),
	OPTION(struct restore_line, create.detach, "detach", 'd', "do not wait for the container's process"),
	OPTION(struct restore_line, create.no_subreaper, "no-subreaper", 0,
		"do not become the parent of processes that the container leaves behind"),
	OPTION(struct restore_line, create.no_pivot, "no-pivot", 0,
		"as with create; CRIU, which changes the root here, always uses pivot_root"),
	CRIU_OPTIONS(struct restore_line, "restore.log"),
	OPTION(struct restore_line, criu.lazy_pages, "lazy-pages", 0,
		"get the memory when it is asked for (userfaultfd), from \"criu lazy-pages\""),
	OPTION(struct restore_line, criu.lsm_profile, "lsm-profile", 0,
		"TYPE:NAME of the security profile (apparmor, selinux) to restore with"),
	OPTION(struct restore_line, criu.lsm_mount_context, "lsm-mount-context", 0,
		"SELinux context for mounts to restore with"),
};

static int run(struct cli *c, struct error *err)
{
	struct restore_line *l = c->options;
	_cleanup_progress_ struct progress p = PROGRESS_NONE;
	int status = 0, r;

	l->criu.empty_ns = l->empty_ns.v;
	l->criu.empty_ns_len = l->empty_ns.len;
	if (l->create.detach) /* else the container has the terminal then */
		progress_begin(&p, "restore", c->args[0]);
	r = container_restore(&c->context, c->args[0], &l->create, &l->criu, &status, err);
	return r < 0 ? r : status;
}

const struct verb verb_restore = {
	.name = "restore",
	.summary = "make a container again that was saved by checkpoint",
	.usage = "<container-id>",
	.description = "Makes a container from a bundle, and its processes from the images of a\n"
		       "checkpoint by CRIU (found in $PATH). The exit status is that of the container's\n"
		       "process, and the container is deleted, unless it is detached.",
	.examples = "%s restore --detach --bundle /srv/web --image-path /var/tmp/img web",
	.options = OPTION_TABLE(options),
	.options_size = sizeof(struct restore_line),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
