/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_OCISPEC_SCAN_H
#define ENVIRO_OCISPEC_SCAN_H

/* What the JSON parser does not look at: UTF-8, control bytes, NUL and surrogates in escapes. */

#include <stdbool.h>
#include <stddef.h>

/* The offset of the first thing in text that no JSON text may contain, with the reason in *ret_reason; or len. */
size_t scan_text(const char *text, size_t len, const char **ret_reason);

/* Whether a string is UTF-8. */
bool scan_utf8(const char *s);

#endif
