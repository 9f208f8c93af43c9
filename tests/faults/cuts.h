/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FAULTS_CUTS_H
#define FAULTS_CUTS_H

#include <stdbool.h>

struct cut_options {
	bool on;
	unsigned part, of; /* every of-th state, the first is number part */
	unsigned only;     /* the state with this number; 0: all */
	bool verbose;
};

/* The state root as a power cut may leave it, in another boot. True when everything held; else it has been printed what
 * did not. */
bool try_cuts(const struct cut_options *o);

#endif
