#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load helpers

# new_spec [OPTION...]: what `spec` alone writes, but for the terminal.
new_spec() {
	rm -f config.json
	rt_ok spec "$@"
	set_config '.process.terminal = false' ".process.env += [\"EBT_CONTAINER=$ID\"]"
}

# calls WHAT: runs calls.c in the container.
calls() {
	cc -static -O2 -pthread -o rootfs/calls "$BATS_TEST_DIRNAME/calls.c"
	set_args /calls "$1"
	rt_ok run "$ID"
}

# with_subordinate_ids LINE COMMAND...: where /etc/subuid and /etc/subgid hold this line and nothing else is in /etc.
with_subordinate_ids() {
	mkdir -p "$BATS_TEST_TMPDIR/etc"
	echo "$1" | tee "$BATS_TEST_TMPDIR/etc/subuid" >"$BATS_TEST_TMPDIR/etc/subgid"
	shift
	limited unshare -m sh -c 'mount --bind "$0" /etc && exec "$@"' "$BATS_TEST_TMPDIR/etc" "$@" 3>&-
}

@test "spec: writes a config.json that runs" {
	rm config.json
	rt_ok spec
	is "$(jq -r '.process.args[0]' config.json)" sh
	is "$(jq -r .process.terminal config.json)" true
	is "$(jq -r .root.path config.json)" rootfs
	set_config '.process.terminal = false' '.process.args = ["echo", "it runs"]'
	rt_ok run "$ID"
	is "$out" "it runs"
}

@test "spec: the container asks for nothing the specification does not know" {
	rm config.json
	rt_ok spec
	[[ $(jq -r .ociVersion config.json) == 1.* ]]
	is "$(jq -r '.linux.namespaces | map(.type) | sort | join(" ")' config.json | sed 's/cgroup //')" "ipc mount network pid uts"
	is "$(jq -c '.process.capabilities | map_values(sort) | .bounding' config.json)" \
		'["CAP_AUDIT_WRITE","CAP_KILL","CAP_NET_BIND_SERVICE"]'
	is "$(jq -r .root.readonly config.json)" true
	is "$(jq -r .process.noNewPrivileges config.json)" true
	is "$(jq -r '.mounts | map(.destination) | join(" ")' config.json)" \
		"/proc /dev /dev/pts /dev/shm /dev/mqueue /sys /sys/fs/cgroup"
	is "$(jq -c '.linux.resources.devices' config.json)" '[{"allow":false,"access":"rwm"}]'
	has "$(jq -c .linux.maskedPaths config.json)" /proc/kcore
	has "$(jq -c .linux.readonlyPaths config.json)" /proc/sys
}

@test "spec: the container has a filter, no new privileges and three capabilities" {
	new_spec
	set_args cat /proc/self/status
	rt_ok run "$ID"
	has "$out" "$(printf 'Seccomp:\t2')"
	has "$out" "$(printf 'NoNewPrivs:\t1')"
	has "$out" "$(printf 'CapBnd:\t0000000020000420')"
}

@test "spec: what attacks the kernel is refused, each call by the filter" {
	requires cc
	new_spec
	calls refused
	while read -r line; do
		case $line in
		clone3:*) is "$line" "clone3: ENOSYS" ;;
		socket*) has "$line" ": EAFNOSUPPORT" ;;
		x32:* | i386:*) has "$line" ": SIGS" ;; # SIGSEGV: a kernel without it
		*) has "$line" ": EPERM" ;;
		esac
	done <<<"$out"
	has "$out" "io_uring_setup: EPERM"
	# the kernel may refuse some by itself: an errno that it has not says who did
	set_config '.linux.seccomp.syscalls[].errnoRet = 76'
	calls refused
	is "$(grep -v -e ': ENOTUNIQ$' -e ': SIGS' <<<"$out")" ""
	[ "$(wc -l <<<"$out")" -ge 24 ]
}

@test "spec: the same calls for what programs need of them are allowed" {
	requires cc
	new_spec
	calls allowed
	is "$(grep -v ': ok$' <<<"$out")" ""
	is "$(wc -l <<<"$out")" 6
}

@test "spec: shells and ordinary tools work" {
	new_spec
	set_config '.mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs"}]'
	in_container 'cd /tmp && mkdir d && echo one >d/f && ls -l d | grep -q f && tar c d | gzip | gunzip | tar t >list &&
		(sleep 0.01 & wait) && ln -s f d/l && cat d/l | tr a-z A-Z && [ "$(ps | wc -l)" -ge 3 ] &&
		timeout 10 env -i /bin/sh -c "find d | wc -l" && ping -c 1 127.0.0.1 2>&1 | grep -o permission'
	is "$out" "$(printf 'ONE\n3\npermission')"
}

@test "spec: python works, with threads, processes and sockets" {
	[ -x /usr/bin/python3 ] || skip "the host has no python3"
	new_spec
	mkdir -p rootfs/usr rootfs/lib rootfs/lib64
	add_mount /usr bind /usr rbind ro
	add_mount /lib bind /lib rbind ro
	[ ! -d /lib64 ] || add_mount /lib64 bind /lib64 rbind ro
	set_args /usr/bin/python3 -c '
import asyncio, multiprocessing, socket, subprocess, threading
found = []
t = threading.Thread(target=found.append, args=("thread",))
t.start(); t.join()
found.append(subprocess.check_output(["/usr/bin/echo", "process"], text=True).strip())
async def served():
    async def answer(r, w):
        w.write(b"socket"); w.close()
    s = await asyncio.start_server(answer, "127.0.0.1", 80)
    r, w = await asyncio.open_connection("127.0.0.1", 80)
    found.append((await r.read()).decode()); w.close(); s.close()
asyncio.run(served())
with multiprocessing.get_context("fork").Pool(1) as p:
    found.append(p.apply(str.lower, ("POOL",)))
print(*found)'
	rt_ok run "$ID"
	is "$out" "thread process socket pool"
}

@test "spec: for root a user namespace, where the rootfs belongs to the first of root's subordinate ids" {
	[ "$(id -u)" = 0 ] || skip "root only"
	chown -hR 700000:700000 rootfs
	rm config.json
	with_subordinate_ids root:700000:70000 "$RUNTIME" spec
	set_config '.process.terminal = false' ".process.env += [\"EBT_CONTAINER=$ID\"]"
	in_container 'tr -s " " </proc/self/uid_map; tr -s " " </proc/self/gid_map; stat -c %u /bin/busybox; ls -ld /dev/pts /sys/fs/cgroup'
	is "$(head -n 3 <<<"$out")" "$(printf ' 0 700000 70000\n 0 700000 70000\n0')"
	for line in other:700000:70000 root:700001:70000 root:700000:100 root:x:70000 root:700000; do
		rm -f config.json
		with_subordinate_ids "$line" "$RUNTIME" spec
		is "$(jq -c '.linux | [.namespaces[].type == "user", has("uidMappings"), has("gidMappings")] | any' config.json)" false "$line"
	done
	rm config.json
	with_subordinate_ids 0:700000:65536 "$RUNTIME" spec
	is "$(jq .linux.uidMappings[0].size config.json)" 65536
	rm config.json
	chown 0 rootfs
	with_subordinate_ids root:700000:70000 "$RUNTIME" spec
	is "$(jq -c .linux.uidMappings config.json)" null
	new_spec
	in_container 'tr -s " " </proc/self/uid_map'
	is "$out" " 0 0 4294967295"
}

@test "spec: what a user who is not root asks for is rootless without saying so" {
	[ "$(id -u)" = 0 ] || skip "root only"
	mkdir -m 777 "$BATS_TEST_TMPDIR/user"
	cd "$BATS_TEST_TMPDIR/user"
	for o in "" --rootless --runc; do
		limited setpriv --reuid 1234 --regid 1234 --clear-groups "$RUNTIME" spec -f "as$o" $o 3>&-
	done
	is "$(jq -c .linux.uidMappings as)" '[{"containerID":0,"hostID":1234,"size":1}]'
	cmp as as--rootless
	is "$(jq -c .linux.uidMappings as--runc)" null
	is "$(jq -r '.linux.seccomp.defaultAction' as)" SCMP_ACT_ALLOW
}

@test "spec --runc: what runc writes" {
	rm config.json
	rt_ok spec --runc
	is "$(jq -r .hostname config.json)" runc
	is "$(jq -c '.linux.seccomp' config.json)" null
	is "$(jq -c '.linux.maskedPaths | sort' config.json)" '["/proc/acpi","/proc/asound","/proc/kcore","/proc/keys","/proc/latency_stats","/proc/sched_debug","/proc/scsi","/proc/timer_list","/proc/timer_stats","/sys/firmware"]'
	set_config '.process.terminal = false' ".process.env += [\"EBT_CONTAINER=$ID\"]"
	in_container 'grep ^Seccomp: /proc/self/status; unshare -U true'
	has "$out" "$(printf 'Seccomp:\t0')"
}

@test "spec: does not overwrite" {
	sum=$(sha256sum <config.json)
	rt_fails spec
	says config.json
	is "$(sha256sum <config.json)" "$sum"
}

@test "spec --bundle: writes there" {
	mkdir "$BATS_TEST_TMPDIR/new"
	cd /
	rt_ok spec --bundle "$BATS_TEST_TMPDIR/new"
	[ -s "$BATS_TEST_TMPDIR/new/config.json" ]
	rt_fails spec -b "$BATS_TEST_TMPDIR/none"
}

@test "spec --rootless: a user namespace with the caller's ids, no cgroups and no network" {
	rm config.json
	rt_ok spec --rootless
	has "$(jq -c '.linux.namespaces | map(.type)' config.json)" '"user"'
	has_not "$(jq -c '.linux.namespaces | map(.type)' config.json)" '"network"'
	is "$(jq -c '.linux.uidMappings' config.json)" "[{\"containerID\":0,\"hostID\":$(id -u),\"size\":1}]"
	is "$(jq -c '.linux.gidMappings' config.json)" "[{\"containerID\":0,\"hostID\":$(id -g),\"size\":1}]"
	is "$(jq -c '.linux.resources // {}' config.json)" "{}"
	has "$(jq -c '.mounts[] | select(.destination == "/sys")' config.json)" rbind
	has_not "$(jq -c '.mounts[] | select(.destination == "/dev/pts").options' config.json)" gid=
	set_config '.process.terminal = false' '.process.args = ["id", "-u"]'
	rt_ok run "$ID"
	is "$out" 0
}
