/* SPDX-License-Identifier: Apache-2.0 */
/* What a verb does below the state root is taken down, change by change. What a power cut may leave of it, after any of
 * them, is laid out as another boot finds it: the container has ended, and its pid, start time and cgroup are by now
 * the neighbour's. */
#include "cuts.h"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ground.h"
#include "trace.h"
#include "tree.h"

enum { MAX_STEPS = 256, MAX_STATES = 65536, BLOCK = 4096 };

#define CALL(...) ground_call((const char *const[]){__VA_ARGS__, NULL})

enum before { NOTHING, FRESH, CREATED, RUNNING, PAUSED, STOPPED };

static const struct verb {
	const char *name;
	enum before before;
	int ok;
	const char *words[12];
} verbs[] = {
	{"create, nothing kept", FRESH, 0, {"create", "--bundle", "@bundle", "@id"}},
	{"create", NOTHING, 0, {"create", "--bundle", "@bundle", "@id"}},
	{"start", CREATED, 0, {"start", "@id"}},
	{"run", NOTHING, 7, {"run", "--bundle", "@bundle", "--config", "run.json", "@id"}},
	{"run --keep, nothing kept", FRESH, 7, {"run", "--keep", "--bundle", "@bundle", "--config", "run.json", "@id"}},
	{"exec", RUNNING, 7, {"exec", "@id", "/probe", "7"}},
	{"pause", RUNNING, 0, {"pause", "@id"}},
	{"resume", PAUSED, 0, {"resume", "@id"}},
	{"update", RUNNING, 0, {"update", "--memory", "67108864", "--memory-swap", "134217728", "@id"}},
	{"kill", RUNNING, 0, {"kill", "@id", "KILL"}},
	{"delete", STOPPED, 0, {"delete", "@id"}},
	{"delete --force", RUNNING, 0, {"delete", "--force", "@id"}},
	{"prewarm", NOTHING, 0, {"prewarm", "--count", "2"}},
	{"prewarm --clear", NOTHING, 0, {"prewarm", "--clear"}},
	{"metrics --reset", NOTHING, 0, {"metrics", "--reset"}},
	{"cache clear", NOTHING, 0, {"cache", "clear"}},
};

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

static bool is_stopped(void)
{
	return strcmp(ground_status(), "stopped") == 0;
}

static void prepare(enum before before)
{
	if (before == FRESH) {
		char path[4096];

		must(CALL("cache", "clear") == 0, "cache clear");
		snprintf(path, sizeof(path), "%s/@metrics", ground.root);
		(void)unlink(path);
	}
	if (before <= FRESH)
		return;
	must(CALL("create", "--bundle", "@bundle", "@id") == 0, "create");
	if (before == CREATED)
		return;
	must(CALL("start", "@id") == 0, "start");
	free(ground_report());
	must(before != PAUSED || CALL("pause", "@id") == 0, "pause");
	if (before == STOPPED)
		must(CALL("kill", "@id", "KILL") == 0 && ground_alone(5000) == 0 && is_stopped(), "kill");
}

/* The container is gone afterwards, as all processes are. */
static void record(const struct verb *v)
{
	static const struct fault none = {.kind = FAULT_NONE};
	const struct traced *t;
	const char *left;

	tree_forget();
	n_steps = tree_alloc(sizeof(*n_steps));
	steps = tree_alloc(MAX_STEPS * sizeof(*steps));
	*n_steps = 0;
	prepare(v->before);
	ground_forget();
	trace_before = before_call;
	t = trace_run(ground_argv(v->words), v->before == CREATED ? ground_pid() : 0, ground.err_fd, &none);
	trace_before = NULL;
	take_down();
	must(!t->hung && WIFEXITED(t->status) && WEXITSTATUS(t->status) == v->ok, v->name);
	must(CALL("delete", "--force", "@id") == 0, "delete --force");
	must(CALL("prewarm", "--clear") == 0, "prewarm --clear");
	ground_drain();
	left = ground_left();
	if (*left)
		errx(2, "%s: left behind: %s", v->name, left);
}

/* ---- another boot */

static uint64_t neighbour_start;

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

static void give_away(char **text)
{
	const char *pid = strstr(*text, "\"pid\":");
	char number[32], *cgroup;

	if (pid && atoi(pid + 6) != 0) {
		snprintf(number, sizeof(number), "%d", (int)ground.neighbour);
		replace(text, "\"pid\":", ',', number);
		snprintf(number, sizeof(number), "%llu", (unsigned long long)neighbour_start);
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

/* All records in the tree: the process and the cgroups in them are the neighbour's, the boot another one if `reboot`.
 */
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

/* ---- one state */

static struct cut_options options;
static struct {
	unsigned states, prefixes, tried, held;
} sum;
static char *wanted_report, *hook_line;

/* What poststop hooks have written: nothing, or the whole of what they are to. */
static const char *hooks_ran_well(void)
{
	char path[4096], text[32768];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/out/poststop", ground.bundle);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	(void)unlink(path);
	text[n > 0 ? n : 0] = '\0';
	if (!hook_line)
		hook_line = strdup(text);
	return !*text || strcmp(text, hook_line) == 0 ? NULL : "a poststop hook was called with something else";
}

static bool is_there(void)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/" ID, ground.root);
	return access(path, F_OK) == 0;
}

static bool refuses(int r)
{
	return r > 0 && (r < 128 || r == 255) && *ground_said();
}

static const char *nothing_left(void)
{
	static char text[600];
	const char *left;

	if (CALL("prewarm", "--clear"))
		return "prewarm --clear fails";
	left = ground_left();
	snprintf(text, sizeof(text), "left behind: %s", left);
	return *left ? text : hooks_ran_well();
}

/* Verbs that are nobody's to do: there is no such container, or it has ended. */
static const char *others_refuse(void)
{
	if (CALL("list"))
		return "list fails";
	if (CALL("state", "@id") ? !*ground_said() : !strstr(ground_said(), "\"stopped\""))
		return "state says something else than stopped";
	if (!refuses(CALL("kill", "@id", "KILL")))
		return "kill does not refuse";
	if (!refuses(CALL("start", "@id")))
		return "start does not refuse";
	if (!refuses(CALL("exec", "@id", "/probe", "7")))
		return "exec does not refuse";
	return refuses(CALL("pause", "@id")) ? NULL : "pause does not refuse";
}

static const char *can_be_cleaned(void)
{
	const char *bad = others_refuse();
	bool there = is_there();

	if (bad)
		return bad;
	if (there &&
		!(refuses(CALL("create", "--bundle", "@bundle", "@id")) && strstr(ground_said(), "already exists")))
		return "create does not say that the container is there";
	if (CALL("list", "--clean"))
		return "list --clean fails";
	if (is_there() && !is_stopped())
		return "list --clean has left what is no stopped container";
	if (is_there() ? CALL("delete", "@id") != 0 : !refuses(CALL("delete", "@id")))
		return "delete fails, or does not refuse";
	return nothing_left();
}

static const char *can_be_used_again(void)
{
	const char *bad;
	char *report;
	bool same;

	if (CALL("delete", "--force", "@id"))
		return "delete --force fails";
	bad = nothing_left();
	if (bad)
		return bad;
	ground_drain();
	if (CALL("run", "--bundle", "@bundle", "--config", "run.json", "@id") != 7)
		return "the same id cannot be used again";
	report = ground_report();
	if (!wanted_report)
		wanted_report = strdup(report ? report : "");
	same = report && strcmp(report, wanted_report) == 0;
	free(report);
	if (!same)
		return "the container is another";
	if (CALL("metrics") || CALL("cache", "list") || CALL("prewarm", "--status"))
		return "metrics, cache or prewarm fails";
	return nothing_left();
}

/* What is tried, as a line names it. */
struct cut {
	const char *verb, *what, *name;
	size_t step, steps;
};

static uint64_t known[MAX_STATES];

/* Whether this is the first of its kind. */
static bool is_new(uint64_t hash)
{
	for (unsigned i = 0; i < sum.states; i++)
		if (known[i] == hash)
			return false;
	if (sum.states == MAX_STATES)
		errx(2, "more than %d states", MAX_STATES);
	known[sum.states++] = hash;
	return true;
}

static void try(const struct tree *t, const struct cut *c, uint64_t kind)
{
	const char *bad;

	if (!is_new(tree_hash(t) ^ kind) ||
		(options.only ? sum.states != options.only : sum.states % options.of != options.part))
		return;
	if (options.verbose)
		printf("%u: %s, change %zu of %zu, %s %s\n", sum.states, c->verb, c->step, c->steps, c->name, c->what);
	sum.tried++;
	sum.prefixes += !*c->name;
	tree_write(t, ground.root, NEIGHBOUR);
	bad = can_be_cleaned();
	if (!bad) {
		tree_write(t, ground.root, NEIGHBOUR);
		bad = can_be_used_again();
	}
	if (!bad) {
		sum.held++;
		return;
	}
	printf("NOT HELD %s %u: %s, change %zu of %zu, %s %s: %s\n\tit said: %s\n", ground.setup, sum.states, c->verb,
		c->step, c->steps, c->name, c->what, bad, ground_said());
	fflush(stdout);
	if (ground_stranger() < 0)
		errx(2, "without the neighbour there is no going on");
	ground_scrub();
	(void)hooks_ran_well();
}

/* ---- all states */

/* Its data with zeros from `from` to `to`, and no more than `len`. */
static void try_data(
	const struct tree *t, size_t i, size_t from, size_t to, size_t len, struct cut *c, const char *what)
{
	struct tree *made = tree_alloc(sizeof(*made));
	char *data = tree_alloc(t->v[i].len);

	*made = *t;
	memcpy(data, t->v[i].data, t->v[i].len);
	if (from < to)
		memset(data + from, 0, to - from);
	made->v[i].data = data;
	made->v[i].len = len;
	c->name = t->v[i].name;
	c->what = what;
	try(made, c, tree_counts(&t->v[i]) ? from + 3 * to + 7 * len : 0);
}

/* What was not synced: nothing of it, half of it, or a block of zeros where it has not been written. */
static void try_lost_data(const struct tree *t, size_t i, struct cut *c)
{
	size_t len = t->v[i].len, last = len > 4 * BLOCK ? 4 * BLOCK : len;

	try_data(t, i, 0, 0, 0, c, "is empty");
	try_data(t, i, 0, 0, len / 2, c, "is half there");
	try_data(t, i, 0, len, len, c, "is all zeros");
	try_data(t, i, len / 2, len, len, c, "ends in zeros");
	for (size_t at = 0; at < last; at += BLOCK)
		try_data(t, i, at, at + BLOCK < len ? at + BLOCK : len, len, c, "has zeros in between");
}

static void try_all_empty(const struct tree *t, struct cut *c)
{
	struct tree *made = tree_alloc(sizeof(*made));

	*made = *t;
	for (size_t i = 0; i < made->n; i++)
		if (S_ISREG(made->v[i].mode))
			made->v[i].len = 0;
	c->name = "every file";
	c->what = "is empty";
	try(made, c, 1);
}

static bool is_below(const char *name, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(name, dir, n) == 0 && (!name[n] || name[n] == '/');
}

/* t, with the entry `name` as in `older`: another, or not there. */
static void try_older(const struct tree *t, const struct tree *older, const char *name, struct cut *c)
{
	const struct tree_entry *was = tree_find(older, name);
	struct tree *made = tree_alloc(sizeof(*made));
	bool placed = false;

	made->n = 0;
	for (size_t i = 0; i < t->n; i++) {
		if (was && !placed && strcmp(t->v[i].name, name) >= 0) {
			made->v[made->n++] = *was;
			placed = true;
		}
		if (was ? strcmp(t->v[i].name, name) != 0 : !is_below(t->v[i].name, name))
			made->v[made->n++] = t->v[i];
	}
	if (was && !placed)
		made->v[made->n++] = *was;
	c->name = name;
	c->what = was ? "is as before an earlier change" : "is not there yet";
	try(made, c, 0);
}

/* A later change has come to the disk, and an earlier one of another name has not. */
static void try_reordered(const struct tree *const *all, size_t at, struct cut *c)
{
	for (size_t k = 0; k < at; k++) {
		for (size_t i = 0; i < all[at]->n; i++)
			try_older(all[at], all[k], all[at]->v[i].name, c);
		for (size_t i = 0; i < all[k]->n; i++)
			try_older(all[at], all[k], all[k]->v[i].name, c);
	}
}

static void try_verb(const struct verb *v)
{
	const struct tree *all[MAX_STEPS];
	unsigned tried = sum.tried, held = sum.held;
	size_t n;

	record(v);
	n = *n_steps;
	for (size_t i = 0; i < n; i++)
		all[i] = another_boot(steps[i], true);
	for (size_t i = 0; i < n; i++) {
		struct cut c = {.verb = v->name, .what = "", .name = "", .step = i, .steps = n - 1};

		try(all[i], &c, 0);
		for (size_t k = 0; k < all[i]->n; k++)
			if (S_ISREG(all[i]->v[k].mode) && all[i]->v[k].len)
				try_lost_data(all[i], k, &c);
		try_all_empty(all[i], &c);
		try_reordered(all, i, &c);
	}
	tree_write(all[0], ground.root, NEIGHBOUR);
	must(CALL("delete", "--force", "@id") == 0 && CALL("cache", "clear") == 0, "delete --force");
	printf("%s %s: %zu changes, %u power cuts tried, %u held\n", ground.setup, v->name, n - 1, sum.tried - tried,
		sum.held - held);
	fflush(stdout);
}

/* That the records are what a running container's would be, if the boot were the same. */
static void try_ourselves(void)
{
	const struct tree *t;

	tree_forget();
	prepare(RUNNING);
	t = tree_read(ground.root, NEIGHBOUR);
	must(CALL("delete", "--force", "@id") == 0, "delete --force");
	tree_write(another_boot(t, false), ground.root, NEIGHBOUR);
	if (strcmp(ground_status(), "running") != 0)
		errx(2, "the neighbour is not taken for the container in the same boot: %s", ground_said());
	tree_write(another_boot(t, true), ground.root, NEIGHBOUR);
	(void)hooks_ran_well();
	hook_line = NULL;
	must(is_stopped() && CALL("delete", "@id") == 0, "another boot");
	(void)hooks_ran_well();
	must(hook_line && *hook_line, "no poststop hook");
	must(CALL("run", "--bundle", "@bundle", "--config", "run.json", "@id") == 7, "run");
	wanted_report = ground_report();
	must(wanted_report != NULL, "run");
	(void)hooks_ran_well();
}

bool try_cuts(const struct cut_options *o)
{
	options = *o;
	tree_begin();
	neighbour_start = start_of(ground.neighbour);
	try_ourselves();
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		try_verb(&verbs[i]);
	printf("%s: %u power cuts tried, %u held (%u of %u states, %u of them as the changes came)\n", ground.setup,
		sum.tried, sum.held, sum.tried, sum.states, sum.prefixes);
	return sum.held == sum.tried;
}
