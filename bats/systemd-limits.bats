#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# Limits and device rules that are the kernel's and the unit's, on cgroup v1 and v2.

load systemd

@test "systemd: v2: limits are the kernel's and the unit's, and outlast a reload" {
	set_config '.linux.resources += {memory: {limit: 67108864, reservation: 33554432, swap: 134217728}, pids: {limit: 77},
		cpu: {shares: 2048, quota: 25500, period: 50000, cpus: "0", mems: "0"}}'
	sd_sleeper
	for n in 1 2; do
		is "$(v2_value memory.max)" 67108864
		is "$(v2_value memory.low)" 33554432
		[ ! -e "/sys/fs/cgroup$(own_cgroup)/memory.swap.max" ] || is "$(v2_value memory.swap.max)" 67108864
		is "$(v2_value pids.max)" 77
		is "$(v2_value cpu.max)" "25500 50000"
		is "$(v2_value cpu.weight)" 174
		if [ -e "/sys/fs/cgroup$(own_cgroup)/cpuset.cpus" ]; then
			is "$(v2_value cpuset.cpus)" 0
			is "$(v2_value cpuset.mems)" 0
		fi
		ctl daemon-reload
	done
	is "$(prop MemoryMax)" 67108864
	is "$(prop MemoryLow)" 33554432
	is "$(prop MemorySwapMax)" 67108864
	is "$(prop TasksMax)" 77
	is "$(prop CPUQuotaPerSecUSec)" 510ms
	is "$(prop CPUQuotaPeriodUSec)" 50ms
	is "$(prop CPUWeight)" 174
	is "$(prop AllowedCPUs)" 0
	is "$(prop AllowedMemoryNodes)" 0
}

@test "systemd: v2: a quota between two percents is rounded up, as systemd has it" {
	set_config '.linux.resources.cpu = {quota: 12345, period: 100000}'
	sd_sleeper
	for n in 1 2; do
		is "$(v2_value cpu.max)" "13000 100000"
		ctl daemon-reload
	done
	is "$(prop CPUQuotaPerSecUSec)" 130ms
}

@test "systemd: v2: linux.resources.unified" {
	set_config '.linux.resources.unified = {"memory.high": "50M", "memory.max": "64M", "pids.max": "max", "cpu.weight": "33",
		"cpu.max": "30000 100000", "memory.min": "4096"}'
	sd_sleeper
	is "$(v2_value memory.high)" 52428800
	is "$(v2_value pids.max)" max
	is "$(v2_value cpu.weight)" 33
	is "$(prop MemoryHigh)" 52428800
	is "$(prop MemoryMax)" 67108864
	is "$(prop MemoryMin)" 4096
	is "$(prop TasksMax)" infinity
	is "$(prop CPUWeight)" 33
	is "$(prop CPUQuotaPerSecUSec)" 300ms
}

@test "systemd: v2: memory.oom.group is the unit's OOM policy" {
	set_config '.linux.resources.unified = {"memory.oom.group": "1"}'
	sd_sleeper
	is "$(v2_value memory.oom.group)" 1
	[ "$(systemctl --version | sed -n 's/^systemd \([0-9]*\).*/\1/p')" -lt 253 ] || is "$(prop OOMPolicy)" kill
	ctl daemon-reload
	is "$(v2_value memory.oom.group)" 1
}

@test "systemd: v2: cpu.idle" {
	requires_kernel 5.15 "cpu.idle"
	set_config '.linux.resources.cpu = {idle: 1, shares: 1024}'
	sd_sleeper
	is "$(v2_value cpu.idle)" 1
	is "$(prop CPUWeight)" idle
	ctl daemon-reload
	is "$(v2_value cpu.idle)" 1
	rt_ok update --cpu-share 200 --cpu-idle 1 "$ID"
	says "linux.resources.cpu.shares: unable to apply both"
	is "$(v2_value cpu.idle)" 1
	rt_ok update --cpu-share 200 "$ID"
	is "$(v2_value cpu.idle)" 0
	echo '{"unified": {"cpu.weight": "8", "cpu.idle": "1"}}' >both
	rt_ok update --resources both "$ID"
	says "linux.resources.unified.cpu.weight: unable to apply both"
	is "$(v2_value cpu.idle)" 1
	echo '{"unified": {"cpu.weight": "8"}}' >weight
	rt_ok update --resources weight "$ID"
	is "$(v2_value cpu.idle) $(v2_value cpu.weight)" "0 8"
}

@test "systemd: v2: no limits are no limits" {
	sd_sleeper
	is "$(v2_value memory.max)" max
	is "$(v2_value cpu.max)" "max 100000"
	is "$(prop MemoryMax)" infinity
	is "$(prop CPUQuotaPerSecUSec)" infinity
}

@test "systemd: v2: update changes the kernel's limits and the unit's" {
	set_config '.linux.resources += {memory: {limit: 67108864}, pids: {limit: 77}, cpu: {quota: 20000, period: 100000}}'
	sd_sleeper
	rt_ok update --memory 33554432 --pids-limit 33 --cpu-quota 30500 "$ID"
	for n in 1 2; do
		is "$(v2_value memory.max)" 33554432
		is "$(v2_value pids.max)" 33
		is "$(v2_value cpu.max)" "31000 100000"
		ctl daemon-reload
	done
	is "$(prop MemoryMax)" 33554432
	is "$(prop TasksMax)" 33
	is "$(prop CPUQuotaPerSecUSec)" 310ms
	rt_ok update --cpu-period 50000 "$ID"
	is "$(v2_value cpu.max)" "31000 50000"
	is "$(prop CPUQuotaPerSecUSec)" 620ms
	is "$(prop CPUQuotaPeriodUSec)" 50ms
	rt_ok update --cpu-quota 12345 "$ID"
	rt_ok update --cpu-period 33000 "$ID"
	is "$(v2_value cpu.max)" "12540 33000"
	rt_ok update --memory -1 --pids-limit -1 --cpu-quota -1 "$ID"
	is "$(v2_value cpu.max)" "max 33000"
	is "$(prop MemoryMax)" infinity
	is "$(prop TasksMax)" infinity
	is "$(prop CPUQuotaPerSecUSec)" infinity
	is "$(v2_value memory.max)" max
}

@test "systemd: v2: an update that is refused leaves unit and kernel as they were" {
	set_config '.linux.resources += {memory: {limit: 67108864}, pids: {limit: 77}}'
	sd_sleeper
	echo '{"pids": {"limit": 33}, "memory": {"limit": 33554432}, "unified": {"memory.oom.group": "7"}}' >r.json
	rt_fails update --resources r.json "$ID"
	is "$(prop TasksMax)" 77
	echo '{"memory": {"limit": 4096, "checkBeforeUpdate": true}}' >r.json
	rt_fails update --resources r.json "$ID"
	says "rejecting memory limit"
	is "$(v2_value memory.max)" 67108864
	is "$(v2_value pids.max)" 77
	is "$(prop MemoryMax)" 67108864
	is "$(prop TasksMax)" 77
}

@test "systemd: device rules hold, also after a reload" {
	as_root
	all_caps
	set_script 'mknod /dev/m c 1 1 && exec sleep 1000'
	rt_ok --systemd-cgroup run --detach "$ID"
	wait_for test -e "/proc/$(pid_of "$ID")/root/dev/m"
	for n in 1 2; do
		rt exec "$ID" sh -c 'echo x >/dev/null && head -c 1 /dev/zero >/dev/null && exec dd if=/dev/m of=/dev/null bs=1 count=1'
		[ "$status" -ne 0 ]
		has "$err" "not permitted"
		ctl daemon-reload
	done
}

@test "systemd: v1: limits and device rules outlast a reload, update changes both" {
	as_root
	set_config '.linux.resources += {pids: {limit: 77}, cpu: {shares: 512, quota: 25000, period: 100000}}'
	sd_sleeper
	pid=$(pid_of "$ID")
	for n in 1 2; do
		is "$(cgroup_value "$pid" pids pids.max)" 77
		is "$(cgroup_value "$pid" cpu cpu.shares)" 512
		is "$(cgroup_value "$pid" cpu cpu.cfs_quota_us)" 25000
		has "$(cgroup_value "$pid" devices devices.list)" "c 1:3 rwm"
		has "$(cgroup_value "$pid" devices devices.list)" "c 136:* rwm"
		has_not "$(cgroup_value "$pid" devices devices.list)" "a *:*"
		ctl daemon-reload
	done
	is "$(prop TasksMax)" 77
	is "$(prop CPUShares)" 512
	is "$(prop DevicePolicy)" strict
	rt_ok update --pids-limit 33 --cpu-quota 30000 "$ID"
	is "$(cgroup_value "$pid" pids pids.max)" 33
	is "$(prop TasksMax)" 33
	is "$(prop CPUQuotaPerSecUSec)" 300ms
	rt_ok pause "$ID"
	is "$(state_of "$ID")" paused
	rt_ok delete --force "$ID"
	gone
	nothing_left
}

@test "systemd: v1: memory and cpuset outlast a reload" {
	as_root
	[ -n "$(v1_mount memory)" ] && [ -n "$(v1_mount cpuset)" ] || skip "no memory or cpuset controller on v1"
	set_config '.linux.resources += {memory: {limit: 67108864, reservation: 33554432}, cpu: {cpus: "0", mems: "0"}}'
	sd_sleeper
	pid=$(pid_of "$ID")
	for limit in 67108864 33554432; do
		for n in 1 2; do
			is "$(cgroup_value "$pid" memory memory.limit_in_bytes)" $limit
			is "$(cgroup_value "$pid" memory memory.soft_limit_in_bytes)" 33554432
			is "$(cgroup_value "$pid" cpuset cpuset.cpus)" 0
			ctl daemon-reload
		done
		is "$(prop MemoryLimit)" $limit
		rt_ok update --memory 33554432 "$ID"
	done
}

@test "systemd: v1: a quota between two percents is rounded up, as systemd has it" {
	as_root
	set_config '.linux.resources.cpu = {quota: 12345, period: 100000}'
	sd_sleeper
	is "$(cgroup_value "$(pid_of "$ID")" cpu cpu.cfs_quota_us)" 13000
	is "$(prop CPUQuotaPerSecUSec)" 130ms
}
