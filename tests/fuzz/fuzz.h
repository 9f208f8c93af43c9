/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_TESTS_FUZZ_H
#define ENVIRO_TESTS_FUZZ_H

/* What the fuzz targets share. A target is one file with LLVMFuzzerTestOneInput, which libFuzzer and AFL++ call; built
 * without a fuzzer it gets replay.c, which runs the corpus and some mutations of it as a unit test. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input. */
#define FUZZ_MUST(cond)                                                                                                \
	do {                                                                                                           \
		if (!(cond)) {                                                                                         \
			fprintf(stderr, "%s:%d: must hold: %s\n", __FILE__, __LINE__, #cond);                          \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

/* The input, taken piece by piece; what is not there is 0. */
struct fuzz_input {
	const uint8_t *p;
	size_t n;
};

static inline uint8_t fuzz_byte(struct fuzz_input *in)
{
	if (!in->n)
		return 0;
	in->n--;
	return *in->p++;
}

/* The next bytes up to a NUL or the end as a string of its own, to be freed: with nothing behind it. */
static inline char *fuzz_string(struct fuzz_input *in)
{
	size_t len = strnlen((const char *)in->p, in->n), step = len + (len < in->n);
	char *s = malloc(len + 1);

	FUZZ_MUST(s);
	if (len)
		memcpy(s, in->p, len);
	s[len] = '\0';
	in->p += step;
	in->n -= step;
	return s;
}

/* All that is left, as a copy with nothing behind it, to be freed. */
static inline void *fuzz_rest(struct fuzz_input *in, size_t *len)
{
	void *p = calloc(1, in->n ? in->n : 1);

	FUZZ_MUST(p);
	if (in->n)
		memcpy(p, in->p, in->n);
	*len = in->n;
	*in = (struct fuzz_input){0};
	return p;
}

/* files.c: for targets that are linked with --wrap=file_read_small,--wrap=file_read_at,--wrap=file_load_at: from here
 * on each file that is read is the next string of the input, and what begins with byte 1 is not there. */
void fuzz_files(struct fuzz_input *in);

#endif
