/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/criu.h"
#include "cli/progress.h"

struct checkpoint_line {
	struct criu_settings criu;
	struct option_strings empty_ns;
};

static const struct option options[] = {
	CRIU_OPTIONS(struct checkpoint_line, "dump.log"),
	OPTION(struct checkpoint_line, criu.parent_path, "parent-path", 0,
		"earlier images of a pre-dump, relative to --image-path"),
	OPTION(struct checkpoint_line, criu.pre_dump, "pre-dump", 0,
		"save the memory only, and let the container run on"),
	OPTION(struct checkpoint_line, criu.leave_running, "leave-running", 0, "let the container run on"),
	OPTION(struct checkpoint_line, criu.tcp_skip_in_flight, "tcp-skip-in-flight", 0,
		"leave out TCP connections that are being made"),
	OPTION(struct checkpoint_line, criu.link_remap, "link-remap", 0,
		"allow open files that have been deleted, by making a link to them again"),
	OPTION(struct checkpoint_line, criu.lazy_pages, "lazy-pages", 0,
		"serve the memory over the network when it is asked for (userfaultfd)"),
	OPTION(struct checkpoint_line, criu.page_server, "page-server", 0,
		"ADDRESS:PORT of the server of memory pages"),
	OPTION(struct checkpoint_line, criu.status_fd, "status-fd", 0,
		"descriptor that a NUL is written to once --lazy-pages is ready"),
};

static int run(struct cli *c, struct error *err)
{
	struct checkpoint_line *l = c->options;
	_cleanup_progress_ struct progress p;

	l->criu.empty_ns = l->empty_ns.v;
	l->criu.empty_ns_len = l->empty_ns.len;
	progress_begin(&p, "checkpoint", c->args[0]);
	return container_checkpoint(&c->context, c->args[0], &l->criu, err);
}

const struct verb verb_checkpoint = {
	.name = "checkpoint",
	.summary = "save a running container as files",
	.usage = "<container-id>",
	.description = "Saves the processes of a container by CRIU (found in $PATH) and deletes the\n"
		       "container, unless it is left running. \"restore\" makes it again.",
	.examples = "%s checkpoint --image-path /var/tmp/img web\n"
		    "%s checkpoint --leave-running --image-path /var/tmp/img web",
	.options = OPTION_TABLE(options),
	.options_size = sizeof(struct checkpoint_line),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
