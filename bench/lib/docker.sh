# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# `docker run` with each runtime. A dockerd of our own, in the measurement's mount namespace, with all it has on the
# measurement's tmpfs, without networks. Sourced by bench/lib/measurements.sh.

docker_start() { # docker_start VIEW
	local rt list=
	for rt in "${order[@]}"; do list+=",\"bench-$rt\":{\"path\":\"${runtimes[$rt]}\"}"; done
	mkdir -p "$work/docker"
	cat >"$work/docker/daemon.json" <<JSON
{"runtimes":{${list#,}},"data-root":"$work/docker/data","exec-root":"$work/docker/exec","bridge":"none",
"pidfile":"$work/docker/pid","hosts":["unix://$work/docker/sock"],"iptables":false,"ip6tables":false,
"exec-opts":["native.cgroupdriver=cgroupfs"],"storage-driver":"vfs"}
JSON
	in_view "$1" dockerd --config-file "$work/docker/daemon.json" >"$work/docker/log" 2>&1 &
	dockerd=$!
	for ((i = 0; i < 60; i++)); do
		! docker version >/dev/null 2>&1 || return 0
		kill -0 $dockerd 2>/dev/null || break
		sleep 0.5
	done
	left_out docker "dockerd does not start: $(tail -n 1 "$work/docker/log")"
	return 1
}

docker_measurement() {
	local rt view=legacy script
	if ! command -v dockerd >/dev/null || ! command -v docker >/dev/null; then
		left_out docker "it is not installed"
		return 0
	fi
	has_view legacy || view=unified
	export DOCKER_HOST=unix://$work/docker/sock
	: >"$work/script"
	if docker_start $view; then
		tar -C "$work/rootfs" -c . | docker import - bench >/dev/null
		for rt in "${order[@]}"; do
			script="time docker docker run --rm --network none --runtime bench-$rt bench /bin/true"
			if works $view "$rt" "$script"; then printf 'contestant %s\n%s\n' "$rt" "$script" >>"$work/script"; fi
		done
		timed docker 20 $view
	fi
	docker_stop
	wait "$dockerd" 2>/dev/null || :
	unset DOCKER_HOST
}
