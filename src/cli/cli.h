/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CLI_CLI_H
#define ENVIRO_CLI_CLI_H

/* The command line: one file a verb, each a table and a function that makes one call and prints its answer. A new verb
 * is a file, its name in VERBS below, and a line in Makefile.am. */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "cli/options.h"
#include "container/container.h"

/* The options in front of the verb, as given. */
struct globals {
	const char *root, *log, *log_format, *log_level, *cgroup_manager, *rootless;
	bool debug, systemd_cgroup, version;
};

struct verb;

/* One invocation. */
struct cli {
	const char *program; /* the name it was called by, without directories */
	struct arena *arena; /* freed at the end of main */
	struct globals globals;
	struct context context; /* not for stateless verbs */
	const struct verb *verb;
	void *options; /* the struct of the verb's options, options_size bytes */
	char **args;   /* the verb's, as many as it says it takes; NULL-terminated */
	size_t args_len;
	int failure; /* the exit status after an error */
	const char *trace; /* the file; NULL: none */
	uint64_t begun;	   /* span_now() at the begin of main */
};

enum { ARGS_ANY = 0xffff };

struct verb {
	const char *name;
	const char *alias;	 /* NULL: none */
	const char *summary;	 /* one line, for the list of verbs */
	const char *usage;	 /* the arguments: "<container-id> [signal]" */
	const char *description; /* lines of at most 77 columns, no newline at the end; may be NULL */
	const char *examples;	 /* command lines, "%s" for the program, no newline at the end */
	struct option_table options;
	size_t options_size;
	unsigned short min_args, max_args;
	bool in_order;	/* what stands behind the first argument is not for us */
	bool stateless; /* needs no state root */
	int failure;	/* the exit status when run fails; 0 stands for 1 */
	/* Returns the exit status, or a negative errno with err filled, which the caller prints. */
	int (*run)(struct cli *c, struct error *err);
};

/* In the order of the help text. */
#define VERBS(X)												       \
	X(cache)												       \
	X(checkpoint)												       \
	X(config)												       \
	X(create)												       \
	X(delete)												       \
	X(doctor)												       \
	X(events)												       \
	X(exec)													       \
	X(explain)												       \
	X(features)												       \
	X(kill)													       \
	X(list)													       \
	X(metrics)												       \
	X(mounts)												       \
	X(pause)												       \
	X(prewarm)												       \
	X(ps)													       \
	X(restore)												       \
	X(resume)												       \
	X(run)													       \
	X(spec)													       \
	X(start)												       \
	X(state)												       \
	X(trace)												       \
	X(update)												       \
	X(validate)

#define VERB_DECLARE(name) extern const struct verb verb_##name;
VERBS(VERB_DECLARE)
VERB_DECLARE(help)

/* In the order of the help text; NULL-terminated. */
extern const struct verb *const verbs[];
/* NULL when there is none. */
const struct verb *verb_find(const char *name);

extern const struct option_table global_options;
/* Opens the log that the global options ask for. -EINVAL: an unknown format or level. */
int globals_open_log(const struct globals *g, struct error *err);
/* What verbs that know containers are given: *ret from the global options. -EINVAL: an unknown value. */
int globals_context(
	const struct globals *g, const char *argv0, struct arena *a, struct context *ret, struct error *err);

/* Prints the help text of the program (verb NULL) or of one verb. */
int help_print(const struct cli *c, const struct verb *verb, struct error *err);
/* Prints what --version says. */
int version_print(const struct cli *c, struct error *err);
/* The one line of every "no such verb", and its exit status; returns -EINVAL. */
int verb_unknown(struct cli *c, const char *name, struct error *err);

#endif
