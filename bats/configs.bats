#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# Configurations that engines wrote (tests/configs), with the paths of their machines made those of the bundle, run to
# the end wherever the view has the controllers that they ask for.

load helpers

# localize NAME: config.json becomes that of the engine.
localize() {
	local src dst

	cp "$TOP/tests/configs/$1.json" config.json
	for c in cpu:.cpu.shares pids:.pids.limit memory:.memory.limit; do
		[ "$(jq ".linux.resources${c#*:} // 0" config.json)" -le 0 ] || requires_controller "${c%%:*}"
	done
	set_config '.root.path = "rootfs"' 'del(.hooks)' ".linux.cgroupsPath = \"$(cgroups_path "$ID")\"" ".process.env += [\"EBT_CONTAINER=$ID\"]"
	mkdir "$BATS_TEST_TMPDIR/engine"
	jq -r '.mounts[] | select((.source // "") | startswith("/")) | .source + " " + .destination' config.json |
		while read -r src dst; do
			if [ "$dst" = /dev/shm ]; then
				mkdir "$BATS_TEST_TMPDIR/engine/shm"
			else
				echo "engine's ${dst##*/}" >"$BATS_TEST_TMPDIR/engine/${dst##*/}"
			fi
		done
	set_config "(.mounts[] | select((.source // \"\") | startswith(\"/\"))) |=
		(.source = \"$BATS_TEST_TMPDIR/engine/\" + (.destination | split(\"/\") | last))"
}

runs_to_the_end() {
	localize "$1"
	set_script 'cat /proc/self/mountinfo /proc/self/status; [ ! -e /etc/hosts ] || cat /etc/hosts; exit 23'
	rt run "$ID"
	[ "$status" -eq 23 ] || show_call "$1"
	for d in $(jq -r '.mounts[].destination' config.json); do
		is "$(awk -v d="$d" '$5 == d' <<<"$out" | wc -l | sed 's/[1-9][0-9]*/some/')" some "mount of $d"
	done
	if [ "$(jq '.linux.seccomp != null' config.json)" = true ]; then
		is "$(sed -n 's/^Seccomp:\t//p' <<<"$out")" 2 "seccomp"
	fi
	bits=$((16#$(sed -n 's/^CapBnd:\t//p' <<<"$out")))
	n=0
	while [ "$bits" -gt 0 ]; do
		n=$((n + (bits & 1)))
		bits=$((bits >> 1))
	done
	is "$n" "$(jq '.process.capabilities.bounding | length' config.json)" "capabilities"
	if [ -e "$BATS_TEST_TMPDIR/engine/hosts" ]; then
		has "$out" "engine's hosts"
	fi
	nothing_left
}

# As a daemon would: create, start, exec, kill, delete.
lives() {
	localize "$1"
	set_args sleep 1000
	rt_ok create "$ID"
	rt_ok start "$ID"
	jq '.process | .args = ["sh", "-c", "exit 24"]' config.json >"$BATS_TEST_TMPDIR/process.json"
	rt exec --process "$BATS_TEST_TMPDIR/process.json" "$ID"
	is "$status" 24
	rt_ok kill "$ID" 9
	wait_state "$ID" stopped
	rt_ok delete "$ID"
	nothing_left
}

@test "configs: containerd 1.6" {
	runs_to_the_end containerd
}

@test "configs: containerd 2.1" {
	runs_to_the_end containerd2
}

@test "configs: docker 20.10" {
	runs_to_the_end docker
}

@test "configs: docker 28" {
	runs_to_the_end docker28
}

@test "configs: podman 4" {
	runs_to_the_end podman
}

@test "configs: podman 5" {
	runs_to_the_end podman5-v2
}

@test "configs: a whole life under containerd" {
	lives containerd2
}

@test "configs: a whole life under docker" {
	lives docker28
}

@test "configs: a whole life under podman" {
	lives podman5-v2
}
