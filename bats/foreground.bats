#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# run and exec in the foreground: they stand for the process before their caller.

load helpers

# What a shell can trap; KILL and STOP cannot be caught, CHLD, SEGV, BUS, ILL and FPE are the runtime's own.
SIGNALS="1 2 3 5 6 10 12 13 14 15 16 18 20 21 22 23 24 25 26 27 28 29 30 31 34 40 64"

# Says ready, then the number of each signal that it gets; ends with 42 when it is told to.
listener() {
	echo "for s in $SIGNALS; do trap \"echo got-\$s.\" \$s; done; echo ready; while ! [ -e /end ]; do sleep 0.05; done; exit 42"
}

# send_all PID FILE: each signal to the runtime; the process must get it before the next one is sent.
send_all() {
	local s

	for s in $SIGNALS; do
		[ "$s" != 13 ] || continue # the runtime's own, too: nobody reads its output
		kill -"$s" "$1"
		wait_for file_has "$2" "got-$s\." || { echo "signal $s" && return 1; }
	done
}

# ends_with PID STATUS
ends_with() {
	local code=0

	wait "$1" || code=$?
	is "$code" "$2" "exit status"
}

@test "foreground: run forwards every signal" {
	known_gap runc "its language keeps URG, and WINCH is for terminals"
	set_script "$(listener)"
	background "$RUNTIME" --root "$ROOT" run "$ID"
	wait_for file_has "$bg_out" ready
	send_all "$bg_pid" "$bg_out"
	touch rootfs/end
	ends_with "$bg_pid" 42
	nothing_left
}

@test "foreground: exec forwards every signal, and the container's init gets none" {
	known_gap runc "its language keeps URG, and WINCH is for terminals"
	known_gap crun "forwards some"
	set_script "for s in $SIGNALS; do trap \"echo init-got-\$s\" \$s; done; echo ready; while :; do sleep 0.1; done"
	rt_ok run --detach "$ID"
	init_out=$out_file
	wait_for file_has "$init_out" ready
	background "$RUNTIME" --root "$ROOT" exec "$ID" sh -c "$(listener)"
	wait_for file_has "$bg_out" ready
	send_all "$bg_pid" "$bg_out"
	touch rootfs/end
	ends_with "$bg_pid" 42
	is "$(cat "$init_out")" ready
}

@test "foreground: exit statuses pass through, of run and exec" {
	set_script 'while ! [ -e /end ]; do sleep 0.05; done'
	rt_ok run --detach "$ID-e"
	for code in 0 1 2 125 126 127 128 137 200 254 255; do
		rt exec "$ID-e" sh -c "exit $code"
		is "$status" "$code"
		set_script "exit $code"
		rt run "$ID"
		is "$status" "$code"
		is "$err" ""
	done
	for sig in 1 9 15; do
		rt exec "$ID-e" sh -c "kill -$sig \$\$"
		is "$status" $((128 + sig))
	done
}

@test "foreground: a process that is stopped has not ended" {
	set_script 'echo ready; while ! [ -e /end ]; do sleep 0.05; done; exit 5'
	background "$RUNTIME" --root "$ROOT" run "$ID"
	wait_for file_has "$bg_out" ready
	rt_ok kill "$ID" STOP
	touch rootfs/end
	sleep 0.3
	is_alive "$bg_pid"
	rt_ok kill "$ID" CONT
	ends_with "$bg_pid" 5
}

@test "foreground: run does not wait for what the process leaves in a shared pid namespace" {
	set_config '.linux.namespaces |= map(select(.type != "pid"))'
	set_script 'sleep 1000 >/dev/null 2>&1 </dev/null & exit 3'
	rt run "$ID"
	is "$status" 3
	nothing_left
}

@test "foreground: exec ends with its process, not with what that leaves behind" {
	sleeper
	rt exec "$ID" sh -c 'sleep 1000 & exit 4'
	is "$status" 4
	is "$("$RUNTIME" --root "$ROOT" ps -f json "$ID" | jq length)" 2
}

@test "foreground: run --keep leaves the container stopped, with its status passed on" {
	set_script 'exit 9'
	rt run --keep "$ID"
	is "$status" 9
	is "$(state_of "$ID")" stopped
	is "$("$RUNTIME" --root "$ROOT" state "$ID" | jq .pid)" 0
	rt_fails run "$ID"
	says "already exists"
	rt_fails start "$ID"
	says "cannot start a container that has stopped"
	rt exec "$ID" true
	is "$status" 255
	says "cannot exec in a stopped container"
	rt_ok delete "$ID"
	nothing_left
}

@test "foreground: what execve answers is told as it is" {
	printf '#!/no/such/interpreter\n' >"$BUNDLE/rootfs/script"
	chmod 755 "$BUNDLE/rootfs/script"
	set_args /script
	rt_fails run "$ID"
	is "$err" "exec /script: no such file or directory"
	rt_fails --log "$BATS_TEST_TMPDIR/log" run "$ID"
	is "$err" "exec /script: no such file or directory"
	is "$(sed 's/.* level/level/' "$BATS_TEST_TMPDIR/log")" 'level=error msg="exec /script: no such file or directory"'
	set_config '.process.terminal = false'
	rt_ok create "$ID" --bundle "$BUNDLE"
	rt_fails start "$ID"
	is "$err" "exec /script: no such file or directory"
	rt_ok delete "$ID"
	set_args sleep 1000
	rt_ok run --detach "$ID"
	rt exec "$ID" /script
	is "$status" 255
	is "$err" "exec /script: no such file or directory"
	rt_ok delete --force "$ID"
	nothing_left
}

@test "foreground: --keep of a container that was never started is no help: nothing is left" {
	set_args /no/such/program
	rt_fails run --keep "$ID"
	says "no such file or directory"
	nothing_left
}

@test "foreground: all of a terminal's output arrives" {
	set_config '.process.terminal = true'
	set_script 'seq 1 20000'
	on_pty -- "$RUNTIME" --root "$ROOT" run "$ID"
	is "$status" 0
	is "$(tr -d '\r' <<<"$out" | grep -cE '^[0-9]+$')" 20000
	has "$out" "[modes same"
}

@test "foreground: exec --tty: all of the output, the status, the terminal as it was" {
	sleeper
	on_pty -- "$RUNTIME" --root "$ROOT" exec --tty "$ID" sh -c 'tty; seq 1 20000; exit 6'
	is "$status" 6
	is "$(tr -d '\r' <<<"$out" | grep -cE '^[0-9]+$')" 20000
	has "$out" "[modes same"
	has "$out" /dev/pts/
}

@test "foreground: exec --tty: the size follows the caller's" {
	sleeper
	on_pty --size 30x90 --resize 41x101 --when ready -- "$RUNTIME" --root "$ROOT" exec --tty "$ID" \
		sh -c 'stty size; trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.1; done'
	has "$out" "30 90"
	has "$out" "41 101"
}

@test "foreground: the size is taken from where a terminal is, with the other streams elsewhere" {
	set_config '.process.terminal = true'
	set_script 'echo ready; for i in 1 2 3 4 5 6 7 8 9 10; do stty size; sleep 0.1; done'
	for streams in '</dev/null' '</dev/null >out'; do
		: >out
		on_pty --size 33x77 -- sh -c "exec \"\$@\" $streams" sh "$RUNTIME" --root "$ROOT" run "$ID"
		[[ $out$(cat out) == *"33 77"* ]] || { echo "$streams: $out $(cat out)" && false; }
	done
}

@test "foreground: a terminal without a caller's" {
	known_gap runc "wants one"
	set_config '.process.terminal = true'
	set_script 'tty; read -r x; echo "read $x"'
	echo typed >typed
	RT_STDIN=$PWD/typed rt_ok run "$ID"
	has "$out" /dev/
	has "$out" "read typed"
}

@test "foreground: detached, nothing of the runtime is left, and the streams are the caller's" {
	set_script 'echo started; while ! [ -e /end ]; do sleep 0.05; done; echo ended'
	rt_ok run --detach "$ID"
	run_out=$out_file
	wait_for file_has "$run_out" started
	is "$(pgrep -fc -- "$RUNTIME --root $ROOT" || true)" 0
	touch rootfs/end
	wait_for file_has "$run_out" ended
	wait_state "$ID" stopped
	rt_ok delete "$ID"
}

@test "foreground: who is asked to end while it waits for exec ends with the process" {
	sleeper
	background "$RUNTIME" --root "$ROOT" exec "$ID" sleep 1001
	wait_for sh -c "\"$RUNTIME\" --root \"$ROOT\" ps -f json $ID | jq -e 'length == 2'"
	rt_ok kill "$ID" KILL
	ends_with "$bg_pid" 137
}
