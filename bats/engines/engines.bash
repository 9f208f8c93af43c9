# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the engines' tests share. A file starts with `load engines`; its setup_file calls `engine_begin` and starts what it
# needs with `daemon`, its teardown_file calls `engine_end`.
#
#   RUNTIME    the runtime under test (default: enviro-oci at the top of the tree). With RUNTIME=runc the same steps run
#              on runc: what passes there must pass with enviro-oci.
#   KEEP       when not empty, the directory of the engine (its logs, its state) is kept
#
# Engines come from the distribution's packages (see `install`), have all of their state below $E, and no network. Images
# are made from busybox.

ENGINES_DIR=$BATS_TEST_DIRNAME
: "${RUNTIME:=$ENGINES_DIR/../../enviro-oci}"
load ../helpers
TOP=$(cd "$ENGINES_DIR/../.." && pwd)
CALL_TIMEOUT=60

# ---------------------------------------------------------------- the life of a test file

# skip_file REASON: skips all tests of the file. For setup_file, which then returns ("skip" is for tests only).
skip_file() {
	export SKIP_FILE=$1
}

# engine_begin NAME VIEW COMMAND...: skips the whole file, by name, and fails when a command is missing or the view does not fit
# the engine ("any" fits all; v2 with the usual controllers does, too). Sets E, the directory of the engine: short, for sockets lie in it.
engine_begin() {
	local name=$1 views=$2 c

	shift 2
	[ -x "$RUNTIME" ] || { echo "no such runtime: $RUNTIME" && exit 1; }
	[ "$(id -u)" = 0 ] || { skip_file "$name: needs root" && return 1; }
	for c; do
		command -v "$c" >/dev/null || { skip_file "$name: $c is not installed" && return 1; }
	done
	case " $views " in
	*" any "* | *" $(view) "*) ;;
	*) has_v2_controller memory || { skip_file "$name: needs the $views view of cgroups" && return 1; } ;;
	esac
	export ENGINE=$name E
	E=$(mktemp -d "${TMPDIR:-/tmp}/ebe.XXXXXX")
	[ ${#E} -lt 40 ] || { rmdir "$E" && E=$(mktemp -d /tmp/ebe.XXXXXX); }
	chmod 755 "$E"
	export TMPDIR=$E/tmp CG=/${E##*/}
	mkdir -m 1777 "$TMPDIR"
	unset NOTIFY_SOCKET LISTEN_FDS LISTEN_PID LISTEN_FDNAMES XDG_RUNTIME_DIR DOCKER_HOST CONTAINERS_CONF
	umask 022
	: >"$E/daemons"
	make_rootfs "$E/rootfs"
}

# engine_end: ends the daemons and whatever else has $E in its command line or environment; what processes, mounts and
# cgroups were left behind is an error, and is removed.
engine_end() {
	local pid left= n

	[ -n "${E:-}" ] || return 0
	tac "$E/daemons" | while read -r pid; do stop_daemon "$pid"; done
	# engines leave their storage mounted on itself, and empty parents of their cgroups
	umount "$E/g" 2>/dev/null || true
	umount "$E/x/netns/default" "$E/graph/overlay" 2>/dev/null || true
	rmdir /sys/fs/cgroup/{*/,}{"$CG"/,libpod_parent/,}conmon /sys/fs/cgroup/{*/,}{"$CG",libpod_parent,k8s.io} 2>/dev/null || true
	for ((n = 0; n < 40; n++)); do
		left=$(engine_leftovers)
		[ -n "$left" ] || break
		sleep 0.1
	done
	[ -z "$left" ] || remove_engine_leftovers
	[ -n "${KEEP:-}" ] || rm -rf --one-file-system "$E"
	[ -z "$left" ] || { printf '%s: left behind:\n%s\n' "$ENGINE" "$left" >&2 && return 1; }
}

engine_pids() {
	{
		grep -lsaF -e "$E/" /proc/[0-9]*/cmdline
		grep -lsaF -e "$E/" /proc/[0-9]*/environ
		grep -lsF -e "$CG/" /proc/[0-9]*/cgroup
	} | cut -d/ -f3 | sort -un | while read -r pid; do
		[ "$pid" = "$$" ] || [ "$pid" = "$BASHPID" ] || is_ours "$pid" || is_zombie "$pid" || echo "$pid"
	done
}

# bats' own processes have TMPDIR in their environment, and so have the clocks it lets run.
is_ours() {
	local p=$BASHPID

	while [ "${p:-0}" -gt 1 ]; do
		[ "$p" != "$1" ] || return 0
		p=$(awk '/^PPid/ { print $2 }' "/proc/$p/status" 2>/dev/null)
	done
	{ tr '\0' '\n' <"/proc/$1/cmdline"; } 2>/dev/null | grep -qe bats-exec -e bats-format -e '/bats$' -e "^${BATS_TEST_TIMEOUT:-none}\$"
}

engine_leftovers() {
	local pid

	for pid in $(engine_pids); do
		echo "process $pid: $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"
	done
	awk -v d="$E/" 'index($5, d) == 1 { print "mount " $5 }' /proc/self/mountinfo
	find /sys/fs/cgroup -type d -path "*$CG/*" 2>/dev/null | sed 's/^/cgroup /'
	grep -lsF -e "$E/" "/run/$RUNTIME_NAME"/[!@]*/* 2>/dev/null | sed 's/^/state /'
}

remove_engine_leftovers() {
	local pid

	for pid in $(engine_pids); do kill -KILL "$pid" 2>/dev/null || true; done
	awk -v d="$E/" 'index($5, d) == 1 { print $5 }' /proc/self/mountinfo | sort -r | while read -r pid; do
		umount -l "$pid" || true
	done
	sleep 0.3
	find /sys/fs/cgroup -depth -type d -path "*$CG*" -exec rmdir {} \; 2>/dev/null || true
}

# setup and teardown of each test: a directory of its own, and what containers it made are removed (`clean_up` is the
# file's).
setup() {
	[ -z "${SKIP_FILE:-}" ] || skip "$SKIP_FILE"
	N=$BATS_TEST_NUMBER
	C=t$N
	CALL=0
	CHILDREN=()
	cd "$BATS_TEST_TMPDIR" || return 1
	chmod 755 "$BATS_TEST_TMPDIR"
}

teardown() {
	local pid

	for pid in "${CHILDREN[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
	[ -n "${E:-}" ] && [ -z "${SKIP_FILE:-}" ] || return 0
	[ -n "${BATS_TEST_COMPLETED:-}" ] || tail -qn 30 "$E"/*.log 2>/dev/null | grep -e level=error -e level=warn -e level=fatal | tail -n 5 || true
	clean_up
}

# daemon LOG COMMAND...: in the background, with its output in $E/LOG; its pid is in daemon_pid.
daemon() {
	local log=$E/$1

	shift
	"$@" >>"$log" 2>&1 </dev/null 3>&- 4>&- &
	daemon_pid=$!
	disown "$daemon_pid"
	echo "$daemon_pid" >>"$E/daemons"
}

stop_daemon() {
	local n

	kill -TERM "$1" 2>/dev/null || return 0
	for ((n = 0; n < 150; n++)); do
		! is_zombie "$1" || return 0
		sleep 0.1
	done
	kill -KILL "$1" 2>/dev/null || true
}

# ---------------------------------------------------------------- containerd

# containerd_1: whether it is a containerd 1.x.
containerd_1() {
	[[ $(containerd --version) == *" "v1.* || $(containerd --version) == *" "1.* ]]
}

# containerd_config [PREFIX]: a containerd without CRI whose files below $E have this prefix.
containerd_config() {
	local cri='"io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime", "io.containerd.grpc.v1.cri"' version=3

	if containerd_1; then
		cri='"io.containerd.grpc.v1.cri"'
		version=2
	fi
	printf 'version = %s\nroot = "%s/c"\nstate = "%s/s"\ndisabled_plugins = [%s]\n[grpc]\naddress = "%s/c.sock"\n' \
		"$version" "$E/${1-}" "$E/${1-}" "$cri" "$E/${1-}"
}

import_archive() {
	local how=()

	containerd_1 || how=(--local)
	ctr image import "${how[@]}" --snapshotter native "$1" >"$E/import.log" 2>&1 || { cat "$E/import.log" && return 1; }
}

# ---------------------------------------------------------------- the root file system of all images

make_rootfs() {
	local a

	mkdir -p "$1"/{bin,dev,etc,proc,sys,tmp,root,run,usr,lib,lib64,mnt,var/tmp,home/user}
	cp "$(command -v busybox)" "$1/bin/busybox"
	busybox --list | while read -r a; do
		[ "$a" = busybox ] || ln -s busybox "$1/bin/$a"
	done
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home/user:/bin/sh\n' >"$1/etc/passwd"
	printf 'root:x:0:\nuser:x:1000:\nextra:x:2000:user\n' >"$1/etc/group"
	echo text >"$1/etc/plain"
	chmod 644 "$1/etc/plain"
	chmod 1777 "$1/tmp" "$1/var/tmp"
	chown 1000:1000 "$1/home/user"
}

# oci_image DIR NAME [COMMAND-JSON [CONFIG-JSON]]: an OCI image layout of the root file system, in one layer, for engines that
# import such archives.
oci_image() {
	local d=$1/blobs/sha256 layer config manifest diff

	mkdir -p "$d"
	tar -C "$E/rootfs" --numeric-owner -cf "$d/layer" .
	diff=$(sha256sum "$d/layer" | cut -d' ' -f1)
	layer=$diff
	mv "$d/layer" "$d/$layer"
	jq -n --arg d "sha256:$diff" --argjson cmd "${3:-[\"sh\"]}" --argjson more "${4:-{\}}" '{architecture: "amd64", os: "linux",
		rootfs: {type: "layers", diff_ids: [$d]}, config: ({Env: ["PATH=/bin:/usr/bin"], Cmd: $cmd} + $more)}' >"$d/config"
	config=$(sha256sum "$d/config" | cut -d' ' -f1)
	mv "$d/config" "$d/$config"
	jq -n --arg c "sha256:$config" --arg l "sha256:$layer" --argjson cs "$(stat -c %s "$d/$config")" \
		--argjson ls "$(stat -c %s "$d/$layer")" '{schemaVersion: 2,
		mediaType: "application/vnd.oci.image.manifest.v1+json",
		config: {mediaType: "application/vnd.oci.image.config.v1+json", digest: $c, size: $cs},
		layers: [{mediaType: "application/vnd.oci.image.layer.v1.tar", digest: $l, size: $ls}]}' >"$d/manifest"
	manifest=$(sha256sum "$d/manifest" | cut -d' ' -f1)
	mv "$d/manifest" "$d/$manifest"
	jq -n --arg m "sha256:$manifest" --argjson ms "$(stat -c %s "$d/$manifest")" --arg n "$2" '{schemaVersion: 2,
		manifests: [{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $m, size: $ms,
		annotations: {"io.containerd.image.name": $n, "org.opencontainers.image.ref.name": ($n | sub(".*:"; ""))},
		platform: {architecture: "amd64", os: "linux"}}]}' >"$1/index.json"
	echo '{"imageLayoutVersion": "1.0.0"}' >"$1/oci-layout"
}

# ---------------------------------------------------------------- calling an engine

# call COMMAND...: sets $status, $out and $err. $STDIN names its standard input (/dev/null).
call() {
	CALL=$((CALL + 1))
	local o=$BATS_TEST_TMPDIR/out.$CALL.$BASHPID e=$BATS_TEST_TMPDIR/err.$CALL.$BASHPID

	status=0
	timeout --foreground -k 5 "$CALL_TIMEOUT" "$@" <"${STDIN:-/dev/null}" >"$o" 2>"$e" 3>&- || status=$?
	out=$(tr -d '\0' <"$o")
	err=$(tr -d '\0' <"$e")
}

# ok COMMAND...: must succeed. fails STATUS COMMAND...: must end with this status.
ok() {
	call "$@"
	[ "$status" -eq 0 ] || show_call "should have succeeded: $*"
}

fails() {
	local wanted=$1

	shift
	call "$@"
	[ "$status" -eq "$wanted" ] || show_call "should have ended with $wanted: $*"
}

# all_at_once COUNT COMMAND...: so many of COMMAND, %N in it being the number, with a script that has an output and an exit
# status of its own.
all_at_once() {
	local count=$1 i rc pids=()

	shift
	for i in $(seq "$count"); do
		"${@//%N/$i}" sh -c "echo out $i; sleep 0.5; exit $i" >"o.$i" 2>"e.$i" </dev/null 3>&- &
		pids[i]=$!
	done
	for i in $(seq "$count"); do
		rc=0
		wait "${pids[i]}" || rc=$?
		is "$rc" "$i" "exit status of number $i ($(cat "e.$i"))"
		is "$(cat "o.$i")" "out $i"
	done
}

# says TEXT...: without regard to case.
says() {
	local t

	for t; do
		grep -qiF -e "$t" <<<"$err" || show_call "stderr should hold: $t"
	done
}

on_pty() {
	status=0
	out=$(timeout --foreground -k 5 "$CALL_TIMEOUT" "$PYTHON" "$ENGINES_DIR/../pty.py" run "$@" 3>&- </dev/null) || status=$?
	out=${out//$'\r'/}
}

# background COMMAND...: its pid is in $bg_pid; killed at the end of the test.
background() {
	"$@" >"$BATS_TEST_TMPDIR/bg.out" 2>&1 </dev/null 3>&- 4>&- &
	bg_pid=$!
	CHILDREN+=("$bg_pid")
}

# wait_for COMMAND...: until it succeeds, at most 20 seconds; what it says is of no interest.
wait_for() {
	local n

	for ((n = 0; n < 200; n++)); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	echo "did not come true in 20 s: $*"
	return 1
}

has_controller() {
	[ -n "$(v1_mount "$1")" ] || has_v2_controller "$1"
}

# dockerd asks for all capabilities it knows, and runc refuses to start when the machine has not got them.
requires_all_caps() {
	[ "$RUNTIME_NAME" != runc ] || [ $((0x$MACHINE_CAPS & 0x3fffffffff)) = $((0x3fffffffff)) ] ||
		skip "runc: this machine lacks some capabilities"
}

# All capabilities of this machine, and those of them that engines older than kernel 5.8 know.
MACHINE_CAPS=$(awk '/^CapBnd/ { print $2 }' /proc/self/status)
ALL_CAPS=$(printf '%016x' $((0x$MACHINE_CAPS & 0x3fffffffff)))

# For a terminal of 25 lines and 91 columns that becomes one of 33 and 99 after "first size", and into which a line is
# typed after "second size".
TERMINAL_SCRIPT='until [ "$(stty size 2>/dev/null)" = "25 91" ]; do sleep 0.1; done; echo first size
	until [ "$(stty size)" = "33 99" ]; do sleep 0.1; done; echo second size; read line; echo "got $line"; exit 6'

# Scripts for containers: a capability set, and the mode of seccomp.
SHOW_CAPS='sed -n "s/^Cap\(Eff\|Bnd\):[[:space:]]*//p" /proc/self/status'
SHOW_SECCOMP='sed -n "s/^Seccomp:[[:space:]]*//p" /proc/self/status'

# What the runtime is given inside a privileged container: the busybox of that container in namespaces of its own.
inner_config() {
	jq -n --argjson pids "$(has_controller pids && echo '{"pids": {"limit": 20}}' || echo '{}')" '{
		ociVersion: "1.0.2",
		process: {user: {uid: 0, gid: 0}, args: ["sh", "-c", "echo inside $$"], env: ["PATH=/bin"], cwd: "/"},
		root: {path: "rootfs", readonly: true},
		mounts: [
			{destination: "/proc", type: "proc", source: "proc"},
			{destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755"]}
		],
		linux: {
			resources: ({devices: [{allow: false, access: "rwm"}]} + $pids),
			namespaces: [{type: "pid"}, {type: "ipc"}, {type: "mount"}]
		}
	}'
}
