#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# Kernels before 5.12 lack mount_setattr, and a filter around the runtime may refuse all of the new mount API: mount(2)
# must do the same then. strace answers in the kernel's place.

load helpers

NEW_API=open_tree,move_mount,fsopen,fsconfig,fsmount,mount_setattr

teardown() {
	[ -z "${VOL:-}" ] || umount -R "$VOL" 2>/dev/null || true
	common_teardown
}

# without CALLS ERRNO ARG...: the runtime where these system calls fail. Sets $status, $out, $err as rt does.
without() {
	local calls=$1 errno=$2

	shift 2
	status=0
	limited strace -f -o "$BATS_TEST_TMPDIR/strace" -e trace="$calls" -e inject="$calls:error=$errno" \
		"$RUNTIME" --root "$ROOT" "$@" </dev/null >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
	out=$(<"$BATS_TEST_TMPDIR/out")
	err=$(<"$BATS_TEST_TMPDIR/err")
}

requires_strace() {
	requires strace
	strace -o /dev/null true 2>/dev/null || skip "no strace"
}

# mountinfo without the numbers that are new each time
table() {
	sed -E 's/^[0-9]+ [0-9]+ [0-9]+:[0-9]+ //; s/(master|shared):[0-9]+/\1/' <<<"$1"
}

# A bit of everything; the destinations are made first, so that a tmpfs finds the same directory each time.
everything() {
	VOL="$BATS_TEST_TMPDIR/vol"
	mkdir -p "$VOL/sub" rootfs/{v,p,t,up/dir,quiet}
	mount -t tmpfs -o nosuid,nodev,noatime ebt-vol "$VOL"
	mkdir "$VOL/sub" && touch "$VOL/sub/file"
	echo data >rootfs/up/dir/file
	add_mount /v bind "$VOL" rbind ro rslave
	add_mount /p bind "$VOL" bind nodev relatime rprivate
	add_mount /v/sub/file bind "$BUNDLE/config.json" bind
	add_mount /t tmpfs tmpfs ro noexec size=1m
	add_mount /up tmpfs tmpfs tmpcopyup nosuid
	add_mount /quiet tmpfs tmpfs silent lazytime dirsync
	set_config '.root.readonly = true' '.linux.readonlyPaths += ["/etc"]'
	set_script 'cat /up/dir/file /proc/self/mountinfo'
}

compare() {
	local calls errno wanted

	rt_ok run "$ID"
	wanted=$(table "$out")
	for calls in "$NEW_API" mount_setattr; do
		for errno in ENOSYS EPERM; do
			echo "$calls: $errno"
			without "$calls" "$errno" run "$ID"
			[ "$status" -eq 0 ] || show_call run
			diff <(echo "$wanted") <(table "$out")
		done
	done
}

@test "mount(2): the same mounts without the new mount API" {
	requires_strace
	everything
	compare
}

@test "mount(2): the same mounts in a cgroup namespace" {
	requires_strace
	requires_namespace cgroup
	set_config '.linux.namespaces += [{type: "cgroup"}]'
	everything
	compare
}

@test "mount(2): the same devices in a user namespace" {
	requires_strace
	requires_namespace user
	remap 100000
	set_script 'cat /proc/self/mountinfo; ls -lan /dev | awk "{ print \$1, \$3, \$4, \$NF }"'
	compare
}

@test "mount(2): without pivot_root" {
	requires_strace
	everything
	rt_ok run --no-pivot "$ID"
	wanted=$(table "$out")
	without "$NEW_API" ENOSYS run --no-pivot "$ID"
	diff <(echo "$wanted") <(table "$out")
}

@test "mount(2): what it cannot do is refused by name" {
	requires_strace
	mkdir -p "$BATS_TEST_TMPDIR/vol"
	add_mount /v bind "$BATS_TEST_TMPDIR/vol" rbind rro
	for calls in "$NEW_API" mount_setattr; do
		without "$calls" ENOSYS run "$ID"
		[ "$status" -ne 0 ]
		says "mounts[7]: /v" "recursive options"
	done
	set_config 'del(.mounts[7])'
	add_mount /v bind "$BATS_TEST_TMPDIR/vol" bind idmap
	set_config '.mounts[7].uidMappings = [{containerID: 0, hostID: 1000, size: 10}] |
		.mounts[7].gidMappings = .mounts[7].uidMappings'
	for calls in "$NEW_API" mount_setattr; do
		without "$calls" ENOSYS run "$ID"
		[ "$status" -ne 0 ]
		says "mounts[7]: /v" idmap
	done
}
