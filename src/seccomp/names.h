/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_SECCOMP_NAMES_H
#define ENVIRO_SECCOMP_NAMES_H

/* The words of linux.seccomp and what they stand for. Each lookup returns false for a word that is not known. */

#include <stdbool.h>
#include <stdint.h>

struct seccomp_arch {
	const char *name; /* SCMP_ARCH_* of the spec */
	uint32_t token;   /* libseccomp's */
	uint32_t audit;   /* AUDIT_ARCH_*, what the kernel reports; x32 shares that of x86-64 */
	uint32_t first;   /* the number that system calls are counted from: the bit of x32, the offset of a mips ABI */
};

/* The action without its data; *has_data: it takes errnoRet. */
bool seccomp_action_by_name(const char *name, uint32_t *ret, bool *has_data);
bool seccomp_operator_by_name(const char *name, uint32_t *ret);
const struct seccomp_arch *seccomp_arch_by_name(const char *name);
/* The architecture that this program runs on; NULL when the table has none for it. */
const struct seccomp_arch *seccomp_host_arch(void);
/* SECCOMP_FILTER_FLAG_*; 0 for TSYNC, see names.c. */
bool seccomp_flag_by_name(const char *name, uint32_t *ret);
/* Asks the running kernel. 0 is always there. */
bool seccomp_flag_in_kernel(uint32_t flag);

/* The number of a system call that this libseccomp may be too old for, or -1. NULL: on any architecture. */
int seccomp_newer_number(const struct seccomp_arch *arch, const char *name);

#endif
