#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# System calls that an older kernel does not have, or that a filter around the runtime refuses: the older way is taken, or
# the start is refused and leaves nothing. docs/reliability.md, "Older kernels".

load helpers

SINCE_5_10=epoll_pwait2,mount_setattr,landlock_create_ruleset,landlock_add_rule,landlock_restrict_self,statmount,listmount,open_tree_attr

# refusing ERRNO CALL[,CALL]: $RUNTIME lives under such a filter from here on.
refusing() {
	mkdir -p "$BATS_TEST_TMPDIR/refusing"
	[ -n "${REAL:-}" ] || REAL=$RUNTIME
	printf '#!/bin/sh\nexec %s %s %s %s %s "$@"\n' "$PYTHON" "$BATS_TEST_DIRNAME/refuse.py" "$1" "$2" "$REAL" \
		>"$BATS_TEST_TMPDIR/refusing/$RUNTIME_NAME"
	chmod 755 "$BATS_TEST_TMPDIR/refusing/$RUNTIME_NAME"
	RUNTIME="$BATS_TEST_TMPDIR/refusing/$RUNTIME_NAME"
}

teardown() {
	RUNTIME=${REAL:-$RUNTIME}
	common_teardown
}

# A life that asks for most of what the newer calls do: volumes with flags, a terminal, masks, users.
life() {
	rt_ok create "$1"
	rt_ok start "$1"
	rt_ok exec "$1" sh -c 'cat /volume/file; ! (: >/volume/file) 2>/dev/null && ! (: >/proc/sys/kernel/hostname) 2>/dev/null'
	has "$out" text
	rt_ok pause "$1"
	rt_ok resume "$1"
	rt_ok kill "$1" KILL
	wait_state "$1" stopped
	rt_ok delete "$1"
	nothing_left
}

prepare() {
	mkdir -p "$BATS_TEST_TMPDIR/volume"
	echo text >"$BATS_TEST_TMPDIR/volume/file"
	add_mount /volume bind "$BATS_TEST_TMPDIR/volume" rbind ro nosuid
	set_args sleep 1000
}

# works CALLS: with either error.
works() {
	prepare
	for number in ENOSYS EPERM; do
		refusing "$number" "$1"
		life "$ID"
	done
}

# refused CALLS TEXT: it cannot be done without; what fails says so, and leaves nothing.
refused() {
	prepare
	for number in ENOSYS EPERM; do
		refusing "$number" "$1"
		rt_fails create "$ID"
		says "$2"
		nothing_left
	done
}

@test "fallbacks: clone3" { works clone3; }
@test "fallbacks: close_range" { works close_range; }
@test "fallbacks: CLOSE_RANGE_CLOEXEC" { works CLOSE_RANGE_CLOEXEC; }

@test "fallbacks: CLOSE_RANGE_CLOEXEC, where no procfs can be had to look descriptors up in" {
	remap 100000
	set_config 'del(.hostname, .linux.maskedPaths, .linux.readonlyPaths)' '.mounts |= map(select(.type == "tmpfs"))' \
		'.linux.namespaces = [{type: "user"}, {type: "mount"}]' # the pid namespace is not its user namespace's
	set_args sleep 1000
	refusing EINVAL CLOSE_RANGE_CLOEXEC # as Linux 5.10 does
	rt_ok run --detach "$ID"
	is "$(ls "/proc/$(pid_of "$ID")/fd" | tr '\n' ' ')" "0 1 2 "
	rt_ok delete --force "$ID"
	nothing_left
}

@test "fallbacks: mount_setattr" { works mount_setattr; }
@test "fallbacks: faccessat2, epoll_pwait2, process_madvise, statmount and listmount" {
	works faccessat2,epoll_pwait2,process_madvise,statmount,listmount,open_tree_attr
}

@test "fallbacks: all that Linux 5.10 does not have" {
	works "$SINCE_5_10"
}

@test "fallbacks: all that Linux 5.10 does not have, in a user namespace" {
	remap 100000
	works "$SINCE_5_10"
}

@test "fallbacks: mounts add: not a bind without mount_setattr; a new file system all the same" {
	prepare
	rt_ok run --detach "$ID"
	refusing ENOSYS "$SINCE_5_10"
	jq '[.mounts[-1] | .destination = "/tmp"]' config.json >list
	rt_fails mounts add "$ID" list
	says "mounts[0]" "Linux 5.12"
	echo '[{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}]' >list
	rt_ok mounts add "$ID" list
	rt_ok exec "$ID" awk '$5 == "/tmp" { print $(NF - 2) }' /proc/self/mountinfo
	is "$out" tmpfs
}

@test "fallbacks: the host's sysfs in a user namespace: not without mount_setattr" {
	requires_kernel 5.12 "mount_setattr"
	remap 100000
	set_config '.linux.namespaces |= map(select(.type != "network"))'
	rt_ok run "$ID"
	refusing ENOSYS "$SINCE_5_10"
	rt_fails create "$ID"
	says "mounts[5]: /sys"
	nothing_left
}

@test "fallbacks: not without openat2" { refused openat2 ""; }
@test "fallbacks: not without open_tree and move_mount" { refused open_tree,move_mount "mounts[0]"; }
@test "fallbacks: not without fsopen" {
	requires_kernel 5.12 "mount_setattr; before it, nothing is done with fsopen,"
	refused fsopen,fsconfig,fsmount "mounts[0]"
}
@test "fallbacks: not without memfd_create" { refused memfd_create "memory file"; }
