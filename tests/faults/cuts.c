/* SPDX-License-Identifier: Apache-2.0 */
/* What a power cut may leave of the changes that the verbs make, laid out as another boot finds it. */
#include "cuts.h"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "changes.h"
#include "ground.h"

enum { MAX_STATES = 65536, BLOCK = 4096 };

#define CALL(...) ground_call((const char *const[]){__VA_ARGS__, NULL})

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

static bool is_stopped(void)
{
	return strcmp(ground_status(), "stopped") == 0;
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

static void try_verb(size_t verb)
{
	const struct tree *all[MAX_STEPS];
	unsigned tried = sum.tried, held = sum.held;
	size_t n = changes_of(verb, all);

	for (size_t i = 0; i < n; i++) {
		struct cut c = {.verb = changes_verb(verb), .what = "", .name = "", .step = i, .steps = n - 1};

		try(all[i], &c, 0);
		for (size_t k = 0; k < all[i]->n; k++)
			if (S_ISREG(all[i]->v[k].mode) && all[i]->v[k].len)
				try_lost_data(all[i], k, &c);
		try_all_empty(all[i], &c);
		try_reordered(all, i, &c);
	}
	if (n)
		printf("%s %s: %zu changes, %u power cuts tried, %u held\n", ground.setup, changes_verb(verb), n - 1,
			sum.tried - tried, sum.held - held);
	fflush(stdout);
}

static void must(bool good, const char *what)
{
	if (!good)
		errx(2, "%s: %s", what, ground_said());
}

/* In the same boot the neighbour would be taken for the container; and what a state without faults comes to. */
static void try_ourselves(void)
{
	tree_write(changes_running(false), ground.root, NEIGHBOUR);
	must(strcmp(ground_status(), "running") == 0, "the neighbour is not taken for the container in the same boot");
	tree_write(changes_running(true), ground.root, NEIGHBOUR);
	(void)hooks_ran_well();
	free(hook_line);
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
	try_ourselves();
	for (size_t i = 0; changes_verb(i); i++)
		try_verb(i);
	printf("%s: %u power cuts tried, %u held (%u of %u states, %u of them as the changes came)\n", ground.setup,
		sum.tried, sum.held, sum.tried, sum.states, sum.prefixes);
	return sum.held == sum.tried;
}
