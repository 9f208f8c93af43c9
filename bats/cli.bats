#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load helpers

setup() {
	common_setup
	known_gap crun "reads its command line in another way"
}

# What the command line refuses, and how it says so. None of these reaches a container.

# usage_fails ARG...: as rt_fails, for runtimes that print their help beside the error.
usage_fails() {
	if [ "$RUNTIME_NAME" = enviro-oci ]; then
		rt_fails "$@"
	else
		rt "$@"
		[ "$status" -ne 0 ] || show_call "should have failed: $*"
	fi
}

@test "cli: unknown commands" {
	for args in nosuch "nosuch --help" "help nosuch"; do
		# shellcheck disable=SC2086
		rt $args
		[ "$status" -ne 0 ]
		[ "$RUNTIME_NAME" = crun ] || is "$status" 3 "exit status of: $args"
		is "$out" ""
		says nosuch
	done
	rt -
	is "$status" 3
}

@test "cli: what may have been meant, and what is missing" {
	known_gap runc "it guesses nothing"
	known_gap crun "it guesses nothing"
	rt delte x
	says "did you mean 'delete'?"
	rt run --bundel /x "$ID"
	says "not defined: -bundel; did you mean -bundle?"
	rt list --nosuch
	has_not "$err" "did you mean"
	rt kill
	says "argument(s): <container-id> [signal]"
}

@test "cli: unknown options, of the program and of commands" {
	usage_fails --nosuch list
	says nosuch
	for verb in create delete exec features kill list pause ps resume run spec start state; do
		usage_fails "$verb" --nosuch "$ID"
		says nosuch
	done
}

@test "cli: too few and too many arguments" {
	for verb in create delete exec kill pause ps resume run start state; do
		usage_fails "$verb"
		says "$verb"
	done
	for verb in create delete pause resume run start state; do
		usage_fails "$verb" "$ID" more
		says "$verb"
	done
	usage_fails kill "$ID" TERM more
	usage_fails list more
	usage_fails spec more
	[ ! -e "$ROOT/$ID" ]
}

@test "cli: options that lack their value, or have a bad one" {
	usage_fails create --bundle
	says bundle
	usage_fails create --preserve-fds x "$ID"
	says preserve-fds
	usage_fails run --detach=perhaps "$ID"
	says detach
	usage_fails exec --additional-gids 1,2 "$ID" true
	says 1,2
	usage_fails --log-format xml list
	says xml
}

@test "cli: booleans with a value" {
	mkdir -p "$ROOT"
	rt_ok list --quiet=true
	is "$out" ""
	rt_ok list --quiet=false
	has "$out" STATUS
	rt_ok list -q=1
	is "$out" ""
}

@test "cli: options behind the arguments" {
	set_args sleep 1000
	rt_ok create "$ID" --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/pid"
	is "$(cat "$BATS_TEST_TMPDIR/pid")" "$(pid_of "$ID")"
	rt_ok delete "$ID" --force
}

@test "cli: -- ends the options" {
	set_args sleep 1000
	rt_ok run --detach -- "$ID"
	rt_ok kill "$ID" -- KILL
	wait_state "$ID" stopped
	rt_ok delete -- "$ID"
}

@test "cli: an error is told once, in the log and on stderr" {
	log="$BATS_TEST_TMPDIR/log"
	rt_fails --log "$log" state "$ID"
	[[ $err == "container does not exist"* ]]
	is "$(grep -c "level=error msg=\"$err\"" "$log")" 1
	is "$(wc -l <"$log")" 1
	rt_fails state "$ID"
	[[ $err =~ ^time=\"20[^\"]*\"\ level=error\ msg=\"container\ does\ not\ exist[^\"]*\"$ ]]
	rt_fails --log-format json state "$ID"
	[[ $(jq -r .msg <<<"$err") == "container does not exist"* ]]
}

@test "cli: a log that cannot be opened is an error" {
	usage_fails --log "$BATS_TEST_TMPDIR/none/log" list
	says none/log
}

@test "cli: output that cannot be written is an error" {
	known_gap runc "does not look"
	status=0
	mkdir -p "$ROOT"
	"$RUNTIME" --root "$ROOT" list >/dev/full 2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
	is "$status" 1
	grep -q "no space left" "$BATS_TEST_TMPDIR/err"
}

@test "cli: a relative --root, an empty one" {
	cd "$BATS_TEST_TMPDIR"
	mkdir relative
	ROOT=relative rt_ok list
	known_gap runc "takes the current directory"
	ROOT="" rt_fails list
	says root
}

@test "cli: --debug tells of the steps of a start and of exec, in the log alone where there is one" {
	set_args sleep 1000
	rt_ok --debug run --detach "$ID"
	grep -q 'level=debug.*nsexec container setup' "$err_file"
	grep -q 'level=debug.*child process in init()' "$err_file"
	grep -q 'level=debug.*init: closing the pipe to signal completion' "$err_file"
	rt_ok --debug --log "$BATS_TEST_TMPDIR/log" exec "$ID" true
	is "$err" ""
	grep -q 'level=debug.*setns_init: about to exec' "$BATS_TEST_TMPDIR/log"
	rt_ok exec "$ID" true
	is "$err" ""
}
