#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# /etc/enviro-oci/config.json and the annotations that win over it. The file is there in mount namespaces of the test's own
# only. What shows that a setting is in force: with the cache off no entry is written.

load helpers

setup() {
	common_setup
	known_gap runc "has no such file"
	known_gap crun "has no such file"
	FILE="$BATS_TEST_TMPDIR/etc/enviro-oci/config.json"
	mkdir -p "${FILE%/*}"
	cp /etc/passwd /etc/group "$BATS_TEST_TMPDIR/etc"
	REAL_RUNTIME=$RUNTIME
	RUNTIME="$BATS_TEST_TMPDIR/$RUNTIME_NAME"
	cat >"$RUNTIME" <<-SCRIPT
		#!/bin/sh
		exec unshare --mount --propagation slave sh -c 'mount --bind "\$0" /etc && exec "\$@"' \
			"$BATS_TEST_TMPDIR/etc" "$REAL_RUNTIME" "\$@"
	SCRIPT
	chmod 755 "$RUNTIME"
	set_config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]}'
}

configure() {
	printf '%s' "$1" >"$FILE"
}

entries() {
	find "$ROOT/@cache" -type f -name 'seccomp-*' 2>/dev/null | wc -l
}

keeps() {
	rm -rf "$ROOT/@cache"
	rt_ok run "$ID"
	is "$(entries)" 1 "entries"
}

keeps_nothing() {
	rm -rf "$ROOT/@cache"
	rt_ok run "$ID"
	is "$(entries)" 0 "entries"
	[ ! -e "$ROOT/@cache" ]
}

@test "configuration: no file, an empty object, an object without the member: the default" {
	keeps
	configure '{}'
	keeps
	configure '{"prewarm": true, "cache": {}}'
	keeps
	configure '{"cache": null}'
	keeps
}

@test "configuration: what the file says is done" {
	configure '{"cache": {"enabled": false}}'
	keeps_nothing
	configure '{"cache": {"enabled": true, "max_entries": 0}}'
	rt_ok run "$ID"
	is "$(entries)" 0
	configure '{"cache": {"max_bytes": 4096}}'
	rt_ok run "$ID"
	is "$(entries)" 0
}

@test "configuration: an annotation wins over the file, for its container" {
	configure '{"cache": {"enabled": false}}'
	set_config '.annotations["io.enviro-oci.cache"] = "true"'
	keeps
	configure '{"cache": {"enabled": true}}'
	set_config '.annotations["io.enviro-oci.cache"] = "false"'
	keeps_nothing
}

@test "configuration: annotations are true or false, others are refused by name" {
	for name in parallel_namespaces use_namespace_cache prewarm cache; do
		for value in '' 1 yes True ' true' null; do
			set_config ".annotations = {\"io.enviro-oci.$name\": \"$value\"}"
			rt_fails run "$ID"
			says "annotations.io.enviro-oci.$name: " "is not true or false"
		done
		for value in true false; do
			set_config ".annotations = {\"io.enviro-oci.$name\": \"$value\"}"
			rt_ok run "$ID"
		done
	done
	nothing_left
}

@test "configuration: features lists the annotations" {
	rt_ok features
	has "$(jq -c .potentiallyUnsafeConfigAnnotations <<<"$out")" '"io.enviro-oci."'
}

@test "configuration: a bad file stops run and create, and says where" {
	while IFS='|' read -r text message; do
		configure "$text"
		for verb in run create; do
			rt_fails "$verb" "$ID"
			says /etc/enviro-oci/config.json "$message"
		done
		rt_fails config
		says "$message"
		rt_fails cache stats
		says "$message"
	done <<-'CASES'
		|line 1, column 1
		{|line 1, column
		[]|expected an object, found an array
		{"prewarm": 1}|prewarm: line 1, column 13: expected true or false, found 1
		{"prewarms": true}|prewarms: line 1, column 2: unknown member
		{"cache": {"size": 1}}|cache.size: line 1, column 12: unknown member
		{"cache": {"max_bytes": -1}}|cache.max_bytes: line 1, column 25
		{"cache": {"max_bytes": "16M"}}|cache.max_bytes: line 1, column 25
		{"cache": {"max_entries": 4294967296}}|cache.max_entries: line 1, column 27
		{"cache": true}|cache: line 1, column 11
		{"max_cached_namespaces": 1.5}|max_cached_namespaces: line 1, column 27
		{"prewarm": true, "prewarm": true}|prewarm: line 1, column 19: duplicate key
		{} {}|line 1
	CASES
	nothing_left
}

@test "configuration: verbs that neither make nor keep anything do not read it" {
	sleeper
	configure '{"no": "such member"}'
	rt_ok state "$ID"
	rt_ok list
	rt_ok features
	rt_ok exec "$ID" true
	rt_ok kill "$ID" KILL
	wait_state "$ID" stopped
	rt_ok delete "$ID"
}

@test "configuration: a file that others may write or own, or that is none, is refused" {
	configure '{}'
	for mode in 620 602 666; do
		chmod "$mode" "$FILE"
		rt_fails run "$ID"
		says "must belong to root and be writable by nobody else"
	done
	chmod 644 "$FILE"
	chown 1000 "$FILE"
	rt_fails run "$ID"
	says "must belong to root and be writable by nobody else"
	rm "$FILE"
	mkdir "$FILE"
	rt_fails run "$ID"
	says "no regular file"
	rmdir "$FILE"
	mkfifo "$FILE"
	rt_fails run "$ID"
	says "no regular file"
	rm "$FILE"
	ln -s "$BATS_TEST_TMPDIR/elsewhere.json" "$FILE"
	rt_ok run "$ID"
	echo '{"x": 1}' >"$BATS_TEST_TMPDIR/elsewhere.json"
	rt_fails run "$ID"
	says "x: line 1"
	rm "$FILE"
	head -c 70000 /dev/zero | tr '\0' ' ' >"$FILE"
	rt_fails run "$ID"
	says "larger than 65536 bytes"
}

@test "configuration: root in a user namespace reads the file of the host's root" {
	configure '{"cache": {"max_bytes": 4096}}'
	limited unshare --user --map-root-user "$RUNTIME" config >"$BATS_TEST_TMPDIR/out" 3>&-
	grep -Eq '^cache.max_bytes +4096 +/etc/enviro-oci/config.json$' "$BATS_TEST_TMPDIR/out"
}

@test "config: what is in force, and where it comes from" {
	configure '{"prewarm": false, "cache": {"max_entries": 7}}'
	rt_ok config
	grep -Eq '^prewarm +false +/etc/enviro-oci/config.json$' <<<"$out"
	grep -Eq '^cache.max_entries +7 +/etc/enviro-oci/config.json$' <<<"$out"
	grep -Eq '^parallel_namespaces +(true|false) +default$' <<<"$out"
	rt_ok config --format json
	is "$(jq -c .given <<<"$out")" '{"prewarm":false,"cache":{"max_entries":7}}'
	is "$(jq -c '.in_force | [.prewarm, .cache.max_entries, .cache.enabled]' <<<"$out")" '[false,7,true]'
	jq .in_force <<<"$out" >"$FILE"
	rt_ok config -f json
	is "$(jq -c '.given == .in_force' <<<"$out")" true
	rt_fails config --format xml
	says format
}
