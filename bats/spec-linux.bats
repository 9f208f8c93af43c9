#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# The members of config.json's linux part, seen from inside and in the kernel's files. What bad values are answered with
# is in spec-refusals.bats; cgroups, seccomp filters and mounts have suites of their own.

load helpers

teardown() {
	[ -z "${HOLDER:-}" ] || kill -KILL "$HOLDER" 2>/dev/null || true
	RUNTIME=${RUNTIME_ITSELF:-$RUNTIME}
	common_teardown
}

# ---------------------------------------------------------------- namespaces

ns_file() {
	case "$1" in network) echo net ;; mount) echo mnt ;; *) echo "$1" ;; esac
}

# namespaces_of PID: one "type inode" a line.
namespaces_of() {
	local t

	for t in pid network ipc uts mount cgroup user; do
		echo "$t $(readlink "/proc/$1/ns/$(ns_file "$t")")"
	done
}

in_list() {
	[[ " $1 " == *" $2 "* ]]
}

# A container made of: namespaces that are new, those of $HOLDER, and for all others the runtime's.
# made_of NEW JOINED
made_of() {
	local t namespaces=

	for t in $1; do
		namespaces+="{\"type\":\"$t\"},"
	done
	for t in $2; do
		namespaces+="{\"type\":\"$t\",\"path\":\"/proc/$HOLDER/ns/$(ns_file "$t")\"},"
	done
	set_config ".linux.namespaces = [${namespaces%,}]"
	rt_ok run --detach "$ID"
	namespaces_of "$(pid_of "$ID")" >"$BATS_TEST_TMPDIR/is"
	rt_ok delete --force "$ID"
	namespaces_of self >"$BATS_TEST_TMPDIR/own"
	namespaces_of "$HOLDER" >"$BATS_TEST_TMPDIR/holder"
	while read -r t inode; do
		if in_list "$1" "$t"; then
			! grep -qxF "$t $inode" "$BATS_TEST_TMPDIR/own" "$BATS_TEST_TMPDIR/holder" || { echo "$t is not new: $*" && return 1; }
		elif in_list "$2" "$t"; then
			grep -qxF "$t $inode" "$BATS_TEST_TMPDIR/holder" || { echo "$t is not joined: $*" && return 1; }
		else
			grep -qxF "$t $inode" "$BATS_TEST_TMPDIR/own" || { echo "$t is not the runtime's: $*" && return 1; }
		fi
	done <"$BATS_TEST_TMPDIR/is"
}

# What stands in the way of containers that share much with the host, and a process that lives in new namespaces.
mixes() {
	set_config 'del(.hostname)' '.mounts |= map(select(.type == "proc" or .type == "tmpfs"))' \
		'del(.linux.maskedPaths, .linux.readonlyPaths)'
	set_args sleep 1000
	background unshare --pid --net --ipc --uts --cgroup --fork "$@" sleep 1009
	wait_for held
	HOLDER=$(held)
}

held() {
	pgrep -P "$bg_pid" sleep
}

@test "namespaces: mixes of new, joined and the runtime's" {
	mixes
	made_of "mount pid network ipc uts cgroup" ""
	made_of "mount" ""
	made_of "mount uts" "pid network ipc"
	made_of "mount pid" "network ipc uts"
	made_of "mount pid network" "ipc uts cgroup"
	made_of "mount network" "pid"
	made_of "mount" "pid network ipc uts cgroup"
	made_of "uts mount" "cgroup"
}

@test "namespaces: mixes with a new user namespace" {
	remap 100000
	mixes
	# who is not root of the pid namespace's user namespace may not mount a procfs of it
	set_config '.mounts |= map(select(.type == "tmpfs"))'
	made_of "user mount pid network ipc uts cgroup" ""
	made_of "user mount pid ipc" "network uts"
	made_of "user mount pid" "network ipc uts cgroup"
	made_of "user mount network" "pid"
	made_of "user mount" "pid network ipc uts"
}

@test "namespaces: mixes with a user namespace that is joined" {
	remap 100000
	mixes --user --map-root-user --mount
	jq 'del(.linux.uidMappings, .linux.gidMappings)' config.json >c && mv c config.json
	chown -hR 0:0 rootfs
	made_of "mount pid network ipc uts" "user"
	made_of "mount pid" "user network ipc uts"
	made_of "mount" "user pid network ipc uts cgroup"
}

@test "namespaces: joined by path: in the order of the kernel's needs, not of the list" {
	mixes
	set_config ".linux.namespaces = [{type: \"mount\"}, {type: \"uts\", path: \"/proc/$HOLDER/ns/uts\"},
		{type: \"pid\", path: \"/proc/$HOLDER/ns/pid\"}, {type: \"network\", path: \"/proc/$HOLDER/ns/net\"}]"
	rt_ok run --detach "$ID"
	is "$(readlink "/proc/$(pid_of "$ID")/ns/pid")" "$(readlink "/proc/$HOLDER/ns/pid")"
}

@test "namespaces: time offsets: seconds and nanoseconds, below zero" {
	requires_namespace time
	set_config '.linux.namespaces += [{type: "time"}]' \
		'.linux.timeOffsets = {monotonic: {secs: 500000, nanosecs: 999999999}, boottime: {secs: -1}}'
	in_container 'cat /proc/self/timens_offsets'
	is "$(awk '{print $1, $2, $3}' <<<"$out")" "$(printf 'monotonic 500000 999999999\nboottime -1 0')"
}

@test "namespaces: time offsets with a user namespace, new or joined" {
	requires_namespace time
	remap 100000
	set_config '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {monotonic: {secs: 1234}}'
	in_container 'cat /proc/self/timens_offsets'
	has "$(tr -s ' ' <<<"$out")" "monotonic 1234 0"
	sleeper
	set_config "(.linux.namespaces[] | select(.type == \"user\")).path = \"/proc/$(pid_of "$ID")/ns/user\"" \
		'del(.linux.uidMappings, .linux.gidMappings)'
	set_args cat /proc/self/timens_offsets
	rt_ok run "$ID-2"
	has "$(tr -s ' ' <<<"$out")" "monotonic 1234 0"
}

@test "namespaces: id mappings beside a user namespace that is joined: its own, else refused" {
	remap 100000
	sleeper
	set_config "(.linux.namespaces[] | select(.type == \"user\")).path = \"/proc/$(pid_of "$ID")/ns/user\""
	set_args cat /proc/self/uid_map
	rt_ok run "$ID-2"
	is "$(tr -s ' ' <<<"$out")" " 0 100000 65536"
	set_config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}, {containerID: 1000, hostID: 101000, size: 64536}]'
	rt_ok run "$ID-2"
	for m in '{containerID: 0, hostID: 100001, size: 65536}' '{containerID: 0, hostID: 100000, size: 65535}' \
		'{containerID: 1, hostID: 100001, size: 65536}'; do
		set_config ".linux.uidMappings = [$m]"
		rt_fails run "$ID-2"
		says linux.uidMappings joined
	done
}

@test "namespaces: time offsets without root" {
	requires_namespace time
	requires setpriv
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR"
	set_config '.linux.namespaces += [{type: "user"}, {type: "time"}]' '.mounts |= map(select(.type == "proc"))' \
		'.linux.uidMappings = [{containerID: 0, hostID: 1000, size: 1}] | .linux.gidMappings = .linux.uidMappings' \
		'del(.linux.resources)' '.linux.timeOffsets = {boottime: {secs: 77}}'
	set_args cat /proc/self/timens_offsets
	cp "$RUNTIME" "$BATS_TEST_TMPDIR/runtime"
	mkdir -m 700 "$ROOT"
	chown -R 1000:1000 "$ROOT" "$BUNDLE"
	has "$(setpriv --reuid 1000 --regid 1000 --clear-groups "$BATS_TEST_TMPDIR/runtime" --root "$ROOT" run "$ID" 2>&1 </dev/null |
		tr -s ' ')" "boottime 77 0"
}

# ---------------------------------------------------------------- devices

@test "devices: in a user namespace: the host's nodes, with what is asked for checked" {
	remap 100000
	set_config '.linux.devices = [{path: "/dev/zero", type: "c", major: 1, minor: 5},
		{path: "/dev/pipe", type: "p", fileMode: 416, uid: 5, gid: 6}]'
	in_container 'head -c 2 /dev/zero | wc -c; stat -c "%F %a %u:%g" /dev/pipe'
	is "${out// /}" "$(printf '2\nfifo6405:6')"
	set_config '.linux.devices = [{path: "/dev/zero", type: "c", major: 1, minor: 3}]'
	rt_fails create "$ID"
	says "linux.devices[0]" /dev/zero
	mkdir "$BATS_TEST_TMPDIR/image"
	echo text >"$BATS_TEST_TMPDIR/image/full"
	: >"$BATS_TEST_TMPDIR/image/zero"
	set_config ".mounts |= map(select(.destination | startswith(\"/dev\") | not))" '.linux.devices = [{path: "/dev/zero",
		type: "c", major: 1, minor: 5}]'
	cp "$BATS_TEST_TMPDIR/image/"* rootfs/dev/
	in_container 'head -c 2 /dev/zero | wc -c'
	set_config '.linux.devices = [{path: "/dev/full", type: "c", major: 1, minor: 7}]'
	rt_fails create "$ID"
	says "linux.devices[0]" /dev/full
	set_config '.linux.devices = [{path: "/dev/ebt-nosuch", type: "c", major: 1, minor: 3}]'
	rt_fails create "$ID"
	says "linux.devices[0]" /dev/ebt-nosuch
}

@test "devices: u is c" {
	set_config '.linux.devices = [{path: "/dev/u", type: "u", major: 1, minor: 5, fileMode: 420}]'
	in_container 'stat -c "%F %t:%T %a" /dev/u; head -c 1 /dev/u | wc -c'
	is "$(head -n 1 <<<"$out")" "character special file 1:5 644"
}

@test "devices: one that is there already and is the same is taken, another one is not" {
	mknod -m 600 rootfs/etc/null c 1 3
	set_config '.linux.devices = [{path: "/etc/null", type: "c", major: 1, minor: 3}]'
	in_container 'echo x >/etc/null && echo fine'
	is "$out" fine
	set_config '.linux.devices = [{path: "/etc/null", type: "c", major: 1, minor: 5}]'
	rt_fails create "$ID"
	says "linux.devices[0]" /etc/null
}

@test "devices: not through symbolic links to the host" {
	ln -s "$BATS_TEST_TMPDIR" rootfs/esc
	set_config '.linux.devices = [{path: "/esc/made", type: "p"}]'
	in_container "test -p $BATS_TEST_TMPDIR/made && echo inside"
	is "$out" inside
	[ ! -e "$BATS_TEST_TMPDIR/made" ]
}

# ---------------------------------------------------------------- network devices

# A network namespace that stands for the host's, which the runtime is started in.
other_host() {
	in_other_net
	HOLDER=$bg_pid
	net ip link add ebta type veth peer name ebtb 2>/dev/null || skip "no veth devices here"
}

net() {
	nsenter --net="/proc/$HOLDER/ns/net" "$@"
}

# links: those of the running container, "name up|down" a line, without lo.
inside() {
	nsenter --net="/proc/$(pid_of "$ID")/ns/net" "$@"
}

@test "netDevices: moved, up, with what was set on it" {
	requires ip
	other_host
	net ip link set ebta mtu 1400 address 02:00:00:00:00:17
	net ip addr add 10.9.8.7/24 dev ebta
	net ip addr add 2001:db8::7/64 dev ebta nodad
	net ip addr add 10.9.9.9/24 dev ebta scope link
	set_config '.linux.netDevices = {ebta: {}}'
	sleeper
	has "$(inside ip -o link show dev ebta)" "mtu 1400"
	has "$(inside ip -o link show dev ebta)" 02:00:00:00:00:17
	has "$(inside ip -o link show dev ebta)" UP
	has "$(inside ip -o addr show dev ebta)" "10.9.8.7/24"
	has "$(inside ip -o addr show dev ebta)" "2001:db8::7/64"
	has_not "$(inside ip -o addr show dev ebta)" "10.9.9.9"
	has_not "$(net ip -o link show)" ebta
}

@test "netDevices: with another name, and several at once" {
	requires ip
	other_host
	set_config '.linux.netDevices = {ebta: {name: "eth0"}, ebtb: {name: "other-name"}}'
	sleeper
	is "$(inside ip -o link show | awk -F'[ :@]+' '{ print $2 }' | sort | tr '\n' ' ')" "eth0 lo other-name "
}

@test "netDevices: a template for the name" {
	requires ip
	other_host
	net ip addr add 10.9.8.7/24 dev ebta
	set_config '.linux.netDevices = {ebta: {name: "eth%d"}, ebtb: {name: "eth%d"}}'
	sleeper
	is "$(inside ip -o link show | awk -F'[ :@]+' '{ print $2 }' | sort | tr '\n' ' ')" "eth0 eth1 lo "
	has "$(inside ip -o addr)" 10.9.8.7/24
	is "$(inside ip -o link show up | wc -l)" 3
}

@test "netDevices: into a network namespace that is joined, where the name is taken" {
	requires ip
	other_host
	background unshare --net sleep 1008
	wait_for is_other_net "$bg_pid"
	nsenter --net="/proc/$bg_pid/ns/net" ip link add eth0 type veth peer name x
	set_config "(.linux.namespaces[] | select(.type == \"network\")).path = \"/proc/$bg_pid/ns/net\"" \
		'.linux.netDevices = {ebta: {name: "eth0"}}'
	rt_fails create "$ID"
	says linux.netDevices.ebta eth0
	has "$(net ip -o link show)" ebta
	set_config '.linux.netDevices = {ebta: {name: "eth1"}}'
	sleeper
	has "$(inside ip -o link show)" eth1
}

@test "netDevices: one that is not there leaves nothing" {
	other_host
	set_config '.linux.netDevices = {nosuch0: {}}'
	rt_fails create "$ID"
	says linux.netDevices nosuch0
	nothing_left
}

@test "network: lo is up in a new namespace, with a user namespace too" {
	in_container 'ip addr show dev lo'
	has "$out" 127.0.0.1
	remap 100000
	in_container 'ip addr show dev lo'
	has "$out" 127.0.0.1
}

# ---------------------------------------------------------------- memory policy

# policy MODE NODES FLAGS...: of the container's process, as the kernel names it.
policy() {
	local mode=$1 nodes=$2

	shift 2
	jq --arg m "$mode" --arg n "$nodes" '.linux.memoryPolicy = {mode: $m, flags: $ARGS.positional} |
		if $n != "" then .linux.memoryPolicy.nodes = $n else . end' config.json --args -- "$@" >c && mv c config.json
	in_container 'grep stack /proc/self/numa_maps'
	awk '{ print $2 }' <<<"$out"
}

@test "memoryPolicy: every mode" {
	[ -e /proc/self/numa_maps ] || skip "a kernel without NUMA"
	is "$(policy MPOL_DEFAULT "")" default
	is "$(policy MPOL_LOCAL "")" local
	is "$(policy MPOL_PREFERRED "")" local
	is "$(policy MPOL_PREFERRED 0)" "prefer:0"
	is "$(policy MPOL_BIND 0)" "bind:0"
	is "$(policy MPOL_INTERLEAVE 0-0)" "interleave:0"
	! kernel_has 5.15 || has "$(policy MPOL_PREFERRED_MANY 0,0)" "prefer"
	[ "$(uname -r | cut -d. -f1)" -lt 7 ] && [ ! -d /sys/kernel/mm/mempolicy/weighted_interleave ] ||
		has "$(policy MPOL_WEIGHTED_INTERLEAVE 0)" "weighted"
}

@test "memoryPolicy: flags" {
	[ -e /proc/self/numa_maps ] || skip "a kernel without NUMA"
	is "$(policy MPOL_BIND 0 MPOL_F_STATIC_NODES)" "bind=static:0"
	is "$(policy MPOL_INTERLEAVE 0 MPOL_F_RELATIVE_NODES)" "interleave=relative:0"
	! kernel_has 5.12 || has "$(policy MPOL_BIND 0 MPOL_F_NUMA_BALANCING)" "bind"
}

@test "memoryPolicy: of exec" {
	[ -e /proc/self/numa_maps ] || skip "a kernel without NUMA"
	set_config '.linux.memoryPolicy = {mode: "MPOL_INTERLEAVE", nodes: "0"}'
	sleeper
	rt_ok exec "$ID" grep stack /proc/self/numa_maps
	has "$out" "interleave:0"
}

# ---------------------------------------------------------------- the rest

@test "sysctl: a value in both notations; network, ipc and uts" {
	set_config '.linux.sysctl = {"net.ipv4.ip_forward": "1", "net/ipv4/conf/lo/forwarding": "0", "kernel.shmmni": "1234",
		"kernel/msgmni": "567", "fs.mqueue.msg_max": "11", "kernel.domainname": "by.sysctl"}'
	in_container 'cd /proc/sys; cat net/ipv4/ip_forward net/ipv4/conf/lo/forwarding kernel/shmmni kernel/msgmni \
		fs/mqueue/msg_max kernel/domainname'
	is "$(tr '\n' ' ' <<<"$out")" "1 0 1234 567 11 by.sysctl "
}

@test "rootfsPropagation: each value" {
	for p in shared rshared slave rslave private rprivate unbindable runbindable; do
		set_config ".linux.rootfsPropagation = \"$p\""
		in_container 'cat /proc/self/mountinfo'
		fields=$(awk '$5 == "/" { for (i = 7; $i != "-"; i++) printf "%s ", $i }' <<<"$out")
		case "$p" in
		*shared) has "$fields" shared: ;;
		*unbindable) has "$fields" unbindable ;;
		*private) is "$fields" "" ;;
		*slave) has_not "$fields" shared: ;;
		esac
	done
}

@test "maskedPaths and readonlyPaths: links, both for one path, files" {
	mkdir rootfs/secret rootfs/fixed
	echo text >rootfs/secret/file
	echo text >rootfs/fixed/file
	echo text >rootfs/plain
	ln -s secret rootfs/link
	set_config '.linux.maskedPaths = ["/link", "/plain", "/no/such", "/fixed/file"]' \
		'.linux.readonlyPaths = ["/fixed", "/no/such", "/fixed"]'
	in_container 'ls /secret; cat /plain; cat /fixed/file; touch /fixed/x 2>&1; true'
	has_not "$out" text
	has_not "$out" $'\nfile'
	has "$out" "ead-only"
}

@test "default file systems: proc, sys, devpts and shm as the list has them" {
	in_container 'stat -f -c %T /proc /sys /dev/pts /dev/shm'
	is "$(tr '\n' ' ' <<<"$out")" "proc sysfs devpts tmpfs "
}

@test "default devices: /dev/console with a terminal, /dev/ptmx" {
	set_config '.process.terminal = true'
	set_script 'stat -c %F /dev/console; readlink /dev/ptmx; sleep 1000'
	console_receiver
	rt_ok run --detach --console-socket "$CONSOLE" "$ID"
	wait_for file_has "$CONSOLE_OUT" "character special file"
	wait_for file_has "$CONSOLE_OUT" "pts/ptmx"
}

@test "symbolic links: fd, stdin, stdout, stderr" {
	in_container 'for f in fd stdin stdout stderr; do readlink /dev/$f; done'
	is "$(tr '\n' ' ' <<<"$out")" "/proc/self/fd /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 "
}

@test "file descriptors: none but the three" {
	set_script 'ls /proc/self/fd | tr "\n" " "'
	exec 8</etc/passwd
	rt_ok run "$ID"
	exec 8<&-
	# the fourth is that of ls itself
	is "$out" "0 1 2 3 "
}
