/* SPDX-License-Identifier: Apache-2.0 */
#include "libocispec-lite/number.h"

static bool magnitude(const char *s, size_t len, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned d = (unsigned)s[i] - '0';

		if (d > 9 || __builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, d, &v))
			return false;
	}
	*ret = v;
	return len > 0;
}

/* In thousandths. */
static bool decimal(const char *s, size_t len, uint64_t *ret)
{
	uint64_t whole, part = 0;
	size_t point = 0;

	while (point < len && s[point] != '.')
		point++;
	if (!magnitude(s, point, &whole) || __builtin_mul_overflow(whole, 1000, &whole))
		return false;
	for (size_t i = point + 1, scale = 100; i < len; i++, scale /= 10) {
		unsigned d = (unsigned)s[i] - '0';

		if (d > 9)
			return false;
		part += d * scale;
	}
	return !__builtin_add_overflow(whole, part, ret);
}

bool number_store(const char *s, size_t len, enum oci_kind kind, void *to)
{
	bool neg = len > 0 && *s == '-';
	bool is_signed = kind == OCI_KIND_I32 || kind == OCI_KIND_I64 || kind == OCI_KIND_DECIMAL;
	uint64_t v = 0, max;

	switch (kind) {
	case OCI_KIND_I32:
		max = (uint64_t)INT32_MAX + neg;
		break;
	case OCI_KIND_I64:
	case OCI_KIND_DECIMAL:
		max = (uint64_t)INT64_MAX + neg;
		break;
	case OCI_KIND_U16:
		max = UINT16_MAX;
		break;
	case OCI_KIND_U32:
		max = UINT32_MAX;
		break;
	case OCI_KIND_U64:
		max = UINT64_MAX;
		break;
	default:
		return false;
	}
	if ((neg && !is_signed) || !(kind == OCI_KIND_DECIMAL ? decimal : magnitude)(s + neg, len - neg, &v) || v > max)
		return false;
	if (neg)
		v = 0 - v;
	if (kind == OCI_KIND_U16)
		*(uint16_t *)to = (uint16_t)v;
	else if (kind == OCI_KIND_I32 || kind == OCI_KIND_U32)
		*(uint32_t *)to = (uint32_t)v;
	else
		*(uint64_t *)to = v;
	return true;
}
