/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_TESTS_SECCOMP_ORACLE_H
#define ENVIRO_TESTS_SECCOMP_ORACLE_H

/* What a filter should do, found out the slow way: the whole profile through libseccomp, and an interpreter. */

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "libocispec-lite/ocispec.h"

#define X32_BIT 0x40000000u

/* Runs a filter over one system call, as the kernel does. UINT32_MAX when the program is wrong. */
uint32_t bpf_run(const struct sock_filter *f, size_t n, const struct seccomp_data *d);

struct oracle {
	struct sock_filter *bpf;
	size_t n;
	bool enosys;
	struct {
		bool there;
		uint32_t last;
	} archs[32]; /* as in oracle_archs */
};

/* The name of a number on x86-64, to be freed; NULL when there is none. */
char *oracle_name(int nr);
/* Leaves out, from the profile itself, the names that libseccomp does not know. */
void oracle_drop_unknown(struct oci_linux_seccomp *s);
/* One filter for all architectures, every rule given to libseccomp. False when it refuses. */
bool oracle_make(const struct oci_linux_seccomp *s, struct arena *a, struct oracle *ret);
uint32_t oracle_ask(const struct oracle *o, const struct seccomp_data *d);

#endif
