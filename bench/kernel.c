/* SPDX-License-Identifier: Apache-2.0 */

/* kernel: what the kernel charges for namespaces: a process cloned with new ones until it has ended, and a network
 * namespace that is entered instead of made. One JSON object a line; -n: how often each (default: 50). */

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel/sys.h"

static int rounds = 50, netns;

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double one(uint64_t flags, int enter)
{
	struct sys_clone_args a = {.flags = flags, .exit_signal = SIGCHLD};
	double begin = now_ms();
	int pid = sys_clone3(&a), status;

	if (pid == 0)
		_exit(enter && setns(netns, CLONE_NEWNET) < 0);
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status) {
		fprintf(stderr, "kernel: clone3: %s\n", strerror(pid < 0 ? -pid : errno));
		exit(1);
	}
	return now_ms() - begin;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		uint64_t flags;
		int enter;
	} kinds[] = {
		{"none", 0, 0},
		{"uts", CLONE_NEWUTS, 0},
		{"ipc", CLONE_NEWIPC, 0},
		{"pid", CLONE_NEWPID, 0},
		{"mount", CLONE_NEWNS, 0},
		{"network", CLONE_NEWNET, 0},
		{"network, entered", 0, 1},
		{"all but network", CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNS, 0},
		{"all", CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET, 0},
	};
	enum { N = sizeof(kinds) / sizeof(kinds[0]) };
	double *took[N];

	if (argc == 3 && !strcmp(argv[1], "-n"))
		rounds = atoi(argv[2]);
	if (rounds < 1 || unshare(CLONE_NEWNET) < 0)
		return 2;
	netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	for (int k = 0; k < N; k++)
		took[k] = calloc((size_t)rounds, sizeof(double));
	for (int i = 0; i < rounds; i++)
		for (int k = 0; k < N; k++)
			took[k][i] = one(kinds[k].flags, kinds[k].enter);
	for (int k = 0; k < N; k++) {
		qsort(took[k], (size_t)rounds, sizeof(double), compare);
		printf("{\"name\":\"namespaces\",\"measure\":\"%s\",\"program\":\"kernel\",\"rounds\":%d,\"best_ms\":%.4f,"
		       "\"median_ms\":%.4f,\"p99_ms\":%.4f}\n",
			kinds[k].name, rounds, took[k][0], took[k][rounds / 2], took[k][(rounds - 1) * 99 / 100]);
	}
	return 0;
}
