#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# What the specification says of `process`, and of the host name and sysctls.

load helpers

# caps SET...: sets each of the named sets to the list in $CAPS.
caps() {
	local s

	set_config '.process.capabilities = {}'
	for s in "$@"; do
		set_config ".process.capabilities.$s = $CAPS"
	done
}

status_line() {
	sed -n "s/^$1:[[:space:]]*//p" <<<"$out"
}

# ---------------------------------------------------------------- names

@test "hostname: inside alone" {
	before=$(hostname)
	set_config '.hostname = "inside-name"'
	in_container 'hostname; cat /proc/sys/kernel/hostname'
	is "$out" "$(printf 'inside-name\ninside-name')"
	is "$(hostname)" "$before"
}

@test "domainname: inside alone" {
	known_gap runc "1.1 does not set it"
	before=$(cat /proc/sys/kernel/domainname)
	set_config '.domainname = "inside.example"'
	in_container 'cat /proc/sys/kernel/domainname'
	is "$out" inside.example
	is "$(cat /proc/sys/kernel/domainname)" "$before"
}

@test "sysctl: of the network, ipc and uts namespaces" {
	set_config 'del(.hostname)' '.linux.sysctl = {"net.ipv4.ip_forward": "1", "net.core.somaxconn": "77",
		"kernel.shmmni": "123", "kernel.msgmax": "4444", "fs.mqueue.msg_max": "11", "kernel.domainname": "by.sysctl"}'
	before=$(cat /proc/sys/net/ipv4/ip_forward)
	in_container 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/core/somaxconn /proc/sys/kernel/shmmni \
		/proc/sys/kernel/msgmax /proc/sys/fs/mqueue/msg_max /proc/sys/kernel/domainname'
	is "$out" "$(printf '%s\n' 1 77 123 4444 11 by.sysctl)"
	is "$(cat /proc/sys/net/ipv4/ip_forward)" "$before"
}

@test "sysctl: an interface's name with dots, written with slashes" {
	set_config '.linux.sysctl = {"net/ipv4/conf/lo/forwarding": "1"}'
	in_container 'cat /proc/sys/net/ipv4/conf/lo/forwarding'
	is "$out" 1
}

# ---------------------------------------------------------------- user

@test "user: uid, gid and no other groups" {
	set_config '.process.user = {uid: 1000, gid: 1001}'
	in_container 'id -u; id -g; grep -E "^(Uid|Gid|Groups)" /proc/self/status'
	is "$(head -n 2 <<<"$out")" "$(printf '1000\n1001')"
	is "$(status_line Uid)" "$(printf '1000\t1000\t1000\t1000')"
	is "$(status_line Gid)" "$(printf '1001\t1001\t1001\t1001')"
	is "$(status_line Groups | tr -d ' ')" ""
}

@test "user: additional groups" {
	set_config '.process.user = {uid: 1000, gid: 1001, additionalGids: [5, 77, 65535]}'
	in_container 'grep -E "^Groups" /proc/self/status'
	is "$(status_line Groups | sed 's/ *$//')" "5 77 65535"
}

@test "user: ids without a name" {
	set_config '.process.user = {uid: 54321, gid: 54321}'
	in_container 'id -u; echo $HOME'
	is "$out" "$(printf '54321\n/')"
}

@test "user: the highest id" {
	known_gap runc "takes 31 bits"
	set_config '.process.user = {uid: 4294967294, gid: 4294967294}'
	in_container 'id -u'
	is "$out" 4294967294
}

@test "umask: 0022 is the default" {
	in_container umask
	is "$out" 0022
}

@test "umask: as given, zero too" {
	set_config '.process.user.umask = 63'
	in_container umask
	is "$out" 0077
	set_config '.process.user.umask = 0'
	in_container umask
	is "$out" 0000
}

@test "user: standard streams belong to the user where they are terminals or the runtime's" {
	set_config '.process.user = {uid: 1000, gid: 1000}' '.process.terminal = true'
	set_script 'stat -L -c %u /dev/fd/0; echo x >/dev/stdout && echo y >/proc/self/fd/2 && echo written'
	on_pty -- "$RUNTIME" --root "$ROOT" run "$ID"
	is "$status" 0
	has "$out" 1000
	has "$out" written
}

@test "user: pipes as standard streams can be opened again by the user" {
	set_config '.process.user = {uid: 1000, gid: 1000}'
	set_script 'echo x >/dev/stdout && echo y >/dev/stderr'
	out=$(limited "$RUNTIME" --root "$ROOT" run "$ID" 2>&1 </dev/null 3>&- | sort)
	is "$out" "$(printf 'x\ny')"
}

# ---------------------------------------------------------------- capabilities

@test "capabilities: the five sets, each by itself" {
	CAPS='["CAP_CHOWN", "CAP_KILL"]'
	caps bounding permitted
	in_container 'cat /proc/self/status'
	# Executing as root raises what the bounding set allows: only nothing else may be there.
	is "$(status_line CapBnd)" 0000000000000021
	is "$(status_line CapInh)" 0000000000000000
	is "$(status_line CapAmb)" 0000000000000000
}

@test "capabilities: another user has none unless they are ambient" {
	CAPS='["CAP_CHOWN", "CAP_KILL"]'
	set_config '.process.user = {uid: 1000, gid: 1000}'
	caps bounding permitted effective
	in_container 'cat /proc/self/status'
	is "$(status_line CapEff)" 0000000000000000
	is "$(status_line CapPrm)" 0000000000000000
	is "$(status_line CapBnd)" 0000000000000021
	caps bounding permitted effective inheritable ambient
	in_container 'cat /proc/self/status'
	for s in Bnd Prm Eff Inh Amb; do
		is "$(status_line "Cap$s")" 0000000000000021 "$s"
	done
}

@test "capabilities: inheritable alone" {
	CAPS='["CAP_KILL"]'
	caps bounding permitted inheritable
	in_container 'cat /proc/self/status'
	is "$(status_line CapInh)" 0000000000000020
	is "$(status_line CapAmb)" 0000000000000000
}

@test "capabilities: none at all" {
	set_config '.process.capabilities = {}'
	in_container 'cat /proc/self/status'
	for s in Bnd Prm Eff Inh Amb; do
		is "$(status_line "Cap$s")" 0000000000000000 "$s"
	done
}

@test "capabilities: those absent are really absent" {
	CAPS='["CAP_KILL"]'
	caps bounding permitted effective
	in_container 'chown 7 /tmp 2>/dev/null || echo no-chown; hostname other 2>/dev/null || echo no-hostname'
	is "$out" "$(printf 'no-chown\nno-hostname')"
}

@test "capabilities: unknown ones are warned of and skipped" {
	CAPS='["CAP_KILL", "CAP_NO_SUCH_THING"]'
	caps bounding permitted effective
	in_container 'grep CapBnd /proc/self/status'
	is "$(status_line CapBnd)" 0000000000000020
	has "$err" CAP_NO_SUCH_THING
}

@test "capabilities: those that the runtime does not have itself are warned of and skipped" {
	known_gap runc "fails"
	[ $((16#$(sed -n 's/^CapPrm:\t//p' /proc/self/status) >> 24 & 1)) = 0 ] || skip "all capabilities are there"
	CAPS='["CAP_KILL", "CAP_SYS_RESOURCE"]'
	caps bounding permitted effective
	in_container 'grep CapBnd /proc/self/status'
	is "$(status_line CapBnd)" 0000000000000020
}

# ---------------------------------------------------------------- limits and flags

@test "rlimits: soft and hard" {
	set_config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}, {type: "RLIMIT_CORE", soft: 0, hard: 0},
		{type: "RLIMIT_FSIZE", soft: 1048576, hard: 2097152}, {type: "RLIMIT_CPU", soft: 60, hard: 61},
		{type: "RLIMIT_STACK", soft: 4194304, hard: 8388608}]'
	in_container 'cat /proc/self/limits'
	limit() { sed -n "s/^$1  *//p" <<<"$out" | awk '{print $1, $2}'; }
	is "$(limit 'Max open files')" "100 200"
	is "$(limit 'Max core file size')" "0 0"
	is "$(limit 'Max file size')" "1048576 2097152"
	is "$(limit 'Max cpu time')" "60 61"
	is "$(limit 'Max stack size')" "4194304 8388608"
}

@test "rlimits: every name of the kernel" {
	set_config '.process.rlimits = [["AS", "CORE", "CPU", "DATA", "FSIZE", "LOCKS", "MEMLOCK", "MSGQUEUE", "NICE", "NOFILE",
		"NPROC", "RSS", "RTPRIO", "RTTIME", "SIGPENDING", "STACK"][] as $n |
		{type: ("RLIMIT_" + $n), soft: 0, hard: 0}] | .process.rlimits |= map(
		if .type | IN("RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_STACK", "RLIMIT_CPU",
			"RLIMIT_RTTIME")
		then .soft = 1000000 | .hard = 1000000 else . end) | .process.rlimits |= map(
		if .type | IN("RLIMIT_AS", "RLIMIT_DATA") then .soft = 1000000000 | .hard = 1000000000
		elif .type == "RLIMIT_NOFILE" or .type == "RLIMIT_NPROC" then .soft = 500 | .hard = 500 else . end)'
	in_container 'cat /proc/self/limits'
	is "$(grep -c unlimited <<<"$out")" 0
}

@test "rlimits: infinity" {
	set_config '.process.rlimits = [{type: "RLIMIT_CPU", soft: 18446744073709551615, hard: 18446744073709551615}]'
	set_args grep "Max cpu time" /proc/self/limits
	# jq rounds it.
	sed -i 's/18446744073709552000/18446744073709551615/g' config.json
	rt_ok run "$ID"
	has "$out" "unlimited            unlimited"
}

@test "no_new_privs: as it says" {
	in_container 'grep NoNewPrivs /proc/self/status'
	is "$out" "$(printf 'NoNewPrivs:\t1')"
	set_config '.process.noNewPrivileges = false'
	in_container 'grep NoNewPrivs /proc/self/status'
	is "$out" "$(printf 'NoNewPrivs:\t0')"
	set_config 'del(.process.noNewPrivileges)'
	in_container 'grep NoNewPrivs /proc/self/status'
	is "$out" "$(printf 'NoNewPrivs:\t0')"
}

@test "oomScoreAdj: as it says, and the caller's where it says nothing" {
	set_config '.process.oomScoreAdj = 321'
	in_container 'cat /proc/self/oom_score_adj'
	is "$out" 321
	set_config 'del(.process.oomScoreAdj)'
	in_container 'cat /proc/self/oom_score_adj'
	is "$out" "$(cat /proc/self/oom_score_adj)"
}

@test "scheduler: policy and nice value" {
	known_gap runc "1.1 has none"
	known_gap crun "1.8 has none"
	set_config '.process.scheduler = {policy: "SCHED_BATCH", nice: 7}'
	in_container 'cut -d" " -f19,41 /proc/self/stat'
	is "$out" "7 3"
}

@test "ioPriority: class and level" {
	known_gap runc "1.1 has none"
	known_gap crun "1.8 has none"
	set_config '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
	in_container 'ionice -p $$'
	is "$out" "best-effort: prio 6"
}

@test "personality: 32 bits" {
	known_gap runc "1.1 has none"
	set_config '.linux.personality = {domain: "LINUX32"}'
	in_container 'uname -m; cat /proc/self/personality'
	[[ $(head -n 1 <<<"$out") != x86_64 ]]
	is "$(sed -n 2p <<<"$out")" 00000008
}

@test "arguments: blanks, quotes, and empty ones arrive whole" {
	set_args sh -c 'for a in "$@"; do echo "<$a>"; done' sh "two words" '' "q'u\"o\\te" $'new\nline' 'ünï'
	rt_ok run "$ID"
	is "$out" "$(printf '<%s>\n' "two words" '' "q'u\"o\\te" $'new\nline' 'ünï')"
}

@test "arguments: a thousand of them, and 100 KiB" {
	mapfile -t many < <(seq 1000)
	set_args sh -c 'echo $#; echo ${#1}' sh "$(printf '%0100000d' 0)" "${many[@]}"
	rt_ok run "$ID"
	is "$out" "$(printf '1001\n100000')"
}

@test "PATH: of the container's environment, in its order" {
	mkdir -p rootfs/p1 rootfs/p2
	for n in 1 2; do
		printf '#!/bin/sh\necho %s\n' "$n" >"rootfs/p$n/tool"
		chmod 755 "rootfs/p$n/tool"
	done
	set_config '.process.env = ["PATH=/p2:/p1:/bin"]'
	set_args tool
	rt_ok run "$ID"
	is "$out" 2
	set_config '.process.env = ["PATH=/p1:/p2:/bin"]'
	rt_ok run "$ID"
	is "$out" 1
}

@test "cwd: a directory that only the user may enter" {
	mkdir -m 700 rootfs/private
	chown 1000:1000 rootfs/private
	set_config '.process.user = {uid: 1000, gid: 1000}' '.process.cwd = "/private"' '.process.capabilities = {}'
	in_container pwd
	is "$out" /private
}

@test "cwd: no way out of the root by it" {
	mkdir rootfs/links
	ln -s /proc/self/fd/7 rootfs/links/out
	for n in 5 6 7 8 9 10; do
		set_config ".process.cwd = \"/proc/self/fd/$n\""
		set_args ls
		rt run "$ID"
		has_not "$out" "config.json"
		[ "$status" -ne 0 ] || show_call "cwd /proc/self/fd/$n"
	done
}

# ---------------------------------------------------------------- keyring

@test "keyring: a session keyring of its own" {
	# Its name is in /proc/keys, which the plain configuration masks.
	set_config '.linux.maskedPaths = []'
	in_container 'grep _ses /proc/keys || true'
	has "$out" "_ses.$ID"
}

@test "keyring: --no-new-keyring leaves the caller's" {
	set_config '.linux.maskedPaths = []'
	set_script 'grep _ses /proc/keys || true'
	rt_ok run --no-new-keyring "$ID"
	has_not "$out" "_ses.$ID"
}
