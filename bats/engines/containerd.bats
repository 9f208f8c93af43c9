#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# containerd and its shim on the runtime, by ctr. Scripts sleep before they end: in some 1500 runs it was seen twice that what
# a container had written in its last moment did not come out of ctr. The runtime has no part in that way.

load engines
load ctr

@test "containerd: run: output, standard error and input" {
	ok ctr run "${R[@]}" --rm "$IMAGE" "$C" sh -c 'echo one; echo two >&2; sleep 0.2'
	is "$out" one
	is "$err" two
	echo text >in
	STDIN=in ok ctr run "${R[@]}" --rm "$IMAGE" "$C-2" head -n 1
	is "$out" text
}

@test "containerd: run: exit statuses" {
	ok ctr run "${R[@]}" --rm "$IMAGE" "$C" true
	fails 7 ctr run "${R[@]}" --rm "$IMAGE" "$C" sh -c 'exit 7'
}

@test "containerd: run: errors come through with their text, and nothing stays" {
	fails 1 ctr run "${R[@]}" --rm "$IMAGE" "$C" nosuch
	says 'OCI runtime create failed' 'executable file not found in $PATH'
	fails 1 ctr run "${R[@]}" --rm "$IMAGE" "$C" /no/such
	says 'no such file or directory'
	fails 1 ctr run "${R[@]}" --rm "$IMAGE" "$C" /etc/plain
	says 'permission denied'
	[ ! -e "$E/runc/$CONTAINERD_NAMESPACE/$C" ]
	is "$(find /sys/fs/cgroup -type d -path "*$CG/$C")" ""
}

@test "containerd: the container's cgroup, gone with it" {
	ok ctr run "${R[@]}" --rm "$IMAGE" "$C" cat /proc/self/cgroup
	has "$out" "$CG/$C"
	is "$(find /sys/fs/cgroup -type d -path "*$CG/$C")" ""
}

@test "containerd: create, start, wait, delete" {
	ok ctr container create --snapshotter native "$IMAGE" "$C" cat /etc/plain /no/such
	fails 1 ctr task start "$C"
	is "$out" text
	# `ctr task start` has removed the task
	ok ctr container rm "$C"
}

@test "containerd: task ls and ps" {
	sleeper
	task_is "$C" RUNNING
	ok ctr task ps "$C"
	has "$out" "$(init_pid "$C")"
	ok ctr task exec -d --exec-id e1 "$C" sleep 1000
	ok ctr task ps "$C"
	is "$(tail -n +2 <<<"$out" | wc -l)" 2
}

@test "containerd: exec: output, input, exit statuses, errors" {
	sleeper
	ok ctr task exec --exec-id e1 "$C" sh -c 'echo one; echo two >&2'
	is "$out" one
	is "$err" two
	echo text >in
	STDIN=in ok ctr task exec --exec-id e2 "$C" head -n 1
	is "$out" text
	fails 9 ctr task exec --exec-id e3 "$C" sh -c 'exit 9'
	fails 137 ctr task exec --exec-id e4 "$C" sh -c 'kill -9 $$'
	fails 1 ctr task exec --exec-id e5 "$C" nosuch
	says 'OCI runtime exec failed' 'executable file not found in $PATH'
	fails 1 ctr task exec --exec-id e6 "$C" /etc/plain
	says 'permission denied'
	fails 1 ctr task exec --exec-id e7 --cwd /no/such "$C" true
	says 'no such file or directory'
	ok ctr task exec --exec-id e8 "$C" true
}

@test "containerd: exec: user, working directory" {
	sleeper
	ok ctr task exec --exec-id e1 --user user "$C" id
	has "$out" "uid=1000(user) gid=1000(user)"
	ok ctr task exec --exec-id e2 --user 55:66 --cwd /var/tmp "$C" sh -c 'echo $(id -u):$(id -g) $(pwd)'
	is "$out" "55:66 /var/tmp"
}

@test "containerd: exec, detached; its kill" {
	sleeper
	ok ctr task exec -d --exec-id e1 "$C" sh -c 'echo done >/tmp/done; exec sleep 1000'
	wait_for ctr task exec --exec-id "e$RANDOM" "$C" grep -q done /tmp/done
	ok ctr task kill --exec-id e1 -s KILL "$C"
	ok ctr task exec --exec-id e3 "$C" true
}

@test "containerd: exec with a terminal" {
	sleeper
	on_pty --size 31x97 -- ctr task exec -t --exec-id e1 "$C" sh -c \
		'tty; until [ "$(stty size)" = "31 97" ]; do sleep 0.1; done; echo seen; exit 5'
	is "$status" 5 "$out"
	has "$out" /dev/pts/
	has "$out" seen
}

@test "containerd: run with a terminal: input, size, a resize" {
	on_pty --size 25x91 --resize 33x99 --when 'first size' --type $'again\n' --when 'second size' -- \
		ctr run "${R[@]}" --rm -t "$IMAGE" "$C" sh -c "$TERMINAL_SCRIPT"
	is "$status" 6 "$out"
	has "$out" "got again"
}

@test "containerd: attach" {
	mkfifo in
	exec 7<>in
	ok ctr run "${R[@]}" -d --fifo-dir "$E/fifo" "$IMAGE" "$C" sh -c 'sleep 2; echo heard; exit 8'
	call ctr task attach "$C"
	is "$status" 8
	exec 7<&-
}

@test "containerd: kill, by name and number, and of a task that has ended" {
	ok ctr run "${R[@]}" -d --mount "type=bind,src=$PWD,dst=/mnt,options=rbind:rw" "$IMAGE" "$C" sh -c \
		'trap "touch /mnt/usr1" USR1; trap "exit 11" TERM; touch /mnt/ready; while :; do sleep 0.1; done'
	wait_for test -e ready
	ok ctr task kill -s SIGUSR1 "$C"
	wait_for test -e usr1
	ok ctr task kill -s 15 "$C"
	wait_for task_is "$C" STOPPED
	call ctr task kill -s KILL "$C"
	[ "$status" -eq 0 ] || says "not found"
	ok ctr task rm "$C"
	says 'exit code 11'
	ok ctr container rm "$C"
}

@test "containerd: kill --all reaches all processes" {
	sleeper
	ok ctr task exec -d --exec-id e1 "$C" sleep 1000
	pids=$(ctr task ps "$C" | awk 'NR > 1 { print $1 }')
	ok ctr task kill --all -s KILL "$C"
	for p in $pids; do wait_for is_gone "$p"; done
}

@test "containerd: task rm --force of what runs" {
	sleeper
	pid=$(init_pid "$C")
	call ctr task rm "$C"
	[ "$status" -ne 0 ]
	call ctr task rm -f "$C"
	wait_for is_gone "$pid"
	ok ctr container rm "$C"
}

@test "containerd: pause and resume" {
	sleeper
	ok ctr task pause "$C"
	task_is "$C" PAUSED
	call ctr task exec --exec-id e1 "$C" true
	[ "$status" -ne 0 ]
	ok ctr task resume "$C"
	task_is "$C" RUNNING
	ok ctr task exec --exec-id e2 "$C" true
	ok ctr task pause "$C"
	ok ctr task kill -s KILL "$C"
	ok ctr task resume "$C" || true
	wait_for task_is "$C" STOPPED
}

@test "containerd: metrics" {
	ok ctr run "${R[@]}" -d --memory-limit 67108864 "$IMAGE" "$C" sleep 1000
	ok ctr task metrics "$C"
	has "$out" "$C"
	[ "$(view)" = unified ] || has "$out" 67108864
}

@test "containerd: limits: memory, cpu" {
	requires_controller memory
	ok ctr run "${R[@]}" -d --memory-limit 67108864 --cpu-shares 512 --cpu-period 50000 --cpu-quota 20000 "$IMAGE" "$C" sleep 1000
	pid=$(init_pid "$C")
	[ "$(view)" != unified ] || return 0
	is "$(cgroup_value "$pid" memory memory.limit_in_bytes)" 67108864
	is "$(cgroup_value "$pid" cpu cpu.shares)" 512
	is "$(cgroup_value "$pid" cpu cpu.cfs_quota_us)" 20000
	ok ctr run "${R[@]}" --rm --cpus 0.5 "$IMAGE" "$C-2" true
	fails 137 ctr run "${R[@]}" --rm --memory-limit 16777216 "$IMAGE" "$C-3" sh -c 'tail -c 64m /dev/zero >/dev/null; exit $?'
}

@test "containerd: no new privileges, capabilities" {
	ok ctr run "${R[@]}" --rm "$IMAGE" "$C" sh -c "$SHOW_CAPS; grep NoNewPrivs /proc/self/status; sleep 0.2"
	has "$out" 00000000a80425fb
	has "$out" "NoNewPrivs:	1"
	ok ctr run "${R[@]}" --rm --allow-new-privs --cap-drop CAP_CHOWN --cap-add CAP_NET_ADMIN "$IMAGE" "$C" sh -c "$SHOW_CAPS; grep NoNewPrivs /proc/self/status; sleep 0.2"
	has "$out" 00000000a80435fa
	has "$out" "NoNewPrivs:	0"
}

@test "containerd: privileged" {
	requires_all_caps
	ok ctr run "${R[@]}" --rm --privileged "$IMAGE" "$C" sh -c "$SHOW_CAPS; mount | grep -c ' /proc/' || true; sleep 0.2"
	has "$out" "$MACHINE_CAPS"
	is "$(tail -n 1 <<<"$out")" 0
}

@test "containerd: seccomp" {
	ok ctr run "${R[@]}" --rm --seccomp "$IMAGE" "$C" sh -c "$SHOW_SECCOMP; unshare -U true 2>&1 || true; sleep 0.2"
	has "$out" 2
	has "$out" "Operation not permitted"
	ok ctr run "${R[@]}" --rm "$IMAGE" "$C" sh -c "$SHOW_SECCOMP; sleep 0.2"
	is "$out" 0
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}' >p.json
	ok ctr run "${R[@]}" --rm --seccomp --seccomp-profile "$PWD/p.json" "$IMAGE" "$C" sh -c 'mkdir /tmp/d 2>&1 || true; sleep 0.2'
	has "$out" "No space left on device"
}

@test "containerd: read-only, mounts, devices, environment, working directory" {
	mkdir vol
	echo host >vol/f
	ok ctr run "${R[@]}" --rm --read-only --mount "type=bind,src=$PWD/vol,dst=/vol,options=rbind:rw" \
		--mount type=tmpfs,src=tmpfs,dst=/scratch,options=size=1m:mode=1777 --device /dev/fuse --env A=b --cwd /var/tmp "$IMAGE" "$C" sh -c \
		'touch /new 2>&1; cat /vol/f; echo new >/vol/f; touch /scratch/x && echo scratch; stat -c "%t:%T" /dev/fuse; (: </dev/fuse) && echo opened; echo $A; pwd'
	has "$out" "Read-only file system"
	has "$out" "$(printf 'host\nscratch\na:e5\nopened\nb\n/var/tmp')"
	is "$(cat vol/f)" new
	fails 1 ctr run "${R[@]}" --rm --mount "type=bind,src=$PWD/vol,dst=/vol,options=rbind:ro" "$IMAGE" "$C" touch /vol/f
	says "Read-only file system"
	fails 1 ctr run "${R[@]}" --rm --mount "type=bind,src=$PWD/nosuch,dst=/vol,options=rbind:ro" "$IMAGE" "$C" true
	says "$PWD/nosuch" "no such file or directory"
}

@test "containerd: propagation of the root file system" {
	for p in private slave shared; do
		ok ctr run "${R[@]}" --rm --rootfs-propagation "$p" "$IMAGE" "$C" sh -c 'awk "\$5 == \"/\"" /proc/self/mountinfo; sleep 0.2'
		[ "$p" != shared ] || [ "$RUNTIME_NAME" = runc ] || has "$out" shared:
		[ "$p" = shared ] || has_not "$out" shared:
	done
}

@test "containerd: the host's network, joined namespaces" {
	ok ctr run "${R[@]}" --rm --net-host "$IMAGE" "$C" readlink /proc/self/ns/net
	is "$out" "$(readlink /proc/self/ns/net)"
	sleeper
	pid=$(init_pid "$C")
	ok ctr run "${R[@]}" --rm --with-ns "network:/proc/$pid/ns/net" --with-ns "ipc:/proc/$pid/ns/ipc" --with-ns "pid:/proc/$pid/ns/pid" \
		--with-ns "uts:/proc/$pid/ns/uts" "$IMAGE" "$C-2" sh -c 'for n in net ipc pid uts; do readlink /proc/self/ns/$n; done'
	is "$out" "$(for n in net ipc pid uts; do readlink "/proc/$pid/ns/$n"; done)"
}

@test "containerd: user namespaces" {
	ok ctr run "${R[@]}" --rm --uidmap 0:200000:65536 --gidmap 0:200000:65536 "$IMAGE" "$C" sh -c 'cat /proc/self/uid_map; id -u; touch /tmp/x && stat -c %u /tmp/x; sleep 0.2'
	is "$(tr -s ' ' <<<"$out")" "$(printf ' 0 200000 65536\n0\n0')"
}

@test "containerd: no pivot_root" {
	ok ctr run "${R[@]}" --rm --no-pivot "$IMAGE" "$C" sh -c 'cat /etc/plain; ls /..; sleep 0.2' </dev/null
	has "$out" text
}

@test "containerd: a root file system of one's own" {
	ok ctr run "${R[@]}" --rm --read-only --env PATH=/bin --rootfs "$E/rootfs" "$C" cat /etc/plain
	is "$out" text
}

@test "containerd: a configuration of one's own: user, sysctls, limits, tmpfs, devices, hooks" {
	requires_controller pids
	jq -n --arg r "$E/rootfs" --arg cg "$CG/$C" --arg hook "$PWD/hook" '{
		ociVersion: "1.0.2", hostname: "h", root: {path: $r, readonly: true},
		process: {user: {uid: 77, gid: 88, additionalGids: [99]}, cwd: "/tmp", env: ["PATH=/bin"], rlimits: [{type: "RLIMIT_NOFILE", soft: 333, hard: 444}],
			args: ["sh", "-c", "id -u; id -G; pwd; ulimit -n; cat /proc/sys/kernel/msgmax /proc/sys/kernel/hostname; touch x && echo tmpfs; wc -c </etc/plain; (: </dev/fuse) 2>/dev/null || echo refused; sleep 1"]},
		mounts: [{destination: "/proc", type: "proc", source: "proc"}, {destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["mode=1777"]},
			{destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["mode=755"]}],
		hooks: {poststart: [{path: $hook}]},
		linux: {cgroupsPath: $cg, sysctl: {"kernel.msgmax": "4096"}, maskedPaths: ["/etc/plain"],
			devices: [{path: "/dev/fuse", type: "c", major: 10, minor: 229, fileMode: 438}],
			resources: {pids: {limit: 33}, devices: [{allow: false, access: "rwm"}]},
			namespaces: [{type: "pid"}, {type: "mount"}, {type: "uts"}, {type: "ipc"}]}}' >c.json
	printf '#!/bin/sh\ncat "/proc/$(jq .pid)/cgroup" >%s/cgroup\n' "$PWD" >hook
	chmod 755 hook
	ok ctr run "${R[@]}" --rm --config c.json "$C"
	is "$out" "$(printf '%s\n' 77 '88 99' /tmp 333 4096 h tmpfs 0 refused)"
	has "$(cat cgroup)" "$CG/$C"
}

@test "containerd: detached, with a log" {
	ok ctr run "${R[@]}" -d --log-uri "file://$PWD/log" "$IMAGE" "$C" sh -c 'echo begun; echo warned >&2; sleep 1000'
	wait_for grep -q warned log
	grep -q begun log
}

@test "containerd: annotations" {
	ok ctr run "${R[@]}" --rm --annotation io.kubernetes.cri.container-type=container --annotation io.kubernetes.cri.sandbox-id=x "$IMAGE" "$C" true
}

@test "containerd: the runtime's descriptors do not reach the container" {
	ok ctr run "${R[@]}" --rm "$IMAGE" "$C" sh -c 'ls /proc/self/fd | tr "\n" " "; sleep 0.2'
	is "$out" "0 1 2 3 "
	sleeper "$C-2"
	ok ctr task exec --exec-id e1 "$C-2" sh -c 'ls /proc/self/fd | tr "\n" " "'
	is "$out" "0 1 2 3 "
}

@test "containerd: init is the shim's child, and no runtime process stays" {
	sleeper
	pid=$(init_pid "$C")
	has "$(tr '\0' ' ' <"/proc/$(awk '/^PPid/ { print $2 }' "/proc/$pid/status")/cmdline")" containerd-shim-runc-v2
	is "$(pgrep -f -- "--root $E/runc" || true)" ""
}

@test "containerd: containers outlive containerd" {
	sleeper
	pid=$(init_pid "$C")
	stop_daemon "$(tail -n 1 "$E/daemons")"
	is_alive "$pid"
	start_containerd
	task_is "$C" RUNNING
	ok ctr task exec --exec-id e1 "$C" true
}

@test "containerd: a shim that was killed: cleaned up by the runtime's delete --force" {
	sleeper
	pid=$(init_pid "$C")
	kill -KILL "$(awk '/^PPid/ { print $2 }' "/proc/$pid/status")"
	wait_for is_gone "$pid"
	wait_for test ! -e "$E/runc/$CONTAINERD_NAMESPACE/$C"
	is "$(find /sys/fs/cgroup -type d -path "*$CG/$C")" ""
}

@test "containerd: checkpoint is refused, or done" {
	sleeper
	call ctr task checkpoint "$C"
	[ "$status" -eq 0 ] || ok ctr task exec --exec-id e1 "$C" true
}

@test "containerd: 20 at once" {
	all_at_once 20 ctr run "${R[@]}" --rm "$IMAGE" "$C-%N"
}

@test "containerd: 20 execs at once" {
	sleeper
	all_at_once 20 ctr task exec --exec-id "e%N" "$C"
}

@test "containerd: the runtime inside a privileged container" {
	requires_all_caps
	mkdir -p bundle program
	cp "$RUNTIME" program/
	inner_config >bundle/config.json
	ok ctr run "${R[@]}" --rm --privileged --mount "type=bind,src=$PWD/program,dst=/mnt,options=rbind:ro" \
		--mount "type=bind,src=$PWD/bundle,dst=/root,options=rbind:rw" --mount "type=bind,src=$E/rootfs,dst=/root/rootfs,options=rbind:rw" \
		--mount type=bind,src=/usr,dst=/usr,options=rbind:ro --mount type=bind,src=/lib,dst=/lib,options=rbind:ro \
		--mount type=bind,src=/lib64,dst=/lib64,options=rbind:ro --mount type=cgroup,src=cgroup,dst=/sys/fs/cgroup,options=rw "$IMAGE" "$C" \
		"/mnt/$RUNTIME_NAME" run --bundle /root inner
	is "$out" "inside 1"
}
