/* SPDX-License-Identifier: Apache-2.0 */
#include "fast/nspool.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "tests/tap.h"

static char top[] = "/tmp/unit-nspool.XXXXXX";
static int root;

/* f(arg) in a process of its own, which the namespaces it makes end with; what it returns, 0 … 255, or -1. */
static int in_child(int (*f)(const void *), const void *arg)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(f(arg));
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct filling {
	uint32_t flags, count, max;
};

static int fill_child(const void *arg)
{
	const struct filling *f = arg;
	struct error err = {0};
	int r = nspool_fill(root, f->flags, f->count, f->max, &err);

	if (r < 0)
		printf("# %s\n", err.msg);
	fflush(stdout);
	return -r;
}

static int fill(uint32_t flags, uint32_t count, uint32_t max)
{
	struct filling f = {flags, count, max};

	return -in_child(fill_child, &f);
}

static struct nspool_counts counts(void)
{
	struct nspool_counts c;

	nspool_count(root, &c, NULL);
	return c;
}

static struct nspool_taken take(uint32_t flags)
{
	struct nspool_taken t;

	nspool_take(top, flags, &t, NULL);
	return t;
}

static bool has_mount(const char *mountinfo, uint64_t inode)
{
	_cleanup_close_ int fd = open(mountinfo, O_RDONLY | O_CLOEXEC);
	static char text[1 << 20];
	char wanted[32];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	fmt(wanted, sizeof(wanted), "-%llu ", (unsigned long long)inode);
	return strstr(text, wanted);
}

static int lo_is_up(const void *arg)
{
	struct ifreq lo = {.ifr_name = "lo"};

	return setns(*(const int *)arg, CLONE_NEWNET) == 0 &&
	       ioctl(socket(AF_UNIX, SOCK_DGRAM, 0), SIOCGIFFLAGS, &lo) == 0 && (lo.ifr_flags & IFF_UP);
}

static void test_once(void)
{
	struct nspool_taken t[3];
	struct stat own, st;

	tap_is_int(fill(CLONE_NEWNET, 2, 32), 0, "two network namespaces are made");
	tap_is_int(counts().waiting[0], 2, "two wait");
	for (int i = 0; i < 3; i++)
		t[i] = take(CLONE_NEWNET | CLONE_NEWIPC);
	tap_ok(t[0].flags == CLONE_NEWNET && t[1].flags == CLONE_NEWNET && !t[2].flags, "two can be taken, no third");
	stat("/proc/self/ns/net", &own);
	tap_ok(fstat(t[0].fds[0], &st) == 0 && st.st_ino == t[0].inodes[0] && t[0].inodes[0] != t[1].inodes[0] &&
			st.st_ino != own.st_ino,
		"they are two, and not ours");
	tap_is_int(in_child(lo_is_up, &t[0].fds[0]), 1, "lo is up");
	tap_is_int(counts().leftover[0], 2, "their pins are still there");
	tap_ok(has_mount("/proc/self/mountinfo", t[0].inodes[0]), "mounted");
	own.st_ino = t[0].inodes[0];
	for (int i = 0; i < 3; i++)
		nspool_drop(&t[i]);
	tap_ok(!counts().leftover[0] && !has_mount("/proc/self/mountinfo", own.st_ino), "until they are dropped");
}

static void test_bound(void)
{
	tap_is_int(fill(CLONE_NEWIPC | CLONE_NEWUTS, 3, 5), -E2BIG, "more than there may be");
	tap_is_int(counts().waiting[1] + counts().waiting[2], 0, "none is made");
	tap_is_int(fill(CLONE_NEWIPC | CLONE_NEWUTS, 2, 5), 0, "not more than there may be");
	tap_is_int(fill(CLONE_NEWNET, 2, 5), -E2BIG, "all kinds count");
	tap_is_int(fill(CLONE_NEWIPC, 2, 5), 0, "again");
	tap_ok(counts().waiting[1] == 2 && counts().waiting[2] == 2, "what is there is enough");
	tap_is_int(nspool_clear(root, NULL), 0, "cleared");
	tap_ok(faccessat(root, NSPOOL_DIR, F_OK, 0) < 0 && errno == ENOENT, "nothing is left");
	tap_is_int(nspool_clear(root, NULL), 0, "cleared again");
	tap_ok(!take(CLONE_NEWIPC).flags, "nothing to take");
}

static int take_and_die(const void *arg)
{
	struct nspool_taken t = take(CLONE_NEWIPC);

	(void)arg;
	return t.flags == CLONE_NEWIPC ? 1 : 2;
}

static void test_killed(void)
{
	fill(CLONE_NEWIPC, 1, 32);
	tap_is_int(in_child(take_and_die, NULL), 1, "taken by who was killed then");
	tap_ok(counts().leftover[1] == 1 && !take(CLONE_NEWIPC).flags, "is never handed out again");
	fill(CLONE_NEWIPC, 1, 32);
	tap_ok(counts().leftover[1] == 0 && counts().waiting[1] == 1, "and removed with the next filling");
}

static void make_pin(const char *name, const char *ns)
{
	char path[128], ticket[64];
	int dir = openat(root, NSPOOL_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	fmt(path, sizeof(path), "%s/" NSPOOL_DIR "/%s", top, name);
	close(openat(dir, name, O_RDONLY | O_CREAT | O_CLOEXEC, 0400));
	if (ns && mount(ns, path, NULL, MS_BIND, NULL) < 0)
		perror(name);
	fmt(ticket, sizeof(ticket), "%s" NSPOOL_UNUSED, name);
	if (symlinkat("-", dir, ticket) < 0)
		perror(ticket);
	close(dir);
}

static void test_lone_ticket(void)
{
	int dir = openat(root, NSPOOL_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	tap_ok(symlinkat("-", dir, "net-19" NSPOOL_UNUSED) == 0 && counts().unseen[0] == 1, "a ticket without a pin");
	fill(CLONE_NEWIPC, 1, 32);
	tap_is_int(counts().unseen[0], 0, "goes");
	close(dir);
}

static void test_others(void)
{
	char name[64];
	struct stat st;

	nspool_clear(root, NULL);
	fill(CLONE_NEWIPC, 0, 32);
	make_pin("net-17", NULL);
	make_pin("net-18", "/proc/self/ns/net");
	stat("/proc/self/ns/ipc", &st);
	fmt(name, sizeof(name), "net-%llu", (unsigned long long)st.st_ino);
	make_pin(name, "/proc/self/ns/ipc");
	tap_ok(!take(CLONE_NEWNET).flags && counts().unseen[0] == 3,
		"what is no namespace, another than its name says, or of another kind is passed over");
	nspool_clear(root, NULL);
}

static int rename_host(const void *arg)
{
	(void)arg;
	if (unshare(CLONE_NEWUTS) < 0 || sethostname("other", 5) < 0)
		return 2;
	return take(CLONE_NEWUTS).flags ? 3 : 0;
}

static void test_host_name(void)
{
	struct nspool_taken t;

	fill(CLONE_NEWUTS, 1, 32);
	tap_is_int(in_child(rename_host, NULL), 0, "a host that has another name since leaves them");
	t = take(CLONE_NEWUTS);
	tap_is_int(t.flags, CLONE_NEWUTS, "one that has not takes them");
	nspool_drop(&t);
}

/* A process in a copy of our mount namespace, or in one of before: its pid. */
static pid_t elsewhere(int ready[2], int go[2])
{
	pid_t pid;
	char c;

	if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(go, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		close(go[1]);
		if (unshare(CLONE_NEWNS) < 0 || write(ready[1], "", 1) != 1 || read(go[0], &c, 1) != 1)
			_exit(9);
		_exit(take(CLONE_NEWIPC).flags ? 1 : 0);
	}
	return read(ready[0], &c, 1) == 1 ? pid : -1;
}

static void end(int ready[2], int go[2])
{
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i]);
	}
}

static void test_mount_namespaces(void)
{
	int ready[2] = {-1, -1}, go[2] = {-1, -1}, status;
	struct nspool_taken t;
	char path[64];
	pid_t pid;
	uint64_t inode;

	fill(CLONE_NEWIPC, 1, 32);
	pid = elsewhere(ready, go);
	t = take(CLONE_NEWIPC);
	inode = t.inodes[1];
	fmt(path, sizeof(path), "/proc/%d/mountinfo", (int)pid);
	tap_ok(t.flags && has_mount(path, inode), "a pin is copied with the mount namespace");
	nspool_drop(&t);
	tap_ok(!has_mount(path, inode), "and goes from the copy, too, when it is dropped");
	fill(CLONE_NEWIPC, 1, 32);
	tap_ok(write(go[1], "", 1) == 1 && waitpid(pid, &status, 0) == pid && status == 0,
		"a mount namespace that does not see a pin takes nothing");
	end(ready, go);
	tap_is_int(counts().waiting[1], 1, "and leaves it to others");
}

/* ---- all at once ------------------------------------------------------------------------------------------------- */

enum { TAKERS = 8, ROUNDS = 25, EACH_ROUND = 64 };

/* Takes till nothing is left, writes down what it got, and keeps it till told. */
static void taker(int out, int begin, int hold)
{
	char c;

	if (read(begin, &c, 1) < 0)
		_exit(1);
	for (;;) {
		struct nspool_taken t = take(CLONE_NEWIPC);

		if (!t.flags)
			break;
		if (write(out, &t.inodes[1], sizeof(t.inodes[1])) != sizeof(t.inodes[1]))
			_exit(1);
		t.fds[1] = -1; /* stays open */
		nspool_drop(&t);
	}
	close(out);
	_exit(read(hold, &c, 1) != 0);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* How many namespaces were handed out, each counted once. */
static size_t race(void)
{
	uint64_t got[EACH_ROUND * 2];
	size_t n = 0, len = 0, distinct = 0;
	int out[2], begin[2], hold[2];
	ssize_t r;

	if (fill(CLONE_NEWIPC, EACH_ROUND, EACH_ROUND) < 0 || pipe(out) < 0 || pipe(begin) < 0 || pipe(hold) < 0)
		return 0;
	for (int i = 0; i < TAKERS; i++) {
		if (fork() == 0) {
			close(begin[1]);
			close(hold[1]);
			taker(out[1], begin[0], hold[0]);
		}
	}
	close(out[1]);
	close(begin[1]); /* all see the end of file at the same time */
	while (len < sizeof(got) && (r = read(out[0], (char *)got + len, sizeof(got) - len)) > 0)
		len += (size_t)r;
	close(hold[1]);
	close(out[0]);
	close(begin[0]);
	close(hold[0]);
	while (wait(NULL) > 0)
		;
	n = len / sizeof(*got);
	qsort(got, n, sizeof(*got), by_value);
	for (size_t i = 0; i < n; i++)
		distinct += i == 0 || got[i] != got[i - 1];
	return n == distinct ? n : 0;
}

static void test_race(void)
{
	size_t sum = 0;

	nspool_clear(root, NULL);
	for (int i = 0; i < ROUNDS; i++)
		sum += race();
	tap_is_int(sum, ROUNDS * EACH_ROUND, "8 at once: every one is handed out, and once only");
}

static void test_fill_race(void)
{
	struct filling f = {CLONE_NEWUTS, 20, 32};
	int good = 0;

	nspool_clear(root, NULL);
	for (int i = 0; i < 4; i++)
		if (fork() == 0)
			_exit(fill_child(&f));
	for (int i = 0; i < 4; i++) {
		int status;

		wait(&status);
		good += status == 0 || status == W_EXITCODE(EBUSY, 0);
	}
	tap_ok(good == 4 && counts().waiting[2] == 20, "4 fill at once: it becomes as full as one makes it");
}

int main(void)
{
	/* a host of our own, where everything is shared, as under systemd */
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) < 0) {
		tap_skip("pool of namespaces", "needs root");
		return tap_done();
	}
	root = mkdtemp(top) ? open(top, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	if (!tap_ok(root >= 0, "a state root"))
		return tap_done();
	test_bound();
	test_once();
	test_killed();
	test_lone_ticket();
	test_others();
	test_host_name();
	test_mount_namespaces();
	test_race();
	test_fill_race();
	tap_ok(nspool_clear(root, NULL) == 0 && rmdir(top) == 0, "nothing is left");
	return tap_done();
}
