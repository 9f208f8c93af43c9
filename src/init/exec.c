/* SPDX-License-Identifier: Apache-2.0 */
#include "init/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <sys/mman.h>

#include "init/inroot.h"
#include "kernel/fds.h"
#include "kernel/signals.h"

enum { HOME_SIZE = 4096, PASSWD_MAX = 16 << 20, FIRST_FREE_FD = 3 };

static size_t strings_size(struct plan_list l, uint32_t more)
{
	return ((size_t)l.n + more + 1) * sizeof(char *);
}

char **strings_map(const struct init *in, struct plan_list l, uint32_t more)
{
	long at = sys_call6(
		SYS_mmap, 0, (long)strings_size(l, more), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char **v = (char **)at;

	if (at < 0 && at > -4096)
		return NULL;
	for (uint32_t i = 0; i < l.n; i++)
		v[i] = (char *)plan_list_str(in->plan, l, i);
	return v;
}

void strings_unmap(char **v, struct plan_list l, uint32_t more)
{
	if (v)
		(void)sys_call2(SYS_munmap, v, strings_size(l, more));
}

/* ---- HOME ---- */

/* Reads lines through a small buffer; one that does not fit is passed over. A file of any size may be there: `left` is
 * what is read of it at most. */
struct lines {
	int fd;
	size_t at, len, left;
	char buf[8192];
};

static char *next_line(struct lines *l)
{
	bool cut = false;

	for (;;) {
		long r;

		for (size_t i = l->at; i < l->len; i++)
			if (l->buf[i] == '\n') {
				char *line = l->buf + l->at;

				l->buf[i] = '\0';
				l->at = i + 1;
				if (!cut)
					return line;
				cut = false;
			}
		__builtin_memmove(l->buf, l->buf + l->at, l->len - l->at);
		l->len -= l->at;
		l->at = 0;
		if (l->len == sizeof(l->buf) - 1) {
			cut = true;
			l->len = 0;
		}
		r = l->left ? sys_read(l->fd, l->buf + l->len, sizeof(l->buf) - 1 - l->len) : 0;
		if (r > 0) {
			l->len += (size_t)r;
			l->left = l->left > (size_t)r ? l->left - (size_t)r : 0;
			continue;
		}
		if (!l->len || cut)
			return NULL;
		l->buf[l->len] = '\0'; /* the last line has no newline */
		l->len = 0;
		return l->buf;
	}
}

/* NAME:PASSWORD:UID:GID:GECOS:HOME:SHELL; the home of `uid`, or NULL for another line. */
static const char *home_in(char *line, uint32_t uid)
{
	char *field[7];
	uint32_t n = 0, is;

	while (n < 7) {
		char *end = str_chr(line, ':');

		field[n++] = line;
		if (!end)
			break;
		*end = '\0';
		line = end + 1;
	}
	return n >= 6 && str_to_u32(field[2], &is) && is == uid && *field[5] ? field[5] : NULL;
}

static int open_passwd(const struct init *in)
{
	struct statx st;
	/* not blocked by a fifo; nothing but a file is read */
	int fd = inroot_open(in->root, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0 && (sys_call5(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &st) < 0 ||
			       (st.stx_mode & S_IFMT) != S_IFREG)) {
		(void)sys_close(fd);
		return -EINVAL;
	}
	return fd;
}

static char *home(const struct init *in)
{
	static char text[HOME_SIZE];
	static struct lines l;
	uint32_t uid = (uint32_t)sys_call0(SYS_getuid);
	char *line;

	str_copy(text, sizeof(text), "HOME=/");
	l.fd = open_passwd(in);
	if (l.fd < 0)
		return text;
	l.left = PASSWD_MAX;
	while ((line = next_line(&l))) {
		const char *h = home_in(line, uid);

		if (h) {
			fmt(text, sizeof(text), "HOME=%s", h);
			break;
		}
	}
	(void)sys_close(l.fd);
	return text;
}

/* ---- exec ---- */

static void add_own_env(struct init *in, const struct plan_exec *x)
{
	static char fds[32], pid[32];
	uint32_t n = x->env.n;

	if (x->find_home)
		in->envp[n++] = home(in);
	if (x->listen_fds) {
		fmt(fds, sizeof(fds), "LISTEN_FDS=%u", x->listen_fds);
		fmt(pid, sizeof(pid), "LISTEN_PID=%d", (int)sys_call0(SYS_getpid));
		in->envp[n++] = fds;
		in->envp[n++] = pid;
	}
}

int exec_prepare(struct init *in, struct error *err)
{
	const struct plan_exec *x = exec_step(in);
	int r;

	if (!x)
		return error_set(err, EBADMSG, "exec: the plan has no such step");
	in->envp = strings_map(in, x->env, 3);
	in->argv = strings_map(in, x->args, 0);
	if (!in->argv || !in->envp)
		return error_errno(err, ENOMEM, "exec: arguments");
	add_own_env(in, x);
	/* Marked, not closed: what is open is still in use, and later ones are born so (CVE-2024-21626). */
	r = sys_close_range(FIRST_FREE_FD + x->preserve_fds, ~0u, SYS_CLOSE_RANGE_CLOEXEC);
	if (r < 0) /* Linux 5.10 knows only to close */
		r = fds_mark_numbers(FIRST_FREE_FD + x->preserve_fds);
	if (r < 0) /* and a filter around the runtime may not know it at all */
		r = proc_mark_fds(in, FIRST_FREE_FD + x->preserve_fds, err);
	if (r < 0)
		return error_errno(err, r, "exec: closing fds");
	signals_reset();
	return 0;
}

int step_exec(struct init *in, const struct plan_step *s, struct error *err)
{
	int r = (int)sys_call3(SYS_execve, in->program_path, in->argv, in->envp);

	(void)s;
	error_errno(err, r, "exec %s", in->program_path);
	err->bare = true;
	return r;
}
