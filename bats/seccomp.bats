#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load helpers

setup() {
	common_setup
	[ "$(sed -n 's/^Seccomp:\t//p' /proc/self/status)" != "" ] || skip "the kernel has no seccomp"
}

# profile FILTER: a profile that allows, changed by a jq filter on it.
profile() {
	set_config ".linux.seccomp = ({defaultAction: \"SCMP_ACT_ALLOW\", syscalls: []} | $1)"
}

# rule NAMES ACTION [MORE]: a rule as jq wants it.
rule() {
	echo "{names: [$1], action: \"SCMP_ACT_$2\"${3:+, $3}}"
}

MKDIR='"mkdir", "mkdirat"'

@test "seccomp: a filter is in force, and none where none is asked for" {
	in_container 'grep ^Seccomp: /proc/self/status'
	is "$out" "$(printf 'Seccomp:\t0')"
	profile ".syscalls = [$(rule "$MKDIR" ERRNO)]"
	in_container 'grep ^Seccomp: /proc/self/status'
	is "$out" "$(printf 'Seccomp:\t2')"
}

@test "seccomp: ERRNO is EPERM unless said otherwise" {
	profile ".syscalls = [$(rule "$MKDIR" ERRNO)]"
	set_args mkdir /tmp/x
	rt run "$ID"
	is "$status" 1
	has "$err" "Operation not permitted"
	[ ! -e rootfs/tmp/x ]
}

@test "seccomp: errnoRet, zero too" {
	profile ".syscalls = [$(rule "$MKDIR" ERRNO 'errnoRet: 38')]"
	set_args mkdir /tmp/x
	rt run "$ID"
	is "$status" 1
	has "$err" "Function not implemented"
	profile ".syscalls = [$(rule "$MKDIR" ERRNO 'errnoRet: 0')]"
	rt_ok run "$ID"
	[ ! -e rootfs/tmp/x ]
}

@test "seccomp: defaultAction ERRNO with defaultErrnoRet" {
	known_gap runc "1.1 adds its own"
	names=$(jq -n '["read", "write", "exit_group", "execve", "brk", "mmap", "munmap", "arch_prctl", "getuid", "rt_sigaction",
		"rt_sigreturn", "set_tid_address", "prctl", "set_robust_list", "rseq", "prlimit64", "getrandom", "mprotect", "readlink",
		"readlinkat", "openat", "close", "fstat", "newfstatat", "ioctl", "uname", "futex", "open", "capset", "capget", "setuid",
		"setgid", "setgroups", "chdir", "fchdir", "fcntl", "getpid", "getppid", "gettid", "tgkill", "rt_sigprocmask", "epoll_pwait",
		"epoll_ctl", "dup", "dup2", "dup3", "poll", "ppoll", "exit", "statx", "stat", "lstat", "access", "faccessat", "faccessat2",
		"recvmsg", "sendmsg", "close_range", "sigaltstack", "nanosleep", "clock_gettime", "getdents64", "fstatfs", "statfs", "umask",
		"keyctl", "setresuid", "setresgid", "execveat", "sched_getaffinity", "madvise", "pread64", "getegid", "geteuid",
		"getgid", "seccomp", "openat2", "pipe2", "clone", "getcwd"]' | jq -c .)
	set_config ".linux.seccomp = {defaultAction: \"SCMP_ACT_ERRNO\", defaultErrnoRet: 95,
		syscalls: [{names: $names, action: \"SCMP_ACT_ALLOW\"}]}"
	set_args mkdir /tmp/x
	rt run "$ID"
	is "$status" 1
	has "$err" "not supported"
	[ ! -e rootfs/tmp/x ]
}

@test "seccomp: a filter that lets init do nothing, not even exit, does not keep it" {
	set_config '.linux.seccomp = {defaultAction: "SCMP_ACT_ERRNO"}'
	before=$SECONDS
	rt run "$ID"
	[ "$status" != 0 ]
	[ $((SECONDS - before)) -lt 20 ]
	rt state "$ID"
	is "$status" 1
}

@test "seccomp: KILL ends the process by SIGSYS" {
	for action in KILL KILL_PROCESS KILL_THREAD; do
		profile ".syscalls = [$(rule "$MKDIR" "$action")]"
		set_args mkdir /tmp/x
		rt run "$ID"
		is "$status" 159 "$action"
		[ ! -e rootfs/tmp/x ]
	done
}

@test "seccomp: TRAP is a SIGSYS that can be caught" {
	profile ".syscalls = [$(rule "$MKDIR" TRAP)]"
	set_args mkdir /tmp/x
	rt run "$ID"
	is "$status" 159
	set_script 'trap "echo trapped" 31; mkdir /tmp/x; echo on'
	rt run "$ID"
	has "$out" on
}

@test "seccomp: LOG lets it pass" {
	profile ".syscalls = [$(rule "$MKDIR" LOG)]"
	set_args mkdir /tmp/x
	rt_ok run "$ID"
	[ -d rootfs/tmp/x ]
}

@test "seccomp: TRACE without a tracer is ENOSYS" {
	profile ".syscalls = [$(rule "$MKDIR" TRACE)]"
	set_args mkdir /tmp/x
	rt run "$ID"
	is "$status" 1
	has "$err" "not implemented"
}

@test "seccomp: arguments: equal, not equal, masked" {
	# umask(2) takes one small number.
	profile ".syscalls = [$(rule '"umask"' KILL_PROCESS 'args: [{index: 0, value: 63, op: "SCMP_CMP_EQ"}]')]"
	set_script 'umask 077; echo not-here'
	rt run "$ID"
	is "$status" 159
	in_container 'umask 070; echo here'
	is "$out" here
	profile ".syscalls = [$(rule '"umask"' KILL_PROCESS 'args: [{index: 0, value: 56, valueTwo: 8, op: "SCMP_CMP_MASKED_EQ"}]')]"
	set_script 'umask 010; echo not-here'
	rt run "$ID"
	is "$status" 159
	set_script 'umask 027; echo here'
	rt_ok run "$ID"
}

@test "seccomp: arguments: less, greater and their friends" {
	# op value: a value of umask that matches, one that does not.
	while read -r op value yes no; do
		profile ".syscalls = [$(rule '"umask"' KILL_PROCESS "args: [{index: 0, value: $value, op: \"SCMP_CMP_$op\"}]")]"
		set_script "umask $yes; echo not-here"
		rt run "$ID"
		is "$status" 159 "$op $value: $yes"
		# The shell asks for the mask by setting it to 0 and back, so that 0 must not match.
		[ "$no" != - ] || continue
		set_script "umask $no; echo here"
		rt_ok run "$ID"
		is "$out" here "$op $value: $no"
	done <<-'EOT'
		GT 56 077 070
		GE 56 070 060
		EQ 56 070 077
		LT 56 060 -
		LE 56 070 -
		NE 0 070 -
	EOT
}

@test "seccomp: several conditions of a rule must all hold" {
	profile ".syscalls = [$(rule '"kill"' KILL_PROCESS 'args: [{index: 0, value: 1, op: "SCMP_CMP_EQ"},
		{index: 1, value: 0, op: "SCMP_CMP_EQ"}]')]"
	set_script 'kill -0 1'
	rt run "$ID"
	is "$status" 159
	set_script 'kill -WINCH 1; echo here'
	rt_ok run "$ID"
}

@test "seccomp: several conditions on one argument: any of them" {
	profile ".syscalls = [$(rule '"umask"' KILL_PROCESS 'args: [{index: 0, value: 56, op: "SCMP_CMP_EQ"},
		{index: 0, value: 63, op: "SCMP_CMP_EQ"}]')]"
	for m in 070 077; do
		set_script "umask $m; echo not-here"
		rt run "$ID"
		is "$status" 159 "$m"
	done
	set_script 'umask 060; echo here'
	rt_ok run "$ID"
}

@test "seccomp: names that this machine does not know are skipped" {
	profile ".syscalls = [$(rule '"no_such_call", "mkdir", "mkdirat", "another_one"' ERRNO)]"
	set_args mkdir /tmp/x
	rt run "$ID"
	is "$status" 1
	[ ! -e rootfs/tmp/x ]
	has "$err" "not permitted"
}

@test "seccomp: architectures" {
	profile ".architectures = [\"SCMP_ARCH_X86_64\", \"SCMP_ARCH_X86\", \"SCMP_ARCH_X32\"] | .syscalls = [$(rule "$MKDIR" ERRNO)]"
	[ "$(uname -m)" = x86_64 ] || skip "x86 only"
	set_args mkdir /tmp/x
	rt run "$ID"
	is "$status" 1
	[ ! -e rootfs/tmp/x ]
}

@test "seccomp: flags" {
	known_gap runc "1.1 knows none"
	for f in SECCOMP_FILTER_FLAG_LOG SECCOMP_FILTER_FLAG_SPEC_ALLOW SECCOMP_FILTER_FLAG_TSYNC; do
		profile ".flags = [\"$f\"] | .syscalls = [$(rule "$MKDIR" ERRNO)]"
		set_args mkdir /tmp/x
		rt run "$ID"
		is "$status" 1 "$f"
		has "$err" "not permitted"
	done
}

@test "seccomp: with and without no_new_privs, as root and as another user" {
	profile ".syscalls = [$(rule "$MKDIR" ERRNO)]"
	set_args mkdir /tmp/x
	for nnp in true false; do
		for uid in 0 1000; do
			set_config ".process.noNewPrivileges = $nnp" ".process.user = {uid: $uid, gid: $uid}"
			rt run "$ID"
			is "$status" 1 "no_new_privs $nnp, uid $uid"
			has "$err" "not permitted"
		done
	done
}

@test "seccomp: a profile that denies what only a runtime needs does not hinder it" {
	set_config '.process.noNewPrivileges = true'
	profile ".syscalls = [$(rule '"mount", "umount2", "pivot_root", "setns", "unshare", "sethostname", "open_tree", "move_mount",
		"fsopen", "fsmount", "fsconfig", "mount_setattr", "chroot", "mknod", "mknodat", "setgroups", "setuid", "setgid", "capset",
		"keyctl", "add_key", "bpf", "clone3"' ERRNO)]"
	in_container 'echo started; hostname'
	is "$out" "$(printf 'started\nebt')"
}

@test "seccomp: the same profile twice, then one that differs by an errno" {
	profile ".syscalls = [$(rule "$MKDIR" ERRNO 'errnoRet: 38')]"
	set_args mkdir /tmp/x
	for _ in 1 2; do
		rt run "$ID"
		has "$err" "not implemented"
	done
	profile ".syscalls = [$(rule "$MKDIR" ERRNO 'errnoRet: 95')]"
	rt run "$ID"
	has "$err" "not supported"
}

@test "seccomp: NOTIFY hands a descriptor to the listener" {
	cat >"$BATS_TEST_TMPDIR/listen.py" <<'PY'
import array, fcntl, json, os, select, socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.bind(sys.argv[1])
s.listen(1)
c, _ = s.accept()
data, anc, _, _ = c.recvmsg(65536, socket.CMSG_SPACE(16))
fds = array.array("i")
for level, kind, d in anc:
    fds.frombytes(d[: len(d) - len(d) % 4])
state = json.loads(data)
print(json.dumps({"metadata": state.get("metadata"), "fds": state["fds"], "n": len(fds), "id": state["state"]["id"],
                  "status": state["state"]["status"], "pid": state["pid"]}), flush=True)
fd = fds[0]
while True:
    p = select.poll()
    p.register(fd, select.POLLIN)
    (_, ev), = p.poll(20000)
    if not ev & select.POLLIN:
        break
    req = bytearray(80)
    fcntl.ioctl(fd, 0xC0502100, req)
    fcntl.ioctl(fd, 0xC0182101, bytearray(struct.pack("QqiI", struct.unpack("Q", req[:8])[0], 0, -99, 0)))
    print("notified", flush=True)
PY
	CONSOLE_DIR=$(mktemp -d /tmp/ebt-con.XXXXXX)
	sock="$CONSOLE_DIR/s"
	background "$PYTHON" "$BATS_TEST_TMPDIR/listen.py" "$sock"
	wait_for test -S "$sock"
	profile ".listenerPath = \"$sock\" | .listenerMetadata = \"meta data\" | .syscalls = [$(rule "$MKDIR" NOTIFY)]"
	set_args mkdir /tmp/x
	rt run "$ID"
	is "$status" 1
	has "$err" "assign requested address"
	wait_for file_has "$bg_out" notified
	is "$(head -n 1 "$bg_out" | jq -r .metadata)" "meta data"
	is "$(head -n 1 "$bg_out" | jq -c .fds)" '["seccompFd"]'
	is "$(head -n 1 "$bg_out" | jq -r .id)" "$ID"
	is "$(head -n 1 "$bg_out" | jq -r .n)" 1
}

@test "seccomp: NOTIFY without a listener, for write, or as the default is refused" {
	profile ".syscalls = [$(rule "$MKDIR" NOTIFY)]"
	rt_fails create "$ID"
	nothing_left
	profile ".listenerPath = \"/tmp/none\" | .syscalls = [$(rule '"write"' NOTIFY)]"
	rt_fails create "$ID"
	nothing_left
	profile '.listenerPath = "/tmp/none" | .defaultAction = "SCMP_ACT_NOTIFY"'
	rt_fails create "$ID"
	nothing_left
}
