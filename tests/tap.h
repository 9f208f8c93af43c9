/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_TESTS_TAP_H
#define ENVIRO_TESTS_TAP_H

/* The Test Anything Protocol for unit tests: one program, one file, any number of checks, and `return tap_done();`. */

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failed;

/* One check; `name` says what holds when it passes. Returns cond. */
#define tap_ok(cond, ...)                                                                                              \
	({                                                                                                             \
		bool _good = (cond);                                                                                   \
                                                                                                                       \
		tap_report(_good, #cond, __FILE__, __LINE__, __VA_ARGS__);                                             \
		_good;                                                                                                 \
	})
#define tap_is_int(got, want, ...) tap_report_int((long long)(got), (long long)(want), __FILE__, __LINE__, __VA_ARGS__)
#define tap_is_str(got, want, ...) tap_report_str((got), (want), __FILE__, __LINE__, __VA_ARGS__)

static inline void tap_line(bool good, const char *f, va_list ap)
{
	printf("%sok %d - ", good ? "" : "not ", ++tap_count);
	vprintf(f, ap);
	putchar('\n');
	tap_failed += !good;
}

__attribute__((format(printf, 5, 6))) static inline bool tap_report(
	bool good, const char *expr, const char *file, int line, const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	tap_line(good, f, ap);
	va_end(ap);
	if (!good)
		printf("# %s:%d: %s\n", file, line, expr);
	fflush(stdout);
	return good;
}

__attribute__((format(printf, 5, 6))) static inline bool tap_report_int(
	long long got, long long want, const char *file, int line, const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	tap_line(got == want, f, ap);
	va_end(ap);
	if (got != want)
		printf("# %s:%d: got %lld, want %lld\n", file, line, got, want);
	fflush(stdout);
	return got == want;
}

__attribute__((format(printf, 5, 6))) static inline bool tap_report_str(
	const char *got, const char *want, const char *file, int line, const char *f, ...)
{
	bool good = got && want ? !strcmp(got, want) : got == want;
	va_list ap;

	va_start(ap, f);
	tap_line(good, f, ap);
	va_end(ap);
	if (!good)
		printf("# %s:%d: got \"%s\", want \"%s\"\n", file, line, got ? got : "(null)", want ? want : "(null)");
	fflush(stdout);
	return good;
}

/* A check that cannot be made here, and why. */
__attribute__((format(printf, 2, 3))) static inline void tap_skip(const char *name, const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	printf("ok %d - %s # SKIP ", ++tap_count, name);
	vprintf(f, ap);
	putchar('\n');
	va_end(ap);
	fflush(stdout);
}

/* The plan line; the exit status of the program. */
static inline int tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed ? 1 : 0;
}

#endif
