#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# The members of config.json that are about the process, seen from inside and in the kernel's files. What bad values
# are answered with is in spec-refusals.bats.

load helpers

# exec_json FILTER...: the configuration's process, changed by jq filters, as a file for exec --process.
exec_json() {
	local filter=.process f

	for f in "$@"; do
		filter="$filter | $f"
	done
	jq "$filter" config.json >"$BATS_TEST_TMPDIR/process.json"
}

two_cpus() {
	[ "$(nproc)" -ge 2 ] || skip "needs two processors"
}

@test "ociVersion: every version 1 in SemVer format" {
	for v in 1.0.0 1.0.2-dev 1.1.0-rc.2 1.2.1 1.3.0 1.3.0+build.7 1.99.0; do
		set_config ".ociVersion = \"$v\""
		rt_ok create "$ID"
		is "$("$RUNTIME" --root "$ROOT" state "$ID" | jq -r .ociVersion)" "$v"
		rt_ok delete --force "$ID"
	done
}

@test "extensibility: members that are not known, and those of other platforms, are passed over" {
	set_config '.nosuch = {a: [1, null]}' '.process.nosuch = 1' '.linux.nosuch = []' '.mounts[0].nosuch = "x"' \
		'.windows = {layerFolders: []}' '.solaris = {limitpriv: "x"}' '.vm = {kernel: {path: "/k"}}' '.zos = {}' \
		'.freebsd = {}' '.process.commandLine = "cmd /c dir"' '.process.user.username = "someone"' \
		'.annotations = {"org.opencontainers.image.nosuch": "", "a": "b"}'
	in_container 'echo runs'
	is "$out" runs
	is "$err" ""
}

@test "annotations: none, and an empty map" {
	set_config '.annotations = {}'
	rt_ok run "$ID"
	set_config 'del(.annotations)'
	rt_ok run "$ID"
}

@test "root.path: absolute, relative, and a name of its own" {
	mv rootfs tree
	set_config '.root.path = "tree"'
	in_container 'echo $0'
	is "$out" sh
	set_config ".root.path = \"$BUNDLE/tree\""
	rt_ok run "$ID"
}

@test "consoleSize: of exec --process" {
	set_config '.process.consoleSize = {height: 10, width: 20}'
	sleeper
	exec_json '.terminal = true' '.consoleSize = {height: 31, width: 117}' '.args = ["stty", "size"]'
	console_receiver
	rt_ok exec --detach --console-socket "$CONSOLE" --process "$BATS_TEST_TMPDIR/process.json" "$ID"
	wait_for file_has "$CONSOLE_OUT" "31 117"
}

@test "cwd: made where it is missing, for root, whoever the user is" {
	set_config '.process.cwd = "/a/b/c"' '.process.user = {uid: 1000, gid: 1000}'
	in_container 'pwd; stat -c "%u:%g %a" /a /a/b/c'
	is "$out" "$(printf '/a/b/c\n0:0 755\n0:0 755')"
}

@test "cwd: below a mount" {
	add_mount /mnt tmpfs tmpfs
	set_config '.process.cwd = "/mnt/deep/er"'
	in_container 'pwd; stat -f -c %T .'
	is "$out" "$(printf '/mnt/deep/er\ntmpfs')"
	[ ! -e rootfs/mnt/deep ]
}

@test "umask: the runtime's own does not count" {
	set_script 'umask'
	(umask 077 && rt_ok run "$ID" && is "$out" 0022)
}

@test "oomScoreAdj: of exec: the container's, or its own" {
	set_config '.process.oomScoreAdj = 321'
	sleeper
	is "$(cat "/proc/$(pid_of "$ID")/oom_score_adj")" 321
	exec_json 'del(.oomScoreAdj)' '.args = ["cat", "/proc/self/oom_score_adj"]'
	rt_ok exec --process "$BATS_TEST_TMPDIR/process.json" "$ID"
	is "$out" 321
	exec_json '.oomScoreAdj = 654' '.args = ["cat", "/proc/self/oom_score_adj"]'
	rt_ok exec --process "$BATS_TEST_TMPDIR/process.json" "$ID"
	is "$out" 654
}

# scheduled JSON: the policy, the nice value and the static priority of a process with this scheduler, as
# /proc/PID/stat has them.
scheduled() {
	set_config ".process.scheduler = $1"
	set_args sleep 1000
	rt_ok run --detach "$ID"
	awk '{ sub(/.*\) /, ""); print $39, $17, $38 }' "/proc/$(pid_of "$ID")/stat"
	rt_ok delete --force "$ID"
}

@test "scheduler: OTHER, BATCH and IDLE, with nice values" {
	is "$(scheduled '{policy: "SCHED_OTHER"}')" "0 0 0"
	is "$(scheduled '{policy: "SCHED_OTHER", nice: 19}')" "0 19 0"
	is "$(scheduled '{policy: "SCHED_OTHER", nice: -20}')" "0 -20 0"
	is "$(scheduled '{policy: "SCHED_BATCH", nice: 5}')" "3 5 0"
	is "$(scheduled '{policy: "SCHED_IDLE"}')" "5 0 0"
}

@test "scheduler: FIFO and RR, with priorities" {
	chrt --fifo 1 true 2>/dev/null || skip "no real-time processes here"
	# where real-time is shared out by cgroups, a new one has nothing of it
	[ ! -e "$(v1_mount cpu)/cpu.rt_runtime_us" ] || set_config '.linux.resources.cpu.realtimeRuntime = 100000'
	is "$(scheduled '{policy: "SCHED_FIFO", priority: 1}')" "1 0 1"
	is "$(scheduled '{policy: "SCHED_RR", priority: 99}')" "2 0 99"
}

@test "scheduler: DEADLINE, with runtime, deadline and period" {
	set_config '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 5000000, deadline: 10000000, period: 20000000,
		flags: ["SCHED_FLAG_RECLAIM"]}'
	set_args sleep 1000
	chrt --deadline --sched-runtime 5000000 --sched-deadline 10000000 --sched-period 20000000 0 true 2>/dev/null ||
		skip "no deadline processes here"
	rt_ok run --detach "$ID"
	has "$(chrt --pid "$(pid_of "$ID")")" "SCHED_DEADLINE"
	has "$(chrt --pid "$(pid_of "$ID")")" "5000000/10000000/20000000"
}

@test "scheduler: flags" {
	set_config '.process.scheduler = {policy: "SCHED_OTHER", flags: ["SCHED_FLAG_RESET_ON_FORK"], nice: -5}'
	set_script 'sleep 1000 & wait'
	rt_ok run --detach "$ID"
	pid=$(pid_of "$ID")
	has "$(chrt --pid "$pid")" SCHED_RESET_ON_FORK
	child() { child=$(cat "/proc/$pid/task/$pid/children") && [ -n "$child" ]; }
	wait_for child
	child
	# what is forked starts anew
	is "$(awk '{ sub(/.*\) /, ""); print $17 }' "/proc/${child// /}/stat")" 0
}

@test "scheduler: of exec: the container's, or its own" {
	set_config '.process.scheduler = {policy: "SCHED_BATCH", nice: 3}'
	sleeper
	exec_json 'del(.scheduler)' '.args = ["cut", "-d", " ", "-f19,41", "/proc/self/stat"]'
	rt_ok exec --process "$BATS_TEST_TMPDIR/process.json" "$ID"
	is "$out" "3 3"
	exec_json '.scheduler = {policy: "SCHED_OTHER", nice: 9}' '.args = ["cut", "-d", " ", "-f19,41", "/proc/self/stat"]'
	rt_ok exec --process "$BATS_TEST_TMPDIR/process.json" "$ID"
	is "$out" "9 0"
}

@test "ioPriority: each class, and of exec" {
	ionice -c 1 true 2>/dev/null || skip "no real-time I/O class here"
	for c in "RT realtime" "BE best-effort"; do
		set_config ".process.ioPriority = {class: \"IOPRIO_CLASS_${c%% *}\", priority: 3}"
		in_container 'ionice -p $$'
		is "$out" "${c##* }: prio 3"
	done
	set_config '.process.ioPriority = {class: "IOPRIO_CLASS_IDLE", priority: 0}'
	in_container 'ionice -p $$'
	has "$out" idle
	sleeper
	exec_json 'del(.ioPriority)' '.args = ["sh", "-c", "ionice -p $$"]'
	rt_ok exec --process "$BATS_TEST_TMPDIR/process.json" "$ID"
	has "$out" idle
	exec_json '.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 7}' '.args = ["sh", "-c", "ionice -p $$"]'
	rt_ok exec --process "$BATS_TEST_TMPDIR/process.json" "$ID"
	is "$out" "best-effort: prio 7"
}

ALLOWED='["grep", "Cpus_allowed_list", "/proc/self/status"]'

# allowed_cpus: of what exec has printed.
allowed_cpus() {
	awk '{ print $2 }' <<<"$out"
}

@test "execCPUAffinity: nothing for the container's own process" {
	two_cpus
	set_config ".process.execCPUAffinity = {initial: \"0\", final: \"0\"} | .process.args = $ALLOWED"
	rt_ok run "$ID"
	is "$(allowed_cpus)" "$(awk '/^Cpus_allowed_list/ { print $2 }' /proc/self/status)"
}

@test "execCPUAffinity: final, by exec --process and by config.json" {
	two_cpus
	set_config '.process.execCPUAffinity = {initial: "0", final: "1"}'
	sleeper
	rt_ok exec "$ID" grep Cpus_allowed_list /proc/self/status
	is "$(allowed_cpus)" 1
	exec_json '.execCPUAffinity = {final: "0"}' ".args = $ALLOWED"
	rt_ok exec --process "$BATS_TEST_TMPDIR/process.json" "$ID"
	is "$(allowed_cpus)" 0
	exec_json '.execCPUAffinity = {initial: "1", final: "0-1"}' ".args = $ALLOWED"
	rt_ok exec --process "$BATS_TEST_TMPDIR/process.json" "$ID"
	is "$(allowed_cpus)" 0-1
}

@test "execCPUAffinity: initial alone, then the kernel decides" {
	two_cpus
	sleeper
	exec_json '.execCPUAffinity = {initial: "1"}' ".args = $ALLOWED"
	rt_ok exec --process "$BATS_TEST_TMPDIR/process.json" "$ID"
	# Since Linux 6.2 joining a cpuset leaves it as it is.
	! kernel_has 6.2 || is "$(allowed_cpus)" 1
}

@test "rlimits: of exec: the container's, or its own" {
	set_config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 300, hard: 400}]'
	sleeper
	rt_ok exec "$ID" sh -c 'ulimit -Sn; ulimit -Hn'
	is "$out" "$(printf '300\n400')"
	exec_json '.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}]' '.args = ["sh", "-c", "ulimit -Sn; ulimit -Hn"]'
	rt_ok exec --process "$BATS_TEST_TMPDIR/process.json" "$ID"
	is "$out" "$(printf '100\n200')"
}

@test "personality: LINUX, and of exec" {
	set_config '.linux.personality = {domain: "LINUX"}'
	in_container 'cat /proc/self/personality'
	is "$out" 00000000
	set_config '.linux.personality = {domain: "LINUX32", flags: []}'
	sleeper
	rt_ok exec "$ID" cat /proc/self/personality
	is "$out" 00000008
}

@test "capabilities: of exec: the container's, or its own" {
	sleeper
	rt_ok exec "$ID" grep CapBnd /proc/self/status
	is "$(awk '{ print $2 }' <<<"$out")" 0000000020000420
	exec_json '.capabilities = {bounding: ["CAP_KILL"], permitted: ["CAP_KILL"], effective: ["CAP_KILL"],
		inheritable: ["CAP_KILL"], ambient: ["CAP_KILL"]}' '.args = ["grep", "^Cap", "/proc/self/status"]'
	rt_ok exec --process "$BATS_TEST_TMPDIR/process.json" "$ID"
	is "$(awk '{ print $2 }' <<<"$out" | sort -u)" 0000000000000020
}

@test "hostname and domainname: in a namespace that is joined" {
	set_config '.hostname = "first" | .domainname = "one.test"'
	sleeper
	set_config ".hostname = \"second\" | .domainname = \"two.test\" |
		(.linux.namespaces[] | select(.type == \"uts\")).path = \"/proc/$(pid_of "$ID")/ns/uts\""
	set_script 'hostname; cat /proc/sys/kernel/domainname'
	rt_ok run "$ID-2"
	is "$out" "$(printf 'second\ntwo.test')"
}
