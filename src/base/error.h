/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_BASE_ERROR_H
#define ENVIRO_BASE_ERROR_H

/* Errors. A function that can fail returns 0 (or a non-negative result) or a negative errno, and fills
 * the `struct error` of its caller: one line, "step: object: reason". The buffer is part of the struct
 * and nothing is allocated, so it works after fork, without a libc, and when memory has run out. */

#include <stdbool.h>
#include <stddef.h>

struct error {
	int code;	 /* the errno, positive; 0 while there is no error */
	bool bare;	 /* what execve answered: told to the terminal as it is, without time and level, as runc does */
	char msg[1020];	 /* one line, NUL-terminated, no newline */
};

/* Fills *e (which may be NULL) and returns -code, always below 0. `code` may be given positive or negative; 0 is EINVAL.
 * fmt: see fmt_v in base/str.h. */
int error_set(struct error *e, int code, const char *f, ...) __attribute__((format(printf, 3, 4)));

/* As error_set, and appends ": " and the words for `code` ("no such file or directory"). */
int error_errno(struct error *e, int code, const char *f, ...) __attribute__((format(printf, 3, 4)));

/* Puts "PREFIX: " before the message that *e holds; returns -e->code. */
int error_prefix(struct error *e, const char *f, ...) __attribute__((format(printf, 2, 3)));

/* What compilers and analysers could not know: who returns one of these has failed. */
static inline int error_below_0(int r)
{
	if (r >= 0)
		__builtin_unreachable();
	return r;
}
#define error_set(...) error_below_0(error_set(__VA_ARGS__))
#define error_errno(...) error_below_0(error_errno(__VA_ARGS__))
#define error_prefix(...) error_below_0(error_prefix(__VA_ARGS__))

/* The words for an errno, in lower case as Go has them (engines match on these): "permission denied".
 * Takes either sign. Never NULL; unknown numbers give "unknown error". */
const char *errno_text(int code);

#endif
