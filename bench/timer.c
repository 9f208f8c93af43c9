/* SPDX-License-Identifier: Apache-2.0 */

/* timer: runs the commands of several contestants in turn, in one process's lifetime on one machine, and compares how
 * long each took. Reads a script (a file, or stdin), words separated by blanks, `%N` in a word standing for the number
 * of the round:
 *
 *   contestant NAME     what follows is done by NAME, once a round, in this order
 *   mounts FILE         CMDs of this contestant are run in the mount namespace FILE (/proc/PID/ns/mnt)
 *   time MEASURE CMD... runs CMD and books its time under MEASURE
 *   do CMD...           runs CMD, not timed
 *   pid FILE            FILE holds the pid of a process for `gone`
 *   gone                waits until that process has ended, and reaps it when it has become our child
 *
 * Rounds are interleaved: each round lets every contestant go once, a different one first. Commands get /dev/null as
 * stdin and stdout. A command that fails ends the measurement. Orphans become our children, as they do under an engine.
 *
 * Prints a table: the best time, the median, the 99th percentile, the distance of the quartiles, the mean of the CPU
 * time of the command and all that it waited for, its largest resident set, and the median as a multiple of the first
 * contestant's. With -j the same goes to the end of a file, one JSON object a line, with the members of -l before its
 * own.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_WORDS = 64, MAX_STEPS = 64, MAX_CONTESTANTS = 16, MAX_MEASURES = 64 };
enum step_type { STEP_TIME, STEP_DO, STEP_PID, STEP_GONE };

struct series {
	double *wall_ms, *cpu_ms;
	long max_rss_kb;
	size_t n;
};

struct step {
	enum step_type type;
	size_t measure; /* STEP_TIME */
	char *words[MAX_WORDS + 1];
};

struct contestant {
	char *name;
	struct step steps[MAX_STEPS];
	size_t n_steps;
	struct series series[MAX_MEASURES];
	int mounts; /* the namespace, or -1 for that of the timer */
	int pidfd;
	pid_t pid;
};

static struct contestant contestants[MAX_CONTESTANTS];
static size_t n_contestants;
static char *measures[MAX_MEASURES];
static size_t n_measures;
static unsigned rounds = 100, warmup = 3, pause_ms;
static FILE *json;
static const char *label = "";
static int own_mounts;

static __attribute__((noreturn, format(printf, 1, 2))) void die(const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	fputs("timer: ", stderr);
	vfprintf(stderr, f, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static void *must(void *p)
{
	if (!p)
		die("out of memory");
	return p;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* ---- the script ---- */

static size_t measure_number(const char *name)
{
	for (size_t i = 0; i < n_measures; i++)
		if (!strcmp(measures[i], name))
			return i;
	if (n_measures == MAX_MEASURES)
		die("more than %d measures", MAX_MEASURES);
	measures[n_measures] = must(strdup(name));
	return n_measures++;
}

static void read_step(struct step *s, char **save, size_t line)
{
	size_t n = 0;

	for (char *w; (w = strtok_r(NULL, " \t\n", save));) {
		if (n == MAX_WORDS)
			die("line %zu: more than %d words", line, MAX_WORDS);
		s->words[n++] = must(strdup(w));
	}
	if (s->type != STEP_GONE && !n)
		die("line %zu: a word is missing", line);
}

static void read_line(char *text, size_t line)
{
	static const char *const names[] = {"time", "do", "pid", "gone"};
	char *save, *verb = strtok_r(text, " \t\n", &save), *word;
	struct contestant *c = n_contestants ? &contestants[n_contestants - 1] : NULL;
	struct step *s;
	unsigned type = 0;

	if (!verb || *verb == '#')
		return;
	if (!strcmp(verb, "contestant")) {
		word = strtok_r(NULL, " \t\n", &save);
		if (!word || n_contestants == MAX_CONTESTANTS)
			die("line %zu: no name, or more than %d contestants", line, MAX_CONTESTANTS);
		contestants[n_contestants].pidfd = contestants[n_contestants].mounts = -1;
		contestants[n_contestants++].name = must(strdup(word));
		return;
	}
	if (!strcmp(verb, "mounts") && c) {
		word = strtok_r(NULL, " \t\n", &save);
		c->mounts = word ? open(word, O_RDONLY | O_CLOEXEC) : -1;
		if (c->mounts < 0)
			die("line %zu: mounts: %s", line, word ? strerror(errno) : "no file");
		return;
	}
	while (type < 4 && strcmp(verb, names[type]) != 0)
		type++;
	if (type == 4 || !c || c->n_steps == MAX_STEPS)
		die("line %zu: unknown word %s, no contestant, or more than %d steps", line, verb, MAX_STEPS);
	s = &c->steps[c->n_steps++];
	s->type = (enum step_type)type;
	if (s->type == STEP_TIME) {
		word = strtok_r(NULL, " \t\n", &save);
		if (!word)
			die("line %zu: a measure needs a name", line);
		s->measure = measure_number(word);
	}
	read_step(s, &save, line);
}

static void read_script(const char *path)
{
	FILE *f = !strcmp(path, "-") ? stdin : fopen(path, "re");
	char *text = NULL;
	size_t size = 0, line = 0;

	if (!f)
		die("%s: %s", path, strerror(errno));
	while (getline(&text, &size, f) > 0)
		read_line(text, ++line);
	free(text);
	if (f != stdin)
		fclose(f);
	if (!n_contestants)
		die("%s: no contestant", path);
}

/* ---- one step ---- */

/* Puts the round's number for each %N; the result is overwritten by the next call with the same slot. */
static char *expand(const char *word, unsigned round, size_t slot)
{
	static char buf[MAX_WORDS + 1][4096];
	char *out = buf[slot], *end = out + sizeof(buf[0]) - 16;

	while (*word && out < end) {
		if (word[0] == '%' && word[1] == 'N') {
			out += sprintf(out, "%u", round);
			word += 2;
		} else {
			*out++ = *word++;
		}
	}
	*out = '\0';
	return buf[slot];
}

static double cpu_of(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1e3 +
	       (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e3;
}

static void book(struct series *s, double wall, const struct rusage *u)
{
	if (!s->wall_ms) {
		s->wall_ms = must(calloc(rounds, sizeof(double)));
		s->cpu_ms = must(calloc(rounds, sizeof(double)));
	}
	if (s->n == rounds)
		die("a measure is taken more than once a round");
	s->wall_ms[s->n] = wall;
	s->cpu_ms[s->n++] = cpu_of(u);
	if (u->ru_maxrss > s->max_rss_kb)
		s->max_rss_kb = u->ru_maxrss;
}

static void run_command(struct contestant *c, const struct step *s, unsigned round, bool count)
{
	static posix_spawn_file_actions_t actions;
	static bool ready;
	char *argv[MAX_WORDS + 1];
	struct rusage usage;
	size_t n = 0;
	double begin, end;
	int status, r;
	pid_t pid;

	if (!ready) {
		posix_spawn_file_actions_init(&actions);
		posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
		posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
		ready = true;
	}
	for (; s->words[n]; n++)
		argv[n] = expand(s->words[n], round, n);
	argv[n] = NULL;
	begin = now_ms();
	r = argv[0] ? posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) : EINVAL;
	if (r)
		die("%s: %s: %s", c->name, argv[0], strerror(r));
	while (wait4(pid, &status, 0, &usage) < 0)
		if (errno != EINTR)
			die("wait4: %s", strerror(errno));
	end = now_ms();
	if (status)
		die("%s: %s %s %s ended with status 0x%x in round %u", c->name, argv[0], n > 1 ? argv[1] : "",
			s->type == STEP_TIME ? measures[s->measure] : "", (unsigned)status, round);
	if (count && s->type == STEP_TIME)
		book(&c->series[s->measure], end - begin, &usage);
}

static void take_pid(struct contestant *c, const char *path)
{
	FILE *f = fopen(path, "re");
	long pid;

	if (!f || fscanf(f, "%ld", &pid) != 1)
		die("%s: %s has no pid", c->name, path);
	fclose(f);
	c->pid = (pid_t)pid;
	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	if (c->pidfd < 0)
		die("%s: pidfd_open %ld: %s", c->name, pid, strerror(errno));
}

static void wait_gone(struct contestant *c)
{
	struct pollfd p = {c->pidfd, POLLIN, 0};

	if (c->pidfd < 0)
		die("%s: gone: there is no pid", c->name);
	if (poll(&p, 1, 10000) != 1)
		die("%s: process %d has not ended within 10 s", c->name, c->pid);
	close(c->pidfd);
	c->pidfd = -1;
}

/* The working directory becomes the root of the namespace; the paths in scripts are absolute. */
static void enter(int mounts)
{
	static int now = -1;

	if (mounts == now)
		return;
	if (setns(mounts < 0 ? own_mounts : mounts, CLONE_NEWNS) < 0)
		die("setns: %s", strerror(errno));
	now = mounts;
}

static void one_life(struct contestant *c, unsigned round, bool count)
{
	enter(c->mounts);
	for (size_t i = 0; i < c->n_steps; i++) {
		const struct step *s = &c->steps[i];

		switch (s->type) {
		case STEP_TIME:
		case STEP_DO:
			run_command(c, s, round, count);
			break;
		case STEP_PID:
			take_pid(c, expand(s->words[0], round, 0));
			break;
		case STEP_GONE:
			wait_gone(c);
			break;
		}
		while (waitpid(-1, NULL, WNOHANG) > 0) /* orphans */
			;
	}
}

/* ---- the result ---- */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The value below which `part` of the sorted series lies. */
static double quantile(const double *v, size_t n, double part)
{
	double at = part * (double)(n - 1);
	size_t i = (size_t)at;

	return i + 1 < n ? v[i] + (v[i + 1] - v[i]) * (at - (double)i) : v[n - 1];
}

static void report_line(const struct contestant *c, size_t m, double base)
{
	const struct series *s = &c->series[m];
	const double *w = s->wall_ms;
	double median = quantile(w, s->n, 0.5), iqr = quantile(w, s->n, 0.75) - quantile(w, s->n, 0.25), cpu = 0;

	for (size_t i = 0; i < s->n; i++)
		cpu += s->cpu_ms[i] / (double)s->n;

	printf("| %-10s | %-12s | %8.3f | %8.3f | %8.3f | %9.3f | %8.3f | %7ld | %6.2f |\n", measures[m], c->name, w[0],
		median, quantile(w, s->n, 0.99), iqr, cpu, s->max_rss_kb, median / base);
	if (!json)
		return;
	fprintf(json,
		"{%s%s\"measure\":\"%s\",\"program\":\"%s\",\"rounds\":%zu,\"best_ms\":%.4f,\"median_ms\":%.4f,"
		"\"p99_ms\":%.4f,\"iqr_ms\":%.4f,\"cpu_ms\":%.4f,\"max_rss_kb\":%ld,\"samples_ms\":[",
		label, *label ? "," : "", measures[m], c->name, s->n, w[0], median, quantile(w, s->n, 0.99), iqr, cpu,
		s->max_rss_kb);
	for (size_t i = 0; i < s->n; i++)
		fprintf(json, "%s%.4f", i ? "," : "", w[i]);
	fputs("]}\n", json);
}

static void report(void)
{
	puts("| measure    | program      |  best ms |   median |      p99 | quartiles |   CPU ms |  RSS KB |  ratio |\n"
	     "|------------|--------------|---------:|---------:|---------:|----------:|---------:|--------:|-------:|");
	for (size_t m = 0; m < n_measures; m++) {
		double base = 0;

		for (size_t i = 0; i < n_contestants; i++) {
			struct series *s = &contestants[i].series[m];

			if (!s->n)
				continue;
			qsort(s->wall_ms, s->n, sizeof(double), compare);
			if (base <= 0)
				base = quantile(s->wall_ms, s->n, 0.5);
			report_line(&contestants[i], m, base);
		}
	}
}

static unsigned number(const char *s)
{
	char *end;
	unsigned long v = strtoul(s, &end, 10);

	if (!*s || *end || v > 1000000)
		die("not a number: %s", s);
	return (unsigned)v;
}

int main(int argc, char **argv)
{
	int o;

	while ((o = getopt(argc, argv, "n:w:p:j:l:")) >= 0) {
		if (o == 'n')
			rounds = number(optarg);
		else if (o == 'w')
			warmup = number(optarg);
		else if (o == 'p')
			pause_ms = number(optarg);
		else if (o == 'l')
			label = optarg;
		else if (o == 'j' && (json = fopen(optarg, "ae")))
			continue;
		else
			optind = argc;
	}
	if (optind + 1 != argc || !rounds) {
		fputs("usage: timer [-n ROUNDS] [-w WARM-UP ROUNDS] [-p PAUSE BETWEEN LIVES, MS] [-j FILE [-l MEMBERS]] SCRIPT\n", stderr);
		return 2;
	}
	read_script(argv[optind]);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	own_mounts = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	for (unsigned r = 0; r < rounds + warmup; r++)
		for (size_t i = 0; i < n_contestants; i++) {
			struct timespec t = {pause_ms / 1000, (long)(pause_ms % 1000) * 1000000};

			if (pause_ms)
				nanosleep(&t, NULL);
			one_life(&contestants[(i + r) % n_contestants], r, r >= warmup);
		}
	report();
	if (json && fclose(json))
		die("the JSON file: %s", strerror(errno));
	return 0;
}
