# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What checkpoint.bats and restore.bats share. CRIU is what $CRIU names, or the criu of $PATH; contrib/criu gets one that
# starts.

load helpers

setup() {
	common_setup
	CRIU=${CRIU:-$(command -v criu || true)}
	[ -n "$CRIU" ] || skip "needs criu"
	requires_kernel 5.13 "what CRIU saves programs of today's glibc with"
	if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] && grep -qv '^0:' /proc/self/cgroup; then
		skip "CRIU would save and restore v1 cgroups, which this view hides"
	fi
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s "$CRIU" "$BATS_TEST_TMPDIR/bin/criu"
	PATH="$BATS_TEST_TMPDIR/bin:$PATH"
}

# counter: a container that counts in a variable of its shell and in a file, so that a start from new is seen. The file is
# never cut off in between: a count can be read at any time.
counter() {
	set_script 'n=0; while :; do n=$((n + 1)); echo $n 1<>/tmp/n; sleep 0.1; done'
	rt_ok run --detach "$@" "$ID"
	wait_for count_above 3
}

count() {
	cat "${COUNT:-rootfs/tmp/n}"
}

count_above() {
	local n

	n=$(count) && [ "${n:-0}" -gt "$1" ]
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

# with_null ARG...: the runtime with nothing but /dev/null. Files of ours are not for root of a user namespace to open.
with_null() {
	limited "$RUNTIME" --root "$ROOT" "$@" </dev/null >/dev/null 2>&1 3>&-
}
