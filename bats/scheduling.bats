#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# How the process is scheduled, where its memory and its CPUs are; what an exec's process.json leaves out.

load helpers

cpus_of() {
	grep -h Cpus_allowed_list "/proc/$1/status" | cut -f2
}

@test "scheduler: realtime with a flag" {
	known_gap runc "1.1 has none"
	known_gap crun "1.8 has none"
	set_config '.process.scheduler = {policy: "SCHED_RR", priority: 5, flags: ["SCHED_FLAG_RESET_ON_FORK"]}'
	set_args cut "-d " -f40,41 /proc/self/stat
	rt run "$ID"
	[ "$status" -eq 0 ] || { has "$err" "process.scheduler: operation not permitted" && skip "no realtime here"; }
	is "$out" "5 2"
}

@test "scheduler: deadline" {
	known_gap runc "1.1 has none"
	known_gap crun "1.8 has none"
	set_config '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 10000000, deadline: 20000000, period: 30000000}'
	set_args cut "-d " -f41 /proc/self/stat
	rt run "$ID"
	[ "$status" -eq 0 ] || { has "$err" process.scheduler && skip "the kernel has no room for it here"; }
	is "$out" 6
}

@test "scheduler: what the kernel refuses is an error" {
	known_gap runc "1.1 has none"
	known_gap crun "1.8 has none"
	set_config '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 30000000, deadline: 20000000, period: 10000000}'
	rt_fails run "$ID"
	says process.scheduler
	nothing_left
}

@test "memoryPolicy: bound to a node" {
	known_gap runc "1.1 has none"
	known_gap crun "1.8 has none"
	[ -e /proc/self/numa_maps ] || skip "no NUMA"
	set_config '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES"]}'
	in_container 'head -n1 /proc/self/numa_maps'
	has "$out" "bind=static:0"
	sleeper "$ID-x"
	rt_ok exec "$ID-x" head -n1 /proc/self/numa_maps
	has "$out" "bind=static:0"
}

@test "memoryPolicy: a node that is not there is the kernel's to refuse" {
	known_gap runc "1.1 has none"
	known_gap crun "1.8 has none"
	set_config '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "900"}'
	rt_fails run "$ID"
	says linux.memoryPolicy "invalid argument"
}

@test "CPU affinity: the caller's is not the container's" {
	known_gap runc "1.1 keeps it"
	known_gap crun "1.8 keeps it"
	[ "$(nproc)" -gt 1 ] || skip "one CPU"
	all=$(cpus_of self)
	set_args cat /proc/self/status
	out=$(taskset -c 0 "$RUNTIME" --root "$ROOT" run "$ID" 3>&- </dev/null)
	has "$out" "Cpus_allowed_list:	$all"
}

@test "CPU affinity: execCPUAffinity.final is that of an exec, not of the container" {
	known_gap runc "1.1 has none"
	known_gap crun "1.8 has none"
	[ "$(nproc)" -gt 1 ] || skip "one CPU"
	set_config '.process.execCPUAffinity = {initial: "0", final: "1"}'
	sleeper
	is "$(cpus_of "$(pid_of "$ID")")" "$(cpus_of self)"
	rt_ok exec "$ID" grep Cpus_allowed_list /proc/self/status
	has "$out" "	1"
}

@test "CPU affinity: a CPU that is not there is the kernel's to refuse" {
	known_gap runc "1.1 has none"
	known_gap crun "1.8 has none"
	set_config '.process.execCPUAffinity = {final: "4000"}'
	sleeper
	rt exec "$ID" true
	[ "$status" -ne 0 ]
	says process.execCPUAffinity.final "invalid argument"
}

@test "exec: what process.json leaves out is the container's" {
	known_gap crun "takes the defaults"
	set_config '.process.user.umask = 7' '.process.rlimits = [{type: "RLIMIT_NOFILE", hard: 100, soft: 99}]' \
		'.linux.personality = {domain: "LINUX32"}'
	[ "$RUNTIME_NAME" != runc ] || set_config 'del(.linux.personality)'
	sleeper
	jq -n '{args: ["sh", "-c", "umask; ulimit -n; uname -m; grep -E \"^(CapBnd|NoNewPrivs)\" /proc/self/status"],
		cwd: "/", user: {uid: 0, gid: 0}, env: ["PATH=/bin"]}' >process.json
	rt_ok exec --process process.json "$ID"
	has "$out" "0007"
	has "$out" 99
	[ "$RUNTIME_NAME" = runc ] || [ "$(uname -m)" != x86_64 ] || has "$out" i686
	has "$out" "CapBnd:	0000000020000420"
	has "$out" "NoNewPrivs:	1"
}

@test "rlimits: in a user namespace the hard limit may be one that only the host's root can give" {
	limit=$(ulimit -Hn)
	(((0x$(sed -n 's/^CapBnd:\t//p' /proc/self/status) >> 24 & 1) == 1)) || skip "no CAP_SYS_RESOURCE"
	remap 100000
	set_config ".process.rlimits = [{type: \"RLIMIT_NOFILE\", hard: $limit, soft: 512}]"
	set_script 'ulimit -Hn; ulimit -n'
	(ulimit -Sn 256 && ulimit -Hn 1024 && rt_ok run "$ID" && is "$out" "$limit
512")
}
