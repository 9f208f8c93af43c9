# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What rootless.bats and rootless-cgroups.bats share: a user without privileges, known in mount namespaces of the test's own
# only, with or without subordinate ids, and with or without cgroups that have been given to it.

load helpers

USER_ID=15002
SUB_IDS=700000

setup() {
	common_setup
	U="$BATS_TEST_TMPDIR/user"
	SLICE="$ID-user"
	mkdir -p "$U/bin" "$U/home" "$U/xdg" "$U/work" "$ROOT"
	chmod 700 "$U/xdg"
	install -m 755 "$RUNTIME" "$U/bin/real"
	for f in passwd subuid subgid; do
		cat "/etc/$f" >"$U/$f" 2>/dev/null || : >"$U/$f"
	done
	echo "ebr:x:$USER_ID:$USER_ID::$U/home:/bin/sh" >>"$U/passwd"
	: >"$U/delegated"
	REAL_RUNTIME=$RUNTIME
	RUNTIME="$U/bin/$RUNTIME_NAME"
	user_script >"$RUNTIME"
	chmod 755 "$RUNTIME"
	set_config '.linux.namespaces += [{type: "user"}]' 'del(.linux.resources)'
	map_root_to "$USER_ID"
	chown -hR "$USER_ID:$USER_ID" "$BUNDLE" "$U/home" "$U/xdg" "$U/work" "$ROOT"
}

teardown() {
	local d

	for d in "$ROOT"/*/; do
		[ ! -d "$d" ] || "$RUNTIME" --root "$ROOT" delete --force "$(basename "$d")" >/dev/null 2>&1 3>&- </dev/null || true
	done
	undelegate
	common_teardown
}

# The runtime as the user calls it: in the user's cgroups, in a mount namespace with the user's /etc files.
user_script() {
	cat <<-SCRIPT
		#!/bin/sh
		while read -r f; do echo 0 >"\$f" || exit 125; done <"$U/delegated"
		export PATH="\${USER_PATH:-$PATH}"
		exec unshare --mount --propagation slave sh -c '
			for f in passwd subuid subgid; do mount --bind "\$0/\$f" "/etc/\$f" || exit 125; done
			exec setpriv --reuid $USER_ID --regid $USER_ID \${USER_GROUPS:---clear-groups} env -i "PATH=\$PATH" "HOME=\$0/home" \
				"XDG_RUNTIME_DIR=\$0/xdg" ${SANITIZER_REPORTS:+ASAN_OPTIONS=$ASAN_OPTIONS UBSAN_OPTIONS=$UBSAN_OPTIONS} "\$@"' "$U" "$U/bin/real" "\$@"
	SCRIPT
}

# Ids from 1 on are those of /etc/subuid and /etc/subgid.
sub_ids() {
	requires newuidmap
	echo "ebr:$SUB_IDS:65536" | tee "$U/subuid" >"$U/subgid"
	set_config ".linux.uidMappings = [{containerID: 0, hostID: $USER_ID, size: 1}, {containerID: 1, hostID: $SUB_IDS, size: 65536}]" \
		'.linux.gidMappings = .linux.uidMappings'
}

user_mounts() {
	local v2

	awk '$0 ~ / - cgroup / { print $5 }' /proc/self/mountinfo
	v2=$(v2_mount)
	[ -z "$v2" ] || echo "$v2"
}

# A cgroup in each hierarchy, given to the user, whose processes are in it.
delegate() {
	local m d

	for m in $(user_mounts); do
		d="$m/$SLICE"
		mkdir "$d"
		if [ "$(view)" = unified ]; then
			sed 's/\(^\| \)\([a-z]\)/\1+\2/g' "$m/cgroup.controllers" >"$m/cgroup.subtree_control"
			sed 's/\(^\| \)\([a-z]\)/\1+\2/g' "$d/cgroup.controllers" >"$d/cgroup.subtree_control"
			# a container is a sibling of the process that makes it
			mkdir "$d/self"
			chown "$USER_ID" "$d" "$d/cgroup.procs" "$d/cgroup.subtree_control" "$d/cgroup.threads" "$d/self" "$d/self/cgroup.procs"
			echo "$d/self/cgroup.procs"
		elif [ -e "$d/cgroup.subtree_control" ]; then
			chown "$USER_ID" "$d" "$d/cgroup.procs" "$d/cgroup.threads"
			echo "$d/cgroup.procs"
		else
			[ ! -e "$d/cpuset.cpus" ] || { cat "$m/cpuset.cpus" >"$d/cpuset.cpus" && cat "$m/cpuset.mems" >"$d/cpuset.mems"; }
			chown "$USER_ID" "$d" "$d/tasks" "$d/cgroup.procs"
			echo "$d/tasks"
		fi
	done >"$U/delegated"
}

undelegate() {
	local m d

	for m in $(user_mounts); do
		for d in "$m/$SLICE/self" "$m/$SLICE"; do
			[ ! -d "$d" ] || wait_for rmdir "$d" # a process that has just ended may still be in there
		done
	done
}

# each_way FUNCTION: with one id, with subordinate ids, and with cgroups besides.
each_way() {
	echo "# one id" && "$1"
	sub_ids
	echo "# subordinate ids" && "$1"
	delegate
	echo "# cgroups" && "$1"
}

is_users() {
	is "$(stat -c %u "/proc/$1")" "$USER_ID" "owner of process $1"
}
