#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What podman has and docker has not.

load engines
load podman

@test "podman: a created container's process is not there before start" {
	ok podman create --name "$C" --network none "$IMAGE" sleep 100
	ok podman init "$C"
	pid=$(podman inspect --format '{{.State.Pid}}' "$C")
	has_not "$(tr '\0' ' ' <"/proc/$pid/cmdline")" "sleep 100"
	ok podman start "$C"
	wait_for grep -q sleep "/proc/$pid/comm"
	is "$(podman inspect --format '{{.State.Pid}} {{.State.Status}}' "$C")" "$pid running"
	ok podman rm -f -t 0 "$C"
}

@test "podman: pods: shared namespaces, stop, restart, pause, limits" {
	ok podman pod create --name "$C-pod" --network none --hostname podhost
	ok podman run -d --pod "$C-pod" --name "$C-a" "$IMAGE" sleep 1000
	ok podman run -d --pod "$C-pod" --name "$C-b" "$IMAGE" sleep 1000
	a=$(podman inspect --format '{{.State.Pid}}' "$C-a")
	b=$(podman inspect --format '{{.State.Pid}}' "$C-b")
	for n in net ipc uts; do
		is "$(readlink "/proc/$a/ns/$n")" "$(readlink "/proc/$b/ns/$n")" "$n namespace"
	done
	[ "$(readlink "/proc/$a/ns/pid")" != "$(readlink "/proc/$b/ns/pid")" ]
	ok podman exec "$C-a" hostname
	is "$out" podhost
	ok podman pod pause "$C-pod"
	ok podman inspect --format '{{.State.Status}}' "$C-b"
	is "$out" paused
	ok podman pod unpause "$C-pod"
	ok podman pod top "$C-pod"
	ok podman pod stats --no-stream "$C-pod"
	ok podman pod stop -t 0 "$C-pod"
	ok podman pod start "$C-pod"
	ok podman exec "$C-b" true
	ok podman pod kill "$C-pod"
	ok podman pod rm -f -t 0 "$C-pod"
	nothing_runs
}

@test "podman: pods: a shared pid namespace" {
	ok podman pod create --name "$C-pod" --network none --share pid,ipc,uts,net
	ok podman run -d --pod "$C-pod" --name "$C-a" "$IMAGE" sleep 1003
	ok podman run --rm --pod "$C-pod" "$IMAGE" ps
	has "$out" "sleep 1003"
	ok podman pod rm -f -t 0 "$C-pod"
}

@test "podman: kube play" {
	requires_controller memory
	printf '%s\n' 'apiVersion: v1' 'kind: Pod' 'metadata:' "  name: $C-kube" 'spec:' '  restartPolicy: Never' '  containers:' \
		'  - name: one' "    image: $IMAGE" '    command: [sh, -c, "echo from the pod; sleep 1000"]' \
		'    securityContext: {capabilities: {drop: [ALL]}, readOnlyRootFilesystem: true}' \
		'    resources: {limits: {memory: 64Mi, cpu: 500m}}' >pod.yaml
	ok podman play kube --network none pod.yaml
	wait_for logs_have "$C-kube-one" "from the pod"
	ok podman exec "$C-kube-one" sh -c "$SHOW_CAPS"
	has "$out" 0000000000000000
	ok podman play kube --down pod.yaml
}

@test "podman: --preserve-fds in run and exec" {
	echo kept >f
	exec 5<f
	out=$(podman run --rm --preserve-fds 3 "$IMAGE" cat /proc/self/fd/5 3<f 4<f 5<f)
	exec 5<&-
	is "$out" kept
	sleeper
	out=$(podman exec --preserve-fds 1 "$C" cat /proc/self/fd/3 3<f)
	is "$out" kept
}

@test "podman: SIGPIPE, ignored by conmon, works inside" {
	ok podman run --rm "$IMAGE" sh -c 'yes | head -n 1; sed -n "s/^SigIgn:[[:space:]]*/0x/p" /proc/self/status'
	is "$((${out#y} & 0x1000))" 0
}

@test "podman: --sdnotify container: the socket is inside" {
	"$PYTHON" -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(20)
while True:
    t = s.recv(4096).decode()
    print(t, flush=True)
    if "READY=1" in t: break' "$E/n$N" >notified 2>&1 3>&- &
	CHILDREN+=($!)
	wait_for test -S "$E/n$N"
	NOTIFY_SOCKET=$E/n$N ok podman run -d --sdnotify conmon --name "$C" "$IMAGE" sleep 1000
	wait_for grep -q READY=1 notified
	ok podman run --rm --env NOTIFY_SOCKET "$IMAGE" sh -c 'echo "[$NOTIFY_SOCKET]"'
	is "$out" "[]"
}

@test "podman: hooks from a directory" {
	mkdir hooks
	printf '#!/bin/sh\ncat >>%s/got.$1\n' "$PWD" >hook
	chmod 755 hook
	for s in prestart createRuntime poststart poststop; do
		jq -n --arg p "$PWD/hook" --arg s "$s" '{version: "1.0.0", hook: {path: $p, args: ["hook", $s]}, when: {always: true}, stages: [$s]}' >"hooks/$s.json"
	done
	ok podman --hooks-dir "$PWD/hooks" run --rm --name "$C" "$IMAGE" true
	for s in prestart createRuntime poststart poststop; do
		jq -e .id "got.$s" >/dev/null || { echo "$s has not run" && return 1; }
	done
}

@test "podman: build: RUN by buildah's OCI isolation" {
	printf 'FROM %s\nRUN echo built >/mnt/built && test "$(id -u)" = 0\nUSER user\nRUN id -u >/tmp/who\nCMD cat /mnt/built /tmp/who\n' "$IMAGE" >Containerfile
	ok podman build --runtime "$RUNTIME" --isolation oci --network none -t "$C-built" .
	ok podman run --rm "localhost/$C-built"
	is "$out" "$(printf 'built\n1000')"
	printf 'FROM %s\nRUN exit 42\n' "$IMAGE" >Containerfile
	call podman build --runtime "$RUNTIME" --isolation oci --network none .
	[ "$status" -ne 0 ]
	has "$out$err" 42
	ok podman rmi "localhost/$C-built"
}

@test "podman: the installer for Kubernetes: its image, and its DaemonSet" {
	mkdir -p context/contrib host/etc/containerd host/etc/crio nodes/etc/containerd
	cp "$RUNTIME" context/enviro-oci
	cp -r "$TOP/contrib/engines" context/contrib/
	ok podman build --network none --build-arg "BASE=$IMAGE" -t localhost/enviro-oci-installer \
		-f context/contrib/engines/kubernetes/Containerfile context
	echo 'version = 2' | tee host/etc/containerd/config.toml >nodes/etc/containerd/config.toml
	ok podman run --rm --privileged -v "$PWD/host:/host" localhost/enviro-oci-installer /install.sh /host
	cmp "$RUNTIME" host/usr/local/sbin/enviro-oci
	has "$(cat host/etc/containerd/config.toml)" runtimes.enviro-oci
	[ -e host/etc/crio/crio.conf.d/50-enviro-oci.conf ]
	[[ $(podman --version) != *" 4."* ]] || return 0
	# podman 5 takes a DaemonSet for a pod
	sed "s|path: /,|path: $PWD/nodes,|" "$TOP/contrib/engines/kubernetes/installer.yaml" >pod.yaml
	has_controller memory || sed -i '/^ *resources:/,/^ *limits:/d' pod.yaml
	ok podman kube play --network none pod.yaml
	wait_for cmp "$RUNTIME" nodes/usr/local/sbin/enviro-oci
	has "$(cat nodes/etc/containerd/config.toml)" runtimes.enviro-oci
	is "$(podman ps --format '{{.Names}}' | grep -c -- '-installed$')" 1
	ok podman kube down pod.yaml
}

@test "podman: --rootfs" {
	ok podman run --rm --read-only --rootfs "$E/rootfs" cat /etc/plain
	is "$out" text
}

@test "podman: no pivot_root" {
	sed 's/^\[engine\]/&\nno_pivot_root = true/' "$CONTAINERS_CONF" >c.conf
	CONTAINERS_CONF=$PWD/c.conf ok podman run --rm "$IMAGE" sh -c 'cat /etc/plain; ls /.. | grep -c plain || true'
	has "$out" text
}

@test "podman: run.oci.* annotations and others do not stand in the way" {
	ok podman run --rm --annotation io.kubernetes.cri.container-type=container --annotation org.opencontainers.image.stopSignal=15 "$IMAGE" true
}

@test "podman: without cgroups" {
	known_gap runc "podman runs without cgroups only what runtime_supports_nocgroups lists"
	ok podman run --rm --cgroups disabled "$IMAGE" cat /proc/self/cgroup
	has_not "$out" libpod
}

@test "podman: checkpoint and restore" {
	command -v criu >/dev/null || skip "needs criu"
	ok podman run -d --name "$C" --network none "$IMAGE" sh -c 'n=0; while :; do n=$((n + 1)); echo $n >/tmp/n; sleep 0.1; done'
	wait_for podman exec "$C" grep -q .. /tmp/n
	ok podman container checkpoint --keep "$C"
	is "$(podman inspect --format '{{.State.Running}} {{.State.Checkpointed}}' "$C")" "false true"
	ok podman container restore --keep "$C"
	is "$(podman inspect --format '{{.State.Running}}' "$C")" true
	before=$(podman exec "$C" cat /tmp/n)
	[ "$before" -ge 10 ]
	wait_for podman exec "$C" sh -c "[ \$(cat /tmp/n) -gt $before ]"
}
