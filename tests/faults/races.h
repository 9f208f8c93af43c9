/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FAULTS_RACES_H
#define FAULTS_RACES_H

#include <stdbool.h>

struct race_options {
	unsigned times; /* each pair */
	int only;       /* the pair with that number; negative: all */
};

/* Two verbs at a time on one id. True when everything held; else it has been printed what did not. */
bool try_races(const struct race_options *o);

#endif
