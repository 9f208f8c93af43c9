/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "perf/metrics.h"

static const uint64_t magic = 0x017363697274656du;

#define SPAN_LINE(id, name, kind) name "\n"
#define COUNTER_LINE(id, family, label, value) family "." value "\n"
#define CLASS_LINE(id, name) name "\n"
static const char names[] = SPANS(SPAN_LINE) "container_memory\n" METRICS(COUNTER_LINE) METRICS_CLASSES(CLASS_LINE);
_Static_assert(sizeof(names) <= sizeof(((struct metrics_file *)0)->names), "names");

enum { AMPLE = 16 }; /* times its size is left on the file system when it is made: the containers' files go first */

static bool is_ours(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_uid == geteuid() && !(st->st_mode & 077);
}

static bool is_of_this_build(const struct metrics_file *f)
{
	return f->magic == magic && f->size == sizeof(*f) && memcmp(f->names, names, sizeof(names)) == 0;
}

/* -EBADMSG: what lies there is of no use, and *st is what it is. The directory is ours alone, and nobody makes the file
 * shorter, which would be SIGBUS for whoever has it mapped. */
static int map(int root, bool write, struct metrics_file **ret, struct stat *st)
{
	const int flags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	_cleanup_close_ int fd = openat(root, METRICS_FILE, flags | (write ? O_RDWR : O_RDONLY));
	struct metrics_file *f;

	*ret = NULL;
	if (fd < 0)
		return errno == ENOENT ? -ENOENT : fstatat(root, METRICS_FILE, st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : -EBADMSG;
	if (fstat(fd, st) < 0)
		return -errno;
	if (!is_ours(st) || st->st_size != sizeof(*f))
		return -EBADMSG;
	f = mmap(NULL, sizeof(*f), write ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
	if (f == MAP_FAILED)
		return -errno;
	if (!is_of_this_build(f)) {
		munmap(f, sizeof(*f));
		return -EBADMSG;
	}
	*ret = f;
	return 0;
}

static bool has_space(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 &&
	       (!fs.f_blocks || (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize >= AMPLE * sizeof(struct metrics_file));
}

/* Written, not only made longer: a shared mapping must not find the file system full. It gets its name when it is whole;
 * where another was faster, that one stays. */
static bool make(int root)
{
	_cleanup_close_ int fd = openat(root, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct metrics_file *fresh;
	char path[64];
	bool made;

	if (fd < 0 || !has_space(fd))
		return false;
	fresh = mmap(NULL, sizeof(*fresh), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fresh == MAP_FAILED)
		return false;
	fresh->magic = magic;
	fresh->size = sizeof(*fresh);
	fresh->since = (uint64_t)time(NULL);
	memcpy(fresh->names, names, sizeof(names));
	fmt(path, sizeof(path), "/proc/self/fd/%d", fd);
	made = fd_write_all(fd, fresh, sizeof(*fresh)) == 0 &&
	       (linkat(AT_FDCWD, path, root, METRICS_FILE, AT_SYMLINK_FOLLOW) == 0 || errno == EEXIST);
	munmap(fresh, sizeof(*fresh));
	return made;
}

/* What was looked at goes, and nothing that has taken its place since. */
static void drop(int root, const struct stat *seen)
{
	struct stat st;

	if (fstatat(root, METRICS_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == seen->st_ino &&
		st.st_dev == seen->st_dev)
		(void)unlinkat(root, METRICS_FILE, 0);
}

struct metrics_file *metrics_map(int root)
{
	struct metrics_file *f;
	struct stat st;
	int r = map(root, true, &f, &st);

	if (r == -EBADMSG)
		drop(root, &st);
	if ((r == -EBADMSG || r == -ENOENT) && make(root))
		(void)map(root, true, &f, &st);
	return f;
}

void metrics_unmap(struct metrics_file *f)
{
	munmap(f, sizeof(*f));
}

int metrics_read(int root, struct metrics *ret, struct error *err)
{
	struct metrics_file *f;
	struct stat st;
	int r = map(root, false, &f, &st);

	*ret = (struct metrics){0};
	if (!f)
		return r == -ENOENT || r == -EBADMSG ? -ENOENT : error_errno(err, r, "metrics: " METRICS_FILE);
	ret->since = f->since;
	memcpy(ret->counters, f->counters, sizeof(ret->counters));
	memcpy(ret->failures, f->failures, sizeof(ret->failures));
	for (unsigned i = 0; i < METRICS_HISTOGRAMS; i++) {
		struct histogram *h = &ret->histograms[i];

		h->sum = f->sums[i];
		h->max = f->maxima[i];
		for (unsigned k = 0; k < HISTOGRAM_BUCKETS; k++)
			h->buckets[k] = f->buckets[k][i];
	}
	metrics_unmap(f);
	return 0;
}

int metrics_reset(int root, struct error *err)
{
	struct metrics_file *f;
	struct stat st;
	int r = map(root, true, &f, &st);

	if (!f)
		return r == -ENOENT || r == -EBADMSG ? 0 : error_errno(err, r, "metrics: " METRICS_FILE);
	__atomic_store_n(&f->since, (uint64_t)time(NULL), __ATOMIC_RELAXED);
	for (uint64_t *word = f->counters; word < (uint64_t *)(f + 1); word++)
		__atomic_store_n(word, 0, __ATOMIC_RELAXED);
	metrics_unmap(f);
	return 0;
}
