# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# podman with a configuration and storage of its own.

IMAGE=localhost/busybox:test

setup_file() {
	engine_begin podman "${PODMAN_VIEWS:-legacy hybrid}" podman conmon busybox || return 0
	podman_config "$E" >"$E/containers.conf"
	printf '[storage]\ndriver = "overlay"\ngraphroot = "%s/graph"\nrunroot = "%s/run"\n' "$E" "$E" >"$E/storage.conf"
	export CONTAINERS_CONF=$E/containers.conf CONTAINERS_STORAGE_CONF=$E/storage.conf
	tar -C "$E/rootfs" -c . | podman import -c 'ENV PATH=/bin:/usr/bin' -c 'CMD sh' - "$IMAGE" >"$E/import.log" 2>&1
}

teardown_file() {
	[ -n "${E:-}" ] || return 0
	podman pod rm -fa -t 0 >/dev/null 2>&1 3>&- || true
	podman rm -fa -t 0 >/dev/null 2>&1 3>&- || true
	podman rmi -fa >/dev/null 2>&1 3>&- || true
	engine_end
}

# podman looks at the base name of the runtime for what it can do.
podman_config() {
	cat <<CONF
[containers]
netns = "none"
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
log_driver = "k8s-file"
$(has_controller pids || echo 'pids_limit = 0')
[engine]
cgroup_manager = "${PODMAN_MANAGER:-cgroupfs}"
events_logger = "file"
tmp_dir = "$1/libpod"
runtime = "$RUNTIME_NAME"
runtime_supports_json = ["$RUNTIME_NAME"]
runtime_supports_nocgroup = ["enviro-oci", "crun"]
[engine.runtimes]
$RUNTIME_NAME = ["$RUNTIME"]
CONF
}

clean_up() {
	local left

	[ -n "$(podman ps -aq --pod)" ] || return 0
	podman pod rm -fa -t 0 >/dev/null 2>&1 3>&- || true
	# A container others depend on goes in the second turn.
	podman rm -fa -t 0 >/dev/null 2>&1 3>&- || podman rm -fa -t 0 >/dev/null 3>&- || return 1
	left=$(grep -lsF -e "$E/" "/run/$RUNTIME_NAME"/[!@]*/* 2>/dev/null) || true
	[ -z "$left" ] || { echo "left behind: $left" && return 1; }
}

nothing_runs() {
	is "$(podman ps -aq)" "" "containers"
}

# sleeper [NAME]: a container that does nothing.
sleeper() {
	ok podman run -d --name "${1:-$C}" "$IMAGE" sleep 1000
}

logs_have() {
	podman logs "$1" 2>&1 | grep -q "$2"
}
