#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# validate: all that is wrong with a config.json, each finding with its place; and what it takes to be right runs.

load helpers

# finding PATTERN: a line of the output is FILE:PATTERN.
finding() {
	grep -qxF -- "$BUNDLE/config.json:$1" <<<"$output" || {
		echo "no finding: $1" >&2
		echo "$output" >&2
		return 1
	}
}

@test "the file of the spec verb is ok, and it is not touched" {
	rm -f "$BUNDLE/config.json"
	"$RUNTIME" spec -b "$BUNDLE"
	before=$(sha256sum "$BUNDLE/config.json")
	run "$RUNTIME" --root "$ROOT" validate "$BUNDLE/config.json"
	[ "$status" -eq 0 ]
	[ "$output" = "$BUNDLE/config.json: ok" ]
	[ "$(sha256sum "$BUNDLE/config.json")" = "$before" ]
}

@test "every finding has line, column, path, what was expected and what may have been meant" {
	cat >"$BUNDLE/config.json" <<-'JSON'
		{"ociVersion": "1.0.2", "hostnam": "x",
		 "root": {"path": "rootfs"},
		 "process": {"cwd": "/", "args": ["a", 1], "user": {"uid": -1},
		  "capabilities": {"bounding": ["CAP_CHWN"]},
		  "rlimits": [{"type": "RLIMIT_NOFIL", "hard": 1, "soft": 1}, {"type": "RLIMIT_CORE", "hard": 1, "soft": 2}]},
		 "mounts": [{"destination": "/proc", "type": "proc", "options": ["nosuid"]},
		  {"type": "tmpfs"},
		  {"destination": "/b", "type": "bind", "source": "/", "options": ["rbind", "rprivat"]}],
		 "linux": {
		  "namespaces": [{"type": "pidd"}, {"type": "mount"}, {"type": "mount"}],
		  "sysctl": {"kernel.foo": "1"},
		  "resources": {"memory": {"limit": "big"}},
		  "seccomp": {"defaultAction": "SCMP_ACT_ALOW"}}}
	JSON
	run "$RUNTIME" --root "$ROOT" validate "$BUNDLE/config.json"
	[ "$status" -eq 1 ]
	finding '1:25: warning: hostnam: unknown member; did you mean "hostname"?'
	finding '3:40: error: process.args[1]: expected a string, found 1'
	finding '3:60: error: process.user.uid: expected an unsigned 32-bit integer, found -1'
	finding '4:19: warning: process.capabilities: ignored, unknown or not available: CAP_CHWN; did you mean "CAP_CHOWN"?'
	finding '5:24: error: process.rlimits[0].type: unknown resource "RLIMIT_NOFIL"; did you mean "RLIMIT_NOFILE"?'
	finding '5:106: error: process.rlimits[1].soft: RLIMIT_CORE: larger than the hard limit'
	finding '7:3: error: mounts[1].destination: required member is missing'
	grep -q 'config.json:8:67: error: mounts\[2\].options: "rprivat".*; did you mean "rprivate"?' <<<"$output"
	finding '10:27: error: linux.namespaces[0].type: unknown namespace "pidd"; did you mean "pid"?'
	finding '10:64: error: linux.namespaces[2].type: malformed spec file: duplicated ns mount'
	finding '12:37: error: linux.resources.memory.limit: expected a 64-bit integer, found a string'
	finding '13:32: error: linux.seccomp.defaultAction: unknown action "SCMP_ACT_ALOW"; did you mean "SCMP_ACT_ALLOW"?'
	[ "$(wc -l <<<"$output")" -eq 13 ] # and the sysctl
}

@test "a member in another case is taken, and warned of" {
	jq '.root.readOnly = true | del(.root.readonly)' config.json >other.json
	run "$RUNTIME" --root "$ROOT" validate other.json
	[ "$status" -eq 0 ]
	grep -q 'warning: root.readonly: not in the specification.s case$' <<<"$output"
	mv other.json config.json
	set_args touch /x
	rt "run" "$ID"
	[ "$status" -ne 0 ]
	says "Read-only file system"
}

@test "what cannot be read looks wrong once only" {
	set_config '.root = 5 | .process.cwd = [] | .mounts[0].destination = {}'
	run "$RUNTIME" --root "$ROOT" validate "$BUNDLE/config.json"
	[ "$status" -eq 1 ]
	[ "$(grep -c ': root' <<<"$output")" -eq 1 ]
	[ "$(grep -c ': process.cwd' <<<"$output")" -eq 1 ]
	[ "$(grep -c ': mounts\[0\]' <<<"$output")" -eq 1 ]
}

@test "what several steps need is looked at once" {
	set_config '.process.cwd = "x" | .process.args = [] | .process.rlimits = [{type: "X", hard: 1, soft: 1}]' \
		'.process.execCPUAffinity = {initial: "x", final: "y"} | .linux.namespaces += [{type: "user"}]'
	run "$RUNTIME" --root "$ROOT" validate "$BUNDLE/config.json"
	[ "$status" -eq 1 ]
	is "$(grep -o 'error: [^ ]*' <<<"$output" | sort | xargs)" "error: linux.uidMappings: error: process.args: error: \
process.cwd: error: process.execCPUAffinity.initial: error: process.rlimits[0].type:"
}

@test "json has the same findings" {
	set_config '.hostnam = "x" | .process.args = []'
	run "$RUNTIME" --root "$ROOT" validate --format json "$BUNDLE/config.json"
	[ "$status" -eq 1 ]
	[ "$(jq -r '.valid, (.findings | length)' <<<"$output" | xargs)" = "false 2" ]
	[ "$(jq -r '.findings[] | select(.path == "hostnam") | .severity, .hint' <<<"$output" | xargs)" = "warning hostname" ]
	[ "$(jq -r '.findings[] | select(.path == "process.args") | .severity' <<<"$output")" = error ]
	jq -e '.findings | all(.line > 0 and .column > 0)' <<<"$output"
}

@test "a path is one of the document: what is wrong with the host has none" {
	local m

	m=$(v2_mount)
	[ -n "$m" ] || skip "needs cgroup v2"
	# shellcheck disable=SC2016
	run unshare -m sh -c 'mount --bind /proc/self/mem "$1/cgroup.controllers"; shift; "$@"' - "$m" \
		"$RUNTIME" --root "$ROOT" validate --format json "$BUNDLE/config.json"
	[ "$status" -eq 1 ]
	[ "$(jq -r '.findings[].path' <<<"$output" | xargs -d '\n')" = " mounts[6].type" ]
	jq -e '.findings | all(.reason | startswith("cgroup: "))' <<<"$output"
}

@test "a path names the member of a mount that has too many options" {
	set_config '.mounts[0].options = [range(9) | "private", "slave"]'
	run "$RUNTIME" --root "$ROOT" validate --format json "$BUNDLE/config.json"
	[ "$(jq -r '.findings[].path' <<<"$output")" = "mounts[0].options" ]
}

@test "warnings are errors with --strict only" {
	set_config '.hostnam = "x"'
	"$RUNTIME" --root "$ROOT" validate "$BUNDLE/config.json"
	run "$RUNTIME" --root "$ROOT" validate --strict "$BUNDLE/config.json"
	[ "$status" -eq 1 ]
}

@test "a source that is not on this host is a warning" {
	set_config '.mounts += [{"destination": "/d", "type": "bind", "source": "/no/such/thing", "options": ["bind"]}]'
	run "$RUNTIME" --root "$ROOT" validate "$BUNDLE/config.json"
	[ "$status" -eq 0 ]
	grep -q 'warning: mounts\[[0-9]*\].source: /no/such/thing: no such file or directory' <<<"$output"
}

@test "what is no JSON, or cannot be read" {
	echo '{"ociVersion": "1.0.2", "root": }' >"$BUNDLE/config.json"
	run "$RUNTIME" --root "$ROOT" validate "$BUNDLE/config.json"
	[ "$status" -eq 1 ]
	[[ "$output" == *":1:33: error: root: parse error"* ]]
	run "$RUNTIME" --root "$ROOT" validate "$BUNDLE/none.json"
	[ "$status" -eq 2 ]
	run "$RUNTIME" --root "$ROOT" validate --format xml "$BUNDLE/config.json"
	[ "$status" -eq 2 ]
}

@test "what it calls right is run, what it calls wrong is refused" {
	set_args true
	cp config.json "$BATS_TEST_TMPDIR/good.json"
	for edit in '.' '.process.args = []' '.process.cwd = "x"' '.hostname = 1' \
		'.linux.namespaces += [{"type": "pid"}]' '.linux.sysctl = {"net.core.somaxconn": "100"}' \
		'.linux.sysctl = {"vm.swappiness": "1"}' '.hooks.poststop = [{"path": "relative"}]' \
		'.linux.devices = [{"path": "/dev/x", "type": "q"}]' '.linux.rootfsPropagation = "odd"' \
		'.process.rlimits = [{"type": "RLIMIT_CORE", "soft": 2, "hard": 1}]' '.unknown = {}'; do
		cp "$BATS_TEST_TMPDIR/good.json" config.json
		set_config "$edit"
		valid=0 ran=0
		"$RUNTIME" --root "$ROOT" validate "$BUNDLE/config.json" >"$BUNDLE/findings" || valid=$?
		"$RUNTIME" --root "$ROOT" run -b "$BUNDLE" "$ID" 2>/dev/null >&2 || ran=$?
		[ "$valid" -eq "$ran" ] || { echo "$edit: valid $valid, ran $ran"; cat "$BUNDLE/findings"; return 1; }
	done
}

@test "nothing is made: no state root, no cgroup" {
	run "$RUNTIME" --root "$BUNDLE/none" validate "$BUNDLE/config.json"
	[ "$status" -eq 0 ]
	[ ! -e "$BUNDLE/none" ]
}
