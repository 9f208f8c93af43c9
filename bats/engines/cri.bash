# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# containerd's CRI plugin, with the runtime set up by the snippet in contrib/engines, and cri.py in the kubelet's place.

IMAGE=localhost/busybox:test
CRI=("$PYTHON" "$ENGINES_DIR/cri.py" "${E:-}/c.sock")

setup_file() {
	engine_begin cri "${CRI_VIEWS:-legacy hybrid}" containerd ctr containerd-shim-runc-v2 busybox || return 0
	"$PYTHON" -c 'import grpc' 2>/dev/null || { skip_file "cri: python3-grpcio is not installed" && return; }
	network_plugin
	start_cri
	oci_image "$E/image" "$IMAGE"
	import_image "$E/image"
	wait_for cri Version
}

# start_cri [COMMAND...]: containerd, by this command, with the image of pods.
start_cri() {
	export CONTAINERD_ADDRESS=$E/c.sock CONTAINERD_NAMESPACE=k8s.io CONTAINERD_SNAPSHOTTER=native
	CRI[2]=$E/c.sock
	cri_config >"$E/containerd.toml"
	daemon containerd.log "$@" containerd --config "$E/containerd.toml"
	wait_for ctr version
	oci_image "$E/pause" localhost/pause:test '["tail", "-f", "/dev/null"]'
	import_image "$E/pause"
}

import_image() {
	tar -C "$1" -cf "$1.tar" .
	import_archive "$1.tar"
}

teardown_file() {
	[ -n "${E:-}" ] || return 0
	clean_up || true
	engine_end
}

cri() {
	"${CRI[@]}" "$@"
}

# In place of a network: it names an address and makes nothing.
network_plugin() {
	mkdir -p "$E/cni/bin" "$E/cni/net.d"
	cat >"$E/cni/bin/none" <<'PLUGIN'
#!/bin/sh
cat >/dev/null
case $CNI_COMMAND in
ADD) echo '{"cniVersion": "0.4.0", "interfaces": [{"name": "'"$CNI_IFNAME"'", "sandbox": "'"$CNI_NETNS"'"}],
	"ips": [{"version": "4", "interface": 0, "address": "192.0.2.7/24"}]}' ;;
VERSION) echo '{"cniVersion": "0.4.0", "supportedVersions": ["0.3.1", "0.4.0"]}' ;;
esac
PLUGIN
	chmod 755 "$E/cni/bin/none"
	cp "$E/cni/bin/none" "$E/cni/bin/loopback"
	echo '{"cniVersion": "0.4.0", "name": "none", "plugins": [{"type": "none"}]}' >"$E/cni/net.d/10-none.conflist"
}

cri_config() {
	if containerd_1; then cri_config_1; else cri_config_2; fi |
		sed "s|/usr/local/sbin/enviro-oci|$RUNTIME|; s|SystemdCgroup = false|&\n    Root = \"$E/runc\"|"
}

cri_config_1() {
	cat <<CONF
version = 2
root = "$E/c"
state = "$E/s"
[grpc]
  address = "$E/c.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:test"
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$E/cni/bin"
    conf_dir = "$E/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
    default_runtime_name = "enviro-oci"
CONF
	cat "$TOP/contrib/engines/containerd-1.toml"
}

cri_config_2() {
	cat <<CONF
version = 3
root = "$E/c"
state = "$E/s"
[grpc]
  address = "$E/c.sock"
[plugins."io.containerd.grpc.v1.cri"]
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "native"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "localhost/pause:test"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["$E/cni/bin"]
    conf_dir = "$E/cni/net.d"
  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "enviro-oci"
CONF
	cat "$TOP/contrib/engines/containerd-2.toml"
}

clean_up() {
	local p

	for p in $(cri ListPodSandbox | jq -r '.items[]?.id'); do
		cri StopPodSandbox "{\"pod_sandbox_id\": \"$p\"}" >/dev/null 2>&1 3>&- || true
		cri RemovePodSandbox "{\"pod_sandbox_id\": \"$p\"}" >/dev/null || return 1
	done
	is "$(ls "$E/runc/k8s.io" 2>/dev/null | grep -v "^@")" "" "the runtime's state"
}

# pod [FILTER]: runs a pod; its config, changed by the jq filter, is in pod.json, its id in $pod.
pod() {
	jq -n --arg n "$C" --arg logs "$PWD" --arg cg "$CG" "{
		metadata: {name: \$n, uid: \"$C-$RANDOM\", namespace: \"default\"}, hostname: \"podhost\", log_directory: \$logs,
		linux: {cgroup_parent: \$cg, security_context: {namespace_options: {pid: 1}}}
	} | ${1:-.}" >pod.json
	ok "${CRI[@]}" RunPodSandbox "$(jq -c '{config: .}' pod.json)"
	pod=$(jq -r .pod_sandbox_id <<<"$out")
}

# create NAME FILTER COMMAND...: creates a container in the pod; its id is in $id.
create() {
	local name=$1 filter=$2

	shift 2
	jq -n --arg n "$name" --arg i "$IMAGE" "{metadata: {name: \$n}, image: {image: \$i}, command: \$ARGS.positional, log_path: \"\\(\$n).log\",
		linux: {security_context: {namespace_options: {pid: 1}}}} | $filter" --args -- "$@" >"$name.json"
	ok "${CRI[@]}" CreateContainer "$(jq -c --arg p "$pod" --slurpfile c "$name.json" '{pod_sandbox_id: $p, config: $c[0], sandbox_config: .}' pod.json)"
	id=$(jq -r .container_id <<<"$out")
}

start() {
	ok "${CRI[@]}" StartContainer "{\"container_id\": \"$id\"}"
}

# runs NAME FILTER COMMAND...: created and started. finishes: the same to its end; $code is its exit status, $log what it said.
runs() {
	create "$@"
	start
}

finishes() {
	runs "$@"
	wait_for has_state "$id" 2
	code=$(cri ContainerStatus "{\"container_id\": \"$id\"}" | jq '.status.exit_code // 0')
	log=$(log_of "$1")
}

log_of() {
	cut -d' ' -f4- "$1.log"
}

has_state() {
	[ "$(cri ContainerStatus "{\"container_id\": \"$1\"}" | jq '.status.state // 0')" = "$2" ]
}

# sync COMMAND...: ExecSync; sets $code, $out, $err.
sync() {
	ok "${CRI[@]}" ExecSync "$(jq -n -c --arg i "$id" '{container_id: $i, cmd: $ARGS.positional}' --args -- "$@")"
	code=$(jq '.exit_code // 0' <<<"$out")
	err=$(jq -j '.stderr // ""' <<<"$out")
	out=$(jq -j '.stdout // ""' <<<"$out")
}

init_pid() {
	cri ContainerStatus "{\"container_id\": \"$1\", \"verbose\": 1}" | jq -r '.info.info | fromjson | .pid'
}
