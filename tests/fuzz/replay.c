/* SPDX-License-Identifier: Apache-2.0 */

/* A fuzz target as a unit test: the files of tests/fuzz/corpus/TARGET, and mutations of them that are the same each
 * time. With arguments: these files and nothing else (an input that a fuzzer has found). Environment: FUZZ_RUNS, the
 * number of mutations; FUZZ_SEED. What kills the target is written to TARGET.crash. */

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tests/tap.h"

enum { MAX_FILES = 4096, MAX_LEN = 1 << 20, RUNS = 1000, SECONDS = 20 };

struct input {
	uint8_t *p;
	size_t n;
};
static struct input files[MAX_FILES];
static size_t n_files;

/* What is being run, seen by the parent when it kills us. */
static struct shared {
	size_t n, corpus_done, mutations_done;
	uint8_t data[MAX_LEN];
} * shared;

static uint64_t state = 88172645463325252u;

static uint64_t draw(void) /* xorshift64 */
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static size_t below(size_t n)
{
	return n ? (size_t)(draw() % n) : 0;
}

static bool load(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct input *f = &files[n_files];

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size >= MAX_LEN || n_files == MAX_FILES)
		return false;
	f->p = malloc((size_t)st.st_size + 1);
	f->n = f->p ? (size_t)read(fd, f->p, (size_t)st.st_size) : 0;
	close(fd);
	n_files++;
	return f->p && f->n == (size_t)st.st_size;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static bool load_corpus(const char *target)
{
	const char *top = getenv("srcdir");
	struct dirent **e;
	char dir[4096], path[8192];
	bool good = true;
	int n;

	snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/%s", top ? top : ".", target);
	n = scandir(dir, &e, NULL, by_name);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, e[i]->d_name);
		if (e[i]->d_name[0] != '.')
			good &= load(path);
		free(e[i]);
	}
	if (n >= 0)
		free(e);
	return good && n_files;
}

static void insert(size_t at, const void *p, size_t n)
{
	if (shared->n + n > MAX_LEN)
		return;
	memmove(shared->data + at + n, shared->data + at, shared->n - at);
	memcpy(shared->data + at, p, n);
	shared->n += n;
}

static void change_once(void)
{
	static const char *const words[] = {"{}", "[]", "null", "true", "-1", "0", "18446744073709551615", "4294967296",
		"-9223372036854775808", "1e9", "\"\"", "\"..\"", "/", ",", ":", ";", "=", "%", "\n", "\xc3",
		"\xff\xff\xff\xff"};
	const struct input *other = &files[below(n_files)];
	size_t at = below(shared->n + 1), len = 1 + below(1 + below(32));

	if (len > shared->n - at)
		len = shared->n - at;
	switch (below(7)) {
	case 0:
		if (len)
			shared->data[at] ^= (uint8_t)(1u << below(8));
		break;
	case 1:
		if (len)
			shared->data[at] = (uint8_t)draw();
		break;
	case 2:
		memmove(shared->data + at, shared->data + at + len, shared->n - at - len);
		shared->n -= len;
		break;
	case 3:
		if (shared->n + len <= MAX_LEN) {
			memmove(shared->data + at + len, shared->data + at, shared->n - at);
			shared->n += len;
		}
		break;
	case 4:
		at = below(sizeof(words) / sizeof(words[0]));
		insert(below(shared->n + 1), words[at], strlen(words[at]));
		break;
	case 5:
		len = below(other->n + 1);
		insert(at, other->p + len, below(other->n - len + 1));
		break;
	case 6:
		shared->n = at;
		break;
	}
}

static void run(const struct input *f, size_t changes)
{
	uint8_t *exact;

	shared->n = f->n;
	memcpy(shared->data, f->p, f->n);
	for (size_t i = 0; i < changes; i++)
		change_once();
	exact = malloc(shared->n ? shared->n : 1); /* so that a sanitizer sees its end */
	FUZZ_MUST(exact);
	memcpy(exact, shared->data, shared->n);
	alarm(SECONDS);
	(void)LLVMFuzzerTestOneInput(exact, shared->n);
	free(exact);
}

static void all(size_t runs)
{
	for (size_t i = 0; i < n_files; i++, shared->corpus_done++)
		run(&files[i], 0);
	for (size_t i = 0; i < runs; i++, shared->mutations_done++)
		run(&files[below(n_files)], 1 + below(4));
	alarm(0);
}

static void keep_crash(const char *target)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s.crash", target);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd >= 0 && write(fd, shared->data, shared->n) == (ssize_t)shared->n)
		printf("# the input: %s\n", path);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	const char *target = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	const char *runs = getenv("FUZZ_RUNS"), *seed = getenv("FUZZ_SEED");
	size_t n = argc > 1 ? 0 : runs ? strtoul(runs, NULL, 10) : RUNS;
	int status;
	pid_t child;

	state += seed ? strtoul(seed, NULL, 10) : 0;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	FUZZ_MUST(shared != MAP_FAILED);
	for (int i = 1; i < argc; i++)
		FUZZ_MUST(load(argv[i]));
	if (argc == 1 && !tap_ok(load_corpus(target), "there is a corpus for %s", target))
		return tap_done();
	fflush(stdout);
	child = fork();
	if (child == 0) {
		all(n);
		exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return 1;
	if (status)
		keep_crash(target);
	tap_ok(shared->corpus_done == n_files, "%zu files of its corpus", n_files);
	tap_ok(shared->mutations_done == n && !status, "%zu mutations of them", n);
	return tap_done();
}
