/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FAULTS_FAULTS_H
#define FAULTS_FAULTS_H

#include <stdbool.h>

struct fault_options {
	const char *verb, *fault; /* only these; NULL: all */
	unsigned part, of;        /* every of-th injection, the first is number part */
	unsigned times;           /* the one fault so many times */
	unsigned twice;           /* not 0: each error is followed by a second one; another choice for each number */
	bool list;                /* the system calls, and nothing injected */
	bool verbose;
};

/* Each verb with each of its system calls failing. True when everything held; else it has been printed what did not. */
bool try_faults(const struct fault_options *o);

#endif
