#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# explain: what it says is what the container then has, and saying it changes nothing.

load helpers

# objects STEP: the objects of all steps of this name, one a line.
objects() {
	jq -r --arg s "$1" '.steps[] | select(.step == $s) | .object' explained.json
}

explain_json() {
	rt_ok explain --format json "$@"
	printf '%s\n' "$out" >explained.json
}

warns() {
	jq -e --arg n "$1" '.warnings | any(.name == $n)' explained.json >/dev/null || show_call "no warning $1"
}

warns_not() {
	jq -e --arg n "$1" '.warnings | all(.name != $n)' explained.json >/dev/null || show_call "a warning $1"
}

@test "explain: the mounts are those the container then has, with their flags" {
	mkdir volume
	set_config '.mounts += [{"destination": "/data", "type": "bind", "source": "volume", "options": ["rbind", "ro", "nosuid"]},
		{"destination": "/scratch", "type": "tmpfs", "source": "tmpfs", "options": ["nodev", "size=64k"]}]'
	explain_json
	set_args cat /proc/self/mountinfo
	rt_ok run "$ID"
	printf '%s\n' "$out" >mountinfo
	for place in $(objects mount); do
		awk -v p="$place" '$5 == p { found = 1 } END { exit !found }' mountinfo || show_call "$place is not mounted"
	done
	is "$(jq -r '.steps[] | select(.step == "mount" and .object == "/data") | .details' explained.json)" \
		"rbind of volume, ro,nosuid"
	awk '$5 == "/data" { print $6 }' mountinfo | grep -q '^ro,nosuid'
	awk '$5 == "/scratch" { print $6 }' mountinfo | grep -q nodev
	has "$(jq -r '.steps[] | select(.step == "mount" and .object == "/scratch") | .details' explained.json)" "nodev, size=64k"
}

@test "explain: the cgroup files are what is then in them" {
	requires_controller memory
	requires_controller pids
	set_config '.linux.resources = {"memory": {"limit": 33554432}, "pids": {"limit": 77}} | .linux.cgroupsPath = "/'"$ID"'"'
	explain_json
	set_args sleep 1000
	rt_ok run -d "$ID"
	checked=0
	while IFS=$'\t' read -r file value; do
		case $file in
		*/memory.limit_in_bytes | */memory.max | */pids.max)
			is "$(cat "$file")" "$value"
			checked=$((checked + 1))
			;;
		esac
	done < <(jq -r '.steps[] | select(.part == "cgroup" and .step == "write") | [.object, .details] | @tsv' explained.json)
	[ "$checked" -ge 2 ]
	for d in $(jq -r '.steps[] | select(.part == "cgroup" and .step == "make") | .object' explained.json); do
		[ -d "$d" ] || show_call "$d was not made"
	done
}

@test "explain: capabilities, user, limits and namespaces" {
	set_config '.process.user = {"uid": 1000, "gid": 1001, "additionalGids": [5]}' \
		'.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]' \
		'.process.capabilities = {"bounding": ["CAP_KILL", "CAP_CHOWN"], "permitted": ["CAP_KILL"], "effective": []}'
	explain_json
	is "$(objects "keep capability" | sort | xargs)" "CAP_CHOWN CAP_KILL"
	is "$(objects user)" "1000:1001"
	set_args sh -c 'id -u; id -g; ulimit -n; grep CapBnd /proc/self/status'
	rt_ok run "$ID"
	is "$(xargs <<<"$out")" "1000 1001 100 CapBnd: 0000000000000021"
	is "$(jq -r '.steps[] | select(.step == "limit") | .object, .details' explained.json | xargs)" "RLIMIT_NOFILE 100, at most 200"
	has "$(objects make | xargs)" "pid"
}

@test "explain: nothing is made" {
	before=$(find /sys/fs/cgroup -type d 2>/dev/null | grep -c "/container$" || true)
	rt_ok explain
	[ ! -e "$ROOT/container" ]
	is "$(find /sys/fs/cgroup -type d 2>/dev/null | grep -c "/container$" || true)" "$before"
	for h in prestart createRuntime poststop; do
		set_config ".hooks.$h = [{\"path\": \"/bin/touch\", \"args\": [\"touch\", \"$BUNDLE/touched\"]}]"
	done
	rt_ok explain
	[ ! -e touched ]
}

@test "explain: warns of what is risky, and of nothing where it is not" {
	explain_json
	warns host-root
	warns no-seccomp
	set_config '.process.noNewPrivileges = false' '.linux.maskedPaths = []' '.linux.namespaces |= map(select(.type != "pid"))' \
		'.process.capabilities.bounding += ["CAP_SYS_ADMIN"]' '.root.readonly = false' \
		'.mounts += [{"destination": "/host", "type": "bind", "source": "/etc", "options": ["rbind"]},
			{"destination": "/s", "type": "bind", "source": "/run/docker.sock", "options": ["bind"]}]' \
		'.linux.resources.devices = [{"allow": true, "access": "rwm"}]' \
		'.hooks = {"createRuntime": [{"path": "/bin/true"}]}'
	explain_json
	for w in new-privileges no-masked-paths host-pids capability host-files engine-socket all-devices hooks writable-root \
		no-memory-limit no-pids-limit; do
		warns "$w"
	done
	set_config 'del(.hooks)' '.process.noNewPrivileges = true' '.linux.maskedPaths = ["/proc/kcore"]' \
		'.linux.readonlyPaths = ["/proc/sys"]' '.root.readonly = true' \
		'.mounts |= map(select(.destination != "/host" and .destination != "/s"))' \
		'.linux.namespaces = ([["pid", "network", "ipc", "uts", "mount", "cgroup", "user"][] | {"type": .}])' \
		'.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]' \
		'.linux.gidMappings = .linux.uidMappings' \
		'del(.linux.resources)' \
		'.linux.seccomp = {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"}]}'
	explain_json
	for w in host-root host-pids capability no-seccomp new-privileges engine-socket host-files hooks all-devices; do
		warns_not "$w"
	done
}

@test "explain: the text has the same, line by line" {
	explain_json
	rt_ok explain
	while IFS=$'\t' read -r step object; do
		grep -qE "^ +$step( |$)" <<<"$out" || show_call "no line for $step $object"
		grep -qF -- "$object" <<<"$out" || show_call "no line for $object"
	done < <(jq -r '.steps[] | [.step, .object] | @tsv' explained.json)
}

@test "explain: --diff shows what differs, and only that" {
	rm -rf ../other && cp -a . ../other
	rt_ok explain --diff ../other
	cd ../other && set_config '.hostname = "elsewhere"' '.process.rlimits = [{"type": "RLIMIT_CORE", "soft": 1, "hard": 2}]'
	cd "$BUNDLE"
	rt explain --diff ../other
	[ "$status" -eq 1 ]
	has "$out" "elsewhere"
	has "$out" "RLIMIT_CORE"
	grep -q '^+.*hostname *elsewhere' <<<"$out"
	! grep -q '/proc/kcore' <<<"$out"
	rt explain --format json --diff ../other
	is "$(jq -r '.added[] | select(.step == "hostname") | .object' <<<"$out")" elsewhere
}

@test "explain: what cannot be run is not explained, and why" {
	set_config '.process.args = []'
	rt explain
	[ "$status" -eq 1 ]
	has "$err" "process.args: must not be empty"
	is "$out" ""
}
