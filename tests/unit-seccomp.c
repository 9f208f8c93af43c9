/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "libocispec-lite/ocispec.h"
#include "tests/seccomp-oracle.h"
#include "tests/tap.h"

/* ---- the same answers as libseccomp's ---------------------------------------------------------------------------- */

static const uint32_t audits[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM,
	AUDIT_ARCH_MIPSEL64N32, AUDIT_ARCH_RISCV64, AUDIT_ARCH_PPC64LE};
static const uint32_t firsts[] = {0, X32_BIT, 6000, 0x0f0000, 0x7fffff00, 0xbffffe00, 0xfffffe00};

/* Argument values that tell a profile's conditions apart: each value of the profile and its neighbours. */
static size_t interesting(const struct oci_linux_seccomp *s, uint64_t *v, size_t max)
{
	static const uint64_t always[] = {0, 1, 40, CLONE_NEWUSER, 0x7e020000, UINT64_MAX, 1ull << 32};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		v[n++] = always[i];
	for (size_t i = 0; i < s->syscalls_len; i++)
		for (size_t k = 0; k < s->syscalls[i].args_len; k++) {
			const struct oci_seccomp_arg *g = &s->syscalls[i].args[k];
			const uint64_t more[] = {g->value - 1, g->value, g->value + 1, g->value | 1ull << 40,
				g->value_two, g->value_two - 1, g->value_two + 1};

			for (size_t j = 0; j < sizeof(more) / sizeof(more[0]) && n < max; j++)
				v[n++] = more[j];
		}
	return n;
}

enum { SPECIFICATION = 1, LIBSECCOMP = 2 };

static bool same(const struct seccomp_filter *f, const struct oracle *o, const struct seccomp_data *d, int with)
{
	uint32_t got = bpf_run(f->bpf, f->n, d), want = oracle_ask(o, d);

	if ((!(with & SPECIFICATION) || oracle_accepts(o, d, got)) && (!(with & LIBSECCOMP) || got == want))
		return true;
	printf("# arch %#x nr %#x args %#llx %#llx %#llx: got %#x, libseccomp has %#x\n", d->arch, d->nr, d->args[0],
		d->args[1], d->args[2], got, want);
	return false;
}

/* All numbers that there may be and some that there are not; where there are system calls, with `n` sets of arguments.
 */
static bool same_everywhere(
	const struct oci_linux_seccomp *s, const struct seccomp_filter *f, const struct oracle *o, size_t n, int with)
{
	uint64_t values[64];
	size_t n_values = interesting(s, values, 64);

	for (size_t i = 0; i < sizeof(audits) / sizeof(audits[0]); i++)
		for (size_t k = 0; k < sizeof(firsts) / sizeof(firsts[0]); k++)
			for (uint32_t nr = 0; nr < 480; nr++) {
				struct seccomp_data d = {.nr = (int)(firsts[k] + nr), .arch = audits[i]};

				for (size_t j = 0; j < (k < 2 ? n : 1); j++) {
					for (size_t m = 0; m < 6; m++)
						d.args[m] = j % 3 == m % 3 || j % 4 == 3 ? values[j % n_values] : 0;
					if (!same(f, o, &d, with))
						return false;
				}
			}
	return true;
}

/* The profile of the file, or of the text when that is given. */
static struct oci_linux_seccomp *profile(struct arena *a, const char *file, const char *text)
{
	struct oci_linux_seccomp *s = NULL;
	struct oci_config *c = NULL;
	struct error err = {0};
	char path[512], *json;
	size_t len;

	if (text) {
		if (oci_linux_seccomp_read(text, strlen(text), a, &s, NULL, &err) < 0)
			printf("# %s\n", err.msg);
		return s;
	}
	snprintf(path, sizeof(path), "%s/tests/configs/%s", getenv("srcdir") ? getenv("srcdir") : ".", file);
	if (file_read_at(a, AT_FDCWD, path, 1 << 24, &json, &len, &err) < 0 ||
		oci_config_read(json, len, a, &c, NULL, &err) < 0) {
		printf("# %s\n", err.msg);
		return NULL;
	}
	return c->linux->seccomp;
}

static void compare(const char *name, const char *file, const char *text)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct oci_linux_seccomp *s = profile(&a, file, text);
	struct seccomp_filter f = {0};
	struct error err = {0};
	struct oracle o;

	if (!tap_ok(s != NULL, "%s: read", name))
		return;
	oracle_drop_unknown(s);
	if (!tap_ok(oracle_make(s, &a, &o), "%s: libseccomp takes it", name))
		return;
	tap_is_int(seccomp_compile(s, &a, &f, &err), 0, "%s: compiled%s%s", name, err.code ? ": " : "", err.msg);
	printf("# %u instructions, libseccomp's %zu\n", f.n, o.n);
	tap_ok(f.bpf && same_everywhere(s, &f, &o, 60, SPECIFICATION | LIBSECCOMP),
		"%s: the same answers as libseccomp's", name);
}

#define RULE(names, action, rest) "{\"names\":[" names "],\"action\":\"SCMP_ACT_" action "\"" rest "}"
#define ARG(index, op, value, two)                                                                                     \
	"{\"index\":" #index ",\"op\":\"SCMP_CMP_" op "\",\"value\":" value ",\"valueTwo\":" two "}"
#define PROFILE(def, rest, rules) "{\"defaultAction\":\"SCMP_ACT_" def "\"" rest ",\"syscalls\":[" rules "]}"
#define ARCHS(list) ",\"architectures\":[" list "]"
#define X86_ALL ARCHS("\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"")

static void compare_small(void)
{
	compare("no rules", NULL, PROFILE("ERRNO", "", ""));
	compare("one rule", NULL, PROFILE("ALLOW", "", RULE("\"mkdir\"", "ERRNO", ",\"errnoRet\":100")));
	compare("every action", NULL,
		PROFILE("KILL", X86_ALL,
			RULE("\"read\"", "ALLOW", "") "," RULE("\"mkdir\"", "ERRNO", "") "," RULE(
				"\"getppid\"", "TRACE", ",\"errnoRet\":7") "," RULE("\"getpid\"", "LOG",
				"") "," RULE("\"getuid\"", "TRAP", "") "," RULE("\"getgid\"", "KILL_PROCESS",
				"") "," RULE("\"gettid\"", "KILL_THREAD", "") "," RULE("\"close\"", "TRACE", "")));
	compare("every operator", NULL,
		PROFILE("ERRNO", X86_ALL,
			RULE("\"read\"", "ALLOW", ",\"args\":[" ARG(0, "EQ", "5", "0") "]") "," RULE("\"write\"",
				"ALLOW", ",\"args\":[" ARG(1, "NE", "4294967301", "0") "]") "," RULE("\"open\"",
				"ALLOW", ",\"args\":[" ARG(2, "LT", "5", "0") "]") "," RULE("\"close\"", "ALLOW",
				",\"args\":[" ARG(0, "LE", "5", "0") "]") "," RULE("\"stat\"", "ALLOW",
				",\"args\":[" ARG(0, "GT", "8589934592", "0") "]") "," RULE("\"fstat\"", "ALLOW",
				",\"args\":[" ARG(5, "GE", "5", "0") "]") "," RULE("\"lseek\"", "ALLOW",
				",\"args\":[" ARG(0, "MASKED_EQ", "240", "16") "]")));
	compare("and, or", NULL,
		PROFILE("ERRNO", X86_ALL,
			RULE("\"socket\",\"read\"", "ALLOW",
				",\"args\":[" ARG(0, "EQ", "1", "0") "," ARG(
					1, "GT", "2", "0") "]") "," RULE("\"clone\"", "ALLOW",
				",\"args\":[" ARG(0, "EQ", "1", "0") "," ARG(
					0, "EQ", "40", "0") "]") "," RULE("\"clone\"", "ALLOW",
				",\"args\":[" ARG(0, "EQ", "5", "0") "]")));
	compare("a number named twice", NULL,
		PROFILE("ERRNO", X86_ALL,
			RULE("\"read\"", "ALLOW", ",\"args\":[" ARG(0, "EQ", "1", "0") "]") "," RULE(
				"\"read\"", "LOG", "") "," RULE("\"read\"", "ALLOW", "") "," RULE("\"close\"", "TRAP",
				"") "," RULE("\"close\"", "ALLOW", ",\"args\":[" ARG(0, "EQ", "1", "0") "]")));
	compare("socketcall and ipc", NULL,
		PROFILE("ERRNO", X86_ALL, RULE("\"socket\",\"bind\",\"semop\",\"shmat\"", "ALLOW", "")));
	compare("socketcall itself", NULL,
		PROFILE("ALLOW", X86_ALL,
			RULE("\"socketcall\",\"ipc\"", "LOG", "") "," RULE("\"socket\",\"shmat\"", "ERRNO", "")));
	compare("more architectures", NULL,
		PROFILE("ERRNO",
			ARCHS("\"SCMP_ARCH_AARCH64\",\"SCMP_ARCH_ARM\",\"SCMP_ARCH_MIPSEL64N32\",\"SCMP_ARCH_RISCV64\","
			      "\"SCMP_ARCH_PPC64LE\""),
			RULE("\"read\",\"openat\",\"cacheflush\",\"set_tls\",\"socket\",\"ipc\",\"fadvise64_64\"",
				"ALLOW",
				"") "," RULE("\"personality\"", "TRAP", ",\"args\":[" ARG(0, "EQ", "1", "0") "]")));
	compare("x32 without x86", NULL,
		PROFILE("TRAP", ARCHS("\"SCMP_ARCH_X32\""), RULE("\"read\",\"mkdir\"", "ALLOW", "")));
	compare("defaultErrnoRet ENOSYS", NULL,
		PROFILE("ERRNO", ",\"defaultErrnoRet\":38", RULE("\"read\",\"mkdir\"", "ALLOW", "")));
	compare("default TRACE", NULL, PROFILE("TRACE", "", RULE("\"read\",\"mkdir\"", "ALLOW", "")));
}

/* Many different returns and alternating numbers: long jumps, and more returns than are remembered. */
static void compare_long(void)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct oci_linux_seccomp s = {.default_action = (char *)"SCMP_ACT_KILL_PROCESS"};
	static char *x86[] = {(char *)"SCMP_ARCH_X86", (char *)"SCMP_ARCH_X32"};
	static char *names[4096];
	struct seccomp_filter f;
	struct error err = {0};
	struct oracle o;
	size_t n = 0;

	s.architectures = x86;
	s.architectures_len = 2;
	s.syscalls = arena_array(&a, 4096, sizeof(*s.syscalls));
	for (int nr = 0; nr < 450; nr++) {
		char *name = oracle_name(nr);

		if (!name)
			continue;
		names[n] = name;
		s.syscalls[n] = (struct oci_seccomp_syscall){.names = &names[n],
			.names_len = 1,
			.action = (char *)"SCMP_ACT_ERRNO",
			.has_errno_ret = true,
			.errno_ret = (uint32_t)nr};
		n++;
	}
	s.syscalls_len = n;
	tap_ok(oracle_make(&s, &a, &o), "long: libseccomp takes it");
	tap_is_int(seccomp_compile(&s, &a, &f, &err), 0, "long: compiled %s", err.msg);
	printf("# %u instructions, libseccomp's %zu\n", f.n, o.n);
	tap_ok(same_everywhere(&s, &f, &o, 1, LIBSECCOMP), "long: the same answers as libseccomp's");
	for (size_t i = 0; i < n; i++)
		free(names[i]);
}

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % n;
}

#define RANDOM_OF(list) ((char *)(uintptr_t)(list)[random_below(sizeof(list) / sizeof((list)[0]))])

static void random_rule(struct arena *a, struct oci_seccomp_syscall *c)
{
	static const char *const actions[] = {"SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_LOG", "SCMP_ACT_TRAP"};
	static const char *const ops[] = {"SCMP_CMP_EQ", "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_GT",
		"SCMP_CMP_GE", "SCMP_CMP_MASKED_EQ"};
	static const char *const odd[] = {"socketcall", "ipc", "socket", "shmat", "semop", "send", "fadvise64_64",
		"cacheflush", "set_tls", "mmap2", "waitpid", "accept4", "clone3", "time", "signal"};
	char *name = random_below(4) ? oracle_name((int)random_below(450)) : NULL;

	*c = (struct oci_seccomp_syscall){.names_len = 1,
		.names = arena_array(a, 1, sizeof(*c->names)),
		.action = random_below(3) ? (char *)(uintptr_t)actions[0] : RANDOM_OF(actions)};
	c->names[0] = arena_strdup(a, name ? name : RANDOM_OF(odd));
	free(name);
	if (random_below(3))
		return;
	c->args_len = 1 + random_below(3);
	c->args = arena_array(a, c->args_len, sizeof(*c->args));
	for (size_t i = 0; i < c->args_len; i++) {
		c->args[i] = (struct oci_seccomp_arg){.index = random_below(6),
			.op = RANDOM_OF(ops),
			.value = 1 + random_below(64),
			.value_two = random_below(64)};
		if (strcmp(c->args[i].op, "SCMP_CMP_MASKED_EQ") != 0) /* a mask without lower bits is none for 32 bits */
			c->args[i].value <<= random_below(40);
	}
}

/* Profiles that nobody would write. What libseccomp refuses (rules that contradict each other) is left out. */
static void compare_random(int n)
{
	static const char *const defaults[] = {
		"SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRACE"};
	int refused = 0, wrong = 0;

	for (int round = 0; round < n; round++) {
		_cleanup_arena_ struct arena a = ARENA_INIT;
		struct oci_linux_seccomp s = {.default_action = RANDOM_OF(defaults)};
		char *list[] = {(char *)"SCMP_ARCH_X86", (char *)"SCMP_ARCH_X32", (char *)"SCMP_ARCH_ARM"};
		struct seccomp_filter f;
		struct error err = {0};
		struct oracle o;

		s.architectures_len = random_below(4);
		s.architectures = list;
		s.syscalls_len = 1 + random_below(60);
		s.syscalls = arena_array(&a, s.syscalls_len, sizeof(*s.syscalls));
		for (size_t i = 0; i < s.syscalls_len; i++)
			random_rule(&a, &s.syscalls[i]);
		if (!oracle_make(&s, &a, &o)) {
			refused++;
		} else if (seccomp_compile(&s, &a, &f, &err) < 0 || !same_everywhere(&s, &f, &o, 12, SPECIFICATION)) {
			printf("# profile %d: %s\n", round, err.msg);
			wrong++;
		}
	}
	printf("# %d random profiles, %d of them refused by libseccomp\n", n, refused);
	tap_is_int(wrong, 0, "random profiles: the same answers as libseccomp's");
}

/* ---- what the kernel does with it ----------------------------------------------------------------------------------
 */

static int load(const struct seccomp_filter *f)
{
	struct sock_fprog p = {(unsigned short)f->n, (struct sock_filter *)f->bpf};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, f->flags, &p) < 0 ? -errno : 0;
}

/* The errno, 0 or signal + 1000 that a system call gives below the filter, in a child. */
static int effect(const struct seccomp_filter *f, long nr, long x)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (load(f) < 0)
			_exit(255);
		_exit(syscall(nr, x, 0, 0, 0, 0, 0) < 0 ? errno : 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void kernel(void)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct seccomp_filter f;
	struct error err = {0};
	struct oci_linux_seccomp *s = profile(&a, "docker28.json", NULL);

	tap_is_int(seccomp_compile(s, &a, &f, &err), 0, "docker: compiled %s", err.msg);
	tap_is_int(f.flags, SECCOMP_FILTER_FLAG_SPEC_ALLOW, "docker: SPEC_ALLOW without flags");
	tap_is_int(effect(&f, SYS_getppid, 0), 0, "docker: getppid works");
	tap_is_int(effect(&f, SYS_kexec_load, 0), EPERM, "docker: kexec_load is EPERM");
	tap_is_int(effect(&f, 900, 0), ENOSYS, "docker: a newer number is ENOSYS");
	tap_is_int(effect(&f, SYS_personality, 0xffffffff), 0, "docker: personality is read");
	tap_is_int(effect(&f, SYS_personality, ADDR_NO_RANDOMIZE), EPERM, "docker: personality is not set");
	tap_is_int(effect(&f, SYS_unshare, CLONE_NEWUTS), EPERM, "docker: unshare is EPERM");

	s = profile(&a, NULL,
		PROFILE("ALLOW", ",\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\",\"SECCOMP_FILTER_FLAG_TSYNC\"]",
			RULE("\"getppid\"", "KILL_PROCESS", "") "," RULE("\"getuid\"", "TRAP", "") "," RULE(
				"\"getgid\"", "ERRNO", ",\"errnoRet\":100") "," RULE("\"geteuid\"", "TRACE", "")));
	tap_is_int(seccomp_compile(s, &a, &f, &err), 0, "actions: compiled %s", err.msg);
	tap_is_int(f.flags, SECCOMP_FILTER_FLAG_LOG, "actions: LOG is set, TSYNC is for one thread");
	tap_is_int(effect(&f, SYS_getppid, 0), 1000 + SIGSYS, "actions: KILL_PROCESS");
	tap_is_int(effect(&f, SYS_getuid, 0), 1000 + SIGSYS, "actions: TRAP");
	tap_is_int(effect(&f, SYS_getgid, 0), 100, "actions: ERRNO with errnoRet");
	tap_is_int(effect(&f, SYS_geteuid, 0), ENOSYS, "actions: TRACE without a tracer");
}

static void listener(void)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct seccomp_filter f;
	struct error err = {0};
	struct oci_linux_seccomp *s = profile(&a, NULL,
		PROFILE("ALLOW", ",\"listenerPath\":\"/s\",\"flags\":[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]",
			RULE("\"mkdir\"", "NOTIFY", "")));
	const char **flags = seccomp_supported_flags(&a);
	bool killable = false;

	for (; *flags; flags++)
		killable |= !strcmp(*flags, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV");
	if (!killable) {
		tap_skip("notify: WAIT_KILLABLE_RECV", "not in this kernel");
		return;
	}
	tap_is_int(seccomp_compile(s, &a, &f, &err), 0, "notify: compiled %s", err.msg);
	tap_ok(f.notify, "notify: a listener is wanted");
	tap_is_int(f.flags, SECCOMP_FILTER_FLAG_NEW_LISTENER | 1 << 5, "notify: NEW_LISTENER, WAIT_KILLABLE_RECV");
	tap_is_int(effect(&f, SYS_getppid, 0), 0, "notify: the kernel takes it");
}

/* ---- names that libseccomp may be too old for, and what is refused --------------------------------------------------
 */

static void newer(void)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct seccomp_data d = {.arch = AUDIT_ARCH_I386, .nr = 462};
	struct seccomp_filter f;
	struct error err = {0};
	struct oci_linux_seccomp *s =
		profile(&a, NULL, PROFILE("ERRNO", X86_ALL, RULE("\"mseal\",\"read\",\"uretprobe\"", "ALLOW", "")));

	tap_is_int(seccomp_compile(s, &a, &f, &err), 0, "newer: compiled %s", err.msg);
	tap_is_int(bpf_run(f.bpf, f.n, &d), SECCOMP_RET_ALLOW, "newer: mseal on x86");
	d.arch = AUDIT_ARCH_X86_64;
	tap_is_int(bpf_run(f.bpf, f.n, &d), SECCOMP_RET_ALLOW, "newer: mseal on x86-64");
	d.nr = 335;
	tap_is_int(bpf_run(f.bpf, f.n, &d), SECCOMP_RET_ALLOW, "newer: uretprobe on x86-64");
	d.nr = 463;
	tap_is_int(bpf_run(f.bpf, f.n, &d), SECCOMP_RET_ERRNO | ENOSYS, "newer: the next one is ENOSYS");
	d.nr = 461;
	tap_is_int(bpf_run(f.bpf, f.n, &d), SECCOMP_RET_ERRNO | EPERM, "newer: the one before is EPERM");
	d.nr = (int)(X32_BIT | 462);
	tap_is_int(bpf_run(f.bpf, f.n, &d), SECCOMP_RET_ALLOW, "newer: mseal on x32");
}

static void refuse(const char *text, const char *message)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct oci_linux_seccomp *s = profile(&a, NULL, text);
	struct seccomp_filter f;
	struct error err = {0};

	tap_ok(s && seccomp_compile(s, &a, &f, &err) < 0, "refused: %s", message);
	tap_is_str(err.msg, message, "said: %s", message);
}

static void refusals(void)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct oci_linux_seccomp none = {0};
	struct seccomp_filter f = {.n = 1};

	tap_ok(seccomp_compile(NULL, &a, &f, NULL) == 0 && !f.bpf && f.n == 0, "no seccomp, no filter");
	tap_ok(seccomp_compile(&none, &a, &f, NULL) == 0 && !f.bpf, "no action and no rules, no filter");
	refuse(PROFILE("NO", "", ""), "linux.seccomp.defaultAction: unknown action \"SCMP_ACT_NO\"");
	refuse(PROFILE("NOTIFY", "", ""),
		"linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be used as default action");
	refuse(PROFILE("ALLOW", ",\"defaultErrnoRet\":1", ""),
		"linux.seccomp.defaultErrnoRet: SCMP_ACT_ALLOW takes none");
	refuse(PROFILE("ERRNO", ",\"defaultErrnoRet\":4096", ""), "linux.seccomp.defaultErrnoRet: 4096 is above 4095");
	refuse(PROFILE("ALLOW", "", RULE("\"read\"", "ERR", "")),
		"linux.seccomp.syscalls[0].action: unknown action \"SCMP_ACT_ERR\"");
	refuse(PROFILE("ALLOW", "", RULE("\"read\"", "LOG", ",\"errnoRet\":1")),
		"linux.seccomp.syscalls[0].errnoRet: SCMP_ACT_LOG takes none");
	refuse(PROFILE("ALLOW", "", RULE("\"\"", "LOG", "")), "linux.seccomp.syscalls[0].names[0]: empty");
	refuse(PROFILE("ALLOW", "", RULE("\"read\"", "LOG", ",\"args\":[" ARG(0, "X", "1", "0") "]")),
		"linux.seccomp.syscalls[0].args[0].op: unknown operator \"SCMP_CMP_X\"");
	refuse(PROFILE("ALLOW", "", RULE("\"read\"", "LOG", ",\"args\":[" ARG(6, "EQ", "1", "0") "]")),
		"linux.seccomp.syscalls[0].args[0].index: 6 is above 5");
	refuse(PROFILE("ALLOW", ARCHS("\"SCMP_ARCH_Z80\""), ""),
		"linux.seccomp.architectures[0]: unknown architecture \"SCMP_ARCH_Z80\"");
#ifdef __x86_64__
	refuse(PROFILE("ALLOW", ARCHS("\"SCMP_ARCH_S390X\""), ""),
		"linux.seccomp.architectures[0]: SCMP_ARCH_S390X has not the byte order of SCMP_ARCH_X86_64");
#endif
	refuse(PROFILE("ALLOW", ",\"flags\":[\"NO\"]", ""), "linux.seccomp.flags[0]: unknown flag \"NO\"");
	refuse(PROFILE("ALLOW", ",\"flags\":[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]", ""),
		"linux.seccomp.flags: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV without SCMP_ACT_NOTIFY");
	refuse(PROFILE("ALLOW", ",\"listenerPath\":\"/s\"", RULE("\"read\",\"write\"", "NOTIFY", "")),
		"linux.seccomp.syscalls[0].names[1]: SCMP_ACT_NOTIFY cannot be used for the write syscall");
	refuse(PROFILE("ALLOW", "", RULE("\"read\"", "NOTIFY", "")),
		"linux.seccomp.listenerPath: not set, but syscalls[0] has SCMP_ACT_NOTIFY");
	refuse(PROFILE("ALLOW", ",\"listenerMetadata\":\"x\"", ""),
		"linux.seccomp.listenerMetadata: set without listenerPath");
}

/* libseccomp loses memory when it refuses a rule. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libseccomp\nleak:seccomp_rule_add\n";
}

int main(void)
{
	static const char *const files[] = {"containerd.json", "containerd2.json", "docker.json", "docker28.json",
		"podman.json", "podman5-v2.json"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		compare(files[i], files[i], NULL);
	compare_small();
	compare_long();
	compare_random(getenv("RANDOM_PROFILES") ? atoi(getenv("RANDOM_PROFILES")) : 40);
	newer();
	refusals();
	kernel();
	listener();
	return tap_done();
}
