#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# The template cache below the state root. Whatever lies there, containers start and are what their bundle says.

load helpers

setup() {
	common_setup
	known_gap runc "keeps nothing"
	known_gap crun "keeps other things"
	[ "$(sed -n 's/^Seccomp:\t//p' /proc/self/status)" != "" ] || skip "the kernel has no seccomp"
	CACHE="$ROOT/@cache"
	profile 1
}

# profile ERRNO: mkdir answers this.
profile() {
	set_config ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\",
		syscalls: [{names: [\"mkdir\", \"mkdirat\"], action: \"SCMP_ACT_ERRNO\", errnoRet: $1}]}"
}

# mkdir_says TEXT [ID]: the profile is in force.
mkdir_says() {
	set_script 'mkdir /tmp/x 2>&1; grep ^Seccomp: /proc/self/status'
	rt_ok run "${2:-$ID}"
	has "$out" "$1"
	has "$out" "$(printf 'Seccomp:\t2')"
}

denied() {
	mkdir_says "Operation not permitted" "$@"
}

# count KIND WHAT: from the statistics.
count() {
	rt_ok cache stats --format json
	jq ".$1.$2" <<<"$out"
}

entries() { # entries [KIND]
	find "$CACHE" -mindepth 1 -name "${1:-*}-*" 2>/dev/null | sort
}

# warm: config.json as it is now has been started as often as it takes.
warm() {
	rt_ok run "$ID"
	rt_ok run "$ID"
	is "$(entries plan | wc -l)" 1
	hits=$(count plan hits)
}

# ---------------------------------------------------------------- what is kept

@test "cache: containers with one profile share a filter" {
	denied "$ID-a"
	is "$(entries seccomp | wc -l)" 1
	set_config '.hostname = "other"'
	denied "$ID-b"
	denied "$ID-c"
	is "$(entries seccomp | wc -l)" 1
	is "$(count seccomp hits)" 2
	is "$(count seccomp stored)" 1
}

@test "cache: profiles that differ in one byte have filters of their own" {
	for ((n = 0; n < 3; n++)); do
		profile 1
		mkdir_says "Operation not permitted"
		profile 2
		mkdir_says "No such file or directory"
		profile 5
		mkdir_says "Input/output error"
	done
	is "$(entries seccomp | wc -l)" 3
	[ "$(count plan hits)" -gt 0 ]
}

@test "cache: a launch that was made before is kept the second time and taken the third; its plan is the same" {
	add_mount /data bind "$BUNDLE" rbind ro
	set_script 'cat /proc/self/status /proc/mounts; ls /data; id; env'
	for n in 1 2 3; do
		rt_ok create "$ID"
		cp "$ROOT/$ID/plan" "$BATS_TEST_TMPDIR/plan.$n"
		rt_ok delete --force "$ID"
		rt_ok run "$ID"
		grep -vE '^(VmHWM|VmRSS|RssAnon|.*ctxt|Vm|Cpus|SigQ|.*[Pp]id|Rss|Shm|Threads|NS.*|nonvol|vol)' <<<"$out" |
			grep -v ' / ' >"$BATS_TEST_TMPDIR/out.plan$n"
	done
	cmp "$BATS_TEST_TMPDIR/plan.1" "$BATS_TEST_TMPDIR/plan.3"
	diff "$BATS_TEST_TMPDIR/out.plan1" "$BATS_TEST_TMPDIR/out.plan3"
	is "$(count plan stored)" 1
	is "$(count plan hits)" 4
	is "$(entries plan | wc -l)" 1
}

@test "cache: what belongs to a launch makes another one" {
	set_args sh -c 'echo one'
	warm
	is "$(count plan stored)" 1
	set_args sh -c 'echo two'
	rt_ok run "$ID"
	is "$out" two
	set_args sh -c 'echo one'
	rt_ok run "$ID"
	is "$out" one
	is "$(count plan hits)" $((hits + 1))
	# another id, option, descriptor, environment or bundle
	rt_ok run "$ID-b"
	rt_ok run --no-new-keyring "$ID"
	rt_ok run --no-pivot "$ID"
	limited "$RUNTIME" --root "$ROOT" run --preserve-fds 1 "$ID" </dev/null >/dev/null 3</dev/null
	cp -a "$BUNDLE" "$BUNDLE-b"
	rt_ok run --bundle "$BUNDLE-b" "$ID"
	(
		export NOTIFY_SOCKET="$BATS_TEST_TMPDIR/notify"
		rt_ok run "$ID"
	)
	is "$(count plan hits)" $((hits + 1))
	rt_ok run "$ID"
	is "$(count plan hits)" $((hits + 2))
}

@test "cache: sources of binds are looked for at each start" {
	echo data >"$BATS_TEST_TMPDIR/source"
	add_mount /data bind "$BATS_TEST_TMPDIR/source" bind
	set_args cat /data
	warm
	mv "$BATS_TEST_TMPDIR/source" "$BATS_TEST_TMPDIR/gone"
	rt_fails run "$ID"
	says "mounts[7].source: $BATS_TEST_TMPDIR/source: no such file or directory"
	mkdir "$BATS_TEST_TMPDIR/source"
	rt run "$ID"
	[ "$status" -ne 0 ]
	rmdir "$BATS_TEST_TMPDIR/source"
	echo other >"$BATS_TEST_TMPDIR/source"
	rt_ok run "$ID"
	is "$out" other
}

@test "cache: a launch found in another cgroup than before is made anew" {
	requires_cgroupfs
	set_config '.linux.cgroupsPath = "'"$ID-rel"'"'
	set_script 'cat /proc/self/cgroup; ls /sys/fs/cgroup >/dev/null'
	warm
	first=$out
	is "$(count plan not_kept.\"host\ state\")" 0
	set_config '.linux.cgroupsPath = "/'"$ID-abs"'"'
	rt_ok run "$ID"
	rt_ok run "$ID"
	rt_ok run "$ID"
	has "$out" "$ID-abs"
	has_not "$out" "$ID-rel"
}

@test "cache: what is warned of is warned of at each start" {
	set_config '.process.capabilities.bounding += ["CAP_NO_SUCH"]' '.linux.seccomp.syscalls[0].names += ["no_such_call"]'
	for ((n = 0; n < 4; n++)); do
		rt_ok run "$ID"
		says CAP_NO_SUCH no_such_call
	done
	is "$(entries plan)" ""
	is "$(count plan not_kept.warned)" 4
	set_config '.process.capabilities.bounding -= ["CAP_NO_SUCH"]'
	for ((n = 0; n < 4; n++)); do
		rt_ok run "$ID"
		says no_such_call
	done
	is "$(count plan hits)" 2
}

@test "cache: the log tells the flags of a filter wherever it comes from" {
	for ((n = 0; n < 4; n++)); do
		rt_ok --debug run "$ID"
		says "seccomp filter flags: "
	done
	[ "$(count plan hits)" -gt 0 ]
	for id in a b; do
		rt_ok --debug run "$ID-$id"
		says "seccomp filter flags: "
	done
	[ "$(count seccomp hits)" -gt 0 ]
}

@test "cache: hooks get the same state from a launch that was kept" {
	cat >"$BATS_TEST_TMPDIR/hook" <<-SH
		#!/bin/sh
		jq -c '{id, status, bundle, annotations}' >>"$BATS_TEST_TMPDIR/hook.out"
	SH
	chmod 755 "$BATS_TEST_TMPDIR/hook"
	set_config '.annotations = {"a": "b"}' ".hooks = {createRuntime: [{path: \"$BATS_TEST_TMPDIR/hook\"}],
		poststart: [{path: \"$BATS_TEST_TMPDIR/hook\"}], poststop: [{path: \"$BATS_TEST_TMPDIR/hook\"}]}"
	for n in 1 2 3; do
		rt_ok run "$ID"
		mv "$BATS_TEST_TMPDIR/hook.out" "$BATS_TEST_TMPDIR/hook.$n"
	done
	is "$(wc -l <"$BATS_TEST_TMPDIR/hook.1")" 3
	cmp "$BATS_TEST_TMPDIR/hook.1" "$BATS_TEST_TMPDIR/hook.3"
	is "$(count plan hits)" 1
}

@test "cache: exec has the filter of a container whose launch was kept, and clear takes nothing from it" {
	set_args sleep 1000
	for n in 1 2; do
		rt_ok create "$ID"
		rt_ok delete --force "$ID"
	done
	rt_ok run --detach "$ID"
	is "$(count plan hits)" 1
	rt_ok cache clear
	rt exec "$ID" mkdir /tmp/x
	[ "$status" -eq 1 ]
	has "$err" "Operation not permitted"
	is "$(state_of "$ID")" running
}

@test "cache: after create nothing is read from the bundle's config.json" {
	cat >"$BATS_TEST_TMPDIR/hook" <<-SH
		#!/bin/sh
		cat >/dev/null
		echo "\$1" >>"$BATS_TEST_TMPDIR/hook.out"
	SH
	chmod 755 "$BATS_TEST_TMPDIR/hook"
	set_config ".hooks = {poststart: [{path: \"$BATS_TEST_TMPDIR/hook\", args: [\"hook\", \"poststart\"]}],
		poststop: [{path: \"$BATS_TEST_TMPDIR/hook\", args: [\"hook\", \"poststop\"]}]}"
	set_args sleep 1000
	rt_ok create "$ID"
	set_args no-such-program
	set_config 'del(.hooks)' 'del(.linux.seccomp)'
	rt_ok start "$ID"
	echo garbage >config.json
	rt exec "$ID" mkdir /tmp/x
	has "$err" "Operation not permitted"
	rm config.json
	rt_ok exec "$ID" true
	rt_ok pause "$ID"
	rt_ok resume "$ID"
	rt_ok kill "$ID" KILL
	wait_state "$ID" stopped
	rt_ok delete "$ID"
	is "$(cat "$BATS_TEST_TMPDIR/hook.out")" "$(printf 'poststart\npoststop')"
}

# ---------------------------------------------------------------- damage

# damage HOW FILE
damage() {
	case $1 in
	truncated) truncate -s -1 "$2" ;;
	empty) : >"$2" ;;
	flipped) # in the last byte but 40
		at=$(($(stat -c %s "$2") - 40))
		byte=$(od -An -tu1 -j "$at" -N 1 "$2")
		printf "\\x$(printf %x $((byte ^ 1)))" | dd of="$2" bs=1 seek="$at" conv=notrunc status=none
		;;
	mode) chmod 644 "$2" ;;
	owner) chown 1000 "$2" ;;
	link) mv "$2" "$BATS_TEST_TMPDIR/moved" && ln -s "$BATS_TEST_TMPDIR/moved" "$2" ;;
	directory) rm "$2" && mkdir "$2" ;;
	fifo) rm "$2" && mkfifo "$2" ;;
	esac
}

@test "cache: a damaged entry is dropped and made again" {
	for how in truncated empty flipped mode owner link fifo; do
		for kind in seccomp plan; do
			rm -rf "$CACHE"
			rt_ok metrics --reset
			denied
			denied
			file=$(entries "$kind")
			damage "$how" "$file"
			[ "$kind" = plan ] || rm "$(entries plan)"
			denied
			is "$(count "$kind" damaged)" 1 "$how $kind"
			denied
			[ -f "$file" ] && [ ! -L "$file" ]
			is "$(stat -c '%a %u' "$file")" "600 0"
			denied
			[ "$(count plan hits)" -ge 1 ]
		done
	done
}

@test "cache: a directory in the place of an entry is left alone" {
	denied
	denied
	for f in $(entries); do
		damage directory "$f"
	done
	denied
	denied
	is "$(find "$CACHE" -mindepth 1 -type d | wc -l)" 2
}

@test "cache: damaged statistics are begun again" {
	for how in truncated empty mode owner link fifo; do
		denied
		damage "$how" "$CACHE/statistics"
		denied
		denied
		[ -f "$CACHE/statistics" ] && [ ! -L "$CACHE/statistics" ]
	done
}

@test "cache: a place that is not the runtime's alone is not used" {
	mkdir -p "$ROOT" "$BATS_TEST_TMPDIR/elsewhere"
	chmod 700 "$ROOT" "$BATS_TEST_TMPDIR/elsewhere"
	mkdir -m 755 "$CACHE"
	denied
	denied
	is "$(ls -A "$CACHE")" ""
	chmod 700 "$CACHE"
	chown 1000 "$CACHE"
	denied
	is "$(ls -A "$CACHE")" ""
	rt_fails cache list
	says "@cache"
	rt_fails cache clear
	rmdir "$CACHE"
	ln -s "$BATS_TEST_TMPDIR/elsewhere" "$CACHE"
	denied
	is "$(ls -A "$BATS_TEST_TMPDIR/elsewhere")" ""
	rm "$CACHE"
	: >"$CACHE"
	denied
	[ ! -s "$CACHE" ]
}

# ---------------------------------------------------------------- many, and little room

@test "cache: eight containers at once, cold" {
	set_script 'mkdir /tmp/x 2>&1; true'
	for ((round = 0; round < 2; round++)); do
		rm -rf "$CACHE"
		pids=()
		for ((n = 0; n < 8; n++)); do
			limited "$RUNTIME" --root "$ROOT" run "$ID-$n" </dev/null >"$BATS_TEST_TMPDIR/run.$n" 2>&1 3>&- &
			pids+=($!)
		done
		for p in "${pids[@]}"; do
			wait "$p"
		done
		for ((n = 0; n < 8; n++)); do
			is "$(cat "$BATS_TEST_TMPDIR/run.$n")" "mkdir: can't create directory '/tmp/x': Operation not permitted"
		done
		is "$(entries seccomp | wc -l)" 1
		is "$(count seccomp damaged)" 0
	done
	rt_ok list --quiet
	is "$out" ""
}

@test "cache: the bound holds, and what is used stays" {
	set_config 'del(.linux.seccomp)'
	mkdir -p "$BATS_TEST_TMPDIR/etc/enviro-oci"
	echo '{"cache": {"max_entries": 5}}' >"$BATS_TEST_TMPDIR/etc/enviro-oci/config.json"
	limited unshare --mount --propagation private bash -c '
		set -e
		mount --bind "$1/etc" /etc
		start() {
			jq "$1" config.json >config.new
			"$RUNTIME" --root "$2" run --config config.new "$3-$4" </dev/null
		}
		profile() {
			echo ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [{names: [\"mkdir\"],
				action: \"SCMP_ACT_ERRNO\", errnoRet: $1}]}"
		}
		start "$(profile 100)" "$2" "$3" used
		used=$(ls "$2/@cache" | grep seccomp)
		for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
			start "$(profile $n)" "$2" "$3" $n
			touch -d "-$((100 - n)) minutes" $(ls -d "$2/@cache"/seccomp-* | grep -v "$used")
			touch -d -1day "$2/@cache/$used"
			start "$(profile 100)" "$2" "$3" used$n
			[ $(ls "$2/@cache" | grep -c -- -) -le 5 ]
			[ -e "$2/@cache/$used" ]
		done' bash "$BATS_TEST_TMPDIR" "$ROOT" "$ID" 3>&-
	[ "$(count seccomp evicted)" -ge 7 ]
	is "$(count seccomp misses)" 12 # the first start had no cache
}

@test "cache: a file system that is nearly full is left to the containers" {
	mkdir -p "$ROOT"
	limited unshare --mount --propagation private bash -c '
		set -e
		mount -t tmpfs -o mode=700,size=512k none "$1"
		fill() { # all but $2 KiB
			rm -f "$1/filler"
			head -c $((512 * 1024 - $(du -sk "$1" | cut -f1) * 1024 - $2 * 1024)) /dev/zero >"$1/filler"
		}
		jq ".annotations[\"io.enviro-oci.cache\"] = \"false\"" config.json >config.off
		for ((free = 0; free < 100; free += 4)); do # what a container needs
			fill "$1" $free
			! "$RUNTIME" --root "$1" run --config config.off "$2" </dev/null >/dev/null 2>&1 || break
		done
		[ $free -gt 0 ] && [ $free -lt 100 ]
		for more in 0 4 8 16 32 64; do
			fill "$1" $((free + more))
			for round in 1 2 3; do
				"$RUNTIME" --root "$1" run "$2" </dev/null
			done
			[ -z "$(ls -A "$1/@cache")" ]
		done
		rm "$1/filler"
		for round in 1 2 3; do
			"$RUNTIME" --root "$1" run "$2" </dev/null
		done
		[ "$(ls "$1/@cache" | grep -c -- -)" = 2 ]
		fill "$1" $free # what is kept stays good
		for round in 1 2 3; do
			"$RUNTIME" --root "$1" run "$2" </dev/null
			jq ".hostname = \"host$round\"" config.json >config.new
			"$RUNTIME" --root "$1" run --config config.new "$2" </dev/null
		done
		[ "$(ls "$1/@cache" | grep -c -- -)" = 2 ]' bash "$ROOT" "$ID" 3>&-
}

@test "cache: a user without privileges has one too" {
	user=15003
	as_user "$user"
	for n in 1 2 3; do
		set_script 'mkdir /tmp/x 2>&1; true'
		chown "$user" config.json
		rt_ok run "$ID"
		has "$out" "Operation not permitted"
	done
	is "$(stat -c '%u %a' "$CACHE")" "$user 700"
	is "$(count plan hits)" 1
	rt_ok cache clear
	[ ! -e "$CACHE" ]
}

# ---------------------------------------------------------------- the verb

@test "cache: it is no container" {
	denied
	[ -d "$CACHE" ]
	rt_ok list --quiet
	is "$out" ""
	rt_fails run @cache
	says "invalid container ID"
	rt_fails state @cache
	rt_fails delete --force @cache
	[ -d "$CACHE" ]
}

@test "cache list: what is there, the one used last first" {
	rt_ok cache list
	is "$(wc -l <<<"$out")" 1
	rt_ok cache list --format json
	is "$out" "[]"
	denied
	denied
	touch -d -1hour "$(entries seccomp)"
	rt_ok cache list
	is "$(awk 'NR > 1 { print $1 }' <<<"$out")" "$(basename "$(entries plan)")
$(basename "$(entries seccomp)")"
	rt_ok cache list -f json
	is "$(jq -r 'map(.kind) | join(" ")' <<<"$out")" "plan seccomp"
	is "$(jq -r '.[1].bytes' <<<"$out")" "$(($(stat -c %b "$(entries seccomp)") * 512))"
	is "$(date -d "$(jq -r '.[1].used' <<<"$out")" +%s)" "$(stat -c %Y "$(entries seccomp)")"
}

@test "cache clear: all of it, and it begins again" {
	rt_ok cache clear
	denied
	denied
	rt_ok cache clear
	is "$out" ""
	[ ! -e "$CACHE" ]
	rt_ok cache clear
	denied
	is "$(entries seccomp | wc -l)" 1
}

@test "cache stats: numbers, also where there is nothing" {
	rt_ok cache stats
	has "$out" "0 entries of at most"
	denied
	denied
	denied
	rt_ok cache stats
	grep -Eq '^hits +[01] +1$' <<<"$out"
	rt_ok cache stats -f json
	is "$(jq -c '[.entries, .plan.hits, .plan.stored]' <<<"$out")" '[2,1,1]'
	is "$(jq .bytes <<<"$out")" "$((($(stat -c %b $(entries) | paste -sd+)) * 512))"
}

@test "cache: other words and formats are refused" {
	rt_fails cache
	rt_fails cache flush
	says flush 'is none of list, stats and clear'
	rt_fails cache list stats
	rt_fails cache list --format xml
	says format
	rt_fails cache clear --format json
	says format
}
