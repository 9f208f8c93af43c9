#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load helpers

setup() {
	common_setup
	set_script 'sleep 1001 & echo ready; sleep 1002'
	rt_ok run --detach "$ID"
	wait_for file_has "$out_file" ready
	rt_ok exec --detach "$ID" sleep 1003
	pids=$(cat "$(cgroup_dir "$(pid_of "$ID")" "$([ "$(view)" = unified ] || echo freezer)")/cgroup.procs" | sort -n)
}

@test "ps --format json: the pids of all its processes on the host" {
	wait_for file_has "/proc/$(tail -n 1 <<<"$pids")/cmdline" sleep
	rt_ok ps --format json "$ID"
	is "$(jq -r 'sort | .[]' <<<"$out")" "$pids"
	is "$(jq length <<<"$out")" 3
	rt_ok ps -f json "$ID"
	is "$(jq length <<<"$out")" 3
}

@test "ps: a table with the processes of the container alone" {
	rt_ok ps "$ID"
	has "$(head -n 1 <<<"$out")" PID
	is "$(wc -l <"$out_file")" 4
	for p in $pids; do
		grep -Eq "(^| )$p " <<<"$out"
	done
	has "$out" "sleep 1001"
	has "$out" "sleep 1003"
	rt_ok ps --format table "$ID"
	is "$(wc -l <"$out_file")" 4
}

@test "ps: arguments of ps" {
	known_gap crun "takes none"
	rt_ok ps "$ID" -o pid,args
	[[ $(head -n 1 <<<"$out") =~ ^\ *PID\ +COMMAND ]]
	is "$(wc -l <"$out_file")" 4
	rt_ok ps "$ID" -e -x
	is "$(wc -l <"$out_file")" 4
}

@test "ps: arguments without a PID column are refused" {
	known_gap crun "takes none"
	rt_fails ps "$ID" -o args
	says PID
}

@test "ps: processes in a sub-cgroup count" {
	d=$(cgroup_dir "$(pid_of "$ID")" "$([ "$(view)" = unified ] || echo freezer)")
	mkdir "$d/sub"
	tail -n 1 <<<"$pids" >"$d/sub/cgroup.procs"
	rt_ok ps --format json "$ID"
	is "$(jq length <<<"$out")" 3
}

@test "ps: an unknown format is refused" {
	rt_fails ps --format xml "$ID"
}

@test "ps: an unknown container does not exist" {
	rt_fails ps "$ID-none"
	says "does not exist"
}
