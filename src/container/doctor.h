/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_DOCTOR_H
#define ENVIRO_CONTAINER_DOCTOR_H

/* A look at the host before it disappoints. Reads, and asks the kernel what it knows by calls that cannot succeed;
 * changes nothing. */

#include "container/container.h"

enum doctor_level { DOCTOR_OK, DOCTOR_WARNING, DOCTOR_PROBLEM };

struct doctor_row {
	enum doctor_level level;
	const char *part;   /* "kernel", "cgroups", "podman" */
	const char *found;  /* what there is */
	const char *advice; /* what to do about it; "" where there is nothing to do */
};

struct doctor_report {
	struct arena *a;
	const struct context *x;
	struct doctor_row *rows;
	size_t len, room;
	bool failed; /* memory ran out */
};

/* a and x are set. -ENOMEM. */
int doctor_examine(struct doctor_report *d, struct error *err);

/* ---- its parts ---- */
/* found: fmt_v's formats. advice: a constant. */
void doctor_add(struct doctor_report *d, enum doctor_level level, const char *part, const char *advice, const char *f, ...)
	__attribute__((format(printf, 5, 6)));
/* A file as text, NULL when it cannot be read. */
const char *doctor_read(struct doctor_report *d, const char *path);
/* The first program of that name in PATH and the usual places, or NULL. */
const char *doctor_program(struct doctor_report *d, const char *name);
void doctor_host(struct doctor_report *d);    /* doctor_host.c: kernel, namespaces, cgroups, seccomp, LSMs */
void doctor_engines(struct doctor_report *d); /* doctor_engines.c: podman, docker, containerd, CRI-O */

#endif
