#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load helpers

setup() {
	common_setup
	all_caps
	sleeper
	pid=$(pid_of "$ID")
}

# exec_fails ARG...: the runtime itself fails (runc exits with 255 here, crun with 1), in one line.
exec_fails() {
	rt exec "$@"
	[ "$status" -eq 255 ] || [ "$status" -eq 1 ] || show_call "exec should have failed: $*"
	[ -n "$err" ] && [ "$(wc -l <"$err_file")" -eq 1 ] || show_call "should have said why in one line: $*"
}

# process_file [FILTER]: a process.json made from the config's process.
process_file() {
	jq ".process | ${1:-.}" config.json >"$BATS_TEST_TMPDIR/process.json"
}

@test "exec: output, standard input and exit code 0" {
	echo in >"$BATS_TEST_TMPDIR/in"
	RT_STDIN="$BATS_TEST_TMPDIR/in" rt_ok exec "$ID" sh -c 'cat; echo out; echo err >&2'
	is "$out" "$(printf 'in\nout')"
	is "$err" err
}

@test "exec: the exit code passes through" {
	rt exec "$ID" sh -c 'exit 42'
	is "$status" 42
	is "$(state_of "$ID")" running
}

@test "exec: ended by a signal is 128 and its number" {
	rt exec "$ID" sh -c 'kill -KILL $$'
	is "$status" 137
}

@test "exec: in the namespaces of the container" {
	rt_ok exec "$ID" sh -c 'for n in pid net ipc uts mnt cgroup user; do readlink /proc/self/ns/$n; done'
	for n in pid net ipc uts mnt cgroup user; do readlink "/proc/$pid/ns/$n"; done >"$BATS_TEST_TMPDIR/ns"
	is "$out" "$(cat "$BATS_TEST_TMPDIR/ns")"
}

@test "exec: in the cgroups of the container" {
	rt_ok exec "$ID" cat /proc/self/cgroup
	rt_ok exec --pid-file "$BATS_TEST_TMPDIR/pid" --detach "$ID" sleep 1000
	is "$(cat "/proc/$(cat "$BATS_TEST_TMPDIR/pid")/cgroup")" "$(cat "/proc/$pid/cgroup")"
}

@test "exec: environment, directory, user and capabilities come from config.json" {
	rt_ok delete --force "$ID"
	set_config '.process.env += ["FROM=config"]' '.process.cwd = "/tmp"' '.process.user = {uid: 1000, gid: 1000}'
	sleeper
	rt_ok exec "$ID" sh -c 'echo $FROM; pwd; id -u; id -g; grep CapBnd /proc/self/status'
	is "$out" "$(printf 'config\n/tmp\n1000\n1000\n'; grep CapBnd "/proc/$(pid_of "$ID")/status")"
}

@test "exec: process.user.umask of config.json" {
	known_gap runc "1.1 leaves it out"
	rt_ok delete --force "$ID"
	set_config '.process.user.umask = 63'
	sleeper
	rt_ok exec "$ID" sh -c umask
	is "$out" 0077
}

@test "exec: --cwd" {
	rt_ok exec --cwd /var/tmp "$ID" pwd
	is "$out" /var/tmp
}

@test "exec: --env, several; replaces what config.json says" {
	rt_ok exec --env A=1 --env "B=two words" --env TERM=new "$ID" env
	grep -qx A=1 <<<"$out"
	grep -qx "B=two words" <<<"$out"
	is "$(grep -c '^TERM=' <<<"$out")" 1
	grep -qx TERM=new <<<"$out"
	has "$out" PATH=/bin
	rt_ok exec -e C=3 "$ID" sh -c 'echo $C'
	is "$out" 3
}

@test "exec: --user uid and uid:gid" {
	rt_ok exec --user 1000 "$ID" id -u
	is "$out" 1000
	rt_ok exec -u 1234:2345 "$ID" sh -c 'id -u; id -g'
	is "$out" "$(printf '1234\n2345')"
}

@test "exec: --user that is no number is refused" {
	exec_fails --user 12x "$ID" true
	exec_fails --user 12:34:56 "$ID" true
	exec_fails --user -1 "$ID" true
}

@test "exec: HOME is the user's" {
	rt_ok exec --user 1000 "$ID" sh -c 'echo $HOME'
	is "$out" /home/user
}

@test "exec: --additional-gids" {
	known_gap crun "has no --additional-gids"
	rt_ok exec --additional-gids 100 --additional-gids 65534 "$ID" sh -c 'sed -n "s/^Groups:[[:space:]]*//p" /proc/self/status'
	is "${out% }" "100 65534"
	rt_ok exec -g 77 "$ID" sh -c 'sed -n "s/^Groups:[[:space:]]*//p" /proc/self/status'
	is "${out% }" "77"
}

@test "exec: --cap adds to the container's" {
	rt_ok exec "$ID" sh -c 'sed -n "s/^CapEff:[[:space:]]*//p" /proc/self/status'
	before=$((16#$out))
	is "$((before >> 37 & 1))" 0 "audit_read before"
	rt_ok exec --cap CAP_AUDIT_READ "$ID" sh -c 'sed -n "s/^Cap[PEB][rfn][mfd]:[[:space:]]*//p" /proc/self/status'
	for c in $out; do
		is "$((16#$c >> 37 & 1))" 1 "audit_read in $c"
	done
}

@test "exec: --no-new-privs" {
	rt_ok delete --force "$ID"
	set_config '.process.noNewPrivileges = false'
	sleeper
	rt_ok exec "$ID" grep NoNewPrivs /proc/self/status
	is "$out" "$(printf 'NoNewPrivs:\t0')"
	rt_ok exec --no-new-privs "$ID" grep NoNewPrivs /proc/self/status
	is "$out" "$(printf 'NoNewPrivs:\t1')"
}

@test "exec: --no-new-privs=false takes it away" {
	sleeper "$ID-n"
	rt_ok exec --no-new-privs=false "$ID-n" grep NoNewPrivs /proc/self/status
	is "$out" "$(printf 'NoNewPrivs:\t0')"
	rt_ok exec "$ID-n" grep NoNewPrivs /proc/self/status
	is "$out" "$(printf 'NoNewPrivs:\t1')"
}

@test "exec: every error says that it was exec that failed" {
	for args in "$ID-none true" "$ID /no/such" "$ID" "--user x $ID true" "--cgroup none $ID true" "--process none $ID"; do
		# shellcheck disable=SC2086
		rt exec $args
		is "$status" 255
		says "exec failed: "
		has_not "$err" "exec failed: exec failed"
	done
}

@test "exec: --process FILE" {
	process_file '.args = ["sh", "-c", "echo $FROM; pwd; id -u; id -g; id -G; grep NoNewPrivs /proc/self/status"]
		| .env += ["FROM=file"] | .cwd = "/var" | .user = {uid: 1000, gid: 1001, additionalGids: [7, 8]}'
	rt_ok exec --process "$BATS_TEST_TMPDIR/process.json" "$ID"
	is "$out" "$(printf 'file\n/var\n1000\n1001\n1001 7 8\nNoNewPrivs:\t1')"
}

@test "exec: --process with capabilities and rlimits of its own" {
	process_file '.args = ["sh", "-c", "grep CapEff /proc/self/status; ulimit -n; ulimit -Hn"]
		| .capabilities = {bounding: ["CAP_KILL"], effective: ["CAP_KILL"], permitted: ["CAP_KILL"]}
		| .rlimits = [{type: "RLIMIT_NOFILE", soft: 77, hard: 88}]'
	rt_ok exec -p "$BATS_TEST_TMPDIR/process.json" "$ID"
	is "$out" "$(printf 'CapEff:\t0000000000000020\n77\n88')"
}

@test "exec: --process with umask and oomScoreAdj of its own" {
	known_gap runc "takes neither from the file"
	known_gap crun "leaves oomScoreAdj to the container's"
	process_file '.args = ["sh", "-c", "umask; cat /proc/self/oom_score_adj"] | .user.umask = 63 | .oomScoreAdj = 123'
	rt_ok exec -p "$BATS_TEST_TMPDIR/process.json" "$ID"
	is "$out" "$(printf '0077\n123')"
}

@test "exec: --process that is missing or damaged" {
	exec_fails --process "$BATS_TEST_TMPDIR/none.json" "$ID"
	says "none.json" "no such file or directory"
	echo '{"args": ["true"' >"$BATS_TEST_TMPDIR/process.json"
	exec_fails --process "$BATS_TEST_TMPDIR/process.json" "$ID"
}

@test "exec: --detach returns at once, --pid-file names the process" {
	rt_ok exec --detach --pid-file "$BATS_TEST_TMPDIR/pid" "$ID" sleep 1001
	p=$(cat "$BATS_TEST_TMPDIR/pid")
	wait_for file_has "/proc/$p/cmdline" 1001
	is "$(readlink "/proc/$p/ns/mnt")" "$(readlink "/proc/$pid/ns/mnt")"
	is "$(pgrep -f -- "--root $ROOT" | tr '\n' ' ')" "" "processes of the runtime"
}

@test "exec: --preserve-fds" {
	exec 5<<<"through five" 4<<<"through four"
	# Not by rt, which closes descriptor 3.
	out=$(limited "$RUNTIME" --root "$ROOT" exec --preserve-fds 3 "$ID" sh -c 'cat <&4; cat <&5' 3</dev/null)
	has "$out" "through four"
	has "$out" "through five"
	exec 4<&- 5<&-
}

@test "exec: without --preserve-fds nothing but 0, 1 and 2" {
	exec 7<"$BATS_TEST_TMPDIR" 123</dev/null
	rt_ok exec "$ID" sh -c 'cd /proc/$$/fd && echo *'
	# 3 is the shell's own, for listing the directory.
	is "$out" "0 1 2 3"
	exec 7<&- 123<&-
}

@test "exec: --preserve-fds that are not open are refused" {
	exec_fails --preserve-fds 200 "$ID" true
}

@test "exec: --tty on the caller's terminal" {
	on_pty --size 33x101 --type $'word\r' --when ready -- "$RUNTIME" --root "$ROOT" exec --tty "$ID" \
		sh -c 'tty; echo ready; read l; echo "<$l>"; stty size; exit 9'
	is "$status" 9
	has "$out" /dev/pts/
	has "$out" "<word>"
	has "$out" "33 101"
	has "$out" "[modes same raw=yes]"
}

@test "exec: --tty --console-socket --detach" {
	console_receiver
	rt_ok exec --tty --console-socket "$CONSOLE" --detach "$ID" sh -c 'tty; echo "said"'
	wait_for file_has "$CONSOLE_OUT" said
	has "$(cat "$CONSOLE_OUT")" /dev/pts/
}

@test "exec: a terminal by process.json, without --tty, as engines ask for it" {
	console_receiver
	process_file '.terminal = true | .consoleSize = {height: 21, width: 91} | .args = ["sh", "-c", "stty size; tty"]'
	rt_ok exec --process "$BATS_TEST_TMPDIR/process.json" --console-socket "$CONSOLE" --detach "$ID"
	wait_for file_has "$CONSOLE_OUT" /dev/pts/
	has "$(cat "$CONSOLE_OUT")" "21 91"
}

@test "exec: --detach --tty without --console-socket is refused" {
	exec_fails --detach --tty "$ID" true
}

@test "exec: signals to the foreground process reach it" {
	background "$RUNTIME" --root "$ROOT" exec "$ID" sh -c \
		'trap "echo got-usr1" USR1; trap "echo got-term; exit 7" TERM; echo ready; while :; do sleep 0.1; done'
	wait_for file_has "$bg_out" ready
	kill -USR1 "$bg_pid"
	wait_for file_has "$bg_out" got-usr1
	kill -TERM "$bg_pid"
	status=0
	wait "$bg_pid" || status=$?
	is "$status" 7
}

@test "exec: --cgroup, a sub-cgroup that exists" {
	requires_v2
	mkdir "$(cgroup_dir "$pid" "")/sub"
	rt_ok exec --cgroup sub --detach --pid-file "$BATS_TEST_TMPDIR/pid" "$ID" sleep 1001
	is "$(cgroup_dir "$(cat "$BATS_TEST_TMPDIR/pid")" "")" "$(cgroup_dir "$pid" "")/sub"
	exec_fails --cgroup missing "$ID" true
	exec_fails --cgroup ../.. "$ID" true
}

@test "exec: --cgroup controller:path" {
	requires_v1
	requires_controller pids
	mkdir "$(cgroup_dir "$pid" pids)/sub"
	rt_ok exec --cgroup pids:sub --detach --pid-file "$BATS_TEST_TMPDIR/pid" "$ID" sleep 1001
	p=$(cat "$BATS_TEST_TMPDIR/pid")
	is "$(cgroup_dir "$p" pids)" "$(cgroup_dir "$pid" pids)/sub"
	is "$(cgroup_dir "$p" freezer)" "$(cgroup_dir "$pid" freezer)"
	exec_fails --cgroup nosuch:sub "$ID" true
}

@test "exec: a paused container is refused without --ignore-paused" {
	rt_ok pause "$ID"
	exec_fails "$ID" true
	says paused
	rt_ok resume "$ID"
	rt_ok exec "$ID" true
}

@test "exec: --ignore-paused waits for the container to be resumed" {
	known_gap crun "has no --ignore-paused"
	rt_ok pause "$ID"
	background "$RUNTIME" --root "$ROOT" exec --ignore-paused "$ID" echo done-now
	sleep 0.3
	has_not "$(cat "$bg_out")" done-now
	rt_ok resume "$ID"
	wait "$bg_pid"
	has "$(cat "$bg_out")" done-now
}

@test "exec: a stopped container is refused" {
	rt_ok kill "$ID" KILL
	wait_state "$ID" stopped
	exec_fails "$ID" true
}

@test "exec: an unknown container does not exist" {
	exec_fails "$ID-none" true
	says "does not exist"
}

@test "exec: a program that is not there" {
	exec_fails "$ID" nosuch
	says nosuch 'executable file not found in $PATH'
	exec_fails "$ID" /no/such
	says /no/such "no such file or directory"
}

@test "exec: a program that cannot be executed" {
	echo text >rootfs/tmp/text
	exec_fails "$ID" /tmp/text
	says "permission denied"
	exec_fails "$ID" /tmp
	# 126 for docker and podman
	has "${err,,}" "permission denied"
}

@test "exec: the PATH of the process decides" {
	mkdir rootfs/tools
	printf '#!/bin/sh\necho mine\n' >rootfs/tools/tool
	chmod 755 rootfs/tools/tool
	exec_fails "$ID" tool
	rt_ok exec --env PATH=/tools:/bin "$ID" tool
	is "$out" mine
}

@test "exec: no arguments and no --process is refused" {
	rt exec "$ID"
	[ "$status" -ne 0 ]
	[ -n "$err$out" ]
}

@test "exec: options after the id belong to the command" {
	rt_ok exec "$ID" echo --cwd -x --
	is "$out" "--cwd -x --"
	rt_ok exec -- "$ID" echo -n x
	is "$out" x
}

@test "exec: seccomp of the container holds for it" {
	rt_ok delete --force "$ID"
	set_config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 95}]}'
	sleeper
	rt exec "$ID" mkdir /tmp/x
	is "$status" 1
	[ ! -e rootfs/tmp/x ]
	has "${err,,}" "not supported"
}

@test "exec: into a user namespace" {
	rt_ok delete --force "$ID"
	remap 100000
	sleeper
	rt_ok exec --detach --pid-file "$BATS_TEST_TMPDIR/pid" "$ID" sleep 1001
	p=$(cat "$BATS_TEST_TMPDIR/pid")
	is "$(readlink "/proc/$p/ns/user")" "$(readlink "/proc/$(pid_of "$ID")/ns/user")"
	is "$(stat -c %u "/proc/$p")" 100000
	rt_ok exec "$ID" sh -c 'id -u; touch /tmp/mine'
	is "$out" 0
	is "$(stat -c %u rootfs/tmp/mine)" 100000
}

@test "exec: into a created container that has not been started" {
	rt_ok create "$ID-created"
	rt_ok exec "$ID-created" echo inside
	is "$out" inside
	is "$(state_of "$ID-created")" created
}

@test "exec: children that it leaves go to the container's init" {
	rt_ok exec "$ID" sh -c 'sleep 1001 >/dev/null 2>&1 & echo $!'
	rt_ok exec "$ID" sh -c "awk '/^PPid/{print \$2}' /proc/$out/status"
	is "$out" 1
}

@test "exec: the process is that of create, whatever has become of the bundle" {
	rt_ok delete --force "$ID"
	set_config '.process.env += ["FROM=create"]' '.process.cwd = "/tmp"' '.process.noNewPrivileges = true' \
		'.process.user = {uid: 1000, gid: 1001, umask: 63, additionalGids: [7, 8]}' \
		'.process.capabilities = {bounding: ["CAP_KILL", "CAP_CHOWN", "CAP_SETPCAP"], permitted: ["CAP_KILL"],
			effective: ["CAP_KILL"], inheritable: ["CAP_KILL"], ambient: ["CAP_KILL"]}' \
		'.process.rlimits = [{type: "RLIMIT_NOFILE", hard: 77, soft: 66}]' '.process.execCPUAffinity = {final: "0"}'
	set_args sleep 1000
	mv config.json "$BATS_TEST_TMPDIR/other.json"
	rt_ok run --detach --config "$BATS_TEST_TMPDIR/other.json" "$ID"
	rm "$BATS_TEST_TMPDIR/other.json"
	rt_ok exec "$ID" sh -c 'echo $FROM; pwd; id -u; id -g; id -G; umask; ulimit -n; grep -E "^(Cap|NoNew|Cpus_allowed_l)" /proc/self/status'
	is "$out" "create
/tmp
1000
1001
1001 7 8
0077
66
$(grep -E '^(Cap|NoNew)' "/proc/$(pid_of "$ID")/status")
Cpus_allowed_list:	0"
	rt_ok exec --cap CAP_CHOWN "$ID" grep -E '^Cap(Prm|Bnd)' /proc/self/status
	is "$out" "$(printf 'CapPrm:\t0000000000000020\nCapBnd:\t0000000000000121')"
	rt_ok exec --cwd / --user 5 --env FROM=exec "$ID" sh -c 'echo $FROM; pwd; id -u; id -g'
	is "$out" "$(printf 'exec\n/\n5\n1001')"
}

@test "exec: a notify socket is the first process's alone" {
	rt_ok delete --force "$ID"
	set_script 'printenv NOTIFY_SOCKET; exec sleep 1000'
	mkdir -p "$BATS_TEST_TMPDIR/n"
	background "$PYTHON" -c 'import socket, sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); s.recv(100)' \
		"$BATS_TEST_TMPDIR/n/s"
	wait_for test -S "$BATS_TEST_TMPDIR/n/s"
	NOTIFY_SOCKET="$BATS_TEST_TMPDIR/n/s" rt_ok create "$ID"
	NOTIFY_SOCKET="$BATS_TEST_TMPDIR/n/s" limited "$RUNTIME" --root "$ROOT" start "$ID" >/dev/null 2>&1 3>&- </dev/null &
	wait_state "$ID" running
	tr '\0' '\n' <"/proc/$(pid_of "$ID")/environ" | grep -q ^NOTIFY_SOCKET=
	rt_ok exec "$ID" sh -c 'echo "${NOTIFY_SOCKET-none}"'
	is "$out" none
}
