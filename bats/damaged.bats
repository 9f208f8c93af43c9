#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Damaged bundles, states, plans and caches: contrib/damaged, a few of each kind; it runs thousands when asked to.

load helpers

# damaged KIND COUNT: no case crashes, hangs, or leaves anything behind; some are refused and some are not.
damaged() {
	run "$TOP/contrib/damaged" --runtime "$RUNTIME" --kind "$1" --count "$2"
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"; 0 cases failed" ]]
}

@test "damaged bundles are refused, or run" {
	damaged bundle 70
	[[ $output != *" 0 refused"* ]]
	[[ $output != *" 0 ran"* ]]
}

@test "a damaged process of exec is refused, or runs" {
	damaged process 20
}

@test "damaged resources of update are refused, or set" {
	damaged resources 20
}

@test "a damaged state is refused, and the container can be deleted when it is whole again" {
	damaged state 25
}

@test "a damaged plan is refused, and the container can be deleted when it is whole again" {
	damaged plan 25
}

@test "a damaged cache is as good as none" {
	damaged cache 10
	[[ $output == *" 0 refused"* ]]
}

@test "a damaged pool is as good as none" {
	damaged pool 8
	[[ $output == *" 0 refused"* ]]
}

@test "a damaged configuration file is refused, or in force" {
	damaged config 15
}
