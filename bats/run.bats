#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load helpers

@test "run: the container's output and exit code 0 pass through" {
	in_container 'echo out; echo err >&2'
	is "$out" out
	is "$err" err
	nothing_left
}

@test "run: the container's exit code passes through" {
	set_script 'exit 42'
	rt run "$ID"
	is "$status" 42
	nothing_left
}

@test "run: a container ended by a signal exits with 128 and its number" {
	# Process 1 of a pid namespace is not killed by its own signals; the container shares the host's.
	set_config '.linux.namespaces |= map(select(.type != "pid"))'
	set_script 'kill -KILL $$'
	rt run "$ID"
	is "$status" 137
	nothing_left
}

@test "run: standard input reaches the container" {
	echo hello >"$BATS_TEST_TMPDIR/in"
	set_args cat
	RT_STDIN="$BATS_TEST_TMPDIR/in" rt_ok run "$ID"
	is "$out" hello
}

@test "run: --bundle, from another directory" {
	set_args pwd
	cd /
	rt_ok run --bundle "$BUNDLE" "$ID"
	is "$out" /
	rt_ok run -b "$BUNDLE" "$ID-short"
	rt_ok run "--bundle=$BUNDLE" "$ID-equals"
}

@test "run: --detach returns while the container runs" {
	set_args sleep 1000
	rt_ok run --detach "$ID"
	is "$(state_of "$ID")" running
	[ -d "/proc/$(pid_of "$ID")" ]
	is "$(tr '\0' ' ' <"/proc/$(pid_of "$ID")/cmdline")" "sleep 1000 "
}

@test "run: -d is --detach" {
	set_args sleep 1000
	rt_ok run -d "$ID"
	is "$(state_of "$ID")" running
}

@test "run: a detached container that has ended is stopped, not gone" {
	rt_ok run --detach "$ID"
	wait_state "$ID" stopped
	rt_ok delete "$ID"
	nothing_left
}

@test "run: --keep leaves the stopped container" {
	set_script 'exit 3'
	rt run --keep "$ID"
	is "$status" 3
	is "$(state_of "$ID")" stopped
	rt_ok delete "$ID"
	nothing_left
}

@test "run: without --keep nothing is left of it" {
	rt_ok run "$ID"
	rt_fails state "$ID"
	says "does not exist"
	nothing_left
}

@test "run: --pid-file holds init's pid, whole and alone" {
	set_args sleep 1000
	rt_ok run --detach --pid-file "$BATS_TEST_TMPDIR/pid" "$ID"
	is "$(cat "$BATS_TEST_TMPDIR/pid")" "$(pid_of "$ID")"
	is "$(wc -l <"$BATS_TEST_TMPDIR/pid")" 0 "no newline"
}

@test "run: --pid-file that is relative belongs to the caller's directory" {
	set_args sleep 1000
	mkdir "$BATS_TEST_TMPDIR/elsewhere"
	cd "$BATS_TEST_TMPDIR/elsewhere"
	rt_ok run --detach --bundle "$BUNDLE" --pid-file here.pid "$ID"
	is "$(cat "$BATS_TEST_TMPDIR/elsewhere/here.pid")" "$(pid_of "$ID")"
}

@test "run: --pid-file in a missing directory fails and leaves nothing" {
	rt_fails run --detach --pid-file "$BATS_TEST_TMPDIR/missing/pid" "$ID"
	nothing_left
}

@test "run: signals to the foreground process reach the container" {
	set_script 'trap "echo got-usr1" USR1; trap "echo got-term; exit 7" TERM; echo ready; while :; do sleep 0.1; done'
	background "$RUNTIME" --root "$ROOT" run "$ID"
	wait_for file_has "$bg_out" ready
	kill -USR1 "$bg_pid"
	wait_for file_has "$bg_out" got-usr1
	kill -TERM "$bg_pid"
	status=0
	wait "$bg_pid" || status=$?
	file_has "$bg_out" got-term
	is "$status" 7
	nothing_left
}

# Says who the parent of an orphan is, which lives until that was read, and who init's is.
orphan() {
	set_script 'mkfifo /tmp/end; (cat /tmp/end & echo $! >/tmp/pid); awk "/^PPid/{print \$2}" "/proc/$(cat /tmp/pid)/status"
		awk "/^PPid/{print \$2}" /proc/$$/status; echo >/tmp/end'
}

@test "run: the container's zombies are reaped when the runtime is their reaper" {
	# Without a pid namespace a grandchild goes to the runtime, the subreaper of its container.
	set_config '.linux.namespaces |= map(select(.type != "pid"))'
	orphan
	rt_ok run "$ID"
	is "$(sed -n 1p <<<"$out")" "$(sed -n 2p <<<"$out")" "the orphan's parent and init's parent"
	nothing_left
}

@test "run: --no-subreaper leaves orphans to the host's reaper" {
	set_config '.linux.namespaces |= map(select(.type != "pid"))'
	orphan
	rt_ok run --no-subreaper "$ID"
	[ "$(sed -n 1p <<<"$out")" != "$(sed -n 2p <<<"$out")" ]
}

@test "run: --no-pivot gives the container its root all the same" {
	set_script 'echo marker >/file-of-the-container; ls /'
	rt_ok run --no-pivot "$ID"
	has "$out" bin
	is "$(cat rootfs/file-of-the-container)" marker
	nothing_left
}

@test "run: no second container of the same id" {
	sleeper
	rt_fails run "$ID"
	says "container with given ID already exists"
	is "$(state_of "$ID")" running "the first one"
}

@test "run: the same id can be used again afterwards" {
	rt_ok run "$ID"
	rt_ok run "$ID"
	nothing_left
}

@test "run: process.cwd is made where it is missing" {
	set_config '.process.cwd = "/not/there/yet"'
	set_args pwd
	rt_ok run "$ID"
	is "$out" /not/there/yet
}

@test "run: process.env is the whole environment, HOME is added from passwd" {
	set_config '.process.env = ["PATH=/bin", "A=b c", "EMPTY="]' '.process.user.uid = 1000'
	set_args env
	rt_ok run "$ID"
	is "$(sort <<<"$out")" "$(printf 'A=b c\nEMPTY=\nHOME=/home/user\nPATH=/bin')"
}

@test "run: HOME that is set stays" {
	set_config '.process.env += ["HOME=/elsewhere"]'
	set_script 'echo $HOME'
	rt_ok run "$ID"
	is "$out" /elsewhere
}

@test "run -t: the terminal of the caller is the container's" {
	set_config '.process.terminal = true'
	set_script 'test -t 0 && test -t 1 && test -t 2 && tty && echo all-three'
	on_pty -- "$RUNTIME" --root "$ROOT" run "$ID"
	is "$status" 0
	has "$out" /dev/pts/0
	has "$out" all-three
	nothing_left
}

@test "run -t: what is typed reaches the container, and the caller's terminal is raw meanwhile" {
	set_config '.process.terminal = true'
	set_script 'echo ready; read line; echo "<$line>"'
	on_pty --type $'word\r' --when ready -- "$RUNTIME" --root "$ROOT" run "$ID"
	is "$status" 0
	has "$out" "<word>"
	has "$out" "[modes same raw=yes]"
}

@test "run -t: the terminal has the caller's size from the beginning" {
	known_gap runc "sets the size once the container runs"
	set_config '.process.terminal = true'
	set_args stty size
	on_pty --size 33x101 -- "$RUNTIME" --root "$ROOT" run "$ID"
	is "$status" 0
	has "$out" "33 101"
}

@test "run -t: the terminal's size follows the caller's" {
	set_config '.process.terminal = true'
	set_script 'trap "stty size; exit 0" WINCH; echo ready; while :; do sleep 0.1; done'
	on_pty --size 33x101 --resize 44x120 --when ready -- "$RUNTIME" --root "$ROOT" run "$ID"
	is "$status" 0
	has "$out" "44 120"
}

@test "run -t: interrupt typed on the terminal becomes a signal inside" {
	set_config '.process.terminal = true'
	set_script 'trap "echo interrupted; exit 5" INT; echo ready; while :; do sleep 0.1; done'
	on_pty --type $'\003' --when ready -- "$RUNTIME" --root "$ROOT" run "$ID"
	is "$status" 5
	has "$out" interrupted
}

@test "run -t: output is not translated twice (no ONLCR on the container's side)" {
	set_config '.process.terminal = true'
	set_script 'stty -a'
	on_pty -- "$RUNTIME" --root "$ROOT" run "$ID"
	is "$status" 0
	has "$out" "-onlcr"
}

@test "run --detach: a terminal needs --console-socket" {
	set_config '.process.terminal = true'
	rt_fails run --detach "$ID"
	says "console socket"
	nothing_left
}

@test "run: --console-socket without a terminal is refused" {
	rt_fails run --detach --console-socket "$BATS_TEST_TMPDIR/none" "$ID"
	nothing_left
}
