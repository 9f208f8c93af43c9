#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load helpers

@test "delete: a stopped container, nothing is left" {
	rt_ok run --detach "$ID"
	wait_state "$ID" stopped
	rt_ok delete "$ID"
	is "$out" ""
	rt_fails state "$ID"
	nothing_left
}

@test "delete: straight after state says stopped" {
	set_script 'exit 0'
	for n in 1 2 3 4 5; do
		rt_ok create "$ID-$n"
		rt_ok start "$ID-$n"
		wait_state "$ID-$n" stopped
		rt_ok delete "$ID-$n"
	done
	nothing_left
}

@test "delete: a running container is refused" {
	sleeper
	rt_fails delete "$ID"
	says "$ID" "not stopped"
	is "$(state_of "$ID")" running
}

@test "delete --force: a running container" {
	sleeper
	pid=$(pid_of "$ID")
	rt_ok delete --force "$ID"
	wait_for is_gone "$pid"
	nothing_left
}

@test "delete -f: a paused container" {
	sleeper
	rt_ok pause "$ID"
	rt_ok delete -f "$ID"
	nothing_left
}

@test "delete: a created container (runc kills it)" {
	rt_ok create "$ID"
	rt_ok delete "$ID"
	nothing_left
}

@test "delete --force: a created container" {
	rt_ok create "$ID"
	rt_ok delete --force "$ID"
	nothing_left
}

@test "delete: an unknown container does not exist" {
	rt_fails delete "$ID"
	says "does not exist"
}

@test "delete --force: an unknown id is fine" {
	rt_ok delete --force "$ID"
}

@test "delete --force: ends processes that outlived init in a shared pid namespace" {
	set_config '.linux.namespaces |= map(select(.type != "pid"))'
	set_script 'sleep 1000 & echo $! >/tmp/left; sleep 1001'
	rt_ok run --detach "$ID"
	wait_for test -s rootfs/tmp/left
	left=$(cat rootfs/tmp/left)
	rt_ok delete --force "$ID"
	wait_for is_gone "$left"
	nothing_left
}

@test "delete: cgroups that the container made below its own go too" {
	set_config '.linux.namespaces |= map(select(.type != "pid"))'
	sleeper
	pid=$(pid_of "$ID")
	for c in memory pids freezer ""; do
		[ -n "$(v1_mount "${c:-none}")" ] || [ -z "$c" ] || continue
		d=$(cgroup_dir "$pid" "$c")
		[ -d "$d" ] && has "$d" "$ID" || continue
		mkdir -p "$d/sub/subsub"
	done
	rt_ok delete --force "$ID"
	nothing_left
}

@test "delete: the bundle's files stay" {
	rt_ok run --detach "$ID"
	wait_state "$ID" stopped
	rm config.json
	rt_ok delete "$ID"
	[ -x rootfs/bin/busybox ]
}

@test "delete --force: a process of the container is traced by one of its cgroup that has stopped" {
	requires strace
	set_script 'sleep 1000 & wait'
	rt_ok run --detach "$ID"
	wait_for pgrep -P "$(pid_of "$ID")"
	background strace -p "$(pgrep -P "$(pid_of "$ID")")"
	wait_for file_has "/proc/$(pgrep -P "$(pid_of "$ID")")/status" "TracerPid:.*$bg_pid"
	find /sys/fs/cgroup -type d -name "$ID" | while read -r cg; do echo "$bg_pid" >"$cg/cgroup.procs"; done
	kill -STOP "$bg_pid"
	rt_ok delete --force "$ID"
	nothing_left
}

@test "delete --force: without the bundle" {
	sleeper
	cd /
	rm -rf "$BUNDLE"
	rt_ok delete --force "$ID"
	nothing_left
}

@test "delete --regex: all containers whose ids match" {
	known_gap runc "has no --regex"
	rt_ok run --detach "$ID-one"
	rt_ok run --detach "$ID-two"
	wait_state "$ID-one" stopped
	wait_state "$ID-two" stopped
	sleeper "$ID-other"
	rt_ok delete --regex "$ID-(one|two)"
	rt_fails state "$ID-one"
	rt_fails state "$ID-two"
	is "$(state_of "$ID-other")" running
	rt_ok delete --force --regex "$ID-.*"
	nothing_left
}

@test "delete: two at once leave nothing and do not hang" {
	sleeper
	background "$RUNTIME" --root "$ROOT" delete --force "$ID"
	one=$bg_pid
	background "$RUNTIME" --root "$ROOT" delete --force "$ID"
	wait "$one" || true
	wait "$bg_pid" || true
	rt_ok delete --force "$ID"
	nothing_left
}
