# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# dockerd with its own containerd, its own directories and socket, without any network of its own.

IMAGE=busybox:test
DOCKER=${DOCKER:-/usr/bin/docker}

setup_file() {
	engine_begin docker "${DOCKER_VIEWS:-legacy hybrid}" dockerd "$DOCKER" containerd containerd-shim-runc-v2 busybox || return 0
	# the client that belongs to this dockerd, whatever else stands in PATH
	mkdir "$E/bin"
	ln -s "$DOCKER" "$E/bin/docker"
	export DOCKER_HOST=unix://$E/d.sock DOCKER_CONFIG=$E/cli PATH=$E/bin:$PATH
	start_containerd
	start_dockerd
	import_image
}

teardown_file() {
	local ids

	[ -n "${E:-}" ] || return 0
	ids=$(docker ps -aq 2>/dev/null)
	# shellcheck disable=SC2086
	[ -z "$ids" ] || docker rm -f $ids >/dev/null 2>&1 3>&- || true
	engine_end
}

start_containerd() {
	containerd_config >"$E/containerd.toml"
	daemon containerd.log containerd --config "$E/containerd.toml"
	wait_for test -S "$E/c.sock"
}

# start_dockerd [OPTION...]
start_dockerd() {
	docker_config >"$E/daemon.json"
	daemon dockerd.log dockerd --config-file "$E/daemon.json" "$@"
	wait_for docker version
}

# With a prefix for the names in $E, for a daemon beside the first.
# The snippet in contrib/engines, and what keeps this dockerd to itself.
docker_config() {
	sed "s|/usr/local/sbin/enviro-oci|$RUNTIME|" "$TOP/contrib/engines/docker-daemon.json" | jq --arg e "$E/${1-}" --arg s "$E" --arg cg "$CG" '. + {
		"data-root": "\($e)/g", "exec-root": "\($e)/x", pidfile: "\($e)/d.pid", hosts: ["unix://\($s)/d.sock"],
		containerd: "\($e)/c.sock", bridge: "none", iptables: false, "ip-forward": false, "ip-masq": false,
		"cgroup-parent": $cg, "exec-opts": ["native.cgroupdriver=cgroupfs"], "storage-driver": "overlay2",
		"default-cgroupns-mode": "private",
		"default-ulimits": {nofile: {Name: "nofile", Soft: 1024, Hard: 1024}}
	}'
}

import_image() {
	tar -C "$E/rootfs" -c . | docker import -c 'ENV PATH=/bin:/usr/bin' -c 'CMD sh' - "$IMAGE" >/dev/null
}

clean_up() {
	local ids

	ids=$(docker ps -aq)
	# shellcheck disable=SC2086
	[ -z "$ids" ] || docker rm -f $ids >/dev/null 3>&-
	[ -e "$E/remap.pid" ] || return 0
	stop_daemon "$(tail -n 1 "$E/daemons")"
	stop_daemon "$(cat "$E/remap.pid")"
	rm "$E/remap.pid"
	start_dockerd
}

nothing_runs() {
	is "$(docker ps -aq)" "" "containers"
}

sleeper() {
	ok docker run -d --name "${1:-$C}" "$IMAGE" sleep 1000
}

logs_have() {
	docker logs "$1" 2>&1 | grep -q "$2"
}

init_pid() {
	docker inspect --format '{{.State.Pid}}' "$1"
}
