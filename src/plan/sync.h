/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_PLAN_SYNC_H
#define ENVIRO_PLAN_SYNC_H

/* What the host side and init say to each other: one SOCK_SEQPACKET socket, one struct sync_msg a packet, fds as
 * SCM_RIGHTS. Init gets the number of its end as argv[1].
 *
 * host → init   SYNC_PLAN    fds[0] the plan (memfd), then one fd for each slot of `slots[]`; value: SYNC_WITHOUT_*, the
 *                            questions that the host would answer at once; each costs two changes of process
 * init → host   SYNC_CHILD   value = pid, fds[0] pidfd of the process that goes on in init's place (PLAN_OP_FORK); the
 *                            host answers SYNC_GO, which the child reads
 * init → host   SYNC_MAP     a user namespace was unshared: the host writes the id maps, answers SYNC_GO
 * init → host   SYNC_NAMESPACES  all namespaces stand; the host runs its hooks and so on, answers SYNC_GO with
 *                            more slots (as many packets as it needs: value = 1 while more follow)
 * init → host   SYNC_IDMAP   fds[0] a detached tree, step = number of the plan_mount it is for, value = 1: recursive. The
 *                            host sets the mapping of mounts[index] on it (mount_setattr with MOUNT_ATTR_IDMAP and the
 *                            user namespace of the mount's uidMappings and gidMappings, else of the container's) and
 *                            answers SYNC_GO: it takes rights in the first user namespace, which init may lack
 * init → host   SYNC_TREE    step = number of the plan_mount whose detached tree cannot be attached, for it holds a pin of a
 *                            mount namespace that is older than ours. The host answers SYNC_GO with another in its
 *                            slot, cloned from a copy of its mount namespace, which has no such pins
 * init → host   SYNC_CONSOLE fds[0] the master of the terminal; no answer
 * init → host   SYNC_SECCOMP value = number of the listener fd in init (the host takes it with pidfd_getfd, for the
 *                            filter may stop sendmsg); sent by write(2); the host answers one SYNC_GO, read by read(2)
 * init → host   SYNC_READY   everything is done up to the wait for start. With a start socket (slot `start_slot`) init
 *                            closes this socket and waits there; without (run in one go, exec) the host answers
 *                            SYNC_GO, unless init was told not to wait for it
 * init → host   SYNC_ERROR   value = errno, text = message. Also on a start connection
 * READY, ERROR and TIMES also say when init began what since the one before (times[]).
 * init → host   SYNC_TIMES   startContainer hooks have been run; no answer. Also on a start connection
 * End of file without SYNC_ERROR after READY's answer: the program was executed.
 *
 * A start connection (SOCK_SEQPACKET, listening in the state directory): the caller sends SYNC_GO; init runs the
 * startContainer hooks and executes; end of file says that it did, SYNC_ERROR that and why it did not. */

#include <stddef.h>
#include <stdint.h>

enum sync_type {
	SYNC_NONE,
	SYNC_PLAN,
	SYNC_CHILD,
	SYNC_MAP,
	SYNC_IDMAP,
	SYNC_TREE,
	SYNC_NAMESPACES,
	SYNC_CONSOLE,
	SYNC_SECCOMP,
	SYNC_READY,
	SYNC_GO,
	SYNC_ERROR,
	SYNC_TIMES /* new ones come last: see SYNC_FIRST_SIZE */
};

enum { SYNC_WITHOUT_NAMESPACES = 1, SYNC_WITHOUT_GO = 2 };
enum { SYNC_MAX_FDS = 200, SYNC_TEXT = 1024 };

/* A time is what was begun (the number of a step, or one of these) in the upper 16 bits, and below it sys_ticks() since
 * init itself began; the first, times[0], is that beginning as sys_ticks() has it. What is begun ends what was before. */
enum { SYNC_MAX_TIMES = 100, SYNC_TIME_BITS = 48, SYNC_TIME_WAIT = 0xffff, SYNC_TIME_ENTER = 0xfffe };

struct sync_msg {
	uint32_t type;
	int32_t value;
	uint32_t n_slots;		/* PLAN and GO: slots[i] belongs to the i-th fd (PLAN: the i+1-th); else of times */
	uint32_t step;			/* ERROR: number of the step that failed, counted from 0 */
	union { /* of slots the last entries may be cut off on the wire */
		uint32_t slots[SYNC_MAX_FDS];
		uint64_t times[SYNC_MAX_TIMES];
	};
	char text[SYNC_TEXT];
	uint32_t bare;			/* ERROR: as in struct error */
	uint32_t version;		/* GO on a start connection: SYNC_VERSION, what the caller understands */
};

/* A start connection may join two builds: members never move, new ones come last, and who gets a shorter packet has 0 in
 * them. 0: knows nothing from `bare` on, and not SYNC_TIMES. */
enum { SYNC_FIRST_SIZE = 16 + 4 * SYNC_MAX_FDS + SYNC_TEXT, SYNC_VERSION = 1 };
_Static_assert(offsetof(struct sync_msg, bare) == SYNC_FIRST_SIZE, "members have moved");

/* Well-known slots, before those that a plan numbers itself (plan_new_slot starts at SLOT_FIRST_FREE). */
enum {
	SLOT_START,	    /* listening socket for start; absent: READY is answered on the sync socket */
	SLOT_STATE_CREATING, /* memfd: state JSON for createContainer hooks */
	SLOT_STATE_CREATED,  /* memfd: state JSON for startContainer hooks */
	SLOT_HOOKS_OUT,	     /* file that takes what init's hooks write to stdout, and … */
	SLOT_HOOKS_ERR,	     /* … to stderr; absent: kept for messages only */
	SLOT_NETWORK,	     /* new namespaces that init enters before all steps: network, with lo up, … */
	SLOT_IPC,	     /* … ipc … */
	SLOT_UTS,	     /* … and uts */
	SLOT_FIRST_FREE
};

#endif
