#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# A container made by one build and led on by another: $OTHER makes it, $RUNTIME leads it on. contrib/check-upgrade runs
# this in both directions.

load helpers

setup() {
	common_setup
	[ -n "${OTHER:-}" ] || skip "needs another build: contrib/check-upgrade"
}

# other ARG...: rt_ok by the other build.
other() {
	local RUNTIME=$OTHER

	rt_ok "$@"
}

# hook KIND: one that says so in $BATS_TEST_TMPDIR/hooks.
hook() {
	local path="$BATS_TEST_TMPDIR/say"

	printf '#!/bin/sh\necho "$1" >>%s/rootfs/hooks\n' "$BUNDLE" >"$path"
	[ "$1" != startContainer ] || { path=/say && printf '#!/bin/sh\necho "$1" >>/hooks\n' >rootfs/say; }
	chmod 755 "$BATS_TEST_TMPDIR/say" rootfs/say 2>/dev/null || true
	set_config ".hooks.$1 = [{path: \"$path\", args: [\"say\", \"$1\"]}]"
}

is_whole() { # is_whole ID: what a container that runs is asked
	is "$(state_of "$1")" running
	rt_ok list --quiet
	has "$out" "$1"
	rt_ok ps "$1"
	has "$out" sleep
	rt_ok events --stats "$1"
	rt_ok exec "$1" sh -c 'echo in; hostname'
	has "$out" in
	rt_ok pause "$1"
	is "$(state_of "$1")" paused
	rt_ok resume "$1"
	is "$(state_of "$1")" running
}

ends() { # ends ID: it is killed and deleted, and gone
	rt_ok kill "$1" KILL
	wait_state "$1" stopped
	rt_ok delete "$1"
	nothing_left
}

@test "upgrade: a created container is started, with its hooks; exec, kill, delete" {
	set_args sleep 1000
	for k in startContainer poststart poststop; do
		hook "$k"
	done
	other create "$ID"
	is "$(state_of "$ID")" created
	[ ! -e rootfs/hooks ]
	rt_ok start "$ID"
	is_whole "$ID"
	ends "$ID"
	is "$(tr '\n' ' ' <rootfs/hooks)" "startContainer poststart poststop "
}

@test "upgrade: a created container whose startContainer hook fails: the reason comes through" {
	printf '#!/bin/sh\necho why >&2; exit 3\n' >rootfs/say
	chmod 755 rootfs/say
	set_config '.hooks.startContainer = [{path: "/say"}]'
	other create "$ID"
	rt_fails start "$ID"
	says "startContainer hook" "exit status 3" why
}

@test "upgrade: a created container whose program has gone: the reason comes through" {
	cp rootfs/bin/busybox rootfs/sleep
	set_args /sleep 1000
	other create "$ID"
	rm rootfs/sleep
	rt_fails start "$ID"
	says /sleep "no such file"
	rt_ok delete --force "$ID"
	nothing_left
}

@test "upgrade: a created container is deleted" {
	other create "$ID"
	rt_ok delete "$ID"
	nothing_left
}

@test "upgrade: a running container, with seccomp and a user" {
	set_config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["chroot"], action: "SCMP_ACT_ERRNO", errnoRet: 77}]}' \
		'.process.user = {uid: 1000, gid: 1000, additionalGids: [2000]}'
	set_args sleep 1000
	other run --detach "$ID"
	is_whole "$ID"
	rt_ok exec "$ID" sh -c 'id; grep Seccomp: /proc/self/status'
	has "$out" "uid=1000"
	has "$out" "2000"
	has "$out" "2"
	requires_controller pids
	rt_ok update --pids-limit 55 "$ID"
	is "$(cgroup_value "$(pid_of "$ID")" pids pids.max)" 55
	ends "$ID"
}

@test "upgrade: a container with a user namespace" {
	remap 100000
	set_args sleep 1000
	other run --detach "$ID"
	is_whole "$ID"
	ends "$ID"
}

@test "upgrade: a paused container is resumed; another is killed while paused" {
	set_args sleep 1000
	other run --detach "$ID"
	other pause "$ID"
	is "$(state_of "$ID")" paused
	rt_ok resume "$ID"
	is_whole "$ID"
	other pause "$ID"
	ends "$ID"
}

@test "upgrade: a container that has ended" {
	other run --detach "$ID"
	wait_state "$ID" stopped
	rt_ok delete "$ID"
	nothing_left
}

@test "upgrade: one in the foreground is killed by the other build, and deletes itself" {
	set_args sleep 1000
	background "$OTHER" --root "$ROOT" run "$ID"
	wait_state "$ID" running
	rt_ok kill "$ID" KILL
	wait_for is_gone "$bg_pid"
	[ ! -e "$ROOT/$ID" ]
}

@test "upgrade: exec with a terminal" {
	set_args sleep 1000
	other run --detach "$ID"
	on_pty -- "$RUNTIME" --root "$ROOT" exec --tty "$ID" sh -c 'test -t 0 && echo terminal'
	is "$status" 0
	has "$out" terminal
	ends "$ID"
}

@test "upgrade: mounts are added and removed" {
	set_args sleep 1000
	mkdir "$BATS_TEST_TMPDIR/volume" && echo text >"$BATS_TEST_TMPDIR/volume/file"
	other run --detach "$ID"
	echo "[{\"destination\": \"/v\", \"type\": \"bind\", \"source\": \"$BATS_TEST_TMPDIR/volume\", \"options\": [\"bind\"]}]" >m.json
	rt_ok mounts add "$ID" m.json
	rt_ok exec "$ID" cat /v/file
	is "$out" text
	rt_ok mounts remove "$ID" m.json
	ends "$ID"
}

@test "upgrade: kept launches, filters and templates are no trouble" {
	set_config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["chroot"], action: "SCMP_ACT_ERRNO"}]}'
	for _ in 1 2 3; do
		other run "$ID"
		rt_ok run "$ID"
		is "$err" ""
	done
	rt_ok cache stats
	rt_ok cache clear
	other run "$ID"
	rt_ok run "$ID"
}

@test "upgrade: the pool of namespaces" {
	other prewarm --count 2
	rt_ok run "$ID"
	rt_ok prewarm --clear
	other run "$ID"
}

@test "upgrade: a record of a version to come is refused, and nothing thrown away" {
	set_args sleep 1000
	rt_ok run --detach "$ID"
	cp "$ROOT/$ID/state.json" record
	jq -c '.version = 99 | .added = {later: true}' record >"$ROOT/$ID/state.json"
	for verb in "state $ID" "exec $ID true" "kill $ID KILL" "delete --force $ID"; do
		# shellcheck disable=SC2086
		rt $verb
		[ "$status" != 0 ]
		says "version 99"
	done
	cp record "$ROOT/$ID/state.json"
	is "$(state_of "$ID")" running
	ends "$ID"
}

@test "upgrade: a plan of a version to come is refused by name; kill and delete do without it" {
	set_args sleep 1000
	rt_ok run --detach "$ID"
	printf '\143' | dd of="$ROOT/$ID/plan" bs=1 seek=4 conv=notrunc 2>/dev/null
	rt exec "$ID" true
	[ "$status" != 0 ]
	says plan version
	ends "$ID"
}
