/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_PLAN_TEMPLATE_H
#define ENVIRO_PLAN_TEMPLATE_H

/* Whether init finds all it needs where the host's tree is not there: in a mount namespace made from a template
 * (fast/template.h). */

#include <stdbool.h>
#include <stddef.h>

#include "plan/plan.h"

/* The container has a user namespace: what comes from outside must be in place before that is entered, or nothing in it
 * is locked. */
bool plan_has_user_namespace(const struct plan *p);
/* false: `why` says what needs the host's tree. */
bool plan_fits_template(const struct plan *p, char *why, size_t n);

#endif
