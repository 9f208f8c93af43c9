#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load helpers

# A container that writes the name of each signal that it gets, and goes on.
listener() {
	set_script 'for s in HUP INT USR1 USR2 TERM WINCH; do trap "echo got-$s" $s; done
		trap "echo got-RTMIN+1" 35; echo ready; while :; do sleep 0.05; done'
	rt_ok run --detach "$ID"
	said=$out_file
	wait_for file_has "$said" ready
}

@test "kill: TERM is the default" {
	listener
	rt_ok kill "$ID"
	wait_for file_has "$said" got-TERM
	is "$(state_of "$ID")" running
}

@test "kill: a signal by name, with and without SIG, in either case" {
	listener
	rt_ok kill "$ID" USR1
	wait_for file_has "$said" got-USR1
	rt_ok kill "$ID" SIGUSR2
	wait_for file_has "$said" got-USR2
	rt_ok kill "$ID" hup
	wait_for file_has "$said" got-HUP
	rt_ok kill "$ID" sigint
	wait_for file_has "$said" got-INT
}

@test "kill: a signal by number" {
	listener
	rt_ok kill "$ID" 10
	wait_for file_has "$said" got-USR1
	rt_ok kill "$ID" 28
	wait_for file_has "$said" got-WINCH
}

@test "kill: a realtime signal" {
	listener
	rt_ok kill "$ID" 35
	wait_for file_has "$said" "got-RTMIN+1"
}

@test "kill: KILL ends it" {
	sleeper
	pid=$(pid_of "$ID")
	rt_ok kill "$ID" KILL
	wait_for is_gone "$pid"
	wait_state "$ID" stopped
}

@test "kill: signal 0 only asks" {
	sleeper
	rt kill "$ID" 0
	is "$(state_of "$ID")" running
}

@test "kill: a container that was only created" {
	rt_ok create "$ID"
	rt_ok kill "$ID" 9
	wait_state "$ID" stopped
}

@test "kill: a paused container gets KILL at once" {
	sleeper
	rt_ok pause "$ID"
	rt_ok kill "$ID" KILL
	wait_state "$ID" stopped
}

@test "kill: a stopped container is \"container not running\"" {
	rt_ok run --detach "$ID"
	wait_state "$ID" stopped
	rt_fails kill "$ID" KILL
	says "container not running"
}

@test "kill: an unknown container does not exist" {
	rt_fails kill "$ID" KILL
	says "does not exist"
}

@test "kill: unknown signals are refused, nothing is sent" {
	sleeper
	rt_fails kill "$ID" NOSUCH
	says NOSUCH
	rt_fails kill "$ID" SIGSIGTERM
	rt_fails kill "$ID" 12x
	rt_fails kill "$ID" 99999
	is "$(state_of "$ID")" running
}

@test "kill --all: reaches every process where the pid namespace is shared" {
	set_config '.linux.namespaces |= map(select(.type != "pid"))'
	set_script 'sleep 1000 & sleep 1001 & echo ready; wait'
	rt_ok run --detach "$ID"
	wait_for file_has "$out_file" ready
	rt_ok ps --format json "$ID"
	is "$(jq length <<<"$out")" 3
	pids=$(jq -r '.[]' <<<"$out")
	rt_ok kill --all "$ID" KILL
	for p in $pids; do
		wait_for is_gone "$p"
	done
	wait_state "$ID" stopped
}

@test "kill --all: a stopped container with processes left in its cgroup" {
	set_config '.linux.namespaces |= map(select(.type != "pid"))'
	set_script 'sleep 1000 & echo $! >/tmp/left; echo ready'
	rt_ok run --detach "$ID"
	wait_state "$ID" stopped
	left=$(cat rootfs/tmp/left)
	is_alive "$left"
	rt_ok kill --all "$ID" 9
	wait_for is_gone "$left"
	rt_ok delete "$ID"
	nothing_left
}

@test "kill -a: a signal other than KILL to every process" {
	set_config '.linux.namespaces |= map(select(.type != "pid"))'
	set_script 'sh -c "trap \"echo child-got\" USR1; echo child-ready; while :; do sleep 0.05; done" &
		trap "echo init-got" USR1; while :; do sleep 0.05; done'
	rt_ok run --detach "$ID"
	said=$out_file
	wait_for file_has "$said" child-ready
	rt_ok kill -a "$ID" USR1
	wait_for file_has "$said" init-got
}

@test "kill --regex: all containers whose ids match" {
	known_gap runc "has no --regex"
	sleeper "$ID-one"
	sleeper "$ID-two"
	sleeper "$ID-other"
	rt_ok kill --regex "$ID-(one|two)" KILL
	wait_state "$ID-one" stopped
	wait_state "$ID-two" stopped
	is "$(state_of "$ID-other")" running
}

@test "kill --regex: an expression that cannot be compiled is refused" {
	known_gap runc "has no --regex"
	sleeper
	rt_fails kill --regex "$ID(" KILL
	is "$(state_of "$ID")" running
}

@test "kill: what ends a process ends a container that was not started" {
	local sig

	set_args sleep 1000
	for sig in TERM INT HUP QUIT; do
		rt_ok create "$ID-$sig"
		rt_ok kill "$ID-$sig" "$sig"
		wait_state "$ID-$sig" stopped
		rt_ok delete "$ID-$sig"
	done
	# the program itself finds all signals as they were
	set_script 'grep -E "^Sig(Ign|Cgt|Blk)" /proc/self/status'
	rt_ok create "$ID"
	rt_ok start "$ID"
	wait_state "$ID" stopped
}

@test "kill KILL: without a pid namespace the others are killed after init has ended" {
	local pid other

	set_config '.linux.namespaces |= map(select(.type != "pid"))'
	sleeper
	pid=$(pid_of "$ID")
	rt_ok exec --detach --pid-file other "$ID" sleep 1000
	other=$(cat other)
	kill -KILL "$pid"
	wait_state "$ID" stopped
	rt_ok kill "$ID" KILL
	wait_for is_gone "$other"
	rt_fails kill "$ID" KILL
	says "container not running"
}

@test "kill: a signal goes to init alone" {
	set_script 'sh -c "trap \"echo child-got\" USR1; echo child-ready; while :; do sleep 0.05; done" &
		trap "echo init-got" USR1; while :; do sleep 0.05; done'
	rt_ok run --detach "$ID"
	said=$out_file
	wait_for file_has "$said" child-ready
	rt_ok kill "$ID" USR1
	wait_for file_has "$said" init-got
	has_not "$(cat "$said")" child-got
}
