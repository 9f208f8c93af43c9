/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_SECCOMP_PROGRAM_H
#define ENVIRO_SECCOMP_PROGRAM_H

/* The filter around libseccomp's. libseccomp needs 8 to 12 ms for the default profile of an engine, most of it for
 * jumps in one long program, and its result of 1,200 instructions costs every container at seccomp(2). But nearly all
 * of a profile says only "this number, that action": these become a search tree over ranges of numbers here, and
 * libseccomp compiles what looks at arguments. */

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "seccomp/names.h"
#include "seccomp/seccomp.h"

/* One number; `conditional`: libseccomp's part decides, else the action is final. */
struct seccomp_case {
	uint32_t nr, action;
	bool conditional;
};

/* One architecture of the filter. */
struct seccomp_section {
	const struct seccomp_arch *arch;
	struct seccomp_case *cases; /* ascending by nr, no number twice */
	size_t n_cases;
	uint32_t last;                  /* above it ENOSYS is answered; 0: nowhere */
	struct sock_filter *conditions; /* a whole program of libseccomp's for this architecture; NULL: none */
	size_t n_conditions;
	bool rest_conditional; /* numbers without a case are libseccomp's too (socketcall, ipc) */
};

/* Links the sections to one program: the architecture, ENOSYS, the number, and where it comes to that libseccomp's
 * part. Numbers without a case get `default_action`, architectures without a section are killed, as libseccomp does
 * it. -E2BIG above BPF_MAXINSNS. Fills bpf and n of *ret. */
int seccomp_link(const struct seccomp_section *sections, size_t n, uint32_t default_action, struct arena *a,
	struct seccomp_filter *ret, struct error *err);

#endif
