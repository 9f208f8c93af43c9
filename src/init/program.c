/* SPDX-License-Identifier: Apache-2.0 */
#include "init/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>

enum { X_OK_ACCESS = 1 };

const struct plan_exec *exec_step(const struct init *in)
{
	for (const struct plan_step *s = plan_first(in->plan); !plan_at_end(in->plan, s); s = plan_next(s))
		if (s->op == PLAN_OP_EXEC)
			return (const struct plan_exec *)s;
	return NULL;
}

/* Whether we may execute it: 0, -EISDIR, or the kernel's answer. *stat_failed: it could not even be looked at. */
static int executable(const char *path, bool *stat_failed)
{
	struct statx st;
	int r = (int)sys_call5(SYS_statx, AT_FDCWD, path, 0, STATX_TYPE | STATX_MODE, &st);

	*stat_failed = r < 0;
	if (r < 0)
		return r;
	if ((st.stx_mode & S_IFMT) == S_IFDIR)
		return -EISDIR;
	if ((st.stx_mode & S_IFMT) != S_IFREG)
		return -EACCES; /* as exec will say */
	/* covers a mount with noexec too */
	r = (int)sys_call4(SYS_faccessat2, AT_FDCWD, path, X_OK_ACCESS, AT_EACCESS);
	if (r == -ENOSYS || r == -EPERM) /* a filter that does not know it */
		return st.stx_mode & 0111 ? 0 : -EACCES;
	return r;
}

static const char *find_path(const struct init *in, const struct plan_exec *x)
{
	const char *path = NULL;

	for (uint32_t i = 0; i < x->env.n; i++) {
		const char *e = plan_list_str(in->plan, x->env, i);

		if (str_starts(e, "PATH="))
			path = e + 5;
	}
	return path;
}

static int take_as_given(struct init *in, const char *name, struct error *err)
{
	bool stat_failed;
	int r = executable(name, &stat_failed);

	if (r == 0 && str_copy(in->program_path, sizeof(in->program_path), name) != str_len(name))
		r = -ENAMETOOLONG;
	if (r < 0 && stat_failed)
		return error_errno(err, r, "exec: \"%s\": stat %s", name, name);
	if (r == -EISDIR) /* runc's words, and the ones by which docker and podman know that it cannot be executed (126) */
		return error_errno(err, EACCES, "exec: \"%s\": is a directory", name);
	return r < 0 ? error_errno(err, r, "exec: \"%s\"", name) : 0;
}

/* The first one in PATH that can be executed; what cannot be is passed over, as the shell does. */
static int search(struct init *in, const char *name, const char *path, struct error *err)
{
	while (path && *path) {
		size_t n = 0;
		bool stat_failed, relative;

		while (path[n] && path[n] != ':')
			n++;
		relative = *path != '/';
		if (fmt(in->program_path, sizeof(in->program_path), "%.*s%s%s", (int)n, path, n ? "/" : "./", name) <
				sizeof(in->program_path) - 1 &&
			executable(in->program_path, &stat_failed) == 0) {
			if (!relative)
				return 0;
			return error_set(err, EACCES,
				"exec: \"%s\": cannot run executable found relative to current directory", name);
		}
		path += path[n] ? n + 1 : n;
	}
	return error_set(err, ENOENT, "exec: \"%s\": executable file not found in $PATH", name);
}

int step_find_program(struct init *in, const struct plan_step *s, struct error *err)
{
	const struct plan_exec *x = exec_step(in);
	const char *name = x && x->args.n ? plan_list_str(in->plan, x->args, 0) : "";
	int r;

	(void)s;
	if (str_chr(name, '/'))
		r = take_as_given(in, name, err);
	else
		r = search(in, name, x && *name ? find_path(in, x) : NULL, err);
	/* now rather than at start, which should have nothing left to do but exec */
	return r < 0 ? r : exec_prepare(in, err);
}
