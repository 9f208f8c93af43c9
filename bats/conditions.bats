#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# Where a resource is missing the runtime does its work, or says what it could not do and leaves nothing behind; and what
# a container does to the machine does not keep it from being killed. docs/reliability.md, "Load".

load helpers

# life: a container is run, entered, killed and deleted by $RUNTIME, whatever stands before it.
life() {
	set_args sleep 1000
	rt_ok run --detach "$ID"
	rt_ok exec "$ID" true
	rt_ok list
	rt_ok kill "$ID" KILL
	wait_state "$ID" stopped
	rt_ok delete "$ID"
	nothing_left
}

# under SHELL-TEXT: a runtime of the same name for which that is done before.
under() {
	mkdir -p "$BATS_TEST_TMPDIR/under"
	printf '#!/bin/bash\n%s\nexec %s "$@"\n' "$1" "$RUNTIME" >"$BATS_TEST_TMPDIR/under/$RUNTIME_NAME"
	chmod 755 "$BATS_TEST_TMPDIR/under/$RUNTIME_NAME"
	UNDER="$BATS_TEST_TMPDIR/under/$RUNTIME_NAME"
}

# works_or_says ARG...: by $UNDER; what failed has said why, and has left nothing.
works_or_says() {
	(RUNTIME=$UNDER && rt "$@" && echo "$status" >"$BATS_TEST_TMPDIR/status" && echo "$err" >"$BATS_TEST_TMPDIR/said")
	status=$(cat "$BATS_TEST_TMPDIR/status")
	err=$(cat "$BATS_TEST_TMPDIR/said")
	[ "$status" = 0 ] && return 0
	[ "$status" -le 125 ] || show_call "died: $*"
	[ -n "$err" ] || show_call "should have said why: $*"
	nothing_left
}

@test "conditions: at most 64 file descriptors" {
	under 'ulimit -Sn 64'
	RUNTIME=$UNDER life
}

@test "conditions: too few file descriptors: refused, and nothing is left" {
	for n in 4 6 8 10 12 14 16 18 20 22 24 26 28 30 34 38 46 56; do
		under "ulimit -Sn $n"
		echo "$n descriptors"
		works_or_says run "$ID"
	done
	is "$status" 0 "with 56"
}

@test "conditions: 32 KiB of stack" {
	without_sanitizers "their frames are larger"
	# The environment lies there, too, and the kernel leaves up to 8 KiB above it empty.
	# shellcheck disable=SC2016
	under 'unset $(compgen -e | grep -v "^PATH$"); ulimit -s 32'
	RUNTIME=$UNDER life
}

@test "conditions: a state root on a full disk" {
	mkdir -p "$ROOT"
	for free in 0 4 8 12 16 24; do
		# shellcheck disable=SC2016
		ok=0
		limited unshare -m sh -c '
			mount -t tmpfs -o size=128k,mode=700 none "$1" && dd if=/dev/zero of="$1/full" bs=4k 2>/dev/null
			truncate -s $((128 - $4))k "$1/full"
			"$2" --root "$1" run "$3" || { [ $? -le 125 ] && ls -A "$1" | grep -v "^full\$\|^@" && exit 99; exit 98; }' \
			- "$ROOT" "$RUNTIME" "$ID" "$free" >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- </dev/null || ok=$?
		[ "$ok" = 0 ] || [ "$ok" = 98 ] || { cat "$BATS_TEST_TMPDIR/said" && return 1; }
		[ "$ok" = 0 ] || file_has "$BATS_TEST_TMPDIR/said" "no space left"
		nothing_left
	done
	is "$ok" 0 "with 24 KiB"
}

@test "conditions: /sys/fs/cgroup is read-only" {
	under "[ -n \"\$INNER\" ] || INNER=1 exec unshare -m \"\$0\" \"\$@\"
		awk '\$5 ~ \"^/sys/fs/cgroup\" { print \$5 }' /proc/self/mountinfo | while read -r m; do mount -o remount,bind,ro \"\$m\"; done"
	works_or_says run "$ID"
	[ "$status" != 0 ]
	says cgroup "read-only file system"
}

@test "conditions: no /proc" {
	without_sanitizers "they find their options in /proc"
	under '[ -n "$INNER" ] || INNER=1 exec unshare -m "$0" "$@"
		umount -l /proc'
	works_or_says run "$ID"
	[ "$status" != 0 ]
	says proc
}

# in_cgroup CONTROLLER FILE VALUE: sets up a cgroup of the test's own for `under`; $joins joins it.
in_cgroup() {
	local m

	requires_controller "$1"
	m=$(v1_mount "$1")
	own="${m:-/sys/fs/cgroup}/own-$$"
	[ -n "$m" ] || echo "+$1" >/sys/fs/cgroup/cgroup.subtree_control
	mkdir "$own"
	echo "$3" >"$own/$2"
	joins="echo \$\$ >$own/cgroup.procs"
}

teardown() {
	[ -z "${own:-}" ] || rmdir "$own" || true
	common_teardown
}

@test "conditions: pids.max is reached" {
	no_leak_check
	in_cgroup pids pids.max max
	for n in 1 2 3 4 5 6; do
		echo "$n" >"$own/pids.max"
		under "$joins"
		works_or_says run "$ID"
	done
	is "$status" 0 "with 6"
}

@test "conditions: little memory for the runtime itself" {
	without_sanitizers "they take more"
	[ "$(view)" = unified ] && file=memory.max || file=memory.limit_in_bytes
	in_cgroup memory "$file" 64M
	# one that is killed for want of memory is what delete --force is for
	for n in 64M 8M 4M 2M 1M; do
		echo "$n" >"$own/$file" || continue
		under "$joins"
		(RUNTIME=$UNDER && rt run "$ID" && echo "$status" >"$BATS_TEST_TMPDIR/status")
		[ "$n" != 4M ] || is "$(cat "$BATS_TEST_TMPDIR/status")" 0 "with 4 MiB"
		[ ! -e "$ROOT/$ID" ] || rt_ok delete --force "$ID"
		rm -rf "$ROOT"
		! leftovers "$ID-none" "$BATS_TEST_TMPDIR" | grep -v own
	done
}

# bounded: kill and delete of $ID within 10 s each.
bounded() {
	local start=$SECONDS

	rt_ok delete --force "$ID"
	[ $((SECONDS - start)) -le 15 ] || { echo "took $((SECONDS - start)) s" && return 1; }
	nothing_left
}

@test "conditions: a container that forks without end" {
	requires_controller pids
	set_config '.linux.resources.pids = {limit: 200}'
	set_script 'f() { f & f; }; while :; do f; done'
	rt_ok run --detach "$ID"
	sleep 1
	bounded
}

@test "conditions: a container that ignores all signals, with sessions of its own" {
	set_script 'trap "" 1 2 3 10 12 13 14 15; for i in 1 2 3 4 5; do setsid sh -c "trap \"\" 1 2 3 15; while :; do sleep 100; done" & done; echo up >/up; while :; do sleep 100; done'
	rt_ok run --detach "$ID"
	wait_for test -e rootfs/up
	rt_ok kill "$ID" TERM
	is "$(state_of "$ID")" running
	bounded
}

@test "conditions: a container that fills a pipe nobody reads" {
	set_script 'yes & yes & echo up >/up; yes'
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	exec 7<>"$BATS_TEST_TMPDIR/pipe"
	limited "$RUNTIME" --root "$ROOT" run --detach "$ID" </dev/null >&7 2>&1 3>&-
	wait_for test -e rootfs/up
	bounded
	exec 7<&-
}

@test "conditions: a container without a pid namespace that forks without end" {
	requires_controller pids
	set_config '.linux.resources.pids = {limit: 60}' '.linux.namespaces |= map(select(.type != "pid"))'
	set_script 'f() { f & f; }; while :; do f; done'
	rt_ok run --detach "$ID"
	sleep 1
	bounded
}
