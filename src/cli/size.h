/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CLI_SIZE_H
#define ENVIRO_CLI_SIZE_H

/* Sizes as docker and runc write them. */

#include <stdbool.h>
#include <stdint.h>

/* "-1" (no limit), or a number with an optional decimal fraction and an optional unit of 1024 bytes: k, m, g, t, p, in
 * either case, followed by "b", "ib" or nothing; or only "b". A blank may stand before the unit. In bytes, rounded
 * down; false when it is none of these or does not fit. */
bool size_parse(const char *s, int64_t *ret);

#endif
