/* SPDX-License-Identifier: Apache-2.0 */
#include "changes.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ground.h"
#include "trace.h"

#define CALL(...) ground_call((const char *const[]){__VA_ARGS__, NULL})

enum before { FRESH, KEPT, POOL, REMNANT, ANOTHER_BOOT, CREATED, RUNNING, PAUSED, STOPPED };

static const struct verb {
	const char *name;
	enum before before;
	int ok;
	const char *words[12];
	const char *variable; /* of the environment, which says @bundle/out/notify; or NULL */
	bool may_lack;        /* the machine may not have what it takes */
} verbs[] = {
	{"create, nothing kept", FRESH, 0, {"create", "--bundle", "@bundle", "@id"}},
	{"create", KEPT, 0, {"create", "--bundle", "@bundle", "@id"}},
	{"create, sd_notify", KEPT, 0, {"create", "--bundle", "@bundle", "@id"}, .variable = "NOTIFY_SOCKET"},
	{"start", CREATED, 0, {"start", "@id"}},
	{"run", KEPT, 7, {"run", "--bundle", "@bundle", "--config", "run.json", "@id"}},
	{"run --keep, nothing kept", FRESH, 7, {"run", "--keep", "--bundle", "@bundle", "--config", "run.json", "@id"}},
	{"exec", RUNNING, 7, {"exec", "@id", "/probe", "7"}},
	{"pause", RUNNING, 0, {"pause", "@id"}},
	{"resume", PAUSED, 0, {"resume", "@id"}},
	{"update", RUNNING, 0, {"update", "--memory", "67108864", "--memory-swap", "134217728", "@id"},
		.may_lack = true},
	{"kill", RUNNING, 0, {"kill", "@id", "KILL"}},
	{"delete", STOPPED, 0, {"delete", "@id"}},
	{"delete --force", RUNNING, 0, {"delete", "--force", "@id"}},
	{"delete, another boot", ANOTHER_BOOT, 0, {"delete", "@id"}},
	{"list --clean", REMNANT, 0, {"list", "--clean"}},
	{"prewarm", KEPT, 0, {"prewarm", "--count", "2"}},
	{"prewarm --clear", POOL, 0, {"prewarm", "--clear"}},
	{"metrics --reset", KEPT, 0, {"metrics", "--reset"}},
	{"cache clear", KEPT, 0, {"cache", "clear"}},
};

/* ---- another boot */

static uint64_t start_of(pid_t pid)
{
	char path[64], text[1024] = "", *p;
	unsigned long long start = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (f && fgets(text, sizeof(text), f) && (p = strrchr(text, ')')))
		(void)sscanf(p + 1, " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu",
			&start);
	if (f)
		fclose(f);
	return start;
}

/* What stands between `from` and the next `end` becomes `to`; *text belongs to the caller, and is made anew. */
static void replace(char **text, const char *from, char end, const char *to)
{
	char *at = strstr(*text, from), *rest, *made;

	if (!at)
		return;
	at += strlen(from);
	rest = strchr(at, end);
	if (!rest || asprintf(&made, "%.*s%s%s", (int)(at - *text), *text, to, rest) < 0)
		errx(2, "state.json: %s", *text);
	free(*text);
	*text = made;
}

/* The process and the cgroups of a record become the neighbour's. */
static void give_away(char **text)
{
	const char *pid = strstr(*text, "\"pid\":");
	char number[32], *cgroup;

	if (pid && atoi(pid + 6) != 0) {
		snprintf(number, sizeof(number), "%d", (int)ground.neighbour);
		replace(text, "\"pid\":", ',', number);
		snprintf(number, sizeof(number), "%llu", (unsigned long long)start_of(ground.neighbour));
		replace(text, "\"startTime\":", ',', number);
	}
	replace(text, "\"created\":\"", '"', "2026-01-01T00:00:00.000000000Z");
	while ((cgroup = strstr(*text, "/" ID "\""))) {
		char *made;

		if (asprintf(&made, "%.*s/" NEIGHBOUR "%s", (int)(cgroup - *text), *text, cgroup + strlen("/" ID)) < 0)
			err(2, "memory");
		free(*text);
		*text = made;
	}
}

/* In all records of the tree the process and the cgroups are the neighbour's, the boot is another one if `reboot`. */
static struct tree *another_boot(const struct tree *t, bool reboot)
{
	struct tree *made = tree_alloc(sizeof(*made));

	*made = *t;
	for (size_t i = 0; i < t->n; i++) {
		struct tree_entry *e = &made->v[i];
		char *text;

		if (strncmp(e->name, ID "/state.json", strlen(ID "/state.json")) != 0 || !e->len)
			continue;
		text = strndup(e->data, e->len);
		give_away(&text);
		if (reboot)
			replace(&text, "\"bootId\":\"", '"', "00000000-0000-4000-8000-000000000000");
		e->len = strlen(text);
		e->data = memcpy(tree_alloc(e->len + 1), text, e->len);
		free(text);
	}
	return made;
}

/* ---- what a verb does, change by change */

static const struct tree **steps;
static size_t *n_steps;

static void take_down(void)
{
	const struct tree *now = tree_read(ground.root, NEIGHBOUR);

	if (*n_steps && tree_same(steps[*n_steps - 1], now))
		return;
	if (*n_steps == MAX_STEPS)
		errx(2, "more than %d changes", MAX_STEPS);
	steps[(*n_steps)++] = now;
}

static void before_call(const struct site *s)
{
	switch (s->nr) {
	case SYS_open:
	case SYS_openat:
	case SYS_creat:
	case SYS_write:
	case SYS_writev:
	case SYS_pwrite64:
	case SYS_ftruncate:
	case SYS_fchmod:
	case SYS_fchmodat:
	case SYS_bind:
	case SYS_mkdir:
	case SYS_mkdirat:
	case SYS_rmdir:
	case SYS_unlink:
	case SYS_unlinkat:
	case SYS_rename:
	case SYS_renameat:
	case SYS_renameat2:
	case SYS_link:
	case SYS_linkat:
	case SYS_symlink:
	case SYS_symlinkat:
	case SYS_fsync:
	case SYS_exit_group:
		take_down();
	}
}

static void must(bool good, const char *what)
{
	if (!good)
		errx(2, "%s: %s", what, ground_said());
}

static void run_it(void)
{
	must(CALL("run", "--bundle", "@bundle", "--config", "run.json", "@id") == 7, "run");
	free(ground_report());
}

/* What a container that was created leaves. */
static void prepare_left(bool remnant)
{
	struct tree *t;

	must(CALL("create", "--bundle", "@bundle", "@id") == 0, "create");
	t = another_boot(tree_read(ground.root, NEIGHBOUR), true);
	must(CALL("delete", "--force", "@id") == 0, "delete --force");
	for (size_t i = 0; remnant && i < t->n; i++)
		if (strcmp(t->v[i].name, ID "/state.json") == 0)
			t->v[i].len = 0;
	tree_write(t, ground.root, NEIGHBOUR);
}

static void prepare(enum before before)
{
	static const struct tree empty;

	tree_write(&empty, ground.root, NEIGHBOUR);
	for (int i = 0; before > FRESH && i < 3; i++)
		run_it();
	if (before == POOL)
		must(CALL("prewarm", "--count", "2") == 0, "prewarm");
	if (before == REMNANT || before == ANOTHER_BOOT)
		prepare_left(before == REMNANT);
	if (before < CREATED)
		return;
	must(CALL("create", "--bundle", "@bundle", "@id") == 0, "create");
	if (before == CREATED)
		return;
	must(CALL("start", "@id") == 0, "start");
	free(ground_report());
	must(before != PAUSED || CALL("pause", "@id") == 0, "pause");
	if (before == STOPPED)
		must(CALL("kill", "@id", "KILL") == 0 && ground_alone(5000) == 0 &&
				strcmp(ground_status(), "stopped") == 0,
			"kill");
}

/* Its changes; false: it is not to be had here. The container is gone afterwards, as all processes are. */
static bool record(const struct verb *v)
{
	static const struct fault none = {.kind = FAULT_NONE};
	const struct traced *t;
	char notify[4096];
	const char *left;
	bool done;

	tree_forget();
	n_steps = tree_alloc(sizeof(*n_steps));
	steps = tree_alloc(MAX_STEPS * sizeof(*steps)); /* NOLINT(bugprone-sizeof-expression): pointers are meant */
	*n_steps = 0;
	prepare(v->before);
	ground_forget();
	snprintf(notify, sizeof(notify), "%s/out/notify", ground.bundle);
	if (v->variable)
		setenv(v->variable, notify, 1);
	trace_before = before_call;
	t = trace_run(ground_argv(v->words), v->before == CREATED ? ground_pid() : 0, ground.err_fd, &none);
	trace_before = NULL;
	if (v->variable)
		unsetenv(v->variable);
	take_down();
	done = !t->hung && WIFEXITED(t->status) && WEXITSTATUS(t->status) == v->ok;
	if (!done)
		printf("%s %s: not to be had here: %s\n", ground.setup, v->name, ground_said());
	must(done || v->may_lack, v->name);
	must(CALL("delete", "--force", "@id") == 0, "delete --force");
	must(CALL("prewarm", "--clear") == 0, "prewarm --clear");
	ground_drain();
	left = ground_left();
	if (*left)
		errx(2, "%s: left behind: %s", v->name, left);
	return done;
}

const char *changes_verb(size_t i)
{
	return i < sizeof(verbs) / sizeof(verbs[0]) ? verbs[i].name : NULL;
}

size_t changes_of(size_t i, const struct tree *all[MAX_STEPS])
{
	if (!record(&verbs[i]))
		return 0;
	for (size_t k = 0; k < *n_steps; k++)
		all[k] = another_boot(steps[k], true);
	return *n_steps;
}

const struct tree *changes_running(bool reboot)
{
	const struct tree *t;

	tree_forget();
	prepare(RUNNING);
	t = another_boot(tree_read(ground.root, NEIGHBOUR), reboot);
	must(CALL("delete", "--force", "@id") == 0, "delete --force");
	return t;
}
