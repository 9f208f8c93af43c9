/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/conditions.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "kernel/sys.h"

#ifndef MFD_CLOEXEC
#define MFD_CLOEXEC 1u
#endif

/* From so many rules on libseccomp lays its program out as a binary tree; with none at all some versions of it forget
 * the default action then. */
enum { TREE_MIN = 32 };

static void context_free(scmp_filter_ctx *c)
{
	if (*c)
		seccomp_release(*c);
}

/* A filter for one architecture. */
static int context_new(const struct seccomp_arch *arch, uint32_t default_action, scmp_filter_ctx *ret)
{
	uint32_t native = seccomp_arch_native();
	scmp_filter_ctx c = seccomp_init(default_action);
	int r = 0;

	if (!c)
		return -EINVAL;
	if (arch->token != native) {
		r = seccomp_arch_add(c, arch->token);
		if (!r)
			r = seccomp_arch_remove(c, native);
	}
	if (r < 0) {
		seccomp_release(c);
		return r;
	}
	*ret = c;
	return 0;
}

#if SCMP_VER_MAJOR > 2 || (SCMP_VER_MAJOR == 2 && SCMP_VER_MINOR >= 6)
static int export(scmp_filter_ctx c, struct arena *a, struct sock_filter **ret, size_t *n)
{
	size_t size = 0;
	int r = seccomp_export_bpf_mem(c, NULL, &size);

	if (r < 0)
		return r;
	*ret = arena_alloc(a, size);
	if (!*ret)
		return -ENOMEM;
	r = seccomp_export_bpf_mem(c, *ret, &size);
	*n = size / sizeof(**ret);
	return r;
}
#else
static int export(scmp_filter_ctx c, struct arena *a, struct sock_filter **ret, size_t *n)
{
	_cleanup_close_ int fd = (int)sys_call2(SYS_memfd_create, "seccomp", MFD_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0)
		return fd;
	r = seccomp_export_bpf(c, fd);
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	*ret = arena_alloc(a, (size_t)st.st_size);
	if (!*ret)
		return -ENOMEM;
	if (pread(fd, *ret, (size_t)st.st_size, 0) != st.st_size)
		return -EIO;
	*n = (size_t)st.st_size / sizeof(**ret);
	return 0;
}
#endif

/* Two conditions on one argument cannot be one rule of libseccomp's; then each condition of the entry is a rule, and
 * any of them is enough. Engines' profiles rely on it (clone, personality). */
static bool argument_twice(const struct seccomp_condition *c)
{
	unsigned seen = 0;

	for (unsigned i = 0; i < c->n_args; i++) {
		if (seen & 1u << c->args[i].arg)
			return true;
		seen |= 1u << c->args[i].arg;
	}
	return false;
}

static int add_rules(scmp_filter_ctx ctx, const struct seccomp_condition *c)
{
	unsigned each = argument_twice(c) ? 1 : c->n_args, i = 0;
	int r;

	do {
		r = seccomp_rule_add_array(ctx, c->action, c->nr, each, c->args + i);
		i += each;
	} while (!r && i < c->n_args);
	return r;
}

int seccomp_compile_conditions(const struct seccomp_condition *v, size_t n, uint32_t default_action, struct arena *a,
	struct seccomp_section *s, struct error *err)
{
	__attribute__((cleanup(context_free))) scmp_filter_ctx ctx = NULL;
	int r;

	if (!n)
		return 0;
	r = context_new(s->arch, default_action, &ctx);
	if (r < 0)
		return error_errno(err, r, "linux.seccomp: filter for %s", s->arch->name);
	if (n > TREE_MIN) {
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
		if (r < 0)
			return error_errno(err, r, "linux.seccomp: binary tree");
	}
	for (size_t i = 0; i < n; i++) {
		r = add_rules(ctx, &v[i]);
		if (r < 0)
			return error_errno(err, r, "linux.seccomp.syscalls[%zu]: rule for %s on %s", v[i].item,
				v[i].name, s->arch->name);
	}
	r = export(ctx, a, &s->conditions, &s->n_conditions);
	return r < 0 ? error_errno(err, r, "linux.seccomp: export of the filter") : 0;
}
