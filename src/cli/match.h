/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CLI_MATCH_H
#define ENVIRO_CLI_MATCH_H

#include "cli/cli.h"

/* Does one thing to a container. */
typedef int (*match_fn)(const struct context *x, const char *id, const void *data, struct error *err);

/* Calls fn for every container whose id the POSIX extended regular expression matches anywhere. All are tried; the
 * first error is the result, further ones go to the log. None at all is success. -EINVAL: it cannot be compiled. */
int match_each(const struct cli *c, const char *regex, match_fn fn, const void *data, struct error *err);

#endif
