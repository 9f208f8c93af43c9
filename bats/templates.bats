#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# Containers whose mount namespace comes from a template, and those that must not come from one. Each test has a host of
# its own: a mount namespace where everything is shared, as under systemd, and nothing is pinned yet.

load helpers

PIN=/run/enviro-oci/@templates/mnt-1

setup() {
	common_setup
	[ "$RUNTIME_NAME" = enviro-oci ] || skip "$RUNTIME_NAME has no templates"
	DIR="$BATS_TEST_TMPDIR/dir"
	mkdir "$DIR"
}

# on_host SCRIPT: runs it with sh there; it sees $RUNTIME, $ROOT, $ID, $DIR and $PIN, and begins in the bundle. Where pins
# are is the test's own: while one is made there, another start on the machine goes without.
on_host() {
	mkdir -p "$DIR/run" /run/enviro-oci
	ROOT="$ROOT" ID="$ID" DIR="$DIR" PIN="$PIN" timeout --foreground 60 unshare --mount --propagation private sh -c \
		"{ umount -l ${PIN%/*} 2>/dev/null; mount --bind $DIR/run /run/enviro-oci; } && mount --make-rshared / && set -e && $1" 3>&- </dev/null
}

# The run after the first, which has made the template: what it says, and its system calls in $DIR/calls.PID, a file for
# each process (-ff), as what two do at once is cut into "unfinished" and "resumed" in one.
second_run() {
	requires strace
	rm -f "$DIR"/calls.*
	on_host '$RUNTIME --root $ROOT run $ID-first >/dev/null
		strace -ff -qq -o $DIR/calls -e trace=setns,unshare,clone3,openat,open_tree,pivot_root,umount2 \
			$RUNTIME --root $ROOT run $ID'
}

from_template() {
	requires_kernel 5.12 "templates"
	grep -q 'setns([0-9]*, CLONE_NEWNS) *= 0' "$DIR"/calls.*
	lacks pivot_root "$DIR"/calls.*
}

# The child that enters it makes a copy of it first.
from_user_template() {
	requires_kernel 5.12 "templates"
	grep -q 'unshare(CLONE_NEWNS) *= 0' "$DIR"/calls.*
}

# lacks PATTERN FILE...: no line of them has it.
lacks() {
	run grep -hE "$@"
	is "$output" ""
}

# not_from_template WORDS: the container ran, but in a copy of the host's tree, and the debug log says why.
not_from_template() {
	second_run >"$DIR/out"
	grep -q 'pivot_root(.* = 0' "$DIR"/calls.*
	on_host '$RUNTIME --root $ROOT --debug --log $DIR/log run $ID >/dev/null'
	has "$(cat "$DIR/log")" "$1"
}

@test "a plain container comes from the template: no mount table is read, nothing is unmounted" {
	second_run
	from_template
	lacks 'mountinfo|/proc/mounts|umount2' "$DIR"/calls.*
}

@test "the mount namespace has nothing of the host's" {
	set_args sleep 1000
	on_host 'mkdir $DIR/disk && mount -t tmpfs ebt-disk $DIR/disk && touch $DIR/disk/file
		$RUNTIME --root $ROOT run --detach $ID >/dev/null
		pid=$($RUNTIME --root $ROOT state $ID | jq .pid)
		if nsenter -t $pid -m ls $DIR/disk/file 2>/dev/null; then exit 1; fi
		$RUNTIME --root $ROOT delete --force $ID'
}

@test "exec, and a namespace that the container makes, find the container's root" {
	all_caps
	set_args sleep 1000
	echo inside >rootfs/marker
	out=$(on_host '$RUNTIME --root $ROOT run --detach $ID >/dev/null
		$RUNTIME --root $ROOT exec $ID cat /marker
		pid=$($RUNTIME --root $ROOT state $ID | jq .pid)
		nsenter -t $pid -m cat /marker
		$RUNTIME --root $ROOT exec $ID unshare -m cat /marker
		$RUNTIME --root $ROOT exec $ID unshare -U cat /marker
		$RUNTIME --root $ROOT exec $ID sh -c "mkdir /x && mount -t tmpfs x /x && mkdir /x/old && cp /bin/busybox /x &&
			unshare -m sh -c \"cd /x && pivot_root . old && exec /busybox cat /old/marker\""
		$RUNTIME --root $ROOT delete --force $ID')
	is "$out" "$(printf 'inside\n%.0s' 1 2 3 4 5)"
}

# What a program in a rootfs tries that was only put over the template's root.
@test "chroot does not lead out, with every capability" {
	all_caps
	requires cc
	cat >escape.c <<-'C'
		#define _GNU_SOURCE
		#include <dirent.h>
		#include <fcntl.h>
		#include <sched.h>
		#include <stdio.h>
		#include <sys/mount.h>
		#include <sys/stat.h>
		#include <unistd.h>
		static void show(const char *how)
		{
			DIR *d = opendir(".");
			struct dirent *e;

			while (d && (e = readdir(d)))
				if (e->d_name[0] != '.')
					printf("%s: %s\n", how, e->d_name);
		}
		int main(void)
		{
			int top = open(".", O_RDONLY);

			mkdir("/tmp/x", 0700);
			if (chroot("/tmp/x") < 0 || fchdir(top) < 0)
				return 1;
			for (int i = 0; i < 64; i++)
				chdir("..");
			show("chroot");
			fchdir(top);
			chroot(".");
			umount2("/", MNT_DETACH);
			int ns = open("/proc/self/ns/mnt", O_RDONLY);
			if (ns >= 0 && setns(ns, CLONE_NEWNS) == 0) {
				chdir("/");
				show("below");
			}
			return 0;
		}
	C
	cc -static -o rootfs/escape escape.c
	set_args /escape
	touch rootfs/in-the-rootfs
	second_run >"$DIR/out"
	from_template
	has "$(cat "$DIR/out")" "chroot: in-the-rootfs"
	lacks 'chroot: (boot|lib|mnt|opt|srv)$|^below: ' "$DIR/out"
}

@test "trap 1: a createRuntime hook runs a program of the host's in the container's mount namespace" {
	cat >hook <<-'SCRIPT'
		#!/bin/sh
		pid=$(jq .pid)
		exec nsenter --mount=/proc/$pid/ns/mnt /bin/ls -d "$0/../rootfs/etc/passwd" /usr/bin >"${0%/*}/seen"
	SCRIPT
	sed -i 's|\$0/../rootfs|'"$PWD"'/rootfs|' hook
	chmod +x hook
	ldd /bin/ls
	for kind in prestart createRuntime; do
		rm -f seen
		set_config ".hooks = {$kind: [{path: \"$PWD/hook\"}]}"
		not_from_template hook
		has "$(cat seen)" "$PWD/rootfs/etc/passwd"
		has "$(cat seen)" /usr/bin
	done
}

@test "trap 1: createContainer hooks run with the host's programs" {
	printf '#!/bin/sh\n/bin/ls -d /usr/bin "%s/rootfs" >%s/seen\n' "$PWD" "$PWD" >hook
	chmod +x hook
	set_config ".hooks = {createContainer: [{path: \"$PWD/hook\"}]}"
	not_from_template hook
	has "$(cat seen)" "$PWD/rootfs"
}

@test "trap 2: in a user namespace proc, sysfs and devices are there" {
	remap 100000
	set_script 'head -c 0 /dev/null && grep -c . /proc/1/status && ls /sys/class/net && cat /proc/self/uid_map && ls -A / /sys/fs/cgroup'
	second_run >"$DIR/out"
	from_user_template
	has "$(cat "$DIR/out")" "100000"
	has "$(cat "$DIR/out")" "lo"
	# nothing of the template's is left
	lacks '^(dirs|files)$' "$DIR/out"
}

@test "trap 2: a user namespace with the host's network has the host's sysfs" {
	requires_kernel 5.12 "mount_setattr"
	remap 100000
	set_config '.linux.namespaces |= map(select(.type != "network"))' '.linux.sysctl = {}'
	set_script 'ls /sys/class/net; grep " /sys " /proc/self/mountinfo'
	second_run >"$DIR/out"
	from_user_template
	has "$(cat "$DIR/out")" "$(ls /sys/class/net)"
	has "$(cat "$DIR/out")" "sysfs"
}

@test "trap 2: what the host's proc hides is not shown to a user namespace" {
	remap 100000
	set_args cat /proc/sys/kernel/ostype
	for cache in false true; do
		set_config ".annotations = {\"io.enviro-oci.use_namespace_cache\": \"$cache\"}"
		on_host 'mount -t tmpfs none /proc/sys/kernel && $RUNTIME --root $ROOT run $ID >$DIR/out 2>&1 || echo failed >>$DIR/out'
		lacks Linux "$DIR/out"
		has "$(cat "$DIR/out")" "failed"
	done
}

@test "trap 3: in a user namespace volumes are locked as the host had them" {
	requires strace
	remap 100000
	all_caps
	mkdir -p "$DIR/vol/sub" "$DIR/ro"
	echo hidden >"$DIR/vol/sub/beneath"
	echo text >"$DIR/file"
	chmod -R a+rX "$DIR" && chmod 711 "$BATS_TEST_TMPDIR"
	add_mount /vol bind "$DIR/vol" rbind
	add_mount /ro bind "$DIR/ro" bind
	add_mount /file bind "$DIR/file" bind
	set_script 'umount /vol/sub; umount -l /vol/sub; cat /vol/sub/beneath; ls /vol/sub; cat /file
		for o in rw suid dev exec; do mount -o remount,bind,$o /ro && echo "lifted by $o"; done; : >/ro/new'
	on_host 'mount -t tmpfs over $DIR/vol/sub && echo shown >$DIR/vol/sub/above && chmod 644 $DIR/vol/sub/above
		mount --bind $DIR/ro $DIR/ro && mount -o remount,bind,ro,nosuid,nodev,noexec $DIR/ro
		$RUNTIME --root $ROOT run $ID >/dev/null 2>&1 || true
		strace -ff -qq -o $DIR/calls -e trace=unshare,setns $RUNTIME --root $ROOT run $ID >$DIR/out 2>/dev/null || true
		[ ! -e $DIR/ro/new ]'
	from_user_template
	has "$(cat "$DIR/out")" above
	has "$(cat "$DIR/out")" text
	lacks 'hidden|lifted' "$DIR/out"
}

@test "trap 3: below directories that root of the user namespace may not enter; a source that is a link" {
	remap 100000
	mkdir -p "$DIR/closed/vol"
	echo text >"$DIR/closed/vol/file"
	ln -s closed/vol "$DIR/link"
	chmod 700 "$DIR/closed"
	add_mount /vol bind "$DIR/closed/vol" bind
	add_mount /link bind "$DIR/link" bind
	set_script 'cat /vol/file /link/file'
	second_run >"$DIR/out"
	from_user_template
	is "$(cat "$DIR/out")" "$(printf 'text\ntext')"
}

@test "trap 4: volumes that ask for slave or shared propagation get what the host mounts later" {
	mkdir "$DIR/vol"
	add_mount /vol bind "$DIR/vol" rbind rslave
	set_config '.linux.rootfsPropagation = "rslave"'
	not_from_template propagation
	set_args sleep 1000
	on_host 'mkdir -p $DIR/vol/sub
		$RUNTIME --root $ROOT run --detach $ID >/dev/null
		mount -t tmpfs ebt-late $DIR/vol/sub
		$RUNTIME --root $ROOT exec $ID grep ebt-late /proc/self/mountinfo >$DIR/late
		$RUNTIME --root $ROOT delete --force $ID
		umount $DIR/vol/sub'
	[ -s "$DIR/late" ]
}

@test "trap 4: what the container mounts beneath a volume stays inside, and so does what is beneath its root" {
	all_caps
	mkdir -p "$DIR/vol/sub" rootfs/in
	add_mount /vol bind "$DIR/vol" rbind
	set_args sleep 1000
	on_host '$RUNTIME --root $ROOT run --detach $ID >/dev/null
		$RUNTIME --root $ROOT exec $ID mount -t tmpfs ebt-inside /vol/sub
		$RUNTIME --root $ROOT exec $ID mount -t tmpfs ebt-inside /in
		[ $($RUNTIME --root $ROOT exec $ID grep -c ebt-inside /proc/self/mountinfo) = 2 ]
		if grep ebt-inside /proc/self/mountinfo; then exit 1; fi
		$RUNTIME --root $ROOT delete --force $ID'
}

@test "trap 4: mounts that come from the host's, by templates or not, have the same propagation" {
	set_args cat /proc/self/mountinfo
	mkdir "$DIR/vol"
	add_mount /vol bind "$DIR/vol" rbind
	for user in no yes; do
		[ "$user" = no ] || remap 100000
		for p in rslave rprivate; do
			for cache in false true; do
				set_config ".linux.rootfsPropagation = \"$p\"" ".annotations = {\"io.enviro-oci.use_namespace_cache\": \"$cache\"}"
				on_host '$RUNTIME --root $ROOT run $ID' >"$DIR/raw"
				awk '{ kinds = ""; for (i = 7; $i != "-"; i++) { split($i, k, ":"); kinds = kinds " " k[1] }; print $5 kinds }' \
					"$DIR/raw" | sort >"$DIR/$cache"
			done
			grep -q /vol "$DIR/true"
			diff "$DIR/false" "$DIR/true"
		done
	done
}

@test "trap 4: rootfsPropagation: what is not private or slave is not made from the template" {
	for p in shared rshared slave private; do
		set_config ".linux.rootfsPropagation = \"$p\""
		not_from_template rootfsPropagation
	done
	for p in rslave rprivate; do
		set_config ".linux.rootfsPropagation = \"$p\""
		second_run >"$DIR/out"
		from_template
	done
}

@test "trap 6: a runtime that is killed while init comes from the template takes init with it" {
	requires strace
	# init is stopped at its first mount
	on_host '$RUNTIME --root $ROOT run $ID-first >/dev/null
		strace -ff -qq -o $DIR/calls -e trace=move_mount -e inject=move_mount:signal=SIGSTOP:when=1 \
			$RUNTIME --root $ROOT create $ID &
		for i in $(seq 200); do [ -s $ROOT/$ID/state.json ] && [ "$(jq .pid $ROOT/$ID/state.json)" != 0 ] && break; sleep 0.05; done
		init=$(jq .pid $ROOT/$ID/state.json)
		runtime=$(awk "/^PPid:/ { print \$2 }" /proc/$init/status)
		case $(cat /proc/$runtime/comm) in enviro-oci*) ;; *) exit 1 ;; esac
		kill -KILL $runtime
		for i in $(seq 100); do [ ! -e /proc/$init ] && break; sleep 0.05; done
		[ ! -e /proc/$init ]
		wait || true
		$RUNTIME --root $ROOT delete --force $ID'
}

@test "trap 7: a pin is only seen, and only used, in the mount namespace that made it" {
	on_host '$RUNTIME --root $ROOT run $ID
		grep -q " $PIN .* nsfs " /proc/self/mountinfo
		unshare --mount --propagation unchanged sh -e -c "if grep \" $PIN \" /proc/self/mountinfo; then exit 1; fi
			$RUNTIME --root $ROOT run $ID
			grep -q \" $PIN .* nsfs \" /proc/self/mountinfo"
		[ $(grep -c " $PIN " /proc/self/mountinfo) = 1 ]'
}

@test "trap 7: a pin does not come into a mount namespace that is there already" {
	on_host 'mkfifo $DIR/go $DIR/there
		unshare --mount --propagation unchanged sh -c "echo >$DIR/there; read x <$DIR/go; cat /proc/self/mountinfo >$DIR/other" &
		read x <$DIR/there
		$RUNTIME --root $ROOT run $ID
		echo >$DIR/go
		wait'
	[ -s "$DIR/other" ]
	lacks nsfs "$DIR/other"
}

@test "trap 7: what is bound there but is no mount namespace is not entered" {
	set_args readlink /proc/self/ns/mnt
	on_host '$RUNTIME --root $ROOT run $ID >/dev/null
		umount $PIN && mount --bind /proc/self/ns/uts $PIN
		$RUNTIME --root $ROOT run $ID >$DIR/out
		umount $PIN && mount --bind /etc/hostname $PIN
		$RUNTIME --root $ROOT --debug --log $DIR/log run $ID >$DIR/out'
	has "$(cat "$DIR/out")" mnt:
}

@test "trap 7: a directory that others may write to is not trusted" {
	requires strace
	on_host 'mount -t tmpfs none /run && $RUNTIME --root $ROOT run $ID && chmod 777 ${PIN%/*}
		strace -ff -qq -o $DIR/calls -e trace=setns $RUNTIME --root $ROOT run $ID
		chmod 700 ${PIN%/*} && chown 1000 ${PIN%/*}
		strace -ff -qq -o $DIR/calls2 -e trace=setns $RUNTIME --root $ROOT run $ID'
	lacks CLONE_NEWNS "$DIR"/calls.* "$DIR"/calls2.*
}

@test "trap 7: there is a pin whichever CPUs have made the namespaces" {
	requires taskset
	for made in $(seq 0 $(($(nproc) - 1))); do
		for run in $(seq 0 $(($(nproc) - 1))); do
			echo "mount namespace made on CPU $made, runtime on CPU $run"
			MADE=$made RUN=$run on_host 'exec taskset -c $MADE unshare --mount --propagation private sh -e -c "
				taskset -c $RUN $RUNTIME --root $ROOT run $ID
				grep -q \" $PIN .* mnt:\|mnt:.* $PIN \" /proc/self/mountinfo"'
		done
	done
}

@test "trap 7: where a template cannot be made, it is tried once" {
	requires_kernel 5.12 "templates"
	requires strace
	on_host 'strace -ff -qq -o $DIR/first -e trace=pivot_root -e inject=pivot_root:error=EINVAL $RUNTIME --root $ROOT run $ID 2>/dev/null || true
		strace -ff -qq -o $DIR/second -e trace=pivot_root $RUNTIME --root $ROOT run $ID
		$RUNTIME --root $ROOT cache clear
		if grep "${PIN%/*}" /proc/self/mountinfo; then exit 1; fi
		$RUNTIME --root $ROOT run $ID && strace -ff -qq -o $DIR/third -e trace=pivot_root $RUNTIME --root $ROOT run $ID'
	is "$(cat "$DIR"/first.* | grep -c pivot_root)" 2
	is "$(cat "$DIR"/second.* | grep -c pivot_root)" 1
	lacks pivot_root "$DIR"/third.*
}

@test "trap 7: several at once make one template" {
	on_host 'for i in 1 2 3 4 5 6; do $RUNTIME --root $ROOT run $ID-$i & done; wait
		$RUNTIME --root $ROOT run $ID
		[ $(grep -c " $PIN " /proc/self/mountinfo) = 1 ]
		[ $(grep -c " ${PIN%/*} " /proc/self/mountinfo) = 1 ]'
}

@test "cache clear takes the pins away, whatever the state root; the next container makes a new one" {
	on_host '$RUNTIME --root $ROOT run $ID
		$RUNTIME --root $ROOT-other cache clear
		if grep "${PIN%/*}" /proc/self/mountinfo; then exit 1; fi
		$RUNTIME --root $ROOT run $ID
		[ $(grep -c " $PIN " /proc/self/mountinfo) = 1 ]'
}

@test "a read-only /run: no template, no complaint" {
	out=$(on_host 'mount -t tmpfs -o ro none /run && $RUNTIME --root $ROOT run $ID 2>&1')
	is "$out" ""
}

@test "io.enviro-oci.use_namespace_cache: false" {
	set_config '.annotations = {"io.enviro-oci.use_namespace_cache": "false"}'
	not_from_template use_namespace_cache
}

@test "sources in the rootfs, by their own name or through a link, are those of the container's tree" {
	requires_kernel 5.12 "templates"
	mkdir -p rootfs/data
	ln -s "$PWD/rootfs" "$DIR/link"
	add_mount /data tmpfs tmpfs
	add_mount /again bind "$DIR/link/data" bind
	set_script 'echo here >/data/file; cat /again/file'
	not_from_template "in the rootfs"
	is "$(cat "$DIR/out")" here
	set_config '.mounts[-1].source = "'"$PWD"'/rootfs/data"'
	not_from_template source
	is "$(cat "$DIR/out")" here
}

@test "a file system that names paths of the host is mounted" {
	mkdir -p "$DIR"/{lower,upper,work}
	echo lower >"$DIR/lower/file"
	add_mount /over overlay overlay "lowerdir=$DIR/lower" "upperdir=$DIR/upper" "workdir=$DIR/work"
	set_args cat /over/file
	on_host 'mount -t tmpfs none $DIR/upper && mkdir $DIR/upper/u $DIR/upper/w' || skip "no overlay"
	not_from_template "paths of the host"
	is "$(cat "$DIR/out")" lower
}

# Only copying a whole mount namespace leaves such pins out; to attach a tree with one the kernel refuses (ELOOP).
@test "volumes and a rootfs that hold pins of mount namespaces" {
	requires_kernel 5.12 "mount_setattr"
	jq -n '[{destination: "/added", type: "bind", source: "/run", options: ["rbind"]}]' >more
	add_mount /host bind /run rbind rprivate
	set_args sleep 1000
	for user in no yes; do
		[ "$user" = no ] || remap 100000
		on_host '$RUNTIME --root $ROOT run --detach $ID-first >/dev/null && $RUNTIME --root $ROOT delete --force $ID-first
			$RUNTIME --root $ROOT run --detach $ID >/dev/null
			$RUNTIME --root $ROOT mounts add $ID more
			$RUNTIME --root $ROOT exec $ID ls -d /host/enviro-oci /added/enviro-oci
			$RUNTIME --root $ROOT delete --force $ID' >"$DIR/out"
		is "$(cat "$DIR/out")" "$(printf '/added/enviro-oci\n/host/enviro-oci')"
	done
	set_config 'del(.linux.uidMappings, .linux.gidMappings) | .linux.namespaces |= map(select(.type != "user"))' \
		'.root = {path: "/", readonly: true} | .mounts |= map(select(.destination | test("^/(proc|dev|sys)")))' \
		'.linux.maskedPaths = [] | .linux.readonlyPaths = []'
	set_args ls "$PWD/config.json"
	on_host '$RUNTIME --root $ROOT run $ID >/dev/null; $RUNTIME --root $ROOT run $ID' >"$DIR/out"
	is "$(cat "$DIR/out")" "$PWD/config.json"
}

@test "symbolic links: copied, not followed, followed" {
	echo text >"$DIR/file"
	ln -s file "$DIR/link"
	add_mount /copied bind "$DIR/link" bind copy-symlink
	add_mount /followed bind "$DIR/link" bind
	set_script 'readlink /copied; cat /followed'
	not_from_template "symbolic link"
	is "$(cat "$DIR/out")" "$(printf 'file\ntext')"
}
