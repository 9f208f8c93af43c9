#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# Attacks on what enters a container, by /proc and /sys, by mount points, ids, and on what the runtime keeps.

load security

# ---------------------------------------------------------------- what enters a container

# Tells what the runtime's file is: DEVICE:INODE.
runtime_file() {
	stat -c %d:%i "$RUNTIME"
}

# looked_at [ARG...]: a container in which `look` is on the watch while exec enters it $TRIES times. In "$caught" is what
# it got.
looked_at() {
	local n m

	cp "$BATS_FILE_TMPDIR/look" rootfs/bin/look
	mkdir -p rootfs/caught && chmod 777 rootfs/caught
	set_script "exec look $* >/caught/list 2>/dev/null"
	rt_ok run --detach "$ID"
	for ((n = 0; n < TRIES || n < 3; n++)); do
		rt_ok exec "$ID" "true"
	done
	requires strace # so that one at least is there for long enough
	for ((m = 0; m < 1 || m < 8 && $(grep -c seen rootfs/caught/list) == 0; m++)); do
		strace -f -qq -o /dev/null -e trace=execve -e inject=execve:delay_enter=300000 \
			"$RUNTIME" --root "$ROOT" exec "$ID" "true" 3>&- </dev/null || true
	done
	said_tries $((n + m))
	caught=$(cat rootfs/caught/list)
	has "$caught" seen
	caught=$(grep -v '^seen' <<<"$caught" || true)
}

@test "CVE-2016-9962: root in a container reads or traces what exec sends into it" {
	looked_at
	is "$caught" ""
}

@test "CVE-2016-9962: descriptors of the host in what exec sends in, where root may trace it (CAP_SYS_PTRACE)" {
	all_caps
	looked_at
	is "$(grep -E '^(directory|root|cwd):' <<<"$caught" || true)" ""
}

@test "CVE-2016-9962: root of a user namespace, with all capabilities in it, reads or traces what exec sends in" {
	remap 100000
	all_caps
	looked_at
	is "$caught" ""
}

@test "CVE-2019-5736: the runtime's own file is written through /proc/PID/exe" {
	before=$(sha256sum <"$RUNTIME")
	all_caps
	ln -s /proc/self/exe rootfs/bin/self
	printf '#!/proc/self/exe\n' >rootfs/bin/script && chmod 755 rootfs/bin/script
	set_config '.linux.maskedPaths = []'
	# exec of itself: what would be executed is the runtime's program
	set_args /bin/self
	rt run "$ID"
	[ ! -d "$ROOT/$ID" ] || rt_ok delete --force "$ID"
	set_args /bin/script
	rt run "$ID"
	[ ! -d "$ROOT/$ID" ] || rt_ok delete --force "$ID"
	looked_at "$(runtime_file)"
	is "$(grep '^exe:' <<<"$caught" || true)" ""
	is "$(sha256sum <"$RUNTIME")" "$before"
}

# ---------------------------------------------------------------- /proc and /sys that are not what they seem

# fake_proc DIR: files where a runtime would write to a procfs, each of them a link to a file of the image, /etc/target.
fake_proc() {
	local d

	echo target >rootfs/etc/target && chmod 666 rootfs/etc/target
	for d in self thread-self 1; do
		mkdir -p "$1/$d/attr/apparmor" "$1/$d/fd"
		for f in attr/exec attr/keycreate attr/current attr/apparmor/exec oom_score_adj setgroups uid_map; do
			ln -s /etc/target "$1/$d/$f"
		done
	done
	mkdir -p "$1/sys/net/ipv4" "$1/sys/kernel"
	ln -s /etc/target "$1/sys/net/ipv4/ping_group_range"
	ln -s /etc/target "$1/sys/kernel/msgmax"
	ln -s /etc/target "$1/sysrq-trigger"
}

# A procfs that is not masked: the configuration masks /proc/timer_list.
no_open_proc() {
	has_not "$out" OPEN
	is "$(cat rootfs/etc/target)" target
}

# From within, for its name may be another's by now.
look_for_open_proc='echo begun; for p in $(sed -n "s/^[^ ]* [^ ]* [^ ]* \/ \([^ ]*\) .* - proc .*/\1/p" /proc/self/mountinfo 2>/dev/null) \
	/proc /evil /vol/*/proc; do (cd $p 2>/dev/null && [ -e self/status ] || exit
	[ "$(stat -c %t:%T timer_list 2>/dev/null)" = 1:3 ] || echo OPEN $p); done'

@test "CVE-2019-16884, CVE-2023-28642: /proc of the image is a link to a volume with files of its own" {
	mkdir "$BATS_TEST_TMPDIR/vol"
	fake_proc "$BATS_TEST_TMPDIR/vol/a/proc"
	rmdir rootfs/proc
	ln -s vol/a/proc rootfs/proc
	set_config ".mounts = [{destination: \"/vol\", type: \"bind\", source: \"$BATS_TEST_TMPDIR/vol\", options: [\"bind\"]}] + .mounts"
	set_script "$look_for_open_proc"
	attack no_open_proc
	rm rootfs/proc
	ln -s ../../../../../../../../../../proc rootfs/proc
	attack no_open_proc
	rm rootfs/proc
	mkdir rootfs/proc
	add_mount /proc bind "$BATS_TEST_TMPDIR/vol/a/proc" bind
	set_config '.linux.sysctl = {"net.ipv4.ping_group_range": "0 0", "kernel.msgmax": "9000"}'
	refused() {
		has_not "$out" begun
		no_open_proc
	}
	attack refused
	untouched
}

@test "CVE-2019-19921, CVE-2023-27561: the same, and the volume's directories change places meanwhile" {
	mkdir "$BATS_TEST_TMPDIR/vol"
	fake_proc "$BATS_TEST_TMPDIR/vol/a/proc"
	mkdir -p "$BATS_TEST_TMPDIR/vol/b/proc"
	rmdir rootfs/proc
	ln -s vol/b/proc rootfs/proc
	set_config ".mounts = [{destination: \"/vol\", type: \"bind\", source: \"$BATS_TEST_TMPDIR/vol\", options: [\"bind\"]}] + .mounts" \
		'.linux.sysctl = {"net.ipv4.ping_group_range": "0 0", "kernel.msgmax": "9000"}' '.process.oomScoreAdj = 500'
	set_script "$look_for_open_proc"
	race "$BATS_TEST_TMPDIR/vol/a" "$BATS_TEST_TMPDIR/vol/b"
	attack no_open_proc
}

@test "CVE-2019-19921: a directory of the image and a link change places where procfs is mounted" {
	fake_proc "$BATS_TEST_TMPDIR/vol"
	cp -a "$BATS_TEST_TMPDIR/vol" rootfs/fake
	ln -s fake rootfs/evil
	set_config '.linux.sysctl = {"net.ipv4.ping_group_range": "0 0", "kernel.msgmax": "9000"}' '.process.oomScoreAdj = 500'
	set_script "$look_for_open_proc"
	at_rest attack no_open_proc
	race rootfs/proc rootfs/evil
	attack no_open_proc
}

@test "CVE-2025-52881: writes to /proc are led astray: a /proc of the image without procfs" {
	rmdir rootfs/proc
	fake_proc rootfs/proc
	set_config 'del(.mounts[] | select(.destination == "/proc"))' '.linux.maskedPaths = [] | .linux.readonlyPaths = []' \
		'.linux.sysctl = {"net.ipv4.ping_group_range": "0 0", "kernel.msgmax": "9000"}' '.process.oomScoreAdj = 500'
	set_script 'echo begun; cat /etc/target'
	at_rest attack untouched
	attack untouched
	is "$(cat rootfs/etc/target)" target
}

# exec_score: an exec that sets an OOM score, the effect of which the kernel shows.
exec_score() {
	local n

	jq '.process | .args = ["sh", "-c", "echo $$; sleep 2"] | .oomScoreAdj = 500' config.json >process.json
	for ((n = 0; n < TRIES || n < 2; n++)); do
		rm -f pid
		rt exec --detach --pid-file pid --process process.json "$ID"
		if [ "$status" = 0 ]; then
			is "$(cat "/proc/$(cat pid)/oom_score_adj")" 500 "try $n"
			EXECS=$((EXECS + 1))
		fi
		is "$(cat rootfs/etc/target)" target "try $n"
	done
	TRIED=$((TRIED + n))
}

@test "CVE-2025-52881: writes of exec to /proc are led astray: the container has covered it, and covers it meanwhile" {
	remap 100000
	all_caps
	fake_proc rootfs/fake
	cp "$BATS_FILE_TMPDIR/cover" rootfs/bin/cover
	chown -hR 100000:100000 rootfs
	set_config '.process.noNewPrivileges = false' '.linux.maskedPaths = [] | .linux.readonlyPaths = []'
	EXECS=0 TRIED=0
	set_script 'mount --bind /fake /proc && touch /covered; exec sleep 1000'
	rt_ok run --detach "$ID"
	wait_for test -e rootfs/covered
	exec_score
	# its descriptors are not looked for there, either
	on_pty -- "$RUNTIME" --root "$ROOT" exec --tty "$ID" echo begun
	has "$out" begun
	rt_ok delete --force "$ID"
	set_script 'exec cover /fake /proc'
	rt_ok run --detach "$ID"
	exec_score
	rt_ok delete --force "$ID"
	set_script 'exec cover /fake/self/attr /proc/self/attr'
	rt_ok run --detach "$ID"
	exec_score
	said_tries "$TRIED"
	[ "$EXECS" -gt 0 ]
}

# ---------------------------------------------------------------- mount points and working directories

@test "CVE-2021-30465, CVE-2024-45310: a mount point in a volume becomes a link to the host meanwhile" {
	mkdir -p "$BATS_TEST_TMPDIR/vol/dir"
	ln -s "$OUTSIDE" "$BATS_TEST_TMPDIR/vol/link"
	add_mount /vol bind "$BATS_TEST_TMPDIR/vol" bind
	add_mount /vol/dir/made tmpfs race
	add_mount /vol/dir/sub/made bind "$TOP/LICENSE" bind
	set_config '.process.cwd = "/vol/dir/cwd"'
	set_script 'echo begun; grep -q " - tmpfs race " /proc/self/mountinfo || echo ASTRAY; ls -R /vol'
	# so that the next one makes the mount points anew
	again() {
		has_not "$out" ASTRAY
		has_not "$out" ptmx
		untouched
		rm -rf rootfs/tmp/* "$BATS_TEST_TMPDIR"/vol/*/{made,sub/made,cwd} 2>/dev/null || true
	}
	at_rest attack again
	race "$BATS_TEST_TMPDIR/vol/dir" "$BATS_TEST_TMPDIR/vol/link"
	attack again
}

@test "CVE-2024-21626: the working directory is a descriptor of the host's" {
	local n try=0

	ln -s /proc/self/fd rootfs/fds
	set_script "cat ../../../../../../../../..$OUTSIDE/file file"
	for n in 3 4 5 6 7 8 9 10 11 12 13 14; do
		for p in /proc/self/fd /fds /proc/1/fd; do
			set_config ".process.cwd = \"$p/$n\""
			# one that the caller has left open, too
			rt run "$ID" 9<"$OUTSIDE" 14</
			has_not "$out" secret
			[ "$status" != 0 ] || show_call "cwd $p/$n"
			[ ! -d "$ROOT/$ID" ] || rt_ok delete --force "$ID"
			try=$((try + 1))
		done
	done
	set_config '.process.cwd = "/"'
	sleeper
	for n in 3 4 5 6 7 8 9 10 11 12 13 14; do
		for p in /proc/self/fd /fds; do
			rt exec --cwd "$p/$n" "$ID" sh -c "cat ../../../../../../../../..$OUTSIDE/file file" 9<"$OUTSIDE" 14</
			has_not "$out" secret
			[ "$status" != 0 ] || show_call "exec --cwd $p/$n"
			rt exec "$ID" "$p/$n/../../../../../../../../../..$(command -v busybox)" cat "/proc/self/fd/$n/file" 9<"$OUTSIDE" 14</
			[ "$status" != 0 ] || show_call "exec $p/$n"
			try=$((try + 2))
		done
	done
	rt_ok exec "$ID" ls -l /proc/self/fd 9<"$OUTSIDE" 14</
	has_not "$out" outside
	[ "$(grep -c -- '->' <<<"$out")" -le 4 ] # the last one is that of ls
	said_tries "$try"
}

# ---------------------------------------------------------------- ids and capabilities

@test "CVE-2026-30892: exec --user with a single digit" {
	sleeper
	for n in 0 1 2 9 01; do
		rt_ok exec --user "$n" "$ID" sh -c 'id -u; id -g'
		is "$out" "$(printf '%d\n0' "$n")"
		rt_ok exec --user "$n:$n" "$ID" sh -c 'id -u; id -g'
		is "$out" "$(printf '%d\n%d' "$n" "$n")"
	done
}

# no_inheritable: what /probe/cat says, a program with capabilities that it would get from the inheritable set.
no_inheritable() {
	is "$(sed -n 's/^CapInh:[[:space:]]*0*//p' <<<"$out")" "" "inheritable"
	[ -z "${1:-}" ] || is "$(sed -n 's/^CapEff:[[:space:]]*0*//p' <<<"$out")" "" "effective"
}

@test "CVE-2022-24769, CVE-2022-27650, CVE-2022-29162: inheritable capabilities" {
	requires setcap
	mkdir rootfs/probe
	cp rootfs/bin/busybox rootfs/probe/cat
	setcap cap_kill,cap_net_raw+ei rootfs/probe/cat || skip "no capabilities on files here"
	set_config '.process.noNewPrivileges = false'
	set_args busybox cat /proc/self/status
	rt_ok run "$ID"
	no_inheritable
	set_config '.process.user = {uid: 1000, gid: 1000}'
	set_args /probe/cat /proc/self/status
	rt_ok run "$ID"
	no_inheritable effective
	sleeper
	for o in "" "--cap CAP_NET_RAW" "--cap CAP_KILL"; do
		# shellcheck disable=SC2086
		rt_ok exec $o "$ID" busybox cat /proc/self/status
		no_inheritable
	done
	rt_ok exec "$ID" /probe/cat /proc/self/status
	no_inheritable effective
	jq '.process | .args = ["/probe/cat", "/proc/self/status"]' config.json >process.json
	rt_ok exec --process process.json "$ID"
	no_inheritable effective
	mkdir new
	rt_ok spec --bundle new
	is "$(jq -c '.process.capabilities.inheritable // []' new/config.json)" "[]"
}

# ---------------------------------------------------------------- what others may have put where the runtime looks

@test "state: a state root or directory that is not ours alone, or a link, is refused and left alone" {
	known_gap runc "looks at neither"
	known_gap crun "looks at neither"
	sleeper
	pid=$(pid_of "$ID")
	for change in "chmod 777" "chmod 775" "chown 1000"; do
		$change "$ROOT"
		for verb in state "delete --force" "kill"; do
			rt_fails $verb "$ID"
			says "state root"
		done
		chown 0 "$ROOT" && chmod 700 "$ROOT"
		$change "$ROOT/$ID"
		for verb in state "kill"; do
			rt_fails $verb "$ID"
		done
		chown 0 "$ROOT/$ID" && chmod 700 "$ROOT/$ID"
	done
	is_alive "$pid"
	# a container of that name is what somebody else says it is
	cp -a "$ROOT/$ID/." "$OUTSIDE/sub"
	BEFORE=$(outside)
	ln -s "$OUTSIDE/sub" "$ROOT/$ID-x"
	for verb in state "kill" "delete --force" "delete"; do
		rt $verb "$ID-x" KILL
		rt $verb "$ID-x"
		[ "$status" != 0 ]
	done
	is_alive "$pid"
	untouched
	rm "$ROOT/$ID-x"
	rt_ok delete --force "$ID"
}

@test "state: a cache that is a link, or not ours alone, is not used" {
	known_gap runc "has none"
	known_gap crun "looks elsewhere"
	set_config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]}'
	rt_ok run "$ID"
	[ -n "$(find "$ROOT/@cache" -name 'seccomp-*' 2>/dev/null)" ] || skip "nothing is kept here"
	rm -rf "$ROOT/@cache"
	ln -s "$OUTSIDE" "$ROOT/@cache"
	rt_ok run "$ID"
	untouched
	rm "$ROOT/@cache"
	mkdir -m 777 "$ROOT/@cache"
	chown 1000 "$ROOT/@cache"
	rt_ok run "$ID"
	is "$(find "$ROOT/@cache" -name 'seccomp-*' -user 1000)" ""
	rm -rf "$ROOT/@cache"
}

# ---------------------------------------------------------------- the process that reads what a container sends

# relay_of RUNTIME-PID: sets $relay.
relay_of() {
	relay=$(pgrep -P "$1" -x enviro-oci:rela)
}

in_jail() {
	is "$(awk '/^(Seccomp|NoNewPrivs):/ { print $2 }' "/proc/$relay/status")" "$(printf '1\n2')" "no_new_privs, seccomp"
	# the standard streams, a socket to the runtime, and what it relays, for writing without being held up, too
	[ "$(ls "/proc/$relay/fd" | wc -l)" -le 7 ] || { ls -l "/proc/$relay/fd" && false; }
}

@test "jail: a terminal is relayed by a process that can do nothing else, of run and exec" {
	known_gap runc "has none"
	known_gap crun "has none"
	set_config '.process.terminal = true'
	set_script 'echo begun; exec sleep 1000'
	background "$PYTHON" "$BATS_TEST_DIRNAME/pty.py" run -- "$RUNTIME" --root "$ROOT" run "$ID"
	wait_state "$ID" running
	wait_for file_has "$bg_out" begun
	relay_of "$(pgrep -P "$bg_pid")"
	in_jail
	# what it lives for is gone: so is it
	rt_ok kill "$ID" KILL
	wait_for is_gone "$relay"
	wait_for test ! -e "$ROOT/$ID"
	set_config '.process.terminal = false'
	sleeper
	background "$PYTHON" "$BATS_TEST_DIRNAME/pty.py" run -- "$RUNTIME" --root "$ROOT" exec --tty "$ID" sh -c 'echo begun; exec sleep 1000'
	wait_for file_has "$bg_out" begun
	pid=$(pgrep -P "$bg_pid")
	relay_of "$pid"
	in_jail
	kill -KILL "$pid" # a runtime that is killed leaves no relay
	wait_for is_gone "$relay"
}

@test "jail: the notify socket is read by a process that can do nothing else" {
	known_gap runc "has none"
	known_gap crun "has none"
	set_args sleep 1000
	background env NOTIFY_SOCKET="$BATS_TEST_TMPDIR/nobody" "$RUNTIME" --root "$ROOT" run --detach "$ID"
	pid=$bg_pid
	wait_state "$ID" running
	wait_for relay_of "$pid"
	in_jail
	rt_ok kill "$ID" KILL
	wait_for is_gone "$pid"
	is_gone "$relay"
}
