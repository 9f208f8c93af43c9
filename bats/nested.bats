#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# The runtime inside a user namespace that somebody else made, and inside its own containers.

load helpers

setup() {
	common_setup
	install -m 755 "$RUNTIME" "$BATS_TEST_TMPDIR/$RUNTIME_NAME"
	set_config '(.mounts[] | select(.type == "devpts") | .options) -= ["gid=5"]'
}

# ---------------------------------------------------------------- in a user namespace

# inside [OPTION...] -- SCRIPT: as root of a new user namespace, with mount and pid namespaces of its own. The arguments of
# the script are the runtime and the id. Sets $status, $out.
inside() {
	local options=()

	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	status=0
	out=$(limited unshare --user --map-root-user --mount --pid --fork --kill-child --mount-proc "${options[@]}" \
		sh -c "rt() { \"\$0\" --root \"\$1\" \"\$@\"; }; $2" "$BATS_TEST_TMPDIR/$RUNTIME_NAME" "$ID" "$ROOT" 2>&1 </dev/null 3>&-) || status=$?
}

userns_run() {
	inside "$@" -- '"$0" --root "$2" run "$1"'
}

@test "nested: as root of a user namespace: run, and with namespaces shared with it" {
	set_script 'id -u; cat /proc/self/uid_map | tr -s " "; echo x >/dev/null; stat -c %t:%T /dev/null'
	userns_run
	is "$out" "$(printf '0\n 0 0 1\n1:3')"
	known_gap runc "cannot mount the host's sysfs"
	requires_kernel 5.12 "the host's sysfs in a user namespace"
	set_config '.linux.namespaces |= map(select(.type == "mount" or .type == "pid"))' 'del(.hostname)' \
		'.mounts |= map(select(.type != "mqueue"))' # one of its ipc namespace's owner alone
	userns_run
	is "$out" "$(printf '0\n 0 0 1\n1:3')"
	set_config '.linux.namespaces |= map(select(.type == "mount"))'
	userns_run
	is "$status" 0
}

@test "nested: as root of a user namespace: every verb" {
	set_args sleep 1000
	inside -- 'set -e
		for verb in "create $1" "start $1" "exec $1 id -u" "pause $1" "resume $1"; do "$0" --root "$2" $verb; done
		"$0" --root "$2" state "$1" | grep status
		"$0" --root "$2" ps "$1" | wc -l
		"$0" --root "$2" kill "$1" KILL
		"$0" --root "$2" delete --force "$1"; "$0" --root "$2" list -q'
	is "$status" 0 "$out"
	is "$(tr -d ' \t",' <<<"$out")" "$(printf '0\nstatus:running\n2')"
}

@test "nested: as root of a user namespace, in a cgroup namespace of its own" {
	requires_namespace cgroup
	set_config '.linux.namespaces += [{type: "cgroup"}]'
	set_script 'cut -d: -f3 /proc/self/cgroup | sort -u; ls /sys/fs/cgroup >/dev/null && echo mounted'
	# What lies above the namespace's root cannot be entered (nsdelegate): only what lies below it is shown.
	own=$(sed -n 's/^0:://p' /proc/self/cgroup)
	inside --cgroup -- '[ ! -e /sys/fs/cgroup/cgroup.procs ] || mount --bind "/sys/fs/cgroup'"$own"'" /sys/fs/cgroup
		"$0" --root "$2" run "$1"'
	is "$status" 0 "$out"
	has "$out" mounted
	has_not "$out" "$ID"
}

@test "nested: a user namespace in a user namespace" {
	set_config '.linux.namespaces += [{type: "user"}]' \
		'.linux.uidMappings = [{containerID: 0, hostID: 0, size: 1}] | .linux.gidMappings = .linux.uidMappings'
	set_script 'id -u; readlink /proc/self/ns/user; grep CapEff /proc/self/status'
	inside -- 'readlink /proc/self/ns/user; "$0" --root "$2" run "$1"'
	is "$status" 0 "$out"
	[ "$(sed -n 1p <<<"$out")" != "$(sed -n 3p <<<"$out")" ]
	[ "$(sed -n 3p <<<"$out")" != "$(readlink /proc/self/ns/user)" ]
}

@test "nested: as root of a user namespace: additional groups are refused, but its own" {
	known_gap runc "leaves them out"
	set_config '.process.user.additionalGids = [0]'
	userns_run
	is "$status" 0 "$out"
	set_config '.process.user.additionalGids = [5]'
	userns_run
	is "$status" 1
	has "$out" process.user.additionalGids
}

@test "nested: as root of a user namespace: the default state root is \$XDG_RUNTIME_DIR" {
	set_args sleep 1000
	mkdir "$BATS_TEST_TMPDIR/xdg"
	inside -- 'XDG_RUNTIME_DIR='"$BATS_TEST_TMPDIR/xdg"' "$0" run --detach "$1"; ls '"$BATS_TEST_TMPDIR/xdg/"'*
		XDG_RUNTIME_DIR='"$BATS_TEST_TMPDIR/xdg"' "$0" delete --force "$1"'
	is "$status" 0 "$out"
	has "$out" "$ID"
}

@test "nested: as root of a user namespace: a volume, read-only paths, seccomp, a terminal" {
	mkdir "$BATS_TEST_TMPDIR/volume"
	add_mount /volume bind "$BATS_TEST_TMPDIR/volume" bind
	set_config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28}]}' \
		'.root.readonly = true'
	set_script 'echo made >/volume/file; echo x 2>/dev/null >/new || echo refused; mkdir /volume/d 2>&1 | grep -c space
		echo x 2>/dev/null >/proc/sys/kernel/hostname || echo refused'
	userns_run
	is "$out" "$(printf 'refused\n1\nrefused')"
	is "$(cat "$BATS_TEST_TMPDIR/volume/file")" made
	set_config 'del(.linux.seccomp)' '.process.terminal = true'
	set_script 'tty'
	on_pty -- unshare --user --map-root-user --mount --pid --fork --kill-child --mount-proc "$BATS_TEST_TMPDIR/$RUNTIME_NAME" \
		--root "$ROOT" run "$ID"
	is "$status" 0
	has "$out" /dev/pts/0
}

# ---------------------------------------------------------------- in a container of its own

# outer DIR COMMAND...: a bundle whose container has the programs of this machine, this test's directory, every capability
# and a cgroup namespace with the cgroups writable: what a node of a cluster in a container has.
outer() {
	local dir=$1 d

	shift
	mkdir -p "$dir/rootfs"/{usr,etc,proc,sys,dev,run,tmp,var,root,"$BATS_TEST_TMPDIR"}
	for d in bin sbin lib lib32 lib64 libx32; do
		[ ! -L "/$d" ] || cp -P "/$d" "$dir/rootfs/$d"
		[ -L "/$d" ] || [ ! -d "/$d" ] || mkdir "$dir/rootfs/$d"
	done
	cp /etc/ld.so.cache "$dir/rootfs/etc/" 2>/dev/null || true
	(
		cd "$dir"
		base_config >config.json
		all_caps
		set_config 'del(.linux.maskedPaths, .linux.readonlyPaths)' '.process.noNewPrivileges = false' \
			'.linux.namespaces += [{type: "cgroup"}]' \
			'.mounts |= map(if .type == "sysfs" or .type == "cgroup" then .options -= ["ro"] else . end)' \
			'(.mounts[] | select(.type == "devpts") | .options) -= ["gid=5"]' \
			'.linux.resources = {devices: [{allow: true, access: "rwm"}]}'
		add_mount /usr bind /usr rbind ro
		add_mount "$BATS_TEST_TMPDIR" bind "$BATS_TEST_TMPDIR" bind
		set_args "$@"
	)
}

masked() {
	set_config '.linux.maskedPaths = ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/scsi", "/sys/firmware"]' \
		'.linux.readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]'
}

# map_ids FIRST COUNT HOST: a user namespace; its root is FIRST where the runtime is, and HOST here.
map_ids() {
	set_config '.linux.namespaces += [{type: "user"}]' 'del(.linux.resources)' \
		".linux.uidMappings = [{containerID: 0, hostID: $1, size: $2}] | .linux.gidMappings = .linux.uidMappings"
	chown -hR "$3:$3" rootfs
}

# The inner one is the bundle that set-up made.
run_in_outer() {
	outer "$BATS_TEST_TMPDIR/outer" "$BATS_TEST_TMPDIR/$RUNTIME_NAME" --root /run/inner run --bundle "$BUNDLE" "$ID-inner"
	cd "$BATS_TEST_TMPDIR/outer"
}

@test "nested: a container in a container" {
	requires_namespace cgroup
	set_script 'echo inner; cat /proc/1/comm; mount -t tmpfs x /mnt 2>/dev/null || echo unprivileged'
	run_in_outer
	rt_ok run "$ID"
	is "$out" "$(printf 'inner\nsh\nunprivileged')"
}

@test "nested: a container in a container whose /proc is masked" {
	requires_namespace cgroup
	set_script 'echo inner; ls /sys/class >/dev/null && echo sysfs'
	run_in_outer
	masked
	rt_ok run "$ID"
	is "$out" "$(printf 'inner\nsysfs')"
}

@test "nested: what a masked /proc or /sys keeps from a user namespace in it is said" {
	requires_namespace cgroup
	map_ids 1 50000 100001
	run_in_outer
	map_ids 100000 65536 100000
	rt_ok run "$ID"
	masked
	rt run "$ID"
	is "$status" 1
	has "$err" "mounts[0]: /proc"
	has "$err" "masked"
}

@test "nested: the inner container's cgroup and limits" {
	requires_namespace cgroup
	requires_controller pids
	set_config '.linux.resources = {pids: {limit: 33}}'
	set_args sleep 1000
	run_in_outer
	set_args sh -c "\"$BATS_TEST_TMPDIR/$RUNTIME_NAME\" --root /run/inner run --detach --bundle \"$BUNDLE\" \"$ID-inner\" && echo up && exec sleep 1000"
	rt_ok run --detach "$ID"
	wait_for file_has "$out_file" up
	inner=$(grep -ls -- "/$ID-inner" /proc/[0-9]*/cgroup | cut -d/ -f3 | head -n 1)
	has "$(cgroup_dir "$inner" pids)" "$ID/$ID-inner"
	is "$(cgroup_value "$inner" pids pids.max)" 33
	rt_ok exec "$ID" "$BATS_TEST_TMPDIR/$RUNTIME_NAME" --root /run/inner exec "$ID-inner" id -u
	is "$out" 0
	rt_ok exec "$ID" "$BATS_TEST_TMPDIR/$RUNTIME_NAME" --root /run/inner delete --force "$ID-inner"
	is_gone "$inner"
	rt_ok delete --force "$ID"
	nothing_left
}

@test "nested: v2: limits, where the outer container's cgroup has its processes below it" {
	requires_v2
	requires_controller hugetlb
	set_config '.linux.resources = {unified: {"hugetlb.2MB.max": "4194304"}}'
	set_script 'echo limited'
	run_in_outer
	rt run "$ID"
	is "$status" 1 "the cgroup above has processes"
	# Where there are controllers that may be enabled above processes, the cgroup is there, but threaded.
	[[ $err == *"controller cannot be enabled"* || $err == *"is threaded, which hugetlb does not work in"* ]] ||
		show_call "should have said why"
	cp config.json "$BATS_TEST_TMPDIR/kept.json"
	set_args sh -c "mkdir /sys/fs/cgroup/init && echo 0 >/sys/fs/cgroup/init/cgroup.procs && $(jq -r '.process.args | join(" ")' config.json)"
	rt_ok run "$ID"
	is "$out" limited
	known_gap runc "has no such annotation"
	cp "$BATS_TEST_TMPDIR/kept.json" config.json
	set_config '.annotations = {"run.oci.delegate-cgroup": "payload"}'
	rt_ok run "$ID"
	is "$out" limited
}

@test "nested: a container with a user namespace in a container" {
	requires_namespace cgroup
	map_ids 100000 65536 100000
	set_script 'tr -s " " </proc/self/uid_map; id -u'
	run_in_outer
	rt_ok run "$ID"
	is "$out" "$(printf ' 0 100000 65536\n0')"
}

@test "nested: three levels" {
	requires_namespace cgroup
	set_script 'echo third; cat /proc/1/comm; cut -d: -f3 /proc/self/cgroup | sort -u | head -n 1'
	outer "$BATS_TEST_TMPDIR/second" "$BATS_TEST_TMPDIR/$RUNTIME_NAME" --root /run/inner run --bundle "$BUNDLE" "$ID-third"
	outer "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/$RUNTIME_NAME" --root /run/inner run --bundle "$BATS_TEST_TMPDIR/second" "$ID-second"
	cd "$BATS_TEST_TMPDIR/first"
	rt_ok run "$ID"
	is "$(head -n 2 <<<"$out")" "$(printf 'third\nsh')"
}

@test "nested: three levels, each with a user namespace of its own" {
	requires_namespace cgroup
	set_script 'tr -s " " </proc/self/uid_map; id -u'
	outer "$BATS_TEST_TMPDIR/second" "$BATS_TEST_TMPDIR/$RUNTIME_NAME" --root /run/inner run --bundle "$BUNDLE" "$ID-third"
	outer "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/$RUNTIME_NAME" --root /run/inner run --bundle "$BATS_TEST_TMPDIR/second" "$ID-second"
	(cd "$BATS_TEST_TMPDIR/first" && map_ids 100000 65536 100000)
	(cd "$BATS_TEST_TMPDIR/second" && map_ids 1 60000 100001)
	map_ids 1 50000 100002
	cd "$BATS_TEST_TMPDIR/first"
	rt_ok run "$ID"
	is "$out" "$(printf ' 0 1 50000\n0')"
}
