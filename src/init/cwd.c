/* SPDX-License-Identifier: Apache-2.0 */
#include "init/process.h"

#include <errno.h>
#include <fcntl.h>

#include "init/inroot.h"

enum { PATH_SIZE = 4096, DIR_MODE = 0755 };

static int make(const struct init *in, const char *path, struct error *err)
{
	int fd = inroot_mkdir_p(in->root, path, DIR_MODE);

	if (fd < 0)
		return error_errno(err, fd, "mkdir %s", path);
	(void)sys_close(fd);
	return 0;
}

/* No magic link on the way: one of the container's /proc/self/fd could lead out of it (CVE-2024-21626). */
static int enter(const struct init *in, const char *path)
{
	int fd = inroot_open(in->root, path, O_PATH | O_DIRECTORY | O_CLOEXEC), r;

	if (fd < 0)
		return fd;
	r = (int)sys_call1(SYS_fchdir, fd);
	(void)sys_close(fd);
	return r;
}

/* Where we are must have a path from our root. */
static int check_inside(struct error *err)
{
	static char path[PATH_SIZE];
	int r = (int)sys_call2(SYS_getcwd, path, sizeof(path));

	if (r > 0 && path[0] == '/')
		return 0;
	if (r > 0 || r == -ENOENT)
		return error_set(err, EPERM,
			"current working directory is outside of container mount namespace root -- possible container "
			"breakout detected");
	return error_errno(err, r, "getcwd");
}

int step_cwd(struct init *in, const struct plan_step *s, struct error *err)
{
	const struct plan_cwd *p = (const struct plan_cwd *)s;
	const char *path = plan_str(in->plan, p->path);
	int r;

	if (p->when == PLAN_CWD_MAKE)
		return make(in, path, err);
	if (!in->in_cwd) {
		r = enter(in, path);
		/* The user may reach what the container's root may not (a volume on a network file system), so this is
		 * not the last word; the other way round it holds too. */
		if (p->when == PLAN_CWD_EARLY && (r == -EACCES || r == -EPERM))
			return 0;
		if (r < 0)
			return error_errno(err, r, "chdir to cwd (\"%s\") set in config.json failed", path);
		in->in_cwd = true;
	}
	return p->when == PLAN_CWD_FINAL ? check_inside(err) : 0;
}
