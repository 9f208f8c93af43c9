/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_BASE_DATE_H
#define ENVIRO_BASE_DATE_H

/* Points in time as RFC 3339 has them, in UTC. */

#include <stdbool.h>
#include <time.h>

enum { DATE_MAX = 48 }; /* bytes, with the NUL */

/* "2026-01-31T12:00:00Z", or "2026-01-31T12:00:00.000000001Z". Returns buf. */
char *date_text(char buf[static DATE_MAX], const struct timespec *t, bool nanoseconds);

#endif
