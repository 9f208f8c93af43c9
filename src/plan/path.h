/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_PLAN_PATH_H
#define ENVIRO_PLAN_PATH_H

/* Paths as text: no symbolic link is followed. */

#include <stdbool.h>

#include "base/arena.h"

/* "DIR/PATH" made absolute: no empty parts, no "." and "..", no slash at the end but for "/". NULL: no memory. */
char *path_clean(struct arena *a, const char *dir, const char *path);
/* path lies below dir (both clean; dir itself is not below). */
bool path_is_below(const char *path, const char *dir);

#endif
