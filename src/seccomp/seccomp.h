/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_SECCOMP_SECCOMP_H
#define ENVIRO_SECCOMP_SECCOMP_H

/* linux.seccomp → the classic BPF that seccomp(2) takes. Runs on the host side; init only loads the result. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct cache;
struct oci_linux_seccomp;

struct seccomp_filter {
	const void *bpf; /* array of struct sock_filter, 8 bytes each; NULL: no filter is needed */
	uint32_t n;      /* instructions, at most 4096 (BPF_MAXINSNS) */
	uint32_t flags;  /* SECCOMP_FILTER_FLAG_* for seccomp(2); NEW_LISTENER among them when notify is set */
	bool notify;     /* a listener fd must be handed to listenerPath */
	const char *unknown; /* names that were left out, as nobody knows them; NULL: none */
};

/* Compiles a profile: numbers by a search tree, what looks at arguments by libseccomp, and before them the answer ENOSYS
 * to system calls newer than every one the profile names. Names that neither libseccomp nor names.c knows are left
 * out. Unknown actions, operators, architectures and flags are errors that name the JSON path
 * (linux.seccomp.syscalls[3].action); so are flags that this kernel lacks, errnoRet where an action takes none, and
 * SCMP_ACT_NOTIFY for write, as the default, or without listenerPath. The result lives in the arena. */
int seccomp_compile(const struct oci_linux_seccomp *s, struct arena *a, struct seccomp_filter *ret, struct error *err);

/* What the log is told of a filter, wherever it came from; nothing of none. */
void seccomp_report(const struct seccomp_filter *f);

/* kept.c. The same, taken from the cache where it has been kept. keep: for seccomp_keep, which keeps it, to be called
 * once the container is there; in the arena. */
struct seccomp_keep;
int seccomp_compile_kept(struct cache *c, const struct oci_linux_seccomp *s, struct arena *a,
	struct seccomp_filter *ret, struct seccomp_keep **keep, struct error *err);
/* keep NULL: nothing is to be kept. */
void seccomp_keep(struct cache *c, const struct seccomp_keep *keep);

/* Names for `features`: NULL-terminated, static. */
const char *const *seccomp_known_actions(void);
const char *const *seccomp_known_operators(void);
const char *const *seccomp_known_archs(void);
const char *const *seccomp_known_flags(void);
/* Flags of seccomp_known_flags that the running kernel takes; NULL-terminated, in the arena. */
const char **seccomp_supported_flags(struct arena *a);

#endif
