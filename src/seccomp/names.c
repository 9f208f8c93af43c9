/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/names.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>

#include "base/arena.h"
#include "kernel/sys.h"
#include "seccomp/seccomp.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define X32_BIT 0x40000000u

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* Every list is in the order in which `features` shows it. */

#define ACTIONS(X)                                                                                                     \
	X("SCMP_ACT_ALLOW", SCMP_ACT_ALLOW, false)                                                                     \
	X("SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0), true)                                                                   \
	X("SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD, false)                                                                \
	X("SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS, false)                                                       \
	X("SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD, false)                                                         \
	X("SCMP_ACT_LOG", SCMP_ACT_LOG, false)                                                                         \
	X("SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY, false)                                                                   \
	X("SCMP_ACT_TRACE", SCMP_ACT_TRACE(0), true)                                                                   \
	X("SCMP_ACT_TRAP", SCMP_ACT_TRAP, false)

#define OPERATORS(X)                                                                                                   \
	X("SCMP_CMP_EQ", SCMP_CMP_EQ, false)                                                                           \
	X("SCMP_CMP_GE", SCMP_CMP_GE, false)                                                                           \
	X("SCMP_CMP_GT", SCMP_CMP_GT, false)                                                                           \
	X("SCMP_CMP_LE", SCMP_CMP_LE, false)                                                                           \
	X("SCMP_CMP_LT", SCMP_CMP_LT, false)                                                                           \
	X("SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ, false)                                                             \
	X("SCMP_CMP_NE", SCMP_CMP_NE, false)

#ifdef SCMP_ARCH_LOONGARCH64
#define ARCH_LOONGARCH64(X) X("SCMP_ARCH_LOONGARCH64", SCMP_ARCH_LOONGARCH64, SCMP_ARCH_LOONGARCH64, 0)
#else
#define ARCH_LOONGARCH64(X)
#endif

#define ARCHS(X)                                                                                                       \
	X("SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64, SCMP_ARCH_AARCH64, 0)                                                \
	X("SCMP_ARCH_ARM", SCMP_ARCH_ARM, SCMP_ARCH_ARM, 0)                                                            \
	ARCH_LOONGARCH64(X)                                                                                            \
	X("SCMP_ARCH_MIPS", SCMP_ARCH_MIPS, SCMP_ARCH_MIPS, 4000)                                                      \
	X("SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64, SCMP_ARCH_MIPS64, 5000)                                                \
	X("SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32, SCMP_ARCH_MIPS64N32, 6000)                                       \
	X("SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL, SCMP_ARCH_MIPSEL, 4000)                                                \
	X("SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64, SCMP_ARCH_MIPSEL64, 5000)                                          \
	X("SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32, SCMP_ARCH_MIPSEL64N32, 6000)                                 \
	X("SCMP_ARCH_PARISC", SCMP_ARCH_PARISC, SCMP_ARCH_PARISC, 0)                                                   \
	X("SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64, SCMP_ARCH_PARISC64, 0)                                             \
	X("SCMP_ARCH_PPC", SCMP_ARCH_PPC, SCMP_ARCH_PPC, 0)                                                            \
	X("SCMP_ARCH_PPC64", SCMP_ARCH_PPC64, SCMP_ARCH_PPC64, 0)                                                      \
	X("SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE, SCMP_ARCH_PPC64LE, 0)                                                \
	X("SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64, SCMP_ARCH_RISCV64, 0)                                                \
	X("SCMP_ARCH_S390", SCMP_ARCH_S390, SCMP_ARCH_S390, 0)                                                         \
	X("SCMP_ARCH_S390X", SCMP_ARCH_S390X, SCMP_ARCH_S390X, 0)                                                      \
	X("SCMP_ARCH_X32", SCMP_ARCH_X32, SCMP_ARCH_X86_64, X32_BIT)                                                   \
	X("SCMP_ARCH_X86", SCMP_ARCH_X86, SCMP_ARCH_X86, 0)                                                            \
	X("SCMP_ARCH_X86_64", SCMP_ARCH_X86_64, SCMP_ARCH_X86_64, 0)

/* TSYNC puts a filter on all threads of the caller. Init has one thread, so the flag has nothing to do there; together
 * with a listener it would only change what seccomp(2) returns. */
#define FLAGS(X)                                                                                                       \
	X("SECCOMP_FILTER_FLAG_TSYNC", 0, false)                                                                       \
	X("SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW, false)                                     \
	X("SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG, false)                                                   \
	X("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, false)

#define ROW(...) {__VA_ARGS__},
#define NAME(name, ...) name,

struct word {
	const char *name;
	uint32_t value;
	bool has_data;
};

static const struct word actions[] = {ACTIONS(ROW)};
static const struct word operators[] = {OPERATORS(ROW)};
static const struct word flags[] = {FLAGS(ROW)};
static const struct seccomp_arch archs[] = {ARCHS(ROW)};

const char *const *seccomp_known_actions(void)
{
	static const char *const names[] = {ACTIONS(NAME) NULL};

	return names;
}

const char *const *seccomp_known_operators(void)
{
	static const char *const names[] = {OPERATORS(NAME) NULL};

	return names;
}

const char *const *seccomp_known_archs(void)
{
	static const char *const names[] = {ARCHS(NAME) NULL};

	return names;
}

const char *const *seccomp_known_flags(void)
{
	static const char *const names[] = {FLAGS(NAME) NULL};

	return names;
}

const char **seccomp_supported_flags(struct arena *a)
{
	const char **names = arena_array(a, COUNT(flags) + 1, sizeof(*names));
	size_t n = 0;

	for (size_t i = 0; names && i < COUNT(flags); i++)
		if (seccomp_flag_in_kernel(flags[i].value))
			names[n++] = flags[i].name;
	return names;
}

static const struct word *word_find(const struct word *words, size_t n, const char *name)
{
	for (size_t i = 0; name && i < n; i++)
		if (!strcmp(words[i].name, name))
			return &words[i];
	return NULL;
}

bool seccomp_action_by_name(const char *name, uint32_t *ret, bool *has_data)
{
	const struct word *w = word_find(actions, COUNT(actions), name);

	if (!w)
		return false;
	*ret = w->value;
	*has_data = w->has_data;
	return true;
}

bool seccomp_operator_by_name(const char *name, uint32_t *ret)
{
	const struct word *w = word_find(operators, COUNT(operators), name);

	if (!w)
		return false;
	*ret = w->value;
	return true;
}

bool seccomp_flag_by_name(const char *name, uint32_t *ret)
{
	const struct word *w = word_find(flags, COUNT(flags), name);

	if (!w)
		return false;
	*ret = w->value;
	return true;
}

bool seccomp_flag_in_kernel(uint32_t flag)
{
	long r;

	if (!flag)
		return true;
	if (flag == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) /* EINVAL without a listener */
		flag |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	/* The flags are checked before the program is read: a known one gives EFAULT for the null pointer. */
	r = sys_call3(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag, 0);
	return r != -EINVAL && r != -ENOSYS;
}

const struct seccomp_arch *seccomp_arch_by_name(const char *name)
{
	for (size_t i = 0; name && i < COUNT(archs); i++)
		if (!strcmp(archs[i].name, name))
			return &archs[i];
	return NULL;
}

const struct seccomp_arch *seccomp_host_arch(void)
{
	uint32_t token = seccomp_arch_native();

	for (size_t i = 0; i < COUNT(archs); i++)
		if (archs[i].token == token)
			return &archs[i];
	return NULL;
}

/* Since Linux 5.1 a new system call has the same number everywhere, counted from where an ABI begins. Profiles name
 * system calls faster than distributions take up new versions of libseccomp. */
static const struct {
	const char *name;
	int number;
	uint32_t token; /* the only architecture that has it; 0: all */
} newer[] = {
	{"cachestat", 451, 0},
	{"fchmodat2", 452, 0},
	{"map_shadow_stack", 453, 0},
	{"futex_wake", 454, 0},
	{"futex_wait", 455, 0},
	{"futex_requeue", 456, 0},
	{"statmount", 457, 0},
	{"listmount", 458, 0},
	{"lsm_get_self_attr", 459, 0},
	{"lsm_set_self_attr", 460, 0},
	{"lsm_list_modules", 461, 0},
	{"mseal", 462, 0},
	{"setxattrat", 463, 0},
	{"getxattrat", 464, 0},
	{"listxattrat", 465, 0},
	{"removexattrat", 466, 0},
	{"open_tree_attr", 467, 0},
	{"file_getattr", 468, 0},
	{"file_setattr", 469, 0},
	{"listns", 470, 0},
	{"rseq_slice_yield", 471, 0},
	{"uretprobe", 335, SCMP_ARCH_X86_64},
	{"uprobe", 336, SCMP_ARCH_X86_64},
	{"riscv_hwprobe", 258, SCMP_ARCH_RISCV64},
};

int seccomp_newer_number(const struct seccomp_arch *arch, const char *name)
{
	for (size_t i = 0; i < COUNT(newer); i++) {
		if (strcmp(newer[i].name, name) != 0)
			continue;
		if (newer[i].token && arch && newer[i].token != arch->token)
			return -1;
		return (arch ? (int)arch->first : 0) + newer[i].number;
	}
	return -1;
}
