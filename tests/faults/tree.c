/* SPDX-License-Identifier: Apache-2.0 */
#include "tree.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PLACE = 1 << 28 };

static struct {
	size_t used;
	char bytes[];
} * place;

void tree_begin(void)
{
	place = mmap(NULL, PLACE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (place == MAP_FAILED)
		err(2, "memory");
}

void *tree_alloc(size_t n)
{
	void *p = place->bytes + place->used;

	place->used += (n + 15) & ~(size_t)15;
	if (place->used + sizeof(*place) > PLACE)
		errx(2, "trees of more than %d bytes", PLACE);
	return p;
}

void tree_forget(void)
{
	place->used = 0;
}

/* The number in the name is that of a process, and another each time. */
static void copy_name(char *to, const char *dir, const char *name)
{
	char *tmp;

	if (snprintf(to, TREE_NAME, "%s%s%s", dir, *dir ? "/" : "", name) >= TREE_NAME)
		errx(2, "%s/%s: a longer name than expected", dir, name);
	tmp = strstr(to, ".tmp.");
	if (tmp)
		strcpy(tmp, ".tmp.1");
}

static void read_data(struct tree_entry *e, int dir, const char *name, size_t len)
{
	char *data = tree_alloc(len + 1);
	ssize_t n;

	if (S_ISLNK(e->mode)) {
		n = readlinkat(dir, name, data, len);
	} else {
		int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

		n = read(fd, data, len);
		close(fd);
	}
	e->data = data;
	e->len = n > 0 ? (size_t)n : 0;
}

static void read_dir(struct tree *t, int fd, dev_t dev, const char *path, const char *but)
{
	DIR *d = fdopendir(fd);
	struct dirent *entry;
	struct stat st;

	while (d && (entry = readdir(d))) {
		struct tree_entry *e = &t->v[t->n];

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
			strcmp(entry->d_name, but) == 0 ||
			fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (++t->n == TREE_ENTRIES)
			errx(2, "%s: more than %d entries", path, TREE_ENTRIES);
		copy_name(e->name, path, entry->d_name);
		e->mode = st.st_mode;
		if (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode))
			read_data(e, dirfd(d), entry->d_name, (size_t)st.st_size);
		else if (S_ISDIR(st.st_mode) && st.st_dev == dev)
			read_dir(t, openat(dirfd(d), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), dev, e->name,
				but);
	}
	if (d)
		closedir(d);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct tree_entry *)a)->name, ((const struct tree_entry *)b)->name);
}

struct tree *tree_read(const char *dir, const char *but)
{
	struct tree *t = tree_alloc(sizeof(*t));
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	memset(t, 0, sizeof(*t));
	if (fd < 0 || fstat(fd, &st) < 0)
		return t;
	read_dir(t, fd, st.st_dev, "", but);
	qsort(t->v, t->n, sizeof(*t->v), by_name);
	return t;
}

static void empty_dir(int fd, const char *but)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || strcmp(e->d_name, but) == 0 ||
			unlinkat(dirfd(d), e->d_name, 0) == 0)
			continue;
		empty_dir(openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), but);
		if (unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR) < 0)
			err(2, "emptying the state root: %s", e->d_name);
	}
	if (d)
		closedir(d);
}

static bool write_entry(int dir, const struct tree_entry *e)
{
	ssize_t n;
	int fd;

	if (S_ISDIR(e->mode))
		return mkdirat(dir, e->name, e->mode & 07777) == 0;
	if (S_ISLNK(e->mode))
		return symlinkat(e->data, dir, e->name) == 0;
	if (!S_ISREG(e->mode))
		return mknodat(dir, e->name, e->mode, 0) == 0;
	fd = openat(dir, e->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, e->mode & 07777);
	n = fd < 0 ? -1 : write(fd, e->data, e->len);
	if (fd >= 0)
		close(fd);
	return n == (ssize_t)e->len;
}

void tree_write(const struct tree *t, const char *dir, const char *but)
{
	mode_t mask = umask(0);
	int fd;

	empty_dir(open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), but);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < t->n; i++)
		if (!write_entry(fd, &t->v[i]) && errno != ENOENT)
			err(2, "%s/%s", dir, t->v[i].name);
	close(fd);
	umask(mask);
}

static bool same_entry(const struct tree_entry *a, const struct tree_entry *b)
{
	return strcmp(a->name, b->name) == 0 && a->mode == b->mode && a->len == b->len &&
	       (!a->len || memcmp(a->data, b->data, a->len) == 0);
}

bool tree_same(const struct tree *a, const struct tree *b)
{
	bool same = a->n == b->n;

	for (size_t i = 0; same && i < a->n; i++)
		same = same_entry(&a->v[i], &b->v[i]);
	return same;
}

const struct tree_entry *tree_find(const struct tree *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->v[i].name, name) == 0)
			return &t->v[i];
	return NULL;
}

bool tree_counts(const struct tree_entry *e)
{
	return strcmp(e->name, "@metrics") == 0 || strcmp(e->name, "@cache/statistics") == 0;
}

static uint64_t mix(uint64_t h, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return h;
}

uint64_t tree_hash(const struct tree *t)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < t->n; i++) {
		const struct tree_entry *e = &t->v[i];

		h = mix(h, e->name, strlen(e->name) + 1);
		h = mix(h, &e->mode, sizeof(e->mode));
		h = mix(h, &e->len, sizeof(e->len));
		if (!tree_counts(e))
			h = mix(h, e->data, e->len);
	}
	return h;
}
