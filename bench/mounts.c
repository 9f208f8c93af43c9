/* SPDX-License-Identifier: Apache-2.0 */

/* mounts N DIR: puts N bind mounts on directories below DIR (made here, on a tmpfs), then says its pid and stays until
 * its stdin ends. It is run in a mount namespace of its own, which lives as long as it does. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static void check(int r, const char *what)
{
	if (r < 0) {
		fprintf(stderr, "mounts: %s: %s\n", what, strerror(errno));
		exit(1);
	}
}

int main(int argc, char **argv)
{
	char c, name[32];
	int n;

	if (argc != 3) {
		fputs("usage: mounts N DIR\n", stderr);
		return 2;
	}
	n = atoi(argv[1]);
	check(mount("mounts", argv[2], "tmpfs", 0, NULL), argv[2]);
	check(chdir(argv[2]), argv[2]);
	check(mkdir("source", 0755), "source");
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%d", i);
		check(mkdir(name, 0755), name);
		check(mount("source", name, NULL, MS_BIND, NULL), name);
	}
	printf("%d\n", (int)getpid());
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	return 0;
}
