#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# What `features` says is there is there: each name of its lists is put into a config.json and understood, and what
# config.md and config-linux.md name is in the lists.

load helpers

setup() {
	common_setup
	rt_ok features
	FEATURES="$out"
	cp config.json good.json
}

# list PATH: a list of the features, one name a line.
list() {
	jq -r "$1[]" <<<"$FEATURES"
}

# same WANTED... : the list on stdin holds these and no others.
same() {
	diff <(printf '%s\n' "$@" | sort) <(sort)
}

# understood FILTER WORDS: a container of good.json, changed by the filter, is made, or fails for a reason that is not
# the words that refuse an unknown name.
understood() {
	jq "$1" good.json >config.json
	rt create "$ID"
	[[ $err != *"$2"* ]] || show_call "should be understood: $1"
	[ "$status" -ne 0 ] || rt_ok delete --force "$ID"
}

@test "features: the structure holds what the specification has, and nothing else" {
	is "$(jq -r 'keys_unsorted | sort | join(" ")' <<<"$FEATURES")" \
		"annotations hooks linux mountOptions ociVersionMax ociVersionMin$(jq -r 'if has("potentiallyUnsafeConfigAnnotations")
		then " potentiallyUnsafeConfigAnnotations" else "" end' <<<"$FEATURES")"
	is "$(jq -r '.linux | keys | join(" ")' <<<"$FEATURES")" "apparmor capabilities cgroup intelRdt memoryPolicy \
mountExtensions namespaces netDevices seccomp selinux"
	is "$(jq -r '.linux.cgroup | keys | join(" ")' <<<"$FEATURES")" "rdma systemd systemdUser v1 v2"
	is "$(jq -r '.linux.seccomp | keys | join(" ")' <<<"$FEATURES")" \
		"actions archs enabled knownFlags operators supportedFlags"
	is "$(jq -r '.linux.intelRdt | keys | join(" ")' <<<"$FEATURES")" "enabled monitoring schemata"
	is "$(jq -r '.linux.memoryPolicy | keys | join(" ")' <<<"$FEATURES")" "flags modes"
	is "$(jq -c '[.linux.apparmor, .linux.selinux, .linux.netDevices, .linux.mountExtensions.idmap] | unique' \
		<<<"$FEATURES")" '[{"enabled":true}]'
}

@test "features: the versions are taken in config.json, and ordered" {
	for v in $(jq -r '.ociVersionMin, .ociVersionMax' <<<"$FEATURES"); do
		jq ".ociVersion = \"$v\"" good.json >config.json
		rt_ok run "$ID"
	done
	is "$(jq -r '.ociVersionMin, .ociVersionMax' <<<"$FEATURES" | sort -V | head -n 1)" \
		"$(jq -r .ociVersionMin <<<"$FEATURES")"
}

@test "features: hooks: each is understood" {
	list .hooks | same prestart createRuntime createContainer startContainer poststart poststop
	for k in $(list .hooks); do
		jq ".hooks.$k = [{path: \"relative\"}]" good.json >config.json
		rt_fails create "$ID"
		says "hooks.$k[0].path"
	done
}

@test "features: mountOptions: each is understood" {
	mkdir src
	for o in $(list .mountOptions); do
		case "$o" in
		remount) continue ;; # nothing is mounted there yet
		esac
		understood ".mounts += [{destination: \"/mnt\", type: \"bind\", source: \"$BUNDLE/src\", options: [\"bind\", \"$o\"]}]" \
			"is not known"
	done
}

@test "features: linux.namespaces: each is understood" {
	list .linux.namespaces | same pid network mount ipc uts user cgroup time
	for n in $(list .linux.namespaces); do
		jq ".linux.namespaces = [{type: \"$n\"}, {type: \"$n\"}]" good.json >config.json
		rt_fails create "$ID"
		says "duplicated ns $n"
	done
}

@test "features: linux.capabilities: each is understood, and each of the kernel's is there" {
	jq --argjson c "$(jq .linux.capabilities <<<"$FEATURES")" '.process.capabilities = {bounding: $c} |
		.process.args = ["grep", "CapBnd", "/proc/self/status"]' good.json >config.json
	rt_ok run "$ID"
	# those that the runtime itself has
	is "$(awk '{ print $2 }' <<<"$out")" "$(awk '/^CapBnd/ { print $2 }' /proc/self/status)"
	is "$(list .linux.capabilities | wc -l)" "$(($(cat /proc/sys/kernel/cap_last_cap) + 1))"
}

@test "features: linux.seccomp: actions and operators, each is understood" {
	list .linux.seccomp.actions | same SCMP_ACT_{KILL,KILL_PROCESS,KILL_THREAD,TRAP,ERRNO,TRACE,ALLOW,LOG,NOTIFY}
	list .linux.seccomp.operators | same SCMP_CMP_{NE,LT,LE,EQ,GE,GT,MASKED_EQ}
	for a in $(list .linux.seccomp.actions); do
		understood ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [{names: [\"swapon\"], action: \"$a\"}]}" \
			"unknown action"
	done
	for o in $(list .linux.seccomp.operators); do
		understood ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [{names: [\"swapon\"],
			action: \"SCMP_ACT_ERRNO\", args: [{index: 0, value: 1, valueTwo: 1, op: \"$o\"}]}]}" "unknown operator"
		is "$status" 0 "$o"
	done
}

@test "features: linux.seccomp: architectures, each is understood" {
	for a in $(list .linux.seccomp.archs); do
		understood ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", architectures: [\"$a\"],
			syscalls: [{names: [\"swapon\"], action: \"SCMP_ACT_ERRNO\"}]}" "unknown architecture"
	done
	# those that libseccomp 2.5 has at least
	for a in X86 X86_64 X32 ARM AARCH64 MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PPC PPC64 PPC64LE S390 S390X \
		PARISC PARISC64 RISCV64; do
		list .linux.seccomp.archs | grep -qx "SCMP_ARCH_$a" || { echo "$a" && false; }
	done
}

@test "features: linux.seccomp: flags: known ones are understood, supported ones are carried out" {
	list .linux.seccomp.knownFlags | same SECCOMP_FILTER_FLAG_{TSYNC,LOG,SPEC_ALLOW,WAIT_KILLABLE_RECV}
	for f in $(list .linux.seccomp.knownFlags); do
		understood ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", flags: [\"$f\"],
			syscalls: [{names: [\"swapon\"], action: \"SCMP_ACT_ERRNO\"}]}" "unknown flag"
		[ "$f" = SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV ] || ! list .linux.seccomp.supportedFlags | grep -qx "$f" ||
			is "$status" 0 "$f"
	done
}

@test "features: linux.memoryPolicy: modes and flags, each is understood" {
	list .linux.memoryPolicy.modes |
		same MPOL_{DEFAULT,BIND,INTERLEAVE,WEIGHTED_INTERLEAVE,PREFERRED,PREFERRED_MANY,LOCAL}
	list .linux.memoryPolicy.flags | same MPOL_F_{NUMA_BALANCING,RELATIVE_NODES,STATIC_NODES}
	for m in $(list .linux.memoryPolicy.modes); do
		understood ".linux.memoryPolicy = {mode: \"$m\", nodes: \"0\"}" "unknown mode"
	done
	for f in $(list .linux.memoryPolicy.flags); do
		understood ".linux.memoryPolicy = {mode: \"MPOL_BIND\", nodes: \"0\", flags: [\"$f\"]}" "unknown flag"
	done
}

@test "features: the managers of cgroups" {
	is "$(jq -c '.linux.cgroup | [.v1, .v2, .rdma]' <<<"$FEATURES")" "[true,true,true]"
	is "$(jq -c '.linux.cgroup | [.systemd, .systemdUser] | map(type) | unique' <<<"$FEATURES")" '["boolean"]'
	if [ "$(jq .linux.cgroup.systemd <<<"$FEATURES")" = false ]; then
		rt_fails --systemd-cgroup run "$ID"
	fi
}

@test "features: annotations are strings, and those that change what is done are named" {
	is "$(jq -c '.annotations | map(type) | unique' <<<"$FEATURES")" '["string"]'
	is "$(jq -c '.potentiallyUnsafeConfigAnnotations // [] | map(type) | unique - ["string"]' <<<"$FEATURES")" '[]'
	if [ "$(jq .linux.cgroup.systemd <<<"$FEATURES")" = true ]; then
		has "$(jq -c .potentiallyUnsafeConfigAnnotations <<<"$FEATURES")" '"org.systemd.property."'
	fi
}

@test "features: the same wherever it is asked, without rights too" {
	is "$(cd / && env -i "$RUNTIME" features)" "$FEATURES"
	requires setpriv
	is "$(setpriv --reuid 65534 --regid 65534 --clear-groups "$RUNTIME" features | jq -S 'del(.linux.seccomp.supportedFlags)')" \
		"$(jq -S 'del(.linux.seccomp.supportedFlags)' <<<"$FEATURES")"
}
