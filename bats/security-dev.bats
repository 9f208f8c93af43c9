#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# Attacks by /dev of the image: nodes, terminals, the null device.

load security

no_dev_mounts() {
	set_config 'del(.mounts[] | select(.destination | startswith("/dev")))' '.linux.resources = {}'
}

@test "CVE-2026-41579, CVE-2026-47766: /dev of the image is a link to the host" {
	no_dev_mounts
	rm -r rootfs/dev
	ln -s "$OUTSIDE" rootfs/dev
	set_script 'echo begun'
	attack untouched
	# as long as there is a link that leads there, and none afterwards
	rm rootfs/dev
	ln -s "../../../../../../../../../../../..$OUTSIDE" rootfs/dev
	attack untouched
}

@test "CVE-2026-41579, CVE-2026-47766: /dev of the image becomes a link to the host meanwhile" {
	no_dev_mounts
	ln -s "$OUTSIDE" rootfs/evil
	set_script 'echo begun'
	at_rest attack untouched
	race rootfs/dev rootfs/evil
	attack untouched
}

# dev_links NAME...: each a link to a file outside, in a /dev that is the image's.
dev_links() {
	local n

	for n; do
		ln -sfn "$OUTSIDE/file" "rootfs/dev/$n"
	done
}

@test "CVE-2026-88265: /dev/null of the image is a link to the host, and stands for the standard streams" {
	no_dev_mounts
	dev_links null
	set_config '.process.user = {uid: 1000, gid: 1000}' '.linux.maskedPaths = []'
	set_script 'echo begun; cat; echo written >&0'
	attack untouched
	dev_links zero full random urandom tty
	attack untouched
}

@test "CVE-2026-88265: /dev/null of the image becomes a link to the host meanwhile" {
	no_dev_mounts
	mknod -m 666 rootfs/dev/null c 1 3
	dev_links evil
	set_config '.process.user = {uid: 1000, gid: 1000}' '.linux.maskedPaths = []'
	set_script 'echo begun; cat; echo written >&0'
	at_rest attack untouched
	race rootfs/dev/null rootfs/dev/evil
	attack untouched
}

@test "CVE-2025-31133: /dev/null of the image is not the null device, and masks a path" {
	no_dev_mounts
	echo hidden >rootfs/etc/masked
	echo target >rootfs/etc/target
	chmod 666 rootfs/etc/masked rootfs/etc/target
	set_config '.linux.maskedPaths = ["/etc/masked"]'
	set_script 'echo begun; head -c 100 /etc/masked; echo written >/etc/masked'
	masked() {
		has_not "$out" hidden
		has_not "$out" target
		is "$(cat rootfs/etc/masked rootfs/etc/target)" "$(printf 'hidden\ntarget')"
	}
	ln -s /etc/target rootfs/dev/null
	attack masked
	rm rootfs/dev/null
	ln rootfs/etc/target rootfs/dev/null
	attack masked
	rm rootfs/dev/null
	mknod -m 666 rootfs/dev/null c 1 5
	attack masked
}

@test "CVE-2025-31133: /dev/null of the image becomes a link meanwhile, and masks a path" {
	no_dev_mounts
	echo hidden >rootfs/etc/masked
	echo target >rootfs/etc/target
	chmod 666 rootfs/etc/masked rootfs/etc/target
	mknod -m 666 rootfs/dev/null c 1 3
	ln -s /etc/target rootfs/dev/evil
	set_config '.linux.maskedPaths = ["/etc/masked"]'
	set_script 'echo begun; stat -c %t:%T /etc/masked; head -c 100 /etc/masked'
	masked() {
		has_not "$out" hidden
		has_not "$out" target
		[[ $out != *begun* ]] || has "$out" 1:3
	}
	at_rest attack masked
	race rootfs/dev/null rootfs/dev/evil
	attack masked
}

@test "devices: a node of the configuration becomes a link to the host meanwhile" {
	no_dev_mounts
	mkdir rootfs/dir
	ln -s "$OUTSIDE" rootfs/evil
	set_config '.linux.devices = [{path: "/dir/made", type: "c", major: 1, minor: 3, fileMode: 438, uid: 1234, gid: 1234},
		{path: "/dir/file", type: "c", major: 1, minor: 5, fileMode: 438, uid: 1234, gid: 1234}]'
	set_script 'echo begun'
	at_rest attack untouched
	race rootfs/dir rootfs/evil
	attack untouched
}

# on_terminal: like attack, with a terminal.
on_terminal() {
	local n

	set_config '.process.terminal = true'
	second_bundle
	started=0
	for ((n = 0; n < TRIES || n < 2; n++)); do
		on_pty -- "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE$([ $((n & 1)) = 0 ] || echo .tree)" "$ID"
		[ ! -d "$ROOT/$ID" ] || limited "$RUNTIME" --root "$ROOT" delete --force "$ID" 3>&- </dev/null || true
		[[ $out != *begun* ]] || started=$((started + 1))
		LAST="try $n: exit status $status, on the terminal: $out"
		"$@"
	done
	said_tries "$n"
}

@test "CVE-2026-88264: /dev/console of the image is a link to the host" {
	no_dev_mounts
	mkdir -m 755 rootfs/dev/pts
	add_mount /dev/pts devpts devpts newinstance ptmxmode=0666
	echo target >rootfs/etc/target
	set_script 'echo begun; [ ! -c /etc/target ] || echo ASTRAY'
	led_astray() {
		has_not "$out" ASTRAY
		untouched
	}
	ln -s "$OUTSIDE/made" rootfs/dev/console
	on_terminal led_astray
	rm rootfs/dev/console
	dev_links console
	on_terminal led_astray
	ln -sfn /etc/target rootfs/dev/console
	on_terminal led_astray
	set_config '.root.readonly = true'
	on_terminal untouched
}

@test "CVE-2026-88264, CVE-2025-52565: /dev/console of the image becomes a link meanwhile" {
	no_dev_mounts
	mkdir -m 755 rootfs/dev/pts
	add_mount /dev/pts devpts devpts newinstance ptmxmode=0666
	: >rootfs/dev/console
	echo target >rootfs/etc/target
	ln -s /etc/target rootfs/dev/evil
	set_script 'echo begun; [ ! -c /etc/target ] || echo ASTRAY'
	led_astray() {
		has_not "$out" ASTRAY
		untouched
	}
	at_rest on_terminal led_astray
	race rootfs/dev/console rootfs/dev/evil
	on_terminal led_astray
}

@test "CVE-2025-52565: terminals of the image are links: /dev/pts without a devpts" {
	no_dev_mounts
	mkdir -m 755 rootfs/dev/pts
	echo target >rootfs/etc/target
	for n in 0 1 2 3 ptmx; do
		ln -s /etc/target "rootfs/dev/pts/$n"
	done
	ln -s /etc/target rootfs/dev/ptmx
	set_script 'echo begun; cat /dev/console; echo written >/dev/console'
	led_astray() {
		has_not "$out" target
		is "$(cat rootfs/etc/target)" target
		untouched
	}
	on_terminal led_astray
	# to open a thing is to do something to it
	rm rootfs/dev/pts/ptmx
	mkfifo rootfs/dev/pts/ptmx
	background sh -c 'read x <rootfs/dev/pts/ptmx; touch opened'
	on_terminal led_astray
	[ ! -e opened ]
}
