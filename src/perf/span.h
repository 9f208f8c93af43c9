/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_PERF_SPAN_H
#define ENVIRO_PERF_SPAN_H

/* What took how long in this process, and what it did not get done: the one source of metrics and traces. A span is a
 * stretch of time with a name out of SPANS; spans lie within each other as calls do. Beginning and ending one costs two
 * looks at the clock. The host side's own spans are begun and ended here; those of init and of threads come as stamps
 * (sys_ticks) and are added when they arrive (container/init_times.c).
 *
 * Not for several threads: the one thread beside the first has no libc, and leaves its stamps to it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a span is: a verb as a whole; work; waiting for somebody else; a program or an agent that is not ours. */
enum span_kind { SPAN_VERB, SPAN_PHASE, SPAN_WAIT, SPAN_PLUGIN };

/* The verbs' names are those of the command line. A verb's span ends when it is done, of `run` and `exec` when their
 * program is executed. New ones: anywhere; metrics files of other builds are begun anew. */
#define SPANS(X)                                                                                                       \
	X(RUN, "run", VERB)                                                                                            \
	X(CREATE, "create", VERB)                                                                                      \
	X(START, "start", VERB)                                                                                        \
	X(EXEC, "exec", VERB)                                                                                          \
	X(DELETE, "delete", VERB)                                                                                      \
	X(KILL, "kill", VERB)                                                                                          \
	X(PAUSE, "pause", VERB)                                                                                        \
	X(RESUME, "resume", VERB)                                                                                      \
	X(UPDATE, "update", VERB)                                                                                      \
	X(CHECKPOINT, "checkpoint", VERB)                                                                              \
	X(RESTORE, "restore", VERB)                                                                                    \
	/* the host side */                                                                                            \
	X(COMMAND_LINE, "command_line", PHASE)	   /* from main to the verb: options, log */                           \
	X(CONFIGURATION, "configuration", PHASE)   /* the runtime's own */                                             \
	X(READ_SPEC, "read_spec", PHASE)	   /* the configuration, from the bundle or the cache */               \
	X(PLAN, "plan", PHASE)			   /* checks, cgroup settings, filter, steps */                        \
	X(SECCOMP_COMPILE, "seccomp_compile", PHASE) /* the filter, compiled or out of the cache */                    \
	X(STATE, "state", PHASE)		   /* state directory, record, plan written */                         \
	X(CGROUP, "cgroup", PHASE)		   /* made, limits in force */                                         \
	X(POOL, "pool", PHASE)			   /* namespaces taken out of the pool */                              \
	X(NETNS_BEGIN, "netns_begin", PHASE)	   /* the thread for a network namespace is made */                    \
	X(NETNS, "netns", PHASE)		   /* a network namespace made by the thread, the thread's own time */ \
	X(NETNS_WAIT, "netns_wait", WAIT)	   /* for that thread */                                               \
	X(TEMPLATE, "template", PHASE)		   /* of a mount namespace, found or made; trees opened */             \
	X(IMAGE, "image", PHASE)		   /* of init, found or made */                                        \
	X(CLONE, "clone", PHASE)		   /* the clone3 that makes init and all namespaces that it can */     \
	X(ID_MAPS, "id_maps", PHASE)                                                                                   \
	X(SLOTS, "slots", PHASE)		   /* what init is given */                                            \
	X(LEAD, "lead", WAIT)			   /* for init, until it is ready */                                   \
	X(HOST_PART, "host_part", PHASE)	   /* what the host does once the namespaces stand, hooks too */       \
	X(HAND_OVER, "hand_over", PHASE)	   /* terminal, pidfd, pid file */                                     \
	X(HOOKS, "hooks", PHASE)		   /* of a container that is there: looked for, and run */             \
	X(HOOK_WAIT, "hook_wait", WAIT)		   /* for a hook that the host side runs */                            \
	X(EXECUTE, "execute", WAIT)		   /* from ready until the program is executed, filter and hooks too */ \
	X(KEEP, "keep", PHASE)			   /* the launch put into the cache */                                 \
	X(CONTAINER, "container", WAIT)		   /* a foreground container's own time */                             \
	X(LOAD, "load", PHASE)			   /* a container's state, with the wait for its lock */               \
	X(CRIU, "criu", WAIT)			   /* for CRIU, until it is done with one request */                   \
	X(KILL_WAIT, "kill_wait", WAIT)		   /* for the end of a process that was killed */                      \
	X(CGROUP_REMOVE, "cgroup_remove", PHASE)                                                                       \
	X(UNDO, "undo", PHASE)			   /* what a start that failed had made */                             \
	X(CLOSE, "close", PHASE)		   /* what the start of a process held is let go */                    \
	X(STATE_REMOVE, "state_remove", PHASE)                                                                         \
	X(METRICS, "metrics", PHASE)		   /* saved; too late to be among them itself */                       \
	/* init */                                                                                                     \
	X(INIT_EXEC, "init_exec", PHASE)	   /* from the clone3 on, until init runs */                           \
	X(INIT_WAIT, "init_wait", WAIT)		   /* for the host */                                                  \
	X(NS_MOUNT, "ns_mount", PHASE)		   /* joined or made by init itself, one kind at a time … */           \
	X(NS_PID, "ns_pid", PHASE)                                                                                     \
	X(NS_NETWORK, "ns_network", PHASE)                                                                             \
	X(NS_IPC, "ns_ipc", PHASE)                                                                                     \
	X(NS_UTS, "ns_uts", PHASE)                                                                                     \
	X(NS_USER, "ns_user", PHASE)                                                                                   \
	X(NS_CGROUP, "ns_cgroup", PHASE)                                                                               \
	X(NS_TIME, "ns_time", PHASE)                                                                                   \
	X(NS_SEVERAL, "ns_several", PHASE)	   /* … or several by one call; those of the pool and the thread */    \
	X(CGROUP_JOIN, "cgroup_join", PHASE)                                                                           \
	X(ROOTFS, "rootfs", PHASE)                                                                                     \
	X(MOUNTS, "mounts", PHASE)                                                                                     \
	X(DEVICES, "devices", PHASE)                                                                                   \
	X(PIVOT, "pivot", PHASE)                                                                                       \
	X(CONSOLE, "console", PHASE)                                                                                   \
	X(SYSCTLS, "sysctls", PHASE)		   /* host and domain name, too */                                     \
	X(PATHS, "paths", PHASE)		   /* read-only and masked */                                          \
	X(PROCESS, "process", PHASE)		   /* limits, scheduling, labels, session, cwd, program looked up */   \
	X(CREDENTIALS, "credentials", PHASE)                                                                           \
	X(SECCOMP, "seccomp", PHASE)		   /* a filter with a listener, loaded */                              \
	X(READY, "ready", PHASE)		   /* until the host has heard of it */                                \
	/* not ours */                                                                                                 \
	X(HOOK_PRESTART, "hook_prestart", PLUGIN)                                                                      \
	X(HOOK_CREATE_RUNTIME, "hook_createRuntime", PLUGIN)                                                           \
	X(HOOK_CREATE_CONTAINER, "hook_createContainer", PLUGIN)                                                       \
	X(HOOK_START_CONTAINER, "hook_startContainer", PLUGIN)                                                         \
	X(HOOK_POSTSTART, "hook_poststart", PLUGIN)                                                                    \
	X(HOOK_POSTSTOP, "hook_poststop", PLUGIN)                                                                      \
	X(SECCOMP_AGENT, "seccomp_agent", PLUGIN)

#define SPAN_ID(id, name, kind) SPAN_ID_##id,
enum span_id { SPANS(SPAN_ID) SPAN_IDS };
#undef SPAN_ID
extern const char *const span_names[SPAN_IDS];
extern const uint8_t span_kinds[SPAN_IDS]; /* enum span_kind */

/* Who was at it. */
enum span_track { TRACK_HOST, TRACK_NETNS, TRACK_INIT, TRACK_HOOK, SPAN_TRACKS };

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t span_now(void);

struct span {
	enum span_id id;
	uint64_t begin;
};
static inline struct span span_begin(enum span_id id)
{
	return (struct span){id, span_now()};
}
/* Ends it and returns r. Of a failure (r < 0) the first span to end, the innermost, is the step that failed. */
int span_end(const struct span *s, int r);
/* One that has ended. end before begin: taken as begin. */
void span_add(enum span_id id, enum span_track track, uint64_t begin, uint64_t end);

/* The verb's own: begun by main, at `since`; ended by whoever knows that it is done, main at the latest: what comes
 * later changes nothing. False: the name is no verb of SPANS, and there is none. */
bool span_verb_begin(const char *name, uint64_t since);
int span_verb_end(int r);

/* The step that failed, where it is known from elsewhere (init says so); the first one counts. */
void span_failed(enum span_id id);
/* SPAN_IDS: nothing failed. */
enum span_id span_failed_step(void);

/* Stamps of sys_ticks() as nanoseconds of span_now(). Both clocks are looked at when a stretch is begun and when it is
 * done; what lies between is interpolated, and never comes out outside, however bad the counter is. */
struct span_clock {
	uint64_t ticks[2], ns[2];
};
void span_clock_begin(struct span_clock *c);
void span_clock_done(struct span_clock *c);
uint64_t span_clock_ns(const struct span_clock *c, uint64_t ticks);

/* Everything that has ended so far, in the order of the ends; at most SPAN_MAX, the rest is only counted. */
enum { SPAN_MAX = 320 };
struct span_record {
	uint64_t begin, end;
	uint8_t id, track;
	uint16_t step; /* TRACK_INIT: the number of the plan's step; else 0 */
};
const struct span_record *span_records(size_t *n, size_t *lost);
/* As span_add, with a step of the plan. */
void span_add_step(enum span_id id, uint16_t step, uint64_t begin, uint64_t end);

#endif
