#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# docker (dockerd, containerd and its shim) on the runtime.

load engines
load docker

@test "docker: info lists the runtime and asks it for its version" {
	ok docker info --format '{{.DefaultRuntime}} {{json (index .Runtimes "enviro-oci")}} {{json .RuncCommit}}'
	has "$out" enviro-oci
	has "$out" "$RUNTIME"
	has_not "$(cat "$E/dockerd.log")" "failed to retrieve enviro-oci version"
}

@test "docker: run: output, standard error and input" {
	ok docker run --rm "$IMAGE" sh -c 'echo one; echo two >&2'
	is "$out" one
	has "$err" two
	echo text >in
	STDIN=in ok docker run --rm -i "$IMAGE" cat
	is "$out" text
}

@test "docker: run: exit statuses" {
	ok docker run --rm "$IMAGE" true
	fails 7 docker run --rm "$IMAGE" sh -c 'exit 7'
	fails 137 docker run --rm --init "$IMAGE" sh -c 'kill -9 $$'
	fails 143 docker run --rm --init "$IMAGE" sh -c 'kill -15 $$'
}

@test "docker: run: 127 for what is not there, 126 for what cannot be executed" {
	fails 127 docker run --rm "$IMAGE" nosuch
	says 'executable file not found in $PATH'
	fails 127 docker run --rm "$IMAGE" /no/such
	says 'no such file or directory'
	fails 126 docker run --rm "$IMAGE" /etc/plain
	says 'permission denied'
	fails 126 docker run --rm "$IMAGE" /etc
	fails 127 docker run --rm -v "$PWD:/etc/plain/x" "$IMAGE" true || [ "$status" -ne 0 ]
}

@test "docker: run --rm leaves nothing" {
	ok docker run --rm --cidfile cid "$IMAGE" cat /proc/self/cgroup
	id=$(cat cid)
	[ ! -e "$E/x/runtime-runc/moby/$id" ]
	is "$(find /sys/fs/cgroup -type d -name "$id")" ""
	nothing_runs
}

@test "docker: detached: logs, wait, ps, inspect" {
	ok docker run -d --name "$C" "$IMAGE" sh -c 'echo begun; echo warned >&2; sleep 1; exit 3'
	ok docker ps --format '{{.Names}} {{.Status}}'
	has "$out" "$C Up"
	ok docker inspect --format '{{.State.Status}} {{.HostConfig.Runtime}}' "$C"
	is "$out" "running enviro-oci"
	ok docker wait "$C"
	is "$out" 3
	ok docker logs "$C"
	is "$out" begun
	is "$err" warned
	ok docker inspect --format '{{.State.Status}} {{.State.ExitCode}} {{.State.Pid}}' "$C"
	is "$out" "exited 3 0"
}

@test "docker: logs --follow ends with the container" {
	ok docker run -d --name "$C" "$IMAGE" sh -c 'for i in 1 2 3; do echo $i; sleep 0.3; done'
	ok docker logs --follow "$C"
	is "$out" "$(printf '1\n2\n3')"
}

@test "docker: create, start --attach, start again" {
	ok docker create --name "$C" "$IMAGE" sh -c 'echo ran >>/mnt/ran; wc -l </mnt/ran; exit 4'
	fails 4 docker start --attach "$C"
	is "${out// /}" 1
	fails 4 docker start --attach "$C"
	is "${out// /}" 2
}

@test "docker: exec: output, input, exit statuses" {
	sleeper
	ok docker exec "$C" sh -c 'echo one; echo two >&2'
	is "$out" one
	is "$err" two
	echo text >in
	STDIN=in ok docker exec -i "$C" cat
	is "$out" text
	fails 9 docker exec "$C" sh -c 'exit 9'
	fails 137 docker exec "$C" sh -c 'kill -9 $$'
}

@test "docker: exec: 127 and 126" {
	sleeper
	fails 126 docker exec "$C" /etc/plain
	fails 126 docker exec "$C" /etc
	call docker exec "$C" nosuch
	[ "$status" -eq 126 ] || [ "$status" -eq 127 ]
	has "$out$err" 'executable file not found in $PATH'
	call docker exec "$C" /no/such
	[ "$status" -eq 126 ] || [ "$status" -eq 127 ]
	has "$out$err" 'no such file or directory'
	ok docker exec "$C" true
}

@test "docker: exec: user, working directory, environment, privileges" {
	sleeper
	ok docker exec --user user "$C" id
	has "$out" "uid=1000(user) gid=1000(user)"
	has "$out" "2000(extra)"
	ok docker exec --user 55:66 "$C" sh -c 'echo $(id -u):$(id -g)'
	is "$out" 55:66
	ok docker exec --workdir /var/tmp --env A=b "$C" sh -c 'pwd; echo $A'
	is "$out" "$(printf '/var/tmp\nb')"
	call docker exec --workdir /no/such "$C" true
	[ "$status" -ne 0 ]
	has "$out$err" "no such file or directory"
}

@test "docker: exec --privileged" {
	requires_all_caps
	sleeper
	ok docker exec --privileged "$C" sh -c "$SHOW_CAPS"
	[[ $out == *$ALL_CAPS* || $out == *$MACHINE_CAPS* ]] || show_call "should have all capabilities"
}

@test "docker: exec, detached" {
	sleeper
	ok docker exec -d "$C" sh -c 'echo done >/tmp/done'
	wait_for docker exec "$C" grep -q done /tmp/done
}

@test "docker: exec with a terminal" {
	sleeper
	on_pty --size 31x97 -- docker exec -it "$C" sh -c 'tty; for i in 1 2 3 4 5; do stty size; sleep 0.2; done; exit 5'
	is "$status" 5
	has "$out" /dev/pts/
	has "$out" "31 97"
}

@test "docker: run with a terminal: input, size, a resize" {
	on_pty --size 25x91 --resize 33x99 --when 'first size' --type $'again\n' --when 'second size' -- \
		docker run --rm -it "$IMAGE" sh -c "$TERMINAL_SCRIPT"
	is "$status" 6 "$out"
	has "$out" "got again"
}

@test "docker: run -t: a console, and the devpts of the container" {
	ok docker run --rm -t "$IMAGE" sh -c 'tty; ls -l /dev/console; mount | grep -c "/dev/pts "'
	has "$out" /dev/pts/0
	has "$out" /dev/console
}

@test "docker: attach" {
	ok docker run -d -i --name "$C" "$IMAGE" sh -c 'read line; echo "got $line"; sleep 0.3; exit 8'
	echo hello >in
	STDIN=in call docker attach "$C"
	ok docker wait "$C"
	is "$out" 8
	ok docker logs "$C"
	is "$out" "got hello"
}

@test "docker: kill, by name and by number" {
	ok docker run -d --name "$C" "$IMAGE" sh -c 'trap "echo usr1" USR1; trap "echo term; exit 11" TERM; echo ready
		while :; do sleep 0.1; done'
	wait_for logs_have "$C" ready
	ok docker kill --signal USR1 "$C"
	wait_for logs_have "$C" usr1
	ok docker kill --signal 15 "$C"
	ok docker wait "$C"
	is "$out" 11
	sleeper "$C-2"
	ok docker kill "$C-2"
	ok docker wait "$C-2"
	is "$out" 137
	fails 1 docker kill "$C-2"
}

@test "docker: stop: the signal, the time-out, the stop signal of the container" {
	ok docker run -d --name "$C" "$IMAGE" sh -c 'trap "exit 12" TERM; echo ready; while :; do sleep 0.1; done'
	wait_for logs_have "$C" ready
	ok docker stop -t 20 "$C"
	ok docker inspect --format '{{.State.ExitCode}}' "$C"
	is "$out" 12
	sleeper "$C-2"
	ok docker stop -t 1 "$C-2"
	ok docker inspect --format '{{.State.ExitCode}}' "$C-2"
	is "$out" 137
	ok docker run -d --name "$C-3" --stop-signal USR2 "$IMAGE" sh -c 'trap "exit 13" USR2; echo ready; while :; do sleep 0.1; done'
	wait_for logs_have "$C-3" ready
	ok docker stop -t 20 "$C-3"
	ok docker inspect --format '{{.State.ExitCode}}' "$C-3"
	is "$out" 13
}

@test "docker: restart, rm --force of what runs" {
	sleeper
	first=$(init_pid "$C")
	ok docker restart -t 0 "$C"
	[ "$(init_pid "$C")" != "$first" ]
	fails 1 docker rm "$C"
	ok docker rm -f "$C"
	wait_for is_gone "$first"
	nothing_runs
}

@test "docker: --restart on-failure" {
	ok docker run -d --name "$C" --restart on-failure:2 "$IMAGE" sh -c 'echo try; exit 1'
	wait_for restarted_out "$C" 3
}

restarted_out() {
	[ "$(docker logs "$1" | grep -c try)" = "$2" ] && [ "$(docker inspect --format '{{.State.Status}}' "$1")" = exited ]
}

@test "docker: pause, unpause" {
	ok docker run -d --name "$C" "$IMAGE" sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/tmp/n; sleep 0.05; done'
	ok docker pause "$C"
	ok docker inspect --format '{{.State.Status}}' "$C"
	is "$out" paused
	pid=$(init_pid "$C")
	one=$(cat "/proc/$pid/root/tmp/n")
	sleep 0.3
	is "$(cat "/proc/$pid/root/tmp/n")" "$one" "a paused container went on"
	fails 1 docker exec "$C" true
	ok docker unpause "$C"
	ok docker exec "$C" true
	ok docker pause "$C"
	ok docker rm -f "$C"
}

@test "docker: top, stats, diff" {
	requires_controller memory
	ok docker run -d --name "$C" --memory 64m "$IMAGE" sh -c 'echo x >/mnt/new; echo ready; sleep 1000'
	wait_for logs_have "$C" ready
	ok docker top "$C"
	has "$out" "sleep 1000"
	ok docker top "$C" -o pid,comm
	has "$out" sleep
	ok docker stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}}' "$C"
	has "$out" "$C"
	has "$out" 64MiB
	ok docker diff "$C"
	has "$out" "A /mnt/new"
}

@test "docker: limits: memory, cpu, pids, in the container's cgroup" {
	requires_controller memory
	ok docker run -d --name "$C" --memory 64m --memory-swap 128m --memory-reservation 32m --cpu-shares 512 \
		--cpu-period 50000 --cpu-quota 20000 --cpuset-cpus 0 --pids-limit 33 "$IMAGE" sleep 1000
	[ "$(view)" != unified ] || return 0
	pid=$(init_pid "$C")
	has "$(cgroup_dir "$pid" memory)" "$CG/"
	is "$(cgroup_value "$pid" memory memory.limit_in_bytes)" 67108864
	is "$(cgroup_value "$pid" memory memory.memsw.limit_in_bytes)" 134217728
	is "$(cgroup_value "$pid" memory memory.soft_limit_in_bytes)" 33554432
	is "$(cgroup_value "$pid" cpu cpu.shares)" 512
	is "$(cgroup_value "$pid" cpu cpu.cfs_quota_us)" 20000
	is "$(cgroup_value "$pid" cpuset cpuset.cpus)" 0
	is "$(cgroup_value "$pid" pids pids.max)" 33
}

@test "docker: limits hold: memory (OOMKilled), pids" {
	requires_controller memory
	fails 137 docker run --name "$C" --memory 16m --memory-swap 16m "$IMAGE" sh -c 'exec tail -c 64m /dev/zero'
	ok docker inspect --format '{{.State.OOMKilled}}' "$C"
	is "$out" true
	call docker run --rm --pids-limit 8 "$IMAGE" sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1 & done; wait'
	says fork
}

@test "docker: update, up and down" {
	requires_controller memory
	ok docker run -d --name "$C" --memory 64m --memory-swap 64m "$IMAGE" sleep 1000
	pid=$(init_pid "$C")
	ok docker update --memory 128m --memory-swap 256m --cpu-shares 256 --pids-limit 77 "$C"
	if [ "$(view)" != unified ]; then
		is "$(cgroup_value "$pid" memory memory.limit_in_bytes)" 134217728
		is "$(cgroup_value "$pid" memory memory.memsw.limit_in_bytes)" 268435456
		is "$(cgroup_value "$pid" cpu cpu.shares)" 256
		is "$(cgroup_value "$pid" pids pids.max)" 77
	fi
	ok docker update --memory 32m --memory-swap 48m "$C"
	[ "$(view)" = unified ] || is "$(cgroup_value "$pid" memory memory.memsw.limit_in_bytes)" 50331648
	ok docker update --cpus 0.5 "$C"
	[ "$(view)" = unified ] || is "$(cgroup_value "$pid" cpu cpu.cfs_quota_us)" 50000
	ok docker update --restart no "$C"
	ok docker exec "$C" true
}

@test "docker: ulimits, oom score, the size of /dev/shm" {
	ok docker run --rm --ulimit nofile=333:444 --ulimit core=0 --oom-score-adj 500 --shm-size 8m "$IMAGE" sh -c \
		'ulimit -Sn; ulimit -Hn; ulimit -c; cat /proc/self/oom_score_adj; df -k /dev/shm | tail -n 1 | awk "{ print \$2 }"'
	is "$out" "$(printf '%s\n' 333 444 0 500 8192)"
}

@test "docker: capabilities: the default set, drop, add, all" {
	ok docker run --rm "$IMAGE" sh -c "$SHOW_CAPS"
	is "$out" "$(printf '00000000a80425fb\n00000000a80425fb')"
	ok docker run --rm --cap-drop all "$IMAGE" sh -c "$SHOW_CAPS"
	is "$out" "$(printf '0000000000000000\n0000000000000000')"
	ok docker run --rm --cap-drop all --cap-add net_admin --cap-add chown "$IMAGE" sh -c "$SHOW_CAPS"
	is "$out" "$(printf '0000000000001001\n0000000000001001')"
	ok docker run --rm --user 1000 "$IMAGE" sh -c "$SHOW_CAPS"
	is "$out" "$(printf '0000000000000000\n00000000a80425fb')"
}

@test "docker: --privileged: capabilities, devices, no seccomp, nothing masked" {
	requires_all_caps
	ok docker run --rm --privileged "$IMAGE" sh -c "$SHOW_CAPS; $SHOW_SECCOMP; ls /dev | wc -l; touch /proc/sys/kernel/domainname && echo writable"
	[[ $out == *$ALL_CAPS* || $out == *$MACHINE_CAPS* ]] || show_call "should have all capabilities"
	has "$out" "$(printf '\n0\n')"
	has "$out" writable
}

@test "docker: no new privileges" {
	ok docker run --rm --security-opt no-new-privileges "$IMAGE" grep NoNewPrivs /proc/self/status
	has "$out" 1
	ok docker run --rm "$IMAGE" grep NoNewPrivs /proc/self/status
	has "$out" 0
}

@test "docker: --user by name and number, --group-add, working directory, HOME" {
	ok docker run --rm --user user "$IMAGE" sh -c 'id; echo $HOME'
	has "$out" "uid=1000(user) gid=1000(user)"
	has "$out" /home/user
	ok docker run --rm --user 77:88 --group-add 99 "$IMAGE" sh -c 'id -u; id -g; id -G'
	is "$out" "$(printf '77\n88\n88 99')"
	ok docker run --rm --workdir /made/here "$IMAGE" pwd
	is "$out" /made/here
}

@test "docker: environment, hostname, domain name" {
	ok docker run --rm --env A=b --env 'S=with space' --hostname here --domainname there "$IMAGE" sh -c \
		'echo "$A $S"; hostname; cat /proc/sys/kernel/domainname'
	is "$out" "$(printf 'b with space\nhere\nthere')"
}

@test "docker: --read-only, --tmpfs and its options" {
	ok docker run --rm --read-only --tmpfs /scratch:size=1m,mode=1777 "$IMAGE" sh -c 'touch /new 2>&1; touch /scratch/x && echo tmp; touch /dev/shm/x && echo shm
		grep " /scratch " /proc/mounts; stat -c %a /scratch'
	has "$out" "Read-only file system"
	has "$out" tmp
	has "$out" shm
	has "$out" noexec
	has "$out" size=1024k
	has "$out" 1777
}

@test "docker: volumes: writable, read-only, named, a single file" {
	mkdir vol
	echo host >vol/file
	ok docker run --rm -v "$PWD/vol:/vol" "$IMAGE" sh -c 'cat /vol/file; echo container >/vol/file'
	is "$out" host
	is "$(cat vol/file)" container
	fails 1 docker run --rm -v "$PWD/vol:/vol:ro" "$IMAGE" touch /vol/file
	says "Read-only file system"
	ok docker run --rm -v "$PWD/vol/file:/etc/plain:ro" "$IMAGE" cat /etc/plain
	is "$out" container
	ok docker run --rm -v "$C-vol:/data" "$IMAGE" sh -c 'echo kept >/data/f'
	ok docker run --rm -v "$C-vol:/data" "$IMAGE" cat /data/f
	is "$out" kept
	ok docker volume rm "$C-vol"
}

@test "docker: volumes: a mount beneath, recursive and not; rslave" {
	mkdir -p vol/sub vol/late
	mount --bind vol vol
	mount --make-shared vol
	mount -t tmpfs tmpfs vol/sub
	echo below >vol/sub/f
	call docker run --rm --mount "type=bind,source=$PWD/vol,target=/vol" "$IMAGE" cat /vol/sub/f
	recursive="$status $out"
	call docker run --rm --mount "type=bind,source=$PWD/vol,target=/vol,bind-nonrecursive=true" "$IMAGE" ls /vol/sub
	plain="$status $out"
	call docker run -d --name "$C" --mount "type=bind,source=$PWD/vol,target=/vol,bind-propagation=rslave" "$IMAGE" sleep 1000
	mount -t tmpfs tmpfs vol/late
	echo late >vol/late/f
	call docker exec "$C" cat /vol/late/f
	late="$status $out"
	umount vol/late vol/sub
	docker rm -f "$C" >/dev/null
	umount vol
	is "$recursive" "0 below"
	is "$plain" "0 "
	is "$late" "0 late"
}

@test "docker: --device, --device-cgroup-rule" {
	ok docker run --rm --device /dev/fuse:/dev/mine:r "$IMAGE" sh -c 'stat -c "%t:%T" /dev/mine
		(: </dev/mine) && echo opened; (: >/dev/mine) 2>/dev/null || echo refused'
	is "$out" "$(printf 'a:e5\nopened\nrefused')"
	ok docker run --rm --cap-add mknod "$IMAGE" sh -c 'mknod /tmp/fuse c 10 229; (: </tmp/fuse) 2>&1 || true'
	has "$out" "Operation not permitted"
	ok docker run --rm --cap-add mknod --device-cgroup-rule 'c 10:229 r' "$IMAGE" sh -c 'mknod /tmp/fuse c 10 229; (: </tmp/fuse) && echo opened'
	is "$out" opened
}

@test "docker: --device-read-bps" {
	[ "$(view)" != unified ] || skip "v1 only"
	ok docker run -d --name "$C" --device-read-bps /dev/vda:1mb --device-write-iops /dev/vda:100 "$IMAGE" sleep 1000
	pid=$(init_pid "$C")
	has "$(cgroup_value "$pid" blkio blkio.throttle.read_bps_device)" 1048576
	has "$(cgroup_value "$pid" blkio blkio.throttle.write_iops_device)" 100
}

@test "docker: --sysctl" {
	ok docker run --rm --sysctl kernel.msgmax=4096 --sysctl net.ipv4.ip_forward=1 "$IMAGE" cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward
	is "$out" "$(printf '4096\n1')"
	call docker run --rm --sysctl kernel.msgmax=4096 --ipc host "$IMAGE" true
	[ "$status" -ne 0 ]
}

@test "docker: seccomp: the default profile, unconfined, a profile of one's own" {
	ok docker run --rm "$IMAGE" sh -c "$SHOW_SECCOMP; unshare -U true 2>&1 || true"
	has "$out" 2
	has "$out" "Operation not permitted"
	ok docker run --rm --security-opt seccomp=unconfined "$IMAGE" sh -c "$SHOW_SECCOMP; unshare -U true && echo allowed"
	is "$out" "$(printf '0\nallowed')"
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}' >p.json
	ok docker run --rm --security-opt "seccomp=$PWD/p.json" "$IMAGE" sh -c 'mkdir /tmp/d 2>&1 || true'
	has "$out" "No space left on device"
	sleeper
	ok docker exec "$C" sh -c "$SHOW_SECCOMP"
	is "$out" 2
}

@test "docker: masked and read-only paths, and unmasked ones" {
	ok docker run --rm "$IMAGE" sh -c 'touch /proc/sys/kernel/domainname 2>&1; wc -c </proc/timer_list; ls /sys/firmware | wc -l'
	has "$out" "Read-only file system"
	ok docker run --rm --security-opt systempaths=unconfined "$IMAGE" sh -c 'grep -c " /proc/" /proc/mounts || true'
	is "$out" 0
}

@test "docker: namespaces of the host" {
	ok docker run --rm --pid host --ipc host --uts host --network host --cgroupns host "$IMAGE" sh -c \
		'for n in pid ipc uts net cgroup; do readlink /proc/self/ns/$n; done'
	is "$out" "$(for n in pid ipc uts net cgroup; do readlink "/proc/self/ns/$n"; done)"
	ok docker run --rm --cgroupns private "$IMAGE" sh -c 'readlink /proc/self/ns/cgroup; cut -d: -f3 /proc/self/cgroup | sort -u'
	has_not "$out" "$(readlink /proc/self/ns/cgroup)"
	is "$(tail -n 1 <<<"$out")" /
}

@test "docker: --pid host: kill and rm reach all processes" {
	ok docker run -d --name "$C" --pid host "$IMAGE" sh -c 'sleep 1001 & echo $! >/tmp/child; echo ready; wait'
	wait_for logs_have "$C" ready
	child=$(docker exec "$C" cat /tmp/child)
	is_alive "$child"
	ok docker rm -f "$C"
	wait_for is_gone "$child"
}

@test "docker: namespaces of another container" {
	ok docker run -d --name "$C" --ipc shareable --network none "$IMAGE" sleep 1000
	pid=$(init_pid "$C")
	ok docker run --rm --network "container:$C" --pid "container:$C" --ipc "container:$C" "$IMAGE" sh -c \
		'for n in net pid ipc; do readlink /proc/self/ns/$n; done; ps | grep -c "[s]leep 1000"'
	is "$out" "$(for n in net pid ipc; do readlink "/proc/$pid/ns/$n"; done; echo 1)"
	ok docker run -d --name "$C-2" --pid "container:$C" "$IMAGE" sleep 1002
	ok docker stop -t 1 "$C-2"
	ok docker exec "$C" true
}

@test "docker: health checks" {
	ok docker run -d --name "$C" --health-cmd 'test -e /tmp/well' --health-interval 1s --health-retries 1 "$IMAGE" sleep 1000
	wait_for health_is "$C" unhealthy
	ok docker exec "$C" touch /tmp/well
	wait_for health_is "$C" healthy
}

health_is() {
	[ "$(docker inspect --format '{{.State.Health.Status}}' "$1")" = "$2" ]
}

@test "docker: --init reaps" {
	ok docker run -d --name "$C" --init "$IMAGE" sh -c 'while :; do (sleep 0.01 &) ; sleep 0.05; done'
	ok docker exec "$C" cat /proc/1/comm
	has "$out" init
	sleep 0.5
	ok docker exec "$C" sh -c 'grep -l "^State:.Z" /proc/[0-9]*/status 2>/dev/null | wc -l'
	[ "${out// /}" -le 1 ]
	ok docker stop -t 5 "$C"
}

@test "docker: descriptors of the engine do not reach the container" {
	ok docker run --rm "$IMAGE" sh -c 'ls /proc/self/fd | tr "\n" " "'
	is "$out" "0 1 2 3 "
	sleeper
	ok docker exec "$C" sh -c 'ls /proc/self/fd | tr "\n" " "'
	is "$out" "0 1 2 3 "
}

@test "docker: no runtime process stays behind a running container" {
	sleeper
	pid=$(init_pid "$C")
	is "$(tr '\0' ' ' <"/proc/$(awk '/^PPid/ { print $2 }' "/proc/$pid/status")/cmdline" | grep -c containerd-shim)" 1
	is "$(pgrep -f -- "--root $E/x/runtime-runc" || true)" ""
}

@test "docker: a fork bomb's remains are gone with the container" {
	ok docker run -d --name "$C" "$IMAGE" sh -c 'for i in $(seq 50); do sleep 1004 & done; echo ready; wait'
	wait_for logs_have "$C" ready
	dir=$(cgroup_dir "$(init_pid "$C")" "$([ "$(view)" = unified ] || echo pids)")
	ok docker kill "$C"
	ok docker wait "$C"
	ok docker rm "$C"
	[ ! -e "$dir" ]
}

@test "docker: cp, commit, export, rename" {
	ok docker run -d --network none --name "$C" "$IMAGE" sleep 1000
	echo copied >f
	ok docker cp f "$C:/mnt/f"
	ok docker exec "$C" cat /mnt/f
	is "$out" copied
	ok docker cp "$C:/etc/plain" g
	is "$(cat g)" text
	ok docker commit "$C" "$C-image"
	ok docker run --rm "$C-image" cat /mnt/f
	is "$out" copied
	ok docker rename "$C" "$C-new"
	ok docker exec "$C-new" true
	ok docker rmi "$C-image"
}

@test "docker: build" {
	printf 'FROM %s\nRUN echo built >/mnt/built && test "$(id -u)" = 0\nUSER user\nRUN id -u >/tmp/who\nCMD cat /mnt/built /tmp/who\n' "$IMAGE" >Dockerfile
	DOCKER_BUILDKIT=0 ok docker build --network none -t "$C-built" .
	ok docker run --rm "$C-built"
	is "$out" "$(printf 'built\n1000')"
	ok docker rmi "$C-built"
}

@test "docker: labels, annotations and log drivers do not stand in the way" {
	ok docker run --rm --label io.kubernetes.pod.name=x --log-driver none "$IMAGE" true
}

@test "docker: live restore: containers outlive dockerd" {
	sleeper
	pid=$(init_pid "$C")
	kill -KILL "$dockerd_pid" 2>/dev/null || kill -KILL "$(tail -n 1 "$E/daemons")"
	wait_for is_gone "$(tail -n 1 "$E/daemons")"
	rm -f "$E/d.pid" "$E/d.sock"
	start_dockerd --live-restore
	is_alive "$pid"
	ok docker exec "$C" echo alive
	is "$out" alive
	ok docker stop -t 0 "$C"
}

# Subordinate ids for nobody, in a mount namespace of these daemons'.
@test "docker: userns-remap" {
	stop_daemon "$(tail -n 1 "$E/daemons")"
	printf 'nobody:400000:65536\nnogroup:400000:65536\n' >"$E/subid"
	mkdir -m 755 "$E/r" "$E/r/g" "$E/r/x"
	containerd_config r >"$E/remap.toml"
	docker_config r | jq '. + {"userns-remap": "nobody:nogroup"}' >"$E/remap.json"
	daemon remap.log unshare --mount --propagation private sh -c 'for f in subuid subgid; do
			[ -e /etc/$f ] || : >/etc/$f; mount --bind "$0/subid" /etc/$f; done
		containerd --config "$0/remap.toml" & echo $! >"$0/remap.pid"
		exec dockerd --config-file "$0/remap.json"' "$E"
	wait_for docker version
	import_image
	ok docker run --rm "$IMAGE" sh -c 'cat /proc/self/uid_map; touch /tmp/x && stat -c %u /tmp/x'
	is "$(tr -s ' ' <<<"$out")" "$(printf ' 0 400000 65536\n0')"
	sleeper
	is "$(stat -c %u "/proc/$(init_pid "$C")")" 400000
	ok docker exec "$C" id -u
	is "$out" 0
	ok docker exec -t "$C" tty
	has "$out" /dev/pts/
	chmod 755 "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}"
	ok docker run --rm --read-only --tmpfs /tmp -v "$PWD:/vol:ro" "$IMAGE" sh -c 'touch /tmp/x && ls /vol >/dev/null && echo done'
	is "$out" done
	ok docker run --rm --userns host "$IMAGE" cat /proc/self/uid_map
	is "$(tr -s ' ' <<<"$out")" " 0 0 4294967295"
	docker rm -f "$C" >/dev/null
}

@test "docker: 20 at once" {
	all_at_once 20 docker run --rm "$IMAGE"
	nothing_runs
}

@test "docker: 20 execs at once" {
	sleeper
	all_at_once 20 docker exec "$C"
}

@test "docker: the runtime inside a privileged container with a cgroup namespace of its own" {
	requires_all_caps
	mkdir -p bundle program
	cp "$RUNTIME" program/
	inner_config >bundle/config.json
	ok docker run --rm --privileged --cgroupns private -v "$PWD/program:/program:ro" -v "$PWD/bundle:/bundle" \
		-v "$E/rootfs:/bundle/rootfs:ro" -v /usr:/usr:ro -v /lib:/lib:ro -v /lib64:/lib64:ro --tmpfs /run "$IMAGE" \
		"/program/$RUNTIME_NAME" run --bundle /bundle inner
	is "$out" "inside 1"
}
