#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load helpers

@test "devices: the default nodes, with numbers and modes" {
	in_container 'for d in null zero full random urandom tty; do stat -c "%n %t:%T %a %F" /dev/$d; done'
	is "$out" "$(printf '/dev/%s 666 character special file\n' 'null 1:3' 'zero 1:5' 'full 1:7' 'random 1:8' 'urandom 1:9' 'tty 5:0')"
}

@test "devices: the default nodes work" {
	in_container 'echo x >/dev/null; head -c 3 /dev/zero | wc -c; head -c 3 /dev/urandom | wc -c; (echo x >/dev/full) 2>&1 | grep -c "No space"'
	is "$(tr -d ' ' <<<"$out")" "$(printf '3\n3\n1')"
}

@test "devices: the symbolic links" {
	in_container 'for l in fd stdin stdout stderr ptmx; do readlink /dev/$l; done; echo through >/dev/stderr'
	is "$out" "$(printf '%s\n' /proc/self/fd /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 pts/ptmx)"
	is "$err" through
}

@test "devices: /dev holds nothing else" {
	in_container 'ls /dev | sort | tr "\n" " "'
	is "$(tr ' ' '\n' <<<"$out" | grep -vx 'core\|console' | tr '\n' ' ')" \
		"fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero  "
}

@test "devices: terminals can be made through /dev/ptmx" {
	in_container 'script -q -c "tty" /dev/null </dev/null 2>/dev/null || { exec 5<>/dev/ptmx && ls /dev/pts; }'
	has "$out" 0
}

@test "devices: linux.devices: type, numbers, mode, owner" {
	set_config '.linux.devices = [
		{path: "/dev/mine", type: "c", major: 1, minor: 5, fileMode: 416, uid: 7, gid: 8},
		{path: "/dev/block", type: "b", major: 7, minor: 200, fileMode: 384},
		{path: "/dev/deep/er/fifo", type: "p", fileMode: 438},
		{path: "/dev/unbuffered", type: "u", major: 1, minor: 3, fileMode: 438}]'
	in_container 'stat -c "%t:%T %a %u:%g %F" /dev/mine /dev/block /dev/deep/er/fifo /dev/unbuffered'
	is "$out" "$(printf '%s\n' '1:5 640 7:8 character special file' '7:c8 600 0:0 block special file' '0:0 666 0:0 fifo' \
		'1:3 666 0:0 character special file')"
}

@test "devices: a node of linux.devices over a default one" {
	set_config '.linux.devices = [{path: "/dev/null", type: "c", major: 1, minor: 3, fileMode: 432, uid: 0, gid: 0}]' \
		'.linux.resources.devices += [{allow: true, type: "c", major: 1, minor: 3, access: "rwm"}]'
	in_container 'echo x >/dev/null; stat -c "%t:%T %a" /dev/null'
	is "$out" "1:3 660"
}

@test "devices: outside of /dev" {
	set_config '.linux.devices = [{path: "/somewhere/zero", type: "c", major: 1, minor: 5, fileMode: 438}]'
	in_container 'head -c 2 /somewhere/zero | wc -c'
	is "${out// /}" 2
}

@test "devices: the process's umask does not matter" {
	set_config '.linux.devices = [{path: "/dev/mine", type: "c", major: 1, minor: 5, fileMode: 438}]' '.process.user.umask = 63'
	in_container 'stat -c %a /dev/mine'
	is "$out" 666
}

@test "device cgroup: what is not allowed cannot be opened nor made" {
	set_config '.linux.devices = [{path: "/dev/mem2", type: "c", major: 1, minor: 1, fileMode: 438}]'
	all_caps
	set_script '(: <>/dev/mem2) 2>&1; mknod /tmp/m c 1 1 && (: </tmp/m); mknod /tmp/kmsg c 1 11 && (: </tmp/kmsg); exit 0'
	rt_ok run "$ID"
	has "${out,,}${err,,}" "not permitted"
	is "$(grep -ci 'not permitted' <(printf '%s\n%s\n' "$out" "$err"))" 3
}

# A device that can be opened by anyone, is there on every machine and is not among the default ones.
misc() {
	MISC=$(awk '$2 == "cpu_dma_latency" { print $1 }' /proc/misc)
	[ -n "$MISC" ] || skip "no cpu_dma_latency device"
}

@test "device cgroup: an allow rule" {
	all_caps
	misc
	set_config ".linux.devices = [{path: \"/dev/x\", type: \"c\", major: 10, minor: $MISC, fileMode: 438}]" \
		".linux.resources.devices += [{allow: true, type: \"c\", major: 10, minor: $MISC, access: \"r\"}]"
	in_container '(: </dev/x) && echo readable; (: >/dev/x) 2>/dev/null || echo not-writable'
	is "$out" "$(printf 'readable\nnot-writable')"
}

@test "device cgroup: wildcards for numbers" {
	all_caps
	misc
	set_config '.linux.resources.devices += [{allow: true, type: "c", major: 10, access: "a"}]'
	in_container "mknod /tmp/c c 10 $MISC && (: <>/tmp/c) && echo opened; mknod /tmp/b b 10 1 && (: </tmp/b) 2>&1 | grep -c 'not permitted'"
	is "$out" "$(printf 'opened\n1')"
}

@test "device cgroup: later rules win" {
	all_caps
	misc
	set_config ".linux.resources.devices = [{allow: true, access: \"rwm\"}, {allow: false, type: \"c\", major: 10, minor: $MISC, access: \"rw\"}]"
	in_container "mknod /tmp/c c 10 $MISC && (: </tmp/c) 2>&1 | grep -c 'not permitted'; mknod /tmp/loop b 7 200 && (: </tmp/loop) 2>&1 | grep -c 'not permitted' || true"
	is "$out" "$(printf '1\n0')"
}

@test "device cgroup: the default devices work whatever the list says" {
	set_config '.linux.resources.devices = [{allow: false, access: "rwm"}]'
	in_container 'echo x >/dev/null && head -c 1 /dev/zero | wc -c && : </dev/urandom && : <>/dev/ptmx && echo all'
	has "$out" all
}

@test "device cgroup: making nodes of any kind is allowed, opening is not" {
	all_caps
	in_container 'mknod /tmp/loop b 7 200 && echo made; (: </tmp/loop) 2>/dev/null || echo denied'
	is "$out" "$(printf 'made\ndenied')"
}

@test "device cgroup: v1's list shows the rules" {
	requires_v1
	requires_controller devices
	set_config '.linux.resources.devices += [{allow: true, type: "b", major: 7, minor: 33, access: "rw"}]'
	sleeper
	list=$(cgroup_value "$(pid_of "$ID")" devices devices.list)
	has "$list" "b 7:33 rw"
	has "$list" "c 1:3 rwm"
	has_not "$list" "a *:* rwm"
}

@test "device cgroup: exec is held to it" {
	all_caps
	sleeper
	rt exec "$ID" sh -c 'mknod /tmp/kmsg c 1 11 && : </tmp/kmsg'
	[ "$status" -ne 0 ]
	has "${err,,}" "not permitted"
}
