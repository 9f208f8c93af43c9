/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CLI_CRIU_H
#define ENVIRO_CLI_CRIU_H

#include "cli/cli.h"
#include "container/checkpoint.h"

/* The options that checkpoint and restore have in common; T has a struct criu_settings `criu` and a struct option_strings
 * `empty_ns`. */
#define CRIU_OPTIONS(T, work)                                                                                          \
	OPTION(T, criu.image_path, "image-path", 0, "directory of the images (default: checkpoint)"),                  \
	OPTION(T, criu.work_path, "work-path", 0, "directory of CRIU's log, " work " (default: that of the images)"),  \
	OPTION(T, criu.tcp_established, "tcp-established", 0, "allow open TCP connections"),                           \
	OPTION(T, criu.tcp_close, "tcp-close", 0, "allow open TCP connections, which are closed at restore"),          \
	OPTION(T, criu.ext_unix_sk, "ext-unix-sk", 0, "allow unix sockets with an end outside the container"),         \
	OPTION(T, criu.shell_job, "shell-job", 0, "allow a session or terminal that comes from outside"),              \
	OPTION(T, criu.file_locks, "file-locks", 0, "allow file locks"),                                               \
	OPTION(T, criu.auto_dedup, "auto-dedup", 0, "drop memory from older images that newer ones hold"),             \
	OPTION(T, criu.manage_cgroups_mode, "manage-cgroups-mode", 0,                                                  \
		"how cgroups are restored: soft, full, strict or ignore (default: soft)"),                             \
	OPTION(T, criu.network_lock, "network-lock", 0,                                                                \
		"how the network is stopped meanwhile: iptables, nftables or skip (default: iptables)"),               \
	OPTION(T, empty_ns, "empty-ns", 0,                                                                             \
		"a namespace whose properties are not kept: network (which is so without it, too)")

#endif
