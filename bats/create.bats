#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load helpers

@test "create: the container waits; its process has not been executed" {
	set_script 'echo ran >/tmp/ran'
	rt_ok create "$ID"
	is "$out" ""
	is "$(state_of "$ID")" created
	[ -d "/proc/$(pid_of "$ID")" ]
	[ ! -e rootfs/tmp/ran ]
}

@test "create: init's parent is the reaper of the caller, no runtime process stays" {
	set_args sleep 1000
	rt_ok create "$ID"
	pid=$(pid_of "$ID")
	# The test has made nobody a subreaper: process 1, or whoever started the suite as one.
	ppid=$(awk '/^PPid/{print $2}' "/proc/$pid/status")
	[ "$ppid" != "$pid" ]
	is "$(pgrep -f -- "--root $ROOT" | grep -vx "$pid" | tr '\n' ' ')" "" "processes of the runtime"
}

@test "create: --pid-file holds init's pid" {
	rt_ok create --pid-file "$BATS_TEST_TMPDIR/pid" "$ID"
	is "$(cat "$BATS_TEST_TMPDIR/pid")" "$(pid_of "$ID")"
}

@test "create: --bundle from another directory; the state names it absolutely" {
	cd ..
	rt_ok create --bundle bundle "$ID"
	rt_ok state "$ID"
	is "$(jq -r .bundle <<<"$out")" "$BUNDLE"
}

@test "create: init is in its cgroups when create returns, with the limits in force" {
	requires_controller pids
	set_config '.linux.resources.pids = {limit: 33}'
	rt_ok create "$ID"
	is "$(cgroup_value "$(pid_of "$ID")" pids pids.max)" 33
	has "$(cgroup_dir "$(pid_of "$ID")" pids)" "$ID"
}

@test "create: linux.cgroupsPath is where it says, in every hierarchy" {
	requires_cgroupfs
	set_config ".linux.cgroupsPath = \"/$ID-parent/$ID-own\""
	rt_ok create "$ID"
	pid=$(pid_of "$ID")
	while IFS=: read -r _ controllers path; do
		# A view without the v2 hierarchy, or without v1's, leaves those alone.
		[ -n "$controllers" ] || [ -n "$(v2_mount)" ] || continue
		[ -z "$controllers" ] || [ "$(view)" != unified ] || continue
		has "$path" "/$ID-parent/$ID-own"
	done <"/proc/$pid/cgroup"
	rt_ok delete --force "$ID"
	remove_cgroups "$ID-parent"
	nothing_left
}

@test "create: the same id twice is refused, the first stays" {
	rt_ok create "$ID"
	pid=$(pid_of "$ID")
	rt_fails create "$ID"
	says "container with given ID already exists"
	is "$(pid_of "$ID")" "$pid"
	is "$(state_of "$ID")" created
}

@test "create: two containers of one bundle" {
	rt_ok create "$ID"
	rt_ok create "$ID-two"
	[ "$(pid_of "$ID")" != "$(pid_of "$ID-two")" ]
}

@test "create: changes of config.json afterwards do not matter" {
	set_script 'echo first >/tmp/which'
	rt_ok create "$ID"
	set_script 'echo second >/tmp/which'
	rt_ok start "$ID"
	wait_state "$ID" stopped
	is "$(cat rootfs/tmp/which)" first
}

@test "create: the runtime may be killed by its parent's end, init lives on" {
	# Engines set PDEATHSIG on the runtime; it must not reach init.
	set_args sleep 1000
	limited "$PYTHON" - "$RUNTIME" --root "$ROOT" create "$ID" 3>&- <<'PY'
import ctypes, os, subprocess, sys
prctl = ctypes.CDLL(None).prctl
null = open(os.devnull, "r+b")
sys.exit(subprocess.call(sys.argv[1:], stdin=null, stdout=null, stderr=null, preexec_fn=lambda: prctl(1, 9, 0, 0, 0)))
PY
	is "$(state_of "$ID")" created
	rt_ok start "$ID"
	is "$(state_of "$ID")" running
}

@test "create: standard output and error are the container's own" {
	set_script 'echo to-out; echo to-err >&2'
	rt_ok create "$ID"
	o=$out_file e=$err_file
	rt_ok start "$ID"
	wait_state "$ID" stopped
	is "$(cat "$o")" to-out
	is "$(cat "$e")" to-err
}

@test "create: a container killed before its start is stopped and can be deleted" {
	rt_ok create "$ID"
	rt_ok kill "$ID" KILL
	wait_state "$ID" stopped
	rt_fails start "$ID"
	rt_ok delete "$ID"
	nothing_left
}
