#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# A user without privileges: the verbs, ids, file systems, and the process.

load rootless

add_and_remove_mount() {
	echo '[{"destination": "/mnt", "type": "tmpfs", "source": "tmpfs"}]' >mounts.json
	rt_ok mounts add "$ID" mounts.json
	rt_ok exec "$ID" stat -f -c %T /mnt
	is "$out" tmpfs
	rt_ok mounts remove "$ID" mounts.json
	rt exec "$ID" grep -c " /mnt " /proc/self/mountinfo
	is "$out" 0
}

# ---------------------------------------------------------------- verbs

@test "rootless: create, state, start, exec, ps, list, kill, delete" {
	all_verbs() {
		set_args sleep 1000
		rt_ok create "$ID"
		is "$(state_of "$ID")" created
		pid=$(pid_of "$ID")
		is_users "$pid"
		rt_ok start "$ID"
		is "$(state_of "$ID")" running
		rt_ok exec "$ID" sh -c 'id -u; id -g; tr "\0" " " </proc/1/cmdline'
		is "$out" "$(printf '0\n0\nsleep 1000 ')"
		rt_ok ps --format json "$ID"
		is "$(jq -c . <<<"$out")" "[$pid]"
		rt_ok list --format json
		is "$(jq -r '.[] | .id + " " + .owner' <<<"$out")" "$ID ebr"
		rt_ok events --stats "$ID"
		is "$(jq -r .id <<<"$out")" "$ID"
		[ "$RUNTIME_NAME" = runc ] || add_and_remove_mount
		rt_ok kill "$ID" KILL
		wait_state "$ID" stopped
		rt_ok delete "$ID"
		[ ! -e "$ROOT/$ID" ]
	}
	each_way all_verbs
}

@test "rootless: run: output and exit status" {
	runs() {
		set_script 'id -u; cat; exit 7'
		RT_STDIN=/etc/hostname rt run "$ID"
		is "$status" 7
		is "$out" "0
$(cat /etc/hostname)"
	}
	each_way runs
}

@test "rootless: the ids on the host are the user's and its subordinate ones" {
	sub_ids
	set_config '.process.user = {uid: 1000, gid: 5, additionalGids: [6]}'
	chmod 777 rootfs/tmp
	set_args sh -c 'id -u; id -G; : >/tmp/made; exec sleep 1000'
	rt_ok run --detach "$ID"
	wait_for file_has "$out_file" "5 6"
	is "$(cat "$out_file")" "$(printf '1000\n5 6')"
	is "$(stat -c %u:%g rootfs/tmp/made)" "$((SUB_IDS + 999)):$((SUB_IDS + 4))"
	pid=$(pid_of "$ID")
	is "$(stat -c %u "/proc/$pid")" "$((SUB_IDS + 999))"
	rt_ok exec --user 0 "$ID" id -u
	is "$out" 0
	rt_ok exec --user 7:8 --additional-gids 9 "$ID" sh -c 'id -u; id -G'
	is "$out" "$(printf '7\n8 6 9')"
}

@test "rootless: the default state root is \$XDG_RUNTIME_DIR" {
	set_args sleep 1000
	limited "$RUNTIME" run --detach "$ID" </dev/null >/dev/null 2>&1 3>&-
	[ -d "$U/xdg/$RUNTIME_NAME/$ID" ]
	is "$(stat -c %u:%a "$U/xdg/$RUNTIME_NAME/$ID")" "$(stat -c %u "$U/xdg"):$(stat -c %a "$U/xdg/$RUNTIME_NAME/$ID")"
	limited "$RUNTIME" delete --force "$ID" 3>&-
	[ ! -e "$U/xdg/$RUNTIME_NAME/$ID" ]
}

@test "rootless: spec --rootless makes a configuration that runs" {
	rm config.json
	limited "$RUNTIME" spec --rootless 3>&-
	is "$(stat -c %u config.json)" "$USER_ID"
	set_config '.process.terminal = false' ".process.env += [\"EBT_CONTAINER=$ID\"]"
	chown "$USER_ID" config.json
	in_container 'id -u; cat /proc/self/uid_map'
	is "$(tr -s ' ' <<<"$out")" "$(printf '0\n 0 %d 1' "$USER_ID")"
}

# ---------------------------------------------------------------- mappings

@test "rootless: one id is mapped without helpers, and setgroups is denied" {
	USER_PATH=/nowhere rt run "$ID"
	USER_PATH=/bin:/usr/bin in_container 'cat /proc/self/setgroups; tr -s " " </proc/self/gid_map'
	is "$out" "$(printf 'deny\n 0 %d 1' "$USER_ID")"
}

@test "rootless: with subordinate ids setgroups is allowed" {
	sub_ids
	in_container 'cat /proc/self/setgroups'
	is "$out" allow
}

@test "rootless: a missing newuidmap or newgidmap is named" {
	sub_ids
	for helper in newuidmap newgidmap; do
		rm -rf "$U/path" && mkdir "$U/path"
		for tool in sh mount unshare setpriv env newuidmap newgidmap; do
			[ "$tool" = "$helper" ] || ln -s "$(command -v "$tool")" "$U/path/$tool"
		done
		USER_PATH="$U/path" rt_fails run "$ID"
		says "$helper" "\$PATH" uidmap
		[ ! -e "$ROOT/$ID" ]
	done
}

# A helper that never ends, and says so in $U/work/asked.
stuck_helper() {
	sub_ids
	rm -rf "$U/path" && mkdir "$U/path"
	for tool in sh mount unshare setpriv env sleep newuidmap; do
		ln -s "$(command -v "$tool")" "$U/path/$tool"
	done
	printf '#!/bin/sh\n: >%s/work/asked\nexec sleep 1005\n' "$U" >"$U/path/newgidmap"
	chmod 755 "$U/path/newgidmap"
}

@test "rootless: a newgidmap that does not end is ended after 10 s" {
	stuck_helper
	USER_PATH="$U/path" rt_fails run "$ID"
	says newgidmap "timed out"
	[ ! -e "$ROOT/$ID" ]
}

@test "rootless: init does not outlive a runtime that is killed while it waits for its id maps" {
	stuck_helper
	USER_PATH="$U/path" background "$RUNTIME" --root "$ROOT" run "$ID"
	wait_for test -e "$U/work/asked"
	# shellcheck disable=SC2046
	set -- $(pgrep -P "$bg_pid")
	kill -KILL "$bg_pid"
	for pid in "$@"; do
		wait_for is_gone "$pid" || [ "$(cat "/proc/$pid/comm")" = sleep ]
		kill -KILL "$pid" 2>/dev/null || true
	done
	rt_ok delete --force "$ID"
}

@test "rootless: ids that are not the user's are refused, and the file that would have to have them named" {
	sub_ids
	set_config '.linux.uidMappings[1].hostID = 300000'
	rt_fails run "$ID"
	says /etc/subuid "not allowed"
	[ ! -e "$ROOT/$ID" ]
	map_root_to "$USER_ID"
	set_config '.linux.uidMappings[0].hostID = 0'
	rt run "$ID"
	is "$status" 1
	[ ! -e "$ROOT/$ID" ]
}

@test "rootless: additional groups where setgroups is denied" {
	set_config '.process.user.additionalGids = [0]'
	in_container 'id -g' # the group that it has anyway, as engines put it there
	set_config '.process.user.additionalGids = [0, 7]'
	rt_fails run "$ID"
	says "cannot set any additional groups in a rootless container"
	[ ! -e "$ROOT/$ID" ]
}

@test "rootless: a user that is not mapped" {
	set_config '.process.user.uid = 5'
	rt_fails run "$ID"
	says process.user.uid "not mapped"
	set_config '.process.user = {uid: 0, gid: 5}'
	rt_fails run "$ID"
	says process.user.gid "not mapped"
}

@test "rootless: without a user namespace" {
	set_config '.linux.namespaces |= map(select(.type != "user"))' 'del(.linux.uidMappings, .linux.gidMappings)'
	rt_fails run "$ID"
	says "rootless container requires user namespaces"
	[ ! -e "$ROOT/$ID" ]
}

@test "rootless: the user namespace of another container is joined, with its mappings" {
	sub_ids
	sleeper "$ID-first"
	set_config ".linux.namespaces |= map(if .type == \"user\" or .type == \"network\" or .type == \"ipc\"
		then .path = \"/proc/$(pid_of "$ID-first")/ns/\" + (if .type == \"network\" then \"net\" else .type end) else . end)" \
		'.process.args = ["sh", "-c", "readlink /proc/self/ns/user; readlink /proc/self/ns/net; id -u; stat -c %u /bin/sh"]'
	rt_ok run "$ID"
	pid=$(pid_of "$ID-first")
	is "$out" "$(readlink "/proc/$pid/ns/user" "/proc/$pid/ns/net"; printf '0\n0')"
}

# ---------------------------------------------------------------- file systems and devices

@test "rootless: volumes, read-only and not, and a tmpfs" {
	mkdir -p "$U/work/ro" "$U/work/rw"
	echo kept >"$U/work/ro/file"
	chown -R "$USER_ID" "$U/work"
	add_mount /ro bind "$U/work/ro" rbind ro
	add_mount /rw bind "$U/work/rw" bind
	add_mount /scratch tmpfs tmpfs size=1m mode=1777
	volumes() {
		in_container 'cat /ro/file; echo lost 2>/dev/null >/ro/file || echo refused; id -u >/rw/made; stat -c %u /rw/made
			umount /ro 2>/dev/null; mount -o remount,bind,rw /ro 2>/dev/null; echo x 2>/dev/null >/ro/other || echo still
			df -k /scratch | tail -n 1 | tr -s " " | cut -d " " -f 2'
		is "$out" "$(printf 'kept\nrefused\n0\nstill\n1024')"
		is "$(stat -c %u "$U/work/rw/made")" "$USER_ID"
		is "$(ls "$U/work/ro")" file
	}
	each_way volumes
}

@test "rootless: a read-only root" {
	set_config '.root.readonly = true'
	in_container 'echo x >/new || echo refused'
	is "$out" refused
	[ ! -e rootfs/new ]
}

@test "rootless: the host's devices are bound, and others cannot be made" {
	set_config '.linux.devices = [{path: "/dev/fuse", type: "c", major: 10, minor: 229}]'
	[ -e /dev/fuse ] || skip "needs /dev/fuse"
	in_container 'stat -c "%t:%T" /dev/null /dev/zero /dev/fuse; echo x >/dev/null; head -c 3 /dev/urandom | wc -c; mknod /dev/x b 7 0 2>/dev/null || echo none'
	is "$out" "$(printf '1:3\n1:5\na:e5\n3\nnone')"
	set_config '.linux.devices = [{path: "/dev/no-such", type: "c", major: 10, minor: 229}]'
	rt_fails run "$ID"
	says "linux.devices[0]" /dev/no-such
	[ ! -e "$ROOT/$ID" ]
}

@test "rootless: the host's network, with the host's sysfs" {
	set_config '.linux.namespaces |= map(select(.type != "network"))' \
		'.mounts |= map(if .type == "sysfs" then .type = "none" | .source = "/sys" | .options = ["rbind", "nosuid", "noexec", "nodev", "ro"] else . end)'
	in_container 'readlink /proc/self/ns/net; ls -d /sys/class/net/lo; mkdir /sys/x 2>/dev/null || echo refused'
	is "$out" "$(readlink /proc/self/ns/net; printf '/sys/class/net/lo\nrefused')"
}

@test "rootless: masked and read-only paths" {
	in_container 'cat /proc/kcore | wc -c; ls /sys/firmware | wc -l; echo 1 2>/dev/null >/proc/sys/kernel/hostname || echo refused
		umount /proc/kcore 2>/dev/null || echo stays'
	is "$out" "$(printf '0\n0\nrefused\nstays')"
}

@test "rootless: a root file system of which nothing is the user's" {
	chown -R 0:0 rootfs
	in_container 'stat -c %u /bin/busybox; echo x 2>/dev/null >/new || echo refused'
	is "$out" "$(printf '65534\nrefused')"
}

# ---------------------------------------------------------------- the process

@test "rootless: a terminal" {
	set_config '.process.terminal = true'
	set_script 'tty; stat -c %u $(tty); echo to-console >/dev/console'
	on_pty -- "$RUNTIME" --root "$ROOT" run "$ID"
	is "$status" 0
	has "$(tr -d '\r' <<<"$out")" "$(printf '/dev/pts/0\n0\nto-console')"
}

@test "rootless: a terminal by the console socket, and of exec" {
	set_config '.process.terminal = true'
	set_args sh
	console_receiver
	chown -R "$USER_ID" "$CONSOLE_DIR"
	rt_ok run --detach --console-socket "$CONSOLE" "$ID"
	echo 'echo typed-$((40 + 2))' >"$CONSOLE_IN"
	wait_for file_has "$CONSOLE_OUT" typed-42
	on_pty -- "$RUNTIME" --root "$ROOT" exec --tty "$ID" tty
	is "$status" 0
	has "$out" /dev/pts/1
}

@test "rootless: seccomp, with no_new_privs and without" {
	set_config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28}]}'
	for nnp in true false; do
		set_config ".process.noNewPrivileges = $nnp"
		in_container 'mkdir /tmp/new 2>&1; grep -E "^(NoNewPrivs|Seccomp):" /proc/self/status | tr -s "\t" " "'
		has "$out" "No space left on device"
		has "$out" "NoNewPrivs: $([ "$nnp" = true ] && echo 1 || echo 0)"
		has "$out" "Seccomp: 2"
	done
}

@test "rootless: all capabilities inside, and none of them outside" {
	sub_ids
	all_caps
	in_container 'hostname changed && hostname; mount -t tmpfs none /mnt 2>/dev/null || { mkdir /mnt && mount -t tmpfs none /mnt; } && echo mounted
		chown 5:5 /tmp && stat -c %u /tmp; echo 1 2>/dev/null >/proc/sys/kernel/sysrq || echo refused'
	is "$out" "$(printf 'changed\nmounted\n5\nrefused')"
	is "$(stat -c %u rootfs/tmp)" "$((SUB_IDS + 4))"
}

@test "rootless: no capabilities" {
	set_config 'del(.process.capabilities)'
	in_container 'grep -E "^Cap(Prm|Eff|Bnd|Amb)" /proc/self/status | cut -f 2 | sort -u'
	is "$out" 0000000000000000
}

@test "rootless: hooks run as the user" {
	cat >hook <<-SCRIPT
		#!/bin/sh
		cat >/dev/null
		id -u >>$U/work/hooks
	SCRIPT
	chmod 755 hook
	set_config "[{path: \"$PWD/hook\"}] as \$h | .hooks = {prestart: \$h, createRuntime: \$h, poststart: \$h, poststop: \$h}"
	rt_ok run "$ID"
	is "$(sort "$U/work/hooks" | uniq -c | tr -s ' ')" " 4 $USER_ID"
}

@test "rootless: what only root may do is refused by name" {
	set_config '.process.oomScoreAdj = -500'
	rt_fails run "$ID"
	says process.oomScoreAdj
	set_config 'del(.process.oomScoreAdj)' '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 1048577, hard: 1048577}]'
	rt_fails run "$ID"
	says "process.rlimits[0]" RLIMIT_NOFILE
	set_config 'del(.process.rlimits)' '.linux.sysctl = {"kernel.domainname": "changed"}'
	rt_fails run "$ID"
	says kernel/domainname "ermission denied"
}

@test "rootless: sysctls of its own network and ipc namespaces" {
	requires_kernel 5.19 "an ipc namespace's sysctls, for a user namespace's root"
	set_config '.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "12345"}'
	in_container 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax'
	is "$out" "$(printf '1\n12345')"
}

@test "rootless: another user's container cannot be reached" {
	sleeper
	chmod 755 "$ROOT"
	is "$(stat -c %a "$ROOT/$ID")" 700
	out=$(setpriv --reuid 15003 --regid 15003 --clear-groups env -i "PATH=$PATH" "$U/bin/real" --root "$ROOT" kill "$ID" KILL 2>&1 3>&-) &&
		{ echo "$out" && false; }
	is "$(state_of "$ID")" running
}

@test "rootless: mounts add and remove" {
	requires_kernel 5.12 "mount_setattr"
	mkdir -p rootfs/mnt "$U/work/volume"
	echo from-volume >"$U/work/volume/file"
	chown -R "$USER_ID:$USER_ID" rootfs/mnt "$U/work/volume"
	sleeper
	jq -n --arg s "$U/work/volume" '[{destination: "/mnt", source: $s, options: ["bind"]},
		{destination: "/new", type: "tmpfs", source: "x"}]' >list
	rt_ok mounts add "$ID" list
	rt_ok exec "$ID" sh -c 'cat /mnt/file; echo x >/new/file; stat -c %u /new'
	is "$out" "$(printf 'from-volume\n0')"
	rt_ok mounts remove "$ID" list
	rt_ok exec "$ID" ls /mnt /new
	has_not "$out" file
}
