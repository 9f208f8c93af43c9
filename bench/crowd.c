/* SPDX-License-Identifier: Apache-2.0 */

/* crowd: many containers of one runtime.
 *
 *   crowd [-n N] [-j JOBS] [-k] ID -- RUNTIME [OPTION...]
 *
 * Lives N lives (create, start, delete --force) of the bundle in the working directory, whose process waits, JOBS at a
 * time; the containers are called ID-0, ID-1 ... With -k all N are kept alive until the last has been started, and are
 * deleted then. Prints JSON members: the whole time, lives a second, and what create and start of one took together:
 * the medians of the first tenth (at least 10) and of the last. */

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_WORDS = 32, MAX_JOBS = 64 };
enum stage { CREATE, START, DELETE, DONE };

struct life {
	int number;
	enum stage stage;
	pid_t pid;
	double begin;
};

static char **runtime;
static const char *id;
static int count = 100, jobs = 1;
static bool keep;
static double *took;
static posix_spawn_file_actions_t actions;

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void spawn(struct life *l)
{
	static char *const verbs[][2] = {{"create", NULL}, {"start", NULL}, {"delete", "--force"}};
	char *argv[MAX_WORDS + 4], name[64];
	int n = 0, r;

	while (n < MAX_WORDS && runtime[n]) {
		argv[n] = runtime[n];
		n++;
	}
	snprintf(name, sizeof(name), "%s-%d", id, l->number);
	argv[n++] = verbs[l->stage][0];
	if (verbs[l->stage][1])
		argv[n++] = verbs[l->stage][1];
	argv[n++] = name;
	argv[n] = NULL;
	r = posix_spawnp(&l->pid, argv[0], &actions, NULL, argv, environ);
	if (r) {
		fprintf(stderr, "crowd: %s: %s\n", argv[0], strerror(r));
		exit(1);
	}
}

/* Orphans of runtimes are not ours: no subreaper, so each end is that of a command. */
static struct life *wait_one(struct life *l, int n)
{
	int status;
	pid_t pid;

	do
		pid = wait(&status);
	while (pid < 0 && errno == EINTR);
	for (int i = 0; i < n; i++) {
		if (l[i].stage == DONE || l[i].pid != pid)
			continue;
		if (status) {
			fprintf(stderr, "crowd: container %d, step %d: status 0x%x\n", l[i].number, (int)l[i].stage, status);
			exit(1);
		}
		return &l[i];
	}
	fprintf(stderr, "crowd: lost a command\n");
	exit(1);
}

/* Lives through the stages from `from` up to before `to`. */
static void run(enum stage from, enum stage to)
{
	struct life l[MAX_JOBS];
	int next = 0, alive = 0;

	for (int i = 0; i < jobs; i++)
		l[i].stage = DONE;
	for (int i = 0; i < jobs && next < count; i++, alive++) {
		l[i] = (struct life){.number = next++, .stage = from, .begin = now_ms()};
		spawn(&l[i]);
	}
	while (alive) {
		struct life *done = wait_one(l, jobs);

		done->stage++;
		if (done->stage == DELETE)
			took[done->number] = now_ms() - done->begin;
		if (done->stage == to) {
			alive--;
			done->stage = DONE;
			if (next == count)
				continue;
			*done = (struct life){.number = next++, .stage = from, .begin = now_ms()};
			alive++;
		}
		spawn(done);
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), compare);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

int main(int argc, char **argv)
{
	double begin, all;
	int o, part;

	while ((o = getopt(argc, argv, "+n:j:k")) >= 0) {
		if (o == 'n')
			count = atoi(optarg);
		else if (o == 'j')
			jobs = atoi(optarg);
		else if (o == 'k')
			keep = true;
		else
			optind = argc;
	}
	if (optind + 2 > argc || count < 1 || jobs < 1 || jobs > MAX_JOBS) {
		fputs("usage: crowd [-n N] [-j JOBS] [-k] ID -- RUNTIME [OPTION...]\n", stderr);
		return 2;
	}
	id = argv[optind];
	runtime = argv + optind + 1 + !strcmp(argv[optind + 1], "--");
	took = calloc((size_t)count, sizeof(*took));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	begin = now_ms();
	run(CREATE, keep ? DELETE : DONE);
	all = now_ms() - begin;
	if (keep)
		run(DELETE, DONE);
	part = count / 10 > 10 ? count / 10 : count < 10 ? count : 10;
	printf("\"containers\":%d,\"jobs\":%d,\"all_ms\":%.3f,\"lives_per_s\":%.2f,\"first_ms\":%.4f,\"last_ms\":%.4f\n", count,
		jobs, all, count / all * 1e3, median(took, part), median(took + count - part, part));
	return 0;
}
