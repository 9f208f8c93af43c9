/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_OCISPEC_PATH_H
#define ENVIRO_OCISPEC_PATH_H

/* JSON paths as they stand in messages: process.rlimits[2].soft, linux.sysctl["net.core.somaxconn"]. Empty at the
 * root. Keys that are long are cut, and what a terminal could take for a command is replaced. */

#include <stddef.h>

struct path {
	size_t len;
	char text[480];
};

void path_member(struct path *p, const char *name);
void path_index(struct path *p, size_t index);
void path_key(struct path *p, const char *key);

/* ": " behind a path, "" behind an empty one. */
const char *path_colon(const struct path *p);

#endif
