/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_STORE_H
#define ENVIRO_CONTAINER_STORE_H

/* The state root and the directories below it, one a container. */

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "container/container.h"

/* Opens the state root (O_PATH), made with its parents where missing (0700) and `make` is set. -ENOENT otherwise. A root
 * that others may write to, or that belongs to somebody else, is refused. */
int store_open_root(const struct context *x, bool make, struct error *err);

/* A new state directory, locked (exclusively, till the fd is closed or store_unlock). -EEXIST: runc's words. */
int store_create(const struct context *x, const char *id, struct error *err);
/* An existing one. -ENOENT: "container does not exist"; anything that is not a directory of our own is refused. */
int store_open(const struct context *x, const char *id, struct error *err);
/* Waits for the lock that every verb that changes a container holds, 10 s at most: -ETIMEDOUT names who has it. Who has
 * waited may hold a directory that has been removed meanwhile: see store_gone. */
int store_lock(int dir, struct error *err);
/* The same without waiting; false when somebody else holds it. */
bool store_try_lock(int dir);
void store_unlock(int dir);
/* Whether somebody else holds it now. */
bool store_locked(int dir);
/* Whether `dir` has been removed: there is no such container, or a later one that has nothing to do with `dir`. */
bool store_gone(int dir);
/* Removes the directory, locked by us, and all in it. What is gone is success; a later one of that id is left alone. */
int store_remove(const struct context *x, const char *id, int dir, struct error *err);
/* The names of all state directories, sorted. No root: none. */
int store_ids(const struct context *x, struct arena *a, char ***ret, size_t *n, struct error *err);

#endif
