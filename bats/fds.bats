#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# Descriptors and sockets that are handed on: --preserve-fds, LISTEN_FDS, NOTIFY_SOCKET.

load helpers

@test "preserve-fds: run and create hand on as many as are named" {
	set_script 'cat <&3; cat <&4; (: <&5) 2>/dev/null || echo five-is-closed'
	out=$(limited "$RUNTIME" --root "$ROOT" run --preserve-fds 2 "$ID" 3<<<three 4<<<four 5</dev/null </dev/null 2>"$BATS_TEST_TMPDIR/err")
	is "$out" "$(printf 'three\nfour\nfive-is-closed')"
	limited "$RUNTIME" --root "$ROOT" create --preserve-fds 1 "$ID" 3<<<created >"$BATS_TEST_TMPDIR/out" </dev/null 2>&1
	rt_ok start "$ID"
	wait_for file_has "$BATS_TEST_TMPDIR/out" created
}

@test "a created init has nothing open but its streams, its root, procfs and sockets" {
	set_args true
	rt_ok create "$ID"
	pid=$(pid_of "$ID")
	for fd in /proc/"$pid"/fd/*; do
		[ "${fd##*/}" -gt 2 ] || continue
		[[ $(readlink "$fd") =~ ^(/|/proc|socket:.*)$ ]] || { ls -l "/proc/$pid/fd" && false; }
	done
}

@test "preserve-fds: what is named but not open is refused" {
	known_gap runc "takes descriptors of its own for it"
	set_args true
	status=0
	limited "$RUNTIME" --root "$ROOT" run --preserve-fds 3 "$ID" 3</dev/null 4</dev/null 5<&- >/dev/null 2>"$BATS_TEST_TMPDIR/err" </dev/null || status=$?
	is "$status" 1
	[ -s "$BATS_TEST_TMPDIR/err" ]
	nothing_left
	# one of the runtime's own is none that was named
	set_args sleep 1000
	rt_ok run --detach "$ID"
	status=0
	limited "$RUNTIME" --root "$ROOT" --log "$BATS_TEST_TMPDIR/log" exec --preserve-fds 2 "$ID" true 3</dev/null 4<&- 5<&- \
		>/dev/null 2>"$BATS_TEST_TMPDIR/err" </dev/null || status=$?
	[ "$status" -ne 0 ]
	grep -q "file descriptor 4 is not open" "$BATS_TEST_TMPDIR/log"
}

@test "LISTEN_FDS: sockets of the service manager go to the container" {
	set_script 'echo "$LISTEN_FDS $LISTEN_PID $LISTEN_FDNAMES"; cat <&3; (: <&5) 2>/dev/null || echo five-is-closed'
	out=$(limited sh -c 'export LISTEN_FDS=2 LISTEN_PID=$$ LISTEN_FDNAMES=a:b; exec "$@"' sh \
		"$RUNTIME" --root "$ROOT" run "$ID" 3<<<three 4</dev/null 5</dev/null </dev/null)
	has "$out" "2 1"
	has "$out" three
	has "$out" five-is-closed
}

@test "LISTEN_FDS: together with --preserve-fds" {
	set_script 'cat <&3; cat <&4; echo $LISTEN_FDS'
	out=$(limited sh -c 'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"' sh \
		"$RUNTIME" --root "$ROOT" run --preserve-fds 1 "$ID" 3<<<three 4<<<four </dev/null)
	is "$out" "$(printf 'three\nfour\n1')"
}

@test "LISTEN_FDS: not for this process: nothing is handed on" {
	known_gap crun "does not look at LISTEN_PID"
	set_script 'echo "<$LISTEN_FDS>"; (: <&3) 2>/dev/null || echo three-is-closed'
	out=$(LISTEN_FDS=1 LISTEN_PID=1 limited "$RUNTIME" --root "$ROOT" run "$ID" 3</dev/null </dev/null)
	is "$out" "$(printf '<>\nthree-is-closed')"
}

# The service manager's socket: writes each datagram that it gets to its output, as one line.
notify_server() {
	CONSOLE_DIR=$(mktemp -d /tmp/ebt-con.XXXXXX)
	NOTIFY="$CONSOLE_DIR/n"
	cat >"$BATS_TEST_TMPDIR/notify.py" <<'PY'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    print(repr(s.recv(4096).decode()), flush=True)
PY
	background "$PYTHON" "$BATS_TEST_TMPDIR/notify.py" "$NOTIFY"
	notify_out=$bg_out
	wait_for test -S "$NOTIFY"
}

# From the container's side, as the program in it would.
notify_send() {
	"$PYTHON" - "/proc/$1/root/run/notify" "$2" <<'PY'
import os, socket, sys
os.chdir(sys.argv[1])
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto(sys.argv[2].encode(), "notify.sock")
PY
}

has_pid() {
	[ -n "$(pid_of "$ID")" ] && [ -S "/proc/$(pid_of "$ID")/root/run/notify/notify.sock" ]
}

@test "NOTIFY_SOCKET: the container gets one of its own, READY goes on to the service manager with MAINPID" {
	known_gap crun "hands the host's on"
	notify_server
	set_args sleep 1000
	background env NOTIFY_SOCKET="$NOTIFY" "$RUNTIME" --root "$ROOT" run --detach "$ID"
	run_pid=$bg_pid
	wait_for has_pid
	pid=$(pid_of "$ID")
	wait_for file_has "/proc/$pid/cmdline" sleep
	is "$(tr '\0' '\n' <"/proc/$pid/environ" | grep ^NOTIFY_SOCKET)" NOTIFY_SOCKET=/run/notify/notify.sock
	# It waits for READY.
	is_alive "$run_pid"
	notify_send "$pid" "STATUS=thinking"
	is_alive "$run_pid"
	notify_send "$pid" "READY=1"
	wait_for is_gone "$run_pid"
	wait_for file_has "$notify_out" "READY=1"
	wait_for file_has "$notify_out" "MAINPID=$pid"
	# Nobody in the container can say who the main process is.
	has_not "$(cat "$notify_out")" "thinking"
}

@test "NOTIFY_SOCKET: run in the foreground says READY for itself" {
	known_gap crun "hands the host's on"
	notify_server
	set_args sleep 1000
	background env NOTIFY_SOCKET="$NOTIFY" "$RUNTIME" --root "$ROOT" run "$ID"
	run_pid=$bg_pid
	wait_for has_pid
	notify_send "$(pid_of "$ID")" "STATUS=thinking
READY=1"
	wait_for file_has "$notify_out" "READY=1"
	wait_for file_has "$notify_out" "MAINPID=$run_pid"
	has_not "$(cat "$notify_out")" "thinking"
	is_alive "$run_pid"
	rt_ok kill "$ID" KILL
	wait_for is_gone "$run_pid"
}

@test "NOTIFY_SOCKET: a container that ends without READY does not hold the runtime" {
	known_gap runc "waits where nobody reaps"
	known_gap crun "hands the host's on"
	notify_server
	set_args sleep 0.2
	NOTIFY_SOCKET="$NOTIFY" rt run --detach "$ID"
	[ "$status" -ne 124 ] && [ "$status" -ne 137 ]
}

@test "NOTIFY_SOCKET: not set, nothing is there" {
	in_container 'echo "<$NOTIFY_SOCKET>"; ls /run/notify 2>/dev/null; exit 0'
	is "$out" "<>"
}
