#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The Kubernetes container runtime interface, as the kubelet calls it.

load engines
load cri

@test "cri: status: ready, and the runtime handler is known" {
	ok "${CRI[@]}" Status '{"verbose": 1}'
	is "$(jq '.status.conditions[] | select(.type == "RuntimeReady") | .status' <<<"$out")" 1
	has "$out" "$RUNTIME"
}

@test "cri: a pod runs, stops, goes" {
	pod
	is "$(cri PodSandboxStatus "{\"pod_sandbox_id\": \"$pod\"}" | jq '.status.state // 0')" 0
	ok "${CRI[@]}" StopPodSandbox "{\"pod_sandbox_id\": \"$pod\"}"
	is "$(cri PodSandboxStatus "{\"pod_sandbox_id\": \"$pod\"}" | jq '.status.state // 0')" 1
	ok "${CRI[@]}" StopPodSandbox "{\"pod_sandbox_id\": \"$pod\"}"
	ok "${CRI[@]}" RemovePodSandbox "{\"pod_sandbox_id\": \"$pod\"}"
	ok "${CRI[@]}" RemovePodSandbox "{\"pod_sandbox_id\": \"$pod\"}"
	is "$(find /sys/fs/cgroup -type d -name "$pod")" ""
}

@test "cri: a runtime handler: the one set up, and one that is not" {
	pod .
	ok "${CRI[@]}" StopPodSandbox "{\"pod_sandbox_id\": \"$pod\"}"
	ok "${CRI[@]}" RunPodSandbox "$(jq -c '{config: (.metadata.uid += "x"), runtime_handler: "enviro-oci"}' pod.json)"
	call "${CRI[@]}" RunPodSandbox "$(jq -c '{config: (.metadata.uid += "y"), runtime_handler: "nosuch"}' pod.json)"
	[ "$status" -ne 0 ]
}

@test "cri: containers: output in the log, exit status" {
	pod
	finishes one . sh -c 'echo begun; echo warned >&2; exit 3'
	is "$code" 3
	has "$log" begun
	has "$log" warned
	ok "${CRI[@]}" RemoveContainer "{\"container_id\": \"$id\"}"
	finishes two . true
	is "$code" 0
}

@test "cri: a command that is not there, or cannot be executed" {
	pod
	create one . nosuch
	call "${CRI[@]}" StartContainer "{\"container_id\": \"$id\"}"
	[ "$status" -ne 0 ]
	says 'executable file not found in $PATH'
	is "$(cri ContainerStatus "{\"container_id\": \"$id\"}" | jq '.status.exit_code')" 128
	create two . /etc/plain
	call "${CRI[@]}" StartContainer "{\"container_id\": \"$id\"}"
	[ "$status" -ne 0 ]
	says 'permission denied'
}

@test "cri: created, running, exited" {
	pod
	create one . sh -c 'sleep 1000'
	has_state "$id" 0
	start
	has_state "$id" 1
	ok "${CRI[@]}" StopContainer "{\"container_id\": \"$id\", \"timeout\": 1}"
	has_state "$id" 2
	is "$(cri ContainerStatus "{\"container_id\": \"$id\"}" | jq '.status.exit_code')" 137
	ok "${CRI[@]}" StopContainer "{\"container_id\": \"$id\", \"timeout\": 1}"
}

@test "cri: stop: the container's own way out" {
	pod
	runs one . sh -c 'trap "exit 12" TERM; echo ready; while :; do sleep 0.1; done'
	wait_for grep -q ready one.log
	ok "${CRI[@]}" StopContainer "{\"container_id\": \"$id\", \"timeout\": 20}"
	is "$(cri ContainerStatus "{\"container_id\": \"$id\"}" | jq '.status.exit_code')" 12
}

@test "cri: ExecSync: output, exit status, an error, a time-out" {
	pod
	runs one . sleep 1000
	sync sh -c 'echo one; echo two >&2; exit 4'
	is "$out" one
	is "$err" two
	is "$code" 4
	call "${CRI[@]}" ExecSync "$(jq -n -c --arg i "$id" '{container_id: $i, cmd: ["nosuch"]}')"
	[ "$status" -ne 0 ]
	says 'executable file not found in $PATH'
	call "${CRI[@]}" ExecSync "$(jq -n -c --arg i "$id" '{container_id: $i, cmd: ["sleep", "50"], timeout: 1}')"
	[ "$status" -ne 0 ]
	says 'timeout'
	sync true
	is "$code" 0
}

@test "cri: Exec by a stream: output, status, a terminal with its size and input" {
	pod
	runs one . sleep 1000
	call "${CRI[@]}" exec "$id" sh -c 'echo one; echo two >&2; exit 6'
	is "$status" 6
	is "$out" one
	is "$err" two
	call "${CRI[@]}" exec -t --size 31x97 --type $'hello\n' --when 'seen' "$id" sh -c \
		'tty; until [ "$(stty size)" = "31 97" ]; do sleep 0.1; done; echo seen; read line; echo "got $line"'
	is "$status" 0
	has "$out" /dev/pts/
	has "$out" "got hello"
}

@test "cri: a container with a terminal; Attach" {
	pod
	runs one '.tty = 1 | .stdin = 1' sh -c 'tty; while read line; do echo "got $line"; [ "$line" != end ] || exit 7; done'
	call "${CRI[@]}" attach -t --type $'end\n' --when '' "$id"
	wait_for has_state "$id" 2
	is "$(cri ContainerStatus "{\"container_id\": \"$id\"}" | jq '.status.exit_code')" 7
	has "$(log_of one)" /dev/pts/0
	has "$(log_of one)" "got end"
}

@test "cri: containers of a pod share what pods share" {
	pod '.linux.security_context.namespace_options = {}'
	runs one '.linux.security_context.namespace_options = {}' sleep 1003
	one=$(init_pid "$id")
	runs two '.linux.security_context.namespace_options = {}' sleep 1004
	two=$(init_pid "$id")
	for n in net ipc uts pid; do is "$(readlink "/proc/$one/ns/$n")" "$(readlink "/proc/$two/ns/$n")" "$n"; done
	[ "$(readlink "/proc/$one/ns/mnt")" != "$(readlink "/proc/$two/ns/mnt")" ]
	sync ps
	has "$out" "sleep 1003"
	sync hostname
	is "$out" podhost
}

@test "cri: a pid namespace for each container" {
	pod
	runs one . sleep 1003
	one=$(init_pid "$id")
	runs two . sleep 1004
	[ "$(readlink "/proc/$one/ns/pid")" != "$(readlink "/proc/$(init_pid "$id")/ns/pid")" ]
	sync cat /proc/1/comm
	is "$out" sleep
}

@test "cri: the pid namespace of another container" {
	pod
	runs one . sleep 1003
	one=$(init_pid "$id")
	runs two ".linux.security_context.namespace_options = {pid: 3, target_id: \"$id\"}" sleep 1004
	is "$(readlink "/proc/$one/ns/pid")" "$(readlink "/proc/$(init_pid "$id")/ns/pid")"
}

@test "cri: the namespaces of the node" {
	pod '.linux.security_context.namespace_options = {network: 2, pid: 2, ipc: 2} | .hostname = ""'
	runs one '.linux.security_context.namespace_options = {network: 2, pid: 2, ipc: 2}' sh -c 'sleep 1000'
	pid=$(init_pid "$id")
	for n in net ipc pid; do is "$(readlink "/proc/$pid/ns/$n")" "$(readlink "/proc/self/ns/$n")" "$n"; done
	ok "${CRI[@]}" StopContainer "{\"container_id\": \"$id\", \"timeout\": 1}"
	wait_for is_gone "$pid"
}

@test "cri: resources, and their update" {
	requires_controller memory
	pod
	runs one '.linux.resources = {cpu_period: 50000, cpu_quota: 20000, cpu_shares: 512, memory_limit_in_bytes: 67108864,
		memory_swap_limit_in_bytes: 67108864, cpuset_cpus: "0", oom_score_adj: 500}' sleep 1000
	pid=$(init_pid "$id")
	is "$(cat "/proc/$pid/oom_score_adj")" 500
	has "$(cgroup_dir "$pid" memory)" "$CG/$id"
	is "$(cgroup_value "$pid" memory memory.limit_in_bytes)" 67108864
	is "$(cgroup_value "$pid" cpu cpu.shares)" 512
	is "$(cgroup_value "$pid" cpu cpu.cfs_quota_us)" 20000
	is "$(cgroup_value "$pid" cpuset cpuset.cpus)" 0
	ok "${CRI[@]}" UpdateContainerResources "$(jq -n -c --arg i "$id" '{container_id: $i, linux: {cpu_period: 100000, cpu_quota: 30000, cpu_shares: 256,
		memory_limit_in_bytes: 134217728, memory_swap_limit_in_bytes: 134217728}}')"
	is "$(cgroup_value "$pid" memory memory.limit_in_bytes)" 134217728
	is "$(cgroup_value "$pid" cpu cpu.shares)" 256
	is "$(cgroup_value "$pid" cpu cpu.cfs_quota_us)" 30000
	sync true
	is "$code" 0
}

@test "cri: a limit of memory holds, and the reason is told" {
	requires_controller memory
	pod
	# containerd is told by an event, which may come after the exit
	for i in 1 2 3 4 5; do
		finishes "c$i" '.linux.resources = {memory_limit_in_bytes: 16777216, memory_swap_limit_in_bytes: 16777216}' sh -c 'exec tail -c 64m /dev/zero'
		is "$code" 137
		reason=$(cri ContainerStatus "{\"container_id\": \"$id\"}" | jq -r '.status.reason')
		[ "$reason" != OOMKilled ] || break
	done
	is "$reason" OOMKilled
}

@test "cri: stats" {
	requires_controller memory
	pod
	runs one . sleep 1000
	ok "${CRI[@]}" ContainerStats "{\"container_id\": \"$id\"}"
	[ "$(jq '.stats.memory.working_set_bytes.value' <<<"$out")" -gt 0 ]
	ok "${CRI[@]}" PodSandboxStats "{\"pod_sandbox_id\": \"$pod\"}"
	[ "$(jq '.stats.linux.memory.working_set_bytes.value' <<<"$out")" -gt 0 ]
	is "$(jq '.stats.linux.containers | length' <<<"$out")" 1
}

@test "cri: security context: user, groups, capabilities, no new privileges, a read-only root" {
	pod
	finishes one '.linux.security_context += {run_as_user: {value: 77}, run_as_group: {value: 88}, supplemental_groups: [99], no_new_privs: 1,
		readonly_rootfs: 1, capabilities: {drop_capabilities: ["ALL"], add_capabilities: ["NET_ADMIN"]}}' sh -c \
		"id -u; id -g; id -G; touch /tmp/x 2>&1; grep NoNewPrivs /proc/self/status; $SHOW_CAPS"
	has "$log" "$(printf '77\n88\n88 99')"
	has "$log" "Read-only file system"
	has "$log" "NoNewPrivs:	1"
	has "$log" 0000000000001000
	finishes two '.linux.security_context += {run_as_username: "user"}' id -u
	is "$log" 1000
}

@test "cri: privileged" {
	requires_all_caps
	pod '.linux.security_context.privileged = 1'
	finishes one '.linux.security_context.privileged = 1' sh -c "$SHOW_CAPS; $SHOW_SECCOMP; touch /proc/sys/kernel/domainname && echo writable; ls /dev | wc -l"
	has "$log" "$MACHINE_CAPS"
	has "$log" writable
}

@test "cri: seccomp: the default profile, unconfined, a file" {
	pod
	finishes one '.linux.security_context.seccomp = {profile_type: 0}' sh -c "$SHOW_SECCOMP; unshare -U true 2>&1"
	has "$log" 2
	has "$log" "Operation not permitted"
	finishes two '.linux.security_context.seccomp = {profile_type: 1}' sh -c "$SHOW_SECCOMP"
	is "$log" 0
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}' >p.json
	finishes three ".linux.security_context.seccomp = {profile_type: 2, localhost_ref: \"$PWD/p.json\"}" mkdir /tmp/d
	is "$code" 1
}

@test "cri: masked and read-only paths" {
	pod
	finishes one '.linux.security_context += {masked_paths: ["/etc/plain"], readonly_paths: ["/proc/sys"]}' sh -c \
		'wc -c </etc/plain; touch /proc/sys/kernel/domainname 2>&1'
	has "$log" 0
	has "$log" "Read-only file system"
}

@test "cri: mounts: writable, read-only, a file, propagation both ways" {
	pod '.linux.security_context.privileged = 1'
	mkdir vol
	echo host >vol/f
	finishes one ".mounts = [{container_path: \"/vol\", host_path: \"$PWD/vol\"}, {container_path: \"/ro\", host_path: \"$PWD/vol\", readonly: 1},
		{container_path: \"/etc/plain\", host_path: \"$PWD/vol/f\"}]" sh -c 'cat /vol/f; touch /ro/x 2>&1; cat /etc/plain; echo new >/vol/f'
	is "$log" "$(printf 'host\ntouch: /ro/x: Read-only file system\nhost')"
	is "$(cat vol/f)" new
	mount --bind vol vol
	mount --make-shared vol
	mkdir vol/late
	runs two ".mounts = [{container_path: \"/vol\", host_path: \"$PWD/vol\", propagation: 1}]" sleep 1000
	mount -t tmpfs tmpfs vol/late
	echo late >vol/late/f
	sync cat /vol/late/f
	umount vol/late
	late=$out
	clean_up
	umount vol
	is "$late" late
}

# What containerd 1 does not do, whatever the runtime can.
needs_containerd_2() {
	! containerd_1 || skip "containerd 1 does not know it"
}

@test "cri: what the runtime can do, as the kubelet is told" {
	needs_containerd_2
	ok "${CRI[@]}" Status
	is "$(jq -c '.runtime_handlers[] | select(.name == "enviro-oci") | [.features.recursive_read_only_mounts, .features.user_namespaces]' <<<"$out")" "[1,1]"
}

@test "cri: user namespaces, with a volume" {
	needs_containerd_2
	ids='[{container_id: 0, host_id: 200000, length: 65536}]'
	userns=".linux.security_context.namespace_options.userns_options = {uids: $ids, gids: $ids}"
	pod "$userns"
	mkdir vol
	echo host >vol/f
	finishes one "$userns | .mounts = [{container_path: \"/vol\", host_path: \"$PWD/vol\", uidMappings: $ids, gidMappings: $ids}]" sh -c \
		'tr -s " " </proc/self/uid_map; id -u; stat -c %u /vol/f; touch /vol/new /tmp/new'
	is "$log" "$(printf ' 0 200000 65536\n0\n0')"
	is "$code" 0
	is "$(stat -c %u vol/new)" 0
	runs two "$userns" sleep 1000
	is "$(stat -c %u "/proc/$(init_pid "$id")")" 200000
	sync id -u
	is "$out" 0
}

@test "cri: read-only mounts, with and without what is mounted beneath" {
	needs_containerd_2
	pod
	mkdir -p vol/sub
	mount -t tmpfs tmpfs vol/sub
	status=0
	(finishes one ".mounts = [{container_path: \"/vol\", host_path: \"$PWD/vol\", readonly: 1, recursive_read_only: 1},
		{container_path: \"/top\", host_path: \"$PWD/vol\", readonly: 1}]" sh -c 'touch /vol/sub/x 2>&1; touch /top/x 2>&1; touch /top/sub/x 2>&1'
		is "$log" "$(printf 'touch: %s: Read-only file system\n' /vol/sub/x /top/x)") || status=$?
	clean_up
	umount vol/sub
	return $status
}

@test "cri: devices" {
	pod
	finishes one '.devices = [{container_path: "/dev/mine", host_path: "/dev/fuse", permissions: "r"}]' sh -c \
		'stat -c "%t:%T" /dev/mine; (: </dev/mine) && echo opened; (: >/dev/mine) 2>/dev/null || echo refused'
	is "$log" "$(printf 'a:e5\nopened\nrefused')"
}

@test "cri: environment, working directory, annotations, sysctls of the pod" {
	pod '.linux.sysctls = {"kernel.msgmax": "4096", "net.ipv4.ip_forward": "1"} | .annotations = {"run.oci.keep_original_groups": "x", "some.thing": "y"}'
	finishes one '.envs = [{key: "A", value: "with space"}] | .working_dir = "/var/tmp" | .annotations = {"org.example/x": "y"}' sh -c \
		'echo "$A"; pwd; cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward'
	is "$log" "$(printf 'with space\n/var/tmp\n4096\n1')"
}

@test "cri: the log is opened again" {
	pod
	runs one . sh -c 'echo one; while [ ! -e /tmp/go ]; do sleep 0.1; done; echo two; sleep 1000'
	wait_for grep -q one one.log
	mv one.log one.old
	ok "${CRI[@]}" ReopenContainerLog "{\"container_id\": \"$id\"}"
	sync touch /tmp/go
	wait_for grep -q two one.log
}

@test "cri: a pod's end takes its containers along" {
	pod
	runs one . sleep 1000
	pid=$(init_pid "$id")
	ok "${CRI[@]}" StopPodSandbox "{\"pod_sandbox_id\": \"$pod\"}"
	wait_for is_gone "$pid"
	ok "${CRI[@]}" RemovePodSandbox "{\"pod_sandbox_id\": \"$pod\"}"
	is "$(cri ListContainers | jq '[.containers[]?] | length')" 0
}

@test "cri: pods and containers outlive containerd" {
	pod
	runs one . sh -c 'sleep 1000'
	pid=$(init_pid "$id")
	stop_daemon "$(tail -n 1 "$E/daemons")"
	is_alive "$pid"
	daemon containerd.log containerd --config "$E/containerd.toml"
	wait_for cri Version
	has_state "$id" 1
	sync echo alive
	is "$out" alive
	ok "${CRI[@]}" StopPodSandbox "{\"pod_sandbox_id\": \"$pod\"}"
	wait_for is_gone "$pid"
}

@test "cri: 20 containers in a pod at once" {
	pod
	for i in $(seq 20); do
		(finishes "c$i" . sh -c "echo out $i; sleep 0.5; exit $i" && is "$code $log" "$i out $i") >"r.$i" 2>&1 3>&- &
		pids[i]=$!
	done
	for i in $(seq 20); do wait "${pids[i]}" || { cat "r.$i" && return 1; }; done
}
