/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_PERF_HISTOGRAM_H
#define ENVIRO_PERF_HISTOGRAM_H

/* Buckets of equal ratio: twelve to an octave, as keys of a piano. A value is known to within 3 %: it lies in a bucket
 * whose bounds are 2^(1/12) = 1.0595 apart, and the number told for a bucket is off by no more than (1.0595 - 1) /
 * (1.0595 + 1) = 2.9 %. Below the first octave there is one bucket, above the last another. */

#include <stdint.h>

enum {
	HISTOGRAM_FIRST_BIT = 9,  /* 512: half a microsecond, or as many bytes */
	HISTOGRAM_OCTAVES = 30,	  /* up to 2^39: nine minutes, 512 GiB */
	HISTOGRAM_PER_OCTAVE = 12,
	HISTOGRAM_BUCKETS = HISTOGRAM_OCTAVES * HISTOGRAM_PER_OCTAVE + 2
};

/* One that was read: no one else changes it. */
struct histogram {
	uint64_t sum, max;
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

unsigned histogram_bucket(uint64_t value);
/* The least value of a bucket; of HISTOGRAM_BUCKETS: UINT64_MAX. */
uint64_t histogram_bound(unsigned bucket);
uint64_t histogram_count(const struct histogram *h);
/* The value that `permille` of all are at or below; 0 when there are none. */
uint64_t histogram_quantile(const struct histogram *h, unsigned permille);

#endif
