#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# mounts[] and every option name of config.md, seen in the mount table of the container.

load helpers

# Every option that config.md names, and what it is about.
PLAIN="ro rw nosuid suid nodev dev noexec exec noatime atime nodiratime diratime relatime norelatime strictatime
	nostrictatime nosymfollow symfollow"
SUPERBLOCK="sync async dirsync lazytime nolazytime iversion noiversion mand nomand silent loud defaults"
PROPAGATION="private rprivate shared rshared slave rslave unbindable runbindable"
RECURSIVE="rro rrw rnosuid rsuid rnodev rdev rnoexec rexec rnodiratime rdiratime rrelatime rnorelatime rnoatime ratime
	rstrictatime rnostrictatime rnosymfollow rsymfollow"
OTHERS="bind rbind remount tmpcopyup idmap ridmap"

teardown() {
	if [ -n "${VOL:-}" ]; then
		"$RUNTIME" --root "$ROOT" delete --force "$ID" >/dev/null 2>&1 3>&- || true
		while umount -R "$VOL" 2>/dev/null; do :; done
	fi
	common_teardown
}

# A directory of the host that is a mount, with a mount beneath it.
volume() {
	VOL="$BATS_TEST_TMPDIR/vol"
	mkdir "$VOL"
	mount -t tmpfs -o mode=755,size=1m,nr_inodes=100 ebt-top "$VOL"
	mkdir "$VOL/sub"
	mount -t tmpfs -o mode=755,size=1m,nr_inodes=100 ebt-sub "$VOL/sub"
}

# Fetches the container's mount table, for own and super.
table() {
	rt_ok exec "$ID" cat /proc/self/mountinfo
	TABLE=$out
}

# own PATH: the options of the mount itself. super PATH: those of its file system.
own() {
	awk -v p="$1" '$5 == p { o = $6 } END { print o }' <<<"$TABLE"
}

super() {
	awk -v p="$1" '$5 == p { o = $NF } END { print o }' <<<"$TABLE"
}

with() {
	[[ ,$1, == *,$2,* ]] || { echo "no $2 in $1 (${3:-})" && return 1; }
}

without() {
	[[ ,$1, != *,$2,* ]] || { echo "$2 in $1 (${3:-})" && return 1; }
}

# check NAME OPTIONS: what the options of a mount must look like where NAME was asked for.
check() {
	case "$1" in
	ro | nosuid | nodev | noexec | noatime | nodiratime | relatime | nosymfollow) with "$2" "$1" "$1" ;;
	rw) with "$2" rw rw ;;
	suid | dev | exec | symfollow) without "$2" "no$1" "$1" ;;
	diratime) without "$2" nodiratime "$1" ;;
	atime) without "$2" noatime "$1" ;;
	strictatime) without "$2" relatime "$1" && without "$2" noatime "$1" ;;
	norelatime | nostrictatime) without "$2" noatime "$1" ;;
	*) echo "what of $1?" && return 1 ;;
	esac
}

@test "mount options: of the mount, on a new file system" {
	for o in $PLAIN; do
		add_mount "/o/$o" tmpfs tmpfs size=1m nr_inodes=100 "$o"
	done
	sleeper
	table
	for o in $PLAIN; do
		check "$o" "$(own "/o/$o")"
	done
}

@test "mount options: of the mount, on a bind" {
	volume
	for o in $PLAIN; do
		add_mount "/o/$o" bind "$VOL" bind "$o"
	done
	sleeper
	table
	for o in $PLAIN; do
		check "$o" "$(own "/o/$o")"
	done
}

@test "mount options: those that clear, on a bind of a mount that has them" {
	volume
	mount -o remount,bind,ro,nosuid,nodev,noexec,noatime,nodiratime "$VOL"
	for o in rw suid dev exec strictatime; do
		add_mount "/o/$o" bind "$VOL" bind "$o"
	done
	sleeper
	table
	for o in rw suid dev exec strictatime; do
		check "$o" "$(own "/o/$o")"
	done
}

@test "mount options: those that clear access times leave a bind what its source has" {
	volume
	mount -o remount,bind,noatime,nodiratime "$VOL"
	for o in atime diratime norelatime nostrictatime; do
		add_mount "/o/$o" bind "$VOL" bind "$o"
	done
	add_mount /o/set bind "$VOL" bind atime relatime
	sleeper
	table
	for o in atime diratime norelatime nostrictatime; do
		with "$(own "/o/$o")" noatime "$o"
		with "$(own "/o/$o")" nodiratime "$o"
	done
	with "$(own /o/set)" relatime
	without "$(own /o/set)" nodiratime
}

@test "mount options: of the file system" {
	for o in $SUPERBLOCK; do
		add_mount "/o/$o" tmpfs tmpfs size=1m nr_inodes=100 "$o"
	done
	sleeper
	table
	for o in sync dirsync lazytime mand; do
		with "$(super "/o/$o")" "$o"
	done
	for o in async nolazytime nomand defaults loud silent noiversion; do
		for no in sync lazytime mand; do
			without "$(super "/o/$o")" "$no" "$o"
		done
	done
}

@test "mount options: the last of two that exclude each other counts" {
	add_mount /o/1 tmpfs tmpfs size=1m nosuid suid exec noexec ro rw sync async noatime relatime nosymfollow symfollow
	add_mount /o/2 tmpfs tmpfs size=1m suid nosuid noexec exec rw ro async sync symfollow nosymfollow lazytime nolazytime
	sleeper
	table
	without "$(own /o/1)" nosuid && with "$(own /o/1)" noexec && with "$(own /o/1)" rw && without "$(super /o/1)" sync
	without "$(own /o/1)" nosymfollow
	with "$(own /o/2)" nosuid && without "$(own /o/2)" noexec && with "$(own /o/2)" ro && with "$(super /o/2)" sync
	with "$(own /o/2)" nosymfollow && without "$(super /o/2)" lazytime
}

@test "mount options: nosymfollow: links are not followed" {
	volume
	ln -s /etc/passwd "$VOL/link"
	add_mount /follow bind "$VOL" bind
	add_mount /nofollow bind "$VOL" bind nosymfollow
	in_container 'cat /follow/link >/dev/null && echo followed; cat /nofollow/link || echo refused'
	is "$out" "$(printf 'followed\nrefused')"
}

@test "mount options: the recursive ones hold beneath too" {
	requires_kernel 5.14 "rnosymfollow"
	volume
	for o in rro rnosuid rnodev rnoexec rnodiratime rrelatime rnoatime rstrictatime rnosymfollow; do
		add_mount "/o/$o" bind "$VOL" rbind "$o"
	done
	sleeper
	table
	for o in rro rnosuid rnodev rnoexec rnodiratime rrelatime rnoatime rstrictatime rnosymfollow; do
		check "${o#r}" "$(own "/o/$o")"
		check "${o#r}" "$(own "/o/$o/sub")"
	done
}

@test "mount options: the recursive ones that clear" {
	requires_kernel 5.14 "rsymfollow"
	volume
	mount -o remount,bind,ro,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow "$VOL/sub" ||
		mount -o remount,bind,ro,nosuid,nodev,noexec,noatime,nodiratime "$VOL/sub"
	for o in rrw rsuid rdev rexec rdiratime ratime rnorelatime rnostrictatime rsymfollow; do
		add_mount "/o/$o" bind "$VOL" rbind "$o"
	done
	sleeper
	table
	for o in rrw rsuid rdev rexec rdiratime ratime rnorelatime rnostrictatime rsymfollow; do
		check "${o#r}" "$(own "/o/$o/sub")"
	done
}

@test "mount options: propagation, at the top and beneath" {
	volume
	mount --make-rshared "$VOL"
	for o in $PROPAGATION; do
		add_mount "/o/$o" bind "$VOL" rbind "$o"
	done
	sleeper
	table
	fields() {
		awk -v p="$1" '$5 == p { f = ""; for (i = 7; $i != "-"; i++) f = f " " $i; sub(/:[0-9]+/, "", f) } END { print f }' \
			<<<"$TABLE" | sed 's/:[0-9]*//g; s/^ //'
	}
	is "$(fields /o/rprivate) $(fields /o/rprivate/sub)" " "
	is "$(fields /o/rslave) $(fields /o/rslave/sub)" "master master"
	has "$(fields /o/rshared)" shared
	has "$(fields /o/rshared/sub)" shared
	is "$(fields /o/runbindable) $(fields /o/runbindable/sub)" "unbindable unbindable"
	is "$(fields /o/private)" ""
	is "$(fields /o/slave)" master
	has "$(fields /o/shared)" shared
	is "$(fields /o/unbindable)" unbindable
}

@test "mount options: remount, of a new file system and of a bind" {
	volume
	add_mount /m tmpfs tmpfs size=1m
	add_mount /m tmpfs tmpfs remount ro nosuid size=2m
	add_mount /b bind "$VOL" bind
	add_mount /b none none bind remount ro noexec
	sleeper
	table
	with "$(own /m)" ro && with "$(own /m)" nosuid && with "$(super /m)" size=2048k
	with "$(own /b)" ro && with "$(own /b)" noexec
	is "$(awk '$5 == "/m" || $5 == "/b"' <<<"$TABLE" | wc -l)" 2
	without "$(awk -v p="$VOL" '$5 == p { print $6 }' /proc/self/mountinfo)" ro
}

@test "mount options: what is none of the known ones goes to the file system" {
	add_mount /m tmpfs tmpfs nr_inodes=77 huge=never mode=0751 nosuid
	sleeper
	table
	with "$(super /m)" nr_inodes=77
	with "$(super /m)" mode=751
}

@test "mount options: tmpcopyup: owners, modes, links; what is there stays below" {
	mkdir -p rootfs/data/d
	echo text >rootfs/data/d/f
	ln -s d/f rootfs/data/l
	chown 12:34 rootfs/data/d/f
	chmod 2751 rootfs/data/d
	chmod 0640 rootfs/data/d/f
	add_mount /data tmpfs tmpfs tmpcopyup size=1m ro
	all_caps
	in_container 'cat /data/l; readlink /data/l; stat -c "%a %u:%g" /data/d/f; stat -c %a /data/d; touch /data/x || echo read-only'
	is "$out" "$(printf 'text\nd/f\n640 12:34\n2751\nread-only')"
}

@test "mounts: type, source and options may be missing where nothing needs them" {
	set_config '.mounts += [{destination: "/t", type: "tmpfs"}]'
	set_config ".mounts += [{destination: \"/b\", source: \"$BUNDLE\", options: [\"bind\"]}]"
	in_container 'stat -f -c %T /t; ls /b/config.json'
	is "$out" "$(printf 'tmpfs\n/b/config.json')"
}

# ---------------------------------------------------------------- id mapped mounts

# A volume whose files are of 1000:2000 and of 0:0, above and beneath: on disk, since a tmpfs cannot be mapped before 6.3.
owned_volume() {
	VOL="$BATS_TEST_TMPDIR/vol"
	mkdir -p "$VOL/sub" "$BATS_TEST_TMPDIR/beneath"
	mount --bind "$VOL" "$VOL"
	mount --bind "$BATS_TEST_TMPDIR/beneath" "$VOL/sub"
	for d in "$VOL" "$VOL/sub"; do
		touch "$d/user" "$d/root"
		chown 1000:2000 "$d/user"
	done
}

OWN_MAPS='uidMappings: [{containerID: 1000, hostID: 7000, size: 1}], gidMappings: [{containerID: 2000, hostID: 8000, size: 1}]'

@test "idmap: mappings of the mount's own, without a user namespace" {
	requires_kernel 5.12 "idmapped mounts"
	owned_volume
	set_config ".mounts += [{destination: \"/v\", type: \"bind\", source: \"$VOL\", options: [\"rbind\", \"idmap\"], $OWN_MAPS}]"
	in_container 'stat -c %u:%g /v/user /v/root /v/sub/user'
	is "$out" "$(printf '7000:8000\n65534:65534\n1000:2000')"
}

@test "ridmap: beneath too" {
	requires_kernel 5.12 "idmapped mounts"
	owned_volume
	set_config ".mounts += [{destination: \"/v\", type: \"bind\", source: \"$VOL\", options: [\"rbind\", \"ridmap\"], $OWN_MAPS}]"
	in_container 'stat -c %u:%g /v/user /v/sub/user'
	is "$out" "$(printf '7000:8000\n7000:8000')"
}

@test "idmap: mappings without the option mean idmap" {
	requires_kernel 5.12 "idmapped mounts"
	owned_volume
	set_config ".mounts += [{destination: \"/v\", type: \"bind\", source: \"$VOL\", options: [\"rbind\"], $OWN_MAPS}]"
	in_container 'stat -c %u:%g /v/user /v/sub/user'
	is "$out" "$(printf '7000:8000\n1000:2000')"
}

@test "idmap: the container's mappings" {
	requires_kernel 5.12 "idmapped mounts"
	remap 100000
	owned_volume
	set_config ".mounts += [{destination: \"/v\", type: \"bind\", source: \"$VOL\", options: [\"rbind\", \"idmap\"]}]"
	in_container 'stat -c %u:%g /v/user /v/root /v/sub/user; touch /v/new'
	is "$out" "$(printf '1000:2000\n0:0\n65534:65534')"
	is "$(stat -c %u:%g "$VOL/new")" 0:0
}

@test "ridmap: the container's mappings" {
	requires_kernel 5.12 "idmapped mounts"
	remap 100000
	owned_volume
	set_config ".mounts += [{destination: \"/v\", type: \"bind\", source: \"$VOL\", options: [\"rbind\", \"ridmap\"]}]"
	in_container 'stat -c %u:%g /v/user /v/sub/user'
	is "$out" "$(printf '1000:2000\n1000:2000')"
}

@test "idmap: mappings of the mount's own in a user namespace" {
	requires_kernel 5.12 "idmapped mounts"
	remap 100000
	owned_volume
	set_config ".mounts += [{destination: \"/v\", type: \"bind\", source: \"$VOL/sub\", options: [\"bind\", \"idmap\"],
		uidMappings: [{containerID: 1000, hostID: 100005, size: 1}],
		gidMappings: [{containerID: 2000, hostID: 100006, size: 1}]}]"
	in_container 'stat -c %u:%g /v/user'
	is "$out" 5:6
}

@test "idmap: a new file system" {
	requires_kernel 6.3 "idmapped mounts of tmpfs"
	set_config ".mounts += [{destination: \"/v\", type: \"tmpfs\", source: \"tmpfs\", options: [\"idmap\", \"mode=755\"],
		uidMappings: [{containerID: 0, hostID: 7000, size: 1}], gidMappings: [{containerID: 0, hostID: 8000, size: 1}]}]"
	in_container 'stat -c %u:%g /v'
	is "$out" 7000:8000
}

@test "idmap: joined user namespace" {
	requires_kernel 5.12 "idmapped mounts"
	remap 100000
	sleeper
	owned_volume
	set_config "(.linux.namespaces[] | select(.type == \"user\")).path = \"/proc/$(pid_of "$ID")/ns/user\" |
		del(.linux.uidMappings, .linux.gidMappings) |
		.mounts += [{destination: \"/v\", type: \"bind\", source: \"$VOL/sub\", options: [\"bind\", \"idmap\"]}]"
	set_script 'stat -c %u:%g /v/user'
	rt_ok run "$ID-2"
	is "$out" 1000:2000
}

# ---------------------------------------------------------------- symbolic links

@test "mount options: copy-symlink: a source that is a link becomes one" {
	echo text >"$BATS_TEST_TMPDIR/file"
	ln -s /no/such/target "$BATS_TEST_TMPDIR/link"
	add_mount /l bind "$BATS_TEST_TMPDIR/link" bind copy-symlink
	add_mount /f bind "$BATS_TEST_TMPDIR/file" bind copy-symlink
	in_container 'readlink /l; cat /f'
	is "$out" "$(printf '/no/such/target\ntext')"
}

@test "mount options: src-nofollow: the link itself is bound" {
	ln -s /no/such/target "$BATS_TEST_TMPDIR/link"
	add_mount /l bind "$BATS_TEST_TMPDIR/link" bind src-nofollow dest-nofollow
	ln -s /elsewhere rootfs/l
	in_container 'readlink /l'
	is "$out" /no/such/target
	is "$(readlink rootfs/l)" /elsewhere
}

@test "mount options: dest-nofollow: a link at the destination is not followed" {
	echo target >rootfs/target
	ln -s target rootfs/l
	ln -s text "$BATS_TEST_TMPDIR/link"
	add_mount /l bind "$BATS_TEST_TMPDIR/link" bind src-nofollow dest-nofollow
	in_container 'cat /target; readlink /l'
	is "$out" "$(printf 'target\ntext')"
}

# ---------------------------------------------------------------- /dev of the host, features

@test "mounts: with /dev bound from the host, devices elsewhere are made" {
	mkdir "$BATS_TEST_TMPDIR/dev"
	mknod -m 666 "$BATS_TEST_TMPDIR/dev/null" c 1 3
	set_config '.mounts |= map(select(.destination | startswith("/dev") | not))'
	add_mount /dev bind "$BATS_TEST_TMPDIR/dev" bind
	set_config '.linux.devices = [{path: "/opt/zero", type: "c", major: 1, minor: 5},
		{path: "/dev/null", type: "c", major: 1, minor: 3}]'
	in_container 'head -c 3 /opt/zero | wc -c; ls /dev'
	is "${out// /}" "$(printf '3\nnull')"
	is "$(ls "$BATS_TEST_TMPDIR/dev")" null
}

@test "mounts: with /dev bound from the host, a device that is not there is refused" {
	mkdir "$BATS_TEST_TMPDIR/dev"
	mknod -m 666 "$BATS_TEST_TMPDIR/dev/null" c 1 3
	set_config '.mounts |= map(select(.destination | startswith("/dev") | not))'
	add_mount /dev bind "$BATS_TEST_TMPDIR/dev" bind
	set_config '.linux.devices = [{path: "/dev/zero", type: "c", major: 1, minor: 5}]'
	rt_fails create "$ID"
	says "linux.devices[0]" "/dev/zero"
	is "$(ls "$BATS_TEST_TMPDIR/dev")" null
}

@test "mount options: features names each of config.md's" {
	rt_ok features
	for o in $PLAIN $SUPERBLOCK $PROPAGATION $RECURSIVE $OTHERS; do
		is "$(jq --arg o "$o" '.mountOptions | index([$o]) != null' <<<"$out")" true "$o"
	done
}
