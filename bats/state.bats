#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load helpers

@test "state: the members and values of the specification" {
	set_config '.annotations = {"org.example.one": "1", "b": "two words"}'
	set_args sleep 1000
	rt_ok create "$ID"
	rt_ok state "$ID"
	is "$(jq -r .id <<<"$out")" "$ID"
	is "$(jq -r .status <<<"$out")" created
	is "$(jq -r .bundle <<<"$out")" "$BUNDLE"
	is "$(jq -cS .annotations <<<"$out")" '{"b":"two words","org.example.one":"1"}'
	[[ $(jq -r .ociVersion <<<"$out") == 1.* ]]
	is "$(jq -r '.pid | type' <<<"$out")" number
	is "$(readlink "/proc/$(jq .pid <<<"$out")/ns/pid" | cut -c1-4)" "pid:"
}

@test "state: rootfs, created and owner as runc has them" {
	rt_ok create "$ID"
	rt_ok state "$ID"
	is "$(jq -r .rootfs <<<"$out")" "$BUNDLE/rootfs"
	[[ $(jq -r .created <<<"$out") =~ ^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?(Z|[+-][0-9:]{5})$ ]]
	is "$(jq -r .owner <<<"$out")" ""
}

@test "state: through a whole life" {
	set_args sleep 1000
	rt_ok create "$ID"
	is "$(state_of "$ID")" created
	rt_ok start "$ID"
	is "$(state_of "$ID")" running
	rt_ok pause "$ID"
	is "$(state_of "$ID")" paused
	rt_ok resume "$ID"
	is "$(state_of "$ID")" running
	rt_ok kill "$ID" KILL
	wait_state "$ID" stopped
	rt_ok delete "$ID"
	rt_fails state "$ID"
	says "does not exist"
}

@test "state: the pid of a stopped container is 0" {
	rt_ok run --detach "$ID"
	wait_state "$ID" stopped
	rt_ok state "$ID"
	is "$(jq .pid <<<"$out")" 0
}

@test "state: an unknown container does not exist" {
	rt_fails state "$ID"
	says "does not exist"
}

@test "state: the empty id and ids that are paths are refused" {
	rt_fails state ""
	rt_fails state ../state
	rt_fails state a/b
}

@test "state: strings that JSON must escape arrive whole" {
	set_config '.annotations = {"k\"ey\\": "line\none\ttab \u0001 \u00e9 \ud83d\ude00"}'
	rt_ok create "$ID"
	rt_ok state "$ID"
	is "$(jq -c .annotations <<<"$out")" "$(jq -c .annotations config.json)"
}
