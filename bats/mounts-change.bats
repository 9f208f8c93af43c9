#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load helpers

setup() {
	common_setup
	known_gap runc "has no mounts"
	known_gap crun "knows it since 1.9 only"
	requires_kernel 5.12 "mount_setattr" # what is refused without it: fallbacks.bats
	VOLUME="$BATS_TEST_TMPDIR/volume"
	mkdir -p "$VOLUME/sub"
	echo from-volume >"$VOLUME/file"
	chmod -R a+rX "$VOLUME"
	mkdir -p rootfs/mnt
}

# mounts FILE MOUNT...: writes the objects, in jq's notation, to a file.
mounts() {
	local f=$1 IFS=,

	shift
	jq -n "[$*]" >"$f"
}

bind_mount() {
	mounts list "{destination: \"${1:-/mnt}\", type: \"bind\", source: \"$VOLUME\", options: [\"bind\"${2:+, \"$2\"}]}"
}

# in_it COMMAND...: its output in $out.
in_it() {
	rt exec "$ID" "$@"
}

# What is mounted in the container, as the kernel says.
mountpoints() {
	awk '{ print $5 }' "/proc/$(pid_of "$ID")/mountinfo"
}

# Everything about mounts but the ids.
table() {
	awk '{ $1 = $2 = $3 = ""; print }' "/proc/$(pid_of "$ID")/mountinfo"
}

# fails_and_changes_nothing ARG...
fails_and_changes_nothing() {
	before=$(table)
	rt_fails "$@"
	is "$(table)" "$before" "mounts"
}

@test "mounts add: a bind, seen by what runs already; mounts remove: gone" {
	set_script 'while ! [ -e /mnt/file ]; do sleep 0.05; done; cat /mnt/file; while [ -e /mnt/file ]; do sleep 0.05; done; echo gone; sleep 1000'
	rt_ok run --detach "$ID"
	run_out=$out_file
	before=$(table)
	bind_mount
	rt_ok mounts add "$ID" list
	is "$out$err" ""
	wait_for file_has "$run_out" from-volume
	in_it sh -c 'echo written >/mnt/new'
	is "$(cat "$VOLUME/new")" written
	rt_ok mounts remove "$ID" list
	wait_for file_has "$run_out" gone
	is "$(table)" "$before" "mounts"
	is "$(cat "$VOLUME/file")" from-volume
}

@test "mounts add: nothing of it on the host" {
	mount --bind "$VOLUME" "$VOLUME"
	mount --make-shared "$VOLUME"
	sleeper
	before=$(cut -d' ' -f5- /proc/self/mountinfo)
	bind_mount
	rt_ok mounts add "$ID" list
	after=$(cut -d' ' -f5- /proc/self/mountinfo)
	umount "$VOLUME"
	is "$after" "$before" "the host's mounts"
	rt_ok mounts remove "$ID" list
}

@test "mounts add: what the container mounts there does not appear on the host" {
	all_caps
	mount --bind "$VOLUME" "$VOLUME"
	mount --make-shared "$VOLUME"
	sleeper
	bind_mount
	rt_ok mounts add "$ID" list
	in_it mount -t tmpfs none /mnt/sub
	is "$status" 0
	seen=$(grep -c " $VOLUME/sub " /proc/self/mountinfo) || true
	umount -R "$VOLUME"
	is "$seen" 0 "mounts that appear on the host"
}

@test "mounts add: what the host mounts in the volume later comes along, unless it is private" {
	mount --bind "$VOLUME" "$VOLUME"
	mount --make-shared "$VOLUME"
	mkdir rootfs/private
	sleeper
	mounts list "{destination: \"/mnt\", source: \"$VOLUME\", options: [\"rbind\"]}" \
		"{destination: \"/private\", source: \"$VOLUME\", options: [\"rbind\", \"rprivate\"]}"
	rt_ok mounts add "$ID" list
	mount -t tmpfs none "$VOLUME/sub"
	seen=$(mountpoints)
	umount -R "$VOLUME"
	has "$seen" /mnt/sub
	has_not "$seen" /private/sub
}

@test "mounts add: options of a bind" {
	sleeper
	mounts list "{destination: \"/mnt\", source: \"$VOLUME\", options: [\"rbind\", \"ro\", \"nosuid\", \"nodev\", \"noexec\", \"noatime\"]}"
	rt_ok mounts add "$ID" list
	in_it sh -c 'grep " /mnt " /proc/self/mountinfo; : >/mnt/new'
	has "$out" "ro,nosuid,nodev,noexec,noatime"
	has "$err" "Read-only"
}

@test "mounts add: a file" {
	sleeper
	mounts list "{destination: \"/etc/added\", type: \"bind\", source: \"$VOLUME/file\", options: [\"bind\"]}"
	rt_ok mounts add "$ID" list
	in_it cat /etc/added
	is "$out" from-volume
	rt_ok mounts remove "$ID" list
	in_it cat /etc/added
	is "$out" ""
}

@test "mounts add: a source relative to the bundle" {
	sleeper
	mkdir volume && echo bundle >volume/file
	mounts list '{destination: "/mnt", type: "bind", source: "volume", options: ["bind"]}'
	rt_ok mounts add "$ID" list
	in_it cat /mnt/file
	is "$out" bundle
}

@test "mounts add: rbind takes what is mounted below along, bind does not" {
	mount -t tmpfs none "$VOLUME/sub"
	echo below >"$VOLUME/sub/below"
	sleeper
	bind_mount /mnt
	rt_ok mounts add "$ID" list
	in_it ls /mnt/sub
	is "$out" ""
	rt_ok mounts remove "$ID" list
	mounts list "{destination: \"/mnt\", source: \"$VOLUME\", options: [\"rbind\"]}"
	rt_ok mounts add "$ID" list
	in_it cat /mnt/sub/below
	is "$out" below
	rt_ok mounts remove "$ID" list
	has_not "$(mountpoints)" /mnt
	umount "$VOLUME/sub"
}

@test "mounts add: new file systems" {
	sleeper
	mounts list '{destination: "/mnt", type: "tmpfs", source: "x", options: ["size=4k", "mode=700", "ro"]}' \
		'{destination: "/new/deep", type: "proc", source: "proc"}'
	rt_ok mounts add "$ID" list
	in_it sh -c 'stat -c %a /mnt; grep " /mnt " /proc/self/mountinfo; cat /new/deep/1/comm; : >/mnt/x'
	is "$(head -n 1 <<<"$out")" 700
	has "$out" "size=4k"
	has "$out" "ro,"
	is "$(tail -n 1 <<<"$out")" sleep
	has "$err" "Read-only"
	rt_ok mounts remove "$ID" list
	has_not "$(mountpoints)" "/mnt"
	has_not "$(mountpoints)" "/new/deep"
}

@test "mounts add: one on top of another, in the order of the list" {
	sleeper
	mounts list '{destination: "/mnt", type: "tmpfs", source: "x"}' \
		"{destination: \"/mnt/in\", source: \"$VOLUME\", options: [\"bind\"]}"
	rt_ok mounts add "$ID" list
	in_it cat /mnt/in/file
	is "$out" from-volume
	rt_ok mounts remove "$ID" list
	has_not "$(mountpoints)" /mnt
}

@test "mounts add: of several none is left when one fails" {
	sleeper
	mounts list '{destination: "/mnt", type: "tmpfs", source: "x"}' \
		"{destination: \"/mnt/in\", source: \"$VOLUME\", options: [\"bind\"]}" \
		'{destination: "/mnt/bad", type: "nosuchfs", source: "x"}'
	fails_and_changes_nothing mounts add "$ID" list
	says "mounts[2]" nosuchfs
}

@test "mounts add: a root file system that is read-only" {
	set_config '.root.readonly = true'
	sleeper
	bind_mount
	rt_ok mounts add "$ID" list
	in_it cat /mnt/file
	is "$out" from-volume
	bind_mount /not/there
	rt_ok mounts add "$ID" list
	in_it sh -c 'cat /not/there/file; : >/new'
	is "$out" from-volume
	has "$err" "Read-only"
	mounts list "{destination: \"/etc/no-file\", source: \"$VOLUME/file\", options: [\"bind\"]}"
	rt_ok mounts add "$ID" list
	in_it cat /etc/no-file
	is "$out" from-volume
}

@test "mounts add: a mount point is not made in a read-only volume, nor beneath it" {
	set_config '.root.readonly = true'
	add_mount /mnt bind "$VOLUME" bind ro
	sleeper
	mounts list '{destination: "/mnt/none", type: "tmpfs", source: "x"}'
	fails_and_changes_nothing mounts add "$ID" list
	says "read-only file system"
	[ ! -e rootfs/mnt/none ]
	[ ! -e "$VOLUME/none" ]
}

@test "mounts add: with a user namespace" {
	requires_namespace user
	remap 100000
	mkdir -p rootfs/mnt
	chown 100000:100000 rootfs/mnt
	mkdir -m 700 "$BATS_TEST_TMPDIR/private" # where the container's root may not go
	mv "$VOLUME" "$BATS_TEST_TMPDIR/private/volume"
	VOLUME="$BATS_TEST_TMPDIR/private/volume"
	sleeper
	bind_mount
	rt_ok mounts add "$ID" list
	in_it cat /mnt/file
	is "$out" from-volume
	mounts more '{destination: "/made", type: "tmpfs", source: "x", options: ["mode=755"]}'
	rt_ok mounts add "$ID" more
	in_it sh -c 'stat -c %u /made && echo x >/made/file && cat /made/file'
	is "$out" "$(printf '0\nx')"
	rt_ok mounts remove "$ID" more
	rt_ok mounts remove "$ID" list
	has_not "$(mountpoints)" /mnt
	has_not "$(mountpoints)" /made
}

@test "mounts add: root of a user namespace cannot see what a submount hides, nor lift what the host forbids" {
	requires_namespace user
	remap 100000
	all_caps
	mkdir -p rootfs/mnt
	chown 100000:100000 rootfs/mnt
	echo hidden >"$VOLUME/sub/beneath"
	chmod a+r "$VOLUME/sub/beneath"
	sleeper
	mount --bind "$VOLUME" "$VOLUME"
	mount -o remount,bind,ro,nosuid "$VOLUME"
	mount -t tmpfs over "$VOLUME/sub"
	mounts list "{destination: \"/mnt\", source: \"$VOLUME\", options: [\"rbind\"]}"
	rt mounts add "$ID" list
	added=$status
	in_it sh -c 'cat /mnt/file; umount /mnt/sub; umount -l /mnt/sub; cat /mnt/sub/beneath
		mount -o remount,bind,rw /mnt && echo lifted; mount -o remount,bind,suid,ro /mnt && echo lifted; : >/mnt/new'
	umount -R "$VOLUME"
	is "$added" 0
	has "$out" from-volume
	has_not "$out" hidden
	has_not "$out" lifted
	[ ! -e "$VOLUME/new" ]
	rt_ok mounts remove "$ID" list
	has_not "$(mountpoints)" /mnt
}

@test "mounts add: with mapped ids" {
	sleeper
	chown 1000:1000 "$VOLUME/file"
	mounts list "{destination: \"/mnt\", source: \"$VOLUME\", options: [\"bind\", \"idmap\"],
		uidMappings: [{containerID: 1000, hostID: 2000, size: 10}], gidMappings: [{containerID: 1000, hostID: 2000, size: 10}]}"
	rt mounts add "$ID" list
	[[ $err != *"operation not supported"* && $err != *"invalid argument"* ]] || skip "this file system cannot be mapped"
	is "$status" 0
	in_it stat -c %u:%g /mnt/file
	is "$out" 2000:2000
}

@test "mounts: a created and a paused container" {
	set_args sleep 1000
	rt_ok create "$ID"
	bind_mount
	rt_ok mounts add "$ID" list
	rt_ok start "$ID"
	in_it cat /mnt/file
	is "$out" from-volume
	rt_ok pause "$ID"
	rt_ok mounts remove "$ID" list
	has_not "$(mountpoints)" /mnt
	rt_ok resume "$ID"
}

@test "mounts: a link that the container laid is not followed" {
	mkdir -p rootfs/target
	set_script 'ln -s /target /link; ln -s /proc /plink; ln -s ../../../../../../target rootlink; echo ready; sleep 1000'
	rt_ok run --detach "$ID"
	wait_for file_has "$out_file" ready
	for d in /link /link/sub /plink/sys /plink/kcore /rootlink; do
		bind_mount "$d"
		fails_and_changes_nothing mounts add "$ID" list
	done
	for d in /plink/kcore /plink/sys /link; do
		bind_mount "$d"
		fails_and_changes_nothing mounts remove "$ID" list
	done
	mounts list '{destination: "/link", type: "tmpfs", source: "x"}'
	fails_and_changes_nothing mounts add "$ID" list
	says "symbolic link"
}

@test "mounts: while the container keeps changing the path, nothing leaves its root" {
	mkdir -p rootfs/a rootfs/b
	outside="$BATS_TEST_TMPDIR/outside"
	mkdir -p "$outside/x"
	set_script "mkdir -p /w/x; ln -s $outside /l; while :; do mv /w /v; mv /l /w; mv /w /l; mv /v /w; done"
	rt_ok run --detach "$ID"
	before=$(cut -d' ' -f5- /proc/self/mountinfo)
	bind_mount /w/x
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		rt mounts add "$ID" list
		rt mounts remove "$ID" list
	done
	is "$(cut -d' ' -f5- /proc/self/mountinfo)" "$before" "the host's mounts"
	is "$(ls "$outside/x")" ""
}

@test "mounts: what cannot be done to a container that runs is refused" {
	sleeper
	for m in '{destination: "/", type: "tmpfs", source: "x"}' '{destination: "/proc/sys", type: "tmpfs", source: "x"}' \
		'{destination: "/proc", type: "tmpfs", source: "x"}' '{destination: "/mnt", type: "cgroup", source: "x"}' \
		'{destination: "/mnt", source: "x"}' '{destination: "", type: "tmpfs"}' \
		'{destination: "/mnt", source: "/no/such", options: ["bind"]}' \
		"{destination: \"/mnt\", source: \"$VOLUME\", options: [\"bind\", \"copy-symlink\"]}"; do
		mounts list "$m"
		fails_and_changes_nothing mounts add "$ID" list
		says 'mounts[0].'
	done
	for d in / /proc /proc/kcore /../ /proc/../; do
		mounts list "{destination: \"$d\"}"
		fails_and_changes_nothing mounts remove "$ID" list
		says 'mounts[0].destination'
	done
}

@test "mounts remove: what is not mounted, or not there" {
	sleeper
	for d in /mnt /none /none/deep; do
		mounts list "{destination: \"$d\"}"
		fails_and_changes_nothing mounts remove "$ID" list
		says "mounts[0]: $d"
	done
}

@test "mounts remove: a mount of the container's own configuration" {
	add_mount /mnt bind "$VOLUME" bind
	sleeper
	mounts list '{destination: "/mnt"}'
	rt_ok mounts remove "$ID" list
	has_not "$(mountpoints)" /mnt
}

@test "mounts remove: a mount that is in use" {
	sleeper
	bind_mount
	rt_ok mounts add "$ID" list
	rt_ok exec --detach --cwd /mnt "$ID" sleep 1001
	rt_ok mounts remove "$ID" list
	has_not "$(mountpoints)" /mnt
}

@test "mounts: a file that is no array of mounts" {
	sleeper
	for text in '' '{}' '[{"destination": 1}]' '[{}]' '[' '"x"' '[]]'; do
		echo "$text" >list
		rt_fails mounts add "$ID" list
		says list
	done
	rt_fails mounts add "$ID" nosuchfile
	says nosuchfile
	echo '[]' >list
	rt_ok mounts add "$ID" list
}

@test "mounts: arguments" {
	sleeper
	bind_mount
	rt_fails mounts
	rt_fails mounts add "$ID"
	rt_fails mounts add "$ID" list more
	rt_fails mounts change "$ID" list
	says change
	rt_fails mounts add "$ID-none" list
	says "container does not exist"
	rt_ok kill "$ID" KILL
	wait_state "$ID" stopped
	rt_fails mounts add "$ID" list
	says "container not running"
}

@test "mounts: a container in the host's mount namespace" {
	set_config '.linux.namespaces |= map(select(.type != "mount"))' 'del(.linux.maskedPaths, .linux.readonlyPaths)' '.mounts = []'
	sleeper
	bind_mount
	rt_fails mounts add "$ID" list
	says "no mount namespace"
}

@test "mounts add: whatever has become of the bundle's config.json" {
	sleeper
	bind_mount
	rm config.json
	rt_ok mounts add "$ID" list
	in_it cat /mnt/file
	is "$out" from-volume
	rt_ok mounts remove "$ID" list
}

@test "mounts add: ids relative to the container's user namespace" {
	requires_namespace user
	remap 100000
	mkdir -p rootfs/mnt
	chown 100000:100000 rootfs/mnt
	chown 0:0 "$VOLUME/file"
	sleeper
	rm config.json
	mounts list "{destination: \"/mnt\", source: \"$VOLUME\", options: [\"bind\", \"idmap=uids=@0-0-10;gids=@0-0-10\"]}"
	rt mounts add "$ID" list
	[[ $err != *"operation not supported"* ]] || skip "this file system cannot be mapped"
	is "$status" 0
	in_it stat -c %u:%g /mnt/file
	is "$out" 0:0
}
