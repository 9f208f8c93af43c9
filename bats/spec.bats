#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load helpers

@test "spec: writes a config.json that runs" {
	rm config.json
	rt_ok spec
	is "$(jq -r '.process.args[0]' config.json)" sh
	is "$(jq -r .process.terminal config.json)" true
	is "$(jq -r .root.path config.json)" rootfs
	set_config '.process.terminal = false' '.process.args = ["echo", "it runs"]'
	rt_ok run "$ID"
	is "$out" "it runs"
}

@test "spec: the container asks for nothing the specification does not know" {
	rm config.json
	rt_ok spec
	[[ $(jq -r .ociVersion config.json) == 1.* ]]
	is "$(jq -r '.linux.namespaces | map(.type) | sort | join(" ")' config.json | sed 's/cgroup //')" "ipc mount network pid uts"
	is "$(jq -c '.process.capabilities | map_values(sort) | .bounding' config.json)" \
		'["CAP_AUDIT_WRITE","CAP_KILL","CAP_NET_BIND_SERVICE"]'
	is "$(jq -r .root.readonly config.json)" true
	is "$(jq -r .process.noNewPrivileges config.json)" true
	is "$(jq -r '.mounts | map(.destination) | join(" ")' config.json)" \
		"/proc /dev /dev/pts /dev/shm /dev/mqueue /sys /sys/fs/cgroup"
	is "$(jq -c '.linux.resources.devices' config.json)" '[{"allow":false,"access":"rwm"}]'
	has "$(jq -c .linux.maskedPaths config.json)" /proc/kcore
	has "$(jq -c .linux.readonlyPaths config.json)" /proc/sys
}

@test "spec: does not overwrite" {
	sum=$(sha256sum <config.json)
	rt_fails spec
	says config.json
	is "$(sha256sum <config.json)" "$sum"
}

@test "spec --bundle: writes there" {
	mkdir "$BATS_TEST_TMPDIR/new"
	cd /
	rt_ok spec --bundle "$BATS_TEST_TMPDIR/new"
	[ -s "$BATS_TEST_TMPDIR/new/config.json" ]
	rt_fails spec -b "$BATS_TEST_TMPDIR/none"
}

@test "spec --rootless: a user namespace with the caller's ids, no cgroups and no network" {
	rm config.json
	rt_ok spec --rootless
	has "$(jq -c '.linux.namespaces | map(.type)' config.json)" '"user"'
	has_not "$(jq -c '.linux.namespaces | map(.type)' config.json)" '"network"'
	is "$(jq -c '.linux.uidMappings' config.json)" "[{\"containerID\":0,\"hostID\":$(id -u),\"size\":1}]"
	is "$(jq -c '.linux.gidMappings' config.json)" "[{\"containerID\":0,\"hostID\":$(id -g),\"size\":1}]"
	is "$(jq -c '.linux.resources // {}' config.json)" "{}"
	has "$(jq -c '.mounts[] | select(.destination == "/sys")' config.json)" rbind
	has_not "$(jq -c '.mounts[] | select(.destination == "/dev/pts").options' config.json)" gid=
	set_config '.process.terminal = false' '.process.args = ["id", "-u"]'
	rt_ok run "$ID"
	is "$out" 0
}
