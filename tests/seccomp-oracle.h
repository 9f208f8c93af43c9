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

/* One name of one rule on one architecture. */
struct oracle_rule {
	const struct oci_seccomp_syscall *c;
	uint32_t action;
	int nr;      /* its number, or below 0 */
	int carrier; /* socketcall or ipc, which have it as `call` in the first argument; or below 0 */
	int call;
};

struct oracle {
	struct sock_filter *bpf;
	size_t n;
	uint32_t default_action;
	bool enosys;
	struct {
		bool there;
		uint32_t last;
		struct oracle_rule *rules;
		size_t n_rules;
	} archs[8];
};

/* The name of a number on x86-64, to be freed; NULL when there is none. */
char *oracle_name(int nr);
/* Leaves out, from the profile itself, the names that libseccomp does not know. */
void oracle_drop_unknown(struct oci_linux_seccomp *s);
/* One filter for all architectures, every rule given to libseccomp. False when it refuses. */
bool oracle_make(const struct oci_linux_seccomp *s, struct arena *a, struct oracle *ret);
uint32_t oracle_ask(const struct oracle *o, const struct seccomp_data *d);

/* The same from the words of the specification alone, without libseccomp's compiler: whether `got` is an answer that
 * the profile gives. (Where two rules that look at arguments contradict each other, there are several.) */
bool oracle_accepts(const struct oracle *o, const struct seccomp_data *d, uint32_t got);

#endif
