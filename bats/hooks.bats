#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load helpers

KINDS="prestart createRuntime createContainer startContainer poststart poststop"

# hook NAME SCRIPT: an executable on the host at $HOOKS/NAME.
hook() {
	HOOKS="$BATS_TEST_TMPDIR/hooks"
	mkdir -p "$HOOKS"
	printf '#!/bin/sh\nexport PATH=/usr/sbin:/usr/bin:/sbin:/bin\n%s\n' "$2" >"$HOOKS/$1"
	chmod 755 "$HOOKS/$1"
	# startContainer looks for it in the container.
	mkdir -p "rootfs$HOOKS"
	cp "$HOOKS/$1" "rootfs$HOOKS/$1"
}

# use KIND NAME [ARG...]
use() {
	local kind=$1 name=$2

	shift 2
	jq --arg k "$kind" --arg p "$HOOKS/$name" '.hooks[$k] += [{path: $p, args: ([$p] + $ARGS.positional)}]' \
		config.json --args -- "$@" >config.json.new && mv config.json.new config.json
}

# A log that hooks outside and inside write to: a directory that is bound into the container at the same place.
hook_log() {
	LOG="$BATS_TEST_TMPDIR/log"
	mkdir -p "$LOG"
	chmod 777 "$LOG"
	add_mount "$LOG" bind "$LOG" bind
}

@test "hooks: all six kinds in their order, with the process between" {
	known_gap runc "1.1 has poststart before the start"
	hook_log
	hook say 'echo "$1" >>'"$LOG/order"
	for k in $KINDS; do
		use "$k" say "$k"
	done
	set_script "echo process >>$LOG/order; sleep 0.3"
	rt_ok run "$ID"
	# poststart and the process run side by side.
	is "$(grep -v 'process\|poststart' "$LOG/order" | tr '\n' ' ')" "prestart createRuntime createContainer startContainer poststop "
	is "$(sort "$LOG/order" | tr '\n' ' ')" "createContainer createRuntime poststart poststop prestart process startContainer "
	is "$(grep -n startContainer "$LOG/order" | cut -d: -f1)" 4
	is "$(tail -n 1 "$LOG/order")" poststop
}

@test "hooks: which call runs which" {
	known_gap runc "1.1 has poststart before the start"
	hook_log
	hook say 'echo "$1" >>'"$LOG/order"
	for k in $KINDS; do
		use "$k" say "$k"
	done
	set_args sleep 1000
	rt_ok create "$ID"
	is "$(tr '\n' ' ' <"$LOG/order")" "prestart createRuntime createContainer "
	: >"$LOG/order"
	rt_ok start "$ID"
	wait_for file_has "$LOG/order" poststart
	is "$(tr '\n' ' ' <"$LOG/order")" "startContainer poststart "
	: >"$LOG/order"
	rt_ok kill "$ID" KILL
	wait_state "$ID" stopped
	is "$(cat "$LOG/order")" ""
	rt_ok delete "$ID"
	is "$(cat "$LOG/order")" poststop
}

@test "hooks: poststart comes after the process has been executed" {
	known_gap runc "1.1 has it before"
	known_gap crun "has it before"
	hook look 'tr "\0" " " <"/proc/$(jq .pid)/cmdline" >'"$BATS_TEST_TMPDIR/cmdline"
	use poststart look
	set_args sleep 1000
	rt_ok run --detach "$ID"
	is "$(cat "$BATS_TEST_TMPDIR/cmdline")" "sleep 1000 "
}

@test "hooks: several of a kind in the order of the list" {
	hook_log
	hook say 'echo "$1" >>'"$LOG/order"
	for n in 1 2 3; do
		use createRuntime say "runtime-$n"
		use createContainer say "container-$n"
	done
	rt_ok run "$ID"
	is "$(tr '\n' ' ' <"$LOG/order")" "runtime-1 runtime-2 runtime-3 container-1 container-2 container-3 "
}

@test "hooks: the state on standard input" {
	known_gap runc "1.1 has poststart before the start"
	hook_log
	hook save 'cat >'"$LOG"'/$1.json'
	for k in $KINDS; do
		use "$k" save "$k"
	done
	set_config '.annotations = {"org.example": "va\"lue"}'
	set_args sleep 1000
	rt_ok create "$ID"
	pid=$(pid_of "$ID")
	rt_ok start "$ID"
	wait_for test -s "$LOG/poststart.json"
	rt_ok delete --force "$ID"
	for k in $KINDS; do
		is "$(jq -r .id "$LOG/$k.json")" "$ID" "$k"
		is "$(jq -r .bundle "$LOG/$k.json")" "$BUNDLE" "$k"
		is "$(jq -c .annotations "$LOG/$k.json")" '{"org.example":"va\"lue"}' "$k"
		[[ $(jq -r .ociVersion "$LOG/$k.json") == 1.* ]]
	done
	for k in prestart createRuntime poststart; do
		is "$(jq -r .pid "$LOG/$k.json")" "$pid" "$k"
	done
	# Inside of the container's pid namespace.
	for k in createContainer startContainer; do
		is "$(jq -r .pid "$LOG/$k.json")" 1 "$k"
	done
	for k in prestart createRuntime createContainer; do
		[[ $(jq -r .status "$LOG/$k.json") == creat* ]]
	done
	[[ $(jq -r .status "$LOG/startContainer.json") == creat* ]]
	is "$(jq -r .status "$LOG/poststart.json")" running
	is "$(jq -r .status "$LOG/poststop.json")" stopped
}

@test "hooks: the namespaces: prestart and createRuntime in the runtime's, createContainer and startContainer in the container's" {
	hook_log
	hook ns 'for n in mnt pid net uts ipc; do readlink /proc/self/ns/$n; done >'"$LOG"'/$1'
	for k in $KINDS; do
		use "$k" ns "$k"
	done
	set_args sleep 1000
	rt_ok create "$ID"
	pid=$(pid_of "$ID")
	rt_ok start "$ID"
	wait_for test -s "$LOG/poststart"
	for n in mnt pid net uts ipc; do readlink "/proc/self/ns/$n"; done >"$BATS_TEST_TMPDIR/host"
	for n in mnt pid net uts ipc; do readlink "/proc/$pid/ns/$n"; done >"$BATS_TEST_TMPDIR/container"
	rt_ok delete --force "$ID"
	for k in prestart createRuntime poststart poststop; do
		diff "$BATS_TEST_TMPDIR/host" "$LOG/$k"
	done
	for k in createContainer startContainer; do
		diff "$BATS_TEST_TMPDIR/container" "$LOG/$k"
	done
}

@test "hooks: createContainer sees the host's tree still, startContainer the container's" {
	hook_log
	hook tree 'test -e '"$BUNDLE"'/config.json && echo host >'"$LOG"'/$1 || echo container >'"$LOG"'/$1'
	use createContainer tree createContainer
	use startContainer tree startContainer
	rt_ok run "$ID"
	is "$(cat "$LOG/createContainer")" host
	is "$(cat "$LOG/startContainer")" container
}

@test "hooks: createContainer finds the container's mounts at the place of its root file system" {
	hook look 'grep -c " '"$BUNDLE"'/rootfs/proc " /proc/self/mountinfo >'"$BATS_TEST_TMPDIR"'/mounts'
	use createContainer look
	rt_ok run "$ID"
	is "$(cat "$BATS_TEST_TMPDIR/mounts")" 1
}

@test "hooks: prestart and createRuntime may enter the container's mount namespace and find the host's programs" {
	for k in prestart createRuntime; do
		hook enter 'pid=$(jq .pid); nsenter --mount --target "$pid" sh -c "ls '"$BUNDLE"'/rootfs/bin/busybox /usr/bin/env" >'"$BATS_TEST_TMPDIR"'/seen 2>&1'
		set_config 'del(.hooks)'
		use "$k" enter
		rt_ok run "$ID"
		has "$(cat "$BATS_TEST_TMPDIR/seen")" "$BUNDLE/rootfs/bin/busybox"
		has_not "$(cat "$BATS_TEST_TMPDIR/seen")" "No such file"
	done
}

@test "hooks: what createRuntime mounts into the container's namespace is there" {
	mkdir "$BATS_TEST_TMPDIR/extra" rootfs/extra
	echo from-hook >"$BATS_TEST_TMPDIR/extra/file"
	hook inject 'pid=$(jq .pid); exec nsenter --mount --target "$pid" mount --bind '"$BATS_TEST_TMPDIR/extra $BUNDLE/rootfs/extra"
	use createContainer inject
	# In the container's namespace already: no need to enter.
	hook inject 'exec mount --bind '"$BATS_TEST_TMPDIR/extra $BUNDLE/rootfs/extra"
	in_container 'cat /extra/file'
	is "$out" from-hook
	[ ! -e rootfs/extra/file ]
}

@test "hooks: createRuntime can set up the container's network" {
	hook net 'pid=$(jq .pid); exec nsenter --net --target "$pid" ip addr add 10.9.8.7/24 dev lo'
	command -v ip >/dev/null || hook net 'pid=$(jq .pid); exec nsenter --net --target "$pid" busybox ip addr add 10.9.8.7/24 dev lo'
	use createRuntime net
	in_container 'ip -o addr show dev lo'
	has "$out" 10.9.8.7
}

@test "hooks: prestart finds the container's cgroup by /proc/PID/cgroup" {
	hook cg 'cat /proc/$(jq .pid)/cgroup >'"$BATS_TEST_TMPDIR/cgroup"
	use prestart cg
	rt_ok run "$ID"
	has "$(cat "$BATS_TEST_TMPDIR/cgroup")" "$ID"
}

@test "hooks: arguments, args[0] included" {
	hook args 'echo "$#: $*" >'"$BATS_TEST_TMPDIR/args; tr '\\0' '\\n' </proc/\$\$/cmdline >>$BATS_TEST_TMPDIR/args"
	use createRuntime args one "two words"
	rt_ok run "$ID"
	is "$(head -n 1 "$BATS_TEST_TMPDIR/args")" "2: one two words"
}

@test "hooks: without args, the path is args[0]" {
	hook args 'echo "$#" >'"$BATS_TEST_TMPDIR/args"
	set_config ".hooks.createRuntime = [{path: \"$HOOKS/args\"}]"
	rt_ok run "$ID"
	is "$(cat "$BATS_TEST_TMPDIR/args")" 0
}

@test "hooks: env is theirs alone" {
	printf '#!/bin/sh\n/usr/bin/env >%s\n' "$BATS_TEST_TMPDIR/env" >"$BATS_TEST_TMPDIR/env.sh"
	chmod 755 "$BATS_TEST_TMPDIR/env.sh"
	set_config ".hooks.createRuntime = [{path: \"$BATS_TEST_TMPDIR/env.sh\", env: [\"A=b c\", \"D=\"]}]"
	SECRET=leak rt_ok run "$ID"
	grep -qx "A=b c" "$BATS_TEST_TMPDIR/env"
	grep -qx "D=" "$BATS_TEST_TMPDIR/env"
	has_not "$(cat "$BATS_TEST_TMPDIR/env")" leak
}

@test "hooks: the working directory of those on the host is the bundle" {
	hook cwd 'pwd >'"$BATS_TEST_TMPDIR"'/cwd-$1'
	use prestart cwd prestart
	use createRuntime cwd createRuntime
	cd /
	rt_ok run --bundle "$BUNDLE" "$ID"
	is "$(cat "$BATS_TEST_TMPDIR/cwd-prestart")" "$BUNDLE"
	is "$(cat "$BATS_TEST_TMPDIR/cwd-createRuntime")" "$BUNDLE"
}

@test "hooks: only standard descriptors are open" {
	hook fds 'exec >'"$BATS_TEST_TMPDIR"'/fds; exec ls /proc/self/fd'
	exec 9</etc/passwd 77</etc/passwd
	use createRuntime fds
	rt_ok run "$ID"
	exec 9<&- 77<&-
	# 3 is ls's own, for listing the directory.
	is "$(tr '\n' ' ' <"$BATS_TEST_TMPDIR/fds")" "0 1 2 3 "
}

@test "hooks: signals are as they should be" {
	hook sig 'grep -E "^Sig(Blk|Ign)" /proc/self/status >'"$BATS_TEST_TMPDIR/sig"
	use createRuntime sig
	(trap '' PIPE HUP && limited "$RUNTIME" --root "$ROOT" run "$ID" </dev/null 3>&-)
	has "$(cat "$BATS_TEST_TMPDIR/sig")" "$(printf 'SigBlk:\t0000000000000000')"
}

@test "hooks: a big state is read by a hook that reads late, or not at all" {
	hook late 'sleep 0.2; cat >'"$BATS_TEST_TMPDIR"'/late.json'
	hook never 'exit 0'
	use createRuntime never
	use createRuntime late
	jq '.annotations = ([range(3000) | {key: "key-\(.)", value: ("v" * 60)}] | from_entries)' config.json >c && mv c config.json
	rt_ok run "$ID"
	is "$(jq '.annotations | length' "$BATS_TEST_TMPDIR/late.json")" 3000
}

@test "hooks: a failure before the start says which and why, runs the later ones not, and poststop of nothing" {
	hook fails 'echo the-reason >&2; exit 3'
	hook later 'touch '"$BATS_TEST_TMPDIR/later"
	for k in prestart createRuntime createContainer; do
		set_config 'del(.hooks)'
		use "$k" fails
		use "$k" later
		rt create "$ID"
		is "$status" 1 "$k"
		has "$err" "the-reason"
		[ ! -e "$BATS_TEST_TMPDIR/later" ]
		nothing_left
	done
}

@test "hooks: startContainer fails: start fails and the process is not executed" {
	hook_log
	hook fails 'exit 3'
	use startContainer fails
	set_script "touch $LOG/ran"
	rt_ok create "$ID"
	rt start "$ID"
	[ ! -e "$LOG/ran" ]
	wait_for is_not_running
	rt_ok delete --force "$ID"
	nothing_left
}

@test "hooks: startContainer hooks without an environment have the process's" {
	hook_log
	hook env "env >$LOG/env-\$1"
	use startContainer env own
	use startContainer env none
	use startContainer env given
	set_config '.process.env = ["PATH=/bin", "ONE=two"] | .hooks.startContainer[1].env = [] |
		.hooks.startContainer[2].env = ["GIVEN=yes"]'
	rt_ok run "$ID"
	has "$(cat "$LOG/env-own")" ONE=two
	grep -q '^HOME=/' "$LOG/env-own"
	has_not "$(cat "$LOG/env-none" "$LOG/env-given")" ONE=two
	has "$(cat "$LOG/env-given")" GIVEN=yes
}

@test "hooks: startContainer hooks run under the container's seccomp filter" {
	hook_log
	hook make "exec mkdir $LOG/made"
	use startContainer make
	set_script "touch $LOG/ran"
	set_config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64"],
		syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_KILL_PROCESS"}]} |
		.process.rlimits = [{type: "RLIMIT_CORE", soft: 0, hard: 0}]'
	rt_fails run "$ID"
	says "error running startContainer hook #0" "bad system call"
	[ ! -e "$LOG/made" ] && [ ! -e "$LOG/ran" ]
	nothing_left
	# and what a filter lets through goes on, with engines' default profile too
	hook make "touch $LOG/made"
	set_config "$(jq '{seccomp: .linux.seccomp}' "$TOP/tests/configs/podman.json" | jq -r '".linux += " + tojson')"
	rt_ok run "$ID"
	[ -e "$LOG/made" ] && [ -e "$LOG/ran" ]
}

is_not_running() {
	[ "$(state_of "$ID")" != running ] && [ "$(state_of "$ID")" != created ]
}

@test "hooks: poststop that fails is a warning, the container is gone" {
	known_gap runc "1.1 stops at the first failure"
	hook fails 'exit 3'
	hook later 'touch '"$BATS_TEST_TMPDIR/later"
	use poststop fails
	use poststop later
	sleeper
	rt delete --force "$ID"
	rt_fails state "$ID"
	[ -e "$BATS_TEST_TMPDIR/later" ]
	nothing_left
}

@test "hooks: killed by a signal is a failure" {
	hook dies 'kill -KILL $$'
	use createRuntime dies
	rt create "$ID"
	is "$status" 1
	nothing_left
}

@test "hooks: a timeout ends it, and not too early" {
	hook slow 'echo $$ >'"$BATS_TEST_TMPDIR"'/self; exec sleep 1005'
	hook quick 'sleep 0.2; touch '"$BATS_TEST_TMPDIR/quick"
	use createRuntime quick
	use createRuntime slow
	set_config '.hooks.createRuntime |= map(.timeout = 1)'
	rt create "$ID"
	is "$status" 1
	[ -e "$BATS_TEST_TMPDIR/quick" ]
	wait_for is_gone "$(cat "$BATS_TEST_TMPDIR/self")"
	nothing_left
}

@test "hooks: a program that it leaves in the background does not hold the runtime" {
	hook daemon 'sleep 5 >/dev/null 2>&1 </dev/null & echo $! >'"$BATS_TEST_TMPDIR/daemon"
	use createRuntime daemon
	rt_ok run "$ID"
	is_alive "$(cat "$BATS_TEST_TMPDIR/daemon")"
	kill -KILL "$(cat "$BATS_TEST_TMPDIR/daemon")"
}

@test "hooks: run and delete --force of a foreground container run poststop once" {
	hook count 'echo x >>'"$BATS_TEST_TMPDIR/count"
	use poststop count
	rt_ok run "$ID"
	is "$(wc -l <"$BATS_TEST_TMPDIR/count")" 1
	sleeper
	rt_ok delete --force "$ID"
	is "$(wc -l <"$BATS_TEST_TMPDIR/count")" 2
}
