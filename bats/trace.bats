#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# What --trace writes, held against the clock, hooks that take their time and the format; and what `trace` draws.

load helpers

setup() {
	[ "$RUNTIME_NAME" = enviro-oci ] || skip "$RUNTIME_NAME has no trace"
	common_setup
	T="$BATS_TEST_TMPDIR/t.json"
}

# good [FILE...]: traces as the format wants them
good() {
	"$PYTHON" "$TOP/tests/trace-schema.py" "${@:-$T}"
}

# spans FILTER: of $T, as "NAME CATEGORY PROCESS THREAD", those that a jq filter lets through
spans() {
	jq -r '([.traceEvents[] | select(.name == "process_name") | {"\(.pid)": .args.name}] | add) as $p |
		([.traceEvents[] | select(.name == "thread_name") | {"\(.pid) \(.tid)": .args.name}] | add) as $t |
		.traceEvents[] | select(.ph == "X") | select('"${1:-true}"') |
		"\(.name) \(.cat) \($p["\(.pid)"]) \($t["\(.pid) \(.tid)"])"' "$T"
}

# ms NAME: how long the spans of that name took together, in whole milliseconds
ms() {
	jq --arg name "$1" '[.traceEvents[] | select(.name == $name) | .dur] | add / 1000 | floor' "$T"
}

# in_steps: how many per mille of the command are in steps of its own thread, or of the network namespace's
in_steps() {
	"$PYTHON" - "$T" <<-'PYTHON'
		import json, sys
		events = [e for e in json.load(open(sys.argv[1]))["traceEvents"] if e["ph"] == "X"]
		whole = max((e for e in events if e["cat"] == "verb"), key=lambda e: e["dur"])
		at, covered = whole["ts"], 0
		for e in sorted(events, key=lambda e: e["ts"]):
		    if e["cat"] != "verb" and (e["pid"], e["tid"]) == (whole["pid"], whole["tid"]):
		        end = e["ts"] + e["dur"]
		        covered += max(0, end - max(at, e["ts"]))
		        at = max(at, end)
		print(int(covered / whole["dur"] * 1000))
	PYTHON
}

@test "run: both sides, each in its own thread or process" {
	rt_ok run --trace "$T" "$ID"
	good
	all=$(spans)
	grep -qx "$RUNTIME_NAME run verb enviro-oci main" <<<"$all"
	for name in read_spec plan cgroup clone close; do
		grep -qx "$name phase enviro-oci main" <<<"$all" || { echo "$name is missing" && return 1; }
	done
	grep -qx "lead wait enviro-oci main" <<<"$all"
	grep -qx "netns phase enviro-oci network namespace" <<<"$all"
	for name in rootfs mounts devices pivot credentials; do
		grep -qx "$name phase init init" <<<"$all" || { echo "$name is missing in init" && return 1; }
	done
}

@test "run: init's spans have init's pid, and the mounts their number" {
	set_args sleep 1000
	rt_ok run --detach --trace "$T" "$ID"
	is "$(jq '[.traceEvents[] | select(.name == "mounts") | .pid] | unique | .[]' "$T")" "$(pid_of "$ID")"
	is "$(jq '[.traceEvents[] | select(.name == "mounts") | .args.step] | unique | length' "$T")" "$(jq '.mounts | length' config.json)"
}

@test "run: its steps add up to its time within 5 %" {
	for i in 1 2 3 4 5 6 7 8 9; do
		rt_ok run --trace "$T" "$ID"
		in_steps
	done | sort -n >"$BATS_TEST_TMPDIR/shares"
	cat "$BATS_TEST_TMPDIR/shares"
	[ "$(sed -n 5p "$BATS_TEST_TMPDIR/shares")" -ge 950 ]
}

# An emulation takes its time for the execution of the program, before the clock inside begins.
without_emulation() {
	[ "$(systemd-detect-virt --vm 2>/dev/null || true)" != qemu ] || skip "the times of an emulated machine"
}

@test "create, start and exec: their steps add up to their time within 5 %" {
	without_emulation
	set_args sleep 1000
	for i in 1 2 3 4 5; do
		rt_ok create --trace "$T" "$ID-$i"
		echo "create $(in_steps)"
		rt_ok start --trace "$T" "$ID-$i"
		echo "start $(in_steps)"
		rt_ok exec --trace "$T" "$ID-$i" true
		echo "exec $(in_steps)"
	done >"$BATS_TEST_TMPDIR/shares"
	cat "$BATS_TEST_TMPDIR/shares"
	for verb in create start exec; do
		[ "$(sed -n "s/^$verb //p" "$BATS_TEST_TMPDIR/shares" | sort -n | sed -n 3p)" -ge 950 ]
	done
}

@test "run: the whole is as long as a clock outside says, within 5 %" {
	without_sanitizers "their own beginning and end are outside of it"
	without_emulation
	set_args sleep 1
	for i in 1 2 3; do
		begin=${EPOCHREALTIME/./}
		limited "$RUNTIME" --root "$ROOT" --trace "$T" run "$ID"
		outside=$((${EPOCHREALTIME/./} - begin))
		inside=$(($(ms "$RUNTIME_NAME run") * 1000))
		echo "outside $outside us, inside $inside us"
		[ $inside -gt $((outside + 1000)) ] && return 1
		[ $inside -lt $((outside * 95 / 100)) ] || break
		[ $i -lt 3 ]
	done
	[ "$(ms container)" -ge 900 ]
	is "$(spans '.name == "container"')" "container wait enviro-oci main"
}

@test "hooks: as long as they take, and who waits for them" {
	add() { set_config ".hooks.$1 += [{path: \"/bin/sleep\", args: [\"sleep\", \"$2\"]}]"; }
	add prestart 0.21
	add createRuntime 0.22
	add createContainer 0.23
	add startContainer 0.24
	add poststart 0.25
	add poststop 0.26
	rt_ok run --trace "$T" "$ID"
	good
	for hook in prestart:210 createRuntime:220 createContainer:230 startContainer:240 poststart:250 poststop:260; do
		took=$(ms "hook_${hook%:*}")
		[ "$took" -ge "${hook#*:}" ] || { echo "${hook%:*}: $took ms" && return 1; }
	done
	[ "$(ms hook_wait)" -ge $((210 + 220 + 250 + 260)) ]
	[ "$(in_steps)" -ge 950 ]
	is "$(spans '.name == "hook_prestart"')" "hook_prestart plugin enviro-oci hooks"
	is "$(spans '.name == "hook_createContainer"' | sort -u)" "hook_createContainer plugin init init"
	is "$(spans '.name == "hook_startContainer"' | sort -u)" "hook_startContainer plugin init init"
}

@test "every command has a trace, asked for before it or behind it" {
	set_args sleep 1000
	n=0
	traced() {
		n=$((n + 1))
		rt_ok "$@"
		good "$BATS_TEST_TMPDIR/v$n.json"
		jq -e --arg name "$RUNTIME_NAME $verb" 'any(.traceEvents[]; .name == $name and .cat == "verb")' \
			"$BATS_TEST_TMPDIR/v$n.json"
	}
	for line in "create $ID" "state $ID" "start $ID" "exec $ID true" "ps $ID" "list" "events --stats $ID" "pause $ID" \
		"resume $ID" "features" "kill $ID KILL" "delete --force $ID" "cache stats"; do
		read -r verb rest <<<"$line"
		# shellcheck disable=SC2086
		if [ $((n % 2)) = 0 ]; then
			traced --trace "$BATS_TEST_TMPDIR/v$((n + 1)).json" "$verb" $rest
		else
			traced "$verb" --trace="$BATS_TEST_TMPDIR/v$((n + 1)).json" $rest
		fi
	done
}

@test "what stands behind the id is the command's own, --trace too" {
	sleeper
	rt_ok exec "$ID" echo --trace "$T"
	is "$out" "--trace $T"
	[ ! -e "$T" ]
}

@test "a run that fails has a trace, up to where it failed" {
	set_args /no/such/program
	rt run --trace "$T" "$ID"
	[ "$status" -ne 0 ]
	good
	spans | grep -qx "rootfs phase init init"
	spans | grep -qx "undo phase enviro-oci main"
	nothing_left
}

@test "the exit status is the container's, trace or not" {
	set_script 'exit 7'
	rt run --trace "$T" "$ID"
	is "$status" 7
	good
}

@test "a file that cannot be opened is an error before anything is made" {
	rt_fails --trace "$BATS_TEST_TMPDIR/no/such/directory/t" create "$ID"
	says "open trace: $BATS_TEST_TMPDIR/no/such/directory/t: no such file or directory"
	[ ! -e "$ROOT/$ID" ]
	nothing_left
}

@test "a trace that cannot be written changes nothing but for a warning" {
	set_script 'exit 7'
	rt run --trace /dev/full "$ID"
	is "$status" 7
	says "level=warning" "/dev/full: write trace: no space left on device"
}

@test "an old trace is replaced, a pipe is written to" {
	rt_ok --trace "$T" features
	truncate -s 100000 "$T"
	rt_ok --trace "$T" features
	good
	limited "$RUNTIME" --root "$ROOT" --trace /dev/fd/4 features 4>&1 >/dev/null | cat >"$T.pipe"
	good "$T.pipe"
}

@test "a container gets no descriptor of the trace" {
	set_script 'ls -l /proc/self/fd | sed -n "s/.*-> //p"'
	rt_ok run --trace "$T" "$ID"
	has_not "$out" t.json
	exec 4</dev/null
	rt_fails run --trace "$T" --preserve-fds 3 "$ID"
	exec 4<&-
}

@test "trace: what is no trace is refused by its place" {
	rt_fails trace config.json
	says "config.json: not a trace: traceEvents" "required member is missing"
	rt_fails trace "$BATS_TEST_TMPDIR/none"
	says "$BATS_TEST_TMPDIR/none: no such file or directory"
	rt_fails trace rootfs
	: >"$T"
	rt_fails trace "$T"
	says "not a trace" "empty"
	rt_ok --trace "$T" features
	truncate -s -20 "$T"
	rt_fails trace "$T"
	says "not a trace: line 1, column" "EOF"
}

@test "trace: a chart in plain text, no wider than 100 columns, waiting lighter" {
	rt_ok run --trace "$T" "$ID"
	rt_ok trace "$T"
	grep -Eq "^ +$RUNTIME_NAME run +[0-9.]+ ms #+$" "$out_file"
	grep -Eq '^ +lead +[0-9.]+ ms +\.+$' "$out_file"
	grep -Eq '^ +mounts \([0-9]+\) +[0-9.]+ ms +#+$' "$out_file"
	! LC_ALL=C grep -q '[^ -~]' "$out_file"
	[ "$(wc -L <"$out_file")" -le 100 ]
}

@test "trace: in a terminal as wide as that, in colour unless that is not wanted" {
	rt_ok run --trace "$T" "$ID"
	on_pty --size 50x70 -- env -u NO_COLOR TERM=xterm LC_ALL=C.UTF-8 "$RUNTIME" trace "$T"
	is "$status" 0
	has "$out" $'\033[34m'
	has "$out" █
	has "$out" ░
	plain=$(sed 's/\x1b\[[0-9;]*m//g; s/\r//' <<<"$out")
	[ "$(LC_ALL=C.UTF-8 wc -L <<<"$plain")" -le 70 ]
	[ "$(LC_ALL=C.UTF-8 wc -L <<<"$plain")" -ge 60 ]
	for variable in NO_COLOR=1 TERM=dumb; do
		on_pty -- env -u NO_COLOR TERM=xterm LC_ALL=C "$variable" "$RUNTIME" trace "$T"
		has_not "$out" $'\033'
		has_not "$out" █
	done
}

@test "trace: create and start as one, init in both" {
	set_config '.hooks.startContainer = [{path: "/bin/true"}]'
	rt_ok create --trace "$T" "$ID"
	rt_ok start --trace "$T.start" "$ID"
	rt_ok trace "$T" "$T.start"
	is "$(grep -c "^init (" "$out_file")" 1
	is "$(grep -c "^enviro-oci (.*: main:" "$out_file")" 2
	init=$(sed -n '/^init (/,/^[^ ]* (.*main:/p' "$out_file")
	has "$init" rootfs
	has "$init" hook_startContainer
}

@test "trace: an SVG that is well-formed, with a bar for each line" {
	rt_ok run --trace "$T" "$ID"
	rt_ok trace --svg "$BATS_TEST_TMPDIR/t.svg" "$T"
	is "$out" ""
	bars=$("$PYTHON" -c '
import sys, xml.etree.ElementTree as x
root = x.parse(sys.argv[1]).getroot()
assert root.tag == "{http://www.w3.org/2000/svg}svg", root.tag
print(sum(1 for r in root.iter("{http://www.w3.org/2000/svg}rect") if r.find("{http://www.w3.org/2000/svg}title") is not None))
' "$BATS_TEST_TMPDIR/t.svg")
	rt_ok trace "$T"
	is "$bars" "$(grep -c ' ms [ .#]*[.#]$' "$out_file")"
}

@test "the check of the format finds what is wrong with a trace" {
	rt_ok run --trace "$T" "$ID"
	while read -r filter; do
		jq "$filter" "$T" >"$T.bad"
		! good "$T.bad" || { echo "not found: $filter" && return 1; }
	done <<-'FILTERS'
		.traceEvents[2].ph = "Z"
		.traceEvents = []
		.displayTimeUnit = "s"
		del(.traceEvents[] | select(.name == "thread_name"))
		del(.traceEvents[] | select(.name == "process_name"))
		(.traceEvents[] | select(.ph == "X") | .dur) = -1
		del((.traceEvents[] | select(.ph == "X")).ts)
		(.traceEvents[] | select(.name == "lead") | .dur) += 1000000
		(.traceEvents[] | select(.name == "clone")) += {length: 5}
		(.traceEvents[] | select(.name == "clone") | .pid) = "x"
	FILTERS
}
