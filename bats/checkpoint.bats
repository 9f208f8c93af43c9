#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# CRIU is the criu of $PATH, or what $CRIU names.

load helpers

setup() {
	common_setup
	CRIU=${CRIU:-$(command -v criu || true)}
	[ -n "$CRIU" ] || skip "needs criu"
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s "$CRIU" "$BATS_TEST_TMPDIR/bin/criu"
	PATH="$BATS_TEST_TMPDIR/bin:$PATH"
}

# counter: a container that counts in a variable of its shell and in a file, so that a start from new is seen.
counter() {
	set_script 'n=0; while :; do n=$((n + 1)); echo $n >/tmp/n; sleep 0.1; done'
	rt_ok run --detach "$@" "$ID"
	wait_for count_above 3
}

count() {
	cat rootfs/tmp/n
}

count_above() {
	[ "$(count)" -gt "$1" ]
}

save() {
	rt_ok checkpoint "$@" "$ID"
}

restore() {
	rt_ok restore --detach "$@" "$ID"
}

# The container goes on where it was, and can be used as any other.
goes_on() {
	local before

	is "$(state_of "$ID")" running
	before=$(count)
	wait_for count_above $((before + 3))
	rt_ok exec "$ID" sh -c 'echo $((6 * 7))'
	is "$out" 42
}

@test "checkpoint: a container is gone, and goes on after restore, twice" {
	counter
	for _ in 1 2; do
		save
		rt_fails state "$ID"
		saved=$(count)
		[ "$saved" -gt 3 ]
		restore
		goes_on
		count_above "$saved"
	done
}
