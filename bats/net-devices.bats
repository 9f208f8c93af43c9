#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.netDevices. Each test has a network namespace of its own as "the host's", and pairs of veth in it.

load helpers

setup() {
	common_setup
	ip netns list >/dev/null 2>&1 || skip "no ip(8)"
	NETNS="$ID"
	ip netns add "$NETNS" 2>/dev/null || skip "no network namespaces"
	host ip link add dev0 type veth peer name peer0 2>/dev/null || skip "no veth"
	host ip link add dev1 type veth peer name peer1
	known_gap runc "1.1 has none"
	known_gap crun "1.8 has none"
}

teardown() {
	common_teardown
	[ -z "${NETNS:-}" ] || ip netns del "$NETNS" 2>/dev/null || true
}

host() {
	nsenter --net="/run/netns/$NETNS" "$@"
}

# As rt, with the test's namespace as the runtime's.
rt_net() {
	local real=$RUNTIME

	cat >"$BATS_TEST_TMPDIR/runtime" <<-SCRIPT
	#!/bin/sh
	exec nsenter --net=/run/netns/$NETNS $real "\$@"
	SCRIPT
	chmod +x "$BATS_TEST_TMPDIR/runtime"
	RUNTIME="$BATS_TEST_TMPDIR/runtime"
	rt "$@"
	RUNTIME=$real
}

@test "netDevices: moved, and up" {
	set_config '.linux.netDevices = {dev0: {}}'
	set_script 'ip link show dev0'
	rt_net run "$ID"
	is "$status" 0 "$err"
	has "$out" ",UP"
	! host ip link show dev0 2>/dev/null
}

@test "netDevices: several, renamed" {
	set_config '.linux.netDevices = {dev0: {name: "eth0"}, dev1: {name: "eth1"}}'
	set_script 'ip -o link show | cut -d: -f2 | cut -d@ -f1'
	rt_net run "$ID"
	is "$status" 0 "$err"
	has "$out" eth0
	has "$out" eth1
	has_not "$out" dev
}

@test "netDevices: global addresses that are permanent go with it, others do not" {
	host ip addr add 192.0.2.1/24 dev dev0
	host ip addr add 192.0.2.77 peer 192.0.2.78/32 dev dev0
	host ip addr add 2001:db8::1/64 dev dev0 nodad
	host ip addr add 198.51.100.1/24 dev dev0 valid_lft 1000 preferred_lft 1000
	host ip addr add 169.254.7.7/16 scope link dev dev0
	host ip link set dev0 mtu 1280 up
	set_config '.linux.netDevices = {dev0: {name: "net1"}}'
	set_script 'ip addr show net1'
	rt_net run "$ID"
	is "$status" 0 "$err"
	has "$out" "mtu 1280"
	has "$out" "192.0.2.1/24"
	has "$out" "192.0.2.77 peer 192.0.2.78"
	has "$out" "2001:db8::1/64"
	has_not "$out" 198.51.100.1
	has_not "$out" 169.254.7.7
}

@test "netDevices: into a user namespace" {
	remap 100000
	set_config '.linux.netDevices = {dev0: {}}'
	set_script 'ip link show dev0'
	rt_net run "$ID"
	is "$status" 0 "$err"
}

@test "netDevices: into a network namespace that is joined" {
	ip netns add "$ID-x"
	set_config '.linux.netDevices = {dev0: {}}' \
		"(.linux.namespaces[] | select(.type == \"network\")).path = \"/run/netns/$ID-x\""
	rt_net run "$ID"
	s=$status
	nsenter --net="/run/netns/$ID-x" ip link show dev0 || s=99
	ip netns del "$ID-x"
	is "$s" 0 "$err"
}

@test "netDevices: hooks find them in the container" {
	set_config '.linux.netDevices = {dev0: {}}' \
		".hooks = {createRuntime: [{path: \"/bin/sh\", args: [\"sh\", \"-c\",
			\"nsenter --net=/proc/\$(sed 's/.*\\\"pid\\\": *//; s/[^0-9].*//')/ns/net ip link show dev0 >$BATS_TEST_TMPDIR/seen\"],
			env: [\"PATH=$PATH\"]}]}"
	rt_net run "$ID"
	is "$status" 0 "$err"
	has "$(cat "$BATS_TEST_TMPDIR/seen")" dev0
}

@test "netDevices: one that is not there" {
	set_config '.linux.netDevices = {nope0: {}}'
	rt_net run "$ID"
	[ "$status" -ne 0 ]
	says linux.netDevices.nope0 "no such device"
	nothing_left
}

@test "netDevices: a name that is taken leaves the device where it was" {
	set_config '.linux.netDevices = {dev0: {name: "lo"}}'
	rt_net run "$ID"
	[ "$status" -ne 0 ]
	says linux.netDevices.dev0 "file exists"
	host ip link show dev0
	nothing_left
}

@test "netDevices: without a network namespace" {
	set_config '.linux.netDevices = {dev0: {}}' '.linux.namespaces |= map(select(.type != "network"))' \
		'.mounts |= map(select(.type != "sysfs"))'
	rt_net run "$ID"
	[ "$status" -ne 0 ]
	says linux.netDevices
	host ip link show dev0
}
