/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_CHECKPOINT_H
#define ENVIRO_CONTAINER_CHECKPOINT_H

/* Checkpoint and restore: CRIU saves the processes of a container as files and makes them again from these. */

#include <stdbool.h>

#include "container/container.h"
#include "container/criu.h"

/* What is asked of CRIU; strings are NULL or "" where nothing was given. */
struct criu_settings {
	const char *image_path;	 /* NULL: the directory "checkpoint" */
	const char *work_path;	 /* of CRIU's log and statistics; NULL: image_path */
	const char *manage_cgroups_mode; /* soft, full, strict, ignore */
	const char *network_lock;	 /* iptables, nftables, skip */
	char *const *empty_ns;
	size_t empty_ns_len;
	bool tcp_established, tcp_close, ext_unix_sk, shell_job, file_locks, auto_dedup, lazy_pages;
	/* checkpoint only */
	const char *parent_path; /* relative to image_path */
	const char *page_server; /* ADDRESS:PORT */
	const char *status_fd;	 /* with lazy_pages: a NUL is written to it once the page server is ready */
	bool leave_running, pre_dump, tcp_skip_in_flight, link_remap;
	/* restore only */
	const char *lsm_profile, *lsm_mount_context;
};

/* Saves a container that runs, and deletes it, unless it is to go on running. */
int container_checkpoint(const struct context *x, const char *id, const struct criu_settings *s, struct error *err);
/* Makes a container from a bundle as create does, and its processes from the images. As container_run otherwise. */
int container_restore(const struct context *x, const char *id, const struct create_options *o,
	const struct criu_settings *s, int *exit_status, struct error *err);

/* ---- what both have in common (criu_options.c) ---- */
struct criu_dirs {
	int images, work; /* work: -1 where it is images */
	const char *images_path, *work_path;
};
#define CRIU_DIRS_INIT ((struct criu_dirs){-1, -1, NULL, NULL})
/* Opens the directories; made where they are missing (images: with mode `make`, 0: not). */
int criu_dirs_open(const struct criu_settings *s, mode_t make, struct criu_dirs *ret, struct error *err);
/* They go to CRIU by the same numbers. */
int criu_dirs_keep(const struct criu_dirs *d, struct criu *criu, struct error *err);
/* In another mount namespace: opens them again, by the same numbers. */
int criu_dirs_reopen(const struct criu_dirs *d, struct error *err);
void criu_dirs_close(struct criu_dirs *d);
#define _cleanup_dirs_ __attribute__((cleanup(criu_dirs_close)))

/* The options of both, and those of s. -EINVAL: an unknown mode, method or namespace. */
int criu_put_settings(struct criu_message *m, const struct criu_settings *s, const struct criu_dirs *d, const char *log,
	const struct oci_map *annotations, struct error *err);
/* Adds to the message of a request that CRIU failed at the last errors of its log, or without a log what its answer said:
 * ": REASON (log: FILE)". Returns -err->code. */
int criu_explain(const struct criu *c, const struct criu_dirs *d, const char *log, struct error *err);
/* The key of a joined network or pid namespace (CLONE_NEW*) in the images, or NULL: CRIU joins the others itself. */
const char *criu_external_key(uint32_t namespace);
/* CRIU's word for a namespace (CLONE_NEW*). */
const char *criu_namespace_name(uint32_t namespace);

#endif
