/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_BASE_FD_H
#define ENVIRO_BASE_FD_H

/* Ownership of file descriptors and heap memory by scope (host side). Every fd is born close-on-exec. */

#include <stdlib.h>
#include <unistd.h>

static inline void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static inline void mem_free(void *p)
{
	free(*(void **)p);
}

static inline int fd_take(int *fd)
{
	int r = *fd;

	*fd = -1;
	return r;
}

#define _cleanup_close_ __attribute__((cleanup(fd_close)))
#define _cleanup_free_ __attribute__((cleanup(mem_free)))
#define TAKE_FD(fd) fd_take(&(fd))
#define TAKE_PTR(p) ({ __typeof__(p) _t = (p); (p) = NULL; _t; })

#endif
