#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load helpers

@test "list: a state root that was asked for and is not there is an error" {
	rt_fails --root "$BATS_TEST_TMPDIR/missing" list
	says "$BATS_TEST_TMPDIR/missing"
	[ ! -e "$BATS_TEST_TMPDIR/missing" ]
}

@test "list: an owner without a name" {
	known_gap crun "has other columns"
	sleeper
	mkdir -m 700 "$BATS_TEST_TMPDIR/other"
	cp -a "$ROOT/$ID" "$BATS_TEST_TMPDIR/other"
	rt_ok delete --force "$ID"
	chown -R 54321 "$BATS_TEST_TMPDIR/other"
	install -m 755 "$RUNTIME" "$BATS_TEST_TMPDIR/enviro-oci"
	out=$(limited setpriv --reuid 54321 --regid 54321 --clear-groups "$BATS_TEST_TMPDIR/enviro-oci" \
		--root "$BATS_TEST_TMPDIR/other" list --format json 3>&-)
	is "$(jq -r '.[0].owner' <<<"$out")" "#54321"
	rm -r "$BATS_TEST_TMPDIR/other"
}

@test "list: no containers" {
	mkdir -p "$ROOT"
	rt_ok list --quiet
	is "$out" ""
	rt_ok list --format json
	[ "$out" = null ] || [ "$out" = "[]" ]
	rt_ok list
	[[ $out =~ ^ID\ +PID\ +STATUS\ +BUNDLE\ +CREATED\ +OWNER ]]
	is "$(wc -l <"$out_file")" 1
}

@test "list: a table is the default" {
	sleeper "$ID-a"
	rt_ok create "$ID-b"
	rt_ok list
	is "$(wc -l <"$out_file")" 3
	grep -Eq "^$ID-a +$(pid_of "$ID-a") +running +$BUNDLE +20[0-9TZ:.+-]+ +root" <<<"$out"
	grep -Eq "^$ID-b +$(pid_of "$ID-b") +created +$BUNDLE +20[0-9TZ:.+-]+ +root" <<<"$out"
	rt_ok list --format table
	has "$out" "STATUS"
	rt_ok list -f table
	has "$out" "STATUS"
}

@test "list --format json: one object a container, with the members of state" {
	sleeper "$ID-a"
	rt_ok run --detach "$ID-b"
	rt_ok kill "$ID-b" KILL
	wait_state "$ID-b" stopped
	set_config '.annotations = {"k": "v"}'
	rt_ok create "$ID-c"
	rt_ok list --format json
	is "$(jq -r 'map(.id) | sort | join(" ")' <<<"$out")" "$ID-a $ID-b $ID-c"
	is "$(jq -r 'sort_by(.id) | map(.status) | join(" ")' <<<"$out")" "running stopped created"
	is "$(jq -r 'sort_by(.id) | map(.pid) | join(" ")' <<<"$out")" "$(pid_of "$ID-a") 0 $(pid_of "$ID-c")"
	is "$(jq -r '.[0].bundle' <<<"$out")" "$BUNDLE"
	is "$(jq -r '.[0].rootfs' <<<"$out")" "$BUNDLE/rootfs"
	is "$(jq -r '.[0].owner' <<<"$out")" root
	[[ $(jq -r '.[0].created' <<<"$out") =~ ^20[0-9]{2}- ]]
	is "$(jq -c 'sort_by(.id) | .[2].annotations' <<<"$out")" '{"k":"v"}'
	rt_ok list -f json
	is "$(jq length <<<"$out")" 3
}

@test "list --quiet: ids alone" {
	rt_ok create "$ID-b"
	rt_ok create "$ID-a"
	rt_ok list --quiet
	is "$(sort <<<"$out")" "$(printf '%s\n' "$ID-a" "$ID-b")"
	rt_ok list -q
	is "$(sort <<<"$out")" "$(printf '%s\n' "$ID-a" "$ID-b")"
}

@test "list: an unknown format is refused" {
	rt_fails list --format xml
	says format
}

@test "list: another state root has other containers" {
	rt_ok create "$ID"
	mkdir "$BATS_TEST_TMPDIR/other"
	ROOT="$BATS_TEST_TMPDIR/other" rt_ok list --quiet
	is "$out" ""
}

@test "list: while containers come and go" {
	make_bundle "$BATS_TEST_TMPDIR/churn"
	cat >"$BATS_TEST_TMPDIR/churn.sh" <<'SH'
for n in 1 2 3 4 5 6 7 8; do "$1" --root "$2" run --bundle "$4" "$3-churn$n" </dev/null; done
SH
	sleeper "$ID-stays"
	background sh "$BATS_TEST_TMPDIR/churn.sh" "$RUNTIME" "$ROOT" "$ID" "$BATS_TEST_TMPDIR/churn"
	for ((n = 0; n < 500; n++)); do
		is_alive "$bg_pid" || break
		rt list --quiet
		[ "$status" -eq 0 ] || known_gap runc "fails when one goes away meanwhile"
		[ "$status" -eq 0 ] || show_call "list should not mind"
		has "$out" "$ID-stays"
	done
	wait "$bg_pid"
}
