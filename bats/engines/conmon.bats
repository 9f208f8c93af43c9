#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# conmon in front of the runtime, as CRI-O and podman start it.

load engines

setup_file() {
	engine_begin conmon any conmon busybox || return 0
	mkdir "$E/exits" "$E/sockets" "$E/state"
}

teardown_file() {
	engine_end
}

clean_up() {
	local d

	for d in "$E"/state/*/; do
		[ -d "$d" ] || continue
		d=${d%/}
		"$RUNTIME" --root "$E/state" delete --force "${d##*/}" >/dev/null 2>&1 3>&- || true
	done
}

runtime() {
	"$RUNTIME" --root "$E/state" "$@" 3>&-
}

# bundle [FILTER]: a bundle in ./b for the container $C.
bundle() {
	mkdir -p b
	cp -a "$E/rootfs" b/rootfs
	jq -n --arg cg "$CG/$C" "{
		ociVersion: \"1.0.2\",
		process: {user: {uid: 0, gid: 0}, args: \$ARGS.positional, env: [\"PATH=/bin\"], cwd: \"/\"},
		root: {path: \"rootfs\"}, hostname: \"h\",
		mounts: [
			{destination: \"/proc\", type: \"proc\", source: \"proc\"},
			{destination: \"/dev\", type: \"tmpfs\", source: \"tmpfs\", options: [\"nosuid\", \"mode=755\"]},
			{destination: \"/dev/pts\", type: \"devpts\", source: \"devpts\", options: [\"newinstance\", \"ptmxmode=0666\", \"mode=0620\"]}
		],
		linux: {cgroupsPath: \$cg, namespaces: [{type: \"pid\"}, {type: \"mount\"}, {type: \"uts\"}, {type: \"ipc\"}]}
	} | $1" --args -- "${@:2}" >b/config.json
}

# monitor [OPTION...]: conmon for the container; $told is what it tells its caller: the pid, or -1.
monitor() {
	rm -f sync
	call env _OCI_SYNCPIPE=4 conmon --api-version 1 -c "$C" -u "$C" -n "$C" -r "$RUNTIME" --runtime-arg --root="$E/state" -b "$PWD/b" \
		-p "$PWD/pidfile" --conmon-pidfile "$PWD/conmon.pid" -l "k8s-file:$PWD/log" --exit-dir "$E/exits" --socket-dir-path "$E/sockets" \
		--log-level error "$@" 4>sync
	listen
}

# conmon forks at once; what has come of the runtime it says later.
listen() {
	wait_for grep -q data sync
	told=$(head -n 1 sync | jq .data)
}

# The exit status of an exec is the second thing it says.
exec_exited() {
	wait_for awk 'NR == 2 { exit } END { if (NR < 2) exit 1 }' sync
	is "$(tail -n 1 sync | jq .data)" "$1"
}

# monitor_exec NAME [OPTION...]: conmon for the process in ./NAME.json.
monitor_exec() {
	rm -f sync
	call env _OCI_SYNCPIPE=4 conmon --api-version 1 -e -c "$C" -u "$C-$1" -n "$C" -r "$RUNTIME" --runtime-arg --root="$E/state" -b "$PWD" \
		-p "$PWD/$1.pid" -l "k8s-file:$PWD/$1.log" --exit-dir "$E/exits" --socket-dir-path "$E/sockets" \
		--exec-process-spec "$PWD/$1.json" --log-level error "${@:2}" 4>sync
	listen
}

process() {
	jq -n "{user: {uid: 0, gid: 0}, args: \$ARGS.positional, env: [\"PATH=/bin\"], cwd: \"/\"} | $2" --args -- "${@:3}" >"$1.json"
}

log_of() {
	cut -d' ' -f4- "$1" | tr -d '\r'
}

exited() {
	wait_for test -s "$E/exits/$1"
	is "$(cat "$E/exits/$1")" "$2"
}

@test "conmon: create, start, the log, the exit status" {
	bundle . sh -c 'echo one; echo two >&2; exit 5'
	monitor
	is "$told" "$(cat pidfile)"
	is "$(runtime state "$C" | jq -r .status)" created
	is "$(awk '/^PPid/ { print $2 }' "/proc/$(cat pidfile)/status")" "$(cat conmon.pid)"
	ok "$RUNTIME" --root "$E/state" start "$C"
	exited "$C" 5
	has "$(log_of log)" one
	has "$(log_of log)" two
	is "$(runtime state "$C" | jq -r .status)" stopped
	ok "$RUNTIME" --root "$E/state" delete --force "$C"
}

@test "conmon: a container killed by a signal" {
	bundle . sleep 1000
	monitor
	ok "$RUNTIME" --root "$E/state" start "$C"
	ok "$RUNTIME" --root "$E/state" kill "$C" 9
	exited "$C" 137
}

@test "conmon: with a terminal" {
	bundle '.process.terminal = true' sh -c 'tty; test -t 0 && test -t 1 && test -t 2 && echo terminal'
	monitor -t
	[ "$told" -gt 0 ] || { cat sync && return 1; }
	ok "$RUNTIME" --root "$E/state" start "$C"
	exited "$C" 0
	has "$(log_of log)" /dev/pts/0
	has "$(log_of log)" terminal
}

@test "conmon: a failing create is told to the caller, and leaves nothing" {
	bundle . nosuch
	monitor
	is "$told" -1
	has "$(cat sync)$err" 'executable file not found in $PATH'
	[ ! -e "$E/state/$C" ]
	is "$(find /sys/fs/cgroup -type d -path "*$CG/$C")" ""
}

@test "conmon: a failing create with the runtime's log in JSON" {
	bundle . /etc/plain
	monitor --runtime-arg --log="$PWD/oci-log" --runtime-arg --log-format=json
	is "$told" -1
	is "$(tail -n 1 oci-log | jq -r .level)" error
	has "$(tail -n 1 oci-log | jq -r .msg)" "permission denied"
}

@test "conmon: exec, with and without a terminal" {
	bundle '.process.terminal = false' sleep 1000
	monitor
	ok "$RUNTIME" --root "$E/state" start "$C"
	process e1 . sh -c 'echo one; exit 6'
	monitor_exec e1
	[ "$told" -gt 0 ] || { cat sync && return 1; }
	exec_exited 6
	is "$(log_of e1.log)" one
	process e2 '.terminal = true' sh -c 'tty; exit 7'
	monitor_exec e2 -t
	exec_exited 7
	has "$(log_of e2.log)" /dev/pts/0
	process e3 . nosuch
	monitor_exec e3
	[ "$told" -lt 0 ]
	has "$(cat sync)$err" 'executable file not found in $PATH'
	is "$(runtime state "$C" | jq -r .status)" running
}

@test "conmon: its exit command runs after the container" {
	bundle . true
	monitor --exit-command "$(command -v touch)" --exit-command-arg "$PWD/after"
	ok "$RUNTIME" --root "$E/state" start "$C"
	wait_for test -e after
}

@test "conmon: standard input" {
	bundle . sh -c 'test ! -t 0; cat; echo end of input'
	monitor
	ok "$RUNTIME" --root "$E/state" start "$C"
	exited "$C" 0
	is "$(log_of log)" "end of input"
}

@test "conmon: descriptors and signals of conmon do not reach the container" {
	bundle . sh -c 'ls /proc/self/fd | tr "\n" " "; sed -n "s/^SigIgn:[[:space:]]*/0x/p" /proc/self/status'
	monitor
	ok "$RUNTIME" --root "$E/state" start "$C"
	exited "$C" 0
	has "$(log_of log)" "0 1 2 3 "
	is "$(($(log_of log | grep -o '0x.*') & 0x1000))" 0
}

@test "conmon: no pivot_root, and no new keyring" {
	bundle . echo moved
	monitor --no-pivot --no-new-keyring
	[ "$told" -gt 0 ] || { cat sync && return 1; }
	ok "$RUNTIME" --root "$E/state" start "$C"
	exited "$C" 0
	is "$(log_of log)" moved
}

@test "conmon: the caller's end does not take the container along" {
	bundle . sleep 1000
	monitor
	ok "$RUNTIME" --root "$E/state" start "$C"
	kill -KILL "$(cat conmon.pid)"
	wait_for is_gone "$(cat conmon.pid)"
	is "$(runtime state "$C" | jq -r .status)" running
	ok "$RUNTIME" --root "$E/state" delete --force "$C"
	is_gone "$(cat pidfile)"
}

# attached TEXT [END]: what comes through the attach socket of the container after TEXT was typed, until END was seen or the
# socket is closed.
attached() {
	"$PYTHON" -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.settimeout(20)
s.connect(sys.argv[1])
s.send(sys.argv[2].encode())
seen = b""
while not sys.argv[3] or sys.argv[3].encode() not in seen:
    data = s.recv(8193)
    if not data:
        break
    seen += data[1:]
sys.stdout.buffer.write(seen.replace(b"\r", b""))' "$E/sockets/$C/attach" "$1"$'\n' "${2-}" 3>&-
}

@test "conmon: attach" {
	bundle . sh -c 'read line; echo "got $line"; read line; echo "then $line"; exit 8'
	monitor --stdin --leave-stdin-open
	ok "$RUNTIME" --root "$E/state" start "$C"
	is "$(attached first 'got first')" "got first"
	is "$(attached second)" "then second"
	exited "$C" 8
}

@test "conmon: attach to a terminal; its size by the control pipe" {
	bundle '.process.terminal = true' sh -c 'until [ "$(stty size)" = "31 97" ]; do sleep 0.1; done; echo sized; read line; echo "got $line"'
	monitor -t --stdin
	ok "$RUNTIME" --root "$E/state" start "$C"
	echo '1 31 97' >b/ctl
	wait_for grep -q sized log
	has "$(attached typed)" "got typed"
	exited "$C" 0
}

@test "conmon: the log is opened again" {
	bundle . sh -c 'echo one; while [ ! -e /tmp/go ]; do sleep 0.1; done; echo two'
	monitor
	ok "$RUNTIME" --root "$E/state" start "$C"
	wait_for grep -q one log
	mv log old
	echo '2 0 0' >b/ctl
	wait_for test -e log
	: >b/rootfs/tmp/go
	exited "$C" 0
	is "$(log_of log)" two
}

@test "conmon: time-outs of exec and of the container" {
	bundle . sleep 1000
	monitor
	ok "$RUNTIME" --root "$E/state" start "$C"
	process e1 . sleep 1001
	monitor_exec e1 -T 1
	pid=$told
	exec_exited -1
	has "$(cat sync)" "timed out"
	wait_for is_gone "$pid"
	is "$(runtime state "$C" | jq -r .status)" running
	ok "$RUNTIME" --root "$E/state" delete --force "$C"
	rm -rf b
	C=$C-2
	bundle . sleep 1002
	monitor -T 1
	ok "$RUNTIME" --root "$E/state" start "$C"
	wait_for is_gone "$told"
}

@test "conmon: exec as another user; its output apart" {
	bundle . sleep 1000
	monitor
	ok "$RUNTIME" --root "$E/state" start "$C"
	process e1 '.user = {uid: 77, gid: 88, additionalGids: [99]} | .cwd = "/tmp" | .env += ["A=b"]' sh -c 'id -u; id -G; pwd; echo $A >&2'
	monitor_exec e1
	exec_exited 0
	is "$(grep ' stdout ' e1.log | cut -d' ' -f4-)" "$(printf '77\n88 99\n/tmp')"
	is "$(grep ' stderr ' e1.log | cut -d' ' -f4-)" b
}

@test "conmon: what its caller does beside it: update, pause, resume, ps, kill" {
	requires_controller pids
	bundle '.linux.resources = {pids: {limit: 30}}' sh -c 'sleep 1001 & sleep 1002; true'
	monitor
	ok "$RUNTIME" --root "$E/state" start "$C"
	echo '{"pids": {"limit": 40}}' >r.json
	STDIN=r.json ok "$RUNTIME" --root "$E/state" update --resources - "$C"
	is "$(cgroup_value "$told" pids pids.max)" 40
	wait_for pids_are 3
	ok "$RUNTIME" --root "$E/state" pause "$C"
	is "$(runtime state "$C" | jq -r .status)" paused
	ok "$RUNTIME" --root "$E/state" resume "$C"
	ok "$RUNTIME" --root "$E/state" kill --all "$C" KILL
	exited "$C" 137
}

pids_are() {
	[ "$(runtime ps --format json "$C" | jq length)" = "$1" ]
}

@test "conmon: 20 at once" {
	for i in $(seq 20); do
		(C=$C-$i && mkdir "$i" && cd "$i" && bundle . sh -c "echo out $i; exit $i" && monitor &&
			runtime start "$C" && exited "$C" "$i" && is "$(log_of log)" "out $i") >"r.$i" 2>&1 3>&- &
		pids[i]=$!
	done
	for i in $(seq 20); do wait "${pids[i]}" || { cat "r.$i" && return 1; }; done
}
