#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# tests/configs/all-fields.json holds every member of config.json. Here it is run to the end, with values that this
# machine can have. A member goes only where the kernel has no such thing, and which ones go is part of the test.

load helpers

ALL="$BATS_TEST_DIRNAME/../tests/configs/all-fields.json"

setup() {
	common_setup
	LOG="$BATS_TEST_TMPDIR/log"
	mkdir -m 777 "$LOG"
	touch "$LOG/hooks"
	chmod 666 "$LOG/hooks"
}

teardown() {
	[ -z "${RUNTIME_ITSELF:-}" ] || RUNTIME=$RUNTIME_ITSELF
	common_teardown
}

# As the one of helpers.bash, with $docker: a configuration of docker's, for its list of system calls.
set_config() {
	local filter="." f

	for f in "$@"; do
		filter="$filter | $f"
	done
	jq --slurpfile docker "${ALL%/*}/docker28.json" "$filter" config.json >config.json.new && mv config.json.new config.json
}

# members: the paths of all members of a configuration, without numbers of arrays and names of maps.
members() {
	jq -r '[paths | map(if type == "number" then "[]" else . end) | join(".")] | unique | .[]' "$1" |
		sed -E 's/^(annotations|linux\.(sysctl|netDevices|timeOffsets|resources\.(rdma|unified)))\.[^[]*\.([a-zA-Z]+)$/\1.*.\3/
			s/^(annotations|linux\.sysctl|linux\.resources\.unified)\..*/\1.*/
			s/^(linux\.(netDevices|timeOffsets|resources\.rdma))\.[^*.]*$/\1.*/' | sort -u
}

# without WORD...: members that this machine cannot have go.
drop=()

without() {
	set_config "del(.$1)"
	drop+=("$1")
}

hook_file() {
	printf '#!/bin/sh\necho "$1 $A" >>%s/hooks\n' "$LOG" >"$LOG/hook"
	chmod 755 "$LOG/hook"
}

# A network namespace that stands for the host's, with two devices.
other_host() {
	in_other_net
	nsenter --net="/proc/$bg_pid/ns/net" ip link add eth0 type veth peer name ens4 2>/dev/null
}

process_values() {
	set_config '.process.consoleSize.width = 80' '.process.user.gid = 1000' '.process.user.additionalGids = [0, 10, 2000]' \
		'.process.args = ["/bin/sh", "/report"]' ".process.env = [\"PATH=/bin\", \"EMPTY=\", \"EBT_CONTAINER=$ID\"]" \
		'.process.capabilities.inheritable = ["CAP_KILL"]' '.process.rlimits[0].hard = 900' '.process.rlimits[0].soft = 800' \
		'.process.oomScoreAdj = 500' '.process.execCPUAffinity = {initial: "0", final: "0"}' \
		'.process.scheduler |= (.policy = "SCHED_BATCH" | .nice = 5 | .priority = 0 | .runtime = 0 | .deadline = 0 |
			.period = 0 | .flags = ["SCHED_FLAG_RESET_ON_FORK"])'
}

hook_values() {
	set_config ".hooks |= map_values(map(.path = \"$LOG/hook\" | if .timeout then .timeout = 7 else . end))"
}

linux_values() {
	set_config 'del(.annotations[""])' ".linux.cgroupsPath = \"/$ID\"" \
		'.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1}, {containerID: 1, hostID: 100001, size: 65535}]' \
		'.linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' \
		'.linux.namespaces |= map(if .type == "pid" then del(.path) elif .type == "cgroup" then
			.path = "/proc/self/ns/cgroup" else . end)' \
		'.linux.timeOffsets.monotonic.secs = 1000' '.linux.memoryPolicy.nodes = "0"' \
		'.linux.seccomp.listenerPath = "/not/used"' \
		'.linux.seccomp.syscalls[0].names += ($docker[0].linux.seccomp.syscalls | map(.names[]) | unique)' \
		'.linux.seccomp.syscalls[1] |= (.names = ["swapon"] | .args[0].value = 2114060288 |
			.args[0].valueTwo = 2114060288 | .args[1].value = 9007199254740991)'
}

resource_values() {
	set_config '.linux.resources.memory |= (.limit = 64000000 | .reservation = 32000000 | .kernelTCP = -1)' \
		'.linux.resources.cpu |= (.burst = 0 | .quota = -1 | .cpus = "0" | .mems = "0" | .idle = 0 |
			.realtimeRuntime = 0)' \
		'.linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 4194304}]' \
		'.linux.resources.unified = {"cgroup.max.depth": "10"}' '.linux.resources.pids.limit = 100' \
		'.linux.resources.rdma = {"mlx5_1": {hcaHandles: 3, hcaObjects: 10000}}'
}

# What is not there: on a machine that has it, it stays.
absent_members() {
	local c

	[ -d /sys/fs/selinux/class ] || { without process.selinuxLabel && without linux.mountLabel; }
	set_config '.process.apparmorProfile = "unconfined"' # the one that is loaded everywhere
	[ -d /sys/kernel/security/apparmor ] || without process.apparmorProfile
	[ -e /sys/fs/resctrl/schemata ] || without linux.intelRdt
	[ -e /proc/self/numa_maps ] || without linux.memoryPolicy
	[ -d /sys/class/infiniband/mlx5_1 ] || without linux.resources.rdma
	for c in "memory memory" "cpu cpu" "pids pids" "hugetlb hugepageLimits" "net_prio network"; do
		[ -n "$(v1_mount "${c% *}")" ] || has_v2_controller "${c% *}" || without "linux.resources.${c#* }"
	done
	# a block device with a scheduler for weights, which few machines have
	without linux.resources.blockIO
	[ "$(view)" = unified ] || without linux.resources.unified
	kernel_has 5.14 || without linux.resources.cpu.burst
	kernel_has 5.15 || without linux.resources.cpu.idle
	[ ! -e "$(v1_mount memory)/memory.kmem.limit_in_bytes" ] || set_config '.linux.resources.memory.kernel = 64000000'
	if [ "$(view)" = unified ]; then
		for c in kernel kernelTCP swappiness disableOOMKiller useHierarchy; do
			without "linux.resources.memory.$c"
		done
		without linux.resources.cpu.realtimeRuntime
		without linux.resources.cpu.realtimePeriod
	fi
}

@test "all fields: one configuration with every member, run to the end" {
	requires ip
	requires_namespace time
	requires_kernel 5.19 "the idmapped mounts and the sysctls of an ipc namespace that are in it"
	other_host || skip "no veth devices here"
	hook_file
	cp "$ALL" config.json
	rm -rf rootfs
	cp -a "$(rootfs_cache)" rootfs
	mkdir rootfs/data
	cat >rootfs/report <<'EOS'
echo "cwd $(pwd)"
echo "id $(id -u):$(id -g):$(id -G)"
echo "umask $(umask)"
echo "nofile $(ulimit -Sn) $(ulimit -Hn)"
echo "oom $(cat /proc/self/oom_score_adj)"
echo "machine $(uname -m | sed 's/i[3-6]86/32/; s/armv.*/32/')"
echo "names $(hostname) $(cat /proc/sys/kernel/domainname)"
echo "data $(stat -c %u:%g /data/file)"
echo "devices $(stat -c %t:%T /dev/fuse) $(test -p /dev/pipe && echo pipe)"
echo "links $(ls /sys/class/net | sort | tr '\n' ' ')"
echo "sysctl $(cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax | tr '\n' ' ')"
echo "root $(touch /x 2>/dev/null || echo read-only)"
echo "caps $(grep CapEff /proc/self/status | cut -f 2)"
echo "seccomp $(grep ^Seccomp: /proc/self/status | cut -f 2)"
echo "size $(stty size)"
echo "done"
EOS
	chown -hR 100000:100000 rootfs
	mkdir "$BATS_TEST_TMPDIR/data"
	touch "$BATS_TEST_TMPDIR/data/file"
	process_values
	hook_values
	linux_values
	resource_values
	add_mount "$LOG" bind "$LOG" bind
	set_config ".mounts[1].source = \"$BATS_TEST_TMPDIR/data\"" \
		'.mounts[1].uidMappings = [{containerID: 0, hostID: 100007, size: 1}]' \
		'.mounts[1].gidMappings = [{containerID: 0, hostID: 100008, size: 1}]' \
		'.mounts += [{destination: "/sys", type: "sysfs", source: "sysfs"},
			{destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["mode=755"]},
			{destination: "/dev/pts", type: "devpts", source: "devpts", options: ["newinstance", "ptmxmode=0666"]}]'
	absent_members
	{ [ ${#drop[@]} = 0 ] || printf '%s\n' "${drop[@]}"; } | sed 's/\./\\./g; s/.*/^&(\\.|$)/' >"$BATS_TEST_TMPDIR/dropped"
	is "$(comm -23 <(members "$ALL" | grep -vEf "$BATS_TEST_TMPDIR/dropped") <(members config.json))" "" "members that went"

	console_receiver
	rt_ok run --detach --console-socket "$CONSOLE" "$ID"
	wait_for file_has "$CONSOLE_OUT" "^done" || { cat "$CONSOLE_OUT" && false; }
	wait_state "$ID" stopped
	rt_ok delete "$ID"
	report=$(tr -d '\r' <"$CONSOLE_OUT")
	for line in "cwd /srv/with blank" "id 1000:1000:1000 0 10 2000" "umask 0022" "nofile 800 900" "oom 500" "machine 32" \
		"names all fields.example.com" "data 7:8" "devices a:e5 pipe" "links container_eth0 ens4 lo " "sysctl 1 65536 " \
		"root read-only" "caps 0000000000000020" "seccomp 2" "size 25 80" done; do
		grep -qxF "$line" <<<"$report" || { printf 'missing: %s\nin: %s\n' "$line" "$report" && false; }
	done
	is "$(cut -d' ' -f1 "$LOG/hooks" | tr '\n' ' ')" "-v  -v -v -v -v -v "
}
