#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# linux.resources: what arrives in the kernel's files. Each test skips where the view has no such controller.

load helpers

disk() {
	DISK=$(lsblk -dn -o MAJ:MIN,TYPE 2>/dev/null | awk '$2 == "disk" { print $1; exit }' | tr -d ' ')
	[ -n "$DISK" ] || skip "no disk"
}

# ---------------------------------------------------------------- memory

@test "memory: limit" {
	requires_controller memory
	resources '{memory: {limit: 33554432}}'
	sleeper
	is "$(value memory memory.limit_in_bytes memory.max)" 33554432
}

@test "memory: limit and swap (memory and swap together in config.json)" {
	requires_controller memory
	[ "$(view)" = unified ] || [ -e "$(v1_mount memory)/memory.memsw.limit_in_bytes" ] || skip "no swap accounting"
	resources '{memory: {limit: 33554432, swap: 50331648}}'
	sleeper
	if [ "$(view)" = unified ]; then
		is "$(value memory - memory.swap.max)" 16777216
	else
		is "$(value memory memory.memsw.limit_in_bytes -)" 50331648
	fi
}

@test "memory: unlimited swap" {
	requires_controller memory
	[ "$(view)" = unified ] || [ -e "$(v1_mount memory)/memory.memsw.limit_in_bytes" ] || skip "no swap accounting"
	resources '{memory: {limit: 33554432, swap: -1}}'
	sleeper
	if [ "$(view)" = unified ]; then
		is "$(value memory - memory.swap.max)" max
	else
		is "$(value memory memory.memsw.limit_in_bytes -)" 9223372036854771712
	fi
}

@test "memory: swap that is below the limit is refused" {
	requires_controller memory
	[ "$(view)" = unified ] || [ -e "$(v1_mount memory)/memory.memsw.limit_in_bytes" ] || skip "no swap accounting"
	resources '{memory: {limit: 33554432, swap: 16777216}}'
	rt create "$ID"
	is "$status" 1
	nothing_left
}

@test "memory: reservation" {
	requires_controller memory
	resources '{memory: {reservation: 16777216}}'
	sleeper
	is "$(value memory memory.soft_limit_in_bytes memory.low)" 16777216
}

@test "memory: -1 is no limit" {
	requires_controller memory
	resources '{memory: {limit: -1}}'
	sleeper
	[[ $(value memory memory.limit_in_bytes memory.max) == @(9223372036854771712|max) ]]
}

@test "memory: swappiness" {
	requires_v1
	requires_controller memory
	resources '{memory: {swappiness: 33}}'
	sleeper
	is "$(value memory memory.swappiness -)" 33
}

@test "memory: disableOOMKiller" {
	requires_v1
	requires_controller memory
	resources '{memory: {disableOOMKiller: true, limit: 33554432}}'
	sleeper
	has "$(value memory memory.oom_control -)" "oom_kill_disable 1"
}

@test "memory: too much is killed" {
	requires_controller memory
	resources '{memory: {limit: 16777216, swap: 16777216}}'
	set_script 'head -c 40000000 /dev/zero | tail -n 1 | wc -c; echo survived-${PIPESTATUS:-}'
	rt run "$ID"
	has_not "$out" 40000000
}

@test "memory: a small limit still starts a container" {
	requires_controller memory
	resources '{memory: {limit: 4194304}}'
	in_container 'echo fits'
	is "$out" fits
}

# ---------------------------------------------------------------- cpu

@test "cpu: shares" {
	requires_controller cpu
	resources '{cpu: {shares: 512}}'
	sleeper
	if [ "$(view)" = unified ]; then
		# 20 in the old way of reckoning, 59 in the new one.
		[[ $(value cpu - cpu.weight) == @(20|59) ]]
	else
		is "$(value cpu cpu.shares -)" 512
	fi
}

@test "cpu: quota and period" {
	requires_controller cpu
	resources '{cpu: {quota: 25000, period: 50000}}'
	sleeper
	if [ "$(view)" = unified ]; then
		is "$(value cpu - cpu.max)" "25000 50000"
	else
		is "$(value cpu cpu.cfs_quota_us -) $(value cpu cpu.cfs_period_us -)" "25000 50000"
	fi
}

@test "cpu: a quota without a period, a period without a quota" {
	requires_controller cpu
	cp config.json "$BATS_TEST_TMPDIR/plain"
	resources '{cpu: {quota: 25000}}'
	sleeper
	is "$(value cpu cpu.cfs_quota_us cpu.max | cut -d' ' -f1)" 25000
	rt_ok delete --force "$ID"
	cp "$BATS_TEST_TMPDIR/plain" config.json
	resources '{cpu: {period: 50000}}'
	sleeper
	is "$(value cpu cpu.cfs_period_us cpu.max | sed 's/.* //')" 50000
}

@test "cpu: burst" {
	requires_controller cpu
	known_gap runc "1.1 has none"
	known_gap crun "1.8 has none"
	resources '{cpu: {quota: 50000, period: 100000, burst: 20000}}'
	if [ "$(view)" = unified ] && ! kernel_has 5.14; then
		rt_fails create "$ID"
		says linux.resources.cpu.burst
		nothing_left
		return
	fi
	requires_kernel 5.14 "cpu burst"
	sleeper
	is "$(value cpu cpu.cfs_burst_us cpu.max.burst)" 20000
}

@test "cpu: idle" {
	requires_controller cpu
	known_gap runc "1.1 has none"
	resources '{cpu: {idle: 1}}'
	if [ "$(view)" = unified ] && ! kernel_has 5.15; then
		rt_fails create "$ID"
		says linux.resources.cpu.idle
		nothing_left
		return
	fi
	requires_kernel 5.15 "cpu idle"
	sleeper
	is "$(value cpu cpu.idle cpu.idle)" 1
}

@test "cpu: zeros leave the kernel's own values, as engines expect" {
	requires_controller cpu
	resources '{cpu: {shares: 0, quota: 0, period: 0}}'
	sleeper
	if [ "$(view)" = unified ]; then
		is "$(value cpu - cpu.max)" "max 100000"
	else
		is "$(value cpu cpu.shares -)" 1024
		is "$(value cpu cpu.cfs_quota_us -)" -1
	fi
}

@test "cpuset: cpus and mems" {
	requires_controller cpuset
	resources '{cpu: {cpus: "0", mems: "0"}}'
	sleeper
	is "$(value cpuset cpuset.cpus cpuset.cpus)" 0
	is "$(value cpuset cpuset.mems cpuset.mems)" 0
	is "$(sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$(pid_of "$ID")/status")" 0
}

@test "cpuset: below a parent that has not been set up" {
	requires_cgroupfs
	requires_controller cpuset
	set_config ".linux.cgroupsPath = \"/$ID-parent/$ID\""
	resources '{cpu: {cpus: "0"}}'
	sleeper
	is "$(value cpuset cpuset.cpus cpuset.cpus)" 0
	rt_ok delete --force "$ID"
	remove_cgroups "$ID-parent"
}

# ---------------------------------------------------------------- pids

@test "pids: limit, and it holds" {
	requires_controller pids
	resources '{pids: {limit: 5}}'
	set_script 'for n in 1 2 3 4 5 6 7 8; do sleep 5 & done 2>&1; echo end'
	rt run "$ID"
	has "${out,,}${err,,}" "can't fork"
	sleeper
	is "$(value pids pids.max pids.max)" 5
}

@test "pids: -1 is no limit" {
	requires_controller pids
	resources '{pids: {limit: -1}}'
	sleeper
	is "$(value pids pids.max pids.max)" max
}

# ---------------------------------------------------------------- block devices

@test "blockIO: throttling" {
	if [ "$(view)" = unified ]; then requires_controller io; else requires_controller blkio; fi
	disk
	d="major: ${DISK%:*}, minor: ${DISK#*:}"
	resources "{blockIO: {throttleReadBpsDevice: [{$d, rate: 1048576}], throttleWriteBpsDevice: [{$d, rate: 2097152}],
		throttleReadIOPSDevice: [{$d, rate: 100}], throttleWriteIOPSDevice: [{$d, rate: 200}]}}"
	sleeper
	if [ "$(view)" = unified ]; then
		is "$(value io - io.max)" "$DISK rbps=1048576 wbps=2097152 riops=100 wiops=200"
	else
		is "$(value blkio blkio.throttle.read_bps_device -)" "$DISK 1048576"
		is "$(value blkio blkio.throttle.write_bps_device -)" "$DISK 2097152"
		is "$(value blkio blkio.throttle.read_iops_device -)" "$DISK 100"
		is "$(value blkio blkio.throttle.write_iops_device -)" "$DISK 200"
	fi
}

@test "blockIO: weight" {
	if [ "$(view)" = unified ]; then
		requires_controller io
		resources '{blockIO: {weight: 500}}'
		sleeper
		d=$(cgroup_dir "$(pid_of "$ID")" "")
		if [ -e "$d/io.bfq.weight" ]; then
			has "$(cat "$d/io.bfq.weight")" 500
		else
			is "$(cat "$d/io.weight")" "default 4950"
		fi
	else
		requires_controller blkio
		f=blkio.weight
		[ -e "$(v1_mount blkio)/blkio.bfq.weight" ] && f=blkio.bfq.weight
		resources '{blockIO: {weight: 500}}'
		sleeper
		[ -e "$(cgroup_dir "$(pid_of "$ID")" blkio)/$f" ] || skip "no scheduler with weights"
		is "$(value blkio $f -)" 500
	fi
}

@test "blockIO: a weight of zero is none" {
	resources '{blockIO: {weight: 0}}'
	rt_ok run "$ID"
}

# ---------------------------------------------------------------- others

@test "hugetlb: limit" {
	requires_controller hugetlb
	resources '{hugepageLimits: [{pageSize: "2MB", limit: 4194304}]}'
	sleeper
	is "$(value hugetlb hugetlb.2MB.limit_in_bytes hugetlb.2MB.max)" 4194304
}

@test "hugetlb: the reservation is limited too" {
	requires_controller hugetlb
	known_gap runc "1.1 does not"
	known_gap crun "does not"
	resources '{hugepageLimits: [{pageSize: "2MB", limit: 4194304}]}'
	sleeper
	is "$(value hugetlb hugetlb.2MB.rsvd.limit_in_bytes hugetlb.2MB.rsvd.max)" 4194304
}

@test "hugetlb: a page size that does not exist is refused" {
	requires_controller hugetlb
	resources '{hugepageLimits: [{pageSize: "3MB", limit: 4194304}]}'
	rt create "$ID"
	is "$status" 1
	nothing_left
}

@test "network: class and priorities" {
	requires_v1
	requires_controller net_cls
	resources '{network: {classID: 1048577}}'
	sleeper
	is "$(value net_cls net_cls.classid -)" 1048577
}

@test "rdma: handles and objects" {
	requires_controller rdma
	resources '{rdma: {mlx5_1: {hcaHandles: 3, hcaObjects: 10000}}}'
	rt create "$ID"
}

@test "unified: files by name" {
	requires_v2
	resources '{unified: {"cgroup.max.depth": "7", "cgroup.max.descendants": "33"}}'
	sleeper
	is "$(value x - cgroup.max.depth)" 7
	is "$(value x - cgroup.max.descendants)" 33
}

@test "unified: overrides what is said elsewhere" {
	requires_v2
	requires_controller pids
	resources '{pids: {limit: 10}, unified: {"pids.max": "20"}}'
	sleeper
	is "$(value pids - pids.max)" 20
}

@test "unified: names that are paths, and files that do not exist, are refused" {
	requires_v2
	resources '{unified: {"../cgroup.max.depth": "7"}}'
	rt create "$ID"
	is "$status" 1
	nothing_left
	set_config '.linux.resources.unified = {"no.such.file": "7"}'
	rt create "$ID"
	is "$status" 1
	says no.such.file
	nothing_left
}

@test "unified: refused on v1" {
	requires_v1
	resources '{unified: {"cgroup.max.depth": "7"}}'
	rt_fails create "$ID"
	says unified
	nothing_left
}

# ---------------------------------------------------------------- the directories

@test "cgroups: a directory in every hierarchy of the view, gone afterwards" {
	sleeper
	pid=$(pid_of "$ID")
	n=0
	while IFS=: read -r _ controllers path; do
		case "$(view)" in
		unified) [ -z "$controllers" ] || continue ;;
		legacy) [ -n "$controllers" ] || continue ;;
		esac
		has "$path" "$ID"
		n=$((n + 1))
	done <"/proc/$pid/cgroup"
	[ "$n" -ge 1 ]
	rt_ok delete --force "$ID"
	nothing_left
}

@test "cgroups: linux.cgroupsPath, absolute and relative" {
	requires_cgroupfs
	set_config ".linux.cgroupsPath = \"/$ID-abs\""
	sleeper
	d=$(cgroup_dir "$(pid_of "$ID")" "$([ "$(view)" = unified ] || echo freezer)")
	is "${d##*/}" "$ID-abs"
	set_config ".linux.cgroupsPath = \"$ID-rel\""
	sleeper "$ID-two"
	d=$(cgroup_dir "$(pid_of "$ID-two")" "$([ "$(view)" = unified ] || echo freezer)")
	is "${d##*/}" "$ID-rel"
}

@test "cgroups: a path in use is refused" {
	requires_cgroupfs
	known_gap crun "1.8 takes it"
	set_config ".linux.cgroupsPath = \"/$ID-shared\""
	sleeper
	rt create "$ID-two"
	[ "$status" -eq 1 ] || known_gap runc "1.1 only warns"
	is "$status" 1
	has "$err" "not empty"
	is "$(state_of "$ID")" running
}

@test "cgroups: an empty directory that is there already is used" {
	requires_cgroupfs
	set_config ".linux.cgroupsPath = \"/$ID-there\""
	d=$(v1_mount freezer)
	mkdir "${d:-$(v2_mount)}/$ID-there"
	sleeper
	rt_ok delete --force "$ID"
	# Whoever made it: the container's name is on it, it goes.
	remove_cgroups "$ID-there"
}

@test "cgroups: many at once" {
	for n in 1 2 3 4 5; do
		sleeper "$ID-$n"
	done
	for n in 1 2 3 4 5; do
		rt_ok delete --force "$ID-$n"
	done
	nothing_left
}

@test "cgroups: the container's own view: /proc/self/cgroup without a namespace names it" {
	in_container 'cat /proc/self/cgroup'
	has "$out" "$ID"
}

@test "cgroups: killed while it runs, deleted at once, over and over" {
	for _ in 1 2 3 4 5; do
		sleeper
		rt_ok delete --force "$ID"
		nothing_left
	done
}
