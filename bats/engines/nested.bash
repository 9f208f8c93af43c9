# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A container to run engines in. Sourced after podman.bash.

NODE=localhost/node:test

# The image of the node holds directories and links only; /usr is the host's.
node_image() {
	local d

	mkdir -p "$E/node"/{usr,etc,proc,sys,dev,tmp,run,var,root,mnt,home}
	for d in bin sbin lib lib64; do ln -s "usr/$d" "$E/node/$d"; done
	ln -s ../run "$E/node/var/run"
	echo 'root:x:0:0:root:/root:/bin/sh' >"$E/node/etc/passwd"
	echo 'root:x:0:' >"$E/node/etc/group"
	: >"$E/node/etc/resolv.conf"
	tar -C "$E/node" -c . | podman import -c 'ENV PATH=/usr/sbin:/usr/bin' - "$NODE" >>"$E/import.log" 2>&1
}

# node [OPTION...]: a container as kind makes its nodes, named $C; "${IN[@]}" executes a command in it.
node() {
	IN=(podman exec "$C")
	podman image exists "$NODE" || node_image
	# a directory: runc puts an overlay over that of its program, which has no file that is mounted there
	mkdir -p "$E/program"
	cp "$RUNTIME" "$E/program/"
	ok podman run -d --name "$C" --privileged --cgroupns private --cgroup-parent "$CG" --tmpfs /tmp --tmpfs /run --volume /var \
		-v /usr:/usr:ro -v "$E/program:/program:ro" -v "$E/rootfs:/opt/rootfs:ro" "$@" "$NODE" sleep 100000
}

# docker_inside: dockerd in the node, on its tmpfs and volume, with the runtime.
docker_inside() {
	jq -n --arg r "/program/$RUNTIME_NAME" '{runtimes: {test: {path: $r}}, "default-runtime": "test", bridge: "none", iptables: false,
		"ip-forward": false, "ip-masq": false, "exec-opts": ["native.cgroupdriver=cgroupfs"], "storage-driver": "overlay2"}' |
		podman exec -i "$C" sh -c 'mkdir -p /etc/docker && cat >/etc/docker/daemon.json'
	ok podman exec -d "$C" sh -c 'exec dockerd >/run/dockerd.log 2>&1'
	wait_for "${IN[@]}" docker version || { "${IN[@]}" tail -n 5 /run/dockerd.log && return 1; }
	ok "${IN[@]}" sh -c "tar -C /opt/rootfs -c . | docker import -c 'ENV PATH=/bin' - $IMAGE"
}

# node_with_cri: containerd in the node, for cri.bash.
node_with_cri() {
	requires_controller cpu
	"$PYTHON" -c 'import grpc' 2>/dev/null || skip "nested: python3-grpcio is not installed"
	[ -e "$E/cni" ] || network_plugin
	[ -e "$E/image.tar" ] || archive image "$IMAGE"
	[ -e "$E/pause.tar" ] || archive pause localhost/pause:test '["tail", "-f", "/dev/null"]'
	node -v "$PWD:$PWD" -v "$E/cni:/var/n/cni:ro" -v "$E:/opt/e:ro" -v "$ENGINES_DIR/cri.py:/opt/cri.py:ro"
	(E=/var/n RUNTIME=/program/$RUNTIME_NAME cri_config) >containerd.toml
	ok podman exec -d "$C" sh -c "exec containerd --config $PWD/containerd.toml >$PWD/containerd.log 2>&1"
	CRI=("${IN[@]}" "$PYTHON" /opt/cri.py /var/n/c.sock)
	ctr=("${IN[@]}" ctr -a /var/n/c.sock -n k8s.io)
	wait_for "${ctr[@]}" version
	ok "${ctr[@]}" image import $(containerd_1 || echo --local) --snapshotter native /opt/e/image.tar
	ok "${ctr[@]}" image import $(containerd_1 || echo --local) --snapshotter native /opt/e/pause.tar
	wait_for cri Version
}

archive() {
	oci_image "$E/$1" "${@:2}"
	tar -C "$E/$1" -cf "$E/$1.tar" .
}

# node_with_bundle: with a bundle in /opt/plain, and one with a user namespace in /opt/user.
node_with_bundle() {
	mkdir plain user
	inner_config >plain/config.json
	inner_config | jq '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
		.linux.gidMappings = .linux.uidMappings' >user/config.json
	node -v "$PWD/plain:/opt/plain" -v "$PWD/user:/opt/user" -v "$E/rootfs:/opt/plain/rootfs:ro" -v "$E/rootfs:/opt/user/rootfs:ro"
}
