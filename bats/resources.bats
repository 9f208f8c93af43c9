#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# linux.resources beyond one file each: what v2 makes of v1's values, hybrid hosts, whose the cgroup is, and what is
# allowed without root.

load helpers

# refused JSON TEXT...: a container with these resources is not made, and why is said.
refused() {
	cp config.json "$BATS_TEST_TMPDIR/kept.json"
	resources "$1"
	rt_fails create "$ID"
	shift
	says "$@"
	nothing_left
	cp "$BATS_TEST_TMPDIR/kept.json" config.json
}

# ---------------------------------------------------------------- v1's values on v2

@test "resources: v2: memory and swap together become swap alone" {
	requires_v2
	requires_controller memory
	try() {
		cp config.json "$BATS_TEST_TMPDIR/kept.json"
		resources "{memory: $1}"
		sleeper
		is "$(value - - memory.max) $(value - - memory.swap.max)" "$2" "$1"
		rt_ok delete --force "$ID"
		cp "$BATS_TEST_TMPDIR/kept.json" config.json
	}
	try '{limit: 33554432, swap: 33554432}' "33554432 0"
	try '{limit: 33554432, swap: 50331648}' "33554432 16777216"
	try '{limit: 33554432, swap: -1}' "33554432 max"
	try '{limit: 33554432, swap: 0}' "33554432 max"
	try '{limit: 33554432}' "33554432 max"
	try '{limit: -1}' "max max"
	try '{limit: -1, swap: -1}' "max max"
	refused '{memory: {swap: 33554432}}' linux.resources.memory.swap "unable to set swap limit without memory limit"
	refused '{memory: {limit: 33554432, swap: 1048576}}' linux.resources.memory.swap "memory+swap limit should be >= memory limit"
}

@test "resources: v2: shares become a weight on the curve through the least, the default and the greatest" {
	requires_v2
	requires_controller cpu
	known_gap runc "1.1 has another curve"
	known_gap crun "1.8 has another curve"
	for pair in 2=1 1024=100 262144=10000 512=59 2048=174; do
		resources "{cpu: {shares: ${pair%=*}}}"
		sleeper
		is "$(value - - cpu.weight)" "${pair#*=}" "shares ${pair%=*}"
		rt_ok delete --force "$ID"
	done
}

@test "resources: v2: what only v1 has is refused by its path" {
	requires_v2
	requires_controller memory
	requires_controller cpu
	requires_controller io
	known_gap runc "leaves it out"
	refused '{memory: {swappiness: 10}}' linux.resources.memory.swappiness
	refused '{memory: {disableOOMKiller: true}}' linux.resources.memory.disableOOMKiller
	refused '{cpu: {realtimeRuntime: 1000}}' linux.resources.cpu.realtimeRuntime
	refused '{blockIO: {leafWeight: 100}}' linux.resources.blockIO.leafWeight
	refused '{network: {classID: 1}}' linux.resources.network.classID
}

@test "resources: values that make no sense are refused by their path" {
	requires_controller memory
	requires_controller cpu
	refused '{memory: {limit: -2}}' linux.resources.memory.limit
	refused '{memory: {swappiness: 101}}' linux.resources.memory.swappiness
	refused '{blockIO: {weight: 9}}' weight
	refused '{hugepageLimits: [{pageSize: "2M", limit: 1}]}' hugepageLimits
	[ "$(view)" = unified ] || refused '{cpu: {shares: 1}}' linux.resources.cpu.shares
}

@test "resources: a controller that this host lacks is named" {
	missing=""
	for pair in memory=memory:limit:4194304 cpu=cpu:quota:1000 pids=pids:limit:5 io=blockIO:weight:100; do
		has_v2_controller "${pair%%=*}" || missing=${pair#*=}
	done
	[ "$(view)" = unified ] && [ -n "$missing" ] || skip "all of them are here"
	IFS=: read -r group name v <<<"$missing"
	refused "{$group: {$name: $v}}" "linux.resources.$group.$name" "controller is not available"
}

@test "resources: zeros and empty objects ask for nothing, whatever the host lacks" {
	resources '{memory: {}, cpu: {shares: 0, quota: 0, period: 0, cpus: "", mems: ""}, pids: {}, blockIO: {weight: 0},
		hugepageLimits: [], network: {}, rdma: {}}'
	rt_ok run "$ID"
}

@test "resources: v2: files of controllers by name, several lines of one" {
	requires_v2
	requires_controller memory
	requires_controller io
	disk=$(lsblk -dn -o MAJ:MIN,TYPE 2>/dev/null | awk '$2 == "disk" { print $1; exit }' | tr -d ' ')
	[ -n "$disk" ] || skip "no disk"
	resources "{unified: {\"memory.high\": \"90001408\", \"memory.oom.group\": \"1\", \"io.max\": \"$disk rbps=1048576\\n$disk wiops=120\"}}"
	sleeper
	is "$(value - - memory.high) $(value - - memory.oom.group)" "90001408 1"
	is "$(value - - io.max)" "$disk rbps=1048576 wbps=max riops=max wiops=120"
}

@test "resources: v2: a limit of misc" {
	requires_v2
	requires_controller misc
	name=$(awk '{ print $1; exit }' /sys/fs/cgroup/misc.capacity)
	[ -n "$name" ] || skip "nothing miscellaneous here"
	resources "{unified: {\"misc.max\": \"$name 1\"}}"
	sleeper
	has "$(value - - misc.max)" "$name 1"
}

@test "resources: v2: a weight for one device, where its scheduler has weights" {
	requires_v2
	requires_controller io
	disk=$(lsblk -dn -o MAJ:MIN,TYPE 2>/dev/null | awk '$2 == "disk" { print $1; exit }' | tr -d ' ')
	[ -n "$disk" ] || skip "no disk"
	resources "{blockIO: {weightDevice: [{major: ${disk%:*}, minor: ${disk#*:}, weight: 500}]}}"
	if grep -q '\[bfq\]' "/sys/dev/block/$disk/queue/scheduler"; then
		sleeper
		has "$(value - - io.bfq.weight)" "$disk 500"
	elif grep -q "^$disk enable=1" /sys/fs/cgroup/io.cost.qos; then
		sleeper
		has "$(value - - io.weight)" "$disk 4950"
	else
		rt_fails create "$ID"
		says "linux.resources.blockIO.weightDevice[0].weight" "$disk 500" "not supported"
		nothing_left
	fi
}

@test "resources: v2: controllers are there below a path that is new, and it goes again" {
	requires_cgroupfs
	requires_v2
	grep -q . /sys/fs/cgroup/cgroup.controllers || skip "no controllers"
	set_config ".linux.cgroupsPath = \"/$ID-a/b/$ID\""
	sleeper
	is "$(value - - cgroup.controllers)" "$(cat /sys/fs/cgroup/cgroup.controllers)"
	rt_ok delete --force "$ID"
	remove_cgroups "$ID-a"
}

@test "resources: too little memory is said when the start fails for it" {
	requires_controller memory
	known_gap runc "other words"
	known_gap crun "other words"
	resources '{memory: {limit: 4096, swap: 4096}}'
	rt run "$ID"
	[ "$status" -ne 0 ]
	[[ $err == *OOM* || $err == *"memory limit"* ]]
	nothing_left
}

# ---------------------------------------------------------------- hybrid

@test "resources: hybrid: a controller that v2 has is used there" {
	[ "$(view)" = hybrid ] && grep -qw hugetlb /sys/fs/cgroup/unified/cgroup.controllers || skip "no hugetlb beside v1"
	known_gap runc "does not"
	known_gap crun "does not"
	resources '{hugepageLimits: [{pageSize: "2MB", limit: 4194304}]}'
	sleeper
	is "$(cgroup_value "$(pid_of "$ID")" "" hugetlb.2MB.max)" 4194304
	is "$(cgroup_value "$(pid_of "$ID")" "" hugetlb.2MB.rsvd.max)" 4194304
	printf '{"hugepageLimits": [{"pageSize": "2MB", "limit": 8388608}]}' >update.json
	rt_ok update --resources update.json "$ID"
	is "$(cgroup_value "$(pid_of "$ID")" "" hugetlb.2MB.max)" 8388608
}

# ---------------------------------------------------------------- whose the cgroup is

# A cgroup namespace of its own, and the cgroup file system mounted with option $1.
own_cgroup() {
	set_config '.linux.namespaces += [{type: "cgroup"}]' \
		"(.mounts[] | select(.type == \"cgroup\")).options = [\"nosuid\", \"noexec\", \"nodev\", \"relatime\", \"$1\"]"
}

owner() {
	stat -c %u "$(cgroup_dir "$(pid_of "$ID")" "")/$1"
}

@test "delegation: root of a user namespace gets its cgroup, and can make others in it" {
	requires_v2
	remap 100000
	own_cgroup rw
	set_script 'mkdir /sys/fs/cgroup/inner && echo 0 >/sys/fs/cgroup/inner/cgroup.procs && echo made >/made; sleep 1000'
	rt_ok run --detach "$ID"
	wait_for test -e rootfs/made
	is "$(owner .)" 100000
	d=$(cgroup_dir "$(pid_of "$ID")" "")
	d=${d%/inner}
	is "$(stat -c %u "$d")" 100000
	while read -r f; do
		[ ! -e "$d/$f" ] || is "$(stat -c %u "$d/$f")" 100000 "$f"
	done </sys/kernel/cgroup/delegate
	is "$(stat -c %u "$d/cgroup.max.depth" "$d/cgroup.freeze" | tr '\n' ' ')" "0 0 " "what would let it out of its limits"
	is "$(stat -c %u "$d/..")" 0
	rt_ok delete --force "$ID"
	nothing_left
}

@test "delegation: to the user of the process" {
	requires_v2
	remap 100000
	own_cgroup rw
	set_config '.process.user.uid = 1000'
	sleeper
	is "$(owner .)" 101000
	is "$(owner cgroup.procs)" 101000
}

@test "delegation: without a user namespace, too" {
	requires_v2
	known_gap crun "1.8 does not"
	own_cgroup rw
	set_config '.process.user.uid = 1000'
	sleeper
	is "$(owner .)" 1000
}

@test "delegation: not when the mount is read-only" {
	requires_v2
	known_gap crun "1.8 does not look at it"
	remap 100000
	own_cgroup ro
	sleeper
	is "$(owner .) $(owner cgroup.procs)" "0 0"
}

@test "delegation: not without a cgroup namespace" {
	requires_v2
	remap 100000
	own_cgroup rw
	set_config '.linux.namespaces -= [{type: "cgroup"}]'
	sleeper
	is "$(owner .) $(owner cgroup.procs)" "0 0"
}

@test "resources: v1: what a start takes is not charged to a small container" {
	requires_v1
	requires_controller memory
	resources '{memory: {limit: 98304}}'
	rt create "$ID"
	[ "$status" -eq 0 ] || show_call create
	pid=$(pid_of "$ID")
	is "$(cgroup_value "$pid" memory memory.limit_in_bytes)" 98304
	has "$(cgroup_dir "$pid" memory)" "$ID"
}

@test "resources: v1: files of the image that are copied into memory are" {
	requires_v1
	requires_controller memory
	mkdir -p rootfs/full
	head -c 2000000 /dev/zero >rootfs/full/file
	set_config '.mounts += [{destination: "/full", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]}]'
	resources '{memory: {limit: 1000000}}'
	rt create "$ID"
	[ "$status" -ne 0 ] || show_call create
	says "memory limit too low"
}

@test "delegation: never on v1" {
	requires_v1
	remap 100000
	own_cgroup rw
	sleeper
	pid=$(pid_of "$ID")
	is "$(stat -c %u "$(cgroup_dir "$pid" freezer)" "$(cgroup_dir "$pid" freezer)/tasks" | sort -u)" 0
}

# ---------------------------------------------------------------- without root

# The configuration for user 1000, and the state root is the user's.
rootless() {
	requires_cgroupfs
	requires setpriv
	[ "$(cat /proc/sys/user/max_user_namespaces)" -gt 0 ] || skip "no user namespaces"
	set_config '.linux.namespaces += [{type: "user"}]' '.mounts |= map(select(.type != "cgroup"))' \
		'.linux.uidMappings = [{containerID: 0, hostID: 1000, size: 1}] | .linux.gidMappings = .linux.uidMappings' \
		'(.mounts[] | select(.type == "devpts")).options |= map(select(startswith("gid=") | not))' \
		'del(.linux.resources)'
	mkdir -m 700 "$BATS_TEST_TMPDIR/state"
	chown -R 1000:1000 "$BATS_TEST_TMPDIR/state" "$BUNDLE"
	cp "$RUNTIME" "$BATS_TEST_TMPDIR/runtime"
	chmod 755 "$BATS_TEST_TMPDIR/runtime"
}

# user_rt [-in CGROUP-DIR]... ARG...: as user 1000, from within the cgroups given.
user_rt() {
	local into=()

	while [ "$1" = -in ]; do
		into+=("$2")
		shift 2
	done
	CALL=$((CALL + 1))
	out_file="$BATS_TEST_TMPDIR/out.$CALL"
	err_file="$BATS_TEST_TMPDIR/err.$CALL"
	status=0
	(
		for d in "${into[@]}"; do
			echo "$BASHPID" >"$d/cgroup.procs"
		done
		exec setpriv --reuid 1000 --regid 1000 --clear-groups timeout -k 5 "$RT_TIMEOUT" "$BATS_TEST_TMPDIR/runtime" \
			--root "$BATS_TEST_TMPDIR/state" "$@"
	) </dev/null >"$out_file" 2>"$err_file" 3>&- || status=$?
	out=$(tr -d '\0' <"$out_file")
	err=$(tr -d '\0' <"$err_file")
}

@test "rootless: no limits, no path, no permission: runs without a cgroup" {
	rootless
	set_args echo hello
	user_rt run "$ID"
	[ "$status" -eq 0 ] || show_call run
	is "$out" hello
}

@test "rootless: limits without permission are refused" {
	rootless
	requires_controller pids
	resources '{pids: {limit: 10}}'
	user_rt run "$ID"
	is "$status" 1
	if [ "$(view)" = unified ]; then
		says "rootless needs no limits + no cgrouppath when no permission is granted for cgroups"
	else
		says "cannot set pids limit: container could not join or create cgroup"
	fi
	nothing_left
}

@test "rootless: a path without permission is refused" {
	rootless
	set_config ".linux.cgroupsPath = \"/$ID\""
	user_rt run "$ID"
	is "$status" 1
	says "permission denied"
	nothing_left
}

@test "rootless: update of a container without a cgroup is refused" {
	rootless
	set_args sleep 1000
	user_rt run --detach "$ID"
	[ "$status" -eq 0 ] || show_call run
	user_rt update --pids-limit 10 "$ID"
	is "$status" 1
	says "cannot set pids limit: container could not join or create cgroup"
	user_rt kill "$ID" KILL
	user_rt delete --force "$ID"
	[ "$status" -eq 0 ] || show_call delete
	nothing_left
}

@test "rootless: v1: of the hierarchies those that may be written are used" {
	requires_v1
	requires_controller pids
	rootless
	d=$(v1_mount pids)/$ID-user
	mkdir "$d"
	chown -R 1000:1000 "$d"
	resources '{pids: {limit: 10}}'
	set_args sleep 1000
	user_rt -in "$d" run --detach "$ID"
	[ "$status" -eq 0 ] || show_call run
	is "$(cat "$d/$ID/pids.max")" 10
	is "$(wc -l <"$d/$ID/tasks")" 1
	user_rt update --pids-limit 12 "$ID"
	[ "$status" -eq 0 ] || show_call update
	is "$(cat "$d/$ID/pids.max")" 12
	user_rt update --memory 64M "$ID"
	is "$status" 1
	says "cannot set memory limit: container could not join or create cgroup"
	user_rt delete --force "$ID"
	[ "$status" -eq 0 ] || show_call delete
	rmdir "$d"
	nothing_left
}

@test "rootless: v2: a delegated cgroup with limits" {
	requires_v2
	requires_controller pids
	rootless
	d=/sys/fs/cgroup/$ID-user
	mkdir -p "$d/shell"
	echo +pids >/sys/fs/cgroup/cgroup.subtree_control
	echo +pids >"$d/cgroup.subtree_control"
	chown -R 1000:1000 "$d"
	resources '{pids: {limit: 10}}'
	set_args sleep 1000
	user_rt -in "$d/shell" run --detach "$ID"
	[ "$status" -eq 0 ] || show_call run
	is "$(cat "$d/$ID/pids.max")" 10
	is "$(wc -l <"$d/$ID/cgroup.procs")" 1
	user_rt -in "$d/shell" update --pids-limit 12 "$ID"
	[ "$status" -eq 0 ] || show_call update
	is "$(cat "$d/$ID/pids.max")" 12
	user_rt -in "$d/shell" delete --force "$ID"
	[ "$status" -eq 0 ] || show_call delete
	rmdir "$d/shell" "$d"
	nothing_left
}
