/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/duration.h"

#include <stddef.h>

#include "base/str.h"

static const struct {
	const char *name;
	int64_t ns;
} units[] = {
	{"ns", 1},
	{"us", 1000},
	{"\xc2\xb5s", 1000}, /* micro sign */
	{"\xce\xbcs", 1000}, /* Greek mu */
	{"ms", 1000000},
	{"s", 1000000000},
	{"m", 60000000000},
	{"h", 3600000000000},
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The longest name wins: "ms" is not minutes. */
static int64_t take_unit(const char **s)
{
	size_t best = 0;
	int64_t ns = 0;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (str_starts(*s, units[i].name) && str_len(units[i].name) > best) {
			best = str_len(units[i].name);
			ns = units[i].ns;
		}
	*s += best;
	return ns;
}

/* "1.5h": one number with its unit. */
static bool take_part(const char **at, int64_t *ret)
{
	int64_t whole = 0, fraction = 0, scale = 1, unit;
	const char *s = *at;

	if (!is_digit(s[0]) && !(s[0] == '.' && is_digit(s[1])))
		return false;
	for (; is_digit(*s); s++)
		if (__builtin_mul_overflow(whole, 10, &whole) || __builtin_add_overflow(whole, *s - '0', &whole))
			return false;
	for (s += *s == '.'; is_digit(*s); s++)
		if (scale < 1000000000) { /* beyond it is less than what a clock tells apart */
			fraction = fraction * 10 + (*s - '0');
			scale *= 10;
		}
	unit = take_unit(&s);
	*at = s;
	return unit && !__builtin_mul_overflow(whole, unit, ret) &&
	       !__builtin_add_overflow(*ret, (int64_t)((__int128)fraction * unit / scale), ret);
}

bool duration_parse(const char *s, int64_t *ret)
{
	int64_t sum = 0, part;
	bool negative = *s == '-';

	s += *s == '-' || *s == '+';
	if (str_eq(s, "0")) {
		*ret = 0;
		return true;
	}
	do {
		if (!take_part(&s, &part) || __builtin_add_overflow(sum, part, &sum))
			return false;
	} while (*s);
	*ret = negative ? -sum : sum;
	return true;
}
