#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load helpers

# What the kernel says of the freezer.
frozen() {
	local d

	if [ "$(view)" = unified ]; then
		d=$(cgroup_dir "$1" "")
		sed -n 's/^frozen //p' "$d/cgroup.events"
	else
		d=$(cgroup_dir "$1" freezer)
		[ "$(cat "$d/freezer.state")" = FROZEN ] && echo 1 || echo 0
	fi
}

setup() {
	common_setup
	set_script 'echo ready; n=0; while :; do n=$((n + 1)); echo $n >/tmp/count.new; mv /tmp/count.new /tmp/count; sleep 0.02; done'
	rt_ok run --detach "$ID"
	wait_for test -e rootfs/tmp/count
	pid=$(pid_of "$ID")
}

@test "pause: the kernel has frozen it when pause returns; resume thaws" {
	is "$(frozen "$pid")" 0
	rt_ok pause "$ID"
	is "$(frozen "$pid")" 1
	is "$(state_of "$ID")" paused
	count=$(cat rootfs/tmp/count)
	sleep 0.2
	is "$(cat rootfs/tmp/count)" "$count" "stands still"
	rt_ok resume "$ID"
	is "$(frozen "$pid")" 0
	is "$(state_of "$ID")" running
	goes_on() { [ "$(cat rootfs/tmp/count)" != "$count" ]; }
	wait_for goes_on
}

@test "pause: a paused container again" {
	rt_ok pause "$ID"
	rt pause "$ID"
	is "$(state_of "$ID")" paused
	rt_ok resume "$ID"
}

@test "resume: a running container is refused" {
	rt_fails resume "$ID"
	is "$(state_of "$ID")" running
}

@test "pause: a stopped container is refused" {
	rt_ok kill "$ID" KILL
	wait_state "$ID" stopped
	rt_fails pause "$ID"
	rt_fails resume "$ID"
}

@test "pause: an unknown container does not exist" {
	rt_fails pause "$ID-none"
	says "does not exist"
	rt_fails resume "$ID-none"
	says "does not exist"
}

@test "pause: kill with KILL, then delete, of a paused container" {
	rt_ok pause "$ID"
	rt_ok kill "$ID" KILL
	wait_state "$ID" stopped
	rt_ok delete "$ID"
	nothing_left
}

@test "pause: a created container is one that can be paused" {
	rt_ok create "$ID-created"
	rt_ok pause "$ID-created"
	is "$(state_of "$ID-created")" paused
	rt_ok resume "$ID-created"
	is "$(state_of "$ID-created")" created
}
