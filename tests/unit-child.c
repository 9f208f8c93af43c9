/* SPDX-License-Identifier: Apache-2.0 */

/* Host-side helpers of the process: hooks as children, resctrl groups (in a tree that only looks like one), network
 * device requests. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "container/hooks_run.h"
#include "container/intel_rdt.h"
#include "kernel/netlink.h"
#include "plan/build.h"
#include "tests/tap.h"

static struct arena arena;
static struct error err;

static void add_hook(struct plan_builder *b, uint32_t kind, const char *script, uint32_t timeout, uint32_t index)
{
	char *args[] = {(char *)"sh", (char *)"-c", (char *)script}, *env[] = {(char *)"ONLY=this"};
	struct plan_hook *h = plan_add_at(b, PLAN_OP_HOOK, struct plan_hook, index);

	h->kind = kind;
	h->path = plan_put_str(b, "/bin/sh");
	h->args = plan_put_strs(b, args, 3);
	h->env = plan_put_strs(b, env, 1);
	h->timeout = timeout;
}

/* The error of one hook that is this script; "" for none. */
static const char *run(const char *script, uint32_t timeout)
{
	struct plan_builder b;
	struct plan *p;

	err = (struct error){0};
	plan_begin(&b, &arena);
	add_hook(&b, PLAN_HOOK_POSTSTART, "exit 9", 0, 0); /* of another kind */
	add_hook(&b, PLAN_HOOK_PRESTART, script, timeout, 4);
	if (plan_finish(&b, &p, &err) == 0)
		(void)hooks_run(p, PLAN_HOOK_PRESTART, "{\"s\":1}", 7, "/tmp", &err);
	return err.msg;
}

#define FAILED "error running prestart hook #4: "

static void hooks(void)
{
	int stray = open("/dev/null", O_RDONLY); /* not close-on-exec */

	signal(SIGPIPE, SIG_IGN);
	tap_is_str(run("exit 0", 0), "", "a hook that succeeds");
	tap_is_str(run("echo out; echo bad >&2; exit 3", 0), FAILED "exit status 3, stdout: out, stderr: bad",
		"one that fails");
	tap_is_str(run("kill -9 $$", 0), FAILED "signal: killed, stdout: , stderr: ", "one that is killed");
	tap_is_str(
		run("exec sleep 20", 1), FAILED "hook ran past specified timeout of 1.0s", "one that takes too long");
	tap_is_str(run("test \"$(cat)\" = '{\"s\":1}'", 0), "", "the state is on stdin");
	tap_is_str(run("test \"$(env | grep -vE '^(PWD|_|SHLVL|OLDPWD)=')\" = ONLY=this", 0), "",
		"the environment is the spec's");
	tap_is_str(run("test \"$(pwd)\" = /tmp", 0), "", "the working directory");
	tap_is_str(run("test -z \"$(ls /proc/self/fd | grep -vE '^[0-3]$')\"", 0), "", "no other fds");
	tap_is_str(run("grep -q '^SigIgn:.*0$' /proc/self/status", 0), "", "no ignored signals");
	tap_is_str(run("i=0; while [ $i -lt 5000 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1)); done",
			   0),
		"", "more output than a pipe holds");
	tap_is_str(run("sleep 20 & exit 0", 5), "", "what it leaves behind is not waited for");
	close(stray);
}

static void missing_hook(void)
{
	char *args[] = {(char *)"x"};
	struct plan_builder b;
	struct plan_hook *h;
	struct plan *p;

	plan_begin(&b, &arena);
	h = plan_add_at(&b, PLAN_OP_HOOK, struct plan_hook, 0);
	h->kind = PLAN_HOOK_POSTSTOP;
	h->path = plan_put_str(&b, "/nowhere/x");
	h->args = plan_put_strs(&b, args, 1);
	if (plan_finish(&b, &p, &err) < 0)
		return;
	tap_is_int(hooks_run(p, PLAN_HOOK_POSTSTOP, "", 0, "/", &err), -ENOENT, "a program that is not there");
	tap_is_str(err.msg, "error running poststop hook #0: fork/exec /nowhere/x: no such file or directory",
		"its message");
	tap_is_int(hooks_run(p, PLAN_HOOK_POSTSTOP, "", 0, "/nowhere", &err), -ENOENT,
		"a working directory that is not there");
}

/* ---- resctrl ---- */

static void put(const char *root, const char *name, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd >= 0) {
		(void)!write(fd, text, strlen(text));
		close(fd);
	}
}

static const char *get(const char *root, const char *name)
{
	char path[256], *text;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return file_read_at(&arena, AT_FDCWD, path, 4096, &text, NULL, &err) < 0 ? "unreadable" : text;
}

/* A group as the kernel fills it; the files are truncated by nobody, so what is written stands at the front. */
static void make_group(const char *root, const char *name, const char *schemata)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	(void)mkdir(path, 0755);
	put(path, "schemata", schemata);
	put(path, "tasks", "");
	snprintf(path, sizeof(path), "%s/%s/mon_groups", root, name);
	(void)mkdir(path, 0755);
}

static int apply(const char *root, const char *clos, const char *schema, bool monitor, struct intel_rdt *rdt)
{
	struct plan_intel_rdt *s;
	struct plan_builder b;
	struct plan *p;
	int r;

	plan_begin(&b, &arena);
	s = plan_add(&b, PLAN_OP_INTEL_RDT, struct plan_intel_rdt);
	s->clos_id = plan_put_str(&b, clos);
	s->enable_monitoring = monitor;
	s->schemata = plan_put_strs(&b, (char *const *)&schema, schema ? 1 : 0);
	err = (struct error){0};
	r = plan_finish(&b, &p, &err);
	if (r == 0)
		r = intel_rdt_locate(p, root, "c1", &arena, rdt, &err);
	return r < 0 ? r : intel_rdt_apply(p, rdt, 42, &err);
}

static void resctrl(void)
{
	char root[] = "/tmp/resctrl.XXXXXX";
	struct intel_rdt rdt = {0};
	const char *path;

	if (!mkdtemp(root)) {
		tap_skip("resctrl", "no temporary directory");
		return;
	}
	tap_is_int(apply(root, "named", NULL, false, &rdt), -ENOENT, "a named group without schemata must exist");
	make_group(root, "named", "    MB:0=100;1=100\n    L3:0=00f;1=0ff\n");
	tap_is_int(apply(root, "named", NULL, false, &rdt), 0, "it does: %s", err.msg);
	tap_ok(!rdt.remove, "and is not ours to remove");
	tap_is_str(get(root, "named/tasks"), "42", "the process is in it");
	tap_is_int(
		apply(root, "named", "L3:0=f;1=ff", false, &rdt), 0, "the same schemata in other digits: %s", err.msg);
	tap_is_int(apply(root, "named", "MB:1=100", false, &rdt), 0, "some of the domains: %s", err.msg);
	tap_is_int(apply(root, "named", "L3:0=1;1=ff", false, &rdt), -EEXIST, "other schemata");
	tap_is_int(apply(root, "named", "L3:2=1", false, &rdt), -EEXIST, "a domain that is not there");
	make_group(root, "c1", "");
	tap_is_int(apply(root, NULL, "L3:0=3", false, &rdt), 0, "a group of its own: %s", err.msg);
	tap_is_str(get(root, "c1/schemata"), "L3:0=3\n", "its schemata are written");
	tap_is_str(rdt.remove, rdt.group, "it goes with the container");
	path = arena_fmt(&arena, "%s/named/mon_groups", root);
	make_group(path, "c1", "");
	tap_is_int(apply(root, "named", NULL, true, &rdt), 0, "monitoring: %s", err.msg);
	tap_is_str(get(path, "c1/tasks"), "42", "the process is in the monitoring group");
	tap_is_str(rdt.remove, rdt.monitor, "which goes with the container");
	tap_is_int(intel_rdt_remove(arena_fmt(&arena, "%s/gone", root), &err), 0, "what is gone is removed");
	(void)!system(arena_fmt(&arena, "rm -rf %s", root));
}

static void requests(void)
{
	struct nl_request q;
	char big[NL_REQUEST_MAX];
	size_t n = 0;
	const void *v;

	memset(big, 0, sizeof(big));
	nl_begin(&q, 16, 0, big, 16);
	nl_put_str(&q, 3, "eth0");
	((struct nlmsghdr *)(void *)q.data)->nlmsg_len = q.len;
	v = nl_attr((const struct nlmsghdr *)(const void *)q.data, 16, 3, &n);
	tap_ok(v && n == 5 && !strcmp(v, "eth0"), "an attribute is found again");
	tap_ok(!nl_attr((const struct nlmsghdr *)(const void *)q.data, 16, 4, &n), "another one is not");
	nl_put(&q, 5, big, sizeof(big));
	tap_is_int(nl_ask(-1, &q, NULL, NULL), -EMSGSIZE, "a request that is too long is not sent");
}

int main(void)
{
	hooks();
	missing_hook();
	resctrl();
	requests();
	arena_done(&arena);
	return tap_done();
}
