#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# Containers as units: their names, slices and properties, and what becomes of them.

load systemd

@test "systemd: a container is a scope" {
	sd_sleeper
	is "$(prop ActiveState)" active
	is "$(prop Slice)" "$SLICE"
	is "$(prop Delegate)" yes
	is "$(prop DefaultDependencies)" no
	is "$(prop Transient)" yes
	has "$(prop Description)" "$ID"
	is "$(prop ControlGroup)" "$(own_cgroup)"
	is "${UNIT##*/}" "$(basename "$(own_cgroup)")"
	rt_ok delete --force "$ID"
	gone
	nothing_left
}

@test "systemd: run in the foreground leaves nothing" {
	set_script 'exit 7'
	rt --systemd-cgroup run "$ID"
	is "$status" 7
	gone
	nothing_left
}

@test "systemd: create, start, kill, delete" {
	set_args sleep 1000
	rt_ok --systemd-cgroup create "$ID"
	is "$(prop ActiveState)" active
	rt_ok start "$ID"
	is "$(state_of "$ID")" running
	rt_ok kill "$ID" KILL
	wait_state "$ID" stopped
	rt_ok delete "$ID"
	gone
}

@test "systemd: without cgroupsPath the scope has the name of the runtime and the id" {
	set_config 'del(.linux.cgroupsPath)'
	sd_sleeper
	is "$(prop ActiveState "enviro-oci-$ID.scope")" active
	is "$(prop Slice "enviro-oci-$ID.scope")" "$SLICE"
}

@test "systemd: the slice of cgroupsPath, with those that it implies" {
	set_config ".linux.cgroupsPath = \"ebtsd-a-b.slice:sd:$ID\""
	sd_sleeper
	has "$(own_cgroup)" "/ebtsd.slice/ebtsd-a.slice/ebtsd-a-b.slice/$UNIT"
	rt_ok delete --force "$ID"
	ctl stop ebtsd.slice
}

@test "systemd: the root slice is \"-\"" {
	set_config ".linux.cgroupsPath = \"-:sd:$ID\""
	sd_sleeper
	is "$(prop Slice)" "-.slice"
	has_not "$(own_cgroup)" "user.slice/$UNIT"
	has_not "$(own_cgroup)" "system.slice"
}

@test "systemd: a cgroupsPath that is not slice:prefix:name is refused" {
	for p in "/$ID" "$ID" "a:$ID" "a:b:c:$ID"; do
		set_config ".linux.cgroupsPath = \"$p\""
		rt_fails --systemd-cgroup create "$ID"
		says linux.cgroupsPath slice:prefix:name "$p"
	done
	for p in "a:sd:$ID" "user.slice/a.slice:sd:$ID" "a--b.slice:sd:$ID" ".slice:sd:$ID" "-a.slice:sd:$ID" "system.slice:sd:a/../$ID" \
		"system.slice:s d:$ID"; do
		set_config ".linux.cgroupsPath = \"$p\""
		rt_fails --systemd-cgroup create "$ID"
		says linux.cgroupsPath
	done
	nothing_left
}

@test "systemd: properties from annotations" {
	set_config '.annotations = {
		"org.systemd.property.TimeoutStopUSec": "uint64 123456789",
		"org.systemd.property.CollectMode": "'"'inactive-or-failed'"'",
		"org.systemd.property.Description": "\"of an annotation\"",
		"org.systemd.property.Documentation": "['"'man:a(1)', 'man:b(1)'"']",
		"org.systemd.property.SendSIGHUP": "true",
		"org.systemd.property.RuntimeMaxSec": "3600",
		"org.systemd.property.MemoryHigh": "@t 123457536"}'
	sd_sleeper
	is "$(prop TimeoutStopUSec)" "2min 3.456789s"
	is "$(prop CollectMode)" inactive-or-failed
	is "$(prop Description)" "of an annotation"
	is "$(prop Documentation | tr -d '"')" "man:a(1) man:b(1)"
	is "$(prop SendSIGHUP)" yes
	is "$(prop RuntimeMaxUSec)" 1h
	is "$(prop MemoryHigh)" 123457536
	! has_v2_controller memory || is "$(v2_value memory.high)" 123457536
}

@test "systemd: annotations that are no properties are refused by name" {
	for a in '"org.systemd.property.NotOne": "true"' \
		'"org.systemd.property.SendSIGHUP": "maybe"' '"org.systemd.property.SendSIGHUP": ""' \
		'"org.systemd.property.Send-SIGHUP": "true"' '"org.systemd.property.TimeoutStopSec": "'"'1min'"'"' \
		'"org.systemd.property.Documentation": "[]"'; do
		set_config ".annotations = {$a}"
		rt_fails --systemd-cgroup create "$ID"
		key=${a#\"}
		key=${key#org.systemd.property.}
		says "${key%%\"*}"
		gone
		nothing_left
	done
	set_config '.annotations = {"org.systemd.property.SendSIGHUP": "5"}' # systemd does not say which property it was
	rt_fails --systemd-cgroup create "$ID"
	says systemd "$UNIT"
	gone
	nothing_left
}

@test "systemd: without --systemd-cgroup the annotations are words like others" {
	as_root
	set_config 'del(.linux.cgroupsPath)' '.annotations = {"org.systemd.property.NotOne": "(("}'
	rt_ok run "$ID"
}

@test "systemd: exec, ps, pause and resume" {
	sd_sleeper
	rt_ok exec "$ID" true
	background "$RUNTIME" --root "$ROOT" exec "$ID" sleep 1001
	wait_for two_pids
	rt_ok ps -f json "$ID"
	is "$(jq length <<<"$out")" 2
	rt_ok pause "$ID"
	is "$(state_of "$ID")" paused
	if [ "$(view)" = unified ]; then
		is "$(v2_value cgroup.freeze)" 1
	else
		is "$(cgroup_value "$(pid_of "$ID")" freezer freezer.state)" FROZEN
	fi
	rt_ok resume "$ID"
	is "$(state_of "$ID")" running
}

two_pids() {
	[ "$(cgroup_value "$(pid_of "$ID")" name=systemd cgroup.procs | wc -l)" = 2 ]
}

@test "systemd: delete --force of a paused container" {
	sd_sleeper
	rt_ok pause "$ID"
	rt_ok delete --force "$ID"
	gone
	nothing_left
}

@test "systemd: what a container leaves running ends with it" {
	as_root
	set_config '.linux.namespaces |= map(select(.type != "pid"))'
	set_script 'sleep 1000 & exec sleep 1000'
	rt_ok --systemd-cgroup run --detach "$ID"
	wait_for two_pids
	rt_ok delete --force "$ID"
	gone
	nothing_left
}

@test "systemd: v1: the scope is the cgroup in every hierarchy, and goes from all" {
	as_root
	sd_sleeper
	is "$(prop ActiveState)" active
	while IFS=: read -r number controllers path; do
		is "$path" "/system.slice/$UNIT" "hierarchy $number $controllers"
	done <"/proc/$(pid_of "$ID")/cgroup"
	rt_ok exec "$ID" true
	rt_ok delete --force "$ID"
	gone
	nothing_left
}

@test "systemd: v1: a frozen cgroup in the unit's place is refused" {
	as_root
	frozen="/sys/fs/cgroup/freezer/$SLICE/$UNIT"
	mkdir -p "$frozen"
	echo FROZEN >"$frozen/freezer.state"
	rt_fails --systemd-cgroup create "$ID"
	says "container's cgroup unexpectedly frozen: $frozen"
	rmdir "$frozen"
	nothing_left
}

@test "systemd: v1: a user's is refused" {
	as_root
	rt_fails --rootless true --systemd-cgroup create "$ID"
	says "cannot use rootless systemd cgroups manager on cgroup v1"
	nothing_left
}

@test "systemd: hooks find the container in its scope" {
	cat >hook <<-'EOT'
		#!/bin/sh
		cat /proc/$(jq .pid)/cgroup >"$1"
	EOT
	chmod 755 hook
	set_config ".hooks.createRuntime = [{path: \"$BUNDLE/hook\", args: [\"hook\", \"$BUNDLE/seen\"], env: [\"PATH=/usr/bin:/bin\"]}]"
	set_args true
	rt_ok --systemd-cgroup run "$ID"
	has "$(cat seen)" "/$UNIT"
}

@test "systemd: a unit of another is refused and left alone" {
	if [ "$(id -u)" = 0 ]; then m=(); else m=(--user); fi
	systemd-run "${m[@]}" --scope --quiet --unit="$UNIT" --slice=ebtsd.slice sleep 1000 3>&- >/dev/null 2>&1 </dev/null &
	CHILDREN+=($!)
	wait_for test "$(prop ActiveState)" = active || wait_for is_active
	rt_fails --systemd-cgroup create "$ID"
	says "unit $UNIT already exists"
	is "$(prop ActiveState)" active
	set_config ".linux.cgroupsPath = \"ebtsd.slice:sd:$ID\""
	rt_fails --systemd-cgroup create "$ID"
	says "not empty"
	is "$(prop ActiveState)" active
	ctl stop "$UNIT"
}

is_active() {
	[ "$(prop ActiveState)" = active ]
}

is_failed() {
	[ "$(prop ActiveState)" = failed ]
}

@test "systemd: what is left of a failed unit is in nobody's way" {
	if [ "$(id -u)" = 0 ]; then m=(); else m=(--user); fi
	systemd-run "${m[@]}" --scope --quiet --unit="$UNIT" -p RuntimeMaxSec=1 sleep 1000 3>&- >/dev/null 2>&1 </dev/null &
	CHILDREN+=($!)
	wait_for is_failed
	sd_sleeper
	is "$(prop ActiveState)" active
}

@test "systemd: delete takes a failed unit away" {
	set_config '.annotations = {"org.systemd.property.RuntimeMaxUSec": "uint64 1000000"}'
	set_script 'trap "exit 0" TERM; sleep 1000 & wait'
	rt_ok --systemd-cgroup run --detach "$ID"
	wait_for is_failed
	wait_state "$ID" stopped
	rt_ok delete "$ID"
	gone
}

@test "systemd: what a killed runtime has made, delete --force removes" {
	printf '#!/bin/sh\ntouch %s/there\nexec sleep 20\n' "$BUNDLE" >hook
	chmod 755 hook
	set_config ".hooks.createRuntime = [{path: \"$BUNDLE/hook\"}]"
	set_args sleep 1000
	background "$RUNTIME" --root "$ROOT" --systemd-cgroup create "$ID"
	wait_for test -e there
	is "$(prop ActiveState)" active
	kill -KILL "$bg_pid"
	rt_ok delete --force "$ID"
	gone
	nothing_left
}

@test "systemd: a start that fails leaves nothing" {
	set_args /not/there
	rt_fails --systemd-cgroup create "$ID"
	gone
	nothing_left
}

@test "systemd: many at once" {
	set_args sleep 1000
	pids=()
	for n in 1 2 3 4 5 6 7 8; do
		jq ".linux.cgroupsPath = \":sd:$ID-$n\"" config.json >"config-$n.json"
		limited "$RUNTIME" --root "$ROOT" --systemd-cgroup run --detach --config "config-$n.json" "$ID-$n" 3>&- \
			>"$BATS_TEST_TMPDIR/many.$n" 2>&1 </dev/null &
		pids+=($!)
	done
	wait "${pids[@]}"
	pids=()
	for n in 1 2 3 4 5 6 7 8; do
		is "$(state_of "$ID-$n")" running "$(cat "$BATS_TEST_TMPDIR/many.$n")"
		has "$(own_cgroup "$ID-$n")" "sd-$ID-$n.scope"
	done
	for n in 1 2 3 4 5 6 7 8; do
		limited "$RUNTIME" --root "$ROOT" delete --force "$ID-$n" 3>&- </dev/null &
		pids+=($!)
	done
	wait "${pids[@]}"
	nothing_left
}

@test "systemd: a name that ends in .slice is a slice" {
	SLICE_UNIT="${ID//-/_}.slice"
	set_config ".linux.cgroupsPath = \"-.slice:sd:$SLICE_UNIT\"" \
		'.annotations = {"org.systemd.property.TasksMax": "uint64 55"}'
	sd_sleeper
	is "$(basename "$(own_cgroup)")" "$SLICE_UNIT"
	is "$(prop ActiveState "$SLICE_UNIT")" active
	is "$(prop TasksMax "$SLICE_UNIT")" 55
	rt_ok delete --force "$ID"
	is "$(prop ActiveState "$SLICE_UNIT")" inactive
	is "$(find /sys/fs/cgroup -name "$SLICE_UNIT")" ""
}

# masked SCRIPT PATH...: runs it where the paths lead nowhere.
masked() {
	local script=$1

	shift
	# shellcheck disable=SC2016
	unshare --mount --propagation private sh -c 's=$1; shift; for p; do mount --bind /dev/null "$p" || exit 99; done; eval "$s"' \
		sh "$script" "$@" 3>&-
}

@test "systemd: by the bus where its own socket does not answer" {
	as_root
	[ -S /run/dbus/system_bus_socket ] || skip "no bus"
	set_args sleep 1000
	masked "'$RUNTIME' --root '$ROOT' --systemd-cgroup run --detach '$ID' >out 2>&1 </dev/null" /run/systemd/private
	is "$(prop ActiveState)" active
	masked "'$RUNTIME' --root '$ROOT' delete --force '$ID' >out 2>&1 </dev/null" /run/systemd/private
	gone
}

@test "systemd: one that cannot be reached is a failure that says so, and leaves nothing" {
	as_root
	set_args sleep 1000
	status=0
	out=$(masked "'$RUNTIME' --root '$ROOT' --systemd-cgroup run --detach '$ID' 2>&1 </dev/null" /run/systemd/private \
		/run/dbus/system_bus_socket) || status=$?
	is "$status" 1
	has "$out" "systemd"
	has "$out" "connection refused"
	gone
	nothing_left
}

@test "systemd: a user's, without the variables of a session" {
	[ "$(id -u)" != 0 ] || skip "users only"
	unset XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS
	set_args sleep 1000
	rt_ok --systemd-cgroup run --detach "$ID"
	has "$(own_cgroup)" "user@$UID.service/user.slice/$UNIT"
	rt_ok delete --force "$ID"
	export XDG_RUNTIME_DIR=/run/user/$UID
	gone
}

@test "systemd: a user's, from a cgroup that is not the user's" {
	[ "$(id -u)" = 0 ] || skip "root only: begins elsewhere"
	requires_v2
	id tester >/dev/null 2>&1 && [ -S "/run/user/$(id -u tester)/systemd/private" ] || skip "needs the user tester with a systemd"
	u=$(id -u tester)
	mkdir -m 777 "$BATS_TEST_TMPDIR/spec"
	(cd "$BATS_TEST_TMPDIR/spec" && setpriv --reuid "$u" --regid "$u" --clear-groups "$RUNTIME" spec --rootless)
	cp "$BATS_TEST_TMPDIR/spec/config.json" config.json
	set_config '.process.terminal = false' ".process.env += [\"EBT_CONTAINER=$ID\"]" '.process.args = ["sleep", "1000"]' \
		".linux.cgroupsPath = \":sd:$ID\""
	mkdir -m 700 "$BATS_TEST_TMPDIR/of-user"
	chown -R "$u:$u" "$BATS_TEST_TMPDIR/of-user" "$BUNDLE"
	as_tester() {
		limited setpriv --reuid "$u" --regid "$u" --clear-groups "$RUNTIME" --root "$BATS_TEST_TMPDIR/of-user" "$@" 3>&- </dev/null
	}
	as_tester --systemd-cgroup run --detach "$ID" >"$BATS_TEST_TMPDIR/log" 2>&1 || { cat "$BATS_TEST_TMPDIR/log"; false; }
	pid=$(as_tester state "$ID" | jq .pid)
	has "$(cat "/proc/$pid/cgroup")" "user@$u.service/user.slice/$UNIT"
	as_tester exec "$ID" cat /proc/self/cgroup
	as_tester delete --force "$ID"
}

@test "systemd: a user's, by the session bus" {
	[ "$(id -u)" != 0 ] || skip "users only"
	[ -S "$XDG_RUNTIME_DIR/bus" ] || skip "no session bus"
	mv "$XDG_RUNTIME_DIR/systemd/private" "$XDG_RUNTIME_DIR/systemd/private-away"
	set_args sleep 1000
	rt --systemd-cgroup run --detach "$ID"
	mv "$XDG_RUNTIME_DIR/systemd/private-away" "$XDG_RUNTIME_DIR/systemd/private"
	is "$status" 0 "$err"
	is "$(prop ActiveState)" active
}

@test "systemd: run.oci.systemd.subgroup: the process is in a cgroup below that of the unit, of exec too" {
	requires_v2
	set_config '.annotations = {"run.oci.systemd.subgroup": "container"}' \
		'.linux.namespaces |= map(select(.type != "cgroup")) + [{type: "cgroup"}]'
	sd_sleeper
	has "$(own_cgroup)" "/$UNIT/container"
	rt_ok exec "$ID" grep ^0: /proc/self/cgroup
	is "$out" 0::/
	rt_ok delete --force "$ID"
	set_config '.annotations["run.oci.delegate-cgroup"] = "payload"'
	sd_sleeper
	has "$(own_cgroup)" "/$UNIT/container/payload"
	rt_ok exec "$ID" grep ^0: /proc/self/cgroup
	is "$out" 0::/payload
}
