#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# What is done because of annotations, one test for each row of the table in docs/engines.md, and crun's form of the
# option idmap.

load helpers

setup() {
	common_setup
	known_gap runc "these are crun's"
}

# annotate NAME VALUE
annotate() {
	jq --arg k "$1" --arg v "$2" '.annotations[$k] = $v' config.json >config.json.new && mv config.json.new config.json
}

# refuses NAME VALUE TEXT...: a container with this annotation is not made, and the error names it.
refuses() {
	cp config.json "$BATS_TEST_TMPDIR/kept.json"
	annotate "$1" "$2"
	rt_fails create "$ID"
	says "annotations.$1" "${@:3}"
	nothing_left
	cp "$BATS_TEST_TMPDIR/kept.json" config.json
}

@test "annotations: run.oci.* stay annotations, and unknown ones are warned of" {
	annotate run.oci.no-such thing
	annotate run.oci.keep_original_groups 1
	sleeper
	has "$err" "annotations.run.oci.no-such"
	has_not "$err" keep_original_groups
	rt_ok state "$ID"
	is "$(jq -c .annotations <<<"$out")" '{"run.oci.no-such":"thing","run.oci.keep_original_groups":"1"}'
}

@test "annotations: features names them" {
	rt_ok features
	has "$(jq -c .potentiallyUnsafeConfigAnnotations <<<"$out")" '"run.oci."'
}

@test "annotations: what is not supported is refused by name" {
	for name in handler seccomp.plugins systemd.force_cgroup_v1; do
		refuses "run.oci.$name" wasm "not supported"
	done
}

@test "annotations: keep_original_groups: the caller's groups stay, of exec too" {
	groups_of_caller() {
		limited setpriv --groups 4711,4712 "$RUNTIME" --root "$ROOT" "$@" </dev/null 2>&1 3>&-
	}
	groups() {
		sed -n 's/^Groups:[[:space:]]*//p' | xargs
	}
	set_config '.process.user.additionalGids = [5]'
	set_args grep Groups /proc/self/status
	is "$(groups_of_caller run "$ID" | groups)" 5
	annotate run.oci.keep_original_groups 1
	is "$(groups_of_caller run "$ID" | groups)" "4711 4712"
	set_args sleep 1000
	groups_of_caller run --detach "$ID" >"$BATS_TEST_TMPDIR/detached" 2>&1
	is "$(groups_of_caller exec "$ID" grep Groups /proc/self/status | groups)" "4711 4712"
	rt_ok delete --force "$ID"
	annotate run.oci.keep_original_groups 0
	set_args grep Groups /proc/self/status
	is "$(groups_of_caller run "$ID" | groups)" 5
}

@test "annotations: keep_original_groups: files of such a group stay within reach of a user namespace" {
	remap 100000
	mkdir "$BATS_TEST_TMPDIR/volume"
	echo inside >"$BATS_TEST_TMPDIR/volume/file"
	chgrp -R 4711 "$BATS_TEST_TMPDIR/volume"
	chmod 750 "$BATS_TEST_TMPDIR/volume"
	add_mount /volume bind "$BATS_TEST_TMPDIR/volume" bind
	set_args cat /volume/file
	status=0
	out=$(limited setpriv --groups 4711 "$RUNTIME" --root "$ROOT" run "$ID" </dev/null 2>&1 3>&-) || status=$?
	[ "$status" -ne 0 ]
	annotate run.oci.keep_original_groups 1
	out=$(limited setpriv --groups 4711 "$RUNTIME" --root "$ROOT" run "$ID" </dev/null 2>&1 3>&-)
	is "$out" inside
}

@test "annotations: mount_context_type: one of the four names" {
	for name in context fscontext defcontext rootcontext; do
		annotate run.oci.mount_context_type "$name"
		rt_ok run "$ID"
	done
	refuses run.oci.mount_context_type othercontext othercontext
}

@test "annotations: hooks.stdout and hooks.stderr: what hooks write is appended" {
	for kind in prestart createRuntime createContainer startContainer poststart poststop; do
		printf '#!/bin/sh\ncat >/dev/null\necho out-%s\necho err-%s >&2\n' "$kind" "$kind" >"$BATS_TEST_TMPDIR/$kind"
		chmod 755 "$BATS_TEST_TMPDIR/$kind"
		set_config ".hooks.$kind = [{path: \"$BATS_TEST_TMPDIR/$kind\", env: [\"PATH=/bin:/usr/bin\"]}]"
	done
	mkdir -p "rootfs$BATS_TEST_TMPDIR"
	cp "$BATS_TEST_TMPDIR/startContainer" "rootfs$BATS_TEST_TMPDIR"
	echo before >"$BATS_TEST_TMPDIR/hooks.out"
	annotate run.oci.hooks.stdout "$BATS_TEST_TMPDIR/hooks.out"
	annotate run.oci.hooks.stderr "$BATS_TEST_TMPDIR/hooks.err"
	set_args sh -c 'echo from the container; ls -l /proc/self/fd | grep hooks'
	rt run "$ID"
	is "$out" "from the container"
	is "$(cat "$BATS_TEST_TMPDIR/hooks.out")" "$(printf 'before\n'; printf 'out-%s\n' prestart createRuntime createContainer startContainer poststart poststop)"
	is "$(cat "$BATS_TEST_TMPDIR/hooks.err")" "$(printf 'err-%s\n' prestart createRuntime createContainer startContainer poststart poststop)"
	refuses run.oci.hooks.stdout relative "absolute path"
	set_config 'del(.annotations)' '.hooks |= {prestart}'
	annotate run.oci.hooks.stderr "$BATS_TEST_TMPDIR/none/file"
	rt_fails run "$ID"
	says "prestart hook #0" "$BATS_TEST_TMPDIR/none/file"
	nothing_left
}

@test "annotations: pidfd_receiver: a pidfd of init, by create and by run" {
	cat >"$BATS_TEST_TMPDIR/receive.py" <<'PY'
import array, re, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.bind(sys.argv[1])
s.listen(2)
while True:
    c, _ = s.accept()
    _, anc, _, _ = c.recvmsg(4096, socket.CMSG_SPACE(16))
    fds = array.array("i")
    for _, _, d in anc:
        fds.frombytes(d[: len(d) - len(d) % 4])
    print("pid", re.search(r"^Pid:\s*(\d+)", open("/proc/self/fdinfo/%d" % fds[0]).read(), re.M).group(1), flush=True)
PY
	CONSOLE_DIR=$(mktemp -d /tmp/ebt-con.XXXXXX)
	background "$PYTHON" "$BATS_TEST_TMPDIR/receive.py" "$CONSOLE_DIR/s"
	wait_for test -S "$CONSOLE_DIR/s"
	annotate run.oci.pidfd_receiver "$CONSOLE_DIR/s"
	set_args sleep 1000
	rt_ok create "$ID"
	wait_for file_has "$bg_out" "^pid $(pid_of "$ID")$"
	rt_ok run --detach "$ID-2"
	wait_for file_has "$bg_out" "^pid $(pid_of "$ID-2")$"
	rt_ok delete --force "$ID"
	rt_ok delete --force "$ID-2"
	annotate run.oci.pidfd_receiver "$CONSOLE_DIR/none"
	rt_fails create "$ID"
	says run.oci.pidfd_receiver "$CONSOLE_DIR/none"
	nothing_left
	refuses run.oci.pidfd_receiver relative "absolute path"
}

@test "annotations: timens_offset" {
	requires_namespace time
	set_config '.linux.namespaces += [{type: "time"}]'
	annotate run.oci.timens_offset "boottime 1209600 0
1 7200 5"
	in_container 'tr -s " " </proc/self/timens_offsets; cut -d. -f1 /proc/uptime'
	has "$(tr -s ' \t' ' ' <<<"$out")" "monotonic 7200 5"
	[ "$(tail -n 1 <<<"$out")" -ge 1209600 ]
	# the specification's own member wins
	set_config '.linux.timeOffsets = {monotonic: {secs: 60}}'
	in_container 'tr -s " " </proc/self/timens_offsets'
	has "$(tr -s ' \t' ' ' <<<"$out")" "monotonic 60 0"
	for value in "" monotonic "realtime 1 0" "monotonic x 0" "monotonic 1 0 0"; do
		[ -z "$value" ] || refuses run.oci.timens_offset "$value" "clock, seconds and nanoseconds"
	done
	set_config '.linux.namespaces |= map(select(.type != "time"))' 'del(.linux.timeOffsets)'
	rt_fails create "$ID"
	says "time namespace"
}

@test "annotations: systemd.subgroup: without systemd nothing, and one name" {
	requires_cgroupfs
	for name in "" container; do
		annotate run.oci.systemd.subgroup "$name"
		rt_ok run "$ID"
	done
	refuses run.oci.systemd.subgroup ../up "not the name of a cgroup"
}

@test "annotations: delegate-cgroup: a cgroup below the limits, that the container manages" {
	annotate run.oci.delegate-cgroup payload
	if [ "$(view)" != unified ]; then
		rt_fails create "$ID"
		says run.oci.delegate-cgroup "version 2"
		nothing_left
		return
	fi
	requires_namespace cgroup
	remap 100000
	set_config '.linux.namespaces += [{type: "cgroup"}]' '(.mounts[] | select(.type == "cgroup") | .options) = []'
	set_script 'grep ^0: /proc/self/cgroup; mkdir /sys/fs/cgroup/payload/made && echo 0 >/sys/fs/cgroup/payload/made/cgroup.procs &&
		grep ^0: /proc/self/cgroup; exec sleep 1000'
	rt_ok run --detach "$ID"
	wait_for file_has "$out_file" made
	is "$(cat "$out_file")" "$(printf '0::/payload\n0::/payload/made')"
	pid=$(pid_of "$ID")
	has "$(sed -n 's/^0:://p' "/proc/$pid/cgroup")" "$ID/payload/made"
	rt_ok exec "$ID" grep ^0: /proc/self/cgroup
	is "$out" 0::/payload/made
	rt_ok pause "$ID"
	is "$(state_of "$ID")" paused
	rt_ok resume "$ID"
	rt_ok delete --force "$ID"
	nothing_left
	for name in a/b .. .; do
		refuses run.oci.delegate-cgroup "$name" "not the name of a cgroup"
	done
}

# ---------------------------------------------------------------- seccomp

MKDIR='{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_NOTIFY"}'

@test "annotations: seccomp.receiver: the listener goes there, of exec too" {
	cat >"$BATS_TEST_TMPDIR/agent.py" <<'PY'
import array, fcntl, json, select, socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.bind(sys.argv[1])
s.listen(4)
p = select.poll()
p.register(s, select.POLLIN)
listeners = {}
while True:
    for fd, _ in p.poll():
        if fd == s.fileno():
            c, _ = s.accept()
            data, anc, _, _ = c.recvmsg(65536, socket.CMSG_SPACE(16))
            fds = array.array("i")
            for _, _, d in anc:
                fds.frombytes(d[: len(d) - len(d) % 4])
            print("listener of", json.loads(data)["state"]["id"], flush=True)
            p.register(fds[0], select.POLLIN)
            continue
        try:
            req = bytearray(80)
            fcntl.ioctl(fd, 0xC0502100, req)
            fcntl.ioctl(fd, 0xC0182101, bytearray(struct.pack("QqiI", struct.unpack("Q", req[:8])[0], 0, -99, 0)))
        except OSError:
            p.unregister(fd)
PY
	CONSOLE_DIR=$(mktemp -d /tmp/ebt-con.XXXXXX)
	background "$PYTHON" "$BATS_TEST_TMPDIR/agent.py" "$CONSOLE_DIR/s"
	wait_for test -S "$CONSOLE_DIR/s"
	set_config ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [$MKDIR]}"
	annotate run.oci.seccomp.receiver "$CONSOLE_DIR/s"
	set_args sleep 1000
	rt_ok run --detach "$ID"
	wait_for file_has "$bg_out" "listener of $ID"
	rt exec "$ID" mkdir /tmp/x
	is "$status" 1
	has "$err" "assign requested address"
	is "$(grep -c "listener of $ID" "$bg_out")" 2
	# the specification's own member wins
	rt_ok delete --force "$ID"
	set_config ".linux.seccomp.listenerPath = \"$CONSOLE_DIR/none\""
	rt_fails run "$ID"
	says "$CONSOLE_DIR/none"
	set_config 'del(.linux.seccomp)'
	rt_ok run --detach "$ID"
	is "$(grep -c "listener of $ID" "$bg_out")" 2
	rt_ok delete --force "$ID"
	refuses run.oci.seccomp.receiver relative "absolute path"
}

@test "annotations: seccomp_fail_unknown_syscall" {
	set_config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "no_such_call"], action: "SCMP_ACT_ERRNO"}]}'
	rt_ok run "$ID"
	has "$err" no_such_call
	annotate run.oci.seccomp_fail_unknown_syscall 1
	rt_fails run "$ID"
	says linux.seccomp.syscalls annotations.run.oci.seccomp_fail_unknown_syscall no_such_call
	nothing_left
	set_config '.linux.seccomp.syscalls[0].names = ["mkdir"]'
	rt_ok run "$ID"
}

# A filter by hand: mkdir and mkdirat end with ENOSPC, everything else is allowed.
raw_filter() {
	"$PYTHON" -c '
import base64, platform, struct
calls = {"x86_64": (83, 258), "aarch64": (34, 34)}[platform.machine()]
f = [(0x20, 0, 0, 0), (0x15, 1, 0, calls[0]), (0x15, 0, 1, calls[1]), (0x06, 0, 0, 0x0005001c), (0x06, 0, 0, 0x7fff0000)]
print(base64.b64encode(b"".join(struct.pack("=HBBI", *i) for i in f)).decode())'
}

@test "annotations: seccomp_bpf_data: in place of linux.seccomp, of exec too" {
	set_config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["uname"], action: "SCMP_ACT_ERRNO"}]}'
	annotate run.oci.seccomp_bpf_data "$(raw_filter)"
	set_args sleep 1000
	rt_ok run --detach "$ID"
	rt exec "$ID" sh -c 'uname; mkdir /tmp/x 2>&1; grep ^Seccomp: /proc/1/status'
	has "$out" Linux
	has "$out" "No space left on device"
	is "$(tail -n 1 <<<"$out" | tr -d '[:blank:]')" Seccomp:2
	rt_ok delete --force "$ID"
	for value in "" '*' AAAA "$(raw_filter | cut -c 1-52)AAAA" 'BgAAAAAA/38' '=AAAAAAAAAA='; do
		refuses run.oci.seccomp_bpf_data "$value" base64
	done
	# well-formed, and refused by the kernel: it does not end with an answer
	annotate run.oci.seccomp_bpf_data "$(printf '\040\0\0\0\0\0\0\0' | base64)"
	rt run "$ID"
	is "$status" 1
	has "$err" seccomp
}

# ---------------------------------------------------------------- idmap=

owned_volume() {
	VOL="$BATS_TEST_TMPDIR/volume"
	mkdir -p "$VOL"
	touch "$VOL/user" "$VOL/root"
	chown 1000:2000 "$VOL/user"
}

@test "annotations: the option idmap with mappings" {
	requires_kernel 5.12 "idmapped mounts"
	owned_volume
	add_mount /v bind "$VOL" bind 'idmap=uids=1000-7000-1#0-5-1;gids=2000-8000-10#0-6-1'
	in_container 'stat -c %u:%g /v/user /v/root'
	is "$out" "$(printf '7000:8000\n5:6')"
}

@test "annotations: the option idmap with mappings relative to the user namespace" {
	requires_kernel 5.12 "idmapped mounts"
	owned_volume
	remap 100000
	add_mount /v bind "$VOL" bind 'idmap=uids=@1000-7-1;gids=@2000-8-1'
	in_container 'stat -c %u:%g /v/user'
	is "$out" 7:8
	set_config '.mounts[-1].options = ["rbind", "ridmap=uids=@1000-7-1;gids=2000-100009-1"]'
	in_container 'stat -c %u:%g /v/user'
	is "$out" 7:9
}

@test "annotations: the option idmap: what is no mapping is refused" {
	owned_volume
	for value in "" "uids" "uids=" "uids=1-2" "uids=1-2-3" "uids=a-b-c;gids=0-0-1" "uids=1-2-3-4;gids=0-0-1" \
		"uids=0-0-1;gids=0-0-0" "uids=0-0-1;gids=0-0-1;pids=0-0-1" "uids=@0-0-1;gids=0-0-1" "uids=0-0-1;uids=0-0-1;gids=0-0-1" \
		"uids=99999999999-0-1;gids=0-0-1"; do
		cp config.json "$BATS_TEST_TMPDIR/kept.json"
		add_mount /v bind "$VOL" bind "idmap=$value"
		rt_fails create "$ID"
		says "mounts[7]"
		nothing_left
		cp "$BATS_TEST_TMPDIR/kept.json" config.json
	done
	set_config '.mounts += [{destination: "/v", source: "/", options: ["bind", "idmap=uids=0-0-1;gids=0-0-1"],
		uidMappings: [{containerID: 0, hostID: 0, size: 1}], gidMappings: [{containerID: 0, hostID: 0, size: 1}]}]'
	rt_fails create "$ID"
	says "mounts[7]" already
}

@test "annotations: the same when the launch comes from the cache" {
	owned_volume
	requires_kernel 5.12 "idmapped mounts"
	remap 100000
	set_config '.linux.namespaces += [{type: "time"}]'
	annotate run.oci.timens_offset "boottime 1209600 0"
	annotate run.oci.seccomp_bpf_data "$(raw_filter)"
	add_mount /v bind "$VOL" bind 'idmap=uids=@1000-7-1;gids=@2000-8-1'
	set_script 'stat -c %u:%g /v/user; [ "$(cut -d. -f1 /proc/uptime)" -ge 1209600 ] && echo later; mkdir /tmp/x 2>/dev/null || echo filtered'
	for _ in 1 2 3; do
		rt_ok run "$ID"
		is "$out" "$(printf '7:8\nlater\nfiltered')"
	done
}
