/* SPDX-License-Identifier: Apache-2.0 */
#include "perf/histogram.h"

enum { MANTISSA_BITS = 31 };

/* 2^31 * 2^(i/12), rounded up. */
static const uint32_t keys[HISTOGRAM_PER_OCTAVE] = {
	0x80000000, 0x879c7c97, 0x8facd61f, 0x9837f052, 0xa14517cd, 0xaadc0848,
	0xb504f334, 0xbfc886bc, 0xcb2ff52a, 0xd744fccb, 0xe411f03b, 0xf1a1bf39,
};

unsigned histogram_bucket(uint64_t value)
{
	unsigned bit, key = 0;
	uint32_t mantissa;

	if (value < 1u << HISTOGRAM_FIRST_BIT)
		return 0;
	bit = 63 - (unsigned)__builtin_clzll(value);
	if (bit >= HISTOGRAM_FIRST_BIT + HISTOGRAM_OCTAVES)
		return HISTOGRAM_BUCKETS - 1;
	mantissa = (uint32_t)(bit > MANTISSA_BITS ? value >> (bit - MANTISSA_BITS) : value << (MANTISSA_BITS - bit));
	while (key + 1 < HISTOGRAM_PER_OCTAVE && mantissa >= keys[key + 1])
		key++;
	return 1 + (bit - HISTOGRAM_FIRST_BIT) * HISTOGRAM_PER_OCTAVE + key;
}

uint64_t histogram_bound(unsigned bucket)
{
	unsigned bit, key;
	uint64_t bound;

	if (bucket == 0)
		return 0;
	if (bucket >= HISTOGRAM_BUCKETS)
		return UINT64_MAX;
	bit = HISTOGRAM_FIRST_BIT + (bucket - 1) / HISTOGRAM_PER_OCTAVE;
	key = (bucket - 1) % HISTOGRAM_PER_OCTAVE;
	if (bit >= MANTISSA_BITS)
		return (uint64_t)keys[key] << (bit - MANTISSA_BITS);
	bound = (uint64_t)1 << (MANTISSA_BITS - bit); /* rounded up: the least that is in it */
	return (keys[key] + bound - 1) >> (MANTISSA_BITS - bit);
}

uint64_t histogram_count(const struct histogram *h)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		n += h->buckets[i];
	return n;
}

/* As far, by ratio, from the one bound as from the other; of the outermost buckets, the bound that they have. */
static uint64_t middle(unsigned bucket)
{
	uint64_t low = histogram_bound(bucket), high = histogram_bound(bucket + 1);

	if (bucket == 0)
		return high / 2;
	if (bucket == HISTOGRAM_BUCKETS - 1)
		return low;
	return (uint64_t)(2.0 * (double)low * (double)(high - 1) / (double)(low + high - 1) + 0.5);
}

uint64_t histogram_quantile(const struct histogram *h, unsigned permille)
{
	uint64_t n = histogram_count(h), before = 0, want;
	unsigned i = 0;

	if (!n)
		return 0;
	want = n / 1000 * permille + (n % 1000 * permille + 999) / 1000;
	want = want ? want : 1;
	while (i < HISTOGRAM_BUCKETS - 1 && (before += h->buckets[i]) < want)
		i++;
	return middle(i) < h->max || !h->max ? middle(i) : h->max;
}
