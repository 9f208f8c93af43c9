/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_LAUNCH_H
#define ENVIRO_CONTAINER_LAUNCH_H

/* Making an init process and leading it through a plan: the host's end of plan/sync.h. Used by create, run and exec. */

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "fast/nspool.h"
#include "fast/template.h"
#include "perf/span.h"
#include "plan/plan.h"
#include "plan/sync.h"

/* fds on their way into init's slots; owned, closed when sent. */
struct launch_slots {
	int fds[SYNC_MAX_FDS];
	uint32_t ids[SYNC_MAX_FDS];
	unsigned n;
};
/* Takes fd over (also when it fails: -E2BIG). A negative fd is passed over. */
int launch_put(struct launch_slots *s, uint32_t slot, int fd, struct error *err);
void launch_close_slots(struct launch_slots *s);

struct launch {
	/* given */
	const struct plan *plan;
	int plan_fd;		 /* a file that holds the plan, readable */
	int cgroup_fd;		 /* for CLONE_INTO_CGROUP, or -1 */
	uint64_t made;		 /* of the plan's clone_flags: namespaces that come by slots, new and ready */
	struct nspool_taken pooled; /* those of them that are from the pool; its pins are removed once init has them */
	int32_t without;	 /* SYNC_WITHOUT_*: what the caller has nothing to do at */
	int dir;		 /* state directory: init's image lies there for a moment where memory files may not be run */
	uint32_t preserve_fds;	 /* fds 3 … 2+n go on into init */
	struct launch_slots with_plan; /* slots that are there from the start */
	int template;		 /* a mount namespace that init begins in, or -1 */
	struct launch_slots trees; /* detached trees that init needs then; closed where it does not come from the template */
	bool attach_trees;	 /* first, at the template's places, in a copy of it; else they are slots of with_plan */
	/* The host's part once all namespaces stand; more slots may be put. Returns 0 or -errno (then init is killed). */
	int (*on_namespaces)(struct launch *l, struct launch_slots *more, struct error *err);
	/* SYNC_IDMAP; tree stays the caller's. NULL where the plan has no such mount. */
	int (*on_idmap)(struct launch *l, uint32_t step, int tree, bool recursive, struct error *err);
	/* SYNC_TREE; puts another tree. NULL where the plan has no binds. */
	int (*on_tree)(struct launch *l, uint32_t step, struct launch_slots *more, struct error *err);
	/* A seccomp listener; fd is the callee's. NULL where the plan has none. */
	int (*on_seccomp)(struct launch *l, int fd, struct error *err);
	void *data;
	/* found */
	int sync, pidfd;
	pid_t pid;
	struct span_clock clock; /* from before init was there */
	uint64_t cloned;	 /* sys_ticks() just before it was */
	int console; /* master of the container's terminal, or -1 */
	bool into_cgroup; /* it was made in cgroup_fd */
	bool from_template;
	uint32_t failed_step; /* the step of the plan that init could not do; 0: none, or the first */
	bool is_file[TEMPLATE_PLACES]; /* attach_trees: the slots whose trees are at a place for files */
};

#define LAUNCH_INIT                                                                                                    \
	((struct launch){.plan_fd = -1, .cgroup_fd = -1, .dir = -1, .template = -1, .pooled = NSPOOL_TAKEN_INIT, .sync = -1, .pidfd = -1, .console = -1})

/* Makes init. Returns when it is there (it waits for its plan); the caller may then write its pid down. */
int launch_spawn(struct launch *l, struct error *err);
/* Sends the plan and answers until READY. On failure init has been killed and reaped. */
int launch_lead(struct launch *l, struct error *err);
/* After READY of a plan without start socket: lets it execute the program, unless it does so by itself
 * (SYNC_WITHOUT_GO), and waits until it has. */
int launch_go(struct launch *l, struct error *err);
/* Kills init, if it is there, and reaps it. */
void launch_kill(struct launch *l);
/* Closes what is open. */
void launch_done(struct launch *l);
#define _cleanup_launch_ __attribute__((cleanup(launch_done)))

/* One packet with fds; 0 or -errno. */
int sync_send_fds(int sock, const struct sync_msg *m, const int *fds, unsigned n);
/* Init has been told to go on: 0 when the program was executed, 1 for a packet of SYNC_TIMES in *m, after which there is
 * more to wait for, else a negative errno: what init says, which *m is then, or that it cannot be heard. */
int sync_await_exec(int sock, const struct plan *p, struct sync_msg *m, struct error *err);
/* One packet; at most one fd comes with it (-1: none). -ECONNRESET at the end of the stream,
 * -EPIPE where the other side has left something unread. */
int sync_recv_fd(int sock, struct sync_msg *m, int *fd);
/* What a SYNC_ERROR says; returns the negative errno of it. */
int sync_error(const struct sync_msg *m, struct error *err);

/* How long init may be silent, beside its hooks: mounting, copying and looking programs up are the kernel's work. */
enum { SYNC_ANSWER_S = 60 };
/* From here on what is sent from our end and finds no room ends with -EAGAIN after SYNC_ANSWER_S. */
void sync_limit(int sock);
/* One packet, as sync_recv_fd. -ETIMEDOUT: none came within twice SYNC_ANSWER_S and what the hooks that
 * init runs may take; without a plan within SYNC_ANSWER_S. -ECONNRESET also when the process of pidfd (-1: none to watch)
 * has ended without a word: the socket alone does not tell, where a child that it has not named holds the other end. */
int sync_recv_answer(int sock, int pidfd, const struct plan *p, struct sync_msg *m, int *fd);

#endif
