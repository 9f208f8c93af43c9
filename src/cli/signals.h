/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CLI_SIGNALS_H
#define ENVIRO_CLI_SIGNALS_H

#include "base/error.h"

/* The number of a signal: "15", "TERM", "SIGTERM", "RTMIN+3", "RTMAX-3", in either case; 0 is one, too. RTMIN is 34
 * whatever the libc keeps for itself. -EINVAL: unknown signal "…". */
int signal_parse(const char *s, struct error *err);

#endif
