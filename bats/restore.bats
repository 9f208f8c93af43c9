#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# What a restored container has again, of its own and of the host.

load criu

@test "restore: without images, and without a criu" {
	counter
	rt_fails restore --image-path nowhere "$ID-x"
	says "--image-path: nowhere: no such file or directory"
	mkdir empty
	rt_fails restore --detach --image-path empty "$ID-x"
	says "descriptors.json: no such file or directory"
	rm "$BATS_TEST_TMPDIR/bin/criu"
	PATH="$BATS_TEST_TMPDIR/bin:/bin:/usr/bin" rt_fails checkpoint "$ID"
	says "criu: executable file not found in \$PATH"
	goes_on
	rt_fails state "$ID-x"
}

@test "restore: the reason of a failure is in the message, and nothing is left" {
	counter
	save
	rm checkpoint/core-1.img
	rt_fails restore --detach "$ID"
	says "criu failed: type RESTORE" "EOF" "(log: checkpoint/restore.log)"
	nothing_left
}

@test "restore: in the foreground, the exit status is the container's" {
	set_script 'touch /tmp/up; while [ ! -e /tmp/end ]; do sleep 0.1; done; exit 7'
	rt_ok run --detach "$ID"
	wait_for test -e rootfs/tmp/up
	save
	touch rootfs/tmp/end
	rt restore "$ID"
	is "$status" 7
	nothing_left
}

# with_streams OUT VERB...: with the fifo of descriptor 8 as standard input, a pipe to OUT as standard output and a new file
# for errors.
with_streams() {
	local to=$1

	shift
	limited "$RUNTIME" --root "$ROOT" "$@" <&8 2>"$to.err" 3>&- > >(exec cat >"$to" 3>&-)
}

@test "restore: the standard streams, pipes and files of the host, are those of restore" {
	mkfifo in in2
	exec 8<>in
	set_script 'echo up; while read -r l; do echo "<$l>"; done'
	with_streams said run --detach "$ID"
	echo first >in
	wait_for file_has said "<first>"
	save
	exec 8<>in2
	with_streams said2 restore --detach "$ID"
	echo second >in2
	wait_for file_has said2 "<second>"
	is "$(cat said2)" "<second>"
	is "$(tr '\n' ' ' <said)" "up <first> "
	exec 8>&-
}

@test "restore: binds, also through a symbolic link, are the host's; missing mount points are made" {
	mkdir -p outer inner rootfs/real
	ln -s /real/there rootfs/link
	add_mount /link bind "$PWD/outer" bind rw
	add_mount /link/deep/inner bind "$PWD/inner" bind ro
	counter
	save
	rm -rf outer/deep
	echo new >inner/word
	restore
	goes_on
	rt_ok exec "$ID" cat /link/deep/inner/word
	is "$out" new
	rt exec "$ID" touch /link/deep/inner/x
	[ "$status" -ne 0 ]
	rt_ok exec "$ID" touch /link/y
	[ -e outer/y ]
}

@test "restore: what was masked and read-only is so" {
	all_caps
	counter
	save
	restore
	goes_on
	rt_ok exec "$ID" cat /proc/keys /proc/timer_list
	is "$out" ""
	rt exec "$ID" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	[ "$status" -ne 0 ]
	rt_ok exec "$ID" ls /sys/firmware
	is "$out" ""
}

# mounts_of ID: what is mounted in the container from where and how, but for masks: any null device will do.
mounts_of() {
	awk '$4 != "/null" { for (i = 7; $i != "-"; i++); print $4, $5, $6, $(i + 1) }' "/proc/$(pid_of "$1")/mountinfo" | sort
}

# same_mounts [JQ...]: saved and restored with this in its config, the container has the mounts it had.
same_mounts() {
	[ $# = 0 ] || set_config "$@"
	set_script 'n=0; while :; do n=$((n + 1)); echo $n 1<>/tmp/n; sleep 0.1; done'
	with_null run --detach "$ID"
	wait_for count_above 3
	before=$(mounts_of "$ID")
	save
	with_null restore --detach "$ID"
	is "$(mounts_of "$ID")" "$before"
	goes_on
}

@test "restore: each mount is the one it was" {
	mkdir vol tmp
	add_mount /vol bind "$PWD/vol" bind ro nosuid
	add_mount /data tmpfs tmpfs noexec size=64k
	add_mount /tmp bind "$PWD/tmp" bind rw
	COUNT=tmp/n
	same_mounts '.root.readonly = true'
}

@test "restore: each mount is the one it was, with a cgroup namespace" {
	same_mounts '.linux.namespaces += [{type: "cgroup"}]'
}

@test "restore: each mount is the one it was, in a user namespace" {
	remap 100000
	same_mounts
}

@test "restore: each mount is the one it was, with a user and a cgroup namespace" {
	remap 100000
	same_mounts '.linux.namespaces += [{type: "cgroup"}]'
}

@test "restore: limits are in force, before and after" {
	requires_controller pids
	set_config '.linux.resources.pids = {limit: 20}'
	counter
	save
	restore
	is "$(cgroup_value "$(pid_of "$ID")" pids pids.max)" 20
	rt_ok update --pids-limit 30 "$ID"
	is "$(cgroup_value "$(pid_of "$ID")" pids pids.max)" 30
	goes_on
}

@test "restore: into another cgroup with --manage-cgroups-mode ignore" {
	set_config ".linux.cgroupsPath = \"$(cgroups_path "$ID-a")\""
	counter
	save --manage-cgroups-mode ignore
	set_config ".linux.cgroupsPath = \"$(cgroups_path "$ID-b")\""
	restore --manage-cgroups-mode ignore
	has "$(cat "/proc/$(pid_of "$ID")/cgroup")" "$ID-b"
	is "$(find /sys/fs/cgroup -type d -name "$ID-a")" ""
	goes_on
}

@test "restore: pause, kill and delete work" {
	counter
	save
	restore --pid-file pid
	is "$(cat pid)" "$(pid_of "$ID")"
	rt_ok pause "$ID"
	is "$(state_of "$ID")" paused
	rt_ok resume "$ID"
	goes_on
	rt_ok kill "$ID" KILL
	wait_state "$ID" stopped
	rt_ok delete "$ID"
	nothing_left
}

@test "restore: prestart, createRuntime, poststart and poststop hooks, in the container's network namespace" {
	set_config ".hooks = {
		createRuntime: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"echo createRuntime >>$PWD/hooks; cat >$PWD/state\"]}],
		poststart: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"echo poststart >>$PWD/hooks\"]}],
		poststop: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"echo poststop >>$PWD/hooks\"]}]}"
	counter
	save
	is "$(tr '\n' ' ' <hooks)" "createRuntime poststart poststop "
	rm hooks
	restore
	is "$(tr '\n' ' ' <hooks)" "createRuntime poststart "
	is "$(jq -r .id state)" "$ID"
	goes_on
}

@test "restore: loopback is up, and a connection in the container lives" {
	set_script 'nc -l -p 77 -e sh -c "while read l; do echo back \$l; done" &
		sleep 1; { n=0; while :; do n=$((n + 1)); echo $n; sleep 0.1; done; } | nc 127.0.0.1 77 |
		while read -r a b; do echo $b 1<>/tmp/n; done'
	rt_ok run --detach "$ID"
	wait_for count_above 3
	rt_fails checkpoint --network-lock skip "$ID"
	says "onnected TCP"
	goes_on
	save --tcp-established --network-lock skip
	restore --tcp-established --network-lock skip
	goes_on
	rt_ok exec "$ID" ifconfig lo
	has "$out" UP
}

@test "restore: a network namespace by path is joined again" {
	mkdir -p net
	touch net/ns
	unshare --net="$PWD/net/ns" true
	set_config ".linux.namespaces |= map(if .type == \"network\" then .path = \"$PWD/net/ns\" else . end)"
	counter
	save
	restore
	is "$(stat -Lc %i "/proc/$(pid_of "$ID")/ns/net")" "$(stat -Lc %i net/ns)"
	goes_on
	rt_ok delete --force "$ID"
	umount net/ns
}

@test "restore: ipc and uts namespaces by path are joined again" {
	mkdir -p ns
	for n in ipc uts; do
		touch "ns/$n"
		unshare "--$n=$PWD/ns/$n" true
		set_config ".linux.namespaces |= map(if .type == \"$n\" then .path = \"$PWD/ns/$n\" else . end)"
	done
	set_config 'del(.hostname)'
	counter
	save
	restore
	for n in ipc uts; do
		is "$(stat -Lc %i "/proc/$(pid_of "$ID")/ns/$n")" "$(stat -Lc %i "ns/$n")"
	done
	goes_on
	rt_ok delete --force "$ID"
	umount ns/*
}

@test "restore: a pid namespace by path is joined again" {
	mkdir -p ns
	touch ns/pid
	# its first process has to reap
	unshare --fork --kill-child "--pid=$PWD/ns/pid" bash -c 'while :; do sleep 1; done' 3>&- &
	CHILDREN+=($!)
	wait_for mountpoint -q ns/pid
	set_config ".linux.namespaces |= map(if .type == \"pid\" then .path = \"$PWD/ns/pid\" else . end)"
	counter
	pid=$(pid_of "$ID")
	save
	wait_for test ! -e "/proc/$pid"
	restore
	is "$(stat -Lc %i "/proc/$(pid_of "$ID")/ns/pid")" "$(stat -Lc %i ns/pid)"
	goes_on
	rt_ok delete --force "$ID"
	umount ns/pid
}

@test "restore: the network and other namespaces of the host" {
	set_config '.linux.namespaces |= map(select(.type == "pid" or .type == "mount"))' 'del(.hostname)' \
		'.mounts |= map(select(.type != "sysfs" and .type != "mqueue" and .type != "cgroup"))'
	counter
	save
	restore
	goes_on
}

@test "restore: a user namespace" {
	remap 100000
	set_script 'n=0; while :; do n=$((n + 1)); echo $n 1<>/tmp/n; sleep 0.1; done'
	with_null run --detach "$ID"
	wait_for count_above 3
	save
	with_null restore --detach "$ID"
	is "$(awk '{ print $2 }' "/proc/$(pid_of "$ID")/uid_map")" 100000
	goes_on
}

@test "restore: a read-only root, and a rootfs on a shared mount" {
	mkdir shared
	mount -t tmpfs -o size=64m tmpfs shared
	mount --make-shared shared
	cp -a rootfs shared/
	mkdir vol
	set_config ".root = {path: \"$PWD/shared/rootfs\", readonly: true}"
	add_mount /tmp bind "$PWD/rootfs/tmp" rbind rw rslave
	counter
	mounts=$(wc -l </proc/self/mountinfo)
	save
	restore
	goes_on
	rt exec "$ID" touch /x
	[ "$status" -ne 0 ]
	rt_ok delete --force "$ID"
	is "$(wc -l </proc/self/mountinfo)" "$mounts"
	umount shared
}

@test "restore: a seccomp filter, capabilities, limits and no_new_privs" {
	set_config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO"}]}'
	counter
	before=$(grep -E '^(Cap|NoNewPrivs|Seccomp:)' "/proc/$(pid_of "$ID")/status"; grep files "/proc/$(pid_of "$ID")/limits")
	save
	restore
	after=$(grep -E '^(Cap|NoNewPrivs|Seccomp:)' "/proc/$(pid_of "$ID")/status"; grep files "/proc/$(pid_of "$ID")/limits")
	is "$after" "$before"
	goes_on
}

@test "restore: --lsm-profile, --lsm-mount-context" {
	counter
	save
	rt_fails restore --detach --lsm-profile nonsense "$ID"
	says "nonsense"
	rt_fails restore --detach --lsm-profile selinux:nonsense "$ID"
	says "criu failed: type RESTORE"
	restore --lsm-mount-context system_u:object_r:container_file_t:s0
	goes_on
}
