#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load helpers

VERBS="create delete exec features kill list pause ps resume run spec start state"

@test "version: --version and -v" {
	rt_ok --version
	v=$out
	[[ $(head -n 1 <<<"$v") == "$RUNTIME_NAME version "* ]]
	rt_ok -v
	is "$out" "$v"
}

@test "help: --help, -h and help name every verb" {
	for flag in --help -h help; do
		rt_ok "$flag"
		for verb in $VERBS; do
			grep -Eq "^ +$verb( |,|$)" "$out_file" || show_call "$flag does not name $verb"
		done
	done
}

@test "help: each verb's own, with its flags" {
	for verb in $VERBS; do
		rt_ok "$verb" --help
		has "$out" "$verb"
	done
	rt_ok create --help
	for f in --bundle --console-socket --pid-file --no-pivot --no-new-keyring --preserve-fds; do
		has "$out" "$f"
	done
	rt_ok exec --help
	for f in --console-socket --cwd --env --tty --user --additional-gids --process --detach --pid-file --no-new-privs --cap \
		--preserve-fds --cgroup --ignore-paused; do
		has "$out" "$f"
	done
	rt_ok run -h
	for f in --detach --keep --no-subreaper; do
		has "$out" "$f"
	done
}

@test "help: without a verb something useful is said" {
	rt
	has "$out$err" create
	has "$out$err" exec
}
