/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_SECCOMP_CONDITIONS_H
#define ENVIRO_SECCOMP_CONDITIONS_H

/* libseccomp's part: rules that look at arguments, for one architecture. */

#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "seccomp/program.h"

enum { SECCOMP_ARGS_MAX = 6 };

struct seccomp_condition {
	const char *name; /* of the system call, which libseccomp knows */
	size_t item;      /* in linux.seccomp.syscalls, for messages */
	int nr;           /* on this machine's architecture, as libseccomp counts (below 0 where it has none) */
	uint32_t action;
	const struct scmp_arg_cmp *args;
	unsigned n_args;
};

/* Compiles the conditions to a program of its own, which answers `default_action` to everything else, and puts it
 * into s. Does nothing when n is 0. */
int seccomp_compile_conditions(const struct seccomp_condition *v, size_t n, uint32_t default_action, struct arena *a,
	struct seccomp_section *s, struct error *err);

#endif
