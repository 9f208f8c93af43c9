/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "perf/metrics.h"
#include "tap.h"

static int root;

/* ---- histograms ---- */

static uint64_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 11;
}

static void bounds(void)
{
	unsigned falling = 0, outside = 0;
	uint64_t state = 1;

	for (unsigned i = 0; i + 1 < HISTOGRAM_BUCKETS; i++)
		falling += histogram_bound(i) >= histogram_bound(i + 1);
	tap_is_int(falling, 0, "bounds rise");
	for (int i = 0; i < 200000; i++) {
		uint64_t v = next_random(&state) >> (i % 53);
		unsigned b = histogram_bucket(v);

		outside += v < histogram_bound(b) || v >= histogram_bound(b + 1);
	}
	tap_is_int(outside, 0, "a value is in its bucket");
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		outside += histogram_bucket(histogram_bound(i)) != i || (i && histogram_bucket(histogram_bound(i) - 1) != i - 1);
	tap_is_int(outside, 0, "a bound is the least value of its bucket");
	tap_is_int(histogram_bucket(0), 0, "0 has one");
	tap_is_int(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1, "so has the largest");
	tap_ok(histogram_bound(1) == 512 && histogram_bound(HISTOGRAM_BUCKETS - 1) == 1ULL << 39, "from 512 to 2^39");
}

static void errors(void)
{
	double worst = 0;
	uint64_t state = 2;

	for (int i = 0; i < 100000; i++) {
		struct histogram h = {0};
		uint64_t v = 512 + next_random(&state) % ((1ULL << (10 + i % 29)) - 512), got;
		double off;

		h.buckets[histogram_bucket(v)] = 1;
		got = histogram_quantile(&h, 500);
		off = ((double)got - (double)v) / (double)v;
		off = off < 0 ? -off : off;
		worst = off > worst ? off : worst;
	}
	tap_ok(worst <= 0.03, "a quantile is off by 3 %% at most: %.2f %%", worst * 100);
	tap_ok(worst > 0.02, "and that is about what one expects of it");
}

static void quantiles(void)
{
	struct histogram h = {0};

	tap_is_int(histogram_quantile(&h, 500), 0, "nothing has no median");
	for (uint64_t v = 1; v <= 1000; v++) {
		h.buckets[histogram_bucket(v * 1000)]++;
		h.sum += v * 1000;
		h.max = v * 1000;
	}
	tap_is_int(histogram_count(&h), 1000, "all are counted");
	for (unsigned q = 10; q <= 1000; q += 10) {
		double off = (double)histogram_quantile(&h, q) / (q * 1000.0) - 1;

		if (off > 0.03 || off < -0.03)
			tap_ok(false, "the quantile %u is off by %.1f %%", q, off * 100);
	}
	tap_ok(histogram_quantile(&h, 1000) <= h.max, "no quantile is above the maximum");
}

/* ---- spans ---- */

static void spans(void)
{
	struct span outer, inner;
	const struct span_record *r;
	size_t n, lost;

	tap_ok(!span_verb_begin("state", 0) && span_verb_begin("run", span_now()), "some verbs have a span");
	outer = span_begin(SPAN_ID_PLAN);
	inner = span_begin(SPAN_ID_SECCOMP_COMPILE);
	tap_is_int(span_end(&inner, 0), 0, "a span passes a success on");
	inner = span_begin(SPAN_ID_CGROUP);
	tap_is_int(span_end(&inner, -EACCES), -EACCES, "and a failure");
	(void)span_end(&outer, -EACCES);
	tap_is_int(span_failed_step(), SPAN_ID_CGROUP, "the innermost is the step that failed");
	(void)span_verb_end(-EACCES);
	(void)span_verb_end(0);
	r = span_records(&n, &lost);
	tap_is_int(n, 4, "the verb ends once");
	tap_ok(r[3].id == SPAN_ID_RUN && r[3].begin <= r[2].begin && r[3].end >= r[2].end, "and holds the others");
	for (int i = 0; i < SPAN_MAX; i++)
		span_add(SPAN_ID_MOUNTS, TRACK_INIT, 5, 4);
	(void)span_records(&n, &lost);
	tap_ok(n == SPAN_MAX && lost == 4, "what does not fit is only counted");
	tap_ok(r[4].begin == 5 && r[4].end == 5, "no span ends before it begins");
}

static void clocks(void)
{
	struct span_clock c = {.ticks = {1000, 3000}, .ns = {500, 900}};

	tap_is_int(span_clock_ns(&c, 2000), 700, "in the middle");
	tap_is_int(span_clock_ns(&c, 1000), 500, "at the begin");
	tap_is_int(span_clock_ns(&c, 10), 500, "before it");
	tap_is_int(span_clock_ns(&c, 5000), 900, "behind the end");
	c.ticks[1] = 7;
	tap_is_int(span_clock_ns(&c, 2000), 500, "a counter that went back");
	span_clock_begin(&c);
	usleep(2000);
	span_clock_done(&c);
	tap_ok(c.ticks[1] > c.ticks[0] && c.ns[1] - c.ns[0] >= 2000000, "both clocks run");
}

/* ---- the file ---- */

static struct metrics *read_all(void)
{
	static struct metrics m;

	(void)metrics_read(root, &m, NULL);
	return &m;
}

static void in_child(void (*work)(int), int n)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		work(n);
		_exit(0);
	}
	tap_ok(waitpid(pid, &status, 0) == pid && status == 0, "a process has counted");
}

static void count(int n)
{
	for (int i = 0; i < n; i++) {
		metrics_count(METRIC_CREATED, 1);
		metrics_count(METRIC_PLAN_HITS, 2);
		span_add(SPAN_ID_CLONE, TRACK_HOST, 1000, 1000 + 5000);
		span_add(SPAN_ID_MOUNTS, TRACK_INIT, 0, 600);
		span_add(SPAN_ID_MOUNTS, TRACK_INIT, 0, 400);
		metrics_save(root, 0, false);
	}
}

static void fail(int n)
{
	struct span s = span_begin(SPAN_ID_ROOTFS);

	(void)span_verb_begin("create", span_now());
	(void)span_end(&s, -n);
	(void)span_verb_end(-n);
	metrics_save(root, -n, false);
}

static void basics(void)
{
	const struct metrics *m = read_all();
	struct stat st;

	tap_is_int(m->counters[METRIC_CREATED], 0, "nothing is in a file that is not there");
	in_child(count, 3);
	m = read_all();
	tap_ok(fstatat(root, METRICS_FILE, &st, 0) == 0 && (st.st_mode & 07777) == 0600 && st.st_blocks * 512 >= st.st_size,
		"the file is ours alone and has no holes");
	tap_is_int(m->counters[METRIC_CREATED], 3, "what was counted");
	tap_is_int(m->counters[METRIC_PLAN_HITS], 6, "by more than one");
	tap_is_int(histogram_count(&m->histograms[SPAN_ID_CLONE]), 3, "spans are counted once");
	tap_is_int(m->histograms[SPAN_ID_CLONE].sum, 15000, "and summed");
	tap_is_int(m->histograms[SPAN_ID_CLONE].max, 5000, "the maximum is exact");
	tap_is_int(histogram_count(&m->histograms[SPAN_ID_MOUNTS]), 3, "init's steps of a kind are one event a start");
	tap_is_int(m->histograms[SPAN_ID_MOUNTS].max, 1000, "that is as long as all of them");
	in_child(fail, EROFS);
	m = read_all();
	tap_is_int(m->failures[SPAN_ID_ROOTFS][METRIC_CLASS_PERMISSION], 1, "a failure has its step and class");
	tap_is_int(histogram_count(&m->histograms[SPAN_ID_CREATE]), 0, "a verb that failed has no duration");
	tap_ok(m->since > 1000000000, "since when");
	tap_is_int(metrics_reset(root, NULL), 0, "reset");
	m = read_all();
	tap_ok(!m->counters[METRIC_CREATED] && !m->histograms[SPAN_ID_CLONE].max &&
		       !m->failures[SPAN_ID_ROOTFS][METRIC_CLASS_PERMISSION] && m->since > 1000000000, "all is 0 again");
	in_child(count, 1);
	tap_is_int(read_all()->counters[METRIC_CREATED], 1, "and counting goes on");
}

static void many(void)
{
	enum { PROCESSES = 8, EACH = SPAN_MAX / 3 };
	int failed = 0, status;

	(void)unlinkat(root, METRICS_FILE, 0);
	for (int i = 0; i < PROCESSES; i++)
		if (fork() == 0) {
			count(EACH);
			_exit(0);
		}
	for (int i = 0; i < PROCESSES; i++)
		failed += wait(&status) < 0 || status != 0;
	tap_is_int(failed, 0, "eight processes, all beginning with no file");
	tap_is_int(read_all()->counters[METRIC_CREATED], PROCESSES * EACH, "add up exactly");
	tap_is_int(read_all()->histograms[SPAN_ID_CLONE].sum, PROCESSES * EACH * 5000, "in sums");
	tap_is_int(histogram_count(&read_all()->histograms[SPAN_ID_CLONE]), PROCESSES * EACH, "and in buckets");
}

static void killed(void)
{
	uint64_t before = 0, bad = 0;
	struct stat first, st;

	in_child(count, 1);
	(void)fstatat(root, METRICS_FILE, &first, 0);
	for (int i = 0; i < 200; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			count(1 << 20);
			_exit(0);
		}
		usleep((useconds_t)(i * 7 % 1500));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		bad += read_all()->counters[METRIC_CREATED] < before;
		before = read_all()->counters[METRIC_CREATED];
	}
	tap_is_int(bad, 0, "with writers killed at any moment counters never fall");
	tap_ok(before > 200, "and they did count: %llu", (unsigned long long)before);
	tap_ok(fstatat(root, METRICS_FILE, &st, 0) == 0 && st.st_ino == first.st_ino, "the file was never begun anew");
	in_child(count, 1);
	tap_is_int(read_all()->counters[METRIC_CREATED], before + 1, "and takes more");
}

/* ---- damage ---- */

enum damage { TRUNCATED, EMPTY, LONGER, MAGIC, SIZE, NAMES, MODE, OWNER, SYMLINK, FIFO, DAMAGES };
static const char *const damages[] = {"truncated", "empty", "longer", "another magic number", "another size in it",
	"another build's names", "readable by others", "somebody else's", "a symbolic link", "a fifo"};

static void poke(off_t at)
{
	_cleanup_close_ int fd = openat(root, METRICS_FILE, O_RDWR);
	char byte = 0;

	(void)!pread(fd, &byte, 1, at);
	byte ^= 1;
	(void)!pwrite(fd, &byte, 1, at);
}

static void do_damage(enum damage how)
{
	_cleanup_close_ int fd = openat(root, METRICS_FILE, O_RDWR);

	switch (how) {
	case TRUNCATED:
		(void)!ftruncate(fd, 100000);
		break;
	case EMPTY:
		(void)!ftruncate(fd, 0);
		break;
	case LONGER:
		(void)!ftruncate(fd, 1000000);
		break;
	case MAGIC:
		poke(0);
		break;
	case SIZE:
		poke(8);
		break;
	case NAMES:
		poke(300);
		break;
	case MODE:
		(void)!fchmod(fd, 0644);
		break;
	case OWNER:
		(void)!fchown(fd, 1000, 1000);
		break;
	case SYMLINK:
		(void)!(renameat(root, METRICS_FILE, root, "moved") || symlinkat("moved", root, METRICS_FILE));
		break;
	default:
		(void)!(unlinkat(root, METRICS_FILE, 0) || mkfifoat(root, METRICS_FILE, 0600));
	}
}

static void survives(enum damage how)
{
	struct metrics m;

	in_child(count, 1);
	do_damage(how);
	tap_ok(metrics_read(root, &m, NULL) == -ENOENT && !m.counters[METRIC_CREATED], "%s: not read", damages[how]);
	in_child(count, 1);
	tap_is_int(read_all()->counters[METRIC_CREATED], 1, "%s: begun anew", damages[how]);
}

static void no_place(void)
{
	struct metrics m;

	(void)unlinkat(root, METRICS_FILE, 0);
	tap_is_int(mkdirat(root, METRICS_FILE, 0700), 0, "a directory has its name");
	in_child(count, 1);
	tap_is_int(metrics_read(root, &m, NULL), -ENOENT, "and nothing is counted");
	tap_is_int(metrics_reset(root, NULL), 0, "nor reset");
	tap_is_int(unlinkat(root, METRICS_FILE, AT_REMOVEDIR), 0, "it stays");
}

static void classes(void)
{
	tap_is_int(metrics_class(EACCES), METRIC_CLASS_PERMISSION, "EACCES");
	tap_is_int(metrics_class(-ENOENT), METRIC_CLASS_MISSING, "takes either sign");
	tap_is_int(metrics_class(-ENOSYS), METRIC_CLASS_UNSUPPORTED, "ENOSYS");
	tap_is_int(metrics_class(123456), METRIC_CLASS_OTHER, "and what is no errno");
}

int main(void)
{
	char dir[] = "/tmp/unit-metrics.XXXXXX";

	if (!mkdtemp(dir))
		return 1;
	root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bounds();
	errors();
	quantiles();
	clocks();
	classes();
	basics();
	many();
	killed();
	for (unsigned how = 0; how < DAMAGES; how++)
		if (how != OWNER || geteuid() == 0)
			survives((enum damage)how);
	no_place();
	spans();
	(void)unlinkat(root, "moved", 0);
	(void)unlinkat(root, METRICS_FILE, 0);
	tap_is_int(rmdir(dir), 0, "nothing else is left");
	close(root);
	return tap_done();
}
