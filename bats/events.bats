#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load helpers

setup() {
	common_setup
	known_gap crun "has no events"
}

# stats ID: one shot, into $out; each line is one JSON object.
stats() {
	rt_ok events --stats "$1"
	is "$(wc -l <"$out_file")" 1
	is "$(jq -r '.type + " " + .id' <<<"$out")" "stats $1"
}

# listen [OPTION...]: events of $ID in the background, its lines in $bg_out.
listen() {
	background timeout -k 5 60 "$RUNTIME" --root "$ROOT" events "$@" "$ID"
}

# how_many FILE TYPE
how_many() {
	jq -s --arg t "$2" '[.[] | select(.type == $t)] | length' "$1"
}

has_events() {
	[ "$(how_many "$1" "$2")" -ge "$3" ]
}

# between LOW VALUE HIGH
between() {
	[ "$1" -le "$2" ] && [ "$2" -le "$3" ] || { echo "not between $1 and $3: $2" && return 1; }
}

# What uses CPU time, memory and processes, and says when it has.
busy() {
	set_script 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done
		head -c 8000000 /dev/zero >/dev/shm/file; sleep 1001 & echo ready; sleep 1002'
	rt_ok run --detach "$ID"
	wait_for file_has "$out_file" ready
	pid=$(pid_of "$ID")
}

@test "events --stats: cpu time is the kernel's" {
	requires_controller cpu
	busy
	if [ "$(view)" = unified ]; then
		before=$(($(cgroup_value "$pid" cpu cpu.stat | sed -n 's/^usage_usec //p') * 1000))
	else
		before=$(cgroup_value "$pid" cpuacct cpuacct.usage)
	fi
	stats "$ID"
	[ "$before" -gt 0 ]
	between "$before" "$(jq .data.cpu.usage.total <<<"$out")" $((before + 1000000000))
	jq -e '.data.cpu.usage | has("kernel") and has("user")' <<<"$out"
	if [ "$(view)" != unified ]; then
		is "$(jq '.data.cpu.usage | [.percpu, .percpu_kernel, .percpu_user] | map(length) | unique | length' <<<"$out")" 1
		is "$(jq '.data.cpu.usage.percpu | add >= '"$before" <<<"$out")" true
	fi
}

@test "events --stats: memory, its limit and memory.stat" {
	requires_controller memory
	set_config '.linux.resources.memory = {limit: 67108864}'
	busy
	stats "$ID"
	is "$(jq .data.memory.usage.limit <<<"$out")" 67108864
	between 8000000 "$(jq .data.memory.usage.usage <<<"$out")" 67108864
	between 7000000 "$(jq .data.memory.cache <<<"$out")" 67108864 # Linux 5.10 counts some pages late
	is "$(jq -r '.data.memory.raw | keys | sort | .[]' <<<"$out")" \
		"$(cgroup_value "$pid" memory memory.stat | cut -d' ' -f1 | LC_ALL=C sort)"
	is "$(jq .data.memory.usage.failcnt <<<"$out")" 0
}

@test "events --stats: no limit of memory is as the kernel has it" {
	requires_controller memory
	busy
	stats "$ID"
	if [ "$(view)" = unified ]; then
		has "$out" '"usage":{"limit":18446744073709551615'
	else
		has "$out" "\"usage\":{\"limit\":$(cgroup_value "$pid" memory memory.limit_in_bytes)"
	fi
}

@test "events --stats: pids and their limit" {
	requires_controller pids
	set_config '.linux.resources.pids = {limit: 77}'
	busy
	n=$(cgroup_value "$pid" pids pids.current)
	[ "$n" -ge 2 ]
	stats "$ID"
	is "$(jq -c .data.pids <<<"$out")" "{\"current\":$n,\"limit\":77}"
	rt_ok update --pids-limit -1 "$ID"
	stats "$ID"
	is "$(jq -c .data.pids <<<"$out")" "{\"current\":$n}"
}

@test "events --stats: processes are counted without a pids controller, those of sub-cgroups too" {
	requires_v2
	has_v2_controller pids && skip "there is a pids controller"
	busy
	d=$(cgroup_dir "$pid" "")
	n=$(wc -l <"$d/cgroup.procs")
	[ "$n" -ge 2 ]
	mkdir "$d/sub"
	head -n 1 "$d/cgroup.procs" >"$d/sub/cgroup.procs"
	stats "$ID"
	is "$(jq -c .data.pids <<<"$out")" "{\"current\":$n}"
}

@test "events --stats: cpuset" {
	requires_v1
	requires_controller cpuset
	set_config '.linux.resources.cpu = {cpus: "0"}'
	busy
	stats "$ID"
	is "$(jq -c .data.cpuset.cpus <<<"$out")" '[0]'
	is "$(jq -c .data.cpuset.mems <<<"$out")" '[0]'
	is "$(jq .data.cpuset.sched_load_balance <<<"$out")" "$(cgroup_value "$pid" cpuset cpuset.sched_load_balance)"
	is "$(jq .data.cpuset.sched_relax_domain_level <<<"$out")" \
		"$(cgroup_value "$pid" cpuset cpuset.sched_relax_domain_level)"
}

@test "events --stats: throttling" {
	requires_controller cpu
	set_config '.linux.resources.cpu = {quota: 2000, period: 100000}'
	set_script 'while :; do :; done'
	rt_ok run --detach "$ID"
	pid=$(pid_of "$ID")
	throttled() { cgroup_value "$pid" cpu cpu.stat | grep -Eq '^throttled_(time|usec) [1-9]'; }
	wait_for throttled
	stats "$ID"
	jq -e '.data.cpu.throttling | .periods > 0 and .throttledPeriods > 0 and .throttledTime > 0' <<<"$out"
}

@test "events --stats: pressure" {
	[ "$(view)" != legacy ] || skip "cgroup v2"
	sleeper
	d=$(cgroup_dir "$(pid_of "$ID")" "")
	[ -e "$d/cpu.pressure" ] || skip "the kernel has no pressure stall information"
	stats "$ID"
	for k in cpu memory blkio; do
		is "$(jq -c ".data.$k.psi | [keys[], (.some | keys[])]" <<<"$out")" \
			'["full","some","avg10","avg300","avg60","total"]'
	done
	echo 0 >"$d/cgroup.pressure" 2>/dev/null || return 0
	stats "$ID"
	is "$(jq -c '[.data.cpu, .data.memory, .data.blkio] | map(has("psi")) | unique' <<<"$out")" '[false]'
}

@test "events --stats: hugetlb" {
	sleeper
	pid=$(pid_of "$ID")
	if [ -n "$(v1_mount hugetlb)" ]; then d=$(cgroup_dir "$pid" hugetlb); else d=$(cgroup_dir "$pid" ""); fi
	set -- "$d"/hugetlb.*.failcnt "$d"/hugetlb.*.events
	sizes=$(for f in "$@"; do [ ! -e "$f" ] || basename "$f" | cut -d. -f2; done | sort -u)
	[ -n "$sizes" ] || skip "no hugetlb controller"
	stats "$ID"
	is "$(jq -r '.data.hugetlb | keys | sort | .[]' <<<"$out")" "$sizes"
	is "$(jq -c '[.data.hugetlb[].failcnt] | unique' <<<"$out")" '[0]'
}

@test "events --stats: the network interfaces of the container" {
	set_config '.process.args = ["sleep", "1000"]'
	rt_ok create "$ID"
	pid=$(pid_of "$ID")
	stats "$ID"
	is "$(jq -c .data.network_interfaces <<<"$out")" null "loopback alone"
	requires nsenter
	# else the kernel sends packets of its own accord
	nsenter -t "$pid" -n sh -c 'f=/proc/sys/net/ipv6/conf/default/disable_ipv6; [ ! -e $f ] || echo 1 >$f'
	nsenter -t "$pid" -n ip link add ebt0 type veth peer name ebt1 || skip "no veth"
	nsenter -t "$pid" -n ip link set ebt1 up
	nsenter -t "$pid" -n ip link set ebt0 up
	nsenter -t "$pid" -n ip address add 192.0.2.1/24 dev ebt0
	nsenter -t "$pid" -n ping -c 1 -W 1 192.0.2.2 >/dev/null 2>&1 || true
	stats "$ID"
	is "$(jq -c '[.data.network_interfaces[].Name] | sort' <<<"$out")" '["ebt0","ebt1"]'
	is "$(jq '.data.network_interfaces[] | select(.Name == "ebt0").TxPackets' <<<"$out")" \
		"$(nsenter -t "$pid" -n cat /proc/net/dev | awk '$1 == "ebt0:" { print $11 }')"
	is "$(jq -c '.data.network_interfaces[0] | keys' <<<"$out")" \
		'["Name","RxBytes","RxDropped","RxErrors","RxPackets","TxBytes","TxDropped","TxErrors","TxPackets"]'
}

@test "events --stats: the host's interfaces are not the container's" {
	set_config '.linux.namespaces |= map(select(.type != "network"))' 'del(.mounts[] | select(.type == "sysfs"))'
	sleeper
	stats "$ID"
	is "$(jq -c .data.network_interfaces <<<"$out")" null
}

@test "events --stats: a paused and a created container" {
	set_args sleep 1000
	rt_ok create "$ID"
	stats "$ID"
	rt_ok start "$ID"
	rt_ok pause "$ID"
	stats "$ID"
	rt_ok resume "$ID"
}

@test "events --stats: without a cgroup" {
	known_gap runc "always has one"
	set_args sleep 1000
	rt_ok --cgroup-manager disabled run --detach "$ID"
	stats "$ID"
	is "$(jq -c .data.pids <<<"$out")" '{}'
}

@test "events: statistics at each interval, as JSON lines" {
	sleeper
	listen --interval 100ms
	wait_for has_events "$bg_out" stats 3
	is "$(jq -r .id "$bg_out" | sort -u)" "$ID"
}

@test "events: the first statistics come after the interval, not before" {
	sleeper
	listen
	sleep 1
	is "$(how_many "$bg_out" stats)" 0
	is_alive "$bg_pid"
}

@test "events: ends with the container" {
	sleeper
	listen --interval 1h
	sleep 0.3
	is_alive "$bg_pid"
	rt_ok kill "$ID" KILL
	wait_for is_gone "$bg_pid"
	status=0
	wait "$bg_pid" || status=$?
	is "$status" 0
}

@test "events: ends when nobody reads any more, before there is anything to write" {
	sleeper
	limited "$RUNTIME" --root "$ROOT" events --interval 1h "$ID" 3>&- </dev/null | true
	is "${PIPESTATUS[0]}" 0
}

@test "events: a reader who has gone is no error" {
	known_gap runc "dies of the signal"
	sleeper
	limited "$RUNTIME" --root "$ROOT" events --interval 50ms "$ID" 3>&- </dev/null | head -n 1 | jq -e '.type == "stats"'
	is "${PIPESTATUS[0]}" 0
}

@test "events: each time the memory runs out is told of" {
	requires_controller memory
	set_config '.linux.resources.memory = {limit: 33554432, swap: 33554432}'
	mkfifo rootfs/go
	set_script 'while read -r x </go; do sh -c "tail /dev/zero"; done'
	rt_ok run --detach "$ID"
	listen --interval 1h
	sleep 0.5
	is "$(how_many "$bg_out" oom)" 0
	echo >rootfs/go
	wait_for has_events "$bg_out" oom 1
	echo >rootfs/go
	wait_for has_events "$bg_out" oom 2
	sleep 0.3
	is "$(how_many "$bg_out" oom)" "$(cgroup_value "$(pid_of "$ID")" memory \
		"$([ "$(view)" = unified ] && echo memory.events || echo memory.oom_control)" | sed -n 's/^oom_kill //p')"
	is "$(jq -cs '[.[] | select(.type == "oom")][0]' "$bg_out")" "{\"type\":\"oom\",\"id\":\"$ID\"}"
}

@test "events: kills of before are not told of" {
	requires_controller memory
	set_config '.linux.resources.memory = {limit: 33554432, swap: 33554432}'
	set_script 'tail /dev/zero; echo killed; sleep 1000'
	rt_ok run --detach "$ID"
	wait_for file_has "$out_file" killed
	listen --interval 100ms
	wait_for has_events "$bg_out" stats 2
	is "$(how_many "$bg_out" oom)" 0
}

@test "events: the kill that ends the container is told of" {
	requires_controller memory
	set_config '.linux.resources.memory = {limit: 33554432, swap: 33554432}'
	mkfifo rootfs/go
	set_script 'read -r x </go; exec tail /dev/zero'
	rt_ok run --detach "$ID"
	listen --interval 1h
	sleep 0.5
	echo >rootfs/go
	wait_for is_gone "$bg_pid"
	is "$(how_many "$bg_out" oom)" 1
}

@test "events: a removed cgroup is no kill" {
	requires_controller memory
	sleeper
	listen --interval 1h
	sleep 0.3
	rt_ok delete --force "$ID"
	wait_for is_gone "$bg_pid"
	is "$(cat "$bg_out")" ""
}

@test "events: it waits, and does not look again and again" {
	sleeper
	background "$RUNTIME" --root "$ROOT" events --interval 1h "$ID"
	sleep 2
	switches=$(grep ctxt "/proc/$bg_pid/status")
	sleep 1.5
	is "$(grep ctxt "/proc/$bg_pid/status")" "$switches" "how often it has run"
}

@test "events: a stopped container" {
	rt_ok run --keep "$ID"
	rt_fails events --stats "$ID"
	says "container with id $ID is not running"
	rt_fails events "$ID"
	says "container with id $ID is not running"
}

@test "events: an unknown container" {
	rt_fails events --stats "$ID"
	says "container does not exist"
}

@test "events: intervals that are none are refused" {
	sleeper
	for i in 5 x 1x 1.s.2 -s 99999999999h; do
		rt_fails events --interval "$i" "$ID"
		says "invalid value" "for flag -interval: parse error"
	done
	for i in 0 0s -5s -1ms; do
		rt_fails events --stats "--interval=$i" "$ID"
		says "duration interval must be greater than 0"
	done
	for i in 1ms 1m30s 1.5h 100us; do
		rt_ok events --stats "--interval=$i" "$ID"
	done
}
