/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

size_t str_len(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

bool str_eq(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

bool str_starts(const char *s, const char *prefix)
{
	while (*prefix)
		if (*s++ != *prefix++)
			return false;
	return true;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = str_len(s), m = str_len(suffix);

	return n >= m && str_eq(s + n - m, suffix);
}

char *str_chr(const char *s, char c)
{
	for (; *s; s++)
		if (*s == c)
			return (char *)s;
	return NULL;
}

size_t str_copy(char *dst, size_t n, const char *src)
{
	size_t i = 0;

	if (!n)
		return 0;
	while (i + 1 < n && src[i]) {
		dst[i] = src[i];
		i++;
	}
	dst[i] = '\0';
	return i;
}

bool str_to_u64(const char *s, uint64_t *ret)
{
	uint64_t v = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		unsigned d = (unsigned)*s - '0';

		if (d > 9 || v > (UINT64_MAX - d) / 10)
			return false;
		v = v * 10 + d;
	}
	*ret = v;
	return true;
}

bool str_to_i64(const char *s, int64_t *ret)
{
	bool neg = *s == '-';
	uint64_t v;

	if (!str_to_u64(neg ? s + 1 : s, &v) || v > (uint64_t)INT64_MAX + neg)
		return false;
	*ret = (int64_t)(neg ? 0 - v : v);
	return true;
}

bool str_to_u32(const char *s, uint32_t *ret)
{
	uint64_t v;

	if (!str_to_u64(s, &v) || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

struct out {
	char *buf;
	size_t n, at;
};

static void put(struct out *o, char c)
{
	if (o->at + 1 < o->n)
		o->buf[o->at++] = c;
}

static void put_str(struct out *o, const char *s, size_t max, size_t width)
{
	size_t n = 0;

	if (!s)
		s = "(null)";
	while (n < max && s[n])
		n++;
	for (size_t i = n; i < width; i++)
		put(o, ' ');
	for (size_t i = 0; i < n; i++)
		put(o, s[i]);
}

static void put_num(struct out *o, uint64_t v, unsigned base, bool neg, size_t width, char pad)
{
	char digits[24];
	size_t n = 0;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	if (neg && pad == '0')
		put(o, '-');
	for (size_t i = n + neg; i < width; i++)
		put(o, pad);
	if (neg && pad != '0')
		put(o, '-');
	while (n)
		put(o, digits[--n]);
}

/* One conversion, f standing behind the '%'; returns where it ends. */
static const char *convert(struct out *o, const char *f, va_list *ap)
{
	size_t width = 0, max = SIZE_MAX;
	char pad = ' ';
	int longs = 0;

	if (*f == '0') {
		pad = '0';
		f++;
	}
	while (*f >= '0' && *f <= '9')
		width = width * 10 + (size_t)(*f++ - '0');
	if (f[0] == '.' && f[1] == '*') {
		int m = va_arg(*ap, int);

		max = m < 0 ? SIZE_MAX : (size_t)m;
		f += 2;
	}
	for (; *f == 'l' || *f == 'z'; f++)
		longs++;
	switch (*f) {
	case 's':
		put_str(o, va_arg(*ap, const char *), max, width);
		break;
	case 'c':
		put(o, (char)va_arg(*ap, int));
		break;
	case 'd':
	case 'i': {
		long long v = longs ? va_arg(*ap, long) : va_arg(*ap, int);

		put_num(o, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10, v < 0, width, pad);
		break;
	}
	case 'u':
	case 'x':
	case 'o': {
		uint64_t v = longs ? va_arg(*ap, unsigned long) : va_arg(*ap, unsigned);

		put_num(o, v, *f == 'u' ? 10 : *f == 'x' ? 16 : 8, false, width, pad);
		break;
	}
	case '%':
		put(o, '%');
		break;
	default: /* the format attribute leaves only what we forgot to implement: make it visible */
		put(o, '%');
		put(o, *f);
		break;
	}
	return *f ? f + 1 : f;
}

size_t fmt_v(char *buf, size_t n, const char *f, va_list ap)
{
	struct out o = {buf, n, 0};
	va_list copy;

	va_copy(copy, ap);
	while (*f) {
		if (*f == '%')
			f = convert(&o, f + 1, &copy);
		else
			put(&o, *f++);
	}
	va_end(copy);
	if (n)
		buf[o.at] = '\0';
	return o.at;
}

size_t fmt(char *buf, size_t n, const char *f, ...)
{
	va_list ap;
	size_t r;

	va_start(ap, f);
	r = fmt_v(buf, n, f, ap);
	va_end(ap);
	return r;
}
