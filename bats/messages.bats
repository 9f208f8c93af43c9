#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What people are told while and after something is done: progress on a terminal, errors in one line.

load helpers

in_terminal() { "$PYTHON" -c 'import pty, sys; pty.spawn(sys.argv[1:])' "$@" </dev/null; }

# A criu that takes its time, then fails.
slow_criu() {
	mkdir -p bin
	printf '#!/bin/sh\nsleep 2.5\nexit 1\n' >bin/criu
	chmod 755 bin/criu
	PATH=$BUNDLE/bin:$PATH
}

@test "messages: progress on a terminal, of what takes longer than a second" {
	slow_criu
	set_args sleep 1000
	rt_ok run -d "$ID"
	shown=$(in_terminal "$RUNTIME" --root "$ROOT" checkpoint --image-path img "$ID") || true
	has "$shown" "checkpoint $ID: 1 s"
	has "$shown" "checkpoint $ID: 2 s"
	rt checkpoint --image-path img "$ID"
	has_not "$err" "checkpoint $ID: 1 s"
	has_not "$out" "checkpoint"
}

@test "messages: no progress of what is quick" {
	has_not "$(in_terminal "$RUNTIME" features)" ": 1 s"
	set_args true
	has_not "$(in_terminal "$RUNTIME" --root "$ROOT" run "$ID")" ": 1 s"
}

# Each error names the step or the member, the object, and the reason.
@test "messages: errors say what, where and why, in one line" {
	expect() { # expect PART ARG...
		local part=$1
		shift
		rt_fails "$@"
		has "$err" "$part"
	}
	expect "container does not exist: nobody" state nobody
	expect "bundle: /no/such: no such file or directory" run -b /no/such "$ID"
	set_config '.root.path = "elsewhere"'
	expect "root.path: rootfs (elsewhere): no such file or directory" run "$ID"
	set_config '.root.path = "rootfs"' '.mounts += [{"destination": "/d", "type": "bind", "source": "/no/such", "options": ["bind"]}]'
	expect "source: /no/such: no such file or directory" run "$ID"
	set_config 'del(.mounts[-1])'
	set_args /no/such/program
	rt run "$ID"
	has "$err" "/no/such/program"
	has "$err" "no such file or directory"
	expect "invalid container ID format: a/b" run a/b
	printf '{' >config.json
	expect "config.json: line 1, column 2" run "$ID"
}

@test "messages: a word that an option does not take is named, and where those stand that it does" {
	for verb in "list" "cache list" "config" "prewarm --status"; do
		# shellcheck disable=SC2086
		rt_fails $verb --format xml
		says "invalid format option: xml (table or json)"
	done
	for option in log-format log-level rootless cgroup-manager; do
		rt_fails --$option loud list
		says "invalid --$option: loud (see --help)"
		rt --help
		has "$out" "--$option"
	done
}

@test "messages: a cgroup in use is named" {
	requires_cgroupfs
	set_config ".linux.cgroupsPath = \"/$ID-shared\""
	sleeper
	rt_fails create "$ID-two"
	says "container's cgroup is not empty: 1 process(es) found in /sys/fs/cgroup" "/$ID-shared"
}

@test "messages: what is refused is refused once" {
	set_config '.linux.namespaces |= map(select(.type != "mount"))' '.linux.maskedPaths = ["/proc/kcore"]'
	rt validate config.json
	is "$(grep -c 'private MNT namespace' <<<"$out$err")" 1
	rt_fails run "$ID"
	says "linux.maskedPaths: unable to restrict sys entries without a private MNT namespace"
}

# Whoever has no right to a user namespace is told that it is that.
@test "messages: namespaces that cannot be had are named" {
	[ "$(id -u)" = 0 ] || skip "root lowers the limit in a user namespace of its own"
	set_config '.linux.namespaces += [{type: "user"}]' 'del(.linux.resources)' \
		'.linux.uidMappings = [{containerID: 0, hostID: 0, size: 1}]' '.linux.gidMappings = .linux.uidMappings'
	without_user_namespaces() {
		unshare --user --map-root-user --mount --pid --fork --kill-child sh -c \
			'mount -t proc proc /proc && echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"' sh "$@"
	}
	run without_user_namespaces "$RUNTIME" --root "$BATS_TEST_TMPDIR/state" run "$ID"
	[ "$status" -ne 0 ]
	has "$output" "start: new process with a new user namespace"
	has "$output" "no space left on device"
}
