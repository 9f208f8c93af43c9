#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The snippets in contrib/engines. Those of containerd and docker are what the tests of these engines run with.

load engines

setup_file() {
	engine_begin snippets any busybox jq || return 0
}

teardown_file() {
	engine_end
}

clean_up() {
	:
}

S=$TOP/contrib/engines

@test "snippets: containers.conf: podman takes the runtime from it" {
	command -v podman >/dev/null || skip "podman is not installed"
	sed "s|/usr/local/sbin/enviro-oci|$RUNTIME|" "$S/containers.conf" >c.conf
	printf '[storage]\ndriver = "vfs"\ngraphroot = "%s/g"\nrunroot = "%s/r"\n' "$E" "$E" >storage.conf
	export CONTAINERS_CONF=$PWD/c.conf CONTAINERS_STORAGE_CONF=$PWD/storage.conf
	ok podman --cgroup-manager cgroupfs info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}}'
	is "$out" "enviro-oci $RUNTIME"
}

@test "snippets: docker-daemon.json" {
	ok jq -e '.runtimes["enviro-oci"].path and ."default-runtime" == "enviro-oci"' "$S/docker-daemon.json"
}

@test "snippets: containerd takes the runtime from its snippet" {
	command -v containerd >/dev/null || skip "containerd is not installed"
	version=3 snippet=containerd-2.toml plugin=io.containerd.cri.v1.runtime
	if containerd_1; then version=2 snippet=containerd-1.toml plugin=io.containerd.grpc.v1.cri; fi
	(echo "version = $version" && cat "$S/$snippet") >config.toml
	ok containerd --config config.toml config dump
	has "$out" 'BinaryName = '
	has "$out" '/usr/local/sbin/enviro-oci'
	has "$out" "$plugin"
}

@test "snippets: crio.conf is what CRI-O reads" {
	if command -v crio >/dev/null; then
		sed "s|/usr/local/sbin/enviro-oci|$RUNTIME|" "$S/crio.conf" >crio.conf
		ok crio --config crio.conf config
		has "$out" "$RUNTIME"
	else
		"$PYTHON" -c 'import tomllib' 2>/dev/null || skip "neither crio nor a reader of TOML is installed"
		ok "$PYTHON" -c 'import sys, tomllib
r = tomllib.load(open(sys.argv[1], "rb"))["crio"]["runtime"]["runtimes"]["enviro-oci"]
print(r["runtime_path"], r["runtime_type"])' "$S/crio.conf"
		is "$out" "/usr/local/sbin/enviro-oci oci"
	fi
}

@test "snippets: kubernetes: handler, label and image agree" {
	"$PYTHON" -c 'import yaml' 2>/dev/null || skip "python3-yaml is not installed"
	ok "$PYTHON" -c 'import sys, yaml
cls, ds = [yaml.safe_load(open(sys.argv[1] + f)) for f in ("/runtimeclass.yaml", "/installer.yaml")]
spec = ds["spec"]["template"]["spec"]
assert cls["kind"] == "RuntimeClass" and ds["kind"] == "DaemonSet"
assert cls["scheduling"]["nodeSelector"] == spec["nodeSelector"]
assert ds["spec"]["selector"]["matchLabels"].items() <= ds["spec"]["template"]["metadata"]["labels"].items()
print(cls["handler"])' "$S/kubernetes"
	is "$out" enviro-oci
}

# install ARG...: the installer, as it lies in its image.
install_into() {
	mkdir -p image
	cp "$RUNTIME" image/enviro-oci
	cp "$S"/containerd-*.toml "$S/crio.conf" "$S/kubernetes/install.sh" image/
	ok sh image/install.sh "$PWD/host"
}

@test "snippets: the installer for nodes: the program, containerd 1, CRI-O; twice" {
	mkdir -p host/etc/containerd host/etc/crio
	printf 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]\n  SystemdCgroup = true\n' >host/etc/containerd/config.toml
	install_into
	cmp "$RUNTIME" host/usr/local/sbin/enviro-oci
	[ -x host/usr/local/sbin/enviro-oci ]
	cmp "$S/crio.conf" host/etc/crio/crio.conf.d/50-enviro-oci.conf
	is "$(grep -c 'SystemdCgroup = true' host/etc/containerd/config.toml)" 2
	cp host/etc/containerd/config.toml first
	install_into
	is "$out" ""
	cmp first host/etc/containerd/config.toml
	if command -v containerd >/dev/null && containerd_1; then
		ok containerd --config host/etc/containerd/config.toml config dump
		has "$out" /usr/local/sbin/enviro-oci
	fi
}

@test "snippets: the installer for nodes: containerd 2, a running program, a version that is not known" {
	mkdir -p host/etc/containerd host/usr/local/sbin
	echo 'version = 3' >host/etc/containerd/config.toml
	cp "$(command -v sleep)" host/usr/local/sbin/enviro-oci
	background host/usr/local/sbin/enviro-oci 100
	install_into
	cmp "$RUNTIME" host/usr/local/sbin/enviro-oci
	has "$(cat host/etc/containerd/config.toml)" io.containerd.cri.v1.runtime
	echo 'version = 9' >host/etc/containerd/config.toml
	fails 1 sh image/install.sh "$PWD/host"
	says "is not known here"
}
