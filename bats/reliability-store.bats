#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a runtime that was killed, or its machine, leaves below the state root, and how it is cleaned.

load helpers

remnants() { # in all states a power cut may leave one
	mkdir -m 700 -p "$ROOT/$ID-empty" "$ROOT/$ID-cut" "$ROOT/$ID-void" "$ROOT/$ID-new"
	printf '{"version": 1, "id": "' >"$ROOT/$ID-cut/state.json"
	: >"$ROOT/$ID-void/state.json"
	echo '{}' >"$ROOT/$ID-new/state.json.tmp.1"
}

@test "list --clean removes state directories without a state, and nothing else" {
	sleeper
	set_args true
	rt_ok create "$ID-created"
	rt_ok run --keep "$ID-stopped"
	remnants
	rt_ok list --clean --quiet
	is "$(echo $out)" "$ID $ID-created $ID-stopped"
	is "$(cd "$ROOT" && echo "$ID"*)" "$ID $ID-created $ID-stopped"
	is "$(state_of "$ID")" running
}

@test "list --clean takes away the cgroups of a create that was killed before its init" {
	rt_ok create "$ID"
	cp "$ROOT/$ID/state.json" "$BATS_TEST_TMPDIR/whole"
	rt_ok delete --force "$ID"
	mkdir -m 700 -p "$ROOT/$ID"
	jq '.pid = 0 | .startTime = 0' "$BATS_TEST_TMPDIR/whole" >"$ROOT/$ID/state.json"
	jq -r '.cgroup[] | sub("^[^/]*:"; "")' "$BATS_TEST_TMPDIR/whole" | xargs mkdir -p
	[ -n "$(find /sys/fs/cgroup -type d -name "$ID")" ]
	rt_ok list --clean
	nothing_left
}

@test "list --clean leaves what a verb is at work on" {
	mkdir -m 700 -p "$ROOT/$ID"
	exec 9<"$ROOT/$ID"
	flock 9
	rt_ok list --clean
	[ -d "$ROOT/$ID" ]
	flock -u 9
	exec 9<&-
	rt_ok list --clean
	[ ! -e "$ROOT/$ID" ]
}

@test "list names a state directory that is damaged, and shows the rest" {
	sleeper
	remnants
	rt_ok list --quiet
	is "$out" "$ID"
	for r in empty cut void new; do
		says "container $ID-$r: damaged state"
	done
}

@test "delete --force removes any remnant, and create can have its id" {
	remnants
	for r in empty cut void new; do
		rt_ok delete --force "$ID-$r"
		[ ! -e "$ROOT/$ID-$r" ]
		rt_ok run "$ID-$r"
	done
}

# The hook makes the cgroups read-only, in a mount namespace of this verb's own.
@test "what a create that failed cannot take away stays on record" {
	local wrapper=$BATS_TEST_TMPDIR/wrapper/$RUNTIME_NAME
	mkdir "${wrapper%/*}"
	printf '#!/bin/sh\nexec unshare -m %s "$@"\n' "$RUNTIME" >"$wrapper"
	printf '#!/bin/sh\nfor d in $(find /sys/fs/cgroup -type d -name %s); do\nmount --bind "${d%%/*}" "${d%%/*}"\n%s\ndone\nexit 1\n' \
		"$ID" 'mount -o remount,bind,ro "${d%/*}"' >"$BATS_TEST_TMPDIR/hook"
	chmod 755 "$wrapper" "$BATS_TEST_TMPDIR/hook"
	set_config ".hooks.createRuntime = [{path: \"$BATS_TEST_TMPDIR/hook\"}]"
	RUNTIME=$wrapper rt create "$ID"
	is "$status" 1
	says "hook" "cgroup: remove"
	[ -n "$(find /sys/fs/cgroup -type d -name "$ID")" ]
	rt_ok delete --force "$ID"
	nothing_left
}

@test "delete --force does not forget a container whose state cannot be read just now" {
	sleeper
	mv "$ROOT/$ID/state.json" "$BATS_TEST_TMPDIR/whole"
	ln -s state.json "$ROOT/$ID/state.json" # ELOOP
	rt_fails delete --force "$ID"
	[ -d "$ROOT/$ID" ]
	mv "$BATS_TEST_TMPDIR/whole" "$ROOT/$ID/state.json"
	is "$(state_of "$ID")" running
	rt_ok delete --force "$ID"
	nothing_left
}

@test "a state that is just being made or removed is that of no container" {
	mkdir -m 700 -p "$ROOT/$ID"
	exec 9<"$ROOT/$ID"
	flock 9
	rt_fails state "$ID"
	says "container does not exist"
	rt_ok list --quiet
	is "$out" ""
	is "$err" ""
	exec 9<&-
	rmdir "$ROOT/$ID"
}

@test "run deletes its own container, not one that has got its id meanwhile" {
	set_args sleep 1000
	background "$RUNTIME" --root "$ROOT" run "$ID"
	first=$bg_pid
	wait_state "$ID" running
	pid=$(pid_of "$ID")
	kill -STOP "$first"
	kill -KILL "$pid"
	# its parent sleeps: nobody reaps it, but it has ended
	wait_state "$ID" stopped
	rt_ok delete "$ID"
	sleeper
	kill -CONT "$first"
	wait_for is_gone "$first"
	is "$(state_of "$ID")" running
}

# of_another_boot ID: the machine has been restarted since; what has the container's pid and cgroup now is not its own.
of_another_boot() {
	jq '.bootId = "00000000-0000-4000-8000-000000000000"' "$ROOT/$1/state.json" >"$BATS_TEST_TMPDIR/record"
	cp "$BATS_TEST_TMPDIR/record" "$ROOT/$1/state.json"
}

# The program and the cgroups of $ID, which a container has left to somebody else.
setup_stranger() {
	sleeper
	stranger=$(pid_of "$ID")
	cp "/proc/$stranger/cgroup" "$BATS_TEST_TMPDIR/cgroups"
	cp "$ROOT/$ID/state.json" "$BATS_TEST_TMPDIR/whole"
	of_another_boot "$ID"
}

stranger_lives() {
	is_alive "$stranger"
	is "$(cat "/proc/$stranger/cgroup")" "$(cat "$BATS_TEST_TMPDIR/cgroups")"
	mkdir -m 700 -p "$ROOT/$ID"
	cp "$BATS_TEST_TMPDIR/whole" "$ROOT/$ID/state.json"
	rt_ok delete --force "$ID"
	nothing_left
}

@test "a container of another boot is stopped, whoever has its pid now" {
	setup_stranger
	is "$(state_of "$ID")" stopped
	rt_ok list --clean
	is "$(state_of "$ID")" stopped
	rt_fails kill "$ID" KILL
	says "container not running"
	rt exec "$ID" true
	is "$status" 255
	says "cannot exec in a stopped container"
	rt_fails create "$ID"
	says "already exists"
	rt_ok delete "$ID"
	[ ! -e "$ROOT/$ID" ]
	stranger_lives
}

@test "delete --force of a container of another boot kills nobody in the cgroups that it had" {
	setup_stranger
	jq '.pid = 2' "$ROOT/$ID/state.json" >"$BATS_TEST_TMPDIR/record"
	cp "$BATS_TEST_TMPDIR/record" "$ROOT/$ID/state.json"
	rt_ok delete --force "$ID"
	[ ! -e "$ROOT/$ID" ]
	stranger_lives
}

@test "list --clean kills nobody in the cgroups of a create of another boot" {
	setup_stranger
	jq '.pid = 0 | .startTime = 0' "$ROOT/$ID/state.json" >"$BATS_TEST_TMPDIR/record"
	cp "$BATS_TEST_TMPDIR/record" "$ROOT/$ID/state.json"
	rt_ok list --clean
	[ ! -e "$ROOT/$ID" ]
	stranger_lives
}

@test "delete of a container of another boot runs its poststop hooks" {
	set_config ".hooks.poststop = [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"cat >$BATS_TEST_TMPDIR/hook\"]}]"
	setup_stranger
	rt_ok delete "$ID"
	is "$(jq -r .status "$BATS_TEST_TMPDIR/hook")" stopped
	stranger_lives
}

@test "a poststop hook is not called as a power cut has left its arguments" {
	set_config ".hooks.poststop = [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"echo called >$BATS_TEST_TMPDIR/hook\", \"a\" * 9000]}]"
	setup_stranger
	dd if=/dev/zero of="$ROOT/$ID/plan" bs=4096 seek=1 count=1 conv=notrunc status=none
	rt_ok delete "$ID"
	says "state directory: plan"
	[ ! -e "$BATS_TEST_TMPDIR/hook" ]
	stranger_lives
}

# boot_of TYPE: the boot id in the record of a container whose state root is on a file system of this type.
boot_of() {
	mkdir -p "$ROOT"
	unshare --mount --propagation private sh -c 'mount -t "$1" -o mode=700 store "$2" && "$3" --root "$2" create "$4" &&
		jq -r .bootId "$2/$4/state.json" && "$3" --root "$2" delete --force "$4"' \
		sh "$1" "$ROOT" "$RUNTIME" "$ID" 3>&-
}

@test "the record names the boot where the state root outlives one" {
	is "$(boot_of ramfs)" "$(cat /proc/sys/kernel/random/boot_id)"
	is "$(boot_of tmpfs)" null
}
