/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_BASE_STR_H
#define ENVIRO_BASE_STR_H

/* Strings without a libc: used on both sides of the plan. */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* printf into buf (always NUL-terminated when n > 0). Takes %s %.*s %d %i %u %x %o %c %% with the length
 * modifiers l, ll, z, a width and a leading 0. Returns the length stored, at most n - 1. */
size_t fmt_v(char *buf, size_t n, const char *f, va_list ap);
size_t fmt(char *buf, size_t n, const char *f, ...) __attribute__((format(printf, 3, 4)));

size_t str_len(const char *s);
bool str_eq(const char *a, const char *b);		/* two NULLs are equal, NULL and "" are not */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
char *str_chr(const char *s, char c);			/* NULL when absent */
/* Copies and terminates; returns the length stored, which is cut to n - 1. */
size_t str_copy(char *dst, size_t n, const char *src);

/* A whole decimal number and nothing else; false (and *ret untouched) when it is not one or out of range. */
bool str_to_u64(const char *s, uint64_t *ret);
bool str_to_i64(const char *s, int64_t *ret);
bool str_to_u32(const char *s, uint32_t *ret);

#endif
