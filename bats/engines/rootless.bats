#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# podman without privileges: a user with subordinate ids, known in a mount namespace only, that a process in the background
# holds.

load engines

IMAGE=localhost/busybox:test

setup_file() {
	engine_begin rootless "${ROOTLESS_VIEWS:-any}" podman conmon newuidmap setpriv nsenter busybox || return 0
	for f in passwd group subuid subgid; do
		[ -e "/etc/$f" ] || { skip_file "rootless: this system has no /etc/$f" && return; }
	done
	make_user
	user_config >"$E/containers.conf"
	printf '[storage]\ndriver = "vfs"\n' >"$E/storage.conf"
	tar -C "$E/rootfs" -cf "$E/image.tar" .
	"${AS_USER[@]}" podman import -c 'ENV PATH=/bin:/usr/bin' "$E/image.tar" "$IMAGE" >"$E/import.log" 2>&1 || { cat "$E/import.log" && return 1; }
}

teardown_file() {
	[ -n "${E:-}" ] || return 0
	as_user
	"${AS_USER[@]}" podman rm -fa -t 0 >/dev/null 2>&1 3>&- || true
	"${AS_USER[@]}" podman system migrate >/dev/null 2>&1 3>&- || true
	rm -rf --one-file-system "$E/home" "$E/xdg"
	engine_end
}

make_user() {
	cp /etc/passwd "$E/passwd"
	cp /etc/group "$E/group"
	echo "ebe:x:15000:15000::$E/home:/bin/sh" >>"$E/passwd"
	echo "ebe:x:15000:" >>"$E/group"
	echo "ebe:500000:65536" >"$E/subuid"
	cp "$E/subuid" "$E/subgid"
	mkdir -p "$E/home" "$E/xdg" "$E/usertmp"
	chmod 700 "$E/xdg"
	chown 15000:15000 "$E/home" "$E/xdg" "$E/usertmp"
	daemon holder.log unshare --mount --propagation slave sh -c \
		'for f in passwd group subuid subgid; do mount --bind "$0/$f" "/etc/$f"; done; : >"$0/held"; exec sleep 100000' "$E"
	echo "$daemon_pid" >"$E/holder"
	wait_for test -e "$E/held"
	as_user
}

as_user() {
	AS_USER=(nsenter "--mount=/proc/$(cat "$E/holder")/ns/mnt" setpriv --reuid 15000 --regid 15000 --clear-groups
		env -i "PATH=$PATH" "HOME=$E/home" "XDG_RUNTIME_DIR=$E/xdg" "TMPDIR=$E/usertmp"
		"CONTAINERS_CONF=$E/containers.conf" "CONTAINERS_STORAGE_CONF=$E/storage.conf" sh -c 'cd && exec "$@"' sh)
}

user_config() {
	cat <<CONF
[containers]
netns = "none"
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "$RUNTIME_NAME"
runtime_supports_json = ["$RUNTIME_NAME"]
[engine.runtimes]
$RUNTIME_NAME = ["$RUNTIME"]
CONF
}

clean_up() {
	"${AS_USER[@]}" podman rm -fa -t 0 >/dev/null 2>&1 3>&- || true
}

[ -z "${E:-}" ] || [ ! -e "$E/holder" ] || as_user

@test "rootless: run: output, ids, exit statuses" {
	ok "${AS_USER[@]}" podman run --rm "$IMAGE" sh -c 'id -u; cat /proc/self/uid_map; touch /tmp/x && stat -c %u /tmp/x'
	is "$(tr -s ' ' <<<"$out")" "$(printf '0\n 0 15000 1\n 1 500000 65536\n0')"
	fails 7 "${AS_USER[@]}" podman run --rm "$IMAGE" sh -c 'exit 7'
	fails 127 "${AS_USER[@]}" podman run --rm "$IMAGE" nosuch
	fails 126 "${AS_USER[@]}" podman run --rm "$IMAGE" /etc/plain
}

@test "rootless: detached, exec, a terminal, kill, wait; the state is the user's" {
	ok "${AS_USER[@]}" podman run -d --name "$C" "$IMAGE" sleep 1000
	[ -d "$E/xdg/$RUNTIME_NAME" ]
	ok "${AS_USER[@]}" podman exec "$C" id -u
	is "$out" 0
	ok "${AS_USER[@]}" podman exec -t "$C" tty
	has "$out" /dev/pts/0
	fails 127 "${AS_USER[@]}" podman exec "$C" nosuch
	ok "${AS_USER[@]}" podman kill "$C"
	ok "${AS_USER[@]}" podman wait "$C"
	is "$out" 137
	ok "${AS_USER[@]}" podman rm "$C"
	is "$(ls "$E/xdg/$RUNTIME_NAME" | grep -v '^@')" "" "containers"
}

@test "rootless: --user, a volume, a read-only root, a temporary file system" {
	ok "${AS_USER[@]}" podman run --rm --user 1000 --read-only --tmpfs /scratch:mode=1777 -v "$E/home:/vol" "$IMAGE" sh -c \
		'id -u; touch /new 2>&1; touch /scratch/x && echo scratch'
	has "$out" 1000
	has "$out" "Read-only file system"
	has "$out" scratch
}

@test "rootless: keep-id" {
	ok "${AS_USER[@]}" podman run --rm --userns keep-id "$IMAGE" id -u
	is "$out" 15000
}

@test "rootless: privileged is no more than the user namespace gives" {
	ok "${AS_USER[@]}" podman run --rm --privileged "$IMAGE" sh -c "$SHOW_CAPS; $SHOW_SECCOMP"
	has "$out" 0
	call "${AS_USER[@]}" podman run --rm --privileged "$IMAGE" mknod /tmp/x b 7 0
	[ "$status" -ne 0 ]
}

@test "rootless: namespaces of the host, seccomp" {
	ok "${AS_USER[@]}" podman run --rm --network host --uts host "$IMAGE" sh -c "readlink /proc/self/ns/net; readlink /proc/self/ns/uts; $SHOW_SECCOMP"
	is "$out" "$(readlink /proc/self/ns/net; readlink /proc/self/ns/uts; echo 2)"
}

@test "rootless: a pod" {
	ok "${AS_USER[@]}" podman pod create --name "$C-pod" --network none
	ok "${AS_USER[@]}" podman run --rm --pod "$C-pod" "$IMAGE" echo inside
	is "$out" inside
	ok "${AS_USER[@]}" podman pod rm -f -t 0 "$C-pod"
}

@test "rootless: 10 at once" {
	all_at_once 10 "${AS_USER[@]}" podman run --rm "$IMAGE"
}

@test "rootless: --group-add keep-groups" {
	with_group=("${AS_USER[@]/#--clear-groups/--groups=4711}")
	mkdir -p "$E/shared"
	echo shared >"$E/shared/file"
	chgrp -R 4711 "$E/shared"
	chmod -R u=rwX,g=rX,o= "$E/shared"
	call "${with_group[@]}" podman run --rm -v "$E/shared:/vol" "$IMAGE" cat /vol/file
	[ "$status" -ne 0 ]
	ok "${with_group[@]}" podman run --rm --group-add keep-groups -v "$E/shared:/vol" "$IMAGE" cat /vol/file
	is "$out" shared
}

# Another user, with no subordinate ids at all; each call has a mount namespace of its own.
@test "rootless: one id alone" {
	local one="$E/one" as_one

	mkdir -p "$one/home" "$one/xdg" "$one/tmp"
	chmod 700 "$one/xdg"
	chown 15001:15001 "$one/home" "$one/xdg" "$one/tmp"
	{ cat "$E/passwd" && echo "ebo:x:15001:15001::$one/home:/bin/sh"; } >"$one/passwd"
	{ cat "$E/group" && echo "ebo:x:15001:"; } >"$one/group"
	: >"$one/subuid" && : >"$one/subgid"
	printf '[storage]\ndriver = "vfs"\n[storage.options]\nignore_chown_errors = "true"\n' >"$one/storage.conf"
	as_one=(unshare --mount --propagation slave sh -c
		'cd "$0" && for f in passwd group subuid subgid; do mount --bind "$f" "/etc/$f" || exit 125; done
			exec setpriv --reuid 15001 --regid 15001 --clear-groups "$@"' "$one"
		env -i "PATH=$PATH" "HOME=$one/home" "XDG_RUNTIME_DIR=$one/xdg" "TMPDIR=$one/tmp" "CONTAINERS_CONF=$E/containers.conf"
		"CONTAINERS_STORAGE_CONF=$one/storage.conf" sh -c 'cd && exec "$@"' sh)
	ok "${as_one[@]}" podman import -c 'ENV PATH=/bin:/usr/bin' "$E/image.tar" "$IMAGE"
	ok "${as_one[@]}" podman run --rm "$IMAGE" sh -c 'id -u; tr -s " " </proc/self/uid_map; : >/tmp/x && stat -c %u /tmp/x'
	is "$out" "$(printf '0\n 0 15001 1\n0')"
	ok "${as_one[@]}" podman run -d --name "$C" "$IMAGE" sleep 1000
	ok "${as_one[@]}" podman exec "$C" id -u
	is "$out" 0
	ok "${as_one[@]}" podman rm -f -t 0 "$C"
	call "${as_one[@]}" podman system migrate
	rm -rf --one-file-system "$one/home" "$one/xdg"
}
