/* SPDX-License-Identifier: Apache-2.0 */

/* What the compiler expects of a C library even in a freestanding program. KEEP stops it from seeing a loop as a call
 * to the very function that the loop is in. */

#include <stddef.h>

#define KEEP __asm__ volatile("" ::: "memory")

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	char *d = dst;
	const char *s = src;

	while (n--) {
		*d++ = *s++;
		KEEP;
	}
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	char *d = dst;
	const char *s = src;

	if (d <= s)
		return memcpy(dst, src, n);
	while (n--) {
		d[n] = s[n];
		KEEP;
	}
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	char *d = dst;

	while (n--) {
		*d++ = (char)c;
		KEEP;
	}
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n]) {
		n++;
		KEEP;
	}
	return n;
}
