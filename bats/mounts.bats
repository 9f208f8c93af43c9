#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# propagation.bats runs this file again where the host's mounts are shared.

load helpers

# inside PATH: its line of the container's mountinfo: options, optional fields, type, source and file system options.
inside() {
	rt_ok exec "$ID" cat /proc/self/mountinfo
	awk -v p="$1" '$5 == p' <<<"$out"
}

# options PATH: the mount's own options, one a line.
options() {
	inside "$1" | tail -n 1 | awk '{print $6}' | tr ',' '\n'
}

# A directory of the host with a mount beneath it, both with a file.
volume() {
	VOL="$BATS_TEST_TMPDIR/vol"
	mkdir -p "$VOL/sub"
	echo top >"$VOL/file"
	mount -t tmpfs -o mode=755,size=1m ebt-sub "$VOL/sub"
	echo below >"$VOL/sub/file"
}

teardown() {
	[ -z "${VOL:-}" ] || {
		limited "$RUNTIME" --root "$ROOT" delete --force "$ID" >/dev/null 2>&1 3>&- || true
		while umount -R "$VOL" 2>/dev/null || umount "$VOL/sub" 2>/dev/null; do :; done
	}
	common_teardown
}

@test "mounts: those of a plain configuration, in order, with their options" {
	sleeper
	rt_ok exec "$ID" cat /proc/self/mountinfo
	table=$(awk '{ sep = 0; for (i = 7; i <= NF; i++) if ($i == "-") sep = i; print $5, $(sep + 1) }' <<<"$out")
	is "$(grep -v '^/proc/\|^/sys/' <<<"$table" | head -n 7)" \
		"$(printf '/ %s\n' "$(stat -f -c %T rootfs | sed 's/ext2.ext3/ext4/')"; printf '%s\n' '/proc proc' '/dev tmpfs' '/dev/pts devpts' \
			'/dev/shm tmpfs' '/dev/mqueue mqueue' '/sys sysfs')"
	has "$(options /dev | tr '\n' ,)" nosuid
	has "$(options /dev/shm | tr '\n' ,)" nosuid,nodev,noexec
	has "$(options /sys | tr '\n' ,)" ro,nosuid,nodev,noexec
	has "$(inside /dev/pts)" "gid=5,mode=620,ptmxmode=666"
	has "$(inside /dev)" "size=65536k,mode=755"
}

@test "mounts: nothing of the host is to be seen" {
	in_container 'cat /proc/self/mountinfo'
	has_not "$(awk '{print $5}' <<<"$out")" "$BATS_TEST_TMPDIR"
	is "$(awk '$5 == "/"' <<<"$out" | wc -l)" 1
}

@test "mounts: tmpfs with size, mode and owner" {
	all_caps
	add_mount /mnt/t tmpfs tmpfs size=64k mode=1750 uid=7 gid=8 nosuid noexec
	in_container 'stat -c "%a %u %g" /mnt/t; dd if=/dev/zero of=/mnt/t/big bs=1k count=100 2>&1 | tail -n 1; ls -s /mnt/t/big || true'
	is "$(head -n 1 <<<"$out")" "1750 7 8"
	has "$out" "64 /mnt/t/big"
}

@test "mounts: tmpfs, tmpcopyup" {
	mkdir -p rootfs/data/deep
	echo kept >rootfs/data/deep/file
	add_mount /data tmpfs tmpfs tmpcopyup
	known_gap crun "1.8 leaves it in the options"
	in_container 'cat /data/deep/file; echo changed >/data/deep/file; stat -f -c %T /data'
	is "$out" "$(printf 'kept\ntmpfs')"
	is "$(cat rootfs/data/deep/file)" kept
}

@test "mounts: missing mount points are made" {
	add_mount /a/b/c tmpfs tmpfs
	echo text >"$BATS_TEST_TMPDIR/file"
	add_mount /d/e/file bind "$BATS_TEST_TMPDIR/file" bind
	in_container 'stat -f -c %T /a/b/c; cat /d/e/file'
	is "$out" "$(printf 'tmpfs\ntext')"
	[ -f rootfs/d/e/file ]
	[ -d rootfs/a/b/c ]
}

@test "mounts: in the order of the list, later ones above" {
	add_mount /m tmpfs tmpfs size=64k
	add_mount /m/n tmpfs tmpfs size=128k
	add_mount /m tmpfs tmpfs size=256k
	in_container 'ls /m; grep " /m " /proc/self/mountinfo | tail -n 1; grep -c " /m/n " /proc/self/mountinfo'
	has "$out" size=256k
	is "$(tail -n 1 <<<"$out")" 1
	is "$(wc -l <<<"$out")" 2
}

@test "mounts: a destination that is relative" {
	known_gap crun "refuses it"
	add_mount relative/path tmpfs tmpfs mode=711
	in_container 'stat -c %a /relative/path'
	is "$out" 711
}

@test "mounts: symbolic links in the root file system stay inside" {
	mkdir "$BATS_TEST_TMPDIR/outside"
	ln -s "$BATS_TEST_TMPDIR/outside" rootfs/link
	ln -s ../../../../../../../../tmp rootfs/up
	ln -s /inner rootfs/abs
	mkdir rootfs/inner
	add_mount /link/m tmpfs tmpfs
	add_mount /abs/m tmpfs tmpfs
	add_mount /up/m tmpfs tmpfs
	in_container 'stat -f -c %T /inner/m /tmp/m'
	is "$out" "$(printf 'tmpfs\ntmpfs')"
	is "$(ls "$BATS_TEST_TMPDIR/outside")" ""
	[ ! -e /tmp/m ]
}

@test "mounts: bind: the directory without what is mounted beneath" {
	volume
	add_mount /vol bind "$VOL" bind
	sleeper
	rt_ok exec "$ID" sh -c 'cat /vol/file; ls /vol/sub; echo new >/vol/new'
	is "$out" top
	is "$(cat "$VOL/new")" new
}

@test "mounts: rbind: with what is mounted beneath" {
	volume
	add_mount /vol bind "$VOL" rbind
	sleeper
	rt_ok exec "$ID" cat /vol/file /vol/sub/file
	is "$out" "$(printf 'top\nbelow')"
}

@test "mounts: bind of a file, and of a socket" {
	echo text >"$BATS_TEST_TMPDIR/f"
	"$PYTHON" -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind("s")'
	add_mount /f bind "$BATS_TEST_TMPDIR/f" bind
	add_mount /s bind "$BUNDLE/s" bind
	in_container 'cat /f; test -S /s && echo socket'
	is "$out" "$(printf 'text\nsocket')"
}

@test "mounts: a bind by its options alone, with no type, or none" {
	volume
	set_config ".mounts += [{destination: \"/one\", source: \"$VOL\", options: [\"rbind\"]},
		{destination: \"/two\", source: \"$VOL\", type: \"none\", options: [\"bind\"]}]"
	in_container 'cat /one/file /two/file'
	is "$out" "$(printf 'top\ntop')"
}

@test "mounts: a source relative to the bundle" {
	mkdir in-bundle
	echo here >in-bundle/file
	add_mount /vol bind in-bundle bind
	cd /
	set_args_in() { (cd "$BUNDLE" && set_args "$@"); }
	set_args_in cat /vol/file
	rt_ok run --bundle "$BUNDLE" "$ID"
	is "$out" here
}

@test "mounts: a source that is a symbolic link" {
	volume
	ln -s "$VOL" "$BATS_TEST_TMPDIR/link"
	add_mount /vol bind "$BATS_TEST_TMPDIR/link" bind
	in_container 'cat /vol/file'
	is "$out" top
}

@test "mounts: the options of a bind: ro, nosuid, nodev, noexec, noatime and friends" {
	volume
	mount --rbind "$VOL" "$VOL" # whatever options the tests' own directory has
	mount -o remount,bind,rw,suid,dev,exec,atime,relatime "$VOL"
	for o in ro nosuid nodev noexec noatime nodiratime relatime; do
		add_mount "/v-$o" bind "$VOL" bind "$o"
	done
	add_mount /v-all bind "$VOL" bind ro nosuid nodev noexec noatime
	sleeper
	for o in ro nosuid nodev noexec noatime nodiratime relatime; do
		options "/v-$o" | grep -qx "$o" || { echo "no $o: $(inside "/v-$o")" && false; }
	done
	for o in nosuid nodev noexec noatime; do
		! options /v-ro | grep -qx "$o" || { echo "$o too" && false; }
		options /v-all | grep -qx "$o"
	done
	rt exec "$ID" sh -c 'echo x >/v-ro/file'
	[ "$status" -ne 0 ]
	has "${err,,}" "read-only"
	is "$(cat "$VOL/file")" top
	# The host's own mount has not become read-only.
	echo again >"$VOL/file"
}

@test "mounts: options that say the opposite: rw, suid, dev, exec" {
	volume
	add_mount /vol bind "$VOL" bind ro nosuid nodev noexec rw suid dev exec
	sleeper
	for o in ro nosuid nodev noexec; do
		! options /vol | grep -qx "$o" || { echo "$o" && false; }
	done
}

@test "mounts: ro of an rbind holds at the top alone, rro below too" {
	requires_kernel 5.12 "recursive options"
	volume
	add_mount /v-ro bind "$VOL" rbind ro
	add_mount /v-rro bind "$VOL" rbind rro
	sleeper
	rt_ok exec "$ID" sh -c 'echo x >/v-ro/sub/new'
	options /v-rro/sub | grep -qx ro
	rt exec "$ID" sh -c 'echo x >/v-rro/sub/new'
	[ "$status" -ne 0 ]
	rt exec "$ID" sh -c 'echo x >/v-rro/new'
	[ "$status" -ne 0 ]
	# Not on the host's side.
	echo y >"$VOL/sub/from-host"
}

@test "mounts: the recursive options" {
	requires_kernel 5.12 "recursive options"
	volume
	for o in nosuid nodev noexec noatime nodiratime; do
		add_mount "/v-$o" bind "$VOL" rbind "r$o"
	done
	add_mount /v-many bind "$VOL" rbind rro rnosuid rnoexec rw
	sleeper
	for o in nosuid nodev noexec noatime nodiratime; do
		options "/v-$o" | grep -qx "$o" || { echo "no $o at the top" && false; }
		options "/v-$o/sub" | grep -qx "$o" || { echo "no $o below" && false; }
	done
	for o in ro nosuid noexec; do
		options /v-many/sub | grep -qx "$o"
	done
}

@test "mounts: the recursive options that clear" {
	requires_kernel 5.12 "recursive options"
	volume
	mount -o remount,bind,nosuid,noexec "$VOL/sub"
	add_mount /vol bind "$VOL" rbind rsuid rexec rdev rrw
	sleeper
	for o in ro nosuid noexec; do
		! options /vol/sub | grep -qx "$o" || { echo "$o" && false; }
	done
}

@test "mounts: a bind keeps what the host's mount already denies" {
	volume
	mount -o remount,bind,ro,nosuid,nodev "$VOL/sub"
	add_mount /vol bind "$VOL/sub" bind noexec
	sleeper
	options /vol | grep -qx noexec
}

@test "mounts: an executable on a noexec mount cannot be executed" {
	cp rootfs/bin/busybox "$BATS_TEST_TMPDIR/prog"
	add_mount /prog bind "$BATS_TEST_TMPDIR/prog" bind noexec
	set_args /prog true
	rt run "$ID"
	[ "$status" -ne 0 ]
	says "permission denied"
}

@test "mounts: proc with options" {
	set_config '(.mounts[] | select(.destination == "/proc")).options = ["nosuid", "nodev", "noexec", "hidepid=2"]'
	sleeper
	has "$(options /proc | tr '\n' ,)" nosuid,nodev,noexec
	has "$(inside /proc)" hidepid
}

@test "mounts: sysfs that may be written" {
	set_config '(.mounts[] | select(.destination == "/sys")).options = ["nosuid", "noexec", "nodev"]'
	sleeper
	options /sys | grep -qx rw
}

@test "mounts: sysfs bound from the host where the network is the host's" {
	set_config '(.mounts[] | select(.destination == "/sys")) |= (.type = "none" | .source = "/sys" |
		.options = ["rbind", "nosuid", "noexec", "nodev", "ro"])' '.linux.namespaces |= map(select(.type != "network"))' \
		'.mounts |= map(select(.destination != "/sys/fs/cgroup"))' 'del(.linux.maskedPaths)'
	sleeper
	rt_ok exec "$ID" ls /sys/class
	options /sys | grep -qx ro
}

@test "mounts: mqueue" {
	sleeper
	rt_ok exec "$ID" sh -c 'stat -f -c %T /dev/mqueue; touch /dev/mqueue/q && ls /dev/mqueue'
	has "$out" q
}

@test "mounts: an overlay made by the kernel" {
	mkdir -p "$BATS_TEST_TMPDIR"/{lower,upper,work}
	echo lower >"$BATS_TEST_TMPDIR/lower/file"
	add_mount /over overlay overlay "lowerdir=$BATS_TEST_TMPDIR/lower" "upperdir=$BATS_TEST_TMPDIR/upper" \
		"workdir=$BATS_TEST_TMPDIR/work"
	in_container 'cat /over/file; echo upper >/over/new'
	is "$out" lower
	is "$(cat "$BATS_TEST_TMPDIR/upper/new")" upper
}

@test "mounts: cgroup, read-only, the container's own" {
	sleeper
	rt_ok exec "$ID" sh -c 'ls /sys/fs/cgroup; cat /proc/self/mountinfo'
	if [ "$(view)" = unified ]; then
		has "$out" cgroup.procs
		has "$(inside /sys/fs/cgroup)" " - cgroup2 "
	else
		for c in memory pids freezer; do
			has "$out" "$c"
			has "$(inside "/sys/fs/cgroup/$c")" " - cgroup "
			options "/sys/fs/cgroup/$c" | grep -qx ro
		done
		rt_ok exec "$ID" cat /sys/fs/cgroup/pids/cgroup.procs
		has "$out" 1
	fi
	rt exec "$ID" sh -c 'mkdir /sys/fs/cgroup/made || mkdir /sys/fs/cgroup/pids/made'
	[ "$status" -ne 0 ]
}

@test "mounts: cgroup with a cgroup namespace" {
	requires_namespace cgroup
	set_config '.linux.namespaces += [{type: "cgroup"}]'
	sleeper
	if [ "$(view)" = unified ]; then
		is "$(inside /sys/fs/cgroup | awk '{print $4}')" /
		rt_ok exec "$ID" cat /sys/fs/cgroup/cgroup.procs
	else
		is "$(inside /sys/fs/cgroup/pids | awk '{print $4}')" /
		rt_ok exec "$ID" cat /sys/fs/cgroup/pids/cgroup.procs
	fi
	has "$out" 1
}

@test "mounts: cgroup that may be written" {
	set_config '(.mounts[] | select(.type == "cgroup")).options = ["rw", "nosuid", "noexec", "nodev"]' \
		'.linux.namespaces += [{type: "cgroup"}]'
	sleeper
	d=/sys/fs/cgroup
	[ "$(view)" = unified ] || d=/sys/fs/cgroup/pids
	rt_ok exec "$ID" mkdir "$d/made"
	controller=pids
	[ "$(view)" != unified ] || controller=
	[ -d "$(cgroup_dir "$(pid_of "$ID")" $controller)/made" ]
}

@test "mounts: the root file system read-only" {
	set_config '.root.readonly = true'
	sleeper
	options / | grep -qx ro
	rt exec "$ID" touch /file
	[ "$status" -ne 0 ]
	has "${err,,}" "read-only"
	# /dev is a mount of its own.
	rt_ok exec "$ID" touch /dev/file
	# The host's side stays writable.
	touch rootfs/from-host
}

@test "mounts: /dev bound from the host is taken as it is" {
	set_config '.mounts |= map(select(.destination | startswith("/dev") | not))' \
		'.mounts += [{destination: "/dev", type: "bind", source: "/dev", options: ["rbind", "rprivate"]}]'
	before=$(ls /dev | sort)
	in_container 'test -c /dev/null && echo there'
	is "$out" there
	is "$(ls /dev | sort)" "$before"
}

@test "mounts: nothing of the container's mounts is seen on the host" {
	volume
	add_mount /vol bind "$VOL" rbind
	add_mount /vol/inner tmpfs tmpfs
	all_caps
	before=$(awk '{print $5}' /proc/self/mountinfo | sort)
	sleeper
	rt_ok exec "$ID" sh -c 'mkdir -p /vol/later && mount -t tmpfs none /vol/later && grep /vol/later /proc/self/mountinfo'
	is "$(awk '{print $5}' /proc/self/mountinfo | sort)" "$before"
	rt_ok exec "$ID" umount /vol/sub
	is "$(cat "$VOL/sub/file")" below
	rt_ok delete --force "$ID"
	is "$(awk '{print $5}' /proc/self/mountinfo | sort)" "$before"
}

# ---------------------------------------------------------------- propagation

# peer PATH: "shared", "slave", "both", "unbindable" or "private", as the optional fields say.
peer() {
	local f

	f=$(inside "$1" | tail -n 1 | awk '{ for (i = 7; $i != "-"; i++) printf "%s ", $i }')
	case "$f" in
	*shared:*master:*) echo both ;;
	*shared:*) echo shared ;;
	*master:*) echo slave ;;
	*unbindable*) echo unbindable ;;
	*) echo private ;;
	esac
}

# shared_volume: the volume, made shared in itself.
shared_volume() {
	volume
	mount --bind "$VOL" "$VOL"
	mkdir -p "$VOL/sub"
	mount --make-shared "$VOL"
	mount -t tmpfs -o size=1m ebt-sub2 "$VOL/sub"
}

@test "propagation: a volume that says nothing" {
	shared_volume
	add_mount /vol bind "$VOL" rbind
	sleeper
	kind=$(peer /vol)
	mkdir -p "$VOL/late"
	mount -t tmpfs none "$VOL/late"
	seen=$(inside /vol/late)
	umount "$VOL/late"
	# The root's propagation, rslave, is the default: what the host mounts later arrives.
	[ "$kind" = slave ] && [ -n "$seen" ] || { [ "$kind" = private ] && [ -z "$seen" ]; }
}

@test "propagation: a volume that is rslave gets what the host mounts later" {
	shared_volume
	add_mount /vol bind "$VOL" rbind rslave
	sleeper
	is "$(peer /vol)" slave
	mkdir -p "$VOL/late"
	mount -t tmpfs none "$VOL/late"
	[ -n "$(inside /vol/late)" ]
	umount "$VOL/late"
	is "$(inside /vol/late)" ""
}

@test "propagation: a volume that is rprivate gets nothing" {
	shared_volume
	add_mount /vol bind "$VOL" rbind rprivate
	sleeper
	is "$(peer /vol)" private
	is "$(peer /vol/sub)" private
	mkdir -p "$VOL/late"
	mount -t tmpfs none "$VOL/late"
	is "$(inside /vol/late)" ""
	umount "$VOL/late"
}

@test "propagation: a volume that is rshared goes both ways" {
	shared_volume
	set_config '.linux.rootfsPropagation = "rshared"'
	add_mount /vol bind "$VOL" rbind rshared
	all_caps
	sleeper
	has "shared both" "$(peer /vol)"
	mkdir -p "$VOL/late" "$VOL/from-inside"
	mount -t tmpfs none "$VOL/late"
	[ -n "$(inside /vol/late)" ]
	umount "$VOL/late"
	rt_ok exec "$ID" mount -t tmpfs none /vol/from-inside
	grep -q " $VOL/from-inside " /proc/self/mountinfo
	umount "$VOL/from-inside"
}

@test "propagation: unbindable" {
	volume
	add_mount /vol bind "$VOL" bind unbindable
	sleeper
	is "$(peer /vol)" unbindable
}

@test "propagation: the not recursive words hold at the top alone" {
	shared_volume
	mount --make-shared "$VOL/sub"
	add_mount /vol bind "$VOL" rbind private
	sleeper
	is "$(peer /vol)" private
}

@test "propagation: rootfsPropagation private and slave" {
	for want in private slave; do
		set_config ".linux.rootfsPropagation = \"$want\""
		sleeper
		# A slave of nobody is private.
		has "$want private" "$(peer /)"
		rt_ok delete --force "$ID"
	done
}

@test "propagation: rootfsPropagation unbindable" {
	known_gap runc "fails on it where the parent is private"
	set_config '.linux.rootfsPropagation = "unbindable"'
	sleeper
	is "$(peer /)" unbindable
}
