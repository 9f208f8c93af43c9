#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# What is saved of a container, and the options of checkpoint; restore as far as it shows what was saved.

load criu

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
