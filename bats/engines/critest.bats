#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The conformance tests of the Kubernetes container runtime interface (critest, of cri-tools; not among Debian's packages)
# that need no registry. Network, images and registry names are made here. Each of its specs is told on a line of its own.

load engines
load cri

BATS_TEST_TIMEOUT=1500
CALL_TIMEOUT=1400
# What needs a registry or a shell that has no "ls" of its own; and what containerd 1 never did.
LEAVE_OUT='Image Manager|Image Consistency|Image Identifier|MaskedPaths'
! containerd_1 || LEAVE_OUT+='|Stop(PodSandbox|Container) should not return an error if not found'

setup_file() {
	engine_begin critest "${CRI_VIEWS:-legacy hybrid}" critest containerd ctr containerd-shim-runc-v2 busybox ip iptables pgrep ipcs ||
		return 0
	[ -x /usr/lib/cni/bridge ] || { skip_file "critest: containernetworking-plugins is not installed" && return; }
	daemon network.log unshare --net sh -c 'ip link set lo up; : >"$0/network"; exec sleep 100000' "$E"
	export NETWORK=$daemon_pid
	wait_for test -e "$E/network"
	bridge
	programs
	start_cri nsenter --net="/proc/$NETWORK/ns/net"
	images
	wait_for ctr version
}

# A network between the pods and the daemon, in a network namespace that only they have.
bridge() {
	mkdir -p "$E/cni/bin" "$E/cni/net.d"
	ln -s /usr/lib/cni/* "$E/cni/bin/"
	jq -n --arg data "$E/cni/data" '{cniVersion: "0.4.0", name: "critest", plugins: [
		{type: "bridge", bridge: "cni0", isGateway: true, ipMasq: true, ipam: {type: "host-local", dataDir: $data, ranges: [[{subnet: "10.88.0.0/16"}]],
		routes: [{dst: "0.0.0.0/0"}]}},
		{type: "portmap", capabilities: {portMappings: true}}]}' >"$E/cni/net.d/10-critest.conflist"
}

# What the images of the tests have: servers, users and groups, a program that is set-user-id.
programs() {
	local r=$E/rootfs

	mkdir -p "$r/www" "$r/var/run"
	echo page >"$r/www/index.html"
	printf '#!/bin/sh\necho $$ >/var/run/nginx.pid\necho httpd\nhttpd -p "${2:-80}" -h /www\ntrap exit TERM QUIT\nwhile :; do sleep 1000 & wait; done\n' >"$r/bin/nginx"
	printf '#!/bin/sh\necho "Effective uid: $(/bin/set-user-id -u)"\n' >"$r/bin/nnp"
	chmod 755 "$r/bin/nginx" "$r/bin/nnp"
	program pgrep pgrep
	program ipcs ipcs
	program id set-user-id
	chmod 4755 "$r/bin/set-user-id"
	printf 'root:x:0:0:root:/root:/bin/sh\ndefault-user:x:1000:1000:user:/home/user:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n' >"$r/etc/passwd"
	printf 'root:x:0:\ndefault-user:x:1000:\ngroup-defined-in-image:x:50000:default-user\nnobody:x:65534:\n' >"$r/etc/group"
}

# program FROM NAME: of this system, with its libraries.
program() {
	local f

	f=$(command -v "$1")
	rm -f "$E/rootfs/bin/$2"
	cp -L "$f" "$E/rootfs/bin/$2"
	ldd "$f" | grep -o '/[^ ]*' | while read -r f; do
		mkdir -p "$E/rootfs/${f%/*}"
		cp -L "$f" "$E/rootfs/$f"
	done
}

# image NAME COMMAND-JSON [CONFIG-JSON]
image() {
	local d

	d=$E/images/${1//[\/:]/_}
	oci_image "$d" "$@"
	import_image "$d"
}

images() {
	local e2e=registry.k8s.io/e2e-test-images own=gcr.io/k8s-staging-cri-tools

	image $e2e/busybox:1.29-2 '["sh"]'
	image $e2e/nginx:1.14-2 '["nginx", "master process"]'
	image $e2e/httpd:2.4.39-4 '["nginx", "master process"]'
	image $e2e/nonewprivs:1.3 '["nnp"]'
	image $own/hostnet-nginx-amd64:latest '["nginx", "master process", "12003"]'
	image $own/test-image-predefined-group:latest '["sh"]' '{"User": "1000"}'
}

# results FILE: the specs of a report in the format of JUnit.
results() {
	"$PYTHON" -c 'import sys, xml.etree.ElementTree as tree
for t in tree.parse(sys.argv[1]).iter("testcase"):
    name = t.get("name").removeprefix("[It] [k8s.io] ")
    if not name.startswith("[") and "benchmark" not in name:
        print("#", t.get("status") if t.get("status") in ("passed", "skipped") else "failed", name)' "$1"
}

@test "critest: no spec fails that needs no registry" {
	call nsenter --net="/proc/$NETWORK/ns/net" critest --runtime-endpoint "unix://$E/c.sock" --ginkgo.seed 1 --ginkgo.no-color \
		--ginkgo.skip "$LEAVE_OUT" --ginkgo.junit-report "$PWD/report.xml"
	[ -e report.xml ] || show_call "has made no report"
	results report.xml | sort -u >results
	sed -i -E "/($LEAVE_OUT)/d" results
	cat results >&3
	[ -z "${LOGS:-}" ] || cp report.xml "$LOGS/"
	is "$(grep '^# failed' results)" ""
}
