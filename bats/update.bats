#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# update: what arrives in the kernel's files of a container that runs, and what stays as it was.

load helpers

limit() { value memory memory.limit_in_bytes memory.max; }

# The sum of memory and swap, as the specification counts it.
memsw() {
	if [ "$(view)" = unified ]; then
		echo $(($(value memory - memory.max) + $(value memory - memory.swap.max)))
	else
		value memory memory.memsw.limit_in_bytes -
	fi
}

quota() {
	if [ "$(view)" = unified ]; then
		value cpu - cpu.max
	else
		echo "$(value cpu cpu.cfs_quota_us -) $(value cpu cpu.cfs_period_us -)"
	fi
}

requires_swap_accounting() {
	[ "$(view)" = unified ] || [ -e "$(v1_mount memory)/memory.memsw.limit_in_bytes" ] || skip "no swap accounting"
}

# update_json JSON: by standard input.
update_json() {
	printf '%s' "$1" >"$BATS_TEST_TMPDIR/resources"
	RT_STDIN="$BATS_TEST_TMPDIR/resources" rt update --resources - "$ID"
}

update_json_ok() {
	update_json "$1"
	[ "$status" -eq 0 ] || show_call "should have succeeded: update --resources - with $1"
}

# ---------------------------------------------------------------- flags

@test "update: memory, with units" {
	requires_controller memory
	resources '{memory: {limit: 33554432}}'
	sleeper
	rt_ok update --memory 67108864 "$ID"
	is "$(limit)" 67108864
	for v in 50M 50m 50MB 50mb 50MiB '50 m' 51200k 0.048828125g; do
		rt_ok update --memory 67108864 "$ID"
		rt_ok update --memory "$v" "$ID"
		is "$(limit)" 52428800 "$v"
	done
}

@test "update: sizes that are none are refused by the flag's name" {
	sleeper
	for v in x 1x 12Q -2 1.2.3 '5  m' 99999999999g; do
		[ "$RUNTIME_NAME" != runc ] || [ "$v" != 99999999999g ] || continue
		rt_fails update --memory "$v" "$ID"
		says memory "$v"
	done
	rt_fails update --memory-swap 1z "$ID"
	says memory-swap
	rt_fails update --memory-reservation z "$ID"
	says memory-reservation
}

@test "update: memory -1 lifts the limit" {
	requires_controller memory
	resources '{memory: {limit: 33554432}}'
	sleeper
	rt_ok update --memory -1 "$ID"
	[[ $(limit) == @(9223372036854771712|max) ]]
}

@test "update: memory -1 lifts the limit of swap, too" {
	requires_controller memory
	requires_swap_accounting
	resources '{memory: {limit: 33554432, swap: 67108864}}'
	sleeper
	rt_ok update --memory -1 "$ID"
	[[ $(limit) == @(9223372036854771712|max) ]]
	[[ $(value memory memory.memsw.limit_in_bytes memory.swap.max) == @(9223372036854771712|max) ]]
}

@test "update: memory and swap raised and lowered together, in the order that the kernel takes" {
	requires_controller memory
	requires_swap_accounting
	resources '{memory: {limit: 33554432, swap: 33554432}}'
	sleeper
	rt_ok update --memory 128M --memory-swap 256M "$ID"
	is "$(limit) $(memsw)" "134217728 268435456"
	rt_ok update --memory 32M --memory-swap 48M "$ID"
	is "$(limit) $(memsw)" "33554432 50331648"
	rt_ok update --memory 256M --memory-swap -1 "$ID"
	is "$(limit)" 268435456
	[[ $(value memory memory.memsw.limit_in_bytes memory.swap.max) == @(9223372036854771712|max) ]]
	rt_ok update --memory 64M --memory-swap 64M "$ID"
	is "$(limit) $(memsw)" "67108864 67108864"
}

@test "update: swap alone counts the memory limit in force" {
	requires_controller memory
	requires_swap_accounting
	resources '{memory: {limit: 33554432}}'
	sleeper
	rt_ok update --memory-swap 96468992 "$ID"
	is "$(limit) $(memsw)" "33554432 96468992"
}

@test "update: memory alone leaves the sum of memory and swap that was asked for" {
	requires_controller memory
	requires_swap_accounting
	known_gap crun "leaves swap alone"
	resources '{memory: {limit: 33554432, swap: 134217728}}'
	sleeper
	rt_ok update --memory 64M "$ID"
	is "$(limit) $(memsw)" "67108864 134217728"
	rt_ok update --memory-swap 160M "$ID"
	rt_ok update --memory 96M "$ID"
	is "$(limit) $(memsw)" "100663296 167772160"
	rt update --memory 256M "$ID"
	is "$status" 1 "memory above memory and swap"
	[ "$RUNTIME_NAME" = runc ] || says linux.resources.memory.swap "memory+swap limit should be >= memory limit"
	is "$(limit) $(memsw)" "100663296 167772160"
}

@test "update: reservation" {
	requires_controller memory
	sleeper
	rt_ok update --memory-reservation 24M "$ID"
	is "$(value memory memory.soft_limit_in_bytes memory.low)" 25165824
}

@test "update: kernel-memory is taken, as engines give it" {
	requires_controller memory
	sleeper
	rt_ok update --kernel-memory 16M --kernel-memory-tcp 16M "$ID"
}

@test "update: quota and period, together and alone" {
	requires_controller cpu
	resources '{cpu: {quota: 500000, period: 1000000}}'
	sleeper
	rt_ok update --cpu-period 900000 --cpu-quota 600000 "$ID"
	is "$(quota)" "600000 900000"
	rt_ok update --cpu-quota 300000 "$ID"
	is "$(quota)" "300000 900000"
	rt_ok update --cpu-period 100000 "$ID"
	is "$(quota)" "300000 100000"
	rt_ok update --cpu-quota 30000 --cpu-period 50000 "$ID"
	is "$(quota)" "30000 50000"
	rt_ok update --cpu-quota -1 "$ID"
	[[ $(quota) == @(-1|max)\ 50000 ]]
}

@test "update: a first quota" {
	requires_controller cpu
	sleeper
	rt_ok update --cpu-quota 50000 "$ID"
	is "$(quota)" "50000 100000"
	rt_ok update --cpu-period 200000 "$ID"
	is "$(quota)" "50000 200000"
}

@test "update: burst, before and behind the quota that allows it" {
	requires_kernel 5.14 "bursts"
	requires_controller cpu
	known_gap runc "1.1 has none"
	known_gap crun "has none"
	resources '{cpu: {quota: 20000, period: 100000}}'
	sleeper
	rt_ok update --cpu-burst 10000 "$ID"
	is "$(value cpu cpu.cfs_burst_us cpu.max.burst)" 10000
	rt_ok update --cpu-burst 80000 --cpu-quota 90000 "$ID"
	is "$(value cpu cpu.cfs_burst_us cpu.max.burst) $(quota)" "80000 90000 100000"
	rt_ok update --cpu-burst 5000 --cpu-quota 6000 "$ID"
	is "$(value cpu cpu.cfs_burst_us cpu.max.burst) $(quota)" "5000 6000 100000"
	rt_ok update --cpu-burst 0 "$ID"
	is "$(value cpu cpu.cfs_burst_us cpu.max.burst)" 0
}

@test "update: shares" {
	requires_controller cpu
	sleeper
	rt_ok update --cpu-share 200 "$ID"
	if [ "$(view)" = unified ]; then
		[[ $(value cpu - cpu.weight) == @(8|29) ]] # the old and the new way of reckoning
	else
		is "$(value cpu cpu.shares -)" 200
	fi
}

@test "update: idle, and back" {
	requires_kernel 5.15 "cpu.idle"
	requires_controller cpu
	known_gap runc "1.1 has none"
	known_gap crun "has none"
	resources '{cpu: {shares: 512}}'
	sleeper
	rt_ok update --cpu-idle 1 "$ID"
	is "$(value cpu cpu.idle cpu.idle)" 1
	rt_ok update --cpu-idle 0 --cpu-share 1024 "$ID"
	is "$(value cpu cpu.idle cpu.idle) $(value cpu cpu.shares cpu.weight)" "0 $([ "$(view)" = unified ] && echo 100 || echo 1024)"
}

@test "update: realtime" {
	requires_v1
	requires_controller cpu
	[ -e "$(v1_mount cpu)/cpu.rt_runtime_us" ] || skip "the kernel has no realtime groups"
	sleeper
	rt_ok update --cpu-rt-period 800001 "$ID"
	is "$(value cpu cpu.rt_period_us -)" 800001
}

@test "update: realtime is refused where the kernel does not have it" {
	requires_controller cpu
	known_gap runc "1.1 lets it pass on v2"
	[ "$(view)" = unified ] || [ ! -e "$(v1_mount cpu)/cpu.rt_runtime_us" ] || skip "the kernel has realtime groups"
	sleeper
	rt_fails update --cpu-rt-period 800001 "$ID"
	rt_fails update --cpu-rt-runtime 1000 "$ID"
}

@test "update: cpuset" {
	requires_controller cpuset
	[ "$(nproc --all)" -ge 2 ] || skip "one CPU"
	sleeper
	rt_ok update --cpuset-cpus 1 --cpuset-mems 0 "$ID"
	is "$(value cpuset cpuset.cpus cpuset.cpus)" 1
	is "$(value cpuset cpuset.mems cpuset.mems)" 0
	is "$(sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$(pid_of "$ID")/status")" 1
}

@test "update: pids, none and any" {
	requires_controller pids
	known_gap runc "1.1 leaves it at 0"
	resources '{pids: {limit: 20}}'
	sleeper
	rt_ok update --pids-limit 10 "$ID"
	is "$(value pids pids.max pids.max)" 10
	rt_ok update --pids-limit -1 "$ID"
	is "$(value pids pids.max pids.max)" max
	rt_ok update --pids-limit 0 "$ID"
	is "$(value pids pids.max pids.max)" 1
}

@test "update: weight for block I/O" {
	if [ "$(view)" = unified ]; then requires_controller io; else requires_controller blkio; fi
	sleeper
	if [ "$(view)" = unified ]; then d=$(cgroup_dir "$(pid_of "$ID")" ""); else d=$(cgroup_dir "$(pid_of "$ID")" blkio); fi
	f=$(find "$d" -maxdepth 1 -name 'blkio*.weight' -o -maxdepth 1 -name 'io*.weight' | sort | head -n 1)
	[ -n "$f" ] || skip "no scheduler with weights"
	rt_ok update --blkio-weight 300 "$ID"
	[[ "$(cat "$f")" == @(300|default 300|default 2930) ]]
	known_gap runc "takes any weight that the kernel takes"
	rt_fails update --blkio-weight 5 "$ID"
	says 10 1000
	rt_fails update --blkio-weight 70000 "$ID"
	says blkio-weight
}

@test "update: numbers that are none are refused by the flag's name" {
	sleeper
	for f in cpu-period cpu-quota cpu-burst cpu-share cpu-rt-period cpu-rt-runtime cpu-idle pids-limit blkio-weight; do
		[ "$RUNTIME_NAME" != runc ] || [[ $f != cpu-@(burst|idle) ]] || continue
		rt update "--$f" 12x "$ID"
		is "$status" 1
		says "$f"
	done
}

@test "update: no flag at all changes nothing" {
	sleeper
	rt_ok update "$ID"
}

# ---------------------------------------------------------------- --resources

@test "update: resources from standard input, and from a file, with and without =" {
	requires_controller memory
	requires_controller pids
	sleeper
	update_json_ok '{"memory": {"limit": 67108864}, "pids": {"limit": 30}}'
	is "$(limit) $(value pids pids.max pids.max)" "67108864 30"
	printf '{"memory": {"limit": 100663296}}' >file.json
	rt_ok update --resources=file.json "$ID"
	is "$(limit) $(value pids pids.max pids.max)" "100663296 30" "what is not given stays"
	printf '{"memory": {"limit": 33554432}}' >file.json
	rt_ok update -r "$PWD/file.json" "$ID"
	is "$(limit)" 33554432
	printf '{"pids": {"limit": 31}}' >file.json
	RT_STDIN=file.json rt_ok update --resources=- "$ID"
	is "$(value pids pids.max pids.max)" 31
}

@test "update: what docker sends: explicit zeros leave values as they are" {
	requires_controller memory
	requires_controller cpu
	requires_controller pids
	requires_swap_accounting
	resources '{memory: {limit: 67108864, swap: 134217728, reservation: 33554432}, cpu: {quota: 50000, period: 100000}}'
	sleeper
	update_json_ok '{"memory":{"limit":134217728,"reservation":0,"swap":268435456,"kernel":0},
		"cpu":{"shares":256,"quota":0,"period":0},"pids":{"limit":77},"blockIO":{"weight":0}}'
	is "$(limit) $(memsw)" "134217728 268435456"
	is "$(value memory memory.soft_limit_in_bytes memory.low)" 33554432
	is "$(quota)" "50000 100000"
	is "$(value pids pids.max pids.max)" 77
	update_json_ok '{"memory":{"limit":0,"swap":0},"cpu":{"shares":0,"cpus":"","mems":""},"blockIO":{}}'
	is "$(limit) $(memsw)" "134217728 268435456"
	update_json_ok '{}'
}

@test "update: devices stay as they are, whatever an engine sends along" {
	requires_v1
	requires_controller devices
	sleeper
	before=$(value devices devices.list -)
	update_json_ok '{"devices": [{"allow": true, "access": "rwm"}]}'
	is "$(value devices devices.list -)" "$before"
	rt_ok update --pids-limit 20 "$ID"
	is "$(value devices devices.list -)" "$before"
}

@test "update: devices stay as they are on v2" {
	requires_v2
	all_caps
	sleeper
	update_json_ok '{"devices": [{"allow": true, "access": "rwm"}]}'
	rt exec "$ID" sh -c 'mknod /dev/kmsg c 1 11 && : </dev/kmsg'
	[ "$status" -ne 0 ]
	has "${err,,}" "not permitted"
}

@test "update: unified" {
	requires_v2
	sleeper
	update_json_ok '{"unified": {"cgroup.max.depth": "5", "cgroup.max.descendants": "6"}}'
	is "$(value x - cgroup.max.depth) $(value x - cgroup.max.descendants)" "5 6"
}

@test "update: hugetlb" {
	requires_controller hugetlb
	known_gap runc "leaves it"
	resources '{hugepageLimits: [{pageSize: "2MB", limit: 4194304}]}'
	sleeper
	update_json_ok '{"hugepageLimits": [{"pageSize": "2MB", "limit": 8388608}]}'
	is "$(value hugetlb hugetlb.2MB.limit_in_bytes hugetlb.2MB.max)" 8388608
}

@test "update: throttling of a device, changed and taken away" {
	known_gap runc "1.1 leaves it"
	if [ "$(view)" = unified ]; then requires_controller io; else requires_controller blkio; fi
	disk=$(lsblk -dn -o MAJ:MIN,TYPE 2>/dev/null | awk '$2 == "disk" { print $1; exit }')
	[ -n "$disk" ] || skip "no disk"
	d="\"major\": ${disk%:*}, \"minor\": ${disk#*:}"
	sleeper
	update_json_ok "{\"blockIO\": {\"throttleReadBpsDevice\": [{$d, \"rate\": 1048576}]}}"
	if [ "$(view)" = unified ]; then
		is "$(value io - io.max)" "$disk rbps=1048576 wbps=max riops=max wiops=max"
	else
		is "$(value blkio blkio.throttle.read_bps_device -)" "$disk 1048576"
	fi
	update_json_ok "{\"blockIO\": {\"throttleReadBpsDevice\": [{$d, \"rate\": 0}]}}"
	is "$(value blkio blkio.throttle.read_bps_device io.max)" ""
}

@test "update: JSON that is none, of a wrong type or not there is refused" {
	sleeper
	for json in '' '{' '[]' '{"memory": 1}' '{"memory": {"limit": "64M"}}' '{"cpu": {"shares": -1}}'; do
		update_json "$json"
		is "$status" 1 "$json"
		[ -n "$err" ]
	done
	rt_fails update --resources no-such-file "$ID"
	says no-such-file
}

@test "update: a file beside the flags that it replaces is refused" {
	known_gap runc "ignores the flags"
	sleeper
	printf '{}' >file.json
	rt_fails update --resources file.json --memory 64M "$ID"
	says --resources --memory
}

# ---------------------------------------------------------------- checks and failures

@test "update: values are checked before any is written" {
	known_gap runc "takes any weight that the kernel takes"
	requires_controller pids
	requires_controller cpu
	sleeper
	before="$(value pids pids.max pids.max) $(value cpu cpu.shares cpu.weight)"
	rt_fails update --pids-limit 20 --cpu-share 512 --blkio-weight 9 "$ID"
	says weight
	is "$(value pids pids.max pids.max) $(value cpu cpu.shares cpu.weight)" "$before"
}

@test "update: what was written before a value that the kernel refuses is put back" {
	requires_controller pids
	requires_controller cpu
	requires_controller cpuset
	requires_controller memory
	requires_swap_accounting
	known_gap crun "leaves it"
	resources '{memory: {limit: 67108864, swap: 67108864}, cpu: {quota: 50000, period: 100000, shares: 512}, pids: {limit: 50}}'
	sleeper
	all() {
		echo "$(limit) $(memsw) $(quota) $(value pids pids.max pids.max) $(value cpu cpu.shares cpu.weight) $(value cpuset cpuset.cpus cpuset.cpus)"
	}
	before=$(all)
	rt update --memory 128M --memory-swap 256M --cpu-quota 30000 --cpu-period 50000 --cpu-share 700 --pids-limit 60 \
		--cpuset-cpus 4095 "$ID"
	is "$status" 1
	has "$err" cpuset.cpus
	is "$(all)" "$before"
	rt update --memory 32M --memory-swap 32M --cpu-quota -1 --pids-limit -1 --cpuset-cpus 4095 "$ID"
	is "$status" 1
	is "$(all)" "$before"
}

@test "update: idle is put back, too" {
	requires_kernel 5.15 "cpu.idle"
	requires_controller cpu
	requires_controller cpuset
	known_gap runc "1.1 has none"
	known_gap crun "has none"
	resources '{cpu: {idle: 1}}'
	sleeper
	rt_fails update --cpu-idle 0 --cpu-share 300 --cpuset-cpus 4095 "$ID"
	is "$(value cpu cpu.idle cpu.idle)" 1
	has_not "$err" "could not be put back"
}

@test "update: throttling is put back, too" {
	if [ "$(view)" = unified ]; then requires_controller io; else requires_controller blkio; fi
	known_gap runc "1.1 leaves it"
	requires_controller hugetlb
	disk=$(lsblk -dn -o MAJ:MIN,TYPE 2>/dev/null | awk '$2 == "disk" { print $1; exit }')
	[ -n "$disk" ] || skip "no disk"
	d="\"major\": ${disk%:*}, \"minor\": ${disk#*:}"
	resources "{blockIO: {throttleWriteBpsDevice: [{$d, \"rate\": 2097152}]}}"
	sleeper
	before="$(value blkio blkio.throttle.write_bps_device io.max)$(value blkio blkio.throttle.read_bps_device io.max)"
	update_json "{\"blockIO\": {\"throttleReadBpsDevice\": [{$d, \"rate\": 1048576}], \"throttleWriteBpsDevice\": [{$d, \"rate\": 1048577}]},
		\"hugepageLimits\": [{\"pageSize\": \"3MB\", \"limit\": 0}]}"
	is "$status" 1
	is "$(value blkio blkio.throttle.write_bps_device io.max)$(value blkio blkio.throttle.read_bps_device io.max)" "$before"
}

@test "update: checkBeforeUpdate refuses a limit that is used already" {
	requires_controller memory
	known_gap crun "1.8 has none"
	set_script 'head -c 20000000 /dev/zero >/dev/shm/fill; echo ready >/dev/shm/ready; sleep 1000'
	rt_ok run --detach "$ID"
	root=/proc/$(pid_of "$ID")/root
	wait_for test -e "$root/dev/shm/ready"
	before=$(limit)
	update_json '{"memory": {"limit": 4194304, "checkBeforeUpdate": true}}'
	is "$status" 1
	known_gap runc "1.1 has other words"
	has "$err" "rejecting memory limit"
	is "$(limit)" "$before"
	is "$(state_of "$ID")" running
}

# ---------------------------------------------------------------- states

@test "update: a paused container" {
	requires_controller memory
	sleeper
	rt_ok pause "$ID"
	rt_ok update --memory 64M "$ID"
	is "$(limit)" 67108864
	is "$(state_of "$ID")" paused
	rt_ok resume "$ID"
	is "$(state_of "$ID")" running
}

@test "update: a created container, and the limit holds once it runs" {
	requires_controller pids
	set_script 'for n in 1 2 3 4 5 6 7 8; do sleep 5 & done 2>/tmp/said; echo end >>/tmp/said; sleep 1000'
	rt_ok create "$ID"
	rt_ok update --pids-limit 5 "$ID"
	rt_ok start "$ID"
	wait_for file_has rootfs/tmp/said .
	has "$(tr '[:upper:]' '[:lower:]' <rootfs/tmp/said)" "can't fork"
}

@test "update: a stopped container is refused" {
	sleeper
	rt_ok kill "$ID" KILL
	wait_state "$ID" stopped
	rt_fails update --pids-limit 5 "$ID"
	says "container not running"
}

@test "update: an unknown container does not exist" {
	rt_fails update --pids-limit 5 "$ID-none"
	says "does not exist"
	rt update
	is "$status" 1
}

@test "update: limits hold for what runs already" {
	requires_controller memory
	requires_swap_accounting
	set_script 'while [ ! -e /tmp/go ]; do sleep 0.05; done; dd if=/dev/zero of=/dev/null bs=60M count=1; sleep 1000'
	rt_ok run --detach "$ID"
	rt_ok update --memory 16M --memory-swap 16M "$ID"
	touch rootfs/tmp/go
	wait_for oom_struck
	is "$(state_of "$ID")" running
}

oom_struck() {
	if [ "$(view)" = unified ]; then
		! grep -q '^oom_kill 0$' "$(cgroup_dir "$(pid_of "$ID")" "")/memory.events"
	else
		! grep -q '^oom_kill 0$' "$(cgroup_dir "$(pid_of "$ID")" memory)/memory.oom_control"
	fi
}

@test "update: many at once on one container" {
	requires_controller pids
	sleeper
	for n in 11 12 13 14; do
		"$RUNTIME" --root "$ROOT" update --pids-limit "$n" "$ID" </dev/null 3>&- &
		CHILDREN+=($!)
	done
	wait "${CHILDREN[@]}"
	CHILDREN=()
	[[ $(value pids pids.max pids.max) == 1[1-4] ]]
}

@test "update: Intel RDT that is not there is refused in runc's words" {
	[ ! -d /sys/fs/resctrl/info ] || skip "this machine has it"
	sleeper
	rt_fails update --l3-cache-schema 'L3:0=f' "$ID"
	says "Intel RDT/CAT: l3 cache schema is not enabled"
	rt_fails update --mem-bw-schema 'MB:0=50' "$ID"
	says "Intel RDT/MBA: memory bandwidth schema is not enabled"
}
