/* SPDX-License-Identifier: Apache-2.0 */
#include "ground.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CALL_MS = 20000, REPORT_MS = 10000, DYING_MS = 5000, REPORT_MAX = 65536 };

struct ground ground;
static char hierarchies[32][128];
static size_t n_hierarchies;
static char *mounts_before;
static int fifo = -1;

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- calls of the runtime */

char *const *ground_argv(const char *const *words)
{
	static char *argv[32];
	size_t n = 0;

	argv[n++] = (char *)ground.runtime;
	argv[n++] = (char *)"--root";
	argv[n++] = (char *)ground.root;
	argv[n++] = (char *)"--cgroup-manager";
	argv[n++] = (char *)"cgroupfs";
	for (; *words && n < 31; words++)
		argv[n++] = strcmp(*words, "@id") == 0       ? (char *)ID
			    : strcmp(*words, "@bundle") == 0 ? (char *)ground.bundle
							     : (char *)*words;
	argv[n] = NULL;
	return argv;
}

void ground_forget(void)
{
	(void)!ftruncate(ground.err_fd, 0);
	(void)lseek(ground.err_fd, 0, SEEK_SET);
}

const char *ground_said(void)
{
	static char text[2048];
	ssize_t n = pread(ground.err_fd, text, sizeof(text) - 1, 0);

	while (n > 0 && text[n - 1] == '\n')
		n--;
	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* Reaps whatever else ends meanwhile, as the init of a host does: a pid namespace waits for that. */
static int wait_for(pid_t pid)
{
	const struct timespec slice = {.tv_nsec = 20000000};
	long deadline = now_ms() + CALL_MS;
	sigset_t child;
	int status;
	pid_t p;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while ((p = waitpid(-1, &status, WNOHANG)) != pid) {
		if (p == 0)
			(void)sigtimedwait(&child, NULL, &slice);
		if (now_ms() > deadline) {
			kill(pid, SIGKILL);
			(void)waitpid(pid, &status, 0);
			return -1;
		}
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int ground_call(const char *const *words)
{
	char *const *argv = ground_argv(words);
	sigset_t none;
	pid_t pid;

	ground_forget();
	pid = vfork();
	if (pid == 0) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		dup2(ground.err_fd, 1);
		dup2(ground.err_fd, 2);
		execv(argv[0], argv);
		_exit(127);
	}
	return wait_for(pid);
}

#define CALL(...) ground_call((const char *const[]){__VA_ARGS__, NULL})

const char *ground_status(void)
{
	static char status[16];
	const char *p;

	status[0] = '\0';
	if (CALL("state", "@id") == 0 && (p = strstr(ground_said(), "\"status\": \"")))
		sscanf(p + 11, "%15[a-z]", status);
	return status;
}

pid_t ground_pid(void)
{
	const char *p;

	return CALL("state", "@id") == 0 && (p = strstr(ground_said(), "\"pid\": ")) ? (pid_t)atoi(p + 7) : 0;
}

/* ---- what a container's program reports */

static void tell_namespace(char *line)
{
	char path[64], ours[64] = "", name[16], *theirs = strrchr(line, ' ');
	ssize_t n;

	if (!theirs || sscanf(line, "ns %15s", name) != 1)
		return;
	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	n = readlink(path, ours, sizeof(ours) - 1);
	ours[n > 0 ? n : 0] = '\0';
	strcpy(theirs + 1, strcmp(theirs + 1, ours) == 0 ? "host" : "own");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted: mounts may be made in another order. */
static void put_in_order(char *text, char *ret)
{
	char *lines[1024], *save, *line;
	size_t n = 0;

	for (line = strtok_r(text, "\n", &save); line && n < 1024; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "ns ", 3) == 0)
			tell_namespace(line);
		lines[n++] = line;
	}
	qsort(lines, n, sizeof(*lines), by_text);
	for (size_t i = 0; i < n; i++)
		strcat(strcat(ret, lines[i]), "\n");
}

char *ground_report(void)
{
	char *text = calloc(1, REPORT_MAX), *ret = calloc(1, REPORT_MAX);
	struct pollfd p = {.fd = fifo, .events = POLLIN};
	long deadline = now_ms() + REPORT_MS, left;
	size_t len = 0;

	while (text && ret && !(len >= 4 && strcmp(text + len - 4, "end\n") == 0)) {
		ssize_t n;

		left = deadline - now_ms();
		if (left <= 0 || (poll(&p, 1, (int)left) < 0 && errno != EINTR))
			break;
		n = read(fifo, text + len, REPORT_MAX - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	if (!text || !ret || len < 4 || strcmp(text + len - 4, "end\n") != 0) {
		free(text);
		free(ret);
		return NULL;
	}
	put_in_order(text, ret);
	free(text);
	return ret;
}

void ground_drain(void)
{
	char b[4096];

	while (read(fifo, b, sizeof(b)) > 0)
		;
}

const char *ground_cgroup_value(const char *file)
{
	static char value[128];
	char path[512];

	value[0] = '\0';
	for (size_t i = 0; i < n_hierarchies; i++) {
		FILE *f;

		snprintf(path, sizeof(path), "%s%s/" ID "/%s", hierarchies[i], ground.parent, file);
		f = fopen(path, "re");
		if (f && fgets(value, sizeof(value), f))
			value[strcspn(value, "\n")] = '\0';
		if (f)
			fclose(f);
	}
	return value;
}

/* ---- what is left */

static bool is_ours(pid_t pid)
{
	char path[64], text[1024] = "";
	FILE *f;
	pid_t p;

	if (pid != ground.neighbour)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	p = f && fgets(text, sizeof(text), f) ? pid : 0;
	if (f)
		fclose(f);
	return p && strstr(text, ") S ");
}

pid_t ground_stranger(void)
{
	char path[64];
	pid_t pid, found = 0;
	bool neighbour = false;
	FILE *f;

	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "re");
	while (f && fscanf(f, "%d", &pid) == 1) {
		if (is_ours(pid))
			neighbour = true;
		else if (!found)
			found = pid;
	}
	if (f)
		fclose(f);
	return found ? found : neighbour || !ground.neighbour ? 0 : -1;
}

pid_t ground_alone(long ms)
{
	const struct timespec slice = {.tv_nsec = 20000000};
	long deadline = now_ms() + ms;
	sigset_t child;
	pid_t pid;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while ((pid = ground_stranger()) > 0 && now_ms() < deadline)
		(void)sigtimedwait(&child, NULL, &slice);
	return pid;
}

/* The places of all mounts, one a line, without the templates', which are counted. */
static char *mounts_now(size_t *templates)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[8192], at[4096], *ret = NULL;
	size_t size;
	FILE *all = open_memstream(&ret, &size);

	*templates = 0;
	while (f && all && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %*s %*s %*s %4095s", at) != 1)
			continue;
		if (strncmp(at, "/run/enviro-oci/@templates", 26) == 0)
			++*templates;
		else
			fprintf(all, "%s\n", at);
	}
	if (f)
		fclose(f);
	if (!all || fclose(all) != 0)
		errx(2, "memory");
	return ret;
}

/* A place that was taken away took its mount along in all namespaces: that was somebody else. */
static bool is_gone(const char *line, size_t len)
{
	char path[4096];

	snprintf(path, sizeof(path), "%.*s", (int)len, line);
	return access(path, F_OK) < 0 && errno == ENOENT;
}

static const char *left_mounts(void)
{
	static char text[512];
	size_t templates;
	char *now = mounts_now(&templates), *a = mounts_before, *b = now;

	text[0] = '\0';
	if (templates > 4)
		snprintf(text, sizeof(text), "%zu mounts of templates", templates);
	while ((*a || *b) && !*text) {
		size_t len = strcspn(a, "\n"), len_now = strcspn(b, "\n");

		if (len && len == len_now && strncmp(a, b, len) == 0) {
			a += len + 1;
			b += len_now + 1;
		} else if (len && is_gone(a, len)) {
			a += len + 1;
		} else {
			snprintf(text, sizeof(text), "mounts: \"%.*s\" where \"%.*s\" was", (int)len_now, b, (int)len,
				a);
		}
	}
	free(now);
	return text;
}

/* What lies in a directory beside the names that may. */
static const char *odd_entry(const char *dir, const char *const *may)
{
	static char name[256];
	DIR *d = opendir(dir);
	struct dirent *e;

	name[0] = '\0';
	while (d && (e = readdir(d)) && !*name) {
		bool fine = e->d_name[0] == '.' && (!e->d_name[1] || e->d_name[1] == '.');

		for (size_t i = 0; may[i]; i++)
			fine |= strcmp(e->d_name, may[i]) == 0;
		if (!fine)
			snprintf(name, sizeof(name), "%s", e->d_name);
	}
	if (d)
		closedir(d);
	return name;
}

static const char *left_files(void)
{
	static const char *const root[] = {NEIGHBOUR, "@cache", "@metrics", NULL};
	static char text[512];
	const char *name = odd_entry(ground.root, root);
	char path[256];
	struct stat st;

	text[0] = '\0';
	if (*name)
		snprintf(text, sizeof(text), "state root: %s", name);
	for (size_t i = 0; i < n_hierarchies && !*text; i++) {
		snprintf(path, sizeof(path), "%s%s/" ID, hierarchies[i], ground.parent);
		if (access(path, F_OK) == 0) {
			snprintf(text, sizeof(text), "cgroup: %s", path);
			break;
		}
		*strrchr(path, '/') = '\0';
		if (stat(path, &st) == 0 && st.st_nlink > 3)
			snprintf(text, sizeof(text), "cgroup: %zu in %s", (size_t)st.st_nlink - 2, path);
	}
	return text;
}

const char *ground_left(void)
{
	static char text[512];
	pid_t pid = ground_alone(DYING_MS);
	const char *mounts;

	text[0] = '\0';
	if (pid > 0) {
		char path[64], name[64] = "";
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		(void)!read(fd, name, sizeof(name) - 1);
		close(fd);
		name[strcspn(name, "\n")] = '\0';
		snprintf(text, sizeof(text), "process %d (%s)", (int)pid, name);
		return text;
	}
	if (pid < 0)
		return "the neighbour is gone or does not sleep";
	mounts = left_mounts();
	return *mounts ? mounts : left_files();
}

void ground_scrub(void)
{
	char path[512];
	pid_t pid;

	(void)CALL("delete", "--force", "@id");
	for (int tries = 0; tries < 50 && (pid = ground_stranger()) > 0; tries++) {
		for (size_t i = 0; i < n_hierarchies; i++) {
			int fd;

			snprintf(path, sizeof(path), "%s%s/" ID "/freezer.state", hierarchies[i], ground.parent);
			fd = open(path, O_WRONLY | O_CLOEXEC);
			(void)!write(fd, "THAWED", 6);
			close(fd);
		}
		kill(pid, SIGKILL);
		(void)poll(NULL, 0, 20);
	}
	for (size_t i = 0; i < n_hierarchies; i++) {
		snprintf(path, sizeof(path), "%s%s/" ID, hierarchies[i], ground.parent);
		(void)rmdir(path);
	}
	snprintf(path, sizeof(path), "%s/" ID, ground.root);
	if (access(path, F_OK) == 0) {
		char command[600];

		snprintf(command, sizeof(command), "rm -rf '%s'", path);
		(void)!system(command);
	}
}

/* ---- the beginning and the end */

static void find_hierarchies(void)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[8192], at[256], type[64];

	while (f && fgets(line, sizeof(line), f)) {
		char *dash = strstr(line, " - ");

		if (dash && sscanf(line, "%*s %*s %*s %*s %255s", at) == 1 && sscanf(dash + 3, "%63s", type) == 1 &&
			strncmp(type, "cgroup", 6) == 0 && strncmp(at, "/sys/fs/cgroup", 14) == 0 && n_hierarchies < 32)
			snprintf(hierarchies[n_hierarchies++], sizeof(hierarchies[0]), "%s", at);
	}
	if (f)
		fclose(f);
}

void ground_begin(void)
{
	char path[512];
	sigset_t child;
	size_t templates;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	ground.err_fd = memfd_create("said", MFD_CLOEXEC);
	fcntl(ground.err_fd, F_SETFL, O_APPEND);
	snprintf(path, sizeof(path), "%s/out/fifo", ground.bundle);
	fifo = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fifo < 0)
		err(2, "%s", path);
	find_hierarchies();
	snprintf(path, sizeof(path), "%s/" NEIGHBOUR ".pid", ground.bundle);
	if (CALL("run", "--detach", "--pid-file", path, "--bundle", ground.bundle, "--config", "neighbour.json",
		    NEIGHBOUR))
		errx(2, "the neighbour does not start: %s", ground_said());
	FILE *f = fopen(path, "re");
	if (!f || fscanf(f, "%d", &ground.neighbour) != 1)
		errx(2, "%s", path);
	fclose(f);
	(void)unlink(path);
	free(ground_report());
	mounts_before = mounts_now(&templates);
}

void ground_end(void)
{
	ground_scrub();
	if (CALL("delete", "--force", NEIGHBOUR))
		warnx("the neighbour: %s", ground_said());
	ground.neighbour = 0;
	(void)CALL("cache", "clear");
}
