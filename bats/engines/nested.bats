#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Engines inside a container that the runtime has made, with the runtime again below them: docker in a container, and a node
# as kind makes it (privileged, a cgroup namespace of its own, volumes for what is not overlay). The programs are this
# system's.

load engines
load cri
load podman
load nested

@test "nested: docker in a container: run, exec, logs, exit statuses" {
	node
	docker_inside
	ok "${IN[@]}" docker run --rm "$IMAGE" sh -c 'echo one; echo two >&2; exit 0'
	is "$out" one
	is "$err" two
	fails 7 "${IN[@]}" docker run --rm "$IMAGE" sh -c 'exit 7'
	fails 127 "${IN[@]}" docker run --rm "$IMAGE" nosuch
	ok "${IN[@]}" docker run -d --name inner "$IMAGE" sh -c 'echo begun; sleep 1000'
	ok "${IN[@]}" docker exec inner sh -c 'echo $$ >/tmp/x; cat /tmp/x'
	fails 9 "${IN[@]}" docker exec inner sh -c 'exit 9'
	ok "${IN[@]}" docker logs inner
	is "$out" begun
	ok "${IN[@]}" docker pause inner
	ok "${IN[@]}" docker unpause inner
	ok "${IN[@]}" docker stop -t 1 inner
	ok "${IN[@]}" docker inspect --format '{{.State.ExitCode}}' inner
	is "$out" 137
	ok "${IN[@]}" docker rm inner
}

@test "nested: docker in a container: its limits are in the node's cgroup" {
	requires_controller pids
	node
	docker_inside
	ok "${IN[@]}" docker run -d --name inner --pids-limit 33 "$IMAGE" sleep 1006
	pid=$(pgrep -xf 'sleep 1006')
	is "$(cgroup_value "$pid" pids pids.max)" 33
	has "$(cgroup_dir "$pid" pids)" "$CG/"
	ok "${IN[@]}" docker rm -f inner
	wait_for is_gone "$pid"
}

@test "nested: docker in a container: 20 at once" {
	node
	docker_inside
	ok "${IN[@]}" sh -c 'for i in $(seq 20); do (docker run --rm '"$IMAGE"' sh -c "exit $i"; echo "$i $?") & done; wait'
	is "$(sort -n <<<"$out")" "$(for i in $(seq 20); do echo "$i $i"; done)"
}

@test "nested: a node of kind: pods, their containers, exec, exit statuses" {
	node_with_cri
	pod
	finishes one . sh -c 'echo begun; exit 3'
	is "$code" 3
	is "$log" begun
	runs two . sleep 1007
	sync sh -c 'echo one; exit 4'
	is "$out" one
	is "$code" 4
	ok "${CRI[@]}" StopContainer "{\"container_id\": \"$id\", \"timeout\": 1}"
	has_state "$id" 2
	runs three . sleep 1008
	pid=$(pgrep -xf 'sleep 1008')
	ok "${CRI[@]}" StopPodSandbox "{\"pod_sandbox_id\": \"$pod\"}"
	wait_for is_gone "$pid"
	ok "${CRI[@]}" RemovePodSandbox "{\"pod_sandbox_id\": \"$pod\"}"
}

@test "nested: a node of kind: resources, and their update" {
	requires_controller memory
	node_with_cri
	pod
	runs one '.linux.resources = {memory_limit_in_bytes: 67108864, cpu_shares: 512}' sleep 1009
	pid=$(pgrep -xf 'sleep 1009')
	is "$(cgroup_value "$pid" memory memory.limit_in_bytes)" 67108864
	is "$(cgroup_value "$pid" cpu cpu.shares)" 512
	ok "${CRI[@]}" UpdateContainerResources "{\"container_id\": \"$id\", \"linux\": {\"memory_limit_in_bytes\": 134217728}}"
	is "$(cgroup_value "$pid" memory memory.limit_in_bytes)" 134217728
	finishes two '.linux.resources = {memory_limit_in_bytes: 16777216}' sh -c 'exec tail -c 64m /dev/zero'
	is "$code" 137
}

@test "nested: an unmasked /proc: a user namespace below, too" {
	node_with_bundle
	ok "${IN[@]}" "/program/$RUNTIME_NAME" run --bundle /opt/plain inner
	is "$out" "inside 1"
	ok "${IN[@]}" "/program/$RUNTIME_NAME" run --bundle /opt/user inner
	is "$out" "inside 1"
}

# The kernel mounts a new proc in a user namespace only where one is fully visible.
@test "nested: a masked /proc: containers run, a user namespace is refused and nothing of it stays" {
	node_with_bundle
	ok "${IN[@]}" sh -c 'mount --bind /dev/null /proc/interrupts && mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys'
	ok "${IN[@]}" "/program/$RUNTIME_NAME" run --bundle /opt/plain inner
	is "$out" "inside 1"
	docker_inside
	ok "${IN[@]}" docker run --rm "$IMAGE" sh -c 'touch /proc/sys/kernel/domainname 2>&1 || true'
	has "$out" "Read-only file system"
	call "${IN[@]}" "/program/$RUNTIME_NAME" run --bundle /opt/user inner
	[ "$status" -ne 0 ]
	says /proc 'operation not permitted'
	ok "${IN[@]}" "/program/$RUNTIME_NAME" list -q
	is "$out" ""
}
