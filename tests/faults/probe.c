/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program of the containers: writes what it can see of them to the fifo /out/fifo, so that two starts can be
 * compared, and then waits for a signal, or ends with the status that is given as an argument.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <net/if.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char text[60000];
static size_t len;

__attribute__((format(printf, 1, 2))) static void add(const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text + len, sizeof(text) - len, format, ap);
	va_end(ap);
	if (n > 0 && len + (size_t)n < sizeof(text))
		len += (size_t)n;
}

static void add_lines(const char *file, const char *const *starts)
{
	FILE *f = fopen(file, "re");
	char line[4096];

	while (f && fgets(line, sizeof(line), f))
		for (const char *const *s = starts; *s; s++)
			if (strncmp(line, *s, strlen(*s)) == 0)
				add("%s", line);
	if (f)
		fclose(f);
	else
		add("%s: %s\n", file, strerror(errno));
}

/* Where, the options, type and options of the super block: not the numbers. A device may be a node, or the host's bound
 * to its place: see add_devices. */
static void add_mounts(void)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[8192];

	while (f && fgets(line, sizeof(line), f)) {
		char *save, *word;

		if (strstr(line, " - devtmpfs ") || strstr(line, " /null "))
			continue;
		word = strtok_r(line, " \n", &save);
		for (int i = 0; word; i++, word = strtok_r(NULL, " \n", &save))
			if (i >= 3 && strncmp(word, "master:", 7) != 0 && strncmp(word, "propagate_from:", 15) != 0)
				add("%s ", word);
		add("\n");
	}
	if (f)
		fclose(f);
}

static void add_links(const char *dir, const char *what)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char link[256];
		ssize_t n = *e->d_name == '.' ? -1 : readlinkat(dirfd(d), e->d_name, link, sizeof(link) - 1);

		if (n < 0 || atoi(e->d_name) == dirfd(d))
			continue;
		link[n] = '\0';
		if (strncmp(what, "fd", 2) == 0 && strncmp(link, "pipe:", 5) == 0)
			strcpy(link, "pipe");
		if (strncmp(what, "fd", 2) == 0 && strncmp(link, "socket:", 7) == 0)
			strcpy(link, "socket");
		add("%s %s %s\n", what, e->d_name, link);
	}
	if (d)
		closedir(d);
}

static void add_devices(void)
{
	static const char *const names[] = {
		"null", "zero", "full", "random", "urandom", "tty", "ptmx", "console", "mine", "../proc/keys"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[32];
		struct stat st;

		snprintf(path, sizeof(path), "/dev/%s", names[i]);
		if (stat(path, &st) == 0)
			add("%s %o %lx %u:%u\n", path, st.st_mode, (unsigned long)st.st_rdev, st.st_uid, st.st_gid);
	}
}

static void add_rest(void)
{
	struct ifreq lo = {.ifr_name = "lo"};
	int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char name[256] = "", cwd[256] = "";
	struct rlimit r;

	(void)gethostname(name, sizeof(name));
	(void)!getcwd(cwd, sizeof(cwd));
	add("host %s cwd %s umask %o pid %d nice %d policy %d personality %lx\n", name, cwd, umask(0), getpid() == 1,
		getpriority(PRIO_PROCESS, 0), sched_getscheduler(0), syscall(SYS_personality, 0xffffffff));
	for (int i = 0; i < 16; i++)
		if (getrlimit((__rlimit_resource_t)i, &r) == 0)
			add("rlimit %d %lx %lx\n", i, (unsigned long)r.rlim_cur, (unsigned long)r.rlim_max);
	if (ioctl(s, SIOCGIFFLAGS, &lo) == 0)
		add("lo %x\n", (unsigned)lo.ifr_flags & IFF_UP);
	add("mkdir %d\n", mkdir("/out/not", 0) < 0 ? errno : 0); /* the seccomp filter of the set-ups refuses it */
}

int main(int argc, char **argv)
{
	static const char *const status[] = {"Uid:", "Gid:", "Groups:", "Cap",
		"NoNewPrivs:", "Seccomp:", "Seccomp_filters:", "SigBlk:", "SigIgn:", "Cpus_allowed:", NULL};
	static const char *const any[] = {"", NULL};
	int fd;

	if (strcmp(argv[0], "true") == 0) /* a hook */
		return 0;
	add_lines("/proc/self/status", status);
	add_mounts();
	add_links("/proc/self/ns", "ns");
	add_links("/proc/self/fd", "fd");
	add_lines("/proc/self/oom_score_adj", any);
	add_lines("/proc/self/cgroup", any);
	add_lines("/proc/sys/net/ipv4/ip_default_ttl", any);
	add_lines("/proc/sys/kernel/shm_rmid_forced", any);
	add_lines("/proc/sys/kernel/domainname", any);
	add_devices();
	add_rest();
	for (char **e = environ; *e; e++)
		add("env %s\n", *e);
	add("end\n");
	fd = open("/out/fifo", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		return 99;
	close(fd);
	if (argc > 1)
		return atoi(argv[1]);
	for (;;)
		pause();
}
