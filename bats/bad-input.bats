#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# Input that must be refused: in one line on stderr, with exit status 1, and nothing left behind.

load helpers

# refused TEXT...: `create` and `run` fail, and say each of the texts.
refused() {
	rt_fails create "$ID"
	says "$@"
	nothing_left
	rt_fails run "$ID"
	says "$@"
	nothing_left
}

# ---------------------------------------------------------------- config.json

@test "bad input: config.json is missing" {
	rm config.json
	refused config.json
}

@test "bad input: the bundle is missing" {
	rt_fails create --bundle "$BATS_TEST_TMPDIR/none" "$ID"
	says "no such file or directory"
	nothing_left
}

@test "bad input: the bundle is a file" {
	rt_fails create --bundle "$BUNDLE/config.json" "$ID"
	nothing_left
}

@test "bad input: config.json is empty" {
	: >config.json
	refused
}

@test "bad input: config.json ends too early" {
	head -c 300 config.json >c && mv c config.json
	refused
}

@test "bad input: something stands behind the JSON" {
	echo '}' >>config.json
	known_gap runc "reads one value and stops"
	known_gap crun "reads one value and stops"
	refused config.json
}

@test "bad input: config.json is not JSON" {
	echo 'hello: world' >config.json
	refused
}

@test "bad input: config.json is a list" {
	echo '[]' >config.json
	refused
}

@test "bad input: config.json is a directory" {
	rm config.json && mkdir config.json
	refused
}

@test "bad input: a value of the wrong type is named" {
	known_gap runc "names Go's fields"
	set_config '.process.rlimits[0].soft = "many"'
	refused config.json "process.rlimits[0].soft"
}

@test "bad input: numbers out of range are named" {
	known_gap runc "names Go's fields"
	known_gap crun "names other things"
	sed 's/"uid": 0/"uid": 4294967296/' config.json >c && mv c config.json
	refused "process.user.uid"
	sed 's/"uid": 4294967296/"uid": -1/' config.json >c && mv c config.json
	refused "process.user.uid"
	sed 's/"uid": -1/"uid": 1.5/' config.json >c && mv c config.json
	refused "process.user.uid"
}

@test "bad input: deeply nested JSON" {
	"$PYTHON" -c 'print("{\"annotations\":" + "[" * 100000 + "]" * 100000 + "}")' >config.json
	refused
}

@test "bad input: a config.json of 64 MiB of blanks does no harm" {
	known_gap runc "reads it all"
	known_gap crun "reads it all"
	"$PYTHON" -c 'print(" " * (64 << 20))' >config.json
	refused config.json
}

@test "bad input: no process" {
	set_config 'del(.process)'
	rt create "$ID"
	is "$status" 1
	nothing_left
}

@test "bad input: no arguments" {
	set_config '.process.args = []'
	refused
	set_config 'del(.process.args)'
	refused
}

@test "bad input: no root" {
	set_config 'del(.root)'
	refused
}

@test "bad input: process.cwd that is missing or relative" {
	set_config '.process.cwd = "relative"'
	refused
	has "${err,,}" cwd
	set_config 'del(.process.cwd)'
	refused
	has "${err,,}" cwd
}

@test "bad input: process.cwd that is a file" {
	set_config '.process.cwd = "/etc/passwd"'
	refused /etc/passwd "not a directory"
}

@test "bad input: the root file system is missing" {
	set_config '.root.path = "nowhere"'
	refused nowhere
}

@test "bad input: the root file system is a file" {
	set_config '.root.path = "config.json"'
	refused
}

# ---------------------------------------------------------------- ids

@test "bad input: ids with illegal characters" {
	for bad in 'a/b' '../x' '.' '..' 'a b' 'ä' $'a\nb' '' 'a;b' '*' 'a:b'; do
		rt create "$bad"
		[ "$status" -eq 1 ] || show_call "id should be refused: $bad"
		[ ! -e "$ROOT" ] || is "$(find "$ROOT" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | grep -v '^\.')" "" "$bad"
	done
	nothing_left
}

@test "bad input: ids with all legal characters are taken" {
	rt_ok create "$ID-aZ09_+.-"
	is "$(state_of "$ID-aZ09_+.-")" created
}

@test "bad input: an id of 1,100 characters" {
	rt_fails create "$ID$(printf '%01100d' 0)"
	nothing_left
}

@test "bad input: an id that is in use" {
	rt_ok create "$ID"
	rt_fails create "$ID"
	says "container with given ID already exists"
	rt_fails run "$ID"
	says "container with given ID already exists"
	is "$(state_of "$ID")" created
}

@test "bad input: no id, or two" {
	for verb in create run state kill delete start pause resume; do
		rt "$verb"
		[ "$status" -ne 0 ] || show_call "$verb without an id"
	done
	for verb in create run state start; do
		rt "$verb" "$ID" "$ID-two"
		[ "$status" -ne 0 ] || show_call "$verb with two ids"
	done
	nothing_left
}

# ---------------------------------------------------------------- command line

@test "bad input: an unknown verb" {
	known_gap runc "says so on stdout"
	rt nosuchverb
	is "$status" 3
	says nosuchverb
}

@test "bad input: an unknown flag, global or of a verb" {
	rt --nosuchflag list
	[ "$status" -ne 0 ] || show_call "unknown global flag"
	has "$err$out" nosuchflag
	for verb in create run state kill delete start exec list ps pause resume spec; do
		rt "$verb" --nosuchflag "$ID"
		[ "$status" -ne 0 ] || show_call "unknown flag of $verb"
		has "$err$out" nosuchflag
	done
	nothing_left
}

@test "bad input: a flag without its value, a switch with one" {
	rt create "$ID" --bundle
	[ "$status" -ne 0 ]
	rt create --bundle
	[ "$status" -ne 0 ]
	rt run --detach=maybe "$ID"
	[ "$status" -ne 0 ]
	rt create --preserve-fds many "$ID"
	[ "$status" -ne 0 ]
	nothing_left
}

@test "bad input: --console-socket that is not there" {
	set_config '.process.terminal = true'
	rt_fails create --console-socket "$BATS_TEST_TMPDIR/none" "$ID"
	says "no such file or directory"
	nothing_left
}

@test "bad input: --console-socket that is no socket" {
	set_config '.process.terminal = true'
	rt_fails create --console-socket "$BUNDLE/config.json" "$ID"
	nothing_left
}

@test "bad input: a terminal without --console-socket at create" {
	set_config '.process.terminal = true'
	rt_fails create "$ID"
	says "console socket"
	nothing_left
}

@test "bad input: --preserve-fds that are not open" {
	rt_fails create --preserve-fds 200 "$ID"
	nothing_left
}

@test "bad input: a --root that is a file" {
	echo text >"$BATS_TEST_TMPDIR/file"
	ROOT="$BATS_TEST_TMPDIR/file" rt_fails create "$ID"
	nothing_left
}

# ---------------------------------------------------------------- the program

@test "bad input: a program that is not in PATH" {
	set_args nosuch
	refused nosuch 'executable file not found in $PATH'
}

@test "bad input: a program by path that is not there" {
	set_args /no/such
	refused /no/such "no such file or directory"
}

@test "bad input: a program that may not be executed" {
	echo text >rootfs/tmp/text
	set_args /tmp/text
	refused /tmp/text "permission denied"
}

@test "bad input: a program in PATH that may not be executed" {
	mkdir rootfs/tools
	echo text >rootfs/tools/tool
	set_config '.process.env = ["PATH=/tools"]'
	set_args tool
	rt_fails create "$ID"
	[[ $err == *"permission denied"* || $err == *'executable file not found in $PATH'* ]]
	nothing_left
}

@test "bad input: a program that only root may execute, as another user" {
	cp rootfs/bin/busybox rootfs/tmp/only-root
	chmod 700 rootfs/tmp/only-root
	set_config '.process.user = {uid: 1000, gid: 1000}' '.process.capabilities = {}'
	set_args /tmp/only-root
	refused "permission denied"
}

@test "bad input: an empty PATH finds nothing" {
	set_config '.process.env = ["PATH="]'
	set_args sh
	rt_fails run "$ID"
	says "executable file not found in \$PATH"
	nothing_left
}

@test "bad input: a program that the kernel cannot execute" {
	printf '\177ELFnonsense' >rootfs/tmp/broken
	chmod 755 rootfs/tmp/broken
	set_args /tmp/broken
	rt run "$ID"
	[ "$status" -ne 0 ]
	says "exec format error"
	nothing_left
}

@test "bad input: a script whose interpreter is missing" {
	printf '#!/no/such/interpreter\n' >rootfs/tmp/script
	chmod 755 rootfs/tmp/script
	set_args /tmp/script
	rt run "$ID"
	[ "$status" -ne 0 ]
	says "no such file or directory"
	nothing_left
}

# ---------------------------------------------------------------- words that are not known

@test "bad input: an unknown rlimit" {
	set_config '.process.rlimits += [{type: "RLIMIT_NOSUCH", soft: 1, hard: 1}]'
	refused RLIMIT_NOSUCH
}

@test "bad input: an rlimit twice" {
	set_config '.process.rlimits = [{type: "RLIMIT_CORE", soft: 1, hard: 1}, {type: "RLIMIT_CORE", soft: 2, hard: 2}]'
	known_gap runc "takes the last one"
	known_gap crun "takes the last one"
	refused rlimit
}

@test "bad input: an rlimit whose soft value is above the hard one" {
	known_gap runc "names the number"
	set_config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 200, hard: 100}]'
	refused rlimit
}

@test "bad input: an unknown namespace" {
	set_config '.linux.namespaces += [{type: "nosuch"}]'
	refused nosuch
}

@test "bad input: a namespace twice" {
	set_config '.linux.namespaces += [{type: "uts"}]'
	refused uts
}

@test "bad input: a namespace to join that does not exist" {
	set_config '(.linux.namespaces[] | select(.type == "network")).path = "/proc/self/ns/none"'
	refused /proc/self/ns/none
}

@test "bad input: a namespace to join that is of another kind" {
	known_gap runc "1.1 says so in three lines"
	set_config '(.linux.namespaces[] | select(.type == "network")).path = "/proc/1/ns/uts"'
	refused
}

@test "bad input: a namespace to join that is a plain file" {
	known_gap runc "1.1 says so in three lines"
	set_config "(.linux.namespaces[] | select(.type == \"network\")).path = \"$BUNDLE/config.json\""
	refused
}

@test "bad input: a user namespace without id mappings" {
	set_config '.linux.namespaces += [{type: "user"}]'
	known_gap runc "1.1 starts it as nobody"
	known_gap crun "makes mappings of its own"
	refused
}

@test "bad input: hostname without a uts namespace" {
	set_config '.linux.namespaces |= map(select(.type != "uts"))'
	refused hostname
}

@test "bad input: an unknown seccomp action" {
	set_config '.linux.seccomp = {defaultAction: "SCMP_ACT_NOSUCH"}'
	refused SCMP_ACT_NOSUCH
	set_config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_NONE"}]}'
	refused SCMP_ACT_NONE
}

@test "bad input: an unknown seccomp architecture, operator or flag" {
	set_config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_NOSUCH"],
		syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]}'
	refused SCMP_ARCH_NOSUCH
	set_config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO",
		args: [{index: 0, value: 1, op: "SCMP_CMP_NOSUCH"}]}]}'
	refused SCMP_CMP_NOSUCH
	known_gap runc "1.1 knows no flags at all"
	set_config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", flags: ["SECCOMP_FILTER_FLAG_NOSUCH"],
		syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]}'
	refused SECCOMP_FILTER_FLAG_NOSUCH
}

@test "bad input: an unknown propagation of the root file system" {
	set_config '.linux.rootfsPropagation = "nosuch"'
	refused nosuch
}

@test "bad input: an unknown file system" {
	add_mount /mnt nosuchfs none
	refused
}

@test "bad input: a mount source that is missing" {
	add_mount /mnt bind "$BATS_TEST_TMPDIR/missing" bind
	refused "$BATS_TEST_TMPDIR/missing"
}

@test "bad input: a directory bound over a file" {
	add_mount /etc/passwd bind "$BATS_TEST_TMPDIR" bind
	refused
}

@test "bad input: mounts over /proc are refused" {
	mkdir "$BATS_TEST_TMPDIR/fake"
	add_mount /proc bind "$BATS_TEST_TMPDIR/fake" bind
	refused
}

@test "bad input: an unknown device type" {
	set_config '.linux.devices = [{path: "/dev/x", type: "z", major: 1, minor: 3}]'
	refused
}

@test "bad input: a sysctl that is not namespaced" {
	set_config '.linux.sysctl = {"kernel.panic": "1"}'
	refused kernel.panic
}

@test "bad input: a sysctl whose namespace is the host's" {
	set_config '.linux.sysctl = {"net.ipv4.ip_forward": "1"}' '.linux.namespaces |= map(select(.type != "network"))'
	refused net.ipv4.ip_forward
}

@test "bad input: a sysctl that does not exist" {
	set_config '.linux.sysctl = {"net.ipv4.no_such_thing": "1"}'
	refused no_such_thing
}

@test "bad input: masked paths that climb out have no effect on the host" {
	echo secret >"$BATS_TEST_TMPDIR/secret"
	set_config '.linux.maskedPaths += ["/../../../../../../tmp"]'
	rt run "$ID"
	is "$(cat "$BATS_TEST_TMPDIR/secret")" secret
}

# ---------------------------------------------------------------- hooks

hook() {
	printf '#!/bin/sh\n%s\n' "$2" >"$BATS_TEST_TMPDIR/$1.sh"
	chmod 755 "$BATS_TEST_TMPDIR/$1.sh"
}

@test "bad input: a hook that fails, at every kind before the start" {
	hook fails 'echo hook-says-why >&2; exit 3'
	for kind in prestart createRuntime createContainer; do
		set_config ".hooks = {\"$kind\": [{path: \"$BATS_TEST_TMPDIR/fails.sh\"}]}"
		rt create "$ID"
		is "$status" 1
		says "hook"
		nothing_left
		rt run "$ID"
		[ "$status" -ne 0 ]
		nothing_left
	done
}

@test "bad input: a hook that is not there" {
	set_config '.hooks = {"createRuntime": [{path: "/no/such/hook"}]}'
	refused /no/such/hook
}

@test "bad input: a hook whose path is relative" {
	set_config '.hooks = {"createRuntime": [{path: "hook"}]}'
	known_gap runc "looks for it"
	refused
}

@test "bad input: a hook that takes longer than its timeout" {
	hook slow 'echo $$ >'"$BATS_TEST_TMPDIR"'/slow.pid; exec sleep 1002'
	set_config ".hooks = {\"createRuntime\": [{path: \"$BATS_TEST_TMPDIR/slow.sh\", timeout: 1}]}"
	rt create "$ID"
	is "$status" 1
	wait_for is_gone "$(cat "$BATS_TEST_TMPDIR/slow.pid")"
	nothing_left
}

@test "bad input: a hook's timeout below zero" {
	hook quick 'exit 0'
	set_config ".hooks = {\"createRuntime\": [{path: \"$BATS_TEST_TMPDIR/quick.sh\", timeout: -1}]}"
	known_gap runc "takes it"
	refused timeout
}

# ---------------------------------------------------------------- limits

@test "bad input: a memory limit that is too low" {
	requires_controller memory
	set_config '.linux.resources.memory = {limit: 4096, swap: 4096}'
	rt create "$ID"
	is "$status" 1
	[ -n "$err" ]
	nothing_left
}

@test "bad input: a limit for a controller that the view lacks" {
	requires_v2
	! has_v2_controller memory || skip "memory is there"
	set_config '.linux.resources.memory = {limit: 67108864}'
	rt_fails create "$ID"
	says memory
	nothing_left
}

@test "bad input: linux.cgroupsPath that climbs out" {
	set_config ".linux.cgroupsPath = \"/../../$ID-escaped\""
	rt create "$ID"
	[ ! -e "/sys/fs/$ID-escaped" ]
	[ ! -e "/sys/$ID-escaped" ]
	rt delete --force "$ID"
	nothing_left
}

@test "bad input: values that the kernel refuses are named" {
	known_gap runc "1.1 warns besides"
	requires_controller cpuset
	set_config '.linux.resources.cpu = {cpus: "4000-5000"}'
	refused cpuset
}

# ---------------------------------------------------------------- the state directory

@test "bad input: state files that are damaged or empty" {
	known_gap runc "1.1 panics"
	rt_ok create "$ID"
	cp -a "$ROOT/$ID" "$BATS_TEST_TMPDIR/whole"
	for text in '{"damaged' '' '[]' 'null'; do
		for f in "$ROOT/$ID"/*; do
			[ ! -f "$f" ] || printf %s "$text" >"$f"
		done
		rt state "$ID"
		[ "$status" -ne 0 ] && [ -n "$err" ] || show_call "state, damaged by: $text"
		rt start "$ID"
		[ "$status" -ne 0 ] && [ -n "$err" ] || show_call "start, damaged by: $text"
		rt kill "$ID" KILL
		[ "$status" -ne 0 ] && [ -n "$err" ] || show_call "kill, damaged by: $text"
		rt list
		[ "$status" -le 1 ] || show_call "list, damaged by: $text"
	done
	for f in "$BATS_TEST_TMPDIR/whole"/*; do
		[ ! -f "$f" ] || cp "$f" "$ROOT/$ID/"
	done
	is "$(state_of "$ID")" created
}

@test "bad input: one damaged container does not hide the others" {
	rt_ok create "$ID"
	mkdir "$ROOT/$ID-damaged"
	for f in "$ROOT/$ID"/*; do
		[ ! -f "$f" ] || echo '{"damaged' >"$ROOT/$ID-damaged/${f##*/}"
	done
	rt list --quiet
	has "$out" "$ID"
	rm -rf "${ROOT:?}/$ID-damaged"
}

@test "bad input: a state directory that is empty" {
	mkdir -p "$ROOT/$ID"
	rt_fails state "$ID"
	rt list
	is "$status" 0
	rt delete --force "$ID"
	rm -rf "${ROOT:?}/$ID"
}

@test "bad input: files that do not belong into the state root are left alone" {
	mkdir -p "$ROOT"
	echo text >"$ROOT/a-file"
	rt_ok create "$ID"
	rt list --quiet
	is "$status" 0
	has "$out" "$ID"
	is "$(cat "$ROOT/a-file")" text
}
