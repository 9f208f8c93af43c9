# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What bench/run needs before it can measure: programs, bundles, runtimes, results. Sourced by it.

declare -A runtimes # name → program
declare -A absent   # name → why

add_runtime() { # add_runtime NAME PROGRAM
	local path
	if path=$(command -v "$2"); then
		runtimes[$1]=$path
	else
		absent[$1]="$2 is not installed"
		say "$1: ${absent[$1]}"
	fi
}

find_runtimes() {
	local p new=${XDG_CACHE_HOME:-$HOME/.cache}/enviro-oci/bench-crun/root/usr/bin/crun
	if [ -z "$runtime" ]; then # what lies in the tree may be old, or linked to shared libraries
		runtime=$work/built
		"$top/contrib/build-static" -o "$runtime"
	fi
	ln -s "$runtime" "$work/enviro-oci"
	runtimes[enviro-oci]=$work/enviro-oci
	if [ ${#peers[@]} -eq 0 ]; then
		peers=(crun=crun runc=runc)
		[ ! -x "$new" ] || peers=(crun=crun "crun-new=$new" runc=runc)
	fi
	for p in "${peers[@]}"; do add_runtime "${p%%=*}" "${p#*=}"; done
	order=(enviro-oci)
	for p in "${peers[@]}"; do [ -z "${runtimes[${p%%=*}]:-}" ] || order+=("${p%%=*}"); done
}

compile() { # compile NAME [OPTION...]: a static program
	local name=$1
	shift
	gcc -specs="$libs/musl.specs" -static -s -Os -std=gnu11 -D_GNU_SOURCE= -I"$top/src" -isystem "$libs/include" \
		-o "$work/$name" "$top/bench/$name.c" "$@"
}

# bundle NAME ARGS-AS-JSON [FILTER]: the bundle of `spec --runc` with these arguments, without a terminal, changed by a jq
# filter. The version is one that runtimes of Debian 12 take, too.
bundle() {
	mkdir -p "$work/$1"
	jq --argjson args "$2" --arg rootfs "$work/rootfs" '.ociVersion = "1.0.2" | .process.terminal = false |
		.process.args = $args | .root.path = $rootfs | '"${3:-.}" "$work/spec/config.json" >"$work/$1/config.json"
}

# What podman writes for `podman run`, without the files of the host it was written on.
podman_bundle() { # podman_bundle NAME
	mkdir -p "$work/$1"
	jq --arg rootfs "$work/rootfs" '.ociVersion = "1.0.2" | .process.terminal = false | .process.args = ["/bin/true"] |
		.process.cwd = "/" | .root = {path: $rootfs} | .mounts |= map(select(.type != "bind")) |
		.linux.resources |= {devices} | del(.hooks, .annotations, .linux.cgroupsPath, .process.rlimits,
		.process.apparmorProfile, .process.selinuxLabel, .linux.mountLabel, .process.oomScoreAdj) |
		.linux.namespaces |= map(del(.path))' "$top/tests/configs/podman.json" >"$work/$1/config.json"
}

set_up() {
	work=$(mktemp -d "${TMPDIR:-/tmp}/enviro-bench.XXXXXX")
	trap 'cd /; docker_stop; end_namespaces; umount -l "$work" 2>/dev/null || :; rmdir "$work"' EXIT
	mount -t tmpfs -o mode=700 bench "$work"
	libs=$("$top/contrib/build-static" --print-libs)
	for p in timer floor true crowd mounts kernel; do compile $p; done
	mkdir -p "$work"/{spec,rootfs/{bin,proc,sys,dev,etc,run,tmp},state}
	cp "$work/true" "$work/rootfs/bin/true"
	find_runtimes
	(cd "$work/spec" && "$work/enviro-oci" spec --runc)
	bundle run '["/bin/true"]'
	bundle life '["/bin/true", "wait"]'
	podman_bundle podman
	[ -z "$json" ] || : >"$json"
	results=$work/results.json
	: >"$results"
}

# ---- views and namespaces -------------------------------------------------------------------------------------------

# in_view VIEW COMMAND...: "host" and "hybrid" are the machine as it is.
in_view() {
	local view=$1
	shift
	case $view in
	host | hybrid) "$@" ;;
	*) "$top/contrib/views/$view" "$@" ;;
	esac
}

has_view() { # whether this machine can show it
	case $1 in
	hybrid) [ -d /sys/fs/cgroup/unified ] && [ -d /sys/fs/cgroup/memory ] ;;
	legacy) [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ] ;;
	*) : ;;
	esac || { say "this machine has no $1 view"; return 1; }
}

namespaces=() # pids of the processes that hold them
holders=()    # and of our children that wait for those

# namespace_with N VIEW: sets made_pid to a process in a mount namespace of its own with N more mounts
namespace_with() {
	local dir=$work/mounts-$1
	mkdir -p "$dir"
	mkfifo "$dir.in" "$dir.out"
	in_view "$2" unshare --mount --propagation private "$work/mounts" "$1" "$dir" <>"$dir.in" >"$dir.out" &
	holders+=($!)
	read -r made_pid <"$dir.out" || die "mounts: $1 of them cannot be made"
	namespaces+=("$made_pid")
}

docker_stop() { # also what an interrupted measurement left
	[ ! -s "$work/docker/pid" ] || kill "$(cat "$work/docker/pid")" 2>/dev/null || :
}

end_namespaces() {
	local p
	for p in ${namespaces[@]+"${namespaces[@]}"}; do kill -PIPE "$p" 2>/dev/null || :; done
	for p in ${holders[@]+"${holders[@]}"}; do wait "$p" 2>/dev/null || :; done
	namespaces=()
	holders=()
}

# ---- results ---------------------------------------------------------------------------------------------------------

result() { # result JSON-OBJECT
	[ -z "$json" ] || printf '%s\n' "$1" >>"$json"
	printf '%s\n' "$1" >>"$results"
}

left_out() { # left_out PROGRAM REASON: of the measurement that is being made
	say "$1 left out: $2"
	result "$(jq -nc --arg of "$current" --arg program "$1" --arg reason "$2" '{name: "left out", of: $of, program: $program,
		reason: $reason}')"
}

describe_machine() {
	local n versions= missing=
	for n in "${!absent[@]}"; do missing+=",\"$n\":\"${absent[$n]}\""; done
	for n in "${order[@]}"; do
		versions+=",\"$n\":\"$("${runtimes[$n]}" --version | head -n 1 | sed 's/.* version //; s/+.*//')\""
	done
	result "{\"name\":\"machine\",\"kernel\":\"$(uname -r)\",\"arch\":\"$(uname -m)\",\"cpus\":$(nproc),\"model\":\"$(
		sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)\",\"load\":$(cut -d ' ' -f 1 /proc/loadavg),\"date\":\"$(
		date -u +%F)\",\"versions\":{${versions#,}},\"absent\":{${missing#,}}}"
}

rounds() { # rounds N: N times the factor, at least 3
	local n=$(($1 * factor / 100))
	echo $((n > 3 ? n : 3))
}
