/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FAULTS_TREE_H
#define FAULTS_TREE_H

/* What lies in a directory of one file system, as it is after each of its changes, and made again. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { TREE_NAME = 64, TREE_ENTRIES = 64 };

struct tree_entry {
	char name[TREE_NAME]; /* below the directory; a temporary file's without its number */
	mode_t mode;
	const char *data; /* of a regular file, or what a link says */
	size_t len;
};

/* In the order of their names: a directory comes before what is in it. */
struct tree {
	size_t n;
	struct tree_entry v[TREE_ENTRIES];
};

/* Where trees are put, to be seen by all children; ends the program when it cannot. */
void tree_begin(void);
void *tree_alloc(size_t n);
/* Forgets all trees. */
void tree_forget(void);

/* Without what is called `but` and what lies below it or on another file system. */
struct tree *tree_read(const char *dir, const char *but);
/* Makes the directory hold the tree, and `but` as before. */
void tree_write(const struct tree *t, const char *dir, const char *but);
bool tree_same(const struct tree *a, const struct tree *b);
const struct tree_entry *tree_find(const struct tree *t, const char *name);
/* What is in it are numbers that are others each time. */
bool tree_counts(const struct tree_entry *e);
/* Of all but these. */
uint64_t tree_hash(const struct tree *t);

#endif
