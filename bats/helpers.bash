# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What all tests share. A test file starts with `load helpers`; setup and teardown are defined here and may be wrapped.
#
#   RUNTIME    the runtime under test (default: enviro-oci at the top of the tree). runc and crun may be named to
#              compare; what they are known not to do is skipped by `known_gap`.
#
# Each test has a bundle of its own ($BUNDLE, the current directory), a state root of its own ($ROOT), an id of its own
# ($ID; further ones are "$ID-x") and a marker in the environment of its containers, by which teardown finds what was
# left behind: processes, cgroups, mounts, state directories. Anything left fails the test.

bats_require_minimum_version 1.5.0

TOP=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
: "${RUNTIME:=$TOP/enviro-oci}"
if [[ $RUNTIME == */* ]]; then
	RUNTIME=$(realpath "$RUNTIME")
else
	RUNTIME=$(command -v "$RUNTIME" || echo "$RUNTIME")
fi
export RUNTIME
RUNTIME_NAME=${RUNTIME##*/}
PYTHON=$(command -v /usr/bin/python3 || command -v python3)
RT_TIMEOUT=30
export BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-240}

# ---------------------------------------------------------------- set-up and leftovers

setup() {
	common_setup
}

teardown() {
	common_teardown
}

common_setup() {
	unset NOTIFY_SOCKET LISTEN_FDS LISTEN_PID LISTEN_FDNAMES XDG_RUNTIME_DIR
	umask 022
	ID_PREFIX="ebt-${BATS_RUN_TMPDIR##*[-.]}-"
	ID=$(printf '%s%04d' "$ID_PREFIX" "$BATS_SUITE_TEST_NUMBER")
	ROOT="$BATS_TEST_TMPDIR/state"
	BUNDLE="$BATS_TEST_TMPDIR/bundle"
	CALL=0
	CHILDREN=()
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "${BATS_TEST_TMPDIR%/*}"
	make_bundle "$BUNDLE"
	cd "$BUNDLE" || return 1
}

common_teardown() {
	local d id left pid

	# Without a set-up there is nothing to clean, and an empty id would fit every process.
	[ -n "${ID:-}" ] && [ -n "${BATS_TEST_TMPDIR:-}" ] || return 0
	cd / || return 1
	for pid in "${CHILDREN[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
	done
	for d in "$ROOT"/*/; do
		[ -d "$d" ] || continue
		id=${d%/}
		"$RUNTIME" --root "$ROOT" delete --force "${id##*/}" >/dev/null 2>&1 3>&- </dev/null || true
	done
	[ -z "${CONSOLE_DIR:-}" ] || rm -rf "$CONSOLE_DIR"
	left=$(leftovers "$ID" "$BATS_TEST_TMPDIR")
	remove_leftovers "$ID" "$BATS_TEST_TMPDIR"
	no_sanitizer_reports || return 1
	if [ -n "$left" ]; then
		echo "left behind:"
		echo "$left"
		return 1
	fi
}

# SANITIZER_REPORTS says that the runtime under test was built with sanitizers, and where its processes leave their
# reports. Shown once: the next test's are its own. Where no file can be opened (in the jail, in a template), or the
# environment was not kept, something is said on the standard error.
no_sanitizer_reports() {
	local f said none=yes

	[ -n "${SANITIZER_REPORTS:-}" ] || return 0
	said=$(find "$BATS_TEST_TMPDIR" -maxdepth 1 -type f -exec grep -hsaE -e "(Address|Leak|UndefinedBehavior)Sanitizer" \
		-e "runtime error: " -e "^ERROR: (Can't open file|Failed to mmap)" {} +)
	[ -z "$said" ] || { echo "$said" && none=no; }
	for f in "$SANITIZER_REPORTS"/report*; do
		[ -e "$f" ] || continue
		none=no
		sed 's/^/# /' "$f"
		mv "$f" "${f%/*}/seen-$ID-${f##*/}"
	done
	[ $none = yes ]
}

# leftovers ID-PREFIX DIR: one line for each process, cgroup and mount that carries the prefix or lies below DIR, and
# for each state directory of a container.
leftovers() {
	local d

	leftover_pids "$1" "$2" | while read -r pid; do
		echo "process $pid: $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"
	done
	find /sys/fs/cgroup -type d -name "*$1*" 2>/dev/null | sed 's/^/cgroup /'
	awk -v d="$2/" 'index($5, d) == 1 { print "mount " $5 }' /proc/self/mountinfo
	for d in "$2"/state*/"$1"*; do
		[ ! -e "$d" ] || echo "state $d"
	done
}

# Containers carry the marker in their environment; a runtime's own processes have the id or a path in their arguments;
# an init that has not executed anything yet is found by its cgroup.
leftover_pids() {
	: "${1:?an empty id would fit every process}"
	{
		grep -lsa -e "EBT_CONTAINER=$1" /proc/[0-9]*/environ
		grep -lsa -e "$1" /proc/[0-9]*/cmdline
		grep -ls -e "/$1" /proc/[0-9]*/cgroup
	} | cut -d/ -f3 | sort -un | while read -r pid; do
		[ "$pid" = "$$" ] || [ "$pid" = "$BASHPID" ] || is_zombie "$pid" || echo "$pid"
	done
}

# Gone, or on its way out with nothing left to undo (PF_EXITING: it has no memory and no cgroup any more).
is_zombie() {
	local stat

	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
	# shellcheck disable=SC2086
	set -- ${stat##*) }
	[ "$1" = Z ] || [ "$1" = X ] || [ $(($7 & 4)) != 0 ]
}

# remove_cgroups NAME: all whose name begins so, and what is below. Other tests' may go while they are looked for; what stays, teardown tells.
remove_cgroups() {
	find /sys/fs/cgroup -depth -type d -path "*/$1*" -exec rmdir {} + 2>/dev/null || true
}

# So that one test's failure is not the next one's, and nothing of the host is below a directory that gets removed.
remove_leftovers() {
	local m pid cg

	: "${1:?an empty id would fit every process}"
	for pid in $(leftover_pids "$1" "$2"); do
		kill -KILL "$pid" 2>/dev/null || true
	done
	awk -v d="$2/" 'index($5, d) == 1 { print $5 }' /proc/self/mountinfo | sort -r | while read -r m; do
		umount -l "$m" || true
	done
	find /sys/fs/cgroup -depth -type d -path "*$1*" 2>/dev/null | while read -r cg; do
		[ ! -e "$cg/freezer.state" ] || echo THAWED >"$cg/freezer.state"
		[ ! -e "$cg/cgroup.freeze" ] || echo 0 >"$cg/cgroup.freeze"
		rmdir "$cg" 2>/dev/null || { sleep 0.2 && rmdir "$cg" 2>/dev/null; } || true
	done
}

# ---------------------------------------------------------------- bundles

# The tree of the root file system is made once for a run of the suite: busybox under all of its names.
rootfs_cache() {
	local cache="$BATS_RUN_TMPDIR/ebt-rootfs" t

	if [ ! -d "$cache" ]; then
		t=$(mktemp -d "$BATS_RUN_TMPDIR/ebt-rootfs.XXXXXX")
		mkdir -p "$t"/{bin,dev,etc,proc,sys,tmp,root,run,usr/bin,var/tmp,home/user}
		ln -s ../bin "$t/sbin"
		cp "$(command -v busybox)" "$t/bin/busybox"
		"$t/bin/busybox" --install "$t/bin" # as links, all by one process
		printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home/user:/bin/sh\n' >"$t/etc/passwd"
		printf 'root:x:0:\nuser:x:1000:\nextra:x:2000:user\n' >"$t/etc/group"
		chmod 1777 "$t/tmp" "$t/var/tmp"
		chmod 755 "$t"
		mv -T "$t" "$cache" 2>/dev/null || rm -rf "$t"
	fi
	echo "$cache"
}

# make_bundle DIR: a bundle that runs `true`, without a terminal, with the namespaces and mounts of `spec`.
make_bundle() {
	mkdir -p "$1"
	cp -a "$(rootfs_cache)" "$1/rootfs"
	base_config >"$1/config.json"
}

base_config() {
	jq -n --arg marker "EBT_CONTAINER=$ID" '
	["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"] as $caps |
	{
		ociVersion: "1.0.2",
		process: {
			user: {uid: 0, gid: 0},
			args: ["true"],
			env: ["PATH=/bin:/usr/bin", "TERM=xterm", $marker],
			cwd: "/",
			capabilities: {bounding: $caps, effective: $caps, permitted: $caps},
			rlimits: [{type: "RLIMIT_NOFILE", hard: 1024, soft: 1024}],
			noNewPrivileges: true
		},
		root: {path: "rootfs", readonly: false},
		hostname: "ebt",
		mounts: [
			{destination: "/proc", type: "proc", source: "proc"},
			{destination: "/dev", type: "tmpfs", source: "tmpfs",
			 options: ["nosuid", "strictatime", "mode=755", "size=65536k"]},
			{destination: "/dev/pts", type: "devpts", source: "devpts",
			 options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
			{destination: "/dev/shm", type: "tmpfs", source: "shm",
			 options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
			{destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"]},
			{destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"]},
			{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup",
			 options: ["nosuid", "noexec", "nodev", "relatime", "ro"]}
		],
		linux: {
			resources: {devices: [{allow: false, access: "rwm"}]},
			namespaces: [{type: "pid"}, {type: "network"}, {type: "ipc"}, {type: "uts"}, {type: "mount"}],
			maskedPaths: ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/scsi", "/sys/firmware"],
			readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
		}
	}'
}

# set_config FILTER...: applies jq filters, one after another, to config.json of the current directory.
set_config() {
	local filter="." f

	for f in "$@"; do
		filter="$filter | $f"
	done
	jq "$filter" config.json >config.json.new && mv config.json.new config.json
}

# set_args ARG...: what the container executes. set_script TEXT: the same by `sh -c`.
set_args() {
	jq '.process.args = $ARGS.positional' config.json --args -- "$@" >config.json.new && mv config.json.new config.json
}

set_script() {
	set_args sh -c "$1"
}

# add_mount DESTINATION TYPE SOURCE [OPTION...]
add_mount() {
	local dst=$1 type=$2 src=$3

	shift 3
	jq --arg d "$dst" --arg t "$type" --arg s "$src" \
		'.mounts += [{destination: $d, type: $t, source: $s, options: $ARGS.positional}]' \
		config.json --args -- "$@" >config.json.new && mv config.json.new config.json
}

all_caps() {
	set_config '["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD", "CAP_NET_ADMIN",
		"CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_ADMIN", "CAP_SYS_CHROOT",
		"CAP_SYS_PTRACE", "CAP_SYS_NICE"] as $c |
		.process.capabilities = {bounding: $c, effective: $c, permitted: $c}'
}

# remap FIRST: a user namespace whose root is FIRST on the host; the root file system is given to it.
remap() {
	set_config ".linux.namespaces += [{type: \"user\"}]" \
		".linux.uidMappings = [{containerID: 0, hostID: $1, size: 65536}] | .linux.gidMappings = .linux.uidMappings"
	rm -rf rootfs
	cp -a "$(rootfs_cache)" rootfs
	chown -hR "$1:$1" rootfs
}

# map_root_to UID: root of the container is this user and group, and there are no other ids.
map_root_to() {
	set_config ".linux.uidMappings = [{containerID: 0, hostID: $1, size: 1}]" \
		'.linux.gidMappings = .linux.uidMappings' '(.mounts[] | select(.type == "devpts") | .options) -= ["gid=5"]'
}

# as_user UID: from now on the runtime is called by a user without privileges, whose bundle and state root it is.
as_user() {
	local real="$BATS_TEST_TMPDIR/real"

	set_config '.linux.namespaces += [{type: "user"}]' 'del(.linux.resources)'
	map_root_to "$1"
	mkdir -m 700 "$ROOT"
	chown -hR "$1:$1" "$BUNDLE" "$ROOT"
	install -m 755 "$RUNTIME" "$real"
	RUNTIME="$BATS_TEST_TMPDIR/$RUNTIME_NAME"
	printf '#!/bin/sh\nexec setpriv --reuid %s --regid %s --clear-groups "%s" "$@"\n' "$1" "$1" "$real" >"$RUNTIME"
	chmod 755 "$RUNTIME"
}

# in_other_net: from now on the runtime is started in a network namespace that stands for the host's: that of $bg_pid. What
# it was is in $RUNTIME_ITSELF.
in_other_net() {
	background unshare --net sleep 1008
	wait_for is_other_net "$bg_pid"
	printf '#!/bin/sh\nexec nsenter --net=/proc/%s/ns/net "%s" "$@"\n' "$bg_pid" "$RUNTIME" >"$BATS_TEST_TMPDIR/runtime"
	chmod 755 "$BATS_TEST_TMPDIR/runtime"
	RUNTIME_ITSELF=$RUNTIME
	RUNTIME="$BATS_TEST_TMPDIR/runtime"
}

is_other_net() {
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

# ---------------------------------------------------------------- calling the runtime

# limited COMMAND...: for direct calls, so that a runtime that hangs fails a test and not the suite.
limited() {
	timeout --foreground -k 5 "$RT_TIMEOUT" "$@"
}

# rt ARG...: calls the runtime with this test's --root. Sets $status, $out, $err (and $out_file, $err_file: files, so
# that a container which lives on holds no pipe of the test's). $RT_STDIN names the standard input (/dev/null).
rt() {
	CALL=$((CALL + 1))
	out_file="$BATS_TEST_TMPDIR/out.$CALL"
	err_file="$BATS_TEST_TMPDIR/err.$CALL"
	status=0
	limited "$RUNTIME" --root "$ROOT" "$@" \
		<"${RT_STDIN:-/dev/null}" >"$out_file" 2>"$err_file" 3>&- || status=$?
	out=$(tr -d '\0' <"$out_file")
	err=$(tr -d '\0' <"$err_file")
}

show_call() {
	echo "$1"
	echo "exit status: $status"
	echo "stdout: $out"
	echo "stderr: $err"
	return 1
}

# rt_ok ARG...: must succeed.
rt_ok() {
	rt "$@"
	[ "$status" -eq 0 ] || show_call "should have succeeded: $*"
}

# rt_fails ARG...: must exit with 1 and say why in one line on stderr, nothing on stdout.
rt_fails() {
	rt "$@"
	[ "$status" -eq 1 ] || show_call "should have failed with 1: $*"
	[ -n "$err" ] && [ "$(wc -l <"$err_file")" -eq 1 ] || show_call "should have said why in one line: $*"
	[ -z "$out" ] || show_call "should have printed nothing on stdout: $*"
}

# says TEXT...: the error holds each of the texts.
says() {
	local t

	for t in "$@"; do
		[[ $err == *"$t"* ]] || show_call "stderr should hold: $t"
	done
}

# in_container SCRIPT: runs it with `sh -c` to the end in a new container; must succeed. Its output is in $out.
in_container() {
	set_script "$1"
	rt_ok run "$ID"
}

# sleeper [ID]: a running container that does nothing until it is told to end.
sleeper() {
	set_args sleep 1000
	rt_ok run --detach "${1:-$ID}"
}

# Everything is gone right now, before teardown cleans up.
nothing_left() {
	local left

	left=$(leftovers "$ID" "$BATS_TEST_TMPDIR")
	[ -z "$left" ] || { echo "left behind: $left" && return 1; }
}

state_of() {
	"$RUNTIME" --root "$ROOT" state "$1" 2>/dev/null | jq -r .status
}

pid_of() {
	"$RUNTIME" --root "$ROOT" state "$1" | jq -r .pid
}

# is TEXT WANTED [WHAT]: equality that shows both sides.
is() {
	[ "$1" = "$2" ] || { printf '%s\n  found:  %s\n  wanted: %s\n' "${3:-differs}" "$1" "$2" && return 1; }
}

# has TEXT PART / has_not TEXT PART
has() {
	[[ $1 == *"$2"* ]] || { printf 'not found: %s\nin: %s\n' "$2" "$1" && return 1; }
}

has_not() {
	[[ $1 != *"$2"* ]] || { printf 'found, but must not be there: %s\nin: %s\n' "$2" "$1" && return 1; }
}

# ---------------------------------------------------------------- waiting

# wait_for COMMAND...: until it succeeds, at most 10 seconds.
wait_for() {
	local n

	for ((n = 0; n < 200; n++)); do
		! "$@" 2>/dev/null || return 0
		sleep 0.05
	done
	echo "did not come true in 10 s: $*"
	return 1
}

is_state() {
	[ "$(state_of "$1")" = "$2" ]
}

wait_state() {
	wait_for is_state "$1" "$2"
}

file_has() {
	grep -qse "$2" "$1"
}

is_gone() {
	is_zombie "$1"
}

is_alive() {
	! is_zombie "$1"
}

# ---------------------------------------------------------------- views of the cgroup file system

# hybrid: v1 controllers and a v2 hierarchy beside them; legacy: v1 alone; unified: v2 alone.
view() {
	if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then
		echo unified
	elif [ "$(stat -f -c %T /sys/fs/cgroup/unified 2>/dev/null)" = cgroup2fs ]; then
		echo hybrid
	else
		echo legacy
	fi
}

# v1_mount CONTROLLER: where the v1 hierarchy with this controller is mounted, or nothing.
v1_mount() {
	awk -v c="$1" '{
		for (i = 7; $i != "-"; i++);
		n = split($(i + 3), o, ",");
		if ($(i + 1) == "cgroup") for (j = 1; j <= n; j++) if (o[j] == c) { print $5; exit }
	}' /proc/self/mountinfo
}

v2_mount() {
	case "$(view)" in
	unified) echo /sys/fs/cgroup ;;
	hybrid) echo /sys/fs/cgroup/unified ;;
	esac
}

# requires_controller NAME: skips unless the view has it, on v1 or v2.
requires_controller() {
	[ -n "$(v1_mount "$1")" ] || has_v2_controller "$1" || skip "no $1 controller in the $(view) view"
}

has_v2_controller() {
	[ "$(view)" = unified ] && grep -qw "$1" /sys/fs/cgroup/cgroup.controllers
}

requires_v1() {
	[ "$(view)" != unified ] || skip "cgroup v1 only"
}

requires_v2() {
	[ "$(view)" = unified ] || skip "cgroup v2 only"
}

# cgroup_dir PID CONTROLLER: the directory of the process in the hierarchy of a v1 controller (with "" or on v2: in the
# v2 hierarchy).
cgroup_dir() {
	local m path

	m=$(v1_mount "$2")
	if [ -n "$2" ] && [ -n "$m" ]; then
		path=$(awk -F: -v c="$2" '{ n = split($2, o, ","); for (i = 1; i <= n; i++) if (o[i] == c) print $3 }' "/proc/$1/cgroup")
	else
		m=$(v2_mount)
		path=$(sed -n 's/^0:://p' "/proc/$1/cgroup")
	fi
	echo "$m$path"
}

# cgroup_value PID CONTROLLER FILE
cgroup_value() {
	cat "$(cgroup_dir "$1" "$2")/$3"
}

# value CONTROLLER V1-FILE V2-FILE: of the container; "-" for what there is not.
value() {
	if [ "$(view)" = unified ]; then
		[ "$3" != - ] || skip "v2 has no such thing"
		cgroup_value "$(pid_of "$ID")" "" "$3"
	else
		[ "$2" != - ] || skip "v1 has no such thing"
		cgroup_value "$(pid_of "$ID")" "$1" "$2"
	fi
}

# resources JSON: are added to the container's limits.
resources() {
	set_config ".linux.resources += $1"
}

# ---------------------------------------------------------------- what a machine or a runtime may lack

requires() {
	command -v "$1" >/dev/null || skip "needs $1"
	[ "$1" != strace ] || no_leak_check
}

requires_namespace() {
	[ -e "/proc/self/ns/$1" ] || skip "the kernel has no $1 namespaces"
}

# kernel_has VERSION: the running one is as new. requires_kernel VERSION WHAT: what it has since then.
kernel_has() {
	local major minor

	IFS=.- read -r major minor _ </proc/sys/kernel/osrelease
	[ $((major * 1000 + minor)) -ge $((${1%.*} * 1000 + ${1#*.})) ]
}

requires_kernel() {
	kernel_has "$1" || skip "$2: since Linux $1"
}

# MANAGER=systemd says that the runtime under test makes all cgroups by systemd.
requires_cgroupfs() {
	[ "${MANAGER:-}" != systemd ] || skip "cgroups not made by systemd only"
}

# cgroups_path NAME: for linux.cgroupsPath.
cgroups_path() {
	if [ "${MANAGER:-}" = systemd ]; then echo "system.slice:ebt:$1"; else echo "/$1"; fi
}

# without_sanitizers REASON: what is tested cannot be had of a build with sanitizers.
without_sanitizers() {
	[ -z "${SANITIZER_REPORTS:-}" ] || skip "sanitizers: $1"
}

# The leak sanitizer looks at a process from another, which cannot be had where something else traces it or no process
# can be made.
no_leak_check() {
	[ -z "${SANITIZER_REPORTS:-}" ] || export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
}

# known_gap RUNTIME REASON: another runtime is being compared, and is known not to do this.
known_gap() {
	[ "$RUNTIME_NAME" != "$1" ] || skip "$1: $2"
}

# ---------------------------------------------------------------- terminals and helpers in the background

# background COMMAND...: its pid is in $bg_pid, its output in $bg_out; killed at the end of the test.
background() {
	CALL=$((CALL + 1))
	bg_out="$BATS_TEST_TMPDIR/bg.$CALL"
	"$@" </dev/null >"$bg_out" 2>&1 3>&- &
	bg_pid=$!
	CHILDREN+=("$bg_pid")
}

# console_receiver: listens on $CONSOLE, takes one terminal and copies what it says to $CONSOLE_OUT. Text that is
# appended to $CONSOLE_IN is typed in.
console_receiver() {
	# sun_path is short: the socket has a place of its own.
	CONSOLE_DIR=$(mktemp -d "/tmp/ebt-con.XXXXXX")
	CONSOLE="$CONSOLE_DIR/s"
	CONSOLE_OUT="$BATS_TEST_TMPDIR/console.out"
	CONSOLE_IN="$BATS_TEST_TMPDIR/console.in"
	mkfifo "$CONSOLE_IN"
	background "$PYTHON" "$BATS_TEST_DIRNAME/pty.py" receive "$CONSOLE" "$CONSOLE_OUT" "$CONSOLE_IN"
	console_pid=$bg_pid
	wait_for test -S "$CONSOLE"
}

# on_pty [OPTION...] -- COMMAND...: see pty.py run. Sets $status and $out (carriage returns kept).
on_pty() {
	status=0
	out=$(limited "$PYTHON" "$BATS_TEST_DIRNAME/pty.py" run "$@" 3>&- </dev/null) || status=$?
}
