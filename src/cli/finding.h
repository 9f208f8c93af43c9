/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CLI_FINDING_H
#define ENVIRO_CLI_FINDING_H

/* Findings about a configuration file, as they are printed. */

#include "cli/text.h"
#include "libocispec-lite/findings.h"

/* A line that editors know how to follow: "FILE:LINE:COLUMN: error: PATH: reason". */
void finding_add_line(struct text *t, const char *file, const struct oci_finding *f);
/* An object, element of an array. */
void finding_add_json(struct text *t, const struct oci_finding *f);

#endif
