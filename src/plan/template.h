/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_PLAN_TEMPLATE_H
#define ENVIRO_PLAN_TEMPLATE_H

/* Whether init finds all it needs where the host's tree is not there: in a mount namespace made from a template. */

#include <stdbool.h>
#include <stddef.h>

#include "plan/plan.h"

/* false: `why` says what needs the host's tree. */
bool plan_fits_template(const struct plan *p, char *why, size_t n);

#endif
