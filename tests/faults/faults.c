/* SPDX-License-Identifier: Apache-2.0 */
/* For each system call that a verb of the runtime makes, repeats the verb with this call failing, and with the process
 * killed there. */
#include "faults.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "errnos.h"
#include "ground.h"
#include "trace.h"

enum { MEETINGS = 5, LATER = 40 };
enum before { NOTHING, CREATED, RUNNING, PAUSED, STOPPED };

struct verb {
	const char *name;
	enum before before;
	bool with_init; /* the container's init takes part */
	int ok;         /* exit status of success */
	const char *words[12];
	const char *(*done)(void); /* what is not as it is to be after success, or NULL */
	const char *stays;         /* where a failure leaves the container; NULL: in a status of the verb's ways */
};

static struct fault_options options;

static struct {
	unsigned tried, held, said, went_on, killed, missed;
} sum;

static char *first_report, *run_report, *exec_report; /* what is seen without a fault */

#define CALL(...) ground_call((const char *const[]){__VA_ARGS__, NULL})

/* ---- what success means */

/* NULL when what was reported is what is reported without a fault. */
static const char *compare(char **wanted)
{
	static char text[600];
	char *report = ground_report(), *a, *b;
	bool same;

	if (!report)
		return "the container's program did not run";
	if (!*wanted) {
		*wanted = report;
		return NULL;
	}
	for (a = *wanted, b = report; *a && *a == *b; a++, b++)
		;
	same = !*a && !*b;
	if (!same) {
		while (a > *wanted && a[-1] != '\n')
			a--, b--;
		snprintf(text, sizeof(text), "the container is another: \"%.*s\" instead of \"%.*s\"",
			(int)strcspn(b, "\n"), b, (int)strcspn(a, "\n"), a);
	}
	free(report);
	return same ? NULL : text;
}

static const char *has_status(const char *wanted)
{
	static char text[100];
	const char *s = ground_status();

	if (strcmp(s, wanted) == 0)
		return NULL;
	snprintf(text, sizeof(text), "the container is \"%s\" instead of \"%s\"", s, wanted);
	return text;
}

static const char *nothing_left(void)
{
	static char text[600];
	const char *left = ground_left();

	if (!*left)
		return NULL;
	snprintf(text, sizeof(text), "left behind: %s", left);
	return text;
}

static const char *created(void)
{
	const char *bad = has_status("created");

	if (bad)
		return bad;
	if (CALL("start", "@id"))
		return "it cannot be started";
	return compare(&first_report);
}

static const char *started(void)
{
	const char *bad = compare(&first_report);

	return bad ? bad : has_status("running");
}

static const char *ran(void)
{
	const char *bad = compare(&run_report);

	return bad ? bad : *ground_said() ? NULL : nothing_left();
}

static const char *executed(void)
{
	const char *bad = compare(&exec_report);

	return bad ? bad : has_status("running");
}

static const char *stops(void)
{
	for (int i = 0; i < 200; i++) {
		if (!has_status("stopped"))
			return NULL;
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		usleep(5000);
	}
	return has_status("stopped");
}

static const char *paused(void)
{
	return has_status("paused");
}

static const char *resumed(void)
{
	return has_status("running");
}

static const char *updated(void)
{
	const char *value = ground_cgroup_value("pids.max");

	return *value && strcmp(value, "77") != 0 ? "the limit is not in force" : has_status("running");
}

static const struct verb verbs[] = {
	{"create", NOTHING, false, 0, {"create", "--bundle", "@bundle", "@id"}, created, NULL},
	{"run", NOTHING, false, 7, {"run", "--bundle", "@bundle", "--config", "run.json", "@id"}, ran, NULL},
	{"start", CREATED, true, 0, {"start", "@id"}, started, NULL},
	{"exec", RUNNING, false, 7, {"exec", "@id", "/probe", "7"}, executed, "running"},
	{"kill", RUNNING, false, 0, {"kill", "@id", "KILL"}, stops, NULL},
	{"pause", RUNNING, false, 0, {"pause", "@id"}, paused, NULL},
	{"resume", PAUSED, false, 0, {"resume", "@id"}, resumed, NULL},
	{"update", RUNNING, false, 0, {"update", "--pids-limit", "77", "@id"}, updated, "running"},
	{"delete", STOPPED, false, 0, {"delete", "@id"}, nothing_left, NULL},
	{"delete--force", RUNNING, false, 0, {"delete", "--force", "@id"}, nothing_left, NULL},
};

/* ---- one try */

static void must(bool good, const char *what)
{
	if (!good)
		errx(2, "%s without a fault: %s", what, ground_said());
}

static void prepare(enum before before)
{
	const char *bad;

	ground_drain();
	if (ground.cold)
		must(CALL("cache", "clear") == 0, "cache clear");
	if (before == NOTHING)
		return;
	must(CALL("create", "--bundle", "@bundle", "@id") == 0, "create");
	if (before == CREATED)
		return;
	must(CALL("start", "@id") == 0, "start");
	bad = compare(&first_report);
	if (bad)
		errx(2, "start without a fault: %s", bad);
	if (before == PAUSED)
		must(CALL("pause", "@id") == 0, "pause");
	if (before == STOPPED) {
		must(CALL("kill", "@id", "KILL") == 0, "kill");
		must(!stops(), "kill");
	}
}

static const char *fault_text(const struct fault *f)
{
	static char text[96];

	char then[24] = "";

	if (f->then)
		snprintf(then, sizeof(then), "+%u%s", f->then, f->then_kill ? "kill-all" : "");
	snprintf(text, sizeof(text), "%s:%s:%u:%s%s", f->at.role, syscall_name(f->at.nr), f->at.n,
		f->kind == FAULT_ERRNO   ? strerrorname_np(f->err)
		: f->kind == FAULT_SHORT ? "short"
		: f->kind == FAULT_KILL  ? "kill"
					 : "kill-all",
		then);
	return text;
}

/* What is wrong after a verb that has come back with an error, or NULL. */
static const char *after_failure(const struct verb *v, const struct fault *f)
{
	if (!*ground_said())
		return "it failed and did not say why";
	if (!strchr(ground_said(), ':'))
		return "it failed and did not say at which step";
	if (f->then) /* what is to take things away was struck: clean_up() has to do it */
		return NULL;
	if (v->before == NOTHING)
		return nothing_left();
	return v->stays ? has_status(v->stays) : NULL;
}

static const char *after_verb(const struct verb *v, const struct fault *f, const struct traced *t)
{
	static char text[64];

	if (t->hung)
		return "it did not come to an end";
	if (WIFSIGNALED(t->status)) {
		if (f->kind >= FAULT_KILL || (f->then_kill && t->hit_then)) {
			sum.killed++;
			return NULL;
		}
		snprintf(text, sizeof(text), "it died of signal %d", WTERMSIG(t->status));
		return text;
	}
	/* init died after it had become the container's process as far as anybody can tell */
	if (f->kind == FAULT_KILL && (v->with_init || WEXITSTATUS(t->status) == 128 + SIGKILL)) {
		sum.killed++;
		return NULL;
	}
	if (t->hit_then && t->where_then.nr == SYS_write && t->where_then.args[0] == STDERR_FILENO) {
		sum.said++; /* its last words were struck */
		return NULL;
	}
	if (WEXITSTATUS(t->status) == v->ok) {
		const char *bad = v->done();

		sum.went_on++;
		/* init was killed when the verb had nothing more to ask of it */
		return bad && f->kind == FAULT_KILL && !stops() ? NULL : bad;
	}
	sum.said++;
	return after_failure(v, f);
}

/* However it came out: nothing may stay, and the same id can be used again. */
static const char *clean_up(bool again)
{
	const char *bad;

	if (CALL("list", "--clean"))
		return "list --clean fails";
	if (CALL("delete", "--force", "@id"))
		return "delete --force fails";
	bad = nothing_left();
	if (bad || !again)
		return bad;
	ground_drain();
	if (CALL("run", "--bundle", "@bundle", "--config", "run.json", "@id") != 7)
		return "the same id cannot be used again";
	bad = compare(&run_report);
	return bad ? bad : nothing_left();
}

static void complain(
	const struct verb *v, const struct fault *f, const struct site *s, const char *said, const char *bad)
{
	printf("NOT HELD %s %s %s %s(%lx, %lx, %lx): %s\n", ground.setup, v->name, fault_text(f),
		s->init ? "init " : "", s->args[0], s->args[1], s->args[2], bad);
	if (*said)
		printf("\tit said: %s\n", said);
}

/* False: the call was not met this time. */
static bool try(const struct verb *v, const struct fault *f)
{
	const struct traced *t;
	char said[2048];
	const char *bad;
	struct site where;
	pid_t init;

	prepare(v->before);
	init = v->with_init ? ground_pid() : 0;
	ground_forget();
	t = trace_run(ground_argv(v->words), init, ground.err_fd, f);
	where = t->where;
	if (!t->hit) {
		(void)clean_up(false);
		ground_scrub();
		return false;
	}
	snprintf(said, sizeof(said), "%s", ground_said());
	sum.tried++;
	bad = after_verb(v, f, t);
	if (options.verbose)
		printf("%s %s %sexit %x: %s\n", v->name, fault_text(f), where.init ? "init " : "", (unsigned)t->status,
			said);
	if (bad) {
		complain(v, f, &where, said, bad);
	}
	const char *worse = clean_up(v->before == NOTHING || f->kind >= FAULT_KILL);
	if (worse) {
		if (!bad || strncmp(bad, worse, 10) != 0)
			complain(v, f, &where, ground_said(), worse);
		ground_scrub();
	}
	if (!bad && !worse)
		sum.held++;
	fflush(stdout);
	return true;
}

/* What threads do comes in another order now and then. */
static void try_to_meet(const struct verb *v, const struct fault *f)
{
	for (unsigned i = 0; i < MEETINGS; i++)
		if (try(v, f))
			return;
	sum.missed++;
}

/* ---- all faults of a verb */

static unsigned turn;

static void maybe(const struct verb *v, const struct fault *f)
{
	if (options.fault) {
		if (strcmp(options.fault, fault_text(f)) == 0)
			for (unsigned i = 0; i < options.times; i++)
				try_to_meet(v, f);
	} else if (turn++ % options.of == options.part) {
		try_to_meet(v, f);
	}
}

static bool is_clone(const struct site *s)
{
	return s->nr == SYS_clone || s->nr == SYS_clone3 || s->role[0] == 'i' || s->role[1];
}

static void try_site(const struct verb *v, const struct site *s, bool alone)
{
	struct fault f = {.kind = FAULT_ERRNO, .at = *s};

	for (const int *e = errnos_of(s->nr, s->args); *e; e++) {
		f.err = *e;
		if (options.twice) {
			unsigned choice = (unsigned)s->nr * 31 + s->n * 17 + (unsigned)*e * 7 + options.twice * 13;

			f.then = 1 + choice % LATER;
			f.then_kill = choice / LATER % 4 == 0;
		}
		maybe(v, &f);
	}
	if (options.twice)
		return;
	f.kind = FAULT_SHORT;
	if ((s->nr == SYS_read || s->nr == SYS_write || s->nr == SYS_pread64) && s->args[2] > 1)
		maybe(v, &f);
	f.kind = FAULT_KILL;
	maybe(v, &f);
	f.kind = FAULT_KILL_ALL;
	if (!alone)
		maybe(v, &f);
}

/* Of a loop over all capabilities three calls are enough. */
static bool is_repetition(const struct site *s, size_t i)
{
	for (size_t k = 1; k <= 3; k++)
		if (k > i || s[i].nr != SYS_prctl || s[i - k].nr != SYS_prctl || s[i].args[0] != s[i - k].args[0])
			return false;
	return true;
}

/* The calls of a verb that nothing happens to. */
static size_t trace_sites(const struct verb *v, struct site *sites)
{
	static const struct fault none = {.kind = FAULT_NONE};
	const struct traced *t;
	const char *bad;
	pid_t init;

	prepare(v->before);
	init = v->with_init ? ground_pid() : 0;
	ground_forget();
	t = trace_run(ground_argv(v->words), init, ground.err_fd, &none);
	memcpy(sites, t->sites, t->n * sizeof(*sites));
	must(!t->hung && WIFEXITED(t->status) && WEXITSTATUS(t->status) == v->ok, v->name);
	bad = v->done();
	if (!bad)
		bad = clean_up(true);
	if (bad)
		errx(2, "%s without a fault: %s", v->name, bad);
	return t->n;
}

static void try_verb(const struct verb *v)
{
	static struct site sites[MAX_SITES];
	unsigned tried = sum.tried, held = sum.held;
	bool alone = !v->with_init;
	size_t n = 0, before;

	for (int i = 0; i < 3; i++) { /* what is kept between starts is there then */
		prepare(v->before);
		if (ground_call(v->words) != v->ok) {
			printf("%s %s: not to be had here: %s\n", ground.setup, v->name, ground_said());
			must(!clean_up(false), v->name);
			return;
		}
		must(!v->done(), v->name);
		must(!clean_up(true), v->name);
	}
	for (unsigned i = 0; i < MEETINGS; i++) { /* one that comes twice: now and then a call is made once more */
		before = n;
		n = trace_sites(v, sites);
		if (n == before)
			break;
	}
	for (size_t i = 0; i < n; i++) {
		alone &= !is_clone(&sites[i]);
		if (options.list)
			printf("%s %s:%s:%u %s(%lx, %lx, %lx)\n", v->name, sites[i].role, syscall_name(sites[i].nr),
				sites[i].n, sites[i].init ? "init " : "", sites[i].args[0], sites[i].args[1],
				sites[i].args[2]);
		else if (!is_repetition(sites, i))
			try_site(v, &sites[i], alone);
	}
	printf("%s %s: %zu system calls, %u injections tried, %u held\n", ground.setup, v->name, n, sum.tried - tried,
		sum.held - held);
	fflush(stdout);
}

bool try_faults(const struct fault_options *o)
{
	options = *o;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!options.verb || strcmp(options.verb, verbs[i].name) == 0)
			try_verb(&verbs[i]);
	printf("%s: %u injections tried, %u held (%u refused with a reason, %u went on, %u killed; %u places not met "
	       "again)\n",
		ground.setup, sum.tried, sum.held, sum.said, sum.went_on, sum.killed, sum.missed);
	return sum.held == sum.tried;
}
