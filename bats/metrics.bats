#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# metrics: what all invocations with one state root came to.
#
#   METRICS_RUNS   how many containers the test of many runs starts, from eight processes (default: 160)
#   METRICS_KILLS  how many runs are killed at some moment (default: 30)
#                  the whole: METRICS_RUNS=10000 METRICS_KILLS=500 BATS_TEST_TIMEOUT=3600 bats bats/metrics.bats -f processes\|killed
#   PROMTOOL       checks the output for Prometheus as well (default: promtool, where it is installed)

load helpers

setup() {
	common_setup
	FILE=$ROOT/@metrics
}

# metric FILTER: of the JSON that metrics prints.
metric() {
	rt_ok metrics --format json
	jq -c "$1" <<<"$out"
}

hist() { # hist NAME [FIELD]: 0 for what was never seen
	metric ".histograms[\"$1\"].${2:-count} // 0"
}

# ---------------------------------------------------------------- what is counted

@test "metrics: a life, verb by verb" {
	set_args sleep 1000
	rt_ok create "$ID"
	is "$(metric '.counters.containers | [.created, .started, .stopped, .deleted, .exec]')" "[1,0,0,0,0]"
	rt_ok start "$ID"
	rt_ok exec "$ID" true
	rt_ok exec --detach "$ID" true
	rt_ok kill "$ID" KILL
	rt_ok delete --force "$ID"
	is "$(metric '.counters.containers | [.created, .started, .stopped, .deleted, .exec]')" "[1,1,1,1,2]"
	for verb in create:1 start:1 exec:2 kill:1 delete:1 run:0; do
		is "$(hist "${verb%:*}")" "${verb#*:}" "$verb"
	done
	for phase in read_spec plan state cgroup clone lead init_exec init_wait rootfs mounts devices pivot paths credentials \
		ready execute load cgroup_remove state_remove; do
		[ "$(hist "$phase")" -ge 1 ] || { echo "no $phase" && return 1; }
		[ "$(hist "$phase" sum)" -gt 0 ] || { echo "no time in $phase" && return 1; }
	done
	is "$(metric '.failures')" "[]"
}

@test "metrics: run counts as a container of its own, its verb without the container's time" {
	in_container 'sleep 1.5'
	is "$(metric '.counters.containers | [.created, .started, .stopped, .deleted]')" "[1,1,1,1]"
	is "$(hist run)" 1
	[ "$(hist container max)" -ge 1400000000 ]
	[ "$(hist run max)" -gt 1000 ]
	[ "$(hist run max)" -lt "$(hist container max)" ]
}

@test "metrics: run is counted as soon as it runs, not at its end" {
	set_args sleep 1000
	limited "$RUNTIME" --root "$ROOT" run "$ID" </dev/null >/dev/null 2>&1 3>&- &
	CHILDREN+=($!)
	started() { [ "$("$RUNTIME" --root "$ROOT" metrics -f json 2>/dev/null | jq .counters.containers.started)" = 1 ]; }
	wait_for started
	is "$(metric '.counters.containers.deleted')" 0
	rt_ok kill "$ID" KILL
	wait $! || true
	is "$(metric '.counters.containers | [.started, .stopped, .deleted]')" "[1,1,1]"
}

@test "metrics: failures by the step and by the kind of reason" {
	rt_ok run "$ID"
	rt_ok metrics --reset
	rt_fails run --bundle /nonexistent "$ID"
	rt_fails delete "$ID"
	cp config.json good.json
	set_config '.mounts += [{destination: "/x", type: "nosuchfs", source: "x"}]'
	rt_fails run "$ID"
	cp good.json config.json
	set_args /nonexistent
	rt_fails run "$ID"
	rt_fails run "$ID"
	cp good.json config.json
	set_config '.hooks = {createRuntime: [{path: "/bin/false"}]}'
	rt_fails create "$ID"
	is "$(metric '[.failures[] | "\(.step) \(.count)"] | sort')" \
		'["delete 1","hook_createRuntime 1","mounts 1","process 2","read_spec 1"]'
	is "$(metric '[.failures[] | select(.class == "missing") | .step] | sort')" '["delete","mounts","process","read_spec"]'
	is "$(metric '.counters.containers.created')" 0
	is "$(hist run)" 0
}

@test "metrics: hooks, each with its own time" {
	set_config '.hooks = {
		prestart: [{path: "/bin/sleep", args: ["sleep", "0.1"]}],
		createRuntime: [{path: "/bin/true"}, {path: "/bin/sleep", args: ["sleep", "0.2"]}],
		createContainer: [{path: "/bin/sleep", args: ["sleep", "0.3"]}, {path: "/bin/true"}],
		startContainer: [{path: "/bin/sleep", args: ["sleep", "0.4"]}],
		poststart: [{path: "/bin/true"}],
		poststop: [{path: "/bin/sleep", args: ["sleep", "0.1"]}]}'
	rt_ok run "$ID"
	rt_ok create "$ID"
	rt_ok start "$ID"
	rt_ok delete --force "$ID"
	for hook in prestart:2:100 createRuntime:4:200 createContainer:4:300 startContainer:2:400 poststart:2:0 poststop:2:100; do
		IFS=: read -r name n ms <<<"$hook"
		is "$(hist "hook_$name")" "$n" "$name"
		[ "$(hist "hook_$name" max)" -ge $((ms * 1000000)) ] || { echo "$name is too short" && return 1; }
		[ "$(hist "hook_$name" max)" -lt $((ms * 1000000 + 5000000000)) ] || { echo "$name is too long" && return 1; }
	done
	is "$(metric '.histograms.hook_startContainer.kind')" '"plugin"'
	[ "$(hist lead max)" -ge 300000000 ]
}

@test "metrics: namespaces that are made or joined one at a time" {
	rt_ok run "$ID"
	[ "$(hist clone)" = 1 ]
	set_config '.linux.namespaces |= map(if .type == "uts" then .path = "/proc/self/ns/uts" elif .type == "ipc" then
		.path = "/proc/self/ns/ipc" else . end) | .linux.namespaces += [{type: "cgroup"}] | del(.hostname)'
	rt_ok run "$ID"
	for kind in uts ipc cgroup; do
		is "$(hist "ns_$kind")" 1 "$kind"
	done
	set_config '.linux.namespaces |= map(del(.path))'
	remap 100000
	rt_ok run "$ID"
	is "$(metric '.counters.containers.started')" 3
	is "$(metric '(.counters.mount_template.used + .counters.mount_template["not used"])')" 3
}

@test "metrics: the pool of namespaces" {
	rt_ok prewarm --count 1
	rt_ok run "$ID"
	rt_ok run "$ID"
	is "$(metric '.counters.namespace_pool | [.["net taken"], .["net missing"]]')" "[1,1]"
	is "$(hist pool)" 2
	rt_ok prewarm --clear
}

@test "metrics: the caches, as cache stats shows them" {
	set_config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]}'
	for n in 1 2 3; do
		rt_ok run "$ID"
	done
	rt_ok cache stats --format json
	seen=$out
	for kind in seccomp plan; do
		is "$(metric ".counters.${kind}_cache | {hits, misses, stored, evicted, damaged}")" \
			"$(jq -c ".$kind | {hits, misses, stored, evicted, damaged}" <<<"$seen")"
	done
	is "$(jq .plan.hits <<<"$seen")" 1
	rt_ok metrics --reset
	rt_ok cache stats --format json
	is "$(jq .plan.hits <<<"$out")" 0
	rt_ok run "$ID" # the cache itself minds nothing
	is "$(metric .counters.plan_cache.hits)" 1
}

@test "metrics: the most memory that a container had" {
	[ -e /sys/fs/cgroup/memory ] || [ -e /sys/fs/cgroup/user.slice/memory.peak ] ||
		grep -q memory /sys/fs/cgroup/cgroup.controllers || skip "no memory controller"
	[ -e /sys/fs/cgroup/memory ] || requires_kernel 5.19 "memory.peak"
	set_config '.linux.resources.memory = {limit: 67108864}'
	in_container 'head -c 20000000 /dev/zero | tail >/dev/null'
	is "$(hist container_memory)" 1
	[ "$(hist container_memory max)" -ge 16000000 ]
	[ "$(hist container_memory max)" -le 67108864 ]
}

# ---------------------------------------------------------------- many at once, and killed ones

@test "metrics: counters add up exactly with eight processes at once" {
	runs=${METRICS_RUNS:-160}
	one() {
		for ((i = 0; i < $2; i++)); do
			"$RUNTIME" --root "$ROOT" run "$ID-$1-$i" </dev/null >/dev/null 2>&1 || echo "$1-$i" >>"$BATS_TEST_TMPDIR/failed"
		done
	}
	for ((p = 0; p < 8; p++)); do
		one "$p" $((runs / 8)) 3>&- &
		pids[p]=$!
	done
	wait "${pids[@]}"
	[ ! -e "$BATS_TEST_TMPDIR/failed" ]
	is "$(metric '.counters.containers | [.created, .started, .stopped, .deleted]')" "[$runs,$runs,$runs,$runs]"
	for name in run read_spec clone lead rootfs mounts container state_remove; do
		is "$(hist "$name")" "$runs" "$name"
	done
	is "$(metric .counters.spans.lost)" 0
	is "$(metric '[.histograms[] | select((.buckets | map(.[1]) | add) != .count)]')" "[]"
}

@test "metrics: a run that is killed at any moment breaks nothing" {
	kills=${METRICS_KILLS:-30}
	rt_ok run "$ID"
	inode=$(stat -c %i "$FILE")
	before=1
	for ((i = 0; i < kills; i++)); do
		"$RUNTIME" --root "$ROOT" run "$ID-$i" </dev/null >/dev/null 2>&1 3>&- &
		pid=$!
		sleep "0.0$(printf '%02d' $((i * 7 % 40)))"
		kill -KILL $pid 2>/dev/null || true
		wait $pid || true
		now=$(metric .counters.containers.created)
		[ "$now" -ge "$before" ] && [ "$now" -le $((i + 2)) ]
		before=$now
	done
	is "$(stat -c %i "$FILE")" "$inode"
	is "$(metric '[.histograms[] | select((.buckets | map(.[1]) | add) != .count)]')" "[]"
	for ((i = 0; i < kills; i++)); do
		rt_ok delete --force "$ID-$i"
	done
	before=$(metric .counters.containers.created)
	rt_ok run "$ID"
	is "$(metric .counters.containers.created)" $((before + 1))
}

# ---------------------------------------------------------------- the file

@test "metrics: a damaged file, or another build's, is begun anew and fails nothing" {
	for how in truncated empty magic names mode owner link fifo; do
		rt_ok run "$ID"
		rt_ok run "$ID"
		case $how in
		truncated) truncate -s 5000 "$FILE" ;;
		empty) : >"$FILE" ;;
		magic) printf x | dd of="$FILE" conv=notrunc status=none ;;
		names) printf other | dd of="$FILE" bs=1 seek=200 conv=notrunc status=none ;;
		mode) chmod 644 "$FILE" ;;
		owner) chown 1000 "$FILE" ;;
		link) mv "$FILE" "$BATS_TEST_TMPDIR/target" && ln -s "$BATS_TEST_TMPDIR/target" "$FILE" ;;
		fifo) rm "$FILE" && mkfifo "$FILE" ;;
		esac
		[ "$how" != link ] || before=$(sha256sum <"$BATS_TEST_TMPDIR/target")
		is "$(metric .counters.containers.created)" 0 "$how"
		rt_ok run "$ID"
		is "$(metric .counters.containers.created)" 1 "$how"
		is "$(stat -c '%F %a %u' "$FILE")" "regular file 600 0"
		[ "$how" != link ] || is "$(sha256sum <"$BATS_TEST_TMPDIR/target")" "$before"
		rm "$FILE"
	done
}

@test "metrics: a full file system, or one for reading only, fails no container" {
	mkdir -p "$ROOT"
	limited unshare --mount --propagation private bash -c '
		set -e
		mount -t tmpfs -o size=1m,mode=700 none "$1"
		"$RUNTIME" --root "$1" run "$2" </dev/null
		[ ! -e "$1/@metrics" ]
		mount -o remount,size=64m "$1"
		"$RUNTIME" --root "$1" run "$2" </dev/null
		[ "$("$RUNTIME" --root "$1" metrics -f json | jq .counters.containers.created)" = 1 ]
		dd if=/dev/zero of="$1/filler" bs=4k status=none || true
		truncate -s -100k "$1/filler"
		"$RUNTIME" --root "$1" run "$2" </dev/null
		[ "$("$RUNTIME" --root "$1" metrics -f json | jq .counters.containers.created)" = 2 ]
		rm "$1/filler"
		set +e
		mount -o remount,ro "$1"
		"$RUNTIME" --root "$1" run "$2" </dev/null 2>"$3"
		[ $? = 1 ] && grep -q "read-only file system" "$3" || exit 1
		[ "$("$RUNTIME" --root "$1" metrics -f json | jq .counters.containers.created)" = 2 ]' \
		bash "$ROOT" "$ID" "$BATS_TEST_TMPDIR/err" 3>&-
}

@test "metrics: a user without privileges has some, of the state root that is his" {
	user=15004
	as_user "$user"
	rt_ok run "$ID"
	is "$(stat -c '%u %a' "$FILE")" "$user 600"
	is "$(metric '.counters.containers | [.created, .deleted]')" "[1,1]"
	[ "$(hist id_maps)" = 1 ]
}

@test "metrics: off in the configuration file" {
	mkdir -p "$BATS_TEST_TMPDIR/etc/enviro-oci"
	echo '{"metrics": false}' >"$BATS_TEST_TMPDIR/etc/enviro-oci/config.json"
	limited unshare --mount --propagation private bash -c '
		mount --bind "$1/etc" /etc && "$RUNTIME" --root "$2" run "$3" </dev/null' bash "$BATS_TEST_TMPDIR" "$ROOT" "$ID" 3>&-
	[ -d "$ROOT" ] && [ ! -e "$FILE" ]
	rt_ok run "$ID"
	[ -s "$FILE" ]
}

@test "metrics: it is no container" {
	rt_ok run "$ID"
	rt_ok list --quiet
	is "$out" ""
	rt_fails delete @metrics
	[ -s "$FILE" ]
}

# ---------------------------------------------------------------- the verb

@test "metrics: nothing yet" {
	rt_ok metrics
	has "$out" "nothing has been counted"
	rt_ok metrics --reset
	rt_ok metrics --format json
	is "$(jq -c '[.since, .histograms, .failures]' <<<"$out")" '[0,{},[]]'
	[ ! -e "$ROOT" ]
}

@test "metrics: the table has what the JSON has" {
	rt_ok run "$ID"
	rt_ok run "$ID"
	rt_fails run --bundle /nonexistent "$ID"
	rt_ok metrics
	grep -Eq '^containers +created 2, started 2, stopped 2, deleted 2$' <<<"$out"
	grep -Eq '^run +2( +[0-9.]+(ns|us|ms|s)){4}$' <<<"$out"
	grep -Eq '^read_spec +missing 1$' <<<"$out"
	LC_ALL=C.UTF-8 "$PYTHON" "$TOP/bats/pty.py" run -- "$RUNTIME" --root "$ROOT" metrics >"$BATS_TEST_TMPDIR/tty"
	grep -q '█' "$BATS_TEST_TMPDIR/tty"
	has_not "$out" '█'
}

@test "metrics: openmetrics, by the rules of both formats" {
	rt_ok run "$ID"
	rt_ok run "$ID"
	rt_fails run --bundle /nonexistent "$ID"
	rt_ok metrics --format openmetrics
	"$PYTHON" "$TOP/tests/openmetrics.py" "$out_file"
	grep -q '^enviro_oci_containers_total{event="started"} 2$' <<<"$out"
	grep -q '^enviro_oci_failures_total{step="read_spec",class="missing"} 1$' <<<"$out"
	grep -q '^enviro_oci_verb_duration_seconds_count{verb="run"} 2$' <<<"$out"
	sum=$(sed -n 's/^enviro_oci_verb_duration_seconds_sum{verb="run"} //p' <<<"$out")
	is "$(metric .histograms.run.sum)" "$((10#${sum/./}))"
}

@test "metrics: openmetrics is accepted by promtool" {
	: "${PROMTOOL:=$(command -v promtool)}"
	[ -n "$PROMTOOL" ] || skip "promtool is not installed"
	rt_ok metrics --format openmetrics
	"$PROMTOOL" check metrics <"$out_file"
	rt_ok run "$ID"
	rt_fails run --bundle /nonexistent "$ID"
	rt_ok metrics --format openmetrics
	"$PROMTOOL" check metrics <"$out_file"
}

@test "metrics: watch prints again and again, until nobody reads" {
	rt_ok run "$ID"
	limited "$RUNTIME" --root "$ROOT" metrics --format json --watch --interval 10ms 3>&- | head -n 3 >"$BATS_TEST_TMPDIR/three"
	is "$(wc -l <"$BATS_TEST_TMPDIR/three")" 3
	is "$(jq -s -c 'map(.counters.containers.created)' "$BATS_TEST_TMPDIR/three")" "[1,1,1]"
}

@test "metrics: what makes no sense is refused" {
	rt_fails metrics --format xml
	says "invalid format option: xml (table, json or openmetrics)"
	rt_fails metrics --interval 1s
	says "--watch"
	rt_fails metrics --watch --interval 0s
	says "--interval"
	rt_fails metrics --reset --watch
	says "--reset"
}

# ---------------------------------------------------------------- what comes with it

@test "metrics: all that is counted is described" {
	sed -n 's/^\tX([A-Z_]*, "\([a-zA-Z_]*\)", [A-Z]*).*/\1/p' "$TOP/src/perf/span.h" >"$BATS_TEST_TMPDIR/names"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/names")" -gt 60 ]
	rt_ok metrics --format json
	jq -r '.counters | keys[]' <<<"$out" | sed 's/_not_kept//' >>"$BATS_TEST_TMPDIR/names"
	while read -r name; do
		grep -q "\`$name\`" "$TOP/docs/metrics.md" || { echo "docs/metrics.md does not name $name" && return 1; }
	done <"$BATS_TEST_TMPDIR/names"
}

@test "metrics: the dashboard asks for what there is" {
	rt_ok metrics --format openmetrics
	sed -n 's/^# HELP \(enviro_oci_[a-z_]*\) .*/\1/p' <<<"$out" | sort -u >"$BATS_TEST_TMPDIR/there"
	jq -r '.. | .expr? // empty, .query? // empty' "$TOP/contrib/metrics/grafana.json" | grep -oE 'enviro_oci_[a-z_]+' |
		sed -E 's/_(bucket|sum|count)$//' | sort -u >"$BATS_TEST_TMPDIR/asked"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/asked")" -ge 10 ]
	is "$(comm -13 "$BATS_TEST_TMPDIR/there" "$BATS_TEST_TMPDIR/asked")" ""
}

@test "metrics: the service writes a whole file" {
	rt_ok run "$ID"
	dir=$BATS_TEST_TMPDIR/collector
	mkdir "$dir"
	command=$(sed -n "s/^ExecStart=\/bin\/sh -c '\(.*\)' sh %f$/\1/p" "$TOP/contrib/metrics/enviro-oci-metrics@.service")
	[ -n "$command" ]
	command=${command//\$\$/\$}
	FILE=$dir/x.prom limited sh -c "${command//\/usr\/local\/sbin\/enviro-oci/$RUNTIME}" sh "$ROOT"
	is "$(ls "$dir")" x.prom
	is "$(tail -n 1 "$dir/x.prom")" "# EOF"
	"$PYTHON" "$TOP/tests/openmetrics.py" "$dir/x.prom"
}
