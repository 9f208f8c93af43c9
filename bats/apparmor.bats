#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# process.apparmorProfile, where the kernel has AppArmor: what a profile denies is denied.

load helpers

setup() {
	[ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ] || skip "the kernel has no AppArmor"
	requires apparmor_parser
	common_setup
	PROFILES=()
	profile "$ID" '/tmp/denied'
	set_config ".process.apparmorProfile = \"$ID\""
}

teardown() {
	local p

	for p in "${PROFILES[@]}"; do
		printf 'profile %s { }' "$p" | apparmor_parser --remove --skip-cache || true
	done
	common_teardown
}

# profile NAME PATH: may do everything but write to PATH.
profile() {
	printf 'profile %s flags=(attach_disconnected,mediate_deleted) {
		file, capability, network, mount, umount, signal, ptrace, unix,
		deny %s w,
	}' "$1" "$2" | apparmor_parser --replace --skip-cache
	PROFILES+=("$1")
}

WRITES='cat /proc/self/attr/current; for f in denied other; do ! echo >/tmp/$f || echo $f; done 2>/dev/null'

@test "apparmor: the process is confined by its profile" {
	in_container "$WRITES"
	is "$out" "$(printf '%s (enforce)\nother' "$ID")"
}

@test "apparmor: without new privileges or with them, in a user namespace or not" {
	set_config '.process.noNewPrivileges = false'
	in_container "$WRITES"
	is "$out" "$(printf '%s (enforce)\nother' "$ID")"
	remap 100000
	in_container "$WRITES"
	is "$out" "$(printf '%s (enforce)\nother' "$ID")"
}

@test "apparmor: exec is confined as the container is, or by a profile of its own" {
	profile "$ID-x" '/tmp/other'
	sleeper
	rt_ok exec "$ID" sh -c "$WRITES"
	is "$out" "$(printf '%s (enforce)\nother' "$ID")"
	rt_ok exec --apparmor "$ID-x" "$ID" sh -c "$WRITES"
	is "$out" "$(printf '%s (enforce)\ndenied' "$ID-x")"
}

@test "apparmor: a container without a profile is not confined" {
	set_config 'del(.process.apparmorProfile)'
	in_container "$WRITES"
	is "$out" "$(printf 'unconfined\ndenied\nother')"
}

@test "apparmor: hooks and the runtime itself are not confined" {
	printf '#!/bin/sh\ncat /proc/self/attr/current >%s/seen\n' "$BUNDLE" >hook
	chmod 755 hook
	set_config ".hooks.createRuntime = [{path: \"$BUNDLE/hook\"}]"
	in_container true
	has_not "$(cat seen)" "$ID"
}

@test "apparmor: a profile that is not there is named" {
	set_config ".process.apparmorProfile = \"$ID-none\""
	set_args true
	rt_fails create "$ID"
	says apparmor "$ID-none"
	nothing_left
}
