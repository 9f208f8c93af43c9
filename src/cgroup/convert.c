/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/internal.h"

#include <errno.h>

#define LN2 0.69314718055994530942
#define LN10 2.30258509299404568402

/* log2 of a whole number from 2 on, and 10 to a power between 0 and 4: the C library's need libm, and these need be
 * right only where cgroup_weight_from_shares asks (its test compares every value with libm's). */
static double log2_of(uint64_t v)
{
	int exponent = 63 - __builtin_clzll(v);
	double m = (double)v / (double)((uint64_t)1 << exponent), t = (m - 1) / (m + 1), power = t, sum = 0;

	for (int i = 1; i < 41; i += 2) { /* ln m = 2 artanh t, t below 1/3 */
		sum += power / i;
		power *= t * t;
	}
	return exponent + 2 * sum / LN2;
}

static double pow10_of(double x)
{
	int whole = (int)(x * LN10 / LN2);
	double rest = x * LN10 - whole * LN2, term = 1, sum = 1;

	for (int i = 1; i < 24; i++) { /* e^rest, rest below ln 2 */
		term *= rest / i;
		sum += term;
	}
	return sum * (double)((uint64_t)1 << whole);
}

uint64_t cgroup_weight_from_shares(uint64_t shares)
{
	double l, weight;
	uint64_t r;

	if (shares == 0)
		return 0;
	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	/* The curve of runc and crun since 2025: through the least, the default and the greatest value of both scales
	 * (2 → 1, 1024 → 100, 262144 → 10000), rounded up. The subtraction keeps whole results whole. */
	l = log2_of(shares);
	weight = pow10_of((l * l + 125 * l) / 612 - 7.0 / 34) - 1e-9;
	r = (uint64_t)weight + 1;
	return r;
}

uint64_t cgroup_io_weight_from_blkio(uint16_t weight)
{
	if (weight == 0)
		return 0;
	return 1 + ((uint64_t)weight - 10) * 9999 / 990;
}

int cgroup_swap_from_memsw(int64_t memory, int64_t memsw, int64_t *ret, struct error *err)
{
	*ret = CGROUP_SWAP_UNSET;
	if (memsw == 0) {
		/* As v1 treats it: who lifts the memory limit and says nothing of swap lifts both. */
		if (memory == -1)
			*ret = -1;
		return 0;
	}
	if (memsw == -1 || memory == -1) {
		*ret = memsw;
		return 0;
	}
	if (memory == 0)
		return error_set(
			err, EINVAL, "linux.resources.memory.swap: unable to set swap limit without memory limit");
	if (memsw < memory)
		return error_set(
			err, EINVAL, "linux.resources.memory.swap: memory+swap limit should be >= memory limit");
	*ret = memsw - memory;
	return 0;
}
