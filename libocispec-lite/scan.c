/* SPDX-License-Identifier: Apache-2.0 */
#include "libocispec-lite/scan.h"

#include <stdint.h>
#include <string.h>

enum { NO_HEX = -1 };

/* The length of the UTF-8 sequence at p, of which n > 0 bytes can be read; 0 when there is none. */
static size_t utf8_length(const unsigned char *p, size_t n)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t c;
	size_t want;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc0 || p[0] > 0xf7)
		return 0;
	want = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (want > n)
		return 0;
	c = p[0] & (0x7fu >> want);
	for (size_t i = 1; i < want; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	return c < least[want] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : want;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return NO_HEX;
}

static int hex4(const char *p, size_t n)
{
	int v = 0;

	if (n < 4)
		return NO_HEX;
	for (int i = 0; i < 4; i++) {
		int d = hex_digit(p[i]);

		if (d == NO_HEX)
			return NO_HEX;
		v = v << 4 | d;
	}
	return v;
}

/* The length of the escape at p, or 0 with a reason. Malformed ones pass: the parser names them. */
static size_t escape_length(const char *p, size_t n, const char **ret_reason)
{
	int v;

	if (n < 2 || p[1] != 'u')
		return n < 2 ? n : 2;
	v = hex4(p + 2, n - 2);
	if (v == NO_HEX)
		return 2;
	if (v == 0) {
		*ret_reason = "NUL in a string";
		return 0;
	}
	if (v < 0xd800 || v > 0xdfff)
		return 6;
	if (v < 0xdc00 && n >= 12 && p[6] == '\\' && p[7] == 'u') {
		v = hex4(p + 8, n - 8);
		if (v >= 0xdc00 && v <= 0xdfff)
			return 12;
	}
	*ret_reason = "half a surrogate pair";
	return 0;
}

/* Whether one of 8 bytes is a control byte, a backslash or not ASCII. */
static bool any_special(const char *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones * 0x80;
	uint64_t w, x;

	memcpy(&w, p, sizeof(w));
	x = w ^ (ones * '\\');
	return (w | ((w - ones * 0x20) & ~w) | ((x - ones) & ~x)) & tops;
}

size_t scan_text(const char *text, size_t len, const char **ret_reason)
{
	size_t i = 0, step;

	while (i < len) {
		unsigned char c = (unsigned char)text[i];

		if (len - i >= 8 && !any_special(text + i)) {
			step = 8;
		} else if (c == '\\') {
			step = escape_length(text + i, len - i, ret_reason);
		} else if (c >= 0x80) {
			step = utf8_length((const unsigned char *)text + i, len - i);
			*ret_reason = "not UTF-8";
		} else {
			step = c >= 0x20 || c == '\n' || c == '\t' || c == '\r';
			*ret_reason = "control character";
		}
		if (!step)
			return i;
		i += step;
	}
	return len;
}

bool scan_utf8(const char *s)
{
	size_t n = strlen(s), step;

	for (; n; s += step, n -= step) {
		step = utf8_length((const unsigned char *)s, n);
		if (!step)
			return false;
	}
	return true;
}
