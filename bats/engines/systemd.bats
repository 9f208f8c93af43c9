#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# podman that has its containers' cgroups from systemd, as its packages configure it.

load engines
load podman

setup() {
	[ -z "${SKIP_FILE:-}" ] || skip "$SKIP_FILE"
	[ -d /run/systemd/system ] || skip "systemd does not run here"
	N=$BATS_TEST_NUMBER
	C=t$N
	CALL=0
	CHILDREN=()
	cd "$BATS_TEST_TMPDIR" || return 1
}

# For the configuration (podman.bash).
PODMAN_MANAGER=systemd

# scope NAME: the unit of a container.
scope() {
	echo "libpod-$(podman inspect --format '{{.Id}}' "$1").scope"
}

# prop UNIT NAME
prop() {
	systemctl show --value -p "$2" -- "$1"
}

pid_in() {
	podman inspect --format '{{.State.Pid}}' "$1"
}

@test "podman by systemd: a container is a scope, and goes with it" {
	sleeper
	unit=$(scope "$C")
	is "$(prop "$unit" ActiveState)" active
	is "$(prop "$unit" Slice)" machine.slice
	is "$(prop "$unit" Delegate)" yes
	has "$(cat "/proc/$(pid_in "$C")/cgroup")" "/machine.slice/$unit"
	ok podman exec "$C" true
	ok podman stop -t 0 "$C"
	is "$(prop "$unit" ActiveState)" inactive
	ok podman start "$C"
	is "$(prop "$unit" ActiveState)" active
	ok podman rm -f -t 0 "$C"
	is "$(prop "$unit" LoadState)" not-found
}

@test "podman by systemd: limits, and update, are the kernel's and the unit's" {
	requires_v1
	requires_controller memory
	ok podman run -d --name "$C" --memory 64m --memory-swap 128m --cpu-shares 512 --cpu-period 50000 --cpu-quota 20000 \
		--cpuset-cpus 0 --pids-limit 33 "$IMAGE" sleep 1000
	unit=$(scope "$C") pid=$(pid_in "$C")
	for m in 67108864 134217728; do
		for _ in 1 2; do
			is "$(cgroup_value "$pid" memory memory.limit_in_bytes)" $m
			is "$(cgroup_value "$pid" cpu cpu.shares)" 512
			is "$(cgroup_value "$pid" cpu cpu.cfs_quota_us)" 20000
			is "$(cgroup_value "$pid" cpuset cpuset.cpus)" 0
			is "$(cgroup_value "$pid" pids pids.max)" 33
			systemctl daemon-reload
		done
		is "$(prop "$unit" MemoryLimit)" $m
		ok podman update --memory 128m --memory-swap 256m "$C"
	done
}

@test "podman by systemd: the slice that was asked for" {
	ok podman run -d --name "$C" --cgroup-parent ebe-a.slice "$IMAGE" sleep 1000
	has "$(cat "/proc/$(pid_in "$C")/cgroup")" "/ebe.slice/ebe-a.slice/$(scope "$C")"
	ok podman rm -f -t 0 "$C"
	systemctl stop ebe.slice
}

@test "podman by systemd: pause, stats, top" {
	sleeper
	ok podman pause "$C"
	is "$(podman inspect --format '{{.State.Status}}' "$C")" paused
	ok podman unpause "$C"
	ok podman top "$C" comm
	has "$out" sleep
	if [ -n "$(v1_mount memory)" ]; then
		ok podman stats --no-stream --format '{{.Name}} {{.PIDs}}' "$C"
		has "$out" "$C"
	fi
}

@test "podman by systemd: the containers of a pod are in its slice" {
	ok podman pod create --name "p$N"
	ok podman run -d --name "$C" --pod "p$N" "$IMAGE" sleep 1000
	slice=$(prop "$(scope "$C")" Slice)
	[[ $slice == machine-libpod_pod_*.slice ]]
	ok podman pod rm -f -t 0 "p$N"
	is "$(prop "$slice" ActiveState)" inactive
}
