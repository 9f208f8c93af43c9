/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_SPEC_IDS_H
#define ENVIRO_CONTAINER_SPEC_IDS_H

/* Root's subordinate ids: lines "root:FIRST:COUNT", or "0:...", of /etc/subuid and /etc/subgid. */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct spec_ids {
	uint32_t uids, gids; /* how many follow each other */
};

/* The range of a text of lines that is root's and begins with `first`: how many ids it has, 0 when there is none, or fewer
 * than an image needs (65,536), or `first` is the host's root. Cuts up the text. */
uint32_t spec_ids_find(char *text, uint32_t first);
/* Whether a range of root's begins with each of the two ids. */
bool spec_ids_of_root(struct arena *a, uint32_t uid, uint32_t gid, struct spec_ids *ret);

#endif
