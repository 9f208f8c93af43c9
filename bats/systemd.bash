# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What systemd.bats and systemd-limits.bats share: --systemd-cgroup where systemd runs, as root and as a user who has an
# instance of it. contrib/views/systemd has one for these tests; limits on cgroup v2 need its controllers (contrib/check-vm).

load helpers

setup() {
	[ -d /run/systemd/system ] || skip "systemd does not run here"
	case $BATS_TEST_DESCRIPTION in
	*v1:*) requires_v1 ;;
	*v2:*)
		requires_v2
		for c in memory pids cpu; do requires_controller "$c"; done
		;;
	esac
	[ "$(id -u)" = 0 ] || requires_v2
	common_setup
	if [ "$(id -u)" != 0 ]; then
		export XDG_RUNTIME_DIR=/run/user/$UID
		[ -S "$XDG_RUNTIME_DIR/systemd/private" ] || skip "user $UID has no systemd"
		rm config.json
		rt_ok spec --rootless
		set_config '.process.terminal = false' ".process.env += [\"EBT_CONTAINER=$ID\"]"
		SLICE=user.slice
	else
		SLICE=system.slice
	fi
	UNIT="sd-$ID.scope"
	set_config ".linux.cgroupsPath = \":sd:$ID\""
}

teardown() {
	local u

	[ -n "${UNIT:-}" ] || return 0 # skipped by setup
	common_teardown || return 1
	for u in $(ctl list-units --all --plain --no-legend "*$ID*" | cut -d' ' -f1); do
		ctl stop "$u" 2>/dev/null || true
		ctl reset-failed "$u" 2>/dev/null || true
		echo "left behind: unit $u"
		u=left
	done
	[ "${u:-}" != left ]
}

# systemctl of the instance that the tests use
ctl() {
	if [ "$(id -u)" = 0 ]; then systemctl "$@"; else systemctl --user "$@"; fi
}

as_root() {
	[ "$(id -u)" = 0 ] || skip "root only"
}

# prop NAME [UNIT]
prop() {
	ctl show --value -p "$1" -- "${2:-$UNIT}"
}

sd_sleeper() {
	set_args sleep 1000
	rt_ok --systemd-cgroup run --detach "${1:-$ID}"
}

# v2_value FILE: of the container's cgroup
v2_value() {
	cgroup_value "$(pid_of "$ID")" "" "$1"
}

own_cgroup() {
	local name=

	[ "$(view)" != legacy ] || name=name=systemd
	sed -n "s/^[0-9]*:$name://p" "/proc/$(pid_of "${1:-$ID}")/cgroup"
}

gone() {
	[ "$(prop LoadState "${1:-$UNIT}")" = not-found ]
}
