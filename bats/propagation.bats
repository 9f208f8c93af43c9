#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# Where the host's mounts are shared, as systemd makes them: in a mount namespace of the test's own. (contrib/views/hybrid
# runs all suites so.)

load helpers

teardown() {
	umount -l "$BUNDLE" 2>/dev/null || true
	common_teardown
}

# on_shared_host SCRIPT: runs it with sh where everything is shared; it sees $RUNTIME, $ROOT, $ID and $DIR, and begins in
# the bundle.
on_shared_host() {
	ROOT="$ROOT" ID="$ID" DIR="$BATS_TEST_TMPDIR" timeout --foreground 60 unshare --mount --propagation private sh -c \
		"mount --make-rshared / && set -e && $1" 3>&- </dev/null
}

# table RUNTIME: what the container's mountinfo says of propagation, one mount a line: path and kinds.
table() {
	on_shared_host 'mkdir -p $DIR/vol/sub && mount -t tmpfs v $DIR/vol && mkdir -p $DIR/vol/sub && mount -t tmpfs w $DIR/vol/sub &&
		'"$1"' --root $ROOT-'"${1##*/}"' run $ID-'"${1##*/}"' >$DIR/raw'
	awk '{ kinds = ""; for (i = 7; $i != "-"; i++) { split($i, k, ":"); kinds = kinds " " k[1] }; print $5 kinds }' "$BATS_TEST_TMPDIR/raw"
}

runc_since() {
	local version

	version=$(runc --version | sed -n '1s/.*version \([0-9.]*\).*/\1/p')
	[ "$(printf '%s\n' "$version" "$1" | sort -V | head -n 1)" = "$1" ]
}

# Before 1.1.15 the rootfs could be a slave of the mount it lies on; before 1.2.7 runc forgot a shared rootfsPropagation at
# the pivot (opencontainers/runc#1755): what it sets since is put in.
mend_old_runc() {
	local mend=()

	runc_since 1.1.15 || mend+=(-e 's|^/ master$|/|')
	runc_since 1.2.7 || case $(jq -r '.linux.rootfsPropagation // ""' config.json) in
	shared) mend+=(-e 's|^/$|/ shared|') ;;
	rshared) mend+=(-e '/ shared/!s|^\([^ ]*\)|\1 shared|') ;;
	esac
	sed "${mend[@]}" -e ''
}

# Side by side with runc, where it is installed.
same_as_runc() {
	requires runc
	set_args cat /proc/self/mountinfo
	table "$RUNTIME" >"$BATS_TEST_TMPDIR/ours"
	table "$(command -v runc)" | mend_old_runc >"$BATS_TEST_TMPDIR/runcs"
	[ -s "$BATS_TEST_TMPDIR/ours" ]
	# The order of the mounts over masked and read-only paths is nobody's business.
	diff <(sort "$BATS_TEST_TMPDIR/runcs") <(sort "$BATS_TEST_TMPDIR/ours")
}

@test "shared host: optional fields of a plain container are runc's" {
	same_as_runc
}

@test "shared host: optional fields with volumes: nothing said, private, slave" {
	add_mount /v bind "$BATS_TEST_TMPDIR/vol" rbind
	add_mount /vp bind "$BATS_TEST_TMPDIR/vol" rbind rprivate
	add_mount /vs bind "$BATS_TEST_TMPDIR/vol" rbind rslave
	add_mount /vb bind "$BATS_TEST_TMPDIR/vol" bind slave
	add_mount /t tmpfs tmpfs
	same_as_runc
}

@test "shared host: optional fields with a volume that is shared" {
	set_config '.linux.rootfsPropagation = "rshared"'
	add_mount /v bind "$BATS_TEST_TMPDIR/vol" rbind rshared
	same_as_runc
}

@test "shared host: optional fields with rootfsPropagation, each" {
	for p in private rprivate slave rslave shared rshared; do
		set_config ".linux.rootfsPropagation = \"$p\""
		echo "rootfsPropagation $p"
		same_as_runc
	done
}

@test "shared host: optional fields, with the rootfs on a mount of its own and without a template" {
	mount --bind "$BUNDLE" "$BUNDLE"
	cd "$BUNDLE"
	set_config '.annotations["io.enviro-oci.use_namespace_cache"] = "false"'
	for p in "" private rprivate slave rslave shared rshared; do
		[ -z "$p" ] || set_config ".linux.rootfsPropagation = \"$p\""
		echo "rootfsPropagation $p"
		same_as_runc
	done
}

@test "shared host: the host's table is the same during and after a container" {
	all_caps
	add_mount /t tmpfs tmpfs
	set_args sleep 1000
	on_shared_host 'cat /proc/self/mountinfo >$DIR/before
		$RUNTIME --root $ROOT run --detach $ID >/dev/null
		cat /proc/self/mountinfo >$DIR/during
		$RUNTIME --root $ROOT exec $ID sh -c "mount -t tmpfs none /mnt 2>/dev/null || { mkdir -p /mnt && mount -t tmpfs none /mnt; }"
		$RUNTIME --root $ROOT exec $ID umount /dev/shm
		cat /proc/self/mountinfo >$DIR/later
		$RUNTIME --root $ROOT delete --force $ID
		cat /proc/self/mountinfo >$DIR/after'
	# A runtime may pin things of its own in its run-time directory.
	for t in before during later after; do
		awk -v r="/run/$RUNTIME_NAME/" 'index($5, r) != 1' "$BATS_TEST_TMPDIR/$t" >"$BATS_TEST_TMPDIR/$t.seen"
	done
	diff "$BATS_TEST_TMPDIR/before.seen" "$BATS_TEST_TMPDIR/during.seen"
	diff "$BATS_TEST_TMPDIR/before.seen" "$BATS_TEST_TMPDIR/later.seen"
	diff "$BATS_TEST_TMPDIR/before.seen" "$BATS_TEST_TMPDIR/after.seen"
}

@test "shared host: what the container mounts beneath a volume stays inside" {
	all_caps
	mkdir -p "$BATS_TEST_TMPDIR/vol/sub"
	add_mount /vol bind "$BATS_TEST_TMPDIR/vol" rbind
	set_args sleep 1000
	on_shared_host '$RUNTIME --root $ROOT run --detach $ID >/dev/null
		$RUNTIME --root $ROOT exec $ID mount -t tmpfs none /vol/sub
		$RUNTIME --root $ROOT exec $ID grep " /vol/sub " /proc/self/mountinfo >$DIR/inside
		if grep "$DIR/vol/sub" /proc/self/mountinfo; then exit 1; fi
		$RUNTIME --root $ROOT delete --force $ID'
	[ -s "$BATS_TEST_TMPDIR/inside" ]
}

@test "shared host: a mount of the host's goes away there while a container holds it" {
	mkdir -p "$BATS_TEST_TMPDIR/vol"
	set_args sleep 1000
	# The container's clone of the tree is a slave: the host's umount reaches it, and the file system is freed.
	on_shared_host 'mkdir -p $DIR/disk && mount -t tmpfs ebt-disk $DIR/disk
		$RUNTIME --root $ROOT run --detach $ID >/dev/null
		umount $DIR/disk
		pid=$($RUNTIME --root $ROOT state $ID | jq .pid)
		if grep ebt-disk /proc/$pid/mountinfo; then exit 1; fi
		$RUNTIME --root $ROOT delete --force $ID'
}
