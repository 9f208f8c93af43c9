/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CLI_CREATE_H
#define ENVIRO_CLI_CREATE_H

#include "cli/cli.h"

/* The options of every verb that makes a container; their struct is struct create_options. */
#define CREATE_OPTIONS                                                                                                 \
	OPTION(struct create_options, bundle, "bundle", 'b', "directory of the bundle (default: the current one)"),    \
	OPTION(struct create_options, config, "config", 'f', "file to read instead of the bundle's config.json"),      \
	OPTION(struct create_options, console_socket, "console-socket", 0,                                             \
		"AF_UNIX socket that is sent the master end of the terminal"),                                         \
	OPTION(struct create_options, pid_file, "pid-file", 0, "file to write the pid of the container's init to"),    \
	OPTION(struct create_options, pidfd_socket, "pidfd-socket", 0,                                                 \
		"AF_UNIX socket that is sent a pidfd of the container's init"),                                        \
	OPTION(struct create_options, no_pivot, "no-pivot", 0,                                                         \
		"change the root by MS_MOVE and chroot, not pivot_root (for a root file system on a ramdisk)"),        \
	OPTION(struct create_options, no_new_keyring, "no-new-keyring", 0, "keep the session keyring of the caller"),  \
	OPTION(struct create_options, preserve_fds, "preserve-fds", 0,                                                 \
		"pass on so many file descriptors behind stdio and $LISTEN_FDS (default: 0)")

#endif
