/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_CRIU_H
#define ENVIRO_CONTAINER_CRIU_H

/* CRIU by its RPC: `criu swrk FD`, found in $PATH, is told over a SOCK_SEQPACKET socket what to do, says on the way how far
 * it is, and has an answer at the end. The numbers are those of its images/rpc.proto. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "container/criu_message.h"

enum criu_request {
	CRIU_DUMP = 1,
	CRIU_RESTORE = 2,
	CRIU_PRE_DUMP = 4,
	CRIU_NOTIFY = 6,
	CRIU_VERSION = 10,
};

/* Fields of the options of a request. */
enum criu_option {
	CRIU_IMAGES_DIR_FD = 1,
	CRIU_PID = 2,
	CRIU_LEAVE_RUNNING = 3,
	CRIU_EXT_UNIX_SK = 4,
	CRIU_TCP_ESTABLISHED = 5,
	CRIU_EVASIVE_DEVICES = 6,
	CRIU_SHELL_JOB = 7,
	CRIU_FILE_LOCKS = 8,
	CRIU_LOG_LEVEL = 9,
	CRIU_LOG_FILE = 10,
	CRIU_PAGE_SERVER = 11,
	CRIU_NOTIFY_SCRIPTS = 12,
	CRIU_ROOT = 13,
	CRIU_PARENT_IMG = 14,
	CRIU_TRACK_MEM = 15,
	CRIU_AUTO_DEDUP = 16,
	CRIU_WORK_DIR_FD = 17,
	CRIU_LINK_REMAP = 18,
	CRIU_EXT_MNT = 23,
	CRIU_MANAGE_CGROUPS = 24,
	CRIU_CG_ROOT = 25,
	CRIU_RST_SIBLING = 26,
	CRIU_INHERIT_FD = 27,
	CRIU_MANAGE_CGROUPS_MODE = 34,
	CRIU_EXTERNAL = 37,
	CRIU_EMPTY_NS = 38,
	CRIU_JOIN_NS = 39,
	CRIU_FREEZE_CGROUP = 44,
	CRIU_TCP_SKIP_IN_FLIGHT = 46,
	CRIU_LAZY_PAGES = 48,
	CRIU_ORPHAN_PTS_MASTER = 50,
	CRIU_CONFIG_FILE = 51,
	CRIU_TCP_CLOSE = 52,
	CRIU_LSM_PROFILE = 53,
	CRIU_LSM_MOUNT_CONTEXT = 63,
	CRIU_NETWORK_LOCK = 64,
};

enum { CRIU_MAX_FDS = 8 };

struct criu {
	/* given */
	int keep[CRIU_MAX_FDS]; /* descriptors that it gets by the same numbers, besides our standard ones */
	size_t n_keep;
	/* In the new process, before it executes criu; NULL: nothing. Returns 0 or -errno. */
	int (*prepare)(void *data, struct error *err);
	/* CRIU has come to `what` ("post-dump", "setup-namespaces" …). pid: what it says with it, or 0. fd: what it sends with
	 * it, or -1; the callee's. A failure makes CRIU give up. */
	int (*on_notify)(void *data, const char *what, pid_t pid, int fd, struct error *err);
	void *data;
	/* found */
	pid_t pid;
	int sock;
	bool failed;	  /* it could not do what it was asked for */
	char reason[256]; /* why, as far as its answer says so */
	pid_t restored; /* the container's init, our child */
};
/* -EMFILE when there are too many. A negative one is passed over. */
int criu_keep(struct criu *c, int fd, struct error *err);
#define CRIU_INIT ((struct criu){.sock = -1})

/* Starts it. A version that is too old for what is asked of it here is refused. */
int criu_begin(struct criu *c, struct error *err);
/* Has it carry out one request, and waits for its end. What it takes is CRIU's to limit: images may have any size. */
int criu_carry_out(struct criu *c, enum criu_request what, const struct criu_message *options, struct error *err);
/* Ends it, if it is there, and reaps it. */
void criu_end(struct criu *c);
#define _cleanup_criu_ __attribute__((cleanup(criu_end)))

#endif
