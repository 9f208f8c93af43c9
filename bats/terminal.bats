#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load helpers

setup() {
	common_setup
	set_config '.process.terminal = true'
}

@test "terminal: --console-socket receives the master" {
	console_receiver
	set_script 'test -t 0 && test -t 1 && test -t 2 && tty; echo said'
	rt_ok run --detach --console-socket "$CONSOLE" "$ID"
	wait_for file_has "$CONSOLE_OUT" said
	has "$(head -n 1 "$CONSOLE_OUT")" "received /dev/"
	has "$(cat "$CONSOLE_OUT")" /dev/pts/0
}

@test "terminal: create, then start, with --console-socket" {
	console_receiver
	set_script 'echo said'
	rt_ok create --console-socket "$CONSOLE" "$ID"
	wait_for test -s "$CONSOLE_OUT"
	rt_ok start "$ID"
	wait_for file_has "$CONSOLE_OUT" said
}

@test "terminal: what is typed arrives" {
	console_receiver
	set_script 'echo ready; read l; echo "<$l>"'
	rt_ok run --detach --console-socket "$CONSOLE" "$ID"
	wait_for file_has "$CONSOLE_OUT" ready
	echo word >"$CONSOLE_IN"
	wait_for file_has "$CONSOLE_OUT" "<word>"
}

@test "terminal: the controlling terminal of a session of its own: ^C interrupts" {
	console_receiver
	set_script 'trap "echo interrupted; exit 0" INT; echo ready; while :; do sleep 0.1; done'
	rt_ok run --detach --console-socket "$CONSOLE" "$ID"
	wait_for file_has "$CONSOLE_OUT" ready
	is "$(cut -d' ' -f5,6,8 "/proc/$(pid_of "$ID")/stat" | awk '{ print ($1 == $2) }')" 1
	printf '\003' >"$CONSOLE_IN"
	wait_for file_has "$CONSOLE_OUT" interrupted
}

@test "terminal: consoleSize" {
	console_receiver
	set_config '.process.consoleSize = {height: 41, width: 111}'
	set_script 'stty size; echo said'
	rt_ok run --detach --console-socket "$CONSOLE" "$ID"
	wait_for file_has "$CONSOLE_OUT" said
	has "$(cat "$CONSOLE_OUT")" "41 111"
}

@test "terminal: consoleSize without a terminal is no matter" {
	set_config '.process.terminal = false' '.process.consoleSize = {height: 41, width: 111}'
	rt_ok run "$ID"
}

@test "terminal: /dev/console is the same one" {
	console_receiver
	set_script 'echo by-console >/dev/console; grep " /dev/console " /proc/self/mountinfo | wc -l; stat -c "%t:%T" /dev/console $(tty); echo said'
	rt_ok run --detach --console-socket "$CONSOLE" "$ID"
	wait_for file_has "$CONSOLE_OUT" said
	text=$(tr -d '\r' <"$CONSOLE_OUT")
	has "$text" by-console
	is "$(grep -c '^88:' <<<"$text")" 2
	is "$(grep '^88:' <<<"$text" | sort -u | wc -l)" 1
	has "$(cat "$CONSOLE_OUT")" 1
}

@test "terminal: no /dev/console that leads anywhere without a terminal" {
	set_config '.process.terminal = false'
	in_container 'if [ -e /dev/console ]; then (: >/dev/console) 2>/dev/null && echo open; fi; exit 0'
	is "$out" ""
}

@test "terminal: the runtime keeps no end of it" {
	console_receiver
	set_script 'echo said; sleep 1000'
	rt_ok run --detach --console-socket "$CONSOLE" "$ID"
	wait_for file_has "$CONSOLE_OUT" said
	# The receiver sees the hang-up only once nobody else has the other end open.
	rt_ok kill "$ID" KILL
	wait_for is_gone "$console_pid"
}

@test "terminal: another user owns it" {
	console_receiver
	set_config '.process.user = {uid: 1000, gid: 1000}' '.process.capabilities = {}'
	set_script 'stat -c %u $(tty); echo written >/dev/tty; echo said'
	rt_ok run --detach --console-socket "$CONSOLE" "$ID"
	wait_for file_has "$CONSOLE_OUT" said
	has "$(tr -d '\r' <"$CONSOLE_OUT")" "$(printf '1000\nwritten')"
}

@test "terminal: a console socket by a relative path" {
	set_args sleep 1000
	mkfifo "$BATS_TEST_TMPDIR/in"
	background "$PYTHON" "$BATS_TEST_DIRNAME/pty.py" receive s "$BATS_TEST_TMPDIR/out-console" "$BATS_TEST_TMPDIR/in"
	wait_for test -S s
	rt_ok run --detach --console-socket s "$ID"
	wait_for test -s "$BATS_TEST_TMPDIR/out-console"
}

@test "terminal: without a terminal there is none, whatever the caller has" {
	set_config '.process.terminal = false'
	set_script 'test -t 0 || echo no-terminal; (: </dev/tty) 2>/dev/null || echo no-controlling-terminal'
	rt_ok run "$ID"
	is "$out" "$(printf 'no-terminal\nno-controlling-terminal')"
}

@test "terminal: devpts is the container's own" {
	before=$(ls /dev/pts | sort)
	console_receiver
	set_script 'ls /dev/pts | sort | tr "\n" " "; echo said; sleep 1000'
	rt_ok run --detach --console-socket "$CONSOLE" "$ID"
	wait_for file_has "$CONSOLE_OUT" said
	has "$(cat "$CONSOLE_OUT")" "0 ptmx"
	is "$(ls /dev/pts | sort)" "$before"
}
