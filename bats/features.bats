#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load helpers

setup() {
	common_setup
	known_gap crun "1.8 has no features"
	rt_ok features
}

@test "features: versions of the specification" {
	[[ $(jq -r .ociVersionMin <<<"$out") == 1.* ]]
	[[ $(jq -r .ociVersionMax <<<"$out") == 1.* ]]
}

@test "features: hooks, all six" {
	is "$(jq -r '.hooks | sort | join(" ")' <<<"$out")" \
		"createContainer createRuntime poststart poststop prestart startContainer"
}

@test "features: mount options" {
	for o in ro rw nosuid suid nodev dev noexec exec bind rbind private rprivate slave rslave shared rshared relatime \
		noatime nodiratime strictatime remount tmpcopyup unbindable runbindable rro rnosuid rnodev rnoexec; do
		is "$(jq --arg o "$o" '.mountOptions | index([$o]) != null' <<<"$out")" true "$o"
	done
}

@test "features: namespaces that the kernel has too" {
	for n in $(jq -r '.linux.namespaces[]' <<<"$out"); do
		case "$n" in mount) n=mnt ;; network) n=net ;; esac
		[ -e "/proc/self/ns/$n" ]
	done
	for n in cgroup ipc mount network pid user uts; do
		has "$(jq -c .linux.namespaces <<<"$out")" "\"$n\""
	done
}

@test "features: capabilities are known by name" {
	has "$(jq -c .linux.capabilities <<<"$out")" '"CAP_CHOWN"'
	has "$(jq -c .linux.capabilities <<<"$out")" '"CAP_CHECKPOINT_RESTORE"'
	has_not "$(jq -c .linux.capabilities <<<"$out")" null
}

@test "features: cgroups" {
	is "$(jq -r .linux.cgroup.v1 <<<"$out")" true
	is "$(jq -r .linux.cgroup.v2 <<<"$out")" true
	is "$(jq -r '.linux.cgroup.systemd | type' <<<"$out")" boolean
}

@test "features: seccomp" {
	is "$(jq -r .linux.seccomp.enabled <<<"$out")" true
	for a in ALLOW ERRNO KILL KILL_PROCESS KILL_THREAD LOG NOTIFY TRACE TRAP; do
		has "$(jq -c .linux.seccomp.actions <<<"$out")" "\"SCMP_ACT_$a\""
	done
	has "$(jq -c .linux.seccomp.operators <<<"$out")" '"SCMP_CMP_MASKED_EQ"'
	has "$(jq -c .linux.seccomp.archs <<<"$out")" '"SCMP_ARCH_X86_64"'
}

@test "features: takes no argument" {
	rt features extra
	[ "$status" -ne 0 ]
}
