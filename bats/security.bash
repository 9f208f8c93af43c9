# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What security.bats and security-dev.bats share: the published escapes from, and overwrites by, runtimes of this kind. Each
# test is the attack. SECURITY_TRIES says how often; contrib/check-security sums them up.

load helpers

TRIES=${SECURITY_TRIES:-4}

setup_file() {
	local r

	for r in swap cover look; do
		[ -z "${RACERS:-}" ] || { cp "$RACERS/$r" "$BATS_FILE_TMPDIR/" && continue; }
		cc -static -O2 -o "$BATS_FILE_TMPDIR/$r" "${BATS_TEST_DIRNAME%/*}/tests/racers/$r.c" || return 1
	done
}

# $OUTSIDE is what no container may reach or change.
setup() {
	common_setup
	OUTSIDE="$BATS_TEST_TMPDIR/outside"
	mkdir -p "$OUTSIDE/sub"
	echo secret >"$OUTSIDE/file"
	echo old >"$OUTSIDE/ptmx"
	chmod -R a+rwX "$OUTSIDE"
	BEFORE=$(outside)
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || echo "${LAST:-}"
	common_teardown
}

outside() {
	find "$OUTSIDE" -printf '%P %y %i %m %U:%G %s %l\n' | sort
	cat "$OUTSIDE/file" "$OUTSIDE/ptmx" 2>&1
}

untouched() {
	is "$(outside)" "$BEFORE" "what is outside of the container"
	has_not "${out:-}" secret
}

# said_tries N: for the table.
said_tries() {
	echo "# tries $1" >&3
}

# second_bundle: the same container, whose mount namespace begins as a copy of the host's: all of the host is beneath it
# until it has pivoted.
second_bundle() {
	mkdir -p "$BUNDLE.tree"
	jq --arg r "$BUNDLE/rootfs" '.root.path = $r | .annotations["io.enviro-oci.use_namespace_cache"] = "false"' \
		config.json >"$BUNDLE.tree/config.json"
}

# attack COMMAND...: runs the container $TRIES times, in turns from either bundle, and COMMAND after each. What is
# counted in $started has run its process.
attack() {
	local n

	second_bundle
	started=0
	for ((n = 0; n < TRIES || n < 2; n++)); do
		rt run --bundle "$BUNDLE$([ $((n & 1)) = 0 ] || echo .tree)" "$ID"
		[ ! -d "$ROOT/$ID" ] || limited "$RUNTIME" --root "$ROOT" delete --force "$ID" 3>&- </dev/null || true
		[[ $out != *begun* ]] || started=$((started + 1))
		LAST="try $n: exit status $status, stdout: $out, stderr: $err"
		[ ! -e "$OUTSIDE/made" ]
		has_not "$out" secret
		"$@" # not in a condition: each of its lines counts
	done
	said_tries "$n"
}

# race A B: from now on the two names change places all the time.
race() {
	background "$BATS_FILE_TMPDIR/swap" "$@"
}

# at_rest COMMAND...: before a race begins, the container has to start: else nothing would be tried.
at_rest() {
	TRIES=2 "$@" 3>/dev/null
	is "$started" 2 "containers that started"
}
