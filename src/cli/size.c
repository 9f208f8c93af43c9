/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/size.h"

#include "base/str.h"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* How far a unit shifts to the left, or -1. */
static int unit_shift(const char *s)
{
	static const char units[] = "kmgtp";
	const char *at = str_chr(units, lower(*s));

	if (!*s || (lower(*s) == 'b' && !s[1]))
		return 0;
	if (!at)
		return -1;
	s++;
	if (lower(s[0]) == 'i' && lower(s[1]) == 'b')
		s++;
	if (lower(*s) == 'b')
		s++;
	return *s ? -1 : 10 * (int)(at - units + 1);
}

bool size_parse(const char *s, int64_t *ret)
{
	uint64_t whole = 0, fraction = 0, scale = 1, v;
	int shift;

	if (str_eq(s, "-1")) {
		*ret = -1;
		return true;
	}
	if (!is_digit(*s))
		return false;
	for (; is_digit(*s); s++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
			__builtin_add_overflow(whole, (uint64_t)(*s - '0'), &whole))
			return false;
	if (*s == '.' && is_digit(s[1])) {
		for (s++; is_digit(*s); s++) {
			if (scale >= 1000000000) /* beyond it is less than a byte of a gigabyte */
				continue;
			fraction = fraction * 10 + (uint64_t)(*s - '0');
			scale *= 10;
		}
	}
	shift = unit_shift(*s == ' ' ? s + 1 : s);
	if (shift < 0 || __builtin_mul_overflow(whole, (uint64_t)1 << shift, &v))
		return false;
	fraction = (uint64_t)(((unsigned __int128)fraction << shift) / scale);
	if (__builtin_add_overflow(v, fraction, &v) || v > INT64_MAX)
		return false;
	*ret = (int64_t)v;
	return true;
}
