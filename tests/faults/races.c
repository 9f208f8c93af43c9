/* SPDX-License-Identifier: Apache-2.0 */
/* Two verbs on one id at the same time, many times. What they and the container come to has to be what they come to one
 * after the other, in some order. */
#include "races.h"

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ground.h"

enum before { NOTHING, CREATED, RUNNING, PAUSED, STOPPED };
enum {
	MAX_OUTCOMES = 16,
	LIMIT_MS = 20000,
	SPREAD_US = 3000,
	DYING_MS = 500,
	KEEP = 16, /* races in a row that one container is used for, where it lives on */
};

struct verb {
	const char *name;
	const char *words[12];
	int killed; /* exit status when it has begun, and what it waits for is killed; or 0 */
};

static const struct verb create = {"create", {"create", "--bundle", "@bundle", "@id"}, 0},
			 run = {"run --detach", {"run", "--detach", "--bundle", "@bundle", "@id"}, 0},
			 start = {"start", {"start", "@id"}, 0}, exec = {"exec", {"exec", "@id", "/probe", "7"}, 137},
			 kill_it = {"kill", {"kill", "@id", "KILL"}, 0},
			 term = {"kill --all", {"kill", "--all", "@id", "KILL"}, 0},
			 pause_it = {"pause", {"pause", "@id"}, 0}, resume = {"resume", {"resume", "@id"}, 0},
			 update = {"update", {"update", "--pids-limit", "77", "@id"}, 0},
			 delete = {"delete", {"delete", "@id"}, 0},
			 force = {"delete --force", {"delete", "--force", "@id"}, 0},
			 state = {"state", {"state", "@id"}, 0}, clean = {"list --clean", {"list", "--clean"}, 0},
			 list = {"list", {"list"}, 0}, ps = {"ps", {"ps", "@id"}, 0};

static const struct pair {
	enum before before;
	const struct verb *a, *b;
} pairs[] = {
	{NOTHING, &create, &create},
	{NOTHING, &create, &force},
	{NOTHING, &create, &clean},
	{NOTHING, &create, &state},
	{NOTHING, &create, &delete},
	{NOTHING, &create, &kill_it},
	{NOTHING, &run, &run},
	{NOTHING, &run, &force},
	{NOTHING, &run, &state},
	{CREATED, &start, &start},
	{CREATED, &start, &kill_it},
	{CREATED, &start, &force},
	{CREATED, &start, &state},
	{CREATED, &start, &update},
	{CREATED, &start, &pause_it},
	{CREATED, &start, &clean},
	{CREATED, &kill_it, &force},
	{CREATED, &delete, &start},
	{RUNNING, &exec, &exec},
	{RUNNING, &exec, &force},
	{RUNNING, &exec, &kill_it},
	{RUNNING, &exec, &update},
	{RUNNING, &exec, &state},
	{RUNNING, &pause_it, &kill_it},
	{RUNNING, &pause_it, &term},
	{RUNNING, &pause_it, &pause_it},
	{RUNNING, &pause_it, &force},
	{RUNNING, &pause_it, &state},
	{RUNNING, &update, &force},
	{RUNNING, &update, &update},
	{RUNNING, &update, &pause_it},
	{RUNNING, &update, &kill_it},
	{RUNNING, &kill_it, &kill_it},
	{RUNNING, &kill_it, &force},
	{RUNNING, &kill_it, &state},
	{RUNNING, &force, &force},
	{RUNNING, &force, &create},
	{RUNNING, &force, &state},
	{PAUSED, &resume, &kill_it},
	{PAUSED, &resume, &force},
	{PAUSED, &resume, &resume},
	{PAUSED, &resume, &state},
	{PAUSED, &kill_it, &force},
	{STOPPED, &delete, &delete},
	{STOPPED, &delete, &create},
	{STOPPED, &delete, &start},
	{STOPPED, &delete, &state},
	{STOPPED, &delete, &force},
	{STOPPED, &force, &create},
	{NOTHING, &create, &list},
	{CREATED, &start, &exec},
	{CREATED, &exec, &force},
	{RUNNING, &pause_it, &resume},
	{RUNNING, &list, &force},
	{RUNNING, &ps, &force},
	{RUNNING, &ps, &kill_it},
	{RUNNING, &force, &run},
	{PAUSED, &resume, &pause_it},
	{PAUSED, &update, &resume},
};

/* What a pair came to: exit statuses, and the status of the container. */
struct outcome {
	int a, b;
	char status[16];
};

static const char *const before_names[] = {"nothing", "created", "running", "paused", "stopped"};
static unsigned tried, held;

#define CALL(...) ground_call((const char *const[]){__VA_ARGS__, NULL})

static void must(int r, const char *what)
{
	if (r)
		errx(2, "%s: %s", what, ground_said());
}

/* A container that was killed may take a moment to end. */
static void settle(const struct pair *p, struct outcome *o)
{
	if ((p->a == &kill_it && o->a == 0) || (p->b == &kill_it && o->b == 0) || (p->b == &term && o->b == 0))
		(void)ground_alone(DYING_MS);
	snprintf(o->status, sizeof(o->status), "%s", ground_status());
}

static void prepare(enum before before)
{
	if (before == CREATED)
		must(CALL("create", "--bundle", "@bundle", "@id"), "create");
	else if (before != NOTHING)
		must(CALL("run", "--detach", "--bundle", "@bundle", "@id"), "run");
	if (before == PAUSED)
		must(CALL("pause", "@id"), "pause");
	if (before == STOPPED && (kill(ground_stranger(), SIGKILL) < 0 || ground_alone(DYING_MS) != 0))
		errx(2, "the container cannot be killed");
}

/* Makes the container what it was before, where that is one verb. */
static bool restored(enum before before, const char *status)
{
	if (strcmp(status, before_names[before]) == 0)
		return before != NOTHING;
	if (before == RUNNING && strcmp(status, "paused") == 0)
		return CALL("resume", "@id") == 0;
	if (before == PAUSED && strcmp(status, "running") == 0)
		return CALL("pause", "@id") == 0;
	return false;
}

/* Sleeps, and is on time. */
static void wait_us(unsigned us)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += (long)us * 1000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	if (us)
		(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static pid_t begin(const struct verb *v, int gate, unsigned delay_us)
{
	char *const *argv = ground_argv(v->words);
	sigset_t none;
	pid_t pid = fork();
	char c;

	if (pid)
		return pid;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(ground.err_fd, 1);
	dup2(ground.err_fd, 2);
	(void)!read(gate, &c, 1);
	wait_us(delay_us);
	execv(argv[0], argv);
	_exit(127);
}

/* Both at once; false when one did not come to an end. */
static bool at_once(const struct pair *p, unsigned i, struct outcome *o)
{
	unsigned delay = (unsigned)((i * 7919UL) % (2 * SPREAD_US));
	int gate[2], status;
	pid_t a, b, pid;
	bool ended = true;

	*o = (struct outcome){0};
	ground_forget();
	if (pipe(gate) < 0)
		err(2, "pipe");
	a = begin(p->a, gate[0], delay > SPREAD_US ? delay - SPREAD_US : 0);
	b = begin(p->b, gate[0], delay < SPREAD_US ? SPREAD_US - delay : 0);
	(void)!write(gate[1], "go", 2);
	close(gate[0]);
	close(gate[1]);
	for (int left = 2; left > 0;) {
		struct timespec slice = {.tv_nsec = 50000000};
		static int slices;
		sigset_t child;

		pid = waitpid(-1, &status, WNOHANG);
		if (pid == a || pid == b) {
			*(pid == a ? &o->a : &o->b) = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
			left--;
			slices = 0;
		}
		if (pid)
			continue;
		sigemptyset(&child);
		sigaddset(&child, SIGCHLD);
		if (sigtimedwait(&child, NULL, &slice) < 0 && ++slices > LIMIT_MS / 50) {
			kill(a, SIGKILL);
			kill(b, SIGKILL);
			ended = false;
		}
	}
	return ended;
}

static bool same(const struct pair *p, const struct outcome *x, const struct outcome *y)
{
	bool a = x->a == y->a || (p->a->killed && x->a == p->a->killed);
	bool b = x->b == y->b || (p->b->killed && x->b == p->b->killed);

	/* a signal is sent to what has not ended of the one before, too */
	if (p->a == &kill_it && p->b == &kill_it && !x->a && !x->b)
		return strcmp(x->status, "stopped") == 0;

	return a && b && strcmp(x->status, y->status) == 0;
}

static bool is_known(const struct pair *p, const struct outcome *o, const struct outcome *all, size_t n)
{
	for (size_t k = 0; k < n; k++)
		if (same(p, o, &all[k]))
			return true;
	return false;
}

/* Everything that one order or the other comes to, the second straight after the first, and later. */
static size_t orders(const struct pair *p, struct outcome *all)
{
	size_t n = 0;

	for (unsigned i = 0; i < 12; i++) {
		struct outcome o = {0};

		prepare(p->before);
		if (i % 2) {
			o.b = ground_call(p->b->words);
			wait_us(i < 6 ? 0 : 20000);
			o.a = ground_call(p->a->words);
		} else {
			o.a = ground_call(p->a->words);
			wait_us(i < 6 ? 0 : 20000);
			o.b = ground_call(p->b->words);
		}
		settle(p, &o);
		if (!is_known(p, &o, all, n) && n < MAX_OUTCOMES)
			all[n++] = o;
		must(CALL("delete", "--force", "@id"), "delete --force");
		ground_drain();
	}
	return n;
}

/* Nothing may be left of the container. */
static const char *take_away(void)
{
	const char *left;

	if (CALL("delete", "--force", "@id"))
		return "delete --force fails";
	left = ground_left();
	return *left ? left : NULL;
}

static void race(const struct pair *p, unsigned times)
{
	struct outcome all[MAX_OUTCOMES], o;
	size_t n = orders(p, all), good = 0;
	bool kept = false;

	for (unsigned i = 0; i < times; i++) {
		char said[2048] = "";
		const char *bad = NULL;

		if (!kept)
			prepare(p->before);
		if (!at_once(p, i, &o))
			bad = "it did not come to an end";
		snprintf(said, sizeof(said), "%s", ground_said());
		settle(p, &o);
		if (!bad && !is_known(p, &o, all, n))
			bad = "no order of the two comes to that";
		kept = !bad && (i + 1) % KEEP && i + 1 < times && restored(p->before, o.status);
		if (!bad && !kept)
			bad = take_away();
		tried++;
		held += !bad;
		good += !bad;
		if (bad) {
			printf("NOT HELD %s %s, %s and %s: exit %d and %d, the container \"%s\": %s\n\tthey said: %s\n",
				ground.setup, before_names[p->before], p->a->name, p->b->name, o.a, o.b, o.status, bad,
				said);
			ground_scrub();
		}
		ground_drain();
	}
	printf("%s %s: %s and %s: %u tried, %zu held\n", ground.setup, before_names[p->before], p->a->name, p->b->name,
		times, good);
	fflush(stdout);
}

bool try_races(const struct race_options *o)
{
	const int n = (int)(sizeof(pairs) / sizeof(pairs[0]));

	if (o->only >= n)
		errx(2, "there are %d pairs, from 0", n);
	for (int i = 0; i < n; i++)
		if (o->only < 0 || o->only == i)
			race(&pairs[i], o->times);
	printf("%s: %u races of %d pairs tried, %u held\n", ground.setup, tried, o->only < 0 ? n : 1, held);
	return held == tried;
}
