#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# What runtime.md's lifecycle says of hooks that fail, and what a hook can see of the container.

load helpers

KINDS="prestart createRuntime createContainer startContainer poststart poststop"

setup() {
	common_setup
	LOG="$BATS_TEST_TMPDIR/log"
	mkdir -m 777 "$LOG"
	: >"$LOG/order"
	add_mount "$LOG" bind "$LOG" bind
}

# hook KIND SCRIPT: one more hook of this kind; KIND is $1 in it. It is found on the host and in the container.
hook() {
	local name="hook-$1-$(jq ".hooks.$1 | length" config.json)"

	printf '#!/bin/sh\nexport PATH=/usr/sbin:/usr/bin:/sbin:/bin\n%s\n' "$2" >"$LOG/$name"
	chmod 755 "$LOG/$name"
	set_config ".hooks.$1 += [{path: \"$LOG/$name\", args: [\"$name\", \"$1\"]}]"
}

# order: the kinds of hooks that have run so far.
order() {
	tr '\n' ' ' <"$LOG/order"
}

note_all() {
	for k in $KINDS; do
		hook "$k" "echo $k >>$LOG/order"
	done
}

@test "hook failures: prestart: an error, the container is destroyed, poststop runs" {
	hook prestart 'exit 3'
	note_all
	rt_fails create "$ID"
	says prestart "3"
	is "$(order)" "poststop "
	nothing_left
}

@test "hook failures: createRuntime: an error, the container is destroyed, poststop runs" {
	hook createRuntime 'exit 3'
	note_all
	rt_fails create "$ID"
	says createRuntime "3"
	is "$(order)" "prestart poststop "
	nothing_left
}

@test "hook failures: createContainer: an error, the container is destroyed, poststop runs" {
	hook createContainer 'exit 3'
	note_all
	rt_fails create "$ID"
	says createContainer "3"
	is "$(order)" "prestart createRuntime poststop "
	nothing_left
}

@test "hook failures: startContainer: an error, the container is destroyed, poststop runs" {
	hook startContainer 'exit 3'
	note_all
	set_script "echo process >>$LOG/order"
	rt_ok create "$ID"
	rt_fails start "$ID"
	says startContainer "3"
	is "$(order)" "prestart createRuntime createContainer poststop "
	rt_fails state "$ID"
	says "does not exist"
	nothing_left
	: >"$LOG/order"
	rt_fails run "$ID"
	is "$(order)" "prestart createRuntime createContainer poststop "
	nothing_left
}

@test "hook failures: poststart: an error, the container is destroyed, poststop runs" {
	hook poststart 'exit 3'
	note_all
	set_args sleep 1000
	rt_ok create "$ID"
	rt_fails start "$ID"
	says poststart "3"
	is "$(order)" "prestart createRuntime createContainer startContainer poststop "
	nothing_left
	: >"$LOG/order"
	rt_fails run "$ID"
	is "$(order)" "prestart createRuntime createContainer startContainer poststop "
	nothing_left
}

@test "hook failures: poststop: a warning, the others run, the container is gone" {
	hook poststop 'exit 3'
	note_all
	rt_ok run "$ID"
	says poststop "3"
	has "$(order)" "poststop "
	nothing_left
}

@test "hooks: timeouts, for each kind" {
	for k in prestart createRuntime createContainer startContainer poststart; do
		set_config 'del(.hooks)'
		hook "$k" "echo \$\$ >$LOG/pid; exec sleep 1006"
		set_config ".hooks.$k[0].timeout = 1"
		set_args sleep 1000
		rt_fails run --detach "$ID"
		says "$k"
		nothing_left
	done
	set_config 'del(.hooks)'
	hook poststop "echo \$\$ >$LOG/pid; exec sleep 1006"
	set_config ".hooks.poststop[0].timeout = 1"
	set_args true
	rt_ok run "$ID"
	says poststop
	nothing_left
}

@test "hooks: the state that others see meanwhile: creating, created, running" {
	for k in prestart createRuntime createContainer; do
		hook "$k" "$RUNTIME --root $ROOT state $ID | jq -r .status >$LOG/seen-\$1 2>$LOG/err-\$1"
	done
	hook poststart "$RUNTIME --root $ROOT state $ID | jq -r .status >$LOG/seen-\$1 2>$LOG/err-\$1"
	set_args sleep 1000
	rt_ok create "$ID"
	for k in prestart createRuntime createContainer; do
		is "$(cat "$LOG/seen-$k")" creating "$k"
	done
	rt_ok start "$ID"
	is "$(cat "$LOG/seen-poststart")" running
}

@test "hooks: the status in the state they get" {
	for k in $KINDS; do
		hook "$k" "cat >$LOG/\$1.json"
	done
	set_args sleep 1000
	rt_ok create "$ID"
	rt_ok start "$ID"
	rt_ok delete --force "$ID"
	for k in prestart createRuntime createContainer; do
		is "$(jq -r .status "$LOG/$k.json")" creating "$k"
	done
	is "$(jq -r .status "$LOG/startContainer.json")" created
	is "$(jq -r .status "$LOG/poststart.json")" running
	is "$(jq -r .status "$LOG/poststop.json")" stopped
	is "$(jq -r .ociVersion "$LOG/poststop.json")" "$(jq -r .ociVersion config.json)"
}

@test "hooks: poststop comes when nothing of the container is left" {
	hook poststop "cat >/dev/null; grep -c . /proc/mounts >/dev/null; find /sys/fs/cgroup -type d -name '*$ID*' >$LOG/cgroups"
	sleeper
	rt_ok delete --force "$ID"
	is "$(cat "$LOG/cgroups")" ""
}

@test "hooks: an empty environment unless one is given" {
	for k in prestart createRuntime poststart poststop; do
		printf '#!%s\nimport os\nopen("%s", "w").write(str(len([k for k in os.environ if k != "LC_CTYPE"])))\n' \
			"$PYTHON -I" "$LOG/env-$k" >"$LOG/$k.py"
		chmod 755 "$LOG/$k.py"
		set_config ".hooks.$k = [{path: \"$LOG/$k.py\"}]"
	done
	rt_ok run "$ID"
	for k in prestart createRuntime poststart poststop; do
		is "$(cat "$LOG/env-$k")" 0 "$k"
	done
}

@test "hooks: a path is found in the runtime's namespace for createContainer, in the container's for startContainer" {
	mkdir -p rootfs/only
	printf '#!/bin/sh\necho inside >>%s/order\n' "$LOG" >rootfs/only/inside
	chmod 755 rootfs/only/inside
	set_config '.hooks.createContainer = [{path: "/only/inside"}]'
	rt_fails create "$ID"
	set_config 'del(.hooks)' '.hooks.startContainer = [{path: "/only/inside"}]'
	rt_ok run "$ID"
	is "$(order)" "inside "
}
