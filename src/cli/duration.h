/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CLI_DURATION_H
#define ENVIRO_CLI_DURATION_H

#include <stdbool.h>
#include <stdint.h>

/* A duration as Go writes it: "5s", "1m30s", "1.5h", "100ms"; "0"; a sign. *ret: nanoseconds. False when it is none, or
 * longer than 292 years. */
bool duration_parse(const char *s, int64_t *ret);

#endif
