/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_OCISPEC_NUMBER_H
#define ENVIRO_OCISPEC_NUMBER_H

/* The text of a JSON number into the kinds of numbers. */

#include "libocispec-lite/table.h"

/* Stores it at `to`, which is of that kind. False when the kind is no number, when the text is none of the kind (an
 * exponent is of none, a fraction only of a decimal, whatever the value), or when it does not fit. */
bool number_store(const char *text, size_t len, enum oci_kind kind, void *to);

#endif
