/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_IMAGE_H
#define ENVIRO_CONTAINER_IMAGE_H

#include "base/error.h"

/* Init as a file that can be executed (execveat with AT_EMPTY_PATH) and that nobody can write to, however he comes by it:
 * what a container reaches through /proc/PID/exe is this, never a file of the host (CVE-2019-5736). A sealed memory
 * file; where vm.memfd_noexec=2 forbids to run those (Linux 6.3), a detached read-only mount of a file that is made in
 * `dir` for it and has no name any more when this returns. An fd, or a negative errno. */
int image_open(int dir, struct error *err);

#endif
