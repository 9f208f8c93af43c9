#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load helpers

ALL="pid net ipc uts mnt"

ns_of() {
	readlink "/proc/$1/ns/$2"
}

# oci_name KIND: what the specification calls it.
oci_name() {
	case "$1" in mnt) echo mount ;; net) echo network ;; *) echo "$1" ;; esac
}

# join KIND PATH: the container joins the namespace at PATH instead of having a new one.
join() {
	set_config ".linux.namespaces |= map(select(.type != \"$(oci_name "$1")\")) +
		[{type: \"$(oci_name "$1")\", path: \"$2\"}]"
}

@test "namespaces: new ones are new" {
	sleeper
	pid=$(pid_of "$ID")
	for n in $ALL; do
		[ "$(ns_of "$pid" "$n")" != "$(ns_of self "$n")" ] || { echo "$n is the host's" && false; }
	done
}

@test "namespaces: those not asked for are the caller's" {
	for n in pid network ipc uts cgroup user time; do
		[ "$n" != uts ] || set_config 'del(.hostname)'
		set_config ".linux.namespaces |= map(select(.type != \"$n\"))"
	done
	sleeper
	pid=$(pid_of "$ID")
	for n in pid net ipc uts cgroup user; do
		is "$(ns_of "$pid" "$n")" "$(ns_of self "$n")" "$n"
	done
	[ "$(ns_of "$pid" mnt)" != "$(ns_of self mnt)" ]
}

@test "namespaces: pid: init is 1 and sees its own alone" {
	in_container 'echo $$; ls -d /proc/[0-9]* | wc -l; cat /proc/1/comm'
	is "$(head -n 1 <<<"$out")" 1
	[ "$(sed -n 2p <<<"$out")" -le 4 ]
}

@test "namespaces: network: lo is up and alone, whether a thread makes it or the clone" {
	for parallel in true false; do
		set_config ".annotations.\"io.enviro-oci.parallel_namespaces\" = \"$parallel\""
		in_container 'ip -o addr show up; wc -l </proc/net/route; readlink /proc/self/ns/net'
		has "$out" "inet 127.0.0.1/8 scope host lo"
		is "$(head -n -2 <<<"$out" | grep -vc ' lo ')" 0 "other interfaces that are up"
		is "$(tail -n 2 <<<"$out" | head -n 1)" 1 "no routes, the heading alone"
		[ "$(tail -n 1 <<<"$out")" != "$(ns_of self net)" ]
	done
}

@test "namespaces: a new cgroup namespace hides where the container is" {
	requires_namespace cgroup
	set_config '.linux.namespaces += [{type: "cgroup"}]'
	set_args cat /proc/self/cgroup
	rt_ok run "$ID"
	while IFS=: read -r _ controllers path; do
		# Hierarchies that the view does not have are left alone by runtimes.
		if [ -n "$controllers" ]; then
			[ -n "$(v1_mount "${controllers##*,}")" ] || continue
		else
			[ -n "$(v2_mount)" ] || continue
		fi
		is "$path" / "$controllers"
	done <<<"$out"
	has_not "$out" "$ID"
}

@test "namespaces: a new ipc namespace has no queues of the host" {
	in_container 'wc -l </proc/sysvipc/msg; ls /dev/mqueue | wc -l'
	is "$(tr -d ' ' <<<"$out")" "$(printf '1\n0')"
}

@test "namespaces: time, with offsets" {
	requires_namespace time
	known_gap runc "1.1 has none"
	known_gap crun "1.8 has offsets of another spelling"
	set_config '.linux.namespaces += [{type: "time"}]' \
		'.linux.timeOffsets = {monotonic: {secs: 7200, nanosecs: 5}, boottime: {secs: 1209600}}'
	sleeper
	[ "$(ns_of "$(pid_of "$ID")" time)" != "$(ns_of self time)" ]
	rt_ok exec "$ID" sh -c 'cat /proc/self/timens_offsets; cut -d. -f1 /proc/uptime'
	has "$(tr -s ' \t' ' ' <<<"$out")" "monotonic 7200 5"
	[ "$(tail -n 1 <<<"$out")" -ge 1209600 ]
	rt_ok exec "$ID" readlink /proc/self/ns/time
	is "$out" "$(ns_of "$(pid_of "$ID")" time)"
}

@test "namespaces: time offsets with a user namespace need no CAP_SYS_TIME" {
	requires_namespace time
	remap 100000
	set_config '.linux.namespaces += [{type: "time"}]' '.linux.timeOffsets = {monotonic: {secs: 7200}}'
	set_args cat /proc/self/timens_offsets
	has "$(setpriv --bounding-set -sys_time --inh-caps -sys_time "$RUNTIME" --root "$ROOT" run "$ID" 3>&- </dev/null 2>&1)" 7200
}

@test "namespaces: time without offsets" {
	requires_namespace time
	known_gap runc "1.1 has none"
	set_config '.linux.namespaces += [{type: "time"}]'
	sleeper
	[ "$(ns_of "$(pid_of "$ID")" time)" != "$(ns_of self time)" ]
}

@test "namespaces: time offsets without the namespace are refused" {
	known_gap runc "1.1 has none"
	known_gap crun "lets it pass"
	set_config '.linux.timeOffsets = {monotonic: {secs: 7200}}'
	rt_fails create "$ID"
	nothing_left
}

@test "namespaces: joined by path, one at a time" {
	sleeper "$ID-other"
	other=$(pid_of "$ID-other")
	cp config.json "$BATS_TEST_TMPDIR/config.json"
	for n in pid net ipc uts; do
		cp "$BATS_TEST_TMPDIR/config.json" config.json
		join "$n" "/proc/$other/ns/$n"
		rt_ok run --detach "$ID-$n"
		pid=$(pid_of "$ID-$n")
		is "$(ns_of "$pid" "$n")" "$(ns_of "$other" "$n")" "$n"
		for m in net ipc uts mnt; do
			[ "$m" = "$n" ] || [ "$(ns_of "$pid" "$m")" != "$(ns_of "$other" "$m")" ] || { echo "$m too" && false; }
		done
		rt_ok delete --force "$ID-$n"
	done
}

@test "namespaces: a joined pid namespace: exit codes, signals and exec" {
	sleeper "$ID-other"
	join pid "/proc/$(pid_of "$ID-other")/ns/pid"
	set_script 'echo $$; cat /proc/1/cmdline | tr "\0" " "; exit 5'
	rt run "$ID"
	is "$status" 5
	[ "$(head -n 1 <<<"$out")" -gt 1 ]
	has "$out" "sleep 1000"
	sleeper
	is "$(ns_of "$(pid_of "$ID")" pid)" "$(ns_of "$(pid_of "$ID-other")" pid)"
	rt_ok exec "$ID" sh -c 'ps | grep -c "sleep 1000"'
	[ "$out" -ge 2 ]
	rt_ok kill "$ID" KILL
	wait_state "$ID" stopped
	is "$(state_of "$ID-other")" running
}

@test "namespaces: several joined at once, as in a pod" {
	sleeper "$ID-pause"
	other=$(pid_of "$ID-pause")
	for n in pid net ipc uts; do
		join "$n" "/proc/$other/ns/$n"
	done
	set_config 'del(.hostname)'
	sleeper
	pid=$(pid_of "$ID")
	for n in pid net ipc uts; do
		is "$(ns_of "$pid" "$n")" "$(ns_of "$other" "$n")" "$n"
	done
	rt_ok exec "$ID" hostname
	is "$out" ebt
}

@test "namespaces: by a pinned file, the way of network plug-ins" {
	touch "$BATS_TEST_TMPDIR/netns"
	unshare --net sh -c 'ip link set lo up; exec mount --bind /proc/self/ns/net "$1"' sh "$BATS_TEST_TMPDIR/netns"
	want=$(stat -L -c %i "$BATS_TEST_TMPDIR/netns")
	join net "$BATS_TEST_TMPDIR/netns"
	set_args readlink /proc/self/ns/net
	rt run "$ID"
	umount "$BATS_TEST_TMPDIR/netns"
	is "$status" 0
	is "$out" "net:[$want]"
}

@test "namespaces: cgroup joined by path" {
	requires_namespace cgroup
	known_gap runc "1.1 cannot"
	background unshare --cgroup sleep 1003
	changed() { [ "$(ns_of "$bg_pid" cgroup)" != "$(ns_of self cgroup)" ]; }
	wait_for changed
	join cgroup "/proc/$bg_pid/ns/cgroup"
	sleeper
	is "$(ns_of "$(pid_of "$ID")" cgroup)" "$(ns_of "$bg_pid" cgroup)"
}

@test "namespaces: time joined by path" {
	requires_namespace time
	known_gap runc "1.1 has none"
	background unshare --time --monotonic 3600 --fork sleep 1003
	child=
	find_child() { child=$(pgrep -P "$bg_pid" sleep); }
	wait_for find_child
	join time "/proc/$child/ns/time"
	sleeper
	is "$(ns_of "$(pid_of "$ID")" time)" "$(ns_of "$child" time)"
	kill -KILL "$child"
}

@test "namespaces: mount joined by path" {
	background unshare --mount --propagation private sleep 1003
	changed() { [ "$(ns_of "$bg_pid" mnt)" != "$(ns_of self mnt)" ]; }
	wait_for changed
	join mnt "/proc/$bg_pid/ns/mnt"
	rt create "$ID"
	# Either it is joined, or it is refused by name.
	if [ "$status" -eq 0 ]; then
		is "$(ns_of "$(pid_of "$ID")" mnt)" "$(ns_of "$bg_pid" mnt)"
	else
		is "$status" 1
		has "$err" mount
		nothing_left
	fi
}

@test "namespaces: a container without a mount namespace is refused or leaves the host's mounts alone" {
	known_gap runc "leaves a mount of the root file system"
	set_config '.linux.namespaces |= map(select(.type != "mount"))' '.mounts = []' 'del(.linux.maskedPaths, .linux.readonlyPaths)'
	# In a namespace of the test's own, should it go wrong.
	limited unshare --mount --propagation private sh -c '
		cut -d" " -f4- /proc/self/mountinfo >"$4/before"
		"$1" --root "$2" run "$3" >/dev/null 2>&1 </dev/null
		cut -d" " -f4- /proc/self/mountinfo >"$4/after"' sh "$RUNTIME" "$ROOT" "$ID" "$BATS_TEST_TMPDIR" 3>&-
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

# ---------------------------------------------------------------- user namespaces

@test "userns: mappings inside, ids outside" {
	remap 100000
	sleeper
	pid=$(pid_of "$ID")
	is "$(tr -s ' ' <"/proc/$pid/uid_map")" " 0 100000 65536"
	is "$(tr -s ' ' <"/proc/$pid/gid_map")" " 0 100000 65536"
	is "$(stat -c %u:%g "/proc/$pid")" 100000:100000
	rt_ok exec "$ID" sh -c 'id -u; touch /tmp/mine; stat -c %u:%g /tmp/mine'
	is "$out" "$(printf '0\n0:0')"
	is "$(stat -c %u:%g rootfs/tmp/mine)" 100000:100000
}

@test "userns: several ranges" {
	remap 100000
	set_config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1}, {containerID: 1, hostID: 200000, size: 10},
		{containerID: 1000, hostID: 300000, size: 1}]' '.linux.gidMappings = [{containerID: 0, hostID: 100000, size: 2000}]' \
		'.process.user = {uid: 1000, gid: 1000}' '(.mounts[] | select(.destination == "/dev/pts")).options -= ["gid=5"]'
	sleeper
	is "$(stat -c %u:%g "/proc/$(pid_of "$ID")")" 300000:101000
	is "$(tr -s ' ' <"/proc/$(pid_of "$ID")/uid_map" | tr '\n' ';')" " 0 100000 1; 1 200000 10; 1000 300000 1;"
}

@test "userns: full capabilities inside and none outside" {
	remap 100000
	all_caps
	in_container 'hostname changed-inside && hostname; mount -t tmpfs none /mnt 2>/dev/null || { mkdir /mnt; mount -t tmpfs none /mnt; } &&
		echo mounted; mknod /tmp/null c 1 3 2>/dev/null || echo no-mknod; echo 1 2>/dev/null >/proc/sysrq-trigger || echo no-sysrq'
	has "$out" changed-inside
	has "$out" mounted
	has "$out" no-mknod
	has "$out" no-sysrq
}

@test "userns: proc, sysfs, devices and terminals work" {
	remap 100000
	in_container 'test -r /proc/1/status && test -d /sys/class && echo x >/dev/null && head -c 1 /dev/zero | wc -c && test -c /dev/tty &&
		test -e /dev/ptmx && test -r /dev/urandom'
	is "$out" 1
}

@test "userns: a terminal belongs to the container's user" {
	remap 100000
	set_config '.process.terminal = true'
	set_script 'stat -c %u $(tty) /dev/console; echo written >/dev/console'
	on_pty -- "$RUNTIME" --root "$ROOT" run "$ID"
	is "$status" 0
	has "$(tr -d '\r' <<<"$out")" "$(printf '0\n0\nwritten')"
}

@test "userns: a rootfs, and a volume, below a directory that only the host's root may enter" {
	remap 100000
	mkdir -p private/volume
	echo inside >private/volume/file
	mv rootfs private/rootfs
	chmod 700 private
	set_config '.root.path = "private/rootfs"'
	add_mount /volume bind "$PWD/private/volume" bind
	in_container 'cat /volume/file; id -u; stat -c %u /bin/busybox; : >/made; grep -c " / / " /proc/self/mountinfo; exit 0'
	is "$(head -n 3 <<<"$out")" "$(printf 'inside\n0\n0')"
	is "$(stat -c %u private/rootfs/made)" 100000
	set_config '.root.readonly = true'
	in_container 'echo x >/new || echo refused'
	has "$out" refused
}

@test "userns: joined by path" {
	remap 100000
	sleeper "$ID-other"
	other=$(pid_of "$ID-other")
	join user "/proc/$other/ns/user"
	set_config 'del(.linux.uidMappings, .linux.gidMappings)'
	cp config.json "$BATS_TEST_TMPDIR/without-maps"
	rt run --detach "$ID"
	if [ "$status" -ne 0 ]; then
		# runc wants the mappings to be said as well.
		set_config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
		rt_ok run --detach "$ID"
	fi
	is "$(ns_of "$(pid_of "$ID")" user)" "$(ns_of "$other" user)"
	is "$(stat -c %u "/proc/$(pid_of "$ID")")" 100000
}

@test "userns: user and network joined together, as in a pod" {
	remap 100000
	sleeper "$ID-pause"
	other=$(pid_of "$ID-pause")
	join user "/proc/$other/ns/user"
	join net "/proc/$other/ns/net"
	join ipc "/proc/$other/ns/ipc"
	set_args sleep 1000
	rt run --detach "$ID"
	[ "$status" -eq 0 ] || { set_config 'del(.linux.uidMappings, .linux.gidMappings)' && rt_ok run --detach "$ID"; }
	for n in user net ipc; do
		is "$(ns_of "$(pid_of "$ID")" $n)" "$(ns_of "$other" $n)" "$n"
	done
}

@test "userns: a created init cannot be looked into from inside" {
	remap 100000
	all_caps
	rt_ok create "$ID"
	rt_ok exec "$ID" sh -c 'for f in environ maps auxv; do (cat /proc/1/$f | wc -c) 2>/dev/null; done; head -c 1 /proc/1/mem 2>&1; ls -l /proc/1/fd 2>&1; exit 0'
	is "$(grep -vc '^0$\|^total 0$\|denied\|not permitted' <<<"$out")" 0 "$out"
}
