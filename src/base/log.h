/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_BASE_LOG_H
#define ENVIRO_BASE_LOG_H

/* The log of one invocation (host side). Where nothing was set up, warnings and errors go to stderr as text.
 * Engines read the last line of level "error" of a JSON log, so its keys are runc's: level, msg, time. */

#include "base/error.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* name: a file, opened for appending and made 0644 where missing; NULL: stderr; "journald:ID" or "syslog:ID": the
 * service, as messages of ID (without regard to the format); the string must stay. `level` is the last one that is
 * written. Errors: those of open(2) and connect(2); -EINVAL for an empty ID. */
int log_open(const char *name, enum log_format format, enum log_level level, struct error *err);
void log_at(enum log_level level, const char *f, ...) __attribute__((format(printf, 2, 3)));

/* From here on lines of all levels go to `take` and nowhere else; NULL ends it. */
void log_divert(void (*take)(void *ctx, enum log_level level, const char *msg), void *ctx);

/* How many warnings and errors there were so far, written or not. */
unsigned log_complaints(void);

#define log_debug(...) log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...) log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warn(...) log_at(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_error(...) log_at(LOG_LEVEL_ERROR, __VA_ARGS__)

#endif
