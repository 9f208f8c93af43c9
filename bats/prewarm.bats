#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# Namespaces made ahead of time. Each test has a host of its own: a mount namespace where everything is shared, as under
# systemd, so that what is mounted there goes with it.

load helpers

setup() {
	common_setup
	[ "$RUNTIME_NAME" = enviro-oci ] || skip "$RUNTIME_NAME has no prewarm"
	[ ! -e /etc/enviro-oci/config.json ] || skip "the host has its own configuration"
	POOL="$ROOT/@pool"
	DIR="$BATS_TEST_TMPDIR/dir"
	mkdir "$DIR"
}

# on_host SCRIPT: runs it with bash there; it sees $RUNTIME, $ROOT, $POOL, $ID, $DIR and begins in the bundle. `rt` is the
# runtime with the test's root, `inodes` lists the network namespaces in the pool, `waiting KIND` says what --status
# does.
on_host() {
	ROOT="$ROOT" POOL="$POOL" ID="$ID" DIR="$DIR" timeout --foreground 120 unshare --mount --propagation private bash -c \
		'mount --make-rshared / && set -eu
		rt() { "$RUNTIME" --root "$ROOT" "$@"; }
		inodes() { sed -n "s,.* $POOL/net-\([0-9]*\) .*,\1,p" /proc/self/mountinfo | sort; }
		waiting() { rt prewarm --status --format json | jq -r ".$1 | \"\(.waiting) \(.unseen) \(.leftover)\""; }
		elsewhere() { # elsewhere COMMAND [PROPAGATION]: in a copy of this mount namespace, which is there; pid: $other
			mkfifo $DIR/ready
			unshare --mount --propagation ${2:-private} bash -c "echo >$DIR/ready; exec $1" & other=$!
			read -r _ <$DIR/ready
		}
		has_inode() { grep -qx "$1"; }
		'"$1" 3>&- </dev/null
}

# One sleeping container on a host with two network namespaces in the pool, which are named in $DIR/before; then SCRIPT.
with_sleeper() {
	set_args sleep 1000
	on_host 'rt prewarm --count 2; inodes >$DIR/before; [ "$(wc -l <$DIR/before)" = 2 ]
		rt run --detach $ID >/dev/null; pid=$(rt state $ID | jq .pid)
		'"$1"'
		rt delete --force $ID'
}

@test "a container takes a network namespace from the pool, with lo up, and its pin goes" {
	with_sleeper 'ns=$(stat -Lc %i /proc/$pid/ns/net)
		has_inode $ns <$DIR/before
		[ "$(nsenter -t $pid -n cat /sys/class/net/lo/operstate)" != down ]
		nsenter -t $pid -n ip link show lo | grep -q UP
		[ "$(inodes | wc -l)" = 1 ]
		if inodes | has_inode $ns; then exit 1; fi
		[ "$(waiting net)" = "1 0 0" ]'
}

@test "/sys in the container is that of the namespace it has" {
	set_script 'ls /sys/class/net && cat /proc/net/dev'
	out=$(on_host 'rt prewarm --count 1; rt run $ID')
	is "$(head -n 1 <<<"$out")" lo
	is "$(grep -c : <<<"$out")" 1
}

@test "what a container did in its namespace, the next one does not find" {
	all_caps
	set_config '.process.capabilities[] += ["CAP_NET_ADMIN"]'
	set_script 'cat /sys/class/net/lo/mtu; ip link set lo mtu 1234; cat /sys/class/net/lo/mtu'
	out=$(on_host 'for i in 1 2 3 4; do rt prewarm --count 1; rt run $ID-$i; done')
	is "$(sort -u <<<"$out" | tr '\n' ' ')" "1234 65536 "
}

@test "40 containers, 8 at once, and a pool of 32: each has a namespace of its own" {
	set_args sleep 1000
	on_host 'rt prewarm; inodes >$DIR/before; [ "$(wc -l <$DIR/before)" = 32 ]
		for k in 0 1 2 3 4 5 6 7; do
			(for i in 0 1 2 3 4; do rt create $ID-$k-$i >/dev/null; done) &
		done
		wait
		for id in $(rt list --quiet); do
			stat -Lc %i /proc/$(rt state $id | jq .pid)/ns/net
		done | sort >$DIR/after
		for id in $(rt list --quiet); do rt delete --force $id; done
		rt prewarm --clear'
	is "$(sort -u "$DIR/after" | wc -l)" 40
	is "$(comm -12 "$DIR/before" "$DIR/after" | wc -l)" 32 "all of the pool are used"
	run grep -x "$(stat -Lc %i /proc/self/ns/net)" "$DIR/after"
	is "$output" ""
}

@test "killed between taking and using: the namespace is never used, and goes with the next prewarm" {
	requires strace
	set_args sleep 1000
	on_host 'rt prewarm --count 1; ns=$(inodes)
		strace -qq -o $DIR/calls -e trace=unlinkat,getdents64 -e inject=getdents64:signal=KILL:when=2 \
			$RUNTIME --root $ROOT run $ID || true
		grep -q "unlinkat.*net-$ns.unused.* = 0" $DIR/calls
		[ "$(waiting net)" = "0 0 1" ]
		rt delete --force $ID
		rt run --detach $ID-2 >/dev/null
		[ "$(stat -Lc %i /proc/$(rt state $ID-2 | jq .pid)/ns/net)" != $ns ]
		rt delete --force $ID-2
		rt prewarm --count 1
		[ "$(waiting net)" = "1 0 0" ]'
}

@test "the namespace ends with the container, also where another mount namespace has a copy of its pin" {
	with_sleeper 'ns=$(stat -Lc %i /proc/$pid/ns/net)
		rt prewarm --count 2
		new=$(inodes)
		elsewhere "sleep 1004"
		rt run --detach $ID-2 >/dev/null
		ns=$(stat -Lc %i /proc/$(rt state $ID-2 | jq .pid)/ns/net)
		has_inode $ns <<<"$new"
		grep -q "@pool" /proc/$other/mountinfo
		if grep -q "@pool/net-$ns" /proc/$other/mountinfo; then exit 1; fi
		kill $other
		rt delete --force $ID-2'
}

@test "sysctls of the container are written into what it took" {
	set_config '.linux.sysctl = {"net.ipv4.ip_unprivileged_port_start": "77"}'
	set_args cat /proc/sys/net/ipv4/ip_unprivileged_port_start
	out=$(on_host 'rt prewarm --count 1; ns=$(inodes); rt run $ID; [ -z "$(inodes)" ]')
	is "$out" 77
}

@test "a user namespace, a namespace that is joined, or none: nothing is taken" {
	on_host 'rt prewarm --count 1
		jq ".linux.namespaces |= map(select(.type != \"network\"))" config.json >$DIR/none.json
		jq ".linux.namespaces |= map(if .type == \"network\" then .path = \"/proc/self/ns/net\" else . end)" \
			config.json >$DIR/joined.json
		rt run --config $DIR/none.json $ID-1
		rt run --config $DIR/joined.json $ID-2
		[ "$(waiting net)" = "1 0 0" ]'
	remap 100000
	chmod 711 "$BUNDLE" "$BATS_TEST_TMPDIR"
	on_host 'rt prewarm --count 1; rt run $ID; [ "$(waiting net)" = "1 0 0" ]'
}

@test "turned off by an annotation: nothing is taken" {
	for name in prewarm use_namespace_cache; do
		jq ".annotations = {\"io.enviro-oci.$name\": \"false\"}" config.json >"$DIR/off.json"
		on_host 'rt prewarm --count 1; rt run --config $DIR/off.json $ID; [ "$(waiting net)" = "1 0 0" ]'
	done
}

@test "an empty pool, or one that this mount namespace does not see: it is made anew, and the log says why" {
	on_host 'rt prewarm --count 1; rt run $ID-1; rt --debug --log $DIR/log run $ID-2'
	has "$(cat "$DIR/log")" "net namespace: none is waiting in the pool"
	on_host 'rt prewarm --clear; rt --debug --log $DIR/log.2 run $ID'
	has "$(cat "$DIR/log.2")" "$POOL: no such file or directory"
	on_host 'rt prewarm --count 0
		mkfifo $DIR/go
		elsewhere "bash -c \"read -r _ <$DIR/go; $RUNTIME --root $ROOT --debug --log $DIR/log.3 run $ID\""
		rt prewarm --count 1; echo >$DIR/go; wait $other
		[ "$(waiting net)" = "1 0 0" ]'
	has "$(cat "$DIR/log.3")" "net namespace: none is waiting in the pool"
}

@test "ipc and uts, where they are asked for" {
	set_config 'del(.hostname)'
	set_script 'readlink /proc/self/ns/ipc; readlink /proc/self/ns/uts; hostname; ls /dev/mqueue | wc -l'
	out=$(on_host 'rt prewarm --namespaces ipc,uts --count 1; ls $POOL | sed -n "s/-\(.*\)[.]unused/:[\1]/p" | sort
		rt run $ID; [ "$(waiting ipc)" = "0 0 0" ]; [ "$(waiting uts)" = "0 0 0" ]')
	is "$(sed -n 1,2p <<<"$out")" "$(sed -n 3,4p <<<"$out")"
	is "$(sed -n 5,6p <<<"$out" | tr '\n' ' ')" "$(uname -n) 0 "
}

@test "a host that was renamed since: the old name does not come into a container" {
	set_config 'del(.hostname)'
	set_args hostname
	out=$(on_host 'exec unshare --uts bash -c "hostname ebt-old; $RUNTIME --root $ROOT prewarm --namespaces uts --count 1
		hostname ebt-new; $RUNTIME --root $ROOT run $ID"')
	is "$out" ebt-new
}

@test "nothing of the pool is in the list, and cache clear empties it" {
	on_host 'rt prewarm --count 2; [ -z "$(rt list --quiet)" ]; rt cache clear; [ -z "$(inodes)" ]; [ ! -e $POOL ]'
}

@test "the mounts of the pool stay in this mount namespace" {
	on_host 'elsewhere "sleep 1005" unchanged; rt prewarm --count 2
		if grep -q "@pool/" /proc/$other/mountinfo; then exit 1; fi
		kill $other'
}

@test "more than max_cached_namespaces is refused, and what is no kind, and no number" {
	rt_fails prewarm --count 33
	says "33 namespaces" "max_cached_namespaces is 32"
	rt_fails prewarm --namespaces net,mnt
	says mnt
	rt_fails prewarm --namespaces ""
	rt_fails prewarm --count many
	says many
	rt_fails prewarm --status --clear
	rt_fails prewarm --clear --count 2
	rt_fails prewarm --format json
	rt_fails prewarm --status --format xml
	rt_fails prewarm one
}

@test "the timer for systemd keeps the pool filled" {
	requires systemd-run
	on_host 'exec "'"$TOP"'/contrib/views/systemd" bash -eu -c "
		install -m755 $RUNTIME /run/enviro-oci-test
		for unit in service timer; do
			sed \"s,/usr/local/sbin/enviro-oci,/run/enviro-oci-test,
				s/^.Unit.\$/&\nDefaultDependencies=no/\" \
				'"$TOP"'/contrib/systemd/enviro-oci-prewarm@.\$unit >/run/systemd/system/enviro-oci-prewarm@.\$unit
		done
		systemctl daemon-reload
		systemctl start \"enviro-oci-prewarm@\$(systemd-escape --path /run/ebt).timer\"
		filled() {
			for i in \$(seq 400); do
				[ \"\$(/run/enviro-oci-test --root /run/ebt prewarm --status | grep ^net)\" = \"\$1\" ] && return
				sleep 0.05
			done
			false
		}
		all=\$(printf \"%-12s%-12s%-12s%s\" net 32 0 0)
		filled \"\$all\"
		/run/enviro-oci-test --root /run/ebt run $ID
		filled \"\$all\"
		touch $DIR/filled"'
	[ -e "$DIR/filled" ]
}

@test "without the right to: refused, with the reason, and nothing stays" {
	requires setpriv
	on_host 'if setpriv --bounding-set=-sys_admin $RUNTIME --root $ROOT prewarm --count 1 2>$DIR/err; then exit 1; fi
		if $RUNTIME --root $ROOT --rootless true prewarm --count 1 2>$DIR/err.2; then exit 1; fi
		rt run $ID; [ -z "$(inodes)" ]'
	has "$(cat "$DIR/err")" "not permitted"
	has "$(cat "$DIR/err.2")" "only root of the host"
}
