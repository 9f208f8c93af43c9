#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# CRIU is what $CRIU names, or the criu of $PATH; contrib/criu gets one that starts.

load helpers

setup() {
	common_setup
	CRIU=${CRIU:-$(command -v criu || true)}
	[ -n "$CRIU" ] || skip "needs criu"
	if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] && grep -qv '^0:' /proc/self/cgroup; then
		skip "CRIU would save and restore v1 cgroups, which this view hides"
	fi
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s "$CRIU" "$BATS_TEST_TMPDIR/bin/criu"
	PATH="$BATS_TEST_TMPDIR/bin:$PATH"
}

# counter: a container that counts in a variable of its shell and in a file, so that a start from new is seen. The file is
# never cut off in between: a count can be read at any time.
counter() {
	set_script 'n=0; while :; do n=$((n + 1)); echo $n 1<>/tmp/n; sleep 0.1; done'
	rt_ok run --detach "$@" "$ID"
	wait_for count_above 3
}

count() {
	cat "${COUNT:-rootfs/tmp/n}"
}

count_above() {
	local n

	n=$(count) && [ "${n:-0}" -gt "$1" ]
}

save() {
	rt_ok checkpoint "$@" "$ID"
}

restore() {
	rt_ok restore --detach "$@" "$ID"
}

# The container goes on where it was, and can be used as any other.
goes_on() {
	local before

	is "$(state_of "$ID")" running
	before=$(count)
	wait_for count_above $((before + 3))
	rt_ok exec "$ID" sh -c 'echo $((6 * 7))'
	is "$out" 42
}

@test "checkpoint: a container is gone, and goes on after restore, twice" {
	counter
	for _ in 1 2; do
		save
		rt_fails state "$ID"
		saved=$(count)
		[ "$saved" -gt 3 ]
		restore
		goes_on
		count_above "$saved"
	done
}

@test "checkpoint: --leave-running, and restore under another id beside it" {
	counter
	save --leave-running
	is "$(state_of "$ID")" running
	goes_on
	rt_fails restore --detach "$ID"
	says "already exists"
	rt_ok delete --force "$ID"
	restore
	goes_on
}

@test "checkpoint: only a container that runs" {
	set_args sleep 1000
	rt_ok create "$ID"
	rt_fails checkpoint "$ID"
	says "cannot be checkpointed in created state"
	rt_ok kill "$ID" KILL
	wait_state "$ID" stopped
	rt_fails checkpoint "$ID"
	says "cannot be checkpointed in stopped state"
	[ ! -e checkpoint ]
}

@test "checkpoint: a paused container" {
	counter
	rt_ok pause "$ID"
	save --leave-running
	is "$(state_of "$ID")" paused
	rt_ok resume "$ID"
	goes_on
}

@test "checkpoint: --pre-dump, --parent-path" {
	counter
	rt checkpoint --pre-dump --image-path parent "$ID"
	[ "$status" -eq 0 ] || { is "$(state_of "$ID")" running && skip "no tracking of dirty memory: $err"; }
	goes_on
	save --parent-path ../parent --image-path images
	[ -e images/parent ]
	restore --image-path images
	goes_on
}

@test "checkpoint: what is wrong with the command line is said before anything is done" {
	counter
	rt_fails checkpoint --parent-path /tmp "$ID"
	says "--parent-path must be relative"
	rt_fails checkpoint --parent-path nowhere "$ID"
	says "invalid --parent-path: nowhere: no such file or directory"
	rt_fails checkpoint --manage-cgroups-mode none "$ID"
	says "invalid manage-cgroups-mode value: none"
	rt_fails checkpoint --network-lock none "$ID"
	says "--network-lock:" "it is iptables, nftables or skip"
	rt_fails checkpoint --empty-ns pid "$ID"
	says "--empty-ns: namespace" "is not supported"
	rt_fails checkpoint --page-server 1.2.3.4 "$ID"
	says "ADDRESS:PORT"
	rt_fails checkpoint --page-server 1.2.3.4:0 "$ID"
	says "Invalid port number in --page-server: 0"
	rt_fails checkpoint --lazy-pages --status-fd 77 "$ID"
	says "invalid --status-fd argument 77: bad file descriptor"
	rt_fails checkpoint --status-fd 1 "$ID"
	says "--status-fd is for --lazy-pages"
	[ ! -e checkpoint/inventory.img ]
	goes_on
}

@test "restore: without images, and without a criu" {
	counter
	rt_fails restore --image-path nowhere "$ID-x"
	says "--image-path: nowhere: no such file or directory"
	mkdir empty
	rt_fails restore --detach --image-path empty "$ID-x"
	says "descriptors.json: no such file or directory"
	rm "$BATS_TEST_TMPDIR/bin/criu"
	PATH="$BATS_TEST_TMPDIR/bin:/bin:/usr/bin" rt_fails checkpoint "$ID"
	says "criu: executable file not found in \$PATH"
	goes_on
	rt_fails state "$ID-x"
}

@test "restore: the reason of a failure is in the message, and nothing is left" {
	counter
	save
	rm checkpoint/core-1.img
	rt_fails restore --detach "$ID"
	says "criu failed: type RESTORE" "EOF" "(log: checkpoint/restore.log)"
	nothing_left
}

# locker: counter, with a lock on /tmp/locked.
locker() {
	ldd "$(command -v flock)" | grep -o '/[^ ]*' | xargs cp --parents -Lt rootfs "$(command -v flock)"
	set_script 'n=0; exec 9>/tmp/locked; flock 9; while :; do n=$((n + 1)); echo $n 1<>/tmp/n; sleep 0.1; done'
	rt_ok run --detach "$ID"
	wait_for count_above 3
	run ! flock --nonblock rootfs/tmp/locked true
}

@test "checkpoint: the reason of a failure is in the message, and the container goes on" {
	locker
	rt_fails checkpoint "$ID"
	says "criu failed: type DUMP" "file locks" "(log: checkpoint/dump.log)"
	goes_on
}

@test "checkpoint: --file-locks" {
	locker
	save --file-locks
	flock --nonblock rootfs/tmp/locked true
	restore --file-locks
	goes_on
	run ! flock --nonblock rootfs/tmp/locked true
}

@test "restore: in the foreground, the exit status is the container's" {
	set_script 'touch /tmp/up; while [ ! -e /tmp/end ]; do sleep 0.1; done; exit 7'
	rt_ok run --detach "$ID"
	wait_for test -e rootfs/tmp/up
	save
	touch rootfs/tmp/end
	rt restore "$ID"
	is "$status" 7
	nothing_left
}

# with_streams OUT VERB...: with the fifo of descriptor 8 as standard input, a pipe to OUT as standard output and a new file
# for errors.
with_streams() {
	local to=$1

	shift
	limited "$RUNTIME" --root "$ROOT" "$@" <&8 2>"$to.err" 3>&- > >(exec cat >"$to" 3>&-)
}

@test "restore: the standard streams, pipes and files of the host, are those of restore" {
	mkfifo in in2
	exec 8<>in
	set_script 'echo up; while read -r l; do echo "<$l>"; done'
	with_streams said run --detach "$ID"
	echo first >in
	wait_for file_has said "<first>"
	save
	exec 8<>in2
	with_streams said2 restore --detach "$ID"
	echo second >in2
	wait_for file_has said2 "<second>"
	is "$(cat said2)" "<second>"
	is "$(tr '\n' ' ' <said)" "up <first> "
	exec 8>&-
}

@test "checkpoint: a terminal" {
	set_config '.process.terminal = true'
	console_receiver
	set_script 'n=0; while read -r l; do n=$((n + 1)); echo "$n<$l>"; done'
	rt_ok run --detach --console-socket "$CONSOLE" "$ID"
	echo first >"$CONSOLE_IN"
	wait_for file_has "$CONSOLE_OUT" "1<first>"
	save
	kill "$console_pid" || true
	rm -rf "$CONSOLE_DIR" "$CONSOLE_IN" "$CONSOLE_OUT"
	console_receiver
	restore --console-socket "$CONSOLE"
	echo second >"$CONSOLE_IN"
	wait_for file_has "$CONSOLE_OUT" "2<second>"
}

@test "restore: binds, also through a symbolic link, are the host's; missing mount points are made" {
	mkdir -p outer inner rootfs/real
	ln -s /real/there rootfs/link
	add_mount /link bind "$PWD/outer" bind rw
	add_mount /link/deep/inner bind "$PWD/inner" bind ro
	counter
	save
	rm -rf outer/deep
	echo new >inner/word
	restore
	goes_on
	rt_ok exec "$ID" cat /link/deep/inner/word
	is "$out" new
	rt exec "$ID" touch /link/deep/inner/x
	[ "$status" -ne 0 ]
	rt_ok exec "$ID" touch /link/y
	[ -e outer/y ]
}

@test "restore: what was masked and read-only is so" {
	all_caps
	counter
	save
	restore
	goes_on
	rt_ok exec "$ID" cat /proc/keys /proc/timer_list
	is "$out" ""
	rt exec "$ID" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	[ "$status" -ne 0 ]
	rt_ok exec "$ID" ls /sys/firmware
	is "$out" ""
}

# with_null ARG...: the runtime with nothing but /dev/null. Files of ours are not for root of a user namespace to open.
with_null() {
	limited "$RUNTIME" --root "$ROOT" "$@" </dev/null >/dev/null 2>&1 3>&-
}

# mounts_of ID: what is mounted in the container from where and how, but for masks: any null device will do.
mounts_of() {
	awk '$4 != "/null" { for (i = 7; $i != "-"; i++); print $4, $5, $6, $(i + 1) }' "/proc/$(pid_of "$1")/mountinfo" | sort
}

# same_mounts [JQ...]: saved and restored with this in its config, the container has the mounts it had.
same_mounts() {
	[ $# = 0 ] || set_config "$@"
	set_script 'n=0; while :; do n=$((n + 1)); echo $n 1<>/tmp/n; sleep 0.1; done'
	with_null run --detach "$ID"
	wait_for count_above 3
	before=$(mounts_of "$ID")
	save
	with_null restore --detach "$ID"
	is "$(mounts_of "$ID")" "$before"
	goes_on
}

@test "restore: each mount is the one it was" {
	mkdir vol tmp
	add_mount /vol bind "$PWD/vol" bind ro nosuid
	add_mount /data tmpfs tmpfs noexec size=64k
	add_mount /tmp bind "$PWD/tmp" bind rw
	COUNT=tmp/n
	same_mounts '.root.readonly = true'
}

@test "restore: each mount is the one it was, with a cgroup namespace" {
	same_mounts '.linux.namespaces += [{type: "cgroup"}]'
}

@test "restore: each mount is the one it was, in a user namespace" {
	remap 100000
	same_mounts
}

@test "restore: each mount is the one it was, with a user and a cgroup namespace" {
	remap 100000
	same_mounts '.linux.namespaces += [{type: "cgroup"}]'
}

@test "restore: limits are in force, before and after" {
	requires_controller pids
	set_config '.linux.resources.pids = {limit: 20}'
	counter
	save
	restore
	is "$(cgroup_value "$(pid_of "$ID")" pids pids.max)" 20
	rt_ok update --pids-limit 30 "$ID"
	is "$(cgroup_value "$(pid_of "$ID")" pids pids.max)" 30
	goes_on
}

@test "restore: into another cgroup with --manage-cgroups-mode ignore" {
	set_config ".linux.cgroupsPath = \"$(cgroups_path "$ID-a")\""
	counter
	save --manage-cgroups-mode ignore
	set_config ".linux.cgroupsPath = \"$(cgroups_path "$ID-b")\""
	restore --manage-cgroups-mode ignore
	has "$(cat "/proc/$(pid_of "$ID")/cgroup")" "$ID-b"
	is "$(find /sys/fs/cgroup -type d -name "$ID-a")" ""
	goes_on
}

@test "restore: pause, kill and delete work" {
	counter
	save
	restore --pid-file pid
	is "$(cat pid)" "$(pid_of "$ID")"
	rt_ok pause "$ID"
	is "$(state_of "$ID")" paused
	rt_ok resume "$ID"
	goes_on
	rt_ok kill "$ID" KILL
	wait_state "$ID" stopped
	rt_ok delete "$ID"
	nothing_left
}

@test "restore: prestart, createRuntime, poststart and poststop hooks, in the container's network namespace" {
	set_config ".hooks = {
		createRuntime: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"echo createRuntime >>$PWD/hooks; cat >$PWD/state\"]}],
		poststart: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"echo poststart >>$PWD/hooks\"]}],
		poststop: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"echo poststop >>$PWD/hooks\"]}]}"
	counter
	save
	is "$(tr '\n' ' ' <hooks)" "createRuntime poststart poststop "
	rm hooks
	restore
	is "$(tr '\n' ' ' <hooks)" "createRuntime poststart "
	is "$(jq -r .id state)" "$ID"
	goes_on
}

@test "restore: loopback is up, and a connection in the container lives" {
	set_script 'nc -l -p 77 -e sh -c "while read l; do echo back \$l; done" &
		sleep 1; { n=0; while :; do n=$((n + 1)); echo $n; sleep 0.1; done; } | nc 127.0.0.1 77 |
		while read -r a b; do echo $b 1<>/tmp/n; done'
	rt_ok run --detach "$ID"
	wait_for count_above 3
	rt_fails checkpoint --network-lock skip "$ID"
	says "onnected TCP"
	goes_on
	save --tcp-established --network-lock skip
	restore --tcp-established --network-lock skip
	goes_on
	rt_ok exec "$ID" ifconfig lo
	has "$out" UP
}

@test "restore: a network namespace by path is joined again" {
	mkdir -p net
	touch net/ns
	unshare --net="$PWD/net/ns" true
	set_config ".linux.namespaces |= map(if .type == \"network\" then .path = \"$PWD/net/ns\" else . end)"
	counter
	save
	restore
	is "$(stat -Lc %i "/proc/$(pid_of "$ID")/ns/net")" "$(stat -Lc %i net/ns)"
	goes_on
	rt_ok delete --force "$ID"
	umount net/ns
}

@test "checkpoint: org.criu.config" {
	echo 'log-file=other.log' >criu.conf
	set_config ".annotations = {\"org.criu.config\": \"$PWD/criu.conf\"}"
	counter
	save --work-path work
	[ -e work/other.log ]
	[ ! -e work/dump.log ]
	restore --work-path work
	goes_on
}

@test "checkpoint: a cgroup namespace" {
	set_config '.linux.namespaces += [{type: "cgroup"}]'
	counter
	save
	restore
	goes_on
}

@test "restore: ipc and uts namespaces by path are joined again" {
	mkdir -p ns
	for n in ipc uts; do
		touch "ns/$n"
		unshare "--$n=$PWD/ns/$n" true
		set_config ".linux.namespaces |= map(if .type == \"$n\" then .path = \"$PWD/ns/$n\" else . end)"
	done
	set_config 'del(.hostname)'
	counter
	save
	restore
	for n in ipc uts; do
		is "$(stat -Lc %i "/proc/$(pid_of "$ID")/ns/$n")" "$(stat -Lc %i "ns/$n")"
	done
	goes_on
	rt_ok delete --force "$ID"
	umount ns/*
}

@test "restore: a pid namespace by path is joined again" {
	mkdir -p ns
	touch ns/pid
	# its first process has to reap
	unshare --fork --kill-child "--pid=$PWD/ns/pid" bash -c 'while :; do sleep 1; done' 3>&- &
	CHILDREN+=($!)
	wait_for mountpoint -q ns/pid
	set_config ".linux.namespaces |= map(if .type == \"pid\" then .path = \"$PWD/ns/pid\" else . end)"
	counter
	pid=$(pid_of "$ID")
	save
	wait_for test ! -e "/proc/$pid"
	restore
	is "$(stat -Lc %i "/proc/$(pid_of "$ID")/ns/pid")" "$(stat -Lc %i ns/pid)"
	goes_on
	rt_ok delete --force "$ID"
	umount ns/pid
}

@test "restore: the network and other namespaces of the host" {
	set_config '.linux.namespaces |= map(select(.type == "pid" or .type == "mount"))' 'del(.hostname)' \
		'.mounts |= map(select(.type != "sysfs" and .type != "mqueue" and .type != "cgroup"))'
	counter
	save
	restore
	goes_on
}

@test "restore: a user namespace" {
	remap 100000
	set_script 'n=0; while :; do n=$((n + 1)); echo $n 1<>/tmp/n; sleep 0.1; done'
	with_null run --detach "$ID"
	wait_for count_above 3
	save
	with_null restore --detach "$ID"
	is "$(awk '{ print $2 }' "/proc/$(pid_of "$ID")/uid_map")" 100000
	goes_on
}

@test "restore: a read-only root, and a rootfs on a shared mount" {
	mkdir shared
	mount -t tmpfs -o size=64m tmpfs shared
	mount --make-shared shared
	cp -a rootfs shared/
	mkdir vol
	set_config ".root = {path: \"$PWD/shared/rootfs\", readonly: true}"
	add_mount /tmp bind "$PWD/rootfs/tmp" rbind rw rslave
	counter
	mounts=$(wc -l </proc/self/mountinfo)
	save
	restore
	goes_on
	rt exec "$ID" touch /x
	[ "$status" -ne 0 ]
	rt_ok delete --force "$ID"
	is "$(wc -l </proc/self/mountinfo)" "$mounts"
	umount shared
}

@test "restore: a seccomp filter, capabilities, limits and no_new_privs" {
	set_config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO"}]}'
	counter
	before=$(grep -E '^(Cap|NoNewPrivs|Seccomp:)' "/proc/$(pid_of "$ID")/status"; grep files "/proc/$(pid_of "$ID")/limits")
	save
	restore
	after=$(grep -E '^(Cap|NoNewPrivs|Seccomp:)' "/proc/$(pid_of "$ID")/status"; grep files "/proc/$(pid_of "$ID")/limits")
	is "$after" "$before"
	goes_on
}

@test "checkpoint: processes that exec has left behind are saved, too" {
	counter
	# a sleep may find its time over
	rt_ok exec "$ID" sh -c 'while :; do sleep 1234; done </dev/null >/dev/null 2>&1 &'
	save
	restore
	rt_ok exec "$ID" ps
	has "$out" "sleep 1234"
	goes_on
}

# with_host_python: python3 of the host in the container.
with_host_python() {
	mkdir -p rootfs/usr rootfs/lib rootfs/lib64
	add_mount /usr bind /usr rbind ro
	add_mount /lib bind /lib rbind ro
	[ ! -d /lib64 ] || add_mount /lib64 bind /lib64 rbind ro
}

@test "checkpoint: --ext-unix-sk" {
	with_host_python
	background "$PYTHON" -c 'import os, socket; os.umask(0); s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("sock")
while True: s.recv(99)'
	wait_for test -S sock
	add_mount /sock bind "$PWD/sock" bind
	cat >rootfs/talk.py <<-'P'
		import socket, time
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.connect("/sock")
		n = 0
		while True:
		    n += 1
		    s.send(b"%d\n" % n)
		    open("/tmp/n", "w").write("%d" % n)
		    time.sleep(0.1)
	P
	# CRIU sees the other end only in a network namespace that both are in
	set_config '.linux.namespaces |= map(select(.type != "network"))' '.mounts |= map(select(.type != "sysfs" and .type != "cgroup"))'
	set_args /usr/bin/python3 /talk.py
	with_null run --detach "$ID"
	wait_for count_above 3
	rt_fails checkpoint "$ID"
	says "External socket"
	save --ext-unix-sk
	restore --ext-unix-sk
	goes_on
}

@test "checkpoint: --tcp-close" {
	with_host_python
	cat >rootfs/talk.py <<-'P'
		import socket, time
		l = socket.create_server(("127.0.0.1", 77))
		c = socket.create_connection(("127.0.0.1", 77))
		a, _ = l.accept()
		n = 0
		while True:
		    n += 1
		    try:
		        a.send(b"x")
		        c.recv(1)
		    except OSError as e:
		        open("/tmp/closed", "w").write(str(e))
		    open("/tmp/n", "w").write("%d" % n)
		    time.sleep(0.1)
	P
	set_args /usr/bin/python3 /talk.py
	with_null run --detach "$ID"
	wait_for count_above 3
	[ ! -e rootfs/tmp/closed ]
	save --tcp-close --network-lock skip
	restore --tcp-close --network-lock skip
	goes_on
	[ -e rootfs/tmp/closed ]
}

@test "checkpoint: --tcp-skip-in-flight" {
	with_host_python
	cat >rootfs/talk.py <<-'P'
		import socket, time
		l = socket.create_server(("127.0.0.1", 77))
		c = socket.create_connection(("127.0.0.1", 77))
		n = 0
		while True:
		    n += 1
		    open("/tmp/n", "w").write("%d" % n)
		    time.sleep(0.1)
	P
	set_args /usr/bin/python3 /talk.py
	with_null run --detach "$ID"
	wait_for count_above 3
	rt_fails checkpoint --tcp-established --network-lock skip "$ID"
	says "In-flight connection"
	goes_on
	save --tcp-established --tcp-skip-in-flight --network-lock skip
	restore --tcp-established --network-lock skip
	goes_on
}

@test "checkpoint: --network-lock, by nftables and by iptables" {
	with_host_python
	cat >rootfs/talk.py <<-'P'
		import socket, time
		l = socket.create_server(("127.0.0.1", 77))
		c = socket.create_connection(("127.0.0.1", 77))
		a, _ = l.accept()
		n = 0
		while True:
		    n += 1
		    a.send(b"x")
		    c.recv(1)
		    open("/tmp/n", "w").write("%d" % n)
		    time.sleep(0.1)
	P
	set_args /usr/bin/python3 /talk.py
	with_null run --detach "$ID"
	wait_for count_above 3
	# what runs iptables-restore here has no rules to lock with
	printf '#!/bin/sh\necho "$0" >>%s/called\nexit 1\n' "$PWD" >"$BATS_TEST_TMPDIR/bin/iptables-restore"
	chmod 755 "$BATS_TEST_TMPDIR/bin/iptables-restore"
	rt_fails checkpoint --tcp-established --network-lock iptables "$ID"
	[ -s called ]
	rm called "$BATS_TEST_TMPDIR/bin/iptables-restore"
	goes_on
	for how in nftables iptables; do
		rt checkpoint --tcp-established --network-lock $how "$ID"
		if [ "$status" -ne 0 ]; then
			echo "$how: $err"
			[ $how = iptables ] && ! command -v iptables-restore && skip "after nftables: no iptables here"
			return 1
		fi
		restore --tcp-established --network-lock $how
		goes_on
	done
}

@test "checkpoint: --shell-job, a terminal of the host" {
	set_script 'n=0; while :; do n=$((n + 1)); echo $n 1<>/tmp/n; echo "at $n"; sleep 0.1; done'
	cat >job <<-'JOB'
		saw() { until [ "$(cat rootfs/tmp/n)" -gt "$1" ]; do sleep 0.1; done; }
		rt() { "$RUNTIME" --root "$ROOT" "$@"; }
		rt run --detach "$ID" || exit 11
		saw 3
		! rt checkpoint "$ID" 2>without || exit 12
		rt checkpoint --shell-job "$ID" || exit 13
		echo "restore behind $(cat rootfs/tmp/n)"
		rt restore --detach --shell-job "$ID" || exit 14
		saw $(($(cat rootfs/tmp/n) + 3))
		rt kill "$ID" KILL
	JOB
	on_pty -- env "RUNTIME=$RUNTIME" "ROOT=$ROOT" "ID=$ID" bash job
	echo "$out $(cat without)"
	is "$status" 0
	has "$(cat without)" "criu failed: type DUMP"
	after=$(sed -n 's/^restore behind \([0-9]*\).*/\1/p' <<<"$out")
	has "$out" "at $((after + 2))"
}

@test "restore: --lsm-profile, --lsm-mount-context" {
	counter
	save
	rt_fails restore --detach --lsm-profile nonsense "$ID"
	says "nonsense"
	rt_fails restore --detach --lsm-profile selinux:nonsense "$ID"
	says "criu failed: type RESTORE"
	restore --lsm-mount-context system_u:object_r:container_file_t:s0
	goes_on
}

@test "checkpoint: --link-remap, a deleted file that is open" {
	set_script 'n=0; echo text >/tmp/gone; exec 5</tmp/gone; rm /tmp/gone
		while :; do n=$((n + 1)); echo $n 1<>/tmp/n; sleep 0.1; [ ! -e /tmp/look ] || { cat <&5 >/tmp/seen; rm /tmp/look; }; done'
	rt_ok run --detach "$ID"
	wait_for count_above 3
	save --link-remap
	restore
	touch rootfs/tmp/look
	wait_for file_has rootfs/tmp/seen text
}

# serve NAME COMMAND...: runs COMMAND in the background, with descriptor 7 for it to say that it is ready; ready is when it
# has, or has ended. Its errors are in NAME.err.
serve() {
	local name=$1

	shift
	"$@" </dev/null >/dev/null 2>"$name.err" 7>"$name.ready" 3>&- &
	bg_pid=$!
	CHILDREN+=("$bg_pid")
	wait_for eval "[ -s $name.ready ] || ! kill -0 $bg_pid"
}

@test "checkpoint: --page-server takes the memory" {
	counter
	mkdir pages
	port=$((20000 + RANDOM % 10000))
	serve server "$CRIU" page-server --images-dir "$PWD/pages" --address 127.0.0.1 --port $port --status-fd 7
	save --page-server 127.0.0.1:$port
	compgen -G 'pages/pages-*.img'
	run ! compgen -G 'checkpoint/pages-*.img'
	rt_fails restore --detach "$ID"
	cp pages/pa*.img checkpoint/
	restore
	goes_on
}

@test "checkpoint: --lazy-pages with --status-fd, and restore --lazy-pages, which takes the memory from it" {
	"$CRIU" check --feature uffd-noncoop || skip "criu check: this kernel has no userfaultfd for it"
	set_config ".linux.cgroupsPath = \"$(cgroups_path "$ID-a")\""
	counter
	port=$((20000 + RANDOM % 10000))
	serve dump "$RUNTIME" --root "$ROOT" checkpoint --lazy-pages --page-server 127.0.0.1:$port --status-fd 7 \
		--manage-cgroups-mode ignore "$ID"
	dump=$bg_pid
	[ -e checkpoint/inventory.img ]
	is_alive "$dump"
	saved=$(count)
	background "$CRIU" lazy-pages --page-server --address 127.0.0.1 --port $port --images-dir checkpoint
	lazy=$bg_pid
	wait_for test -S checkpoint/lazy-pages.socket
	set_config ".linux.cgroupsPath = \"$(cgroups_path "$ID-b")\""
	background "$RUNTIME" --root "$ROOT" restore --detach --lazy-pages --manage-cgroups-mode ignore "$ID-b"
	restore=$bg_pid
	wait_for eval "! kill -0 $restore || grep -q 'page-pipe: splice' checkpoint/dump.log"
	if grep -q 'page-pipe: splice' checkpoint/dump.log; then
		# it waits for ever, with what it has made
		kill -KILL "$restore"
		rt_ok delete --force "$ID-b"
		skip "CRIU cannot send memory on this kernel: $(grep -m 1 'page-pipe: splice' checkpoint/dump.log)"
	fi
	wait "$restore"
	ID=$ID-b goes_on
	count_above "$saved"
	wait "$lazy"
	wait "$dump"
	rt_fails state "$ID"
}
