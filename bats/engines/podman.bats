#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# podman and conmon on the runtime.

load engines
load podman

@test "podman: info names the runtime and its version" {
	ok podman info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}} {{.Host.OCIRuntime.Version}}'
	has "$out" "$RUNTIME_NAME $RUNTIME"
	has "$out" version
}

@test "podman: run: output, standard error and input" {
	ok podman run --rm "$IMAGE" sh -c 'echo one; echo two >&2'
	is "$out" one
	is "$err" two
	echo text >in
	STDIN=in ok podman run --rm -i "$IMAGE" cat
	is "$out" text
}

@test "podman: run: exit statuses" {
	ok podman run --rm "$IMAGE" true
	fails 7 podman run --rm "$IMAGE" sh -c 'exit 7'
	fails 137 podman run --rm --init "$IMAGE" sh -c 'kill -9 $$'
	fails 143 podman run --rm --init "$IMAGE" sh -c 'kill -15 $$'
}

@test "podman: run: 127 for what is not there, 126 for what cannot be executed" {
	fails 127 podman run --rm "$IMAGE" nosuch
	says 'executable file' 'not found in $PATH'
	fails 127 podman run --rm "$IMAGE" /no/such
	says 'no such file or directory'
	fails 126 podman run --rm "$IMAGE" /etc/plain
	says 'permission denied'
	fails 126 podman run --rm "$IMAGE" /etc
	nothing_runs
}

@test "podman: run --rm leaves nothing" {
	ok podman run --rm --cgroupns host --cgroup-parent "$CG" "$IMAGE" cat /proc/self/cgroup
	id=$(grep -o -m 1 "$CG/libpod-[0-9a-f]*" <<<"$out")
	id=${id##*-}
	[ ! -e "/run/$RUNTIME_NAME/$id" ]
	is "$(find /sys/fs/cgroup -type d -name "*$id*")" ""
	nothing_runs
}

@test "podman: detached: logs, wait, ps, inspect" {
	ok podman run -d --name "$C" "$IMAGE" sh -c 'echo begun; echo warned >&2; sleep 1; exit 3'
	ok podman ps --format '{{.Names}} {{.Status}}'
	has "$out" "$C Up"
	ok podman inspect --format '{{.State.Status}} {{.OCIRuntime}}' "$C"
	is "$out" "running $RUNTIME_NAME"
	ok podman wait "$C"
	is "$out" 3
	ok podman logs "$C"
	is "$out" begun
	is "$err" warned
	ok podman inspect --format '{{.State.Status}} {{.State.ExitCode}} {{.State.Pid}}' "$C"
	is "$out" "exited 3 0"
}

@test "podman: logs --follow ends with the container" {
	ok podman run -d --name "$C" "$IMAGE" sh -c 'for i in 1 2 3; do echo $i; sleep 0.3; done'
	ok podman logs --follow "$C"
	is "$out" "$(printf '1\n2\n3')"
}

@test "podman: create, init, start --attach, start again" {
	ok podman create --name "$C" "$IMAGE" sh -c 'echo ran >>/mnt/ran; wc -l </mnt/ran; exit 4'
	ok podman init "$C"
	ok podman inspect --format '{{.State.Status}}' "$C"
	is "$out" initialized
	fails 4 podman start --attach "$C"
	is "${out// /}" 1
	fails 4 podman start --attach "$C"
	is "${out// /}" 2
}

@test "podman: exec: output, input, exit statuses" {
	sleeper
	ok podman exec "$C" sh -c 'echo one; echo two >&2'
	is "$out" one
	is "$err" two
	echo text >in
	STDIN=in ok podman exec -i "$C" cat
	is "$out" text
	fails 9 podman exec "$C" sh -c 'exit 9'
	fails 137 podman exec "$C" sh -c 'kill -9 $$'
}

@test "podman: exec: 127 and 126" {
	sleeper
	fails 127 podman exec "$C" nosuch
	says 'executable file' 'not found in $PATH'
	fails 127 podman exec "$C" /no/such
	fails 126 podman exec "$C" /etc/plain
	says 'permission denied'
	fails 126 podman exec "$C" /etc
	ok podman exec "$C" true
}

@test "podman: exec: user, working directory, environment, privileges" {
	sleeper
	ok podman exec --user user "$C" id
	has "$out" "uid=1000(user) gid=1000(user) groups="
	has "$out" "2000(extra)"
	ok podman exec --user 55:66 "$C" sh -c 'echo $(id -u):$(id -g)'
	is "$out" 55:66
	ok podman exec --workdir /var/tmp --env A=b "$C" sh -c 'pwd; echo $A'
	is "$out" "$(printf '/var/tmp\nb')"
	fails 127 podman exec --workdir /no/such "$C" true
	ok podman exec "$C" sh -c "$SHOW_CAPS"
	plain=$out
	ok podman exec --privileged "$C" sh -c "$SHOW_CAPS"
	[ "$out" != "$plain" ] || show_call "--privileged should give more capabilities"
}

@test "podman: exec, detached" {
	sleeper
	ok podman exec -d "$C" sh -c 'echo done >/tmp/done'
	wait_for podman exec "$C" grep -q done /tmp/done
}

@test "podman: exec with a terminal" {
	sleeper
	on_pty --size 31x97 -- podman exec -it "$C" sh -c 'tty; stty size; exit 5'
	is "$status" 5
	has "$out" /dev/pts/
	has "$out" "31 97"
	ok podman exec -t "$C" sh -c 'test -t 0 && test -t 1 && echo terminal'
	has "$out" terminal
}

@test "podman: run with a terminal: input, size, a resize" {
	on_pty --size 25x91 --resize 33x99 --when 'first size' --type $'again\n' --when 'second size' -- \
		podman run --rm -it "$IMAGE" sh -c "$TERMINAL_SCRIPT"
	is "$status" 6 "$out"
	has "$out" "got again"
}

@test "podman: run -t: a console, and the devpts of the container" {
	ok podman run --rm -t "$IMAGE" sh -c 'tty; ls -l /dev/console; mount | grep -c "/dev/pts "'
	has "$out" /dev/pts/0
	has "$out" /dev/console
}

@test "podman: attach" {
	ok podman run -d -i --name "$C" "$IMAGE" sh -c 'read line; echo "got $line"; exit 8'
	echo hello >in
	STDIN=in call podman attach "$C"
	is "$out" "got hello"
	ok podman wait "$C"
	is "$out" 8
}

@test "podman: kill, by name and by number" {
	ok podman run -d --name "$C" "$IMAGE" sh -c 'trap "echo usr1" USR1; trap "echo term; exit 11" TERM; echo ready
		while :; do sleep 0.1; done'
	wait_for logs_have "$C" ready
	ok podman kill --signal USR1 "$C"
	wait_for logs_have "$C" usr1
	ok podman kill --signal 15 "$C"
	ok podman wait "$C"
	is "$out" 11
	sleeper "$C-2"
	ok podman kill "$C-2"
	ok podman wait "$C-2"
	is "$out" 137
	fails 125 podman kill "$C-2"
}

@test "podman: stop: the signal, the time-out, the stop signal of the image" {
	ok podman run -d --name "$C" "$IMAGE" sh -c 'trap "exit 12" TERM; echo ready; while :; do sleep 0.1; done'
	wait_for logs_have "$C" ready
	ok podman stop -t 20 "$C"
	ok podman inspect --format '{{.State.ExitCode}}' "$C"
	is "$out" 12
	sleeper "$C-2"
	ok podman stop -t 1 "$C-2"
	ok podman inspect --format '{{.State.ExitCode}}' "$C-2"
	is "$out" 137
	ok podman run -d --name "$C-3" --stop-signal USR2 "$IMAGE" sh -c 'trap "exit 13" USR2; echo ready; while :; do sleep 0.1; done'
	wait_for logs_have "$C-3" ready
	ok podman stop -t 20 "$C-3"
	ok podman inspect --format '{{.State.ExitCode}}' "$C-3"
	is "$out" 13
}

@test "podman: restart, rm --force of what runs" {
	sleeper
	ok podman inspect --format '{{.State.Pid}}' "$C"
	first=$out
	ok podman restart -t 0 "$C"
	ok podman inspect --format '{{.State.Pid}} {{.State.Status}}' "$C"
	[ "${out% *}" != "$first" ]
	is "${out#* }" running
	fails 2 podman rm "$C"
	ok podman rm -f -t 0 "$C"
	nothing_runs
}

@test "podman: --restart on-failure" {
	ok podman run -d --name "$C" --restart on-failure:2 "$IMAGE" sh -c 'echo try; exit 1'
	wait_for restarted_out "$C" 3
}

restarted_out() {
	[ "$(podman logs "$1" | grep -c try)" = "$2" ] && [ "$(podman inspect --format '{{.State.Status}}' "$1")" = exited ]
}

@test "podman: pause, unpause" {
	ok podman run -d --name "$C" "$IMAGE" sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/tmp/n; sleep 0.05; done'
	ok podman pause "$C"
	ok podman inspect --format '{{.State.Status}}' "$C"
	is "$out" paused
	pid=$(podman inspect --format '{{.State.Pid}}' "$C")
	one=$(cat "/proc/$pid/root/tmp/n")
	sleep 0.3
	is "$(cat "/proc/$pid/root/tmp/n")" "$one" "a paused container went on"
	fails 255 podman exec "$C" true
	ok podman unpause "$C"
	ok podman exec "$C" true
	ok podman pause "$C"
	ok podman rm -f -t 0 "$C"
}

@test "podman: top, stats, port, diff" {
	requires_controller memory
	ok podman run -d --name "$C" --memory 64m "$IMAGE" sh -c 'echo x >/mnt/new; echo ready; sleep 1000'
	wait_for logs_have "$C" ready
	ok podman top "$C" pid comm
	has "$out" sleep
	ok podman stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}}' "$C"
	has "$out" "$C"
	has "$out" 67.1
	ok podman diff "$C"
	has "$out" "A /mnt/new"
}

@test "podman: limits: memory, cpu, pids, in the container's cgroup" {
	requires_controller memory
	ok podman run -d --name "$C" --cgroup-parent "$CG" --memory 64m --memory-swap 128m --memory-reservation 32m \
		--cpu-shares 512 --cpu-period 50000 --cpu-quota 20000 --cpuset-cpus 0 --pids-limit 33 "$IMAGE" sleep 1000
	pid=$(podman inspect --format '{{.State.Pid}}' "$C")
	if [ "$(view)" = unified ]; then
		has "$(cat "$(cgroup_dir "$pid" "")/memory.max")" 67108864
	else
		is "$(cgroup_value "$pid" memory memory.limit_in_bytes)" 67108864
		is "$(cgroup_value "$pid" memory memory.memsw.limit_in_bytes)" 134217728
		is "$(cgroup_value "$pid" memory memory.soft_limit_in_bytes)" 33554432
		is "$(cgroup_value "$pid" cpu cpu.shares)" 512
		is "$(cgroup_value "$pid" cpu cpu.cfs_quota_us)" 20000
		is "$(cgroup_value "$pid" cpuset cpuset.cpus)" 0
		is "$(cgroup_value "$pid" pids pids.max)" 33
	fi
}

@test "podman: limits hold: memory, pids" {
	requires_controller memory
	fails 137 podman run --rm --memory 16m --memory-swap 16m "$IMAGE" sh -c 'exec tail -c 64m /dev/zero'
	call podman run --rm --pids-limit 8 "$IMAGE" sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1 & done; wait'
	says fork
}

@test "podman: update" {
	requires_controller memory
	ok podman run -d --name "$C" --memory 64m "$IMAGE" sleep 1000
	pid=$(podman inspect --format '{{.State.Pid}}' "$C")
	ok podman update --memory 128m --memory-swap 256m --cpu-shares 256 "$C"
	if [ "$(view)" != unified ]; then
		is "$(cgroup_value "$pid" memory memory.limit_in_bytes)" 134217728
		is "$(cgroup_value "$pid" memory memory.memsw.limit_in_bytes)" 268435456
		is "$(cgroup_value "$pid" cpu cpu.shares)" 256
	fi
	ok podman update --memory 32m --memory-swap 64m "$C"
	[ "$(view)" = unified ] || is "$(cgroup_value "$pid" memory memory.limit_in_bytes)" 33554432
}

@test "podman: ulimits, oom score, the size of /dev/shm" {
	ok podman run --rm --ulimit nofile=333:444 --ulimit nproc=1024:2048 --ulimit core=0 --oom-score-adj 500 --shm-size 8m "$IMAGE" sh -c \
		'ulimit -Sn; ulimit -Hn; ulimit -c; cat /proc/self/oom_score_adj; df -k /dev/shm | tail -n 1 | awk "{ print \$2 }"'
	is "$out" "$(printf '%s\n' 333 444 0 500 8192)"
}

# podman 5 gives fewer.
DEFAULT_CAPS=00000000a80425fb
[[ $(podman --version 2>/dev/null) == *" 4."* ]] || DEFAULT_CAPS=00000000800405fb

@test "podman: capabilities: the default set, drop, add, all" {
	ok podman run --rm "$IMAGE" sh -c "$SHOW_CAPS"
	is "$out" "$(printf '%s\n%s' "$DEFAULT_CAPS" "$DEFAULT_CAPS")"
	ok podman run --rm --cap-drop all "$IMAGE" sh -c "$SHOW_CAPS"
	is "$out" "$(printf '0000000000000000\n0000000000000000')"
	ok podman run --rm --cap-drop all --cap-add net_admin,chown "$IMAGE" sh -c "$SHOW_CAPS"
	is "$out" "$(printf '0000000000001001\n0000000000001001')"
	ok podman run --rm --user 1000 "$IMAGE" sh -c "$SHOW_CAPS"
	is "$out" "$(printf '0000000000000000\n%s' "$DEFAULT_CAPS")"
	ok podman run --rm --user 1000 --cap-add net_raw "$IMAGE" sh -c 'grep CapAmb /proc/self/status'
	has "$out" 0000000000002000
}

@test "podman: --privileged: capabilities, devices, no seccomp, nothing masked" {
	ok podman run --rm --privileged "$IMAGE" sh -c "$SHOW_CAPS; $SHOW_SECCOMP; ls /dev | wc -l; mount | grep -c /proc/; touch /proc/sys/kernel/domainname && echo writable"
	has "$out" "$MACHINE_CAPS"
	has "$out" "$(printf '\n0\n')"
	has "$out" writable
}

@test "podman: no new privileges" {
	ok podman run --rm --security-opt no-new-privileges "$IMAGE" grep NoNewPrivs /proc/self/status
	has "$out" 1
	ok podman run --rm "$IMAGE" grep NoNewPrivs /proc/self/status
	has "$out" 0
}

@test "podman: --user by name and number, --group-add, umask, working directory, HOME" {
	ok podman run --rm --user user "$IMAGE" sh -c 'id; echo $HOME'
	has "$out" "uid=1000(user) gid=1000(user) groups="
	has "$out" "2000(extra)"
	has "$out" /home/user
	ok podman run --rm --user 77:88 --group-add 99 "$IMAGE" id
	is "${out//[()]/ }" 'uid=77 77  gid=88 88  groups=88 88 ,99'
	ok podman run --rm --umask 077 --workdir /var/tmp "$IMAGE" sh -c 'umask; pwd'
	is "$out" "$(printf '0077\n/var/tmp')"
}

@test "podman: environment, hostname, annotations" {
	ok podman run --rm --env A=b --env 'S=with space' --hostname here --annotation x=y "$IMAGE" sh -c 'echo "$A $S"; hostname; cat /etc/hostname'
	is "$out" "$(printf 'b with space\nhere\nhere')"
}

@test "podman: --read-only, with and without the temporary file systems" {
	ok podman run --rm --read-only "$IMAGE" sh -c 'touch /new 2>&1; touch /tmp/x && echo tmp; touch /dev/shm/x && echo shm'
	has "$out" "Read-only file system"
	has "$out" tmp
	has "$out" shm
	fails 1 podman run --rm --read-only --read-only-tmpfs=false "$IMAGE" touch /tmp/x
}

@test "podman: --tmpfs and its options; what the image has there is copied up" {
	ok podman run --rm --tmpfs /scratch:size=1m,mode=1777,noexec "$IMAGE" sh -c 'grep " /scratch " /proc/mounts; stat -c %a /scratch'
	has "$out" tmpfs
	has "$out" noexec
	has "$out" size=1024k
	has "$out" 1777
	ok podman run --rm --tmpfs /etc "$IMAGE" cat /etc/plain
	is "$out" text
	ok podman run --rm --mount type=tmpfs,destination=/etc,notmpcopyup "$IMAGE" sh -c 'test ! -e /etc/plain'
}

@test "podman: volumes: writable, read-only, named, a single file, options" {
	mkdir vol
	echo host >vol/file
	ok podman run --rm -v "$PWD/vol:/vol" "$IMAGE" sh -c 'cat /vol/file; echo container >/vol/file'
	is "$out" host
	is "$(cat vol/file)" container
	fails 1 podman run --rm -v "$PWD/vol:/vol:ro" "$IMAGE" touch /vol/file
	says "Read-only file system"
	ok podman run --rm -v "$PWD/vol/file:/etc/plain:ro" "$IMAGE" cat /etc/plain
	is "$out" container
	ok podman run --rm -v "$C-vol:/data" "$IMAGE" sh -c 'echo kept >/data/f'
	ok podman run --rm -v "$C-vol:/data" "$IMAGE" cat /data/f
	is "$out" kept
	ok podman run --rm -v "$PWD/vol:/vol:noexec,nosuid,nodev" "$IMAGE" grep ' /vol ' /proc/mounts
	has "$out" nosuid,nodev,noexec
	fails 125 podman run --rm -v "$PWD/nosuch:/vol" "$IMAGE" true
	ok podman volume rm "$C-vol"
}

@test "podman: volumes: a mount beneath, recursive and not" {
	mkdir -p vol/sub
	mount -t tmpfs tmpfs vol/sub
	echo below >vol/sub/f
	call podman run --rm -v "$PWD/vol:/vol:rbind" "$IMAGE" cat /vol/sub/f
	recursive="$status $out"
	call podman run --rm -v "$PWD/vol:/vol:bind" "$IMAGE" ls /vol/sub
	plain="$status $out"
	umount vol/sub
	is "$recursive" "0 below"
	is "$plain" "0 "
}

@test "podman: volumes: a mount made on the host later arrives with rslave" {
	mkdir vol
	mount --bind vol vol
	mount --make-shared vol
	mkdir vol/sub
	call podman run -d --name "$C" -v "$PWD/vol:/vol:rslave" "$IMAGE" sleep 1000
	mount -t tmpfs tmpfs vol/sub
	echo late >vol/sub/f
	call podman exec "$C" cat /vol/sub/f
	umount vol/sub
	call_out=$out
	podman rm -f -t 0 "$C" >/dev/null
	umount vol
	is "$call_out" late
}

@test "podman: --device, --device-cgroup-rule" {
	ok podman run --rm --device /dev/fuse:/dev/mine:r "$IMAGE" sh -c 'stat -c "%t:%T" /dev/mine
		(: </dev/mine) && echo opened; (: >/dev/mine) 2>/dev/null || echo refused'
	is "$out" "$(printf 'a:e5\nopened\nrefused')"
	ok podman run --rm --cap-add mknod "$IMAGE" sh -c 'mknod /tmp/fuse c 10 229; (: </tmp/fuse) 2>&1 || true'
	has "$out" "Operation not permitted"
	ok podman run --rm --cap-add mknod --device-cgroup-rule 'c 10:229 r' "$IMAGE" sh -c 'mknod /tmp/fuse c 10 229; (: </tmp/fuse) && echo opened'
	is "$out" opened
}

@test "podman: --sysctl" {
	ok podman run --rm --sysctl kernel.msgmax=4096 --sysctl net.ipv4.ip_forward=1 "$IMAGE" cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward
	is "$out" "$(printf '4096\n1')"
	call podman run --rm --sysctl kernel.msgmax=4096 --ipc host "$IMAGE" true
	[ "$status" -ne 0 ]
}

@test "podman: seccomp: the default profile, unconfined, a profile of one's own" {
	tool=(-v "$(command -v setarch):/bin/setarch:ro" -v /lib:/lib:ro -v /lib64:/lib64:ro)
	ok podman run --rm "${tool[@]}" "$IMAGE" sh -c "$SHOW_SECCOMP; setarch --addr-no-randomize true 2>&1 || true"
	has "$out" 2
	[[ $out == *"not permitted"* || $out == *"not implemented"* ]] || show_call "should be refused"
	ok podman run --rm "${tool[@]}" --security-opt seccomp=unconfined "$IMAGE" sh -c "$SHOW_SECCOMP; setarch --addr-no-randomize true && echo allowed"
	is "$out" "$(printf '0\nallowed')"
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}' >p.json
	ok podman run --rm --security-opt "seccomp=$PWD/p.json" "$IMAGE" sh -c "$SHOW_SECCOMP; mkdir /tmp/d 2>&1 || true"
	has "$out" "No space left on device"
	sleeper
	ok podman exec "$C" sh -c "$SHOW_SECCOMP"
	is "$out" 2
}

@test "podman: masked and read-only paths, and unmasked ones" {
	ok podman run --rm "$IMAGE" sh -c 'ls /proc/scsi /sys/firmware 2>/dev/null | grep -cv :; touch /proc/sys/kernel/domainname 2>&1; wc -c </proc/timer_list'
	has "$out" "Read-only file system"
	ok podman run --rm --security-opt unmask=all "$IMAGE" sh -c 'grep -c " /proc/" /proc/mounts || true'
	is "$out" 0
	ok podman run --rm --security-opt mask=/etc/plain "$IMAGE" sh -c 'wc -c </etc/plain'
	is "${out// /}" 0
}

@test "podman: user namespaces" {
	ok podman run --rm --uidmap 0:200000:65536 --gidmap 0:300000:65536 "$IMAGE" sh -c 'cat /proc/self/uid_map /proc/self/gid_map; id -u; touch /tmp/mine && stat -c %u /tmp/mine'
	is "$(tr -s ' ' <<<"$out")" "$(printf ' 0 200000 65536\n 0 300000 65536\n0\n0')"
	ok podman run -d --name "$C" --uidmap 0:200000:65536 "$IMAGE" sleep 1000
	pid=$(podman inspect --format '{{.State.Pid}}' "$C")
	is "$(stat -c %u "/proc/$pid")" 200000
	ok podman exec "$C" sh -c 'id -u; hostname -f >/dev/null; hostname changed 2>&1 || true'
	has "$out" 0
	on_pty -- podman exec -it "$C" tty
	has "$out" /dev/pts/
	ok podman run --rm --uidmap 0:200000:65536 --read-only -v "$PWD:/vol:ro" "$IMAGE" sh -c 'mount | grep -c " /vol "'
	ok podman run --rm -t --uidmap 0:200000:65536 "$IMAGE" sh -c 'tty; stat -c %u $(tty)'
	has "$out" /dev/pts/0
}

@test "podman: namespaces of the host" {
	ok podman run --rm --pid host --ipc host --uts host --network host --cgroupns host "$IMAGE" sh -c \
		'for n in pid ipc uts net cgroup; do readlink /proc/self/ns/$n; done'
	is "$out" "$(for n in pid ipc uts net cgroup; do readlink "/proc/self/ns/$n"; done)"
	ok podman run --rm --cgroupns private "$IMAGE" readlink /proc/self/ns/cgroup
	[ "$out" != "$(readlink /proc/self/ns/cgroup)" ]
}

@test "podman: --pid host: kill, stop and rm reach all processes" {
	ok podman run -d --name "$C" --pid host "$IMAGE" sh -c 'sleep 1001 & echo $! >/tmp/child; echo ready; wait'
	wait_for logs_have "$C" ready
	child=$(podman exec "$C" cat /tmp/child)
	is_alive "$child"
	ok podman rm -f -t 0 "$C"
	wait_for is_gone "$child"
}

@test "podman: namespaces of another container" {
	ok podman run -d --name "$C" --ipc shareable "$IMAGE" sleep 1000
	pid=$(podman inspect --format '{{.State.Pid}}' "$C")
	ok podman run --rm --network "container:$C" --pid "container:$C" --ipc "container:$C" --uts "container:$C" "$IMAGE" sh -c \
		'for n in net pid ipc uts; do readlink /proc/self/ns/$n; done; ps | grep -c "[s]leep 1000"'
	is "$out" "$(for n in net pid ipc uts; do readlink "/proc/$pid/ns/$n"; done; echo 1)"
	ok podman run -d --name "$C-2" --pid "container:$C" "$IMAGE" sleep 1002
	ok podman stop -t 1 "$C-2"
	ok podman exec "$C" true
}

@test "podman: health checks" {
	ok podman run -d --name "$C" --health-cmd 'test -e /tmp/well' --health-interval disable --health-retries 1 "$IMAGE" sleep 1000
	fails 1 podman healthcheck run "$C"
	ok podman exec "$C" touch /tmp/well
	ok podman healthcheck run "$C"
	ok podman inspect --format '{{.State.Health.Status}}' "$C"
	is "$out" healthy
}

@test "podman: --init reaps" {
	ok podman run -d --name "$C" --init "$IMAGE" sh -c 'while :; do (sleep 0.01 &) ; sleep 0.05; done'
	ok podman exec "$C" cat /proc/1/comm
	has "$out" init
	sleep 0.5
	ok podman exec "$C" sh -c 'grep -l "^State:.Z" /proc/[0-9]*/status 2>/dev/null | wc -l'
	[ "${out// /}" -le 1 ]
	ok podman stop -t 5 "$C"
}

@test "podman: descriptors of the engine do not reach the container" {
	ok podman run --rm "$IMAGE" sh -c 'ls /proc/self/fd | tr "\n" " "'
	is "$out" "0 1 2 3 "
	sleeper
	ok podman exec "$C" sh -c 'ls /proc/self/fd | tr "\n" " "'
	is "$out" "0 1 2 3 "
}

@test "podman: cp, commit, export, rename" {
	sleeper
	echo copied >f
	ok podman cp f "$C:/mnt/f"
	ok podman exec "$C" cat /mnt/f
	is "$out" copied
	ok podman cp "$C:/etc/plain" g
	is "$(cat g)" text
	ok podman commit "$C" "$C-image"
	ok podman run --rm "localhost/$C-image" cat /mnt/f
	is "$out" copied
	ok podman export -o x.tar "$C"
	tar tf x.tar mnt/f
	ok podman rename "$C" "$C-new"
	ok podman exec "$C-new" true
	ok podman rm -f -t 0 "$C-new"
	ok podman rmi "localhost/$C-image"
}

@test "podman: 20 at once" {
	all_at_once 20 podman run --rm "$IMAGE"
	nothing_runs
}

@test "podman: 20 execs at once" {
	sleeper
	all_at_once 20 podman exec "$C"
}

@test "podman: the runtime inside a privileged container" {
	mkdir -p bundle program
	cp "$RUNTIME" program/
	inner_config >bundle/config.json
	ok podman run --rm --privileged --cgroupns private -v "$PWD/program:/program:ro" -v "$PWD/bundle:/bundle" \
		-v "$E/rootfs:/bundle/rootfs:ro" -v /usr:/usr:ro -v /lib:/lib:ro -v /lib64:/lib64:ro --tmpfs /run "$IMAGE" "/program/$RUNTIME_NAME" run --bundle /bundle inner
	is "$out" "inside 1"
}
