#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load helpers

@test "start: a created container runs" {
	set_args sleep 1000
	rt_ok create "$ID"
	pid=$(pid_of "$ID")
	rt_ok start "$ID"
	is "$out" ""
	is "$(state_of "$ID")" running
	is "$(pid_of "$ID")" "$pid" "the pid stays"
	wait_for file_has "/proc/$pid/cmdline" sleep
}

@test "start: returns once the process has been executed" {
	set_args sleep 1000
	rt_ok create "$ID"
	rt_ok start "$ID"
	is "$(tr '\0' ' ' <"/proc/$(pid_of "$ID")/cmdline")" "sleep 1000 "
}

@test "start: a running container is refused" {
	sleeper
	rt_fails start "$ID"
	is "$(state_of "$ID")" running
}

@test "start: a stopped container is refused" {
	rt_ok run --detach "$ID"
	wait_state "$ID" stopped
	rt_fails start "$ID"
	is "$(state_of "$ID")" stopped
}

@test "start: an unknown container does not exist" {
	rt_fails start "$ID"
	says "does not exist"
}

@test "start: needs exactly one id" {
	rt start
	[ "$status" -ne 0 ]
	rt_ok create "$ID"
	rt start "$ID" another
	[ "$status" -ne 0 ]
	is "$(state_of "$ID")" created
}

@test "start: from another directory, without an environment" {
	set_args sleep 1000
	rt_ok create "$ID"
	cd /
	limited env -i "$RUNTIME" --root "$ROOT" start "$ID" 3>&- </dev/null
	is "$(state_of "$ID")" running
}

@test "start: two at once, one wins" {
	set_args sleep 1000
	rt_ok create "$ID"
	codes=0
	background "$RUNTIME" --root "$ROOT" start "$ID"
	one=$bg_pid
	background "$RUNTIME" --root "$ROOT" start "$ID"
	wait "$one" || codes=$((codes + 1))
	wait "$bg_pid" || codes=$((codes + 1))
	is "$codes" 1 "how many failed"
	is "$(state_of "$ID")" running
}

@test "start: containers are started in any order" {
	set_args sleep 1000
	rt_ok create "$ID-one"
	rt_ok create "$ID-two"
	rt_ok start "$ID-two"
	is "$(state_of "$ID-one")" created
	is "$(state_of "$ID-two")" running
	rt_ok start "$ID-one"
	is "$(state_of "$ID-one")" running
}
