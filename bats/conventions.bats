#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# How engines call a runtime, and what they expect of it without saying so.

load helpers

# The shim: becomes a subreaper, sets the parent-death signal on the runtime, and runs the command line given;
# afterwards it prints, as JSON, the exit status and what it sees of the pid in FILE.
shim() {
	cat >"$BATS_TEST_TMPDIR/shim.py" <<'PY'
import ctypes, json, os, subprocess, sys
prctl = ctypes.CDLL(None).prctl
prctl(36, 1, 0, 0, 0)
null = open(os.devnull, "r+b")
status = subprocess.call(sys.argv[2:], stdin=null, stdout=null, preexec_fn=lambda: prctl(1, 9, 0, 0, 0))
report = {"status": status, "self": os.getpid()}
if os.path.exists(sys.argv[1]):
    pid = int(open(sys.argv[1]).read())
    report["pid"] = pid
    report["ppid"] = int([l for l in open("/proc/%d/status" % pid) if l.startswith("PPid")][0].split()[1])
    children = []
    for p in os.listdir("/proc"):
        if p.isdigit():
            try:
                if int(open("/proc/%s/stat" % p).read().rsplit(")", 1)[1].split()[1]) == os.getpid():
                    children.append(int(p))
            except OSError:
                pass
    report["children"] = children
    os.kill(pid, 9)
    report["waited"] = os.waitpid(pid, 0)[0]
print(json.dumps(report))
PY
	shim_out=$(limited "$PYTHON" "$BATS_TEST_TMPDIR/shim.py" "$@" 3>&-)
}

@test "conventions: after create, init is a child of the caller's subreaper, and its only one" {
	set_args sleep 1000
	shim "$BATS_TEST_TMPDIR/pid" "$RUNTIME" --root "$ROOT" create --pid-file "$BATS_TEST_TMPDIR/pid" "$ID"
	is "$(jq .status <<<"$shim_out")" 0
	is "$(jq .ppid <<<"$shim_out")" "$(jq .self <<<"$shim_out")"
	is "$(jq -c .children <<<"$shim_out")" "$(jq -c '[.pid]' <<<"$shim_out")"
	is "$(jq .waited <<<"$shim_out")" "$(jq .pid <<<"$shim_out")" "the shim could wait for it"
}

@test "conventions: exec --detach: the process is a child of the caller's subreaper" {
	sleeper
	shim "$BATS_TEST_TMPDIR/pid" "$RUNTIME" --root "$ROOT" exec --detach --pid-file "$BATS_TEST_TMPDIR/pid" "$ID" sleep 1001
	is "$(jq .status <<<"$shim_out")" 0
	is "$(jq .ppid <<<"$shim_out")" "$(jq .self <<<"$shim_out")"
	is "$(jq -c .children <<<"$shim_out")" "$(jq -c '[.pid]' <<<"$shim_out")"
}

@test "conventions: exec --detach with a process.json in a temporary place, removed right after" {
	sleeper
	jq '.process | .args = ["sleep", "1001"]' config.json >"$BATS_TEST_TMPDIR/runc-process1"
	rt_ok --log "$BATS_TEST_TMPDIR/log.json" --log-format json exec --process "$BATS_TEST_TMPDIR/runc-process1" --detach \
		--pid-file "$BATS_TEST_TMPDIR/x.pid" "$ID"
	rm "$BATS_TEST_TMPDIR/runc-process1"
	is "$(tr '\0' ' ' <"/proc/$(cat "$BATS_TEST_TMPDIR/x.pid")/cmdline")" "sleep 1001 "
}

@test "conventions: the parent-death signal set on the runtime does not reach the container" {
	set_args sleep 1000
	limited "$PYTHON" - "$RUNTIME" --root "$ROOT" run --detach "$ID" 3>&- <<'PY'
import ctypes, os, subprocess, sys
prctl = ctypes.CDLL(None).prctl
null = open(os.devnull, "r+b")
sys.exit(subprocess.call(sys.argv[1:], stdin=null, stdout=null, preexec_fn=lambda: prctl(1, 9, 0, 0, 0)))
PY
	is "$(state_of "$ID")" running
	is "$(tr '\0' ' ' <"/proc/$(pid_of "$ID")/cmdline")" "sleep 1000 "
}

@test "conventions: stray descriptors do not reach the container" {
	exec 10<"$BATS_TEST_TMPDIR" 251</etc/passwd 7<>"$BATS_TEST_TMPDIR/rw"
	in_container 'echo /proc/$$/fd/*'
	# 3 is the shell's own, for listing the directory.
	is "$out" "/proc/1/fd/0 /proc/1/fd/1 /proc/1/fd/2 /proc/1/fd/3"
	set_script 'sleep 1000'
	rt_ok create "$ID-created"
	p=$(pid_of "$ID-created")
	rt_ok start "$ID-created"
	wait_for file_has "/proc/$p/cmdline" sleep
	is "$(find "/proc/$p/fd" -mindepth 1 -printf '%f ')" "0 1 2 "
	exec 10<&- 251<&- 7<&-
}

@test "conventions: what init holds open between create and start lets nobody out" {
	exec 10<"$BATS_TEST_TMPDIR" 251</etc/passwd
	set_args sleep 1000
	rt_ok create "$ID"
	p=$(pid_of "$ID")
	# Nothing but what is needed to wait: no directory of the host, none of the caller's files.
	for fd in "/proc/$p/fd/"*; do
		case "${fd##*/}" in 0 | 1 | 2) continue ;; esac
		target=$(readlink "$fd") || continue
		[ "$target" != "$BATS_TEST_TMPDIR" ] && [ "$target" != /etc/passwd ]
	done
	exec 10<&- 251<&-
}

@test "conventions: a listening socket of the shim as descriptor 3 does not reach the container" {
	set_args sleep 1000
	limited "$PYTHON" - "$RUNTIME" --root "$ROOT" run --detach "$ID" 3>&- <<'PY'
import os, socket, subprocess, sys
null = open(os.devnull, "r+b")
s = socket.socket()
s.listen(1)
if s.fileno() != 3:
    os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
sys.exit(subprocess.call(sys.argv[1:], stdin=null, stdout=null, close_fds=False))
PY
	is "$(find "/proc/$(pid_of "$ID")/fd" -mindepth 1 -printf '%f ')" "0 1 2 "
}

@test "conventions: start, kill, delete, pause and resume with an empty environment" {
	set_args sleep 1000
	rt_ok create "$ID"
	limited env -i "$RUNTIME" --root "$ROOT" start "$ID" 3>&-
	limited env -i XDG_RUNTIME_DIR= "$RUNTIME" --root "$ROOT" pause "$ID" 3>&-
	is "$(state_of "$ID")" paused
	limited env -i XDG_RUNTIME_DIR= "$RUNTIME" --root "$ROOT" resume "$ID" 3>&-
	limited env -i XDG_RUNTIME_DIR= "$RUNTIME" --root "$ROOT" kill "$ID" 9 3>&-
	wait_state "$ID" stopped
	limited env -i XDG_RUNTIME_DIR= "$RUNTIME" --root "$ROOT" delete --force "$ID" 3>&-
	nothing_left
}

@test "conventions: create and exec with an empty environment" {
	set_args sleep 1000
	limited env -i "$RUNTIME" --root "$ROOT" create "$ID" 3>&- >/dev/null </dev/null
	limited env -i "$RUNTIME" --root "$ROOT" start "$ID" 3>&-
	is "$(limited env -i "$RUNTIME" --root "$ROOT" exec "$ID" echo inside 3>&- </dev/null)" inside
}

@test "conventions: XDG_RUNTIME_DIR that is empty means /run" {
	XDG_RUNTIME_DIR= limited "$RUNTIME" list --quiet 3>&- >"$BATS_TEST_TMPDIR/xdg"
	limited "$RUNTIME" list --quiet 3>&- >"$BATS_TEST_TMPDIR/plain"
	cmp "$BATS_TEST_TMPDIR/xdg" "$BATS_TEST_TMPDIR/plain"
	rt_ok --version
	set_args sleep 1000
	XDG_RUNTIME_DIR= timeout 20 "$RUNTIME" create "$ID" 3>&- >/dev/null </dev/null
	[ -d "/run/$RUNTIME_NAME/$ID" ]
	XDG_RUNTIME_DIR= limited "$RUNTIME" delete --force "$ID" 3>&-
	[ ! -e "/run/$RUNTIME_NAME/$ID" ]
}

@test "conventions: SIGPIPE ignored by the caller is back to default inside" {
	set_args grep -E '^Sig(Ign|Blk):' /proc/self/status
	out=$(trap '' PIPE; limited "$RUNTIME" --root "$ROOT" run "$ID" </dev/null 3>&-)
	is "$out" "$(printf 'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000')"
}

@test "conventions: signals blocked and ignored by the caller are not so inside" {
	known_gap runc "leaves signals blocked"
	set_args grep -E '^Sig(Ign|Blk):' /proc/self/status
	cat >"$BATS_TEST_TMPDIR/block.py" <<'PY'
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGTERM, signal.SIGCHLD, 40])
signal.signal(signal.SIGHUP, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])
PY
	out=$(limited "$PYTHON" "$BATS_TEST_TMPDIR/block.py" "$RUNTIME" --root "$ROOT" run "$ID" </dev/null 3>&-)
	is "$out" "$(printf 'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000')"
}

@test "conventions: delete --force with SIGUSR1 blocked" {
	sleeper
	limited "$PYTHON" -c 'import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
os.execv(sys.argv[1], sys.argv[1:])' "$RUNTIME" --root "$ROOT" delete --force "$ID" 3>&-
	nothing_left
}

@test "conventions: SIGCHLD ignored by the caller" {
	set_script 'exit 7'
	status=0
	limited "$PYTHON" -c 'import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])' "$RUNTIME" --root "$ROOT" run "$ID" 3>&- </dev/null || status=$?
	is "$status" 7
}

@test "conventions: long flags with a single dash" {
	rt_ok run -no-subreaper -bundle "$BUNDLE" "$ID"
	rt_ok -log-format json -log "$BATS_TEST_TMPDIR/log" run -bundle="$BUNDLE" "$ID"
	set_args sleep 1000
	rt_ok create -bundle "$BUNDLE" -pid-file "$BATS_TEST_TMPDIR/pid" "$ID"
	rt_ok delete -force "$ID"
}

@test "conventions: a JSON log ends with the error, --log-format json" {
	log="$BATS_TEST_TMPDIR/log.json"
	rt_fails --log "$log" --log-format json create --bundle "$BATS_TEST_TMPDIR/none" "$ID"
	is "$(tail -n 1 "$log" | jq -r .level)" error
	is "$(tail -n 1 "$log" | jq -r '.msg | type')" string
	has "$(tail -n 1 "$log" | jq -r '.msg')" "no such file or directory"
	[[ $(tail -n 1 "$log" | jq -r .time) =~ ^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2} ]]
}

@test "conventions: a JSON log, --log-format=json --log=FILE" {
	log="$BATS_TEST_TMPDIR/log.json"
	set_args nosuch
	rt_fails --log-format=json "--log=$log" create "$ID"
	is "$(tail -n 1 "$log" | jq -r .level)" error
	has "$(tail -n 1 "$log" | jq -r .msg)" 'executable file not found in $PATH'
	says 'executable file not found in $PATH'
}

@test "conventions: the log is appended to, and every line of it is JSON" {
	log="$BATS_TEST_TMPDIR/log.json"
	rt_fails --log "$log" --log-format json state "$ID"
	rt_fails --log "$log" --log-format json state "$ID"
	is "$(jq -r 'select(.level == "error") | .msg' "$log" | grep -c 'does not exist')" 2
}

@test "conventions: quotes, backslashes and control characters in a JSON log" {
	log="$BATS_TEST_TMPDIR/log.json"
	set_args $'no"such\\\t\001program'
	rt --log "$log" --log-format json create "$ID"
	is "$status" 1
	has "$(tail -n 1 "$log" | jq -r .msg)" 'no'
	is "$(tail -n 1 "$log" | jq -r .level)" error
}

@test "conventions: a text log is a text log" {
	rt_fails --log "$BATS_TEST_TMPDIR/log" state "$ID"
	has "$(cat "$BATS_TEST_TMPDIR/log")" "does not exist"
	has "$(cat "$BATS_TEST_TMPDIR/log")" "error"
}

@test "conventions: a --log that cannot be opened and a --log-format that is unknown are refused" {
	rt --log "$BATS_TEST_TMPDIR/none/log" state "$ID"
	[ "$status" -ne 0 ]
	rt --log-format xml list
	[ "$status" -ne 0 ]
	has "$err$out" xml
}

@test "conventions: kill ID NUMBER, the number last" {
	sleeper
	rt_ok kill "$ID" 9
	wait_state "$ID" stopped
}

@test "conventions: kill --all ID 9" {
	set_config '.linux.namespaces |= map(select(.type != "pid"))'
	sleeper
	rt_ok kill --all "$ID" 9
	wait_state "$ID" stopped
}

@test "conventions: kill of a container that is gone says what engines look for" {
	rt_ok run --detach "$ID"
	wait_state "$ID" stopped
	rt_fails kill "$ID" 15
	says "container not running"
	rt_ok delete "$ID"
	rt_fails kill "$ID" 15
	says "does not exist"
}

@test "conventions: delete --force of an id that never was" {
	rt_ok --log "$BATS_TEST_TMPDIR/log.json" --log-format json delete --force "$ID"
	is "$err" ""
	[ ! -s "$BATS_TEST_TMPDIR/log.json" ] || is "$(jq -r 'select(.level == "error") | .msg' "$BATS_TEST_TMPDIR/log.json")" ""
}

@test "conventions: delete --force after a create that failed" {
	set_args nosuch
	rt_fails create "$ID"
	rt_ok delete --force "$ID"
	nothing_left
}

@test "conventions: ps --format json prints pids of the host" {
	sleeper
	rt_ok ps --format json "$ID"
	is "$(jq -c . <<<"$out")" "[$(pid_of "$ID")]"
}

@test "conventions: state is JSON with a status and a pid" {
	rt_ok create "$ID"
	rt_ok state "$ID"
	is "$(jq -r .status <<<"$out")" created
	[ "$(jq .pid <<<"$out")" -gt 1 ]
}

@test "conventions: features without any other option" {
	rt features
	[ "$status" -eq 0 ] || show_call "features should succeed"
	limited "$RUNTIME" features 3>&- | jq -e '.ociVersionMin and .ociVersionMax and .hooks and .mountOptions and .linux'
}

@test "conventions: a state root of 200 characters" {
	long=$(printf '%0200d' 0)
	ROOT="$BATS_TEST_TMPDIR/${long:0:$((200 - ${#BATS_TEST_TMPDIR} - 1))}"
	is "${#ROOT}" 200
	set_args sleep 1000
	rt_ok create "$ID"
	rt_ok start "$ID"
	rt_ok exec "$ID" true
	is "$(state_of "$ID")" running
	rt_ok delete --force "$ID"
	nothing_left
}

@test "conventions: an id of 64 hexadecimal digits and more, below a long state root" {
	long=$(printf '%0200d' 0)
	ROOT="$BATS_TEST_TMPDIR/${long:0:$((200 - ${#BATS_TEST_TMPDIR} - 1))}"
	id="$ID-$(printf 'abcdef0123456789%.0s' 1 2 3 4 5 6 7 8)"
	set_args sleep 1000
	rt_ok create "$id"
	rt_ok start "$id"
	rt_ok exec "$id" true
	is "$(state_of "$id")" running
	rt_ok delete --force "$id"
	nothing_left
}

@test "conventions: --root that is relative, and the working directory elsewhere" {
	set_args sleep 1000
	cd "$BATS_TEST_TMPDIR"
	limited "$RUNTIME" --root state create --bundle bundle "$ID" 3>&- >/dev/null </dev/null
	cd /
	rt_ok start "$ID"
	is "$(state_of "$ID")" running
}

@test "conventions: the state root is made, with its parents, and is nobody else's" {
	ROOT="$BATS_TEST_TMPDIR/state/a/b"
	rt_ok create "$ID"
	[ -d "$ROOT/$ID" ]
	is "$(stat -c %A "$ROOT/$ID" | cut -c6,9)" "--" "writable for others"
	rt_ok delete --force "$ID"
	nothing_left
}

@test "conventions: the caller's umask does not reach the container nor the state" {
	umask 077
	set_script 'umask; stat -c %a /proc /dev /dev/null /dev/shm'
	rt_ok run "$ID"
	is "$out" "$(printf '0022\n555\n755\n666\n1777')"
}

@test "conventions: create in a session and process group of its own, without a terminal" {
	set_args sleep 1000
	limited setsid "$RUNTIME" --root "$ROOT" create "$ID" 3>&- >/dev/null </dev/null
	rt_ok start "$ID"
	is "$(state_of "$ID")" running
}

@test "conventions: pipes as standard streams are the container's own" {
	set_script 'cat; echo end'
	out=$(echo through | limited "$RUNTIME" --root "$ROOT" run "$ID" 3>&- | cat)
	is "$out" "$(printf 'through\nend')"
}

@test "conventions: standard streams that are closed" {
	set_script 'echo ran >/tmp/ran'
	limited "$RUNTIME" --root "$ROOT" run "$ID" 3>&- <&- >&- 2>&-
	is "$(cat rootfs/tmp/ran)" ran
}

@test "conventions: --version is read by lines" {
	limited "$RUNTIME" --version 3>&- >"$BATS_TEST_TMPDIR/version"
	[[ $(sed -n 1p "$BATS_TEST_TMPDIR/version") =~ ^[a-z-]+\ version\ [^\ ]+ ]]
	grep -q '^spec: 1\.' "$BATS_TEST_TMPDIR/version"
	grep -q '^commit: ' "$BATS_TEST_TMPDIR/version"
}

@test "conventions: --systemd-cgroup without systemd is refused, not ignored" {
	[ ! -d /run/systemd/system ] || skip "systemd runs here"
	set_config ".linux.cgroupsPath = \"system.slice:ebt:$ID\""
	rt_fails --systemd-cgroup create "$ID"
	nothing_left
}

@test "conventions: the host's runtime cannot be overwritten by way of init's executable" {
	# On a copy, for the sake of the original.
	cp "$RUNTIME" "$BATS_TEST_TMPDIR/copy"
	sum=$(sha256sum <"$BATS_TEST_TMPDIR/copy")
	set_args sleep 1000
	limited "$BATS_TEST_TMPDIR/copy" --root "$ROOT" create "$ID" 3>&- >/dev/null </dev/null
	"$PYTHON" - "$(pid_of "$ID")" <<'PY'
import os, signal, sys
pid = int(sys.argv[1])
pidfd = os.pidfd_open(pid)
exe = os.open("/proc/%d/exe" % pid, os.O_RDONLY)
signal.pidfd_send_signal(pidfd, signal.SIGKILL)
import select
select.select([pidfd], [], [], 10)
try:
    os.write(os.open("/proc/self/fd/%d" % exe, os.O_WRONLY), b"overwritten")
except OSError as e:
    print("refused:", e)
PY
	is "$(sha256sum <"$BATS_TEST_TMPDIR/copy")" "$sum"
}

@test "conventions: a container that executes /proc/self/exe does not change the host's file" {
	cp "$RUNTIME" "$BATS_TEST_TMPDIR/copy"
	sum=$(sha256sum <"$BATS_TEST_TMPDIR/copy")
	all_caps
	set_args /proc/self/exe
	timeout 20 "$BATS_TEST_TMPDIR/copy" --root "$ROOT" run "$ID" 3>&- >/dev/null 2>&1 </dev/null || true
	is "$(sha256sum <"$BATS_TEST_TMPDIR/copy")" "$sum"
}
