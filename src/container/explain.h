/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_EXPLAIN_H
#define ENVIRO_CONTAINER_EXPLAIN_H

/* What create would do, in words: made from the plan and the cgroup writes that it would carry out, not from a reading of
 * the configuration beside theirs. */

#include "container/create.h"

/* One thing that is done. All strings are there, some are "". */
struct explain_row {
	const char *part;    /* "cgroup", "file system": what it belongs to */
	const char *step;    /* "mount" */
	const char *object;  /* "/proc" */
	const char *details; /* "proc, nosuid,noexec,nodev" */
};

/* What is risky, or a limit that is missing. */
struct explain_risk {
	const char *name; /* stable: "host-root" */
	const char *path; /* the JSON path it is about */
	const char *text; /* what it means, and what would be better */
};

struct explanation {
	struct arena *a;
	struct explain_row *rows;
	size_t rows_len, rows_room;
	struct explain_risk *risks;
	size_t risks_len, risks_room;
	bool failed; /* memory ran out */
};

/* Of an examined bundle (examine.h) with a plan: fills rows, in the order of execution, and risks. -ENOMEM. */
int explain(const struct creation *c, struct explanation *e, struct error *err);

/* ---- its parts ---- */
void explain_add(struct explanation *e, const char *part, const char *step, const char *object, const char *details);
void explain_add_risk(struct explanation *e, const char *name, const char *path, const char *text);
/* As arena_fmt, but "" with e->failed set where there is no memory. */
const char *explain_fmt(struct explanation *e, const char *f, ...) __attribute__((format(printf, 2, 3)));
/* "a b c"; "" for none */
const char *explain_join(struct explanation *e, char *const *words, size_t n, const char *between);
void explain_step(struct explanation *e, const struct creation *c, const struct plan_step *s); /* explain_steps.c */
void explain_credentials(struct explanation *e, const struct plan *p, const struct plan_credentials *k); /* explain_process.c */
void explain_seccomp(struct explanation *e, const struct creation *c, const struct plan_seccomp *s);
void explain_risks(struct explanation *e, const struct creation *c);			       /* risks.c */
/* What a capability allows, in a few words; "" for one that is not known. */
const char *explain_capability(const char *name);

#endif
