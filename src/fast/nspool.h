/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_FAST_NSPOOL_H
#define ENVIRO_FAST_NSPOOL_H

/* Namespaces made ahead of time, never used, each handed out once. They lie in ROOT/@pool (no container's id has an
 * '@'), a tmpfs of its own on a private mount. Each is two names there:
 *
 *   net-4026532567          a bind of the namespace's nsfs file ("pin"), which keeps it; named by the inode number
 *   net-4026532567.unused   its ticket, a symbolic link. Who removes it has the namespace, and nobody else ever
 *
 * A pin without a ticket is a leftover of a container that has its namespace, or of a runtime that was killed; the next
 * who makes namespaces removes it. Removing takes the pin out of every mount namespace, copies of ours, too (unlink of
 * a name that something is mounted on elsewhere). A pin is seen by the mount namespace that made it and by copies of
 * that one made later; elsewhere its name is an empty file, or not there. */

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define NSPOOL_DIR "@pool"

/* Its name is the kernel's: net, ipc, uts. */
struct nspool_kind {
	const char *name;
	uint32_t flag; /* CLONE_NEWNET, … */
};
enum { NSPOOL_KINDS = 3 };
extern const struct nspool_kind nspool_kinds[NSPOOL_KINDS];

/* ---- taking: nspool.c ---- */

/* What was taken: its pins are still to be removed. */
struct nspool_taken {
	int dir;
	uint32_t flags; /* CLONE_NEW* of the kinds */
	int fds[NSPOOL_KINDS];
	uint64_t inodes[NSPOOL_KINDS];
};
#define NSPOOL_TAKEN_INIT ((struct nspool_taken){.dir = -1, .fds = {-1, -1, -1}})

/* Takes one namespace of each kind in `flags` out of the pool of the state root, as far as there are any that this
 * mount namespace sees and that belong to our user namespace: ret->flags says which, ret->fds are then the caller's.
 * Negative errno, with why in err, when the pool cannot be looked at: -ENOENT: there is none; -EPERM: it is not ours
 * alone. */
int nspool_take(const char *root, uint32_t flags, struct nspool_taken *ret, struct error *err);
/* Removes the pins of what was taken; the namespaces live on in their processes. Takes about as long as making one
 * does, so it is for when others are at work. */
void nspool_drop(struct nspool_taken *t);

/* ---- making: nspool_fill.c; root is an fd of the state root ---- */

/* Makes namespaces until `count` of each kind in `flags` wait, at most `max` of all kinds together, and removes
 * leftovers. The calling process ends up in the last ones. -E2BIG: more than max; -EBUSY: somebody else is doing this;
 * -EPERM and other errors of the kernel. */
int nspool_fill(int root, uint32_t flags, uint32_t count, uint32_t max, struct error *err);

struct nspool_counts {
	uint32_t waiting[NSPOOL_KINDS];
	uint32_t unseen[NSPOOL_KINDS];   /* waiting in another mount namespace, or of another user namespace */
	uint32_t leftover[NSPOOL_KINDS]; /* pins of those that were taken */
};
/* Zeros where there is no pool. */
int nspool_count(int root, struct nspool_counts *ret, struct error *err);
/* Removes all, and the directory. Containers keep what they have. -EBUSY: somebody is making some. */
int nspool_clear(int root, struct error *err);

/* ---- between the two ---- */
enum { NSPOOL_NAME = 48 };
#define NSPOOL_UNUSED ".unused"
/* The directory below root, only ours: an fd, or -ENOENT, -EPERM, other errors of open. */
int nspool_open_dir(int root, const char *path);
/* Calls `each` for each name with the ticket's ending until it returns other than 0, which is the result. */
int nspool_each(int dir, const char *ending,
	int (*each)(int dir, const struct nspool_kind *k, uint64_t inode, void *arg), void *arg);
void nspool_name(char *buf, const struct nspool_kind *k, uint64_t inode, const char *ending);
/* An fd of a pin that is what its name says, of our user namespace, or -errno. */
int nspool_open_pin(int dir, const struct nspool_kind *k, uint64_t inode);
void nspool_remove_pin(int dir, const char *name);
/* What a new namespace of this kind has from the one its maker is in: a ticket that says otherwise is passed over. */
void nspool_stamp(const struct nspool_kind *k, char *buf, size_t n);

#endif
