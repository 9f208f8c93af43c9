# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# containerd with its shim for runc, which is pointed at the runtime by the BinaryName of each call.

IMAGE=localhost/busybox:test

setup_file() {
	engine_begin containerd "${CONTAINERD_VIEWS:-any}" containerd ctr containerd-shim-runc-v2 busybox || return 0
	# a namespace of containerd is also the name of the parent cgroup
	export CONTAINERD_ADDRESS=$E/c.sock CONTAINERD_NAMESPACE=${E##*/} CONTAINERD_SNAPSHOTTER=native
	# some of ctr's options drop the runtime's path, and the shim looks for "runc" then
	mkdir "$E/bin"
	ln -s "$RUNTIME" "$E/bin/runc"
	export PATH=$E/bin:$PATH
	start_containerd
	oci_image "$E/image" "$IMAGE"
	tar -C "$E/image" -cf "$E/image.tar" .
	import_archive "$E/image.tar"
}

teardown_file() {
	[ -n "${E:-}" ] || return 0
	clean_up || true
	ctr image rm "$IMAGE" >/dev/null 2>&1 || true
	engine_end
}

start_containerd() {
	containerd_config >"$E/containerd.toml"
	daemon containerd.log containerd --config "$E/containerd.toml"
	wait_for ctr version
}

clean_up() {
	local c

	for c in $(ctr container ls -q); do
		ctr task kill -s KILL --all "$c" >/dev/null 2>&1 3>&- || true
		ctr task rm -f "$c" >/dev/null 2>&1 3>&- || true
		ctr container rm "$c" >/dev/null 2>&1 3>&- || true
	done
	is "$(ctr container ls -q)" "" "containers"
	is "$(ls "$E/runc/$CONTAINERD_NAMESPACE" 2>/dev/null | grep -v "^@")" "" "the runtime's state"
}

# What makes `ctr run` use the runtime.
R=(--runc-binary "$RUNTIME" --runc-root "${E:-}/runc" --snapshotter native)

sleeper() {
	ok ctr run "${R[@]}" -d "$IMAGE" "${1:-$C}" sleep 1000
}

init_pid() {
	ctr task ls | awk -v c="$1" '$1 == c { print $2 }'
}

task_is() {
	[ "$(ctr task ls | awk -v c="$1" '$1 == c { print $3 }')" = "$2" ]
}

