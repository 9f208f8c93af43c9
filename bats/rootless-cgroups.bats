#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# A user without privileges: with cgroups of its own, and without any.

load rootless

@test "rootless: with cgroups of its own: limits, update, pause and resume" {
	sub_ids
	delegate
	if has_v2_controller hugetlb || [ -z "$(v1_mount pids)" ]; then
		set_config '.linux.resources = {unified: {"hugetlb.2MB.max": "4194304"}}'
	else
		set_config '.linux.resources = {pids: {limit: 20}}'
	fi
	sleeper
	pid=$(pid_of "$ID")
	if [ "$(view)" = unified ]; then
		is "$(cgroup_value "$pid" "" hugetlb.2MB.max)" 4194304
		has "$(cgroup_dir "$pid" "")" "$SLICE/$ID"
	else
		is "$(cgroup_value "$pid" pids pids.max)" 20
		has "$(cgroup_dir "$pid" pids)" "$SLICE/$ID"
		rt_ok update --pids-limit 30 "$ID"
		is "$(cgroup_value "$pid" pids pids.max)" 30
	fi
	rt_ok pause "$ID"
	is "$(state_of "$ID")" paused
	rt_ok resume "$ID"
	is "$(state_of "$ID")" running
	rt_ok exec "$ID" true
	dir=$(cgroup_dir "$pid" "$([ "$(view)" = unified ] || echo pids)")
	rt_ok delete --force "$ID"
	[ ! -e "$dir" ]
}

@test "rootless: without cgroups limits are refused by name, and where none is asked for it runs" {
	for wanted in '{memory: {limit: 33554432}}' '{pids: {limit: 10}}' '{cpu: {quota: 10000, period: 100000}}'; do
		set_config ".linux.resources = $wanted"
		rt_fails run "$ID"
		says "linux.resources.$(jq -rn "$wanted | keys[0]")"
		[ ! -e "$ROOT/$ID" ]
	done
	set_config '.linux.resources = {devices: [{allow: false, access: "rwm"}]}'
	rt_ok run "$ID"
	set_config 'del(.linux.resources)' ".linux.cgroupsPath = \"/$ID\""
	rt_fails run "$ID"
	says "cgroup" "ermission denied"
}

@test "rootless: without cgroups pause and update are refused" {
	sleeper
	rt_fails pause "$ID"
	says "cgroups not configured for container"
	is "$(state_of "$ID")" running
	rt_fails update --pids-limit 10 "$ID"
	says linux.resources.pids.limit
}

@test "rootless: without cgroups ps and kill --all find every process" {
	known_gap runc "wants a cgroup"
	sleeper
	rt_ok exec --detach "$ID" sleep 1001
	two() { rt ps --format json "$ID" && [ "$(jq length <<<"$out")" = 2 ]; }
	wait_for two
	other=$(jq ".[] | select(. != $(pid_of "$ID"))" <<<"$out")
	has "$(tr '\0' ' ' <"/proc/$other/cmdline")" "sleep 1001"
	set_args sh -c 'trap : TERM; sleep 1002 & wait; exec sleep 1003'
	rt_ok run --detach "$ID-2"
	has_child() { child=$(pgrep -P "$(pid_of "$ID-2")"); }
	wait_for has_child
	rt_ok kill --all "$ID-2" TERM
	wait_for is_gone "$child"
	is "$(state_of "$ID-2")" running
	is_alive "$other"
	rt_ok kill "$ID-2" KILL
	wait_state "$ID-2" stopped
	rt_fails kill "$ID-2" KILL
	says "container not running"
	rt_ok kill --all "$ID-2" KILL
}

@test "rootless: with the host's pid namespace and procfs, and no cgroup to find others by" {
	set_config '.linux.namespaces |= map(select(.type != "pid"))' \
		'.mounts |= map(if .type == "proc" then {destination: "/proc", type: "bind", source: "/proc", options: ["rbind"]} else . end)' \
		'del(.linux.maskedPaths, .linux.readonlyPaths)'
	sleeper
	says "neither a cgroup nor a pid namespace"
	rt_ok ps --format json "$ID"
	is "$(jq -c . <<<"$out")" "[$(pid_of "$ID")]"
	rt_fails kill --all "$ID" TERM
	says "neither a cgroup nor a pid namespace"
	is "$(state_of "$ID")" running
	rt_ok kill "$ID" KILL
	wait_state "$ID" stopped
}

@test "rootless: --cgroup-manager disabled" {
	known_gap runc "has no such flag"
	delegate
	set_args sh -c 'cat /proc/self/cgroup'
	status=0
	out=$(limited "$RUNTIME" --root "$ROOT" --cgroup-manager disabled run "$ID" </dev/null 3>&-) || status=$?
	is "$status" 0
	has_not "$out" "$SLICE/$ID"
}

@test "rootless: a cgroup namespace, with and without cgroups" {
	set_config '.linux.namespaces += [{type: "cgroup"}]'
	paths() {
		in_container 'cut -d: -f3 /proc/self/cgroup | sort -u'
		has "$out" /
		has_not "$out" "$ID"
	}
	each_way paths
}

# CVE-2023-25809: whoever gave the user a cgroup did not give it to what is in the container.
@test "rootless: cgroups given to the user cannot be written from inside, without a cgroup namespace" {
	delegate
	writable='for d in $(find /sys/fs/cgroup -type d 2>/dev/null); do
		mkdir $d/made 2>/dev/null && rmdir $d/made && echo "made in $d"
		(echo 0 >$d/cgroup.procs) 2>/dev/null && echo "entered $d"; done; echo looked'
	in_container "$writable"
	is "$out" looked
	# as spec --rootless has it: /sys bound from the host beneath
	set_config '(.mounts[] | select(.destination == "/sys")) |= (.type = "none" | .source = "/sys" | .options = ["rbind", "nosuid", "noexec", "nodev", "ro"])' \
		'.linux.namespaces |= map(select(.type != "network"))'
	in_container "$writable"
	is "$out" looked
}
