/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_CRIU_DESCRIPTORS_H
#define ENVIRO_CONTAINER_CRIU_DESCRIPTORS_H

/* descriptors.json beside CRIU's images, where runc has it: what the container's standard descriptors were, as an array
 * of three strings. Those that lead out of the container, pipes and files of the host, are ours at restore. */

#include <sys/types.h>

#include "base/error.h"
#include "container/criu_message.h"

/* Writes it into the directory of the images, and names to CRIU what it is not to save. */
int criu_descriptors_write(struct criu_message *m, int dir, pid_t pid, struct error *err);
/* Gives CRIU our standard descriptors in place of those. */
int criu_put_descriptors(struct criu_message *m, int dir, struct error *err);

#endif
