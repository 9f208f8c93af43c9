/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FAULTS_CHANGES_H
#define FAULTS_CHANGES_H

/* What the verbs do below the state root, change by change. */

#include <stdbool.h>
#include <stddef.h>

#include "tree.h"

enum { MAX_STEPS = 256 };

/* The names of the verbs, NULL after the last. */
const char *changes_verb(size_t i);
/* The state root before and after each change, as another boot finds it; how many there are, 0: it is not to be had
 * here. The container is gone then. What was returned before is forgotten. */
size_t changes_of(size_t i, const struct tree *all[MAX_STEPS]);
/* The same of a container that runs. `reboot`: else its record says this boot. */
const struct tree *changes_running(bool reboot);

#endif
