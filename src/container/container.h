/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_CONTAINER_H
#define ENVIRO_CONTAINER_CONTAINER_H

/* The host side: the life of a container. One function a verb; src/cli turns a command line into one call. Nothing
 * here prints or exits; warnings go to the log. */

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "cgroup/cgroup.h"
#include "libocispec-lite/ocispec.h"

/* What every verb is given. */
struct context {
	const char *root;		/* the state root, absolute; made 0700 where it is missing */
	enum cgroup_manager manager;
	bool rootless;			/* decided: see context_rootless */
	const char *argv0;
};

/* The default state root: /run/enviro-oci for root, $XDG_RUNTIME_DIR/enviro-oci otherwise, and for root inside a user
 * namespace when the variable is set and not empty. In the arena. */
int context_default_root(struct arena *a, const char **ret, struct error *err);
/* What this process has counted so far goes into the metrics of its state root, unless the configuration says no. code:
 * what the verb failed with, 0: it did not. last: nothing is counted behind it. Nothing here fails. */
void context_save_metrics(const struct context *x, int code, bool last);
/* --rootless auto: true when not root, or root of a user namespace that is not the first one. */
bool context_rootless_auto(void);

enum container_status { STATUS_CREATING, STATUS_CREATED, STATUS_RUNNING, STATUS_PAUSED, STATUS_STOPPED };
const char *status_name(enum container_status s);
const char *manager_name(enum cgroup_manager m);

/* What is known of one container; strings live in the arena it was read into. */
struct container {
	const char *id, *bundle, *rootfs, *oci_version;
	const char *owner;		/* user name of the state directory's owner */
	const char *created;		/* RFC 3339, UTC, nanoseconds */
	pid_t pid;			/* of init in our pid namespace, 0 when it is not running */
	enum container_status status;
	struct oci_map annotations;	/* the config's, and "bundle" is not added */
	struct cgroup cgroup;
	int dir;			/* state directory fd */
	bool locked;			/* dir holds the lock */
	struct container_record *record;
};
void container_close(struct container *c);
#define _cleanup_container_ __attribute__((cleanup(container_close)))

/* Ids: letters, digits, "_+-.", at most 1024 bytes, not "." or "..": otherwise -EINVAL "invalid container ID format: …". */
int container_check_id(const char *id, struct error *err);

/* Reads a container and finds out its status. -ENOENT: "container does not exist". */
int container_load(const struct context *x, const char *id, struct arena *a, struct container *ret, struct error *err);
/* The same, for a verb that changes it: waits for the lock, which container_close releases. */
int container_load_locked(const struct context *x, const char *id, struct arena *a, struct container *ret,
	struct error *err);
/* The same of a state directory that is open (taken over on success). -ENOENT also while another verb is making or
 * removing it; one that has no state and is nobody's work: -EBADMSG. */
int container_load_dir(int dir, const char *id, bool lock, struct arena *a, struct container *ret, struct error *err);
/* Every container below the root, by id; damaged ones are warned of and left out. */
int container_list(const struct context *x, struct arena *a, struct container **ret, size_t *n, struct error *err);
/* The state document that hooks and seccomp agents get, on one line. */
int container_state_json(const struct container *c, struct arena *a, char **ret, size_t *len, struct error *err);

struct create_options {
	const char *bundle;	    /* as given; "" or NULL: the current directory */
	const char *config;	    /* --config; NULL: config.json of the bundle */
	const char *console_socket; /* NULL: none */
	const char *pid_file, *pidfd_socket;
	uint32_t preserve_fds;
	bool no_pivot, no_new_keyring;
	/* run only */
	bool detach, keep, no_subreaper;
};
int container_create(const struct context *x, const char *id, const struct create_options *o, struct error *err);
/* *exit_status: the container's own (128 + signal when one ended it); 0 with detach. */
int container_run(const struct context *x, const char *id, const struct create_options *o, int *exit_status, struct error *err);
int container_start(const struct context *x, const char *id, struct error *err);
int container_kill(const struct context *x, const char *id, int sig, bool all, struct error *err);
/* Removes the remnants of verbs that were killed before they had made a container: state directories without a state, or
 * without a process, that no verb is at work on. */
int container_clean(const struct context *x, struct error *err);
/* force: kill first, and an unknown id is success. */
int container_delete(const struct context *x, const char *id, bool force, struct error *err);
int container_pause(const struct context *x, const char *id, struct error *err);
int container_resume(const struct context *x, const char *id, struct error *err);
/* pids of all processes, ascending. */
int container_pids(const struct context *x, const char *id, struct arena *a, pid_t **ret, size_t *n, struct error *err);

struct exec_options {
	const char *process_file;   /* --process; NULL: the config's process with the changes below */
	char *const *args;	    /* NULL with process_file */
	size_t args_len;
	bool tty;
	const char *console_socket, *cwd, *user /* "UID[:GID]" */, *pid_file, *pidfd_socket, *apparmor, *process_label;
	char *const *env;
	size_t env_len;
	const uint32_t *additional_gids;
	size_t additional_gids_len;
	char *const *caps;
	size_t caps_len;
	bool has_no_new_privs, no_new_privs;
	bool detach, ignore_paused;
	uint32_t preserve_fds;
	char *const *cgroups;	    /* "PATH" or "CONTROLLER[,CONTROLLER]:PATH", below the container's */
	size_t cgroups_len;
};
int container_exec(const struct context *x, const char *id, const struct exec_options *o, int *exit_status, struct error *err);

#endif
