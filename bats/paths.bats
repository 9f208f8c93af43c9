#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# linux.maskedPaths and linux.readonlyPaths.

load helpers

@test "masked paths: a file is empty and cannot be written" {
	echo secret >rootfs/etc/secret
	set_config '.linux.maskedPaths = ["/etc/secret"]'
	in_container 'cat /etc/secret | wc -c; echo x >/etc/secret; stat -c %t:%T /etc/secret'
	is "$(tr -d ' ' <<<"$out")" "$(printf '0\n1:3')"
	is "$(cat rootfs/etc/secret)" secret
}

@test "masked paths: a directory is empty and read-only" {
	mkdir rootfs/etc/secrets
	echo secret >rootfs/etc/secrets/file
	set_config '.linux.maskedPaths = ["/etc/secrets"]'
	in_container 'ls -A /etc/secrets | wc -l; touch /etc/secrets/new 2>/dev/null || echo read-only'
	is "$(tr -d ' ' <<<"$out")" "$(printf '0\nread-only')"
	is "$(ls rootfs/etc/secrets)" file
}

@test "masked paths: what does not exist is passed over" {
	set_config '.linux.maskedPaths = ["/no/such/path", "/proc/nothing"]'
	rt_ok run "$ID"
	[ ! -e rootfs/no ]
}

@test "masked paths: several directories" {
	mkdir -p rootfs/s1 rootfs/s2/sub rootfs/s3
	touch rootfs/s1/f rootfs/s2/sub/f rootfs/s3/f
	set_config '.linux.maskedPaths = ["/s1", "/s2/sub", "/s3"]'
	in_container 'ls -A /s1 /s2/sub /s3 | grep -c f; ls /s2'
	is "$(sed '/^$/d' <<<"$out")" "$(printf '0\nsub')"
}

@test "masked paths: the usual ones of proc and sys" {
	in_container 'for f in /proc/kcore /proc/keys /proc/timer_list; do [ ! -e $f ] || stat -c %t:%T $f; done; ls -A /sys/firmware /proc/scsi 2>/dev/null | grep -v : || true'
	is "$(sort -u <<<"$out" | sed '/^$/d')" "1:3"
}

@test "masked paths: below a volume" {
	mkdir -p "$BATS_TEST_TMPDIR/vol/hidden"
	touch "$BATS_TEST_TMPDIR/vol/hidden/f"
	add_mount /vol bind "$BATS_TEST_TMPDIR/vol" bind
	set_config '.linux.maskedPaths = ["/vol/hidden"]'
	in_container 'ls -A /vol/hidden'
	is "$out" ""
	[ -e "$BATS_TEST_TMPDIR/vol/hidden/f" ]
}

@test "masked paths: a symbolic link in the image leads nowhere outside" {
	mkdir "$BATS_TEST_TMPDIR/outside"
	touch "$BATS_TEST_TMPDIR/outside/f"
	ln -s "$BATS_TEST_TMPDIR/outside" rootfs/link
	set_config '.linux.maskedPaths = ["/link"]'
	rt run "$ID"
	[ -e "$BATS_TEST_TMPDIR/outside/f" ]
	is "$(awk '{print $5}' /proc/self/mountinfo | grep -c "$BATS_TEST_TMPDIR/outside")" 0
}

@test "readonly paths: a directory and a file" {
	mkdir rootfs/ro
	echo text >rootfs/ro/file
	echo text >rootfs/etc/single
	set_config '.linux.readonlyPaths = ["/ro", "/etc/single"]'
	in_container 'cat /ro/file; echo x 2>/dev/null >/ro/file || echo denied; touch /ro/new 2>/dev/null || echo denied
		echo x 2>/dev/null >/etc/single || echo denied; echo x >/etc/other && echo free'
	is "$out" "$(printf 'text\ndenied\ndenied\ndenied\nfree')"
}

@test "readonly paths: /proc/sys" {
	all_caps
	in_container 'echo x 2>/dev/null >/proc/sys/kernel/hostname || echo denied; grep " /proc/sys " /proc/self/mountinfo'
	has "$out" denied
	has "$out" " ro,"
}

@test "readonly paths: nosuid, nodev and noexec of the mount beneath stay" {
	set_config '(.mounts[] | select(.destination == "/proc")).options = ["nosuid", "noexec", "nodev"]' '.linux.maskedPaths = []'
	in_container 'grep " /proc/sys " /proc/self/mountinfo'
	has "$out" "ro,nosuid,nodev,noexec"
}

@test "readonly paths: mounts beneath are read-only too, or stay as they were, but the top always is" {
	add_mount /ro tmpfs tmpfs
	set_config '.linux.readonlyPaths = ["/ro"]'
	in_container 'touch /ro/new 2>/dev/null || echo denied'
	is "$out" denied
}

@test "readonly paths: what does not exist is passed over" {
	set_config '.linux.readonlyPaths = ["/no/such/path"]'
	rt_ok run "$ID"
	[ ! -e rootfs/no ]
}

@test "masked and readonly paths: /proc/sysrq-trigger" {
	all_caps
	in_container 'echo h 2>/dev/null >/proc/sysrq-trigger || echo denied'
	is "$out" denied
}

@test "masked paths: the container's root cannot take them away" {
	set_config '["CAP_SYS_CHROOT"] as $c | .process.capabilities = {bounding: $c, effective: $c, permitted: $c}'
	in_container 'umount /proc/kcore 2>/dev/null || echo denied'
	is "$out" denied
}
