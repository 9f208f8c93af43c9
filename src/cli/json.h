/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CLI_JSON_H
#define ENVIRO_CLI_JSON_H

/* JSON on one line, member by member, for what the tables of libocispec-lite cannot say (numbers that are left out when
 * they are 0, decimals, maps of numbers). Commas are set by what stands before. name NULL: an element of an array. */

#include <stdbool.h>
#include <stdint.h>

#include "cli/text.h"

void json_open(struct text *t, const char *name, char bracket);
void json_close(struct text *t, char bracket);
void json_u64(struct text *t, const char *name, uint64_t v);
void json_i64(struct text *t, const char *name, int64_t v);
void json_string(struct text *t, const char *name, const char *v);
/* v hundredths, as Go writes a float: 25 is 0.25, 150 is 1.5. */
void json_hundredths(struct text *t, const char *name, uint64_t v);
void json_bool(struct text *t, const char *name, bool v);
void json_null(struct text *t, const char *name);

static inline void json_u64_nonzero(struct text *t, const char *name, uint64_t v)
{
	if (v)
		json_u64(t, name, v);
}

#endif
