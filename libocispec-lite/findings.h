/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_OCISPEC_FINDINGS_H
#define ENVIRO_OCISPEC_FINDINGS_H

/* All that is wrong with a document, for who wants more than the first refusal. */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "libocispec-lite/table.h"

enum oci_severity {
	OCI_WARNING, /* it is ignored, or fails on this host only */
	OCI_ERROR,
};

struct oci_finding {
	enum oci_severity severity;
	size_t line, column; /* from 1, columns in bytes; 0 where the place is not known */
	const char *path;    /* "process.rlimits[2].soft"; "" for the whole */
	const char *reason;
	const char *hint; /* the name that may have been meant, or NULL */
};

/* Zeroed but for the arena before the first use. */
struct oci_findings {
	struct arena *arena;
	struct oci_finding *v;
	size_t len, room;
	bool failed; /* memory ran out: some are not there */
};

/* Copies what f points to. */
void oci_findings_add(struct oci_findings *fs, const struct oci_finding *f);

/* Whether one of the first n findings is an error about `path` itself, something in it or something that holds it. */
bool oci_findings_concern(const struct oci_findings *fs, size_t n, const char *path);

/* By line, then by column; those without a place last. */
void oci_findings_sort(struct oci_findings *fs);

/* Sets line and column of the findings from number `first` on by their paths: the place of the value, or of the nearest
 * one around it that is there. text: JSON, what was read. */
void oci_findings_locate(struct oci_findings *fs, size_t first, const char *text, size_t len);

/* A search for the name that may have been meant. */
struct oci_nearest {
	const char *word, *best; /* best: NULL while nothing is near enough */
	size_t distance;
};
#define OCI_NEAREST(name) ((struct oci_nearest){.word = (name)})
void oci_nearest_try(struct oci_nearest *n, const char *candidate);

/* As oci_table_read, but goes on behind what it refuses: every finding goes to *fs, members that no table has as
 * warnings. *ret: what could be read, with "" and zeroes in the place of required members that are missing or wrong;
 * NULL when it is not JSON. Returns -ENOMEM and -EFBIG only. */
int oci_table_check(const struct oci_type *t, const char *text, size_t len, struct arena *a, void **ret,
	struct oci_findings *fs, struct error *err);

#endif
