#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# What lies in wait for a runtime in the kernel, numbered as in docs/architecture.md.

load helpers

# A user namespace and, inside it, every capability.
userns_all() {
	remap 100000
	all_caps
}

# A volume with a submount, and beneath that a file that the container must not see.
volume_with_submount() {
	mkdir -p "$BATS_TEST_TMPDIR/volume/sub"
	echo hidden >"$BATS_TEST_TMPDIR/volume/sub/beneath"
	chmod -R a+rX "$BATS_TEST_TMPDIR/volume"
}

@test "trap 3: root of a user namespace cannot take a submount of a volume away" {
	userns_all
	volume_with_submount
	add_mount /volume bind "$BATS_TEST_TMPDIR/volume" rbind
	set_script 'umount /volume/sub 2>/dev/null; umount -l /volume/sub 2>/dev/null; cat /volume/sub/beneath; ls /volume/sub'
	# the mount is seen by this shell only
	unshare -m --propagation private sh -c 'mount -t tmpfs over "$1/sub" && echo shown >"$1/sub/above" && chmod 644 "$1/sub/above" &&
		exec "$2" --root "$3" run "$4"' sh "$BATS_TEST_TMPDIR/volume" "$RUNTIME" "$ROOT" "$ID" \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- </dev/null || true
	out=$(cat "$BATS_TEST_TMPDIR/out")
	has "$out" above
	has_not "$out" hidden
}

@test "trap 3: root of a user namespace cannot lift read-only, nosuid, nodev or noexec that the host set" {
	userns_all
	volume_with_submount
	add_mount /volume bind "$BATS_TEST_TMPDIR/volume" bind
	set_script 'for o in rw suid dev exec; do mount -o remount,bind,$o /volume 2>/dev/null && echo "lifted by $o"
		done; grep " /volume " /proc/self/mountinfo; : >/volume/new'
	unshare -m --propagation private sh -c 'mount --bind "$1" "$1" && mount -o remount,bind,ro,nosuid,nodev,noexec "$1" &&
		exec "$2" --root "$3" run "$4"' sh "$BATS_TEST_TMPDIR/volume" "$RUNTIME" "$ROOT" "$ID" \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- </dev/null || true
	out=$(cat "$BATS_TEST_TMPDIR/out")
	has "$out" "ro,nosuid,nodev,noexec"
	has_not "$out" lifted
	[ ! -e "$BATS_TEST_TMPDIR/volume/new" ]
}

# Inside, a loop looks at every process that turns up and tries to read it; what enters must not be readable before it
# has executed the container's program. strace holds it at that point for a while.
@test "trap 5: a process that enters a user namespace cannot be read or traced from inside" {
	requires strace
	userns_all
	# comm is looked at before and after: between, it may have executed the program, which is no secret
	set_script 'init() { c=; read -r c <$1/comm 2>/dev/null; case $c in enviro-oci*) true ;; *) false ;; esac; }
		while :; do for p in /proc/[0-9]*; do
			[ $p != /proc/1 ] && init $p || continue
			f=$(ls -l $p/fd 2>/dev/null) && [ "$f" ] && init $p && echo "fds: $f" >>/caught
			head -c 1 $p/mem 2>&1 | grep -q denied || { init $p && echo memory >>/caught; }
			ls $p/root/ >/dev/null 2>&1 && init $p && echo root >>/caught
			init $p && echo $p >/seen
		done; done'
	touch rootfs/caught rootfs/seen && chmod 666 rootfs/caught rootfs/seen
	rt_ok run --detach "$ID"
	for n in 1 2 3 4 5 6 7 8; do # twice, and more often where the machine is too busy to look
		[ "$n" -lt 3 ] || [ ! -s rootfs/seen ] || break
		strace -f -qq -o /dev/null -e trace=execve -e inject=execve:delay_enter=1000000 \
			"$RUNTIME" --root "$ROOT" exec "$ID" true 3>&- </dev/null
	done
	[ -s rootfs/seen ]
	[ ! -s rootfs/caught ] || { cat rootfs/caught && false; }
}

@test "trap 6: a runtime that is killed while it creates takes init with it" {
	cat >hook <<-SCRIPT
		#!/bin/sh
		echo \$PPID >$BATS_TEST_TMPDIR/runtime
		exec sleep 60
	SCRIPT
	chmod +x hook
	set_config ".hooks.createRuntime = [{path: \"$PWD/hook\"}]"
	background "$RUNTIME" --root "$ROOT" create "$ID"
	wait_for test -s "$BATS_TEST_TMPDIR/runtime"
	wait_for test "$(jq .pid "$ROOT/$ID/state.json" 2>/dev/null)" != 0
	init=$(jq .pid "$ROOT/$ID/state.json")
	is_alive "$init"
	kill -KILL "$(cat "$BATS_TEST_TMPDIR/runtime")"
	wait_for is_gone "$init"
	rt_ok delete --force "$ID"
	pkill -KILL -f "$PWD/hook" || true
}

@test "trap 8: containers start where memory files may not be executed" {
	[ -e /proc/sys/vm/memfd_noexec ] || skip "needs vm.memfd_noexec (Linux 6.3)"
	set_args sh -c 'echo started'
	cat >inner <<-SCRIPT
		echo 2 >/proc/sys/vm/memfd_noexec || exit 1
		"\$1" --root "\$2" run "\$3" && "\$1" --root "\$2" run --detach "\$3" >/dev/null 2>&1 </dev/null && "\$1" --root "\$2" delete --force "\$3"
	SCRIPT
	out=$(unshare --pid --fork --mount-proc sh inner "$RUNTIME" "$ROOT" "$ID" 3>&- </dev/null)
	has "$out" started
	[ ! -e "$ROOT/$ID" ]
}
