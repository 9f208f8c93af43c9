#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# The last file: nothing of the whole run is left on the host.

load helpers

@test "leftovers: no process, cgroup, mount or state directory of this run" {
	left=$(leftovers "$ID_PREFIX" "$BATS_RUN_TMPDIR")
	is "$left" ""
	[ ! -d "/run/$RUNTIME_NAME" ] || is "$(find "/run/$RUNTIME_NAME" -maxdepth 1 -name "$ID_PREFIX*")" ""
}
