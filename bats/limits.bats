#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# No verb waits for ever: docs/reliability.md, "Time limits". Each wait here would otherwise have no end.

load helpers

RT_TIMEOUT=25 # what is waited for 10 s, and a machine that is busy

# ends_within SECONDS COMMAND...
ends_within() {
	local s=$1 start=$SECONDS

	shift
	"$@"
	[ $((SECONDS - start)) -le "$s" ] || { echo "took $((SECONDS - start)) s: $*" && return 1; }
}

# full_listener PATH [stream|dgram]: a socket with as much waiting as it takes, which nobody reads.
full_listener() {
	background "$PYTHON" -c '
import socket, sys, time
path, kind = sys.argv[1], sys.argv[2]
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM if kind == "stream" else socket.SOCK_DGRAM)
s.bind(path)
if kind == "stream":
    s.listen(0)
clients = []
while True:
    c = socket.socket(s.family, s.type)
    c.setblocking(False)
    try:
        c.connect(path)
        while kind == "dgram":
            c.send(b"x" * 1000)
    except BlockingIOError:
        break
    clients.append(c)
print("full", flush=True)
time.sleep(1000)' "$1" "${2:-stream}"
	wait_for file_has "$bg_out" full
}

@test "limits: the lock of a container that another process holds; the error names it" {
	sleeper
	background flock --close "$ROOT/$ID" sleep 1000
	wait_for grep -q "FLOCK.*:$(stat -c %i "$ROOT/$ID") " /proc/locks
	ends_within 20 rt_fails delete --force "$ID"
	says locked "process $bg_pid"
	is "$(state_of "$ID")" running
	rt_ok kill "$ID" KILL # needs none
}

@test "limits: a state that cannot be read for want of descriptors is not thrown away" {
	sleeper
	for n in 3 4 5 6 7 8 9 10 12 14; do
		(ulimit -n "$n" && exec "$RUNTIME" --root "$ROOT" delete --force "$ID") </dev/null >/dev/null 2>&1 3>&- || true
		[ -e "$ROOT/$ID/state.json" ] || break
	done
	[ -e "$ROOT/$ID" ] || nothing_left
}

@test "limits: start that waits for READY holds no lock" {
	set_script 'echo up; sleep 1000'
	export NOTIFY_SOCKET="$BATS_TEST_TMPDIR/notify"
	rt_ok create "$ID"
	background "$RUNTIME" --root "$ROOT" start "$ID"
	wait_state "$ID" running
	unset NOTIFY_SOCKET
	ends_within 8 rt_ok delete --force "$ID"
	wait_for is_gone "$bg_pid"
}

@test "limits: --console-socket and --pidfd-socket whose listener takes nobody" {
	CONSOLE_DIR=$(mktemp -d /tmp/ebt-con.XXXXXX)
	full_listener "$CONSOLE_DIR/s"
	ends_within 20 rt_fails create --pidfd-socket "$CONSOLE_DIR/s" "$ID"
	says --pidfd-socket "timed out"
	nothing_left
}

@test "limits: --console-socket whose listener takes nobody, of exec" {
	sleeper
	CONSOLE_DIR=$(mktemp -d /tmp/ebt-con.XXXXXX)
	full_listener "$CONSOLE_DIR/s"
	ends_within 20 rt exec --detach --tty --console-socket "$CONSOLE_DIR/s" "$ID" sleep 1001
	is "$status" 255
	says --console-socket "timed out"
	! pgrep -f "sleep 1001"
}

@test "limits: --log at a fifo that nobody opens, and at one that nobody reads" {
	mkfifo "$BATS_TEST_TMPDIR/log"
	ends_within 5 rt_fails --log "$BATS_TEST_TMPDIR/log" --debug create "$ID"
	says "open log" "$BATS_TEST_TMPDIR/log"
	exec 7<>"$BATS_TEST_TMPDIR/log"
	"$PYTHON" -c '
import os
fd = os.open("/proc/self/fd/7", os.O_WRONLY | os.O_NONBLOCK)
try:
    while True: os.write(fd, b"x" * 4096)
except BlockingIOError: pass'
	ends_within 10 rt_ok --log "$BATS_TEST_TMPDIR/log" --debug run "$ID"
	exec 7<&-
}

# reader_until_hook: a fifo, $log, that is read until createRuntime's hooks are run.
reader_until_hook() {
	log="$BATS_TEST_TMPDIR/log"
	mkfifo "$log"
	# shellcheck disable=SC2016
	background sh -c 'exec sleep 1000 <>"$1"' - "$log"
	jq --arg pid "$bg_pid" '.process.args = ["touch", "/ran"] | .hooks.createRuntime = [{
		path: "/bin/sh",
		args: ["sh", "-c", "kill -KILL \($pid) && while grep -qs \"^State:.[^Z]\" /proc/\($pid)/status; do :; done"]
	}]' config.json >config.json.new && mv config.json.new config.json
}

@test "limits: --log at a fifo whose reader goes away" {
	reader_until_hook
	wait_for test "/proc/$bg_pid/fd/0" -ef "$log"
	ends_within 10 rt_ok --log "$log" --debug create "$ID"
	rt_ok start "$ID"
	wait_state "$ID" stopped
	test -e rootfs/ran
}

@test "limits: the reader of stderr goes away" {
	reader_until_hook
	# shellcheck disable=SC2016
	limited sh -c 'exec 2>"$0" "$@"' "$log" "$RUNTIME" --root "$ROOT" --debug create "$ID" </dev/null >&2 3>&-
	rt_ok start "$ID"
	wait_state "$ID" stopped
	test -e rootfs/ran
}

@test "limits: --log at a service that reads nothing" {
	requires unshare
	local short
	short=$(mktemp -d /tmp/ebt-log.XXXXXX)
	full_listener "$short/s" dgram
	# shellcheck disable=SC2016
	ends_within 10 limited unshare -m sh -ec '
		mount -t tmpfs none /run && mkdir -p /run/systemd/journal && touch /run/systemd/journal/socket
		mount --bind "$1" /run/systemd/journal/socket
		exec "$2" --root "$3" --log journald:me --debug run "$4"' - "$short/s" "$RUNTIME" "$ROOT" "$ID" 3>&-
	rm -r "$short"
}

@test "limits: config.json is a fifo that nobody opens" {
	mv config.json real
	mkfifo config.json
	ends_within 20 rt_fails create "$ID"
	says config.json "timed out"
	nothing_left
}

@test "limits: --process and --resources of a fifo that nobody opens; one with a late writer is read" {
	sleeper
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	ends_within 20 rt exec --process "$BATS_TEST_TMPDIR/fifo" "$ID"
	is "$status" 255
	says "$BATS_TEST_TMPDIR/fifo" "timed out"
	jq '.process | .args = ["echo", "late"]' config.json >"$BATS_TEST_TMPDIR/process"
	(sleep 1 && head -c 100 "$BATS_TEST_TMPDIR/process" && sleep 1 && tail -c +101 "$BATS_TEST_TMPDIR/process") \
		>"$BATS_TEST_TMPDIR/fifo" 3>&- &
	rt_ok exec --process "$BATS_TEST_TMPDIR/fifo" "$ID"
	is "$out" late
	rt_ok exec --process <(sleep 1 && cat "$BATS_TEST_TMPDIR/process") "$ID"
	is "$out" late
}

# Below a frozen parent a process that is put in never comes to its first instruction.
frozen_parent() {
	requires_cgroupfs
	set_config ".linux.cgroupsPath = \"/$ID-parent/$ID\""
	set_args sleep 1000
	rt_ok "$1" ${2:+"$2"} "$ID"
	parent=$(dirname "$(cgroup_dir "$(pid_of "$ID")" freezer)")
	if [ -e "$parent/cgroup.freeze" ]; then
		echo 1 >"$parent/cgroup.freeze"
		wait_for grep -q "frozen 1" "$parent/cgroup.events"
	else
		[ -e "$parent/freezer.state" ] || skip "no freezer"
		echo FROZEN >"$parent/freezer.state"
		wait_for grep -q FROZEN "$parent/freezer.state"
	fi
}

teardown() {
	[ -z "${parent:-}" ] || { thaw_parent && "$RUNTIME" --root "$ROOT" delete --force "$ID" </dev/null 3>&-; } || true
	remove_cgroups "$ID-parent"
	common_teardown
}

thaw_parent() {
	if [ -e "$parent/cgroup.freeze" ]; then echo 0 >"$parent/cgroup.freeze"; else echo THAWED >"$parent/freezer.state"; fi
}

@test "limits: start below a frozen cgroup is refused, and possible once it is thawed" {
	frozen_parent create
	ends_within 5 rt_fails start "$ID"
	says frozen
	thaw_parent
	is "$(state_of "$ID")" created
	rt_ok start "$ID"
	wait_state "$ID" running
}

@test "limits: exec below a frozen cgroup is refused; kill and delete come to an end" {
	frozen_parent run --detach
	ends_within 5 rt exec "$ID" true
	is "$status" 255
	says frozen
	ends_within 5 rt_ok state "$ID"
	ends_within 5 rt_ok list
	ends_within 5 rt_ok ps "$ID"
	ends_within 5 rt_ok events --stats "$ID"
	ends_within 12 rt kill "$ID" KILL
	ends_within 25 rt delete --force "$ID"
	thaw_parent
	wait_for rt_ok delete --force "$ID"
	[ ! -e "$ROOT/$ID" ]
}

@test "limits: a paused container is killed and deleted" {
	sleeper
	rt_ok pause "$ID"
	ends_within 5 rt_ok kill "$ID" KILL
	ends_within 5 rt_ok delete --force "$ID"
	nothing_left
}

@test "limits: init does not outlive a runtime that is killed before init has its plan" {
	requires strace
	remap 100000
	set_config '.annotations = {"io.enviro-oci.use_namespace_cache": "false", "io.enviro-oci.parallel_namespaces": "false"}'
	# init is there, and the runtime gets no further
	background strace -qq -o "$BATS_TEST_TMPDIR/trace" -e trace=clone3 -e inject=clone3:delay_exit=20000000 \
		"$RUNTIME" --root "$ROOT" create "$ID"
	wait_for pgrep -P "$bg_pid"
	runtime=$(pgrep -P "$bg_pid")
	wait_for pgrep -P "$runtime"
	init=$(pgrep -P "$runtime")
	kill -KILL "$runtime" "$bg_pid" # strace sees the end of its child only after the delay
	wait_for is_gone "$init"
	rt_ok delete --force "$ID"
}

@test "limits: an init that is stopped" {
	[ -n "${LONG:-}" ] || skip "takes 3 minutes: contrib/check-load --limits"
	RT_TIMEOUT=220
	rt_ok create "$ID"
	init=$(pid_of "$ID")
	kill -STOP "$init"
	ends_within 200 rt_fails start "$ID"
	says "talking to init" "timed out"
	kill -CONT "$init"
	wait_for is_gone "$init"
	is "$(state_of "$ID")" stopped
}

@test "limits: exec into a paused container that stays paused" {
	[ -n "${LONG:-}" ] || skip "takes 2 minutes: contrib/check-load --limits"
	RT_TIMEOUT=220
	sleeper
	rt_ok pause "$ID"
	ends_within 200 rt exec --ignore-paused "$ID" true
	is "$status" 255
	says "timed out"
	rt_ok resume "$ID"
	is "$(wc -w < <("$RUNTIME" --root "$ROOT" ps -f json "$ID" | tr -d '[],'))" 1
}

@test "limits: output of a terminal that nobody reads: signals are passed on, and the end is seen" {
	set_config '.process.terminal = true'
	set_script 'trap "touch /got; exit 3" TERM; echo up >/up; yes 0123456789 & wait'
	mkfifo "$BATS_TEST_TMPDIR/out"
	exec 7<>"$BATS_TEST_TMPDIR/out"
	"$RUNTIME" --root "$ROOT" run "$ID" </dev/null 3>&- 7<&- >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" &
	bg_pid=$!
	CHILDREN+=("$bg_pid")
	wait_for test -e rootfs/up
	sleep 1 # all buffers fill
	kill -TERM "$bg_pid"
	wait_for test -e rootfs/got
	for ((n = 0; n < 20; n++)); do is_gone "$bg_pid" && break; sleep 1; done
	is_gone "$bg_pid"
	cat "$BATS_TEST_TMPDIR/err"; file_has "$BATS_TEST_TMPDIR/err" "nobody reads"
	exec 7<&-
	nothing_left
}

@test "limits: a relay of the terminal that is killed: the container goes on, and it is said" {
	set_config '.process.terminal = true'
	set_script 'echo up >/up; while [ ! -e /go ]; do sleep 0.1; done; exit 3'
	"$RUNTIME" --root "$ROOT" run "$ID" </dev/null 3>&- >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" &
	bg_pid=$!
	CHILDREN+=("$bg_pid")
	wait_for test -e rootfs/up
	kill -KILL "$(pgrep -P "$bg_pid" -x enviro-oci:rela)"
	touch rootfs/go
	status=0
	wait "$bg_pid" || status=$?
	is "$status" 3
	file_has "$BATS_TEST_TMPDIR/err" "relay of the container's output: ended too early"
	nothing_left
}

@test "limits: input that a terminal's process does not read holds neither its output nor signals" {
	set_config '.process.terminal = true'
	set_script 'stty raw -echo; trap "echo got-term; exit 3" TERM; echo up; sleep 1; echo later; while :; do sleep 0.1; done'
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 7<>"$BATS_TEST_TMPDIR/in"
	yes 0123456789 >"$BATS_TEST_TMPDIR/in" 3>&- 7<&- &
	CHILDREN+=("$!")
	"$RUNTIME" --root "$ROOT" run "$ID" <"$BATS_TEST_TMPDIR/in" 3>&- 7<&- >"$BATS_TEST_TMPDIR/out" 2>&1 &
	bg_pid=$!
	CHILDREN+=("$bg_pid")
	wait_for file_has "$BATS_TEST_TMPDIR/out" later
	kill -TERM "$bg_pid"
	wait_for file_has "$BATS_TEST_TMPDIR/out" got-term
	wait_for is_gone "$bg_pid"
	exec 7<&-
}

@test "limits: a terminal's output arrives whole, however slowly it is read" {
	set_config '.process.terminal = true'
	set_script 'stty -opost; i=0; while [ $i -lt 20000 ]; do echo "line $i"; i=$((i + 1)); done'
	mkfifo "$BATS_TEST_TMPDIR/out"
	(for _ in 1 2 3 4 5 6; do dd bs=4096 count=2 2>/dev/null; sleep 0.3; done; cat) \
		<"$BATS_TEST_TMPDIR/out" >"$BATS_TEST_TMPDIR/got" 3>&- &
	reader=$!
	limited "$RUNTIME" --root "$ROOT" run "$ID" </dev/null 3>&- >"$BATS_TEST_TMPDIR/out"
	wait "$reader"
	is "$(tr -d '\r' <"$BATS_TEST_TMPDIR/got" | md5sum)" "$(for ((i = 0; i < 20000; i++)); do echo "line $i"; done | md5sum)"
}

@test "limits: ps that says nothing" {
	sleeper
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\nexec sleep 1003\n' >"$BATS_TEST_TMPDIR/bin/ps"
	chmod 755 "$BATS_TEST_TMPDIR/bin/ps"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH ends_within 20 rt_fails ps "$ID"
	says ps "timed out"
	! pgrep -f "sleep 1003"
}

@test "limits: criu that says nothing" {
	sleeper
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\nexec sleep 1004\n' >"$BATS_TEST_TMPDIR/bin/criu"
	chmod 755 "$BATS_TEST_TMPDIR/bin/criu"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH ends_within 24 rt_fails checkpoint --image-path "$BATS_TEST_TMPDIR/image" "$ID"
	says criu "no answer"
	is "$(state_of "$ID")" running
	! pgrep -f "sleep 1004"
}

@test "limits: an init that has ended and that nobody reaps" {
	set_args true
	background "$PYTHON" -c '
import ctypes, subprocess, sys, time
ctypes.CDLL(None).prctl(36, 1) # PR_SET_CHILD_SUBREAPER
subprocess.run(sys.argv[1:], check=True, stdin=subprocess.DEVNULL)
print("made", flush=True)
time.sleep(1000)' "$RUNTIME" --root "$ROOT" run --detach "$ID"
	wait_for file_has "$bg_out" made
	wait_state "$ID" stopped
	ends_within 5 rt_ok delete "$ID"
	[ ! -e "$ROOT/$ID" ]
}
