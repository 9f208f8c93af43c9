# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The measurements of bench/run; measure_X takes every name that begins with X-. Sourced by it.

all_measurements=(run-unified run-legacy run-hybrid podman-legacy podman-unified cold-legacy cold-unified verbs-legacy
	verbs-unified exec-legacy exec-unified mounts crowd-legacy crowd-unified alive-legacy alive-unified memory size namespaces options-legacy
	options-unified pool metrics docker trace)
# What --report shows when nothing is chosen.
report_measurements=(run-unified run-legacy podman-legacy podman-unified verbs-legacy verbs-unified exec-legacy exec-unified
	mounts crowd-legacy crowd-unified memory size docker trace)

list_measurements() {
	cat <<LIST
run-VIEW       run of the bundle that "spec" writes (unified, legacy, hybrid)
podman-VIEW    run with podman's configuration and its seccomp profile, from the second start on
cold-VIEW      the same, each in a state root of its own: the very first start
verbs-VIEW     create, start, state, list, exec, kill, delete
exec-VIEW      exec of a program that does nothing: wall time and CPU time
mounts         run with 10, 1,000 and 5,000 mounts on the host
crowd-VIEW     create, start and delete of 100 containers, 8 at once
alive-VIEW     create and start of 1,000 containers that all stay
memory         the smallest memory limit (cgroup v1) in which a container starts
size           of the static program
namespaces     what the kernel takes for namespaces
options-VIEW   run with each optimisation switched off
pool           pooled buffers beside malloc and free, 1,000 allocations
metrics        what counting costs: run with and without, and event by event
docker         docker run with each runtime, where docker is installed
trace          where the time of one run goes: a picture, by --trace
LIST
}

is_measurement() {
	local n
	for n in "${all_measurements[@]}"; do [ "$n" != "$1" ] || return 0; done
	return 1
}

view_of() { echo "${1##*-}"; }

# ---- scripts for the timer -------------------------------------------------------------------------------------------

# run_script NAME MEASURE BUNDLE [ROOT]: one run of a runtime
run_script() {
	printf 'time %s %s --root %s run -b %s eb-%s-%%N-r\n' "$2" "${runtimes[$1]}" "${4:-$work/state/$1}" "$work/$3" "$1"
}

life_script() { # life_script NAME: one verb after the other
	local rt="${runtimes[$1]} --root $work/state/$1" id=eb-$1-%N
	cat <<SCRIPT
time create $rt create -b $work/life --pid-file $work/$1.pid $id
pid $work/$1.pid
time start $rt start $id
time state $rt state $id
time list $rt list
time exec $rt exec $id /bin/true
time kill $rt kill $id KILL
gone
time delete $rt delete $id
SCRIPT
}

floor_script() { printf 'contestant floor\ntime %s %s %s eb-floor /bin/true\n' "${1:-run}" "$work/floor" "$work/rootfs"; }

# works VIEW NAME SCRIPT: whether a runtime gets through one round
works() {
	local id
	printf 'contestant %s\n%s\n' "$2" "$3" >"$work/try"
	in_view "$1" "$work/timer" -n 1 -w 0 "$work/try" >/dev/null 2>"$work/try.err" && return 0
	left_out "$2" "$1 view: $(head -n 1 "$work/try.err")"
	for id in "eb-$2-0" "eb-$2-0-r"; do
		in_view "$1" "${runtimes[$2]}" --root "$work/state/$2" delete --force "$id" >/dev/null 2>&1 || :
	done
	return 1
}

# compete NAME ROUNDS VIEW SCRIPT-FUNCTION [ARG...]: every runtime that works in the view; the function prints the
# script of one. Into $work/script, which further contestants may have been put into by then.
compete() {
	local name=$1 n=$2 view=$3 rt script
	shift 3
	for rt in "${order[@]}"; do
		script=$("$1" "$rt" "${@:2}")
		if works "$view" "$rt" "$script"; then printf 'contestant %s\n%s\n' "$rt" "$script" >>"$work/script"; fi
	done
	timed "$name" "$n" "$view"
}

timed() { # timed NAME ROUNDS VIEW: runs $work/script
	local one
	: >"$work/timed.json"
	printf '\n%s, %s view, %s rounds\n\n' "$1" "$3" "$(rounds "$2")"
	in_view "$3" "$work/timer" -n "$(rounds "$2")" -j "$work/timed.json" \
		-l "\"name\":\"$1\",\"view\":\"$3\"" "$work/script"
	while read -r one; do result "$one"; done <"$work/timed.json"
	: >"$work/script"
}

# ---- the measurements ------------------------------------------------------------------------------------------------

measure_run() {
	local view
	view=$(view_of "$1")
	has_view "$view" || return 0
	floor_script >"$work/script"
	compete "$1" 100 "$view" run_script run run
}

measure_podman() {
	has_view "$(view_of "$1")" || return 0
	: >"$work/script"
	compete "$1" 60 "$(view_of "$1")" run_script run podman
}

cold_script() {
	run_script "$1" run podman "$work/state/cold-$1-%N"
	[ "$1" != enviro-oci ] || echo "do ${runtimes[$1]} --root $work/state/cold-$1-%N cache clear"
	echo "do rm -rf $work/state/cold-$1-%N"
}

measure_cold() {
	has_view "$(view_of "$1")" || return 0
	: >"$work/script"
	compete "$1" 40 "$(view_of "$1")" cold_script
}

measure_verbs() {
	has_view "$(view_of "$1")" || return 0
	: >"$work/script"
	compete "$1" 100 "$(view_of "$1")" life_script
}

exec_script() { printf 'time exec %s --root %s exec eb-%s-x /bin/true\n' "${runtimes[$1]}" "$work/state/$1" "$1"; }

measure_exec() {
	local view rt script
	view=$(view_of "$1")
	has_view "$view" || return 0
	: >"$work/script"
	for rt in "${order[@]}"; do
		if in_view "$view" "${runtimes[$rt]}" --root "$work/state/$rt" run -d -b "$work/life" "eb-$rt-x" \
			</dev/null >/dev/null 2>"$work/try.err"; then
			script=$(exec_script "$rt")
			if works "$view" "$rt" "$script"; then printf 'contestant %s\n%s\n' "$rt" "$script" >>"$work/script"; fi
		else
			left_out "$rt" "$(head -n 1 "$work/try.err")"
		fi
	done
	timed "$1" 100 "$view"
	for rt in "${order[@]}"; do
		in_view "$view" "${runtimes[$rt]}" --root "$work/state/$rt" delete --force "eb-$rt-x" 2>/dev/null || :
	done
}

# All numbers of mounts take turns, too: the contestants' commands run in the namespaces that have them.
measure_mounts() {
	local view=legacy n rt
	has_view legacy || view=unified
	: >"$work/script"
	for n in 10 1000 5000; do
		namespace_with $n $view
		for rt in floor "${order[@]}"; do
			if [ "$rt" = floor ]; then
				floor_script "run,$n" | sed "1a mounts /proc/$made_pid/ns/mnt" >>"$work/script"
			elif [ $n != 10 ] || works $view "$rt" "$(run_script "$rt" run run)"; then
				grep -q "^time run,10 .*state/$rt " "$work/script" || [ $n = 10 ] || continue
				printf 'contestant %s\nmounts /proc/%s/ns/mnt\n%s\n' "$rt" "$made_pid" \
					"$(run_script "$rt" "run,$n" run)" >>"$work/script"
			fi
		done
	done
	timed mounts 40 $view
	end_namespaces
}

crowd() { # crowd NAME VIEW RUNTIME OPTION...
	local out name=$1 view=$2 rt=$3
	shift 3
	out=$(cd "$work/life" && in_view "$view" "$work/crowd" "$@" "eb-$rt" -- "${runtimes[$rt]}" --root "$work/state/$rt") || {
		left_out "$rt" "it failed"
		return 0
	}
	result "{\"name\":\"$name\",\"view\":\"$view\",\"measure\":\"crowd\",\"program\":\"$rt\",$out}"
	echo "$rt: $out"
}

measure_crowd() {
	local rt round view
	view=$(view_of "$1")
	has_view "$view" || return 0
	for round in 1 2 3; do
		for rt in "${order[@]}"; do
			[ $round = 1 ] && ! works "$view" "$rt" "$(run_script "$rt" run run)" && continue
			grep -q "\"name\":\"$1\".*\"program\":\"$rt\"" "$results" || [ $round = 1 ] || continue
			crowd "$1" "$view" "$rt" -n 100 -j 8
		done
	done
}

measure_alive() {
	local round view
	view=$(view_of "$1")
	has_view "$view" || return 0
	for round in 1 2; do crowd "$1" "$view" enviro-oci -k -n 1000; done
}

# The payload's pages are in the page cache; five starts out of five must succeed.
measure_memory() {
	local rt limit i ok
	has_view legacy && [ -d /sys/fs/cgroup/memory ] || return 0
	for rt in "${order[@]}"; do
		works legacy "$rt" "$(run_script "$rt" run run)" || continue
		ok=0
		for limit in 32 48 64 80 96 112 128 160 192 256 384 512 1024 2048 4096 8192; do
			bundle "limit-$limit" '["/bin/true"]' ".linux.resources.memory = {limit: ($limit * 1024)}"
			for i in 1 2 3 4 5; do
				in_view legacy "${runtimes[$rt]}" --root "$work/state/$rt" run -b "$work/limit-$limit" "eb-$rt-m" \
					</dev/null >/dev/null 2>&1 || { ok=0; break; }
				ok=$limit
			done
			in_view legacy "${runtimes[$rt]}" --root "$work/state/$rt" delete --force "eb-$rt-m" >/dev/null 2>&1 || :
			[ "$ok" = 0 ] || break
		done
		echo "$rt: $ok KiB"
		result "{\"name\":\"memory\",\"view\":\"legacy\",\"measure\":\"smallest limit\",\"program\":\"$rt\",\"kib\":$ok}"
	done
}

measure_size() {
	local rt
	for rt in "${order[@]}"; do
		echo "$rt: $(stat -L -c %s "${runtimes[$rt]}") bytes"
		result "{\"name\":\"size\",\"measure\":\"size\",\"program\":\"$rt\",\"bytes\":$(stat -L -c %s "${runtimes[$rt]}")}"
	done
}

measure_namespaces() {
	local one
	while read -r one; do
		result "$one"
		jq -r '"\(.measure): \(.median_ms) ms (best \(.best_ms))"' <<<"$one"
	done < <("$work/kernel" -n 50)
}

# Each optimisation that can be switched off for one container; two contestants are the same but for it. The pool of
# namespaces is empty, but for the last, which finds one there each time.
measure_options() {
	local view o
	view=$(view_of "$1")
	has_view "$view" || return 0
	: >"$work/script"
	bundle opt-none '["/bin/true"]' '.annotations = {}'
	for o in none parallel_namespaces use_namespace_cache cache; do
		[ $o = none ] || bundle "opt-$o" '["/bin/true"]' ".annotations = {\"io.enviro-oci.$o\": \"false\"}"
		printf 'contestant %s\n%s\n' "$([ $o = none ] && echo default || echo "without_$o")" \
			"$(run_script enviro-oci run "opt-$o")" >>"$work/script"
	done
	printf 'contestant prewarmed\ndo %s --root %s prewarm --count 1\n%s\n' "${runtimes[enviro-oci]}" \
		"$work/state/prewarmed" "$(run_script enviro-oci run opt-none "$work/state/prewarmed")" >>"$work/script"
	timed "$1" 100 "$view"
}

measure_pool() {
	local one
	compile pool
	while read -r one; do result "$one"; done < <("$work/pool" --json | jq -c '{name: "pool"} + .')
}

# configured JSON VIEW: sets made_pid to a process in a mount namespace with that configuration file.
configured() {
	local dir
	dir=$(mktemp -d "$work/etc.XXXXXX")
	mkdir "$dir/enviro-oci"
	mkfifo "$dir.out"
	echo "$1" >"$dir/enviro-oci/config.json"
	in_view "$2" unshare --mount --propagation private bash -c \
		'mount --bind "$1" /etc && echo $$ && exec sleep 3600' - "$dir" >"$dir.out" &
	holders+=($!)
	read -r made_pid <"$dir.out" || die "metrics: no mount namespace with a configuration"
	namespaces+=("$made_pid")
}

measure_metrics() {
	local on
	: >"$work/script"
	for on in false true; do
		configured "{\"metrics\": $on}" unified
		printf 'contestant metrics_%s\nmounts /proc/%s/ns/mnt\n%s\n' $on "$made_pid" \
			"$(run_script enviro-oci run run "$work/state/metrics-$on")" >>"$work/script"
	done
	timed "$1" 300 unified
	compile metrics -O2 "$top"/src/base/{error,file,pool,str,arena,wait}.c
	while read -r on; do result "$on"; done < <("$work/metrics" --json "$work" | jq -c '{name: "metrics-events"} + .')
	jq -r 'select(.name == "metrics-events") | "\(.measure): \(.ns) ns"' "$results"
}

# The fastest: on a busy machine most of the others' time is somebody else's.
measure_trace() {
	local view=legacy i runs=50 best
	has_view legacy || view=unified
	# a few to warm up; what is made for all containers is made for one mount namespace
	in_view $view bash -c 'for ((i = -3; i < $2; i++)); do
		"$1/enviro-oci" --root "$1/state/enviro-oci" --trace "$1/trace.$i" run -b "$1/run" eb-trace
	done' - "$work" $runs
	best=$(for ((i = 0; i < runs; i++)); do
		printf '%s %s\n' "$(jq '[.traceEvents[].dur // 0] | max' "$work/trace.$i")" "$i"
	done | sort -n | sed -n "1s/.* //p")
	"$work/enviro-oci" trace "$work/trace.$best"
	"$work/enviro-oci" trace --svg "$work/trace.svg" "$work/trace.$best"
	result "$(jq -nc --arg view $view --argjson runs $runs --rawfile svg "$work/trace.svg" \
		'{name: "trace", view: $view, runs: $runs, svg: $svg}')"
}

measure_docker() {
	. "$top/bench/lib/docker.sh"
	docker_measurement
}
