#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# What config.json must not say. One line for each member that has values which are refused: what is changed in a
# configuration that would run, and words of the answer. The answer names the member.

load helpers

setup() {
	common_setup
	cp config.json good.json
	bad=0
}

# refuse FILTER TEXT...: the configuration, changed by the jq filter, is refused in one line that holds the texts.
refuse() {
	local filter=$1 t

	shift
	jq "$filter" good.json >config.json
	rt create "$ID"
	for t in "$@"; do
		[[ $status -eq 1 && $err == *"$t"* && $err != *$'\n'* ]] && continue
		printf '%s\n  status %s: %s\n  wanted:   %s\n' "$filter" "$status" "$err" "$t"
		bad=$((bad + 1))
		[ "$status" -ne 0 ] || "$RUNTIME" --root "$ROOT" delete --force "$ID" 3>&-
		break
	done
}

all_refused() {
	nothing_left
	is "$bad" 0 "not refused as they should be"
}

# ---------------------------------------------------------------- config.md

@test "refused: ociVersion" {
	refuse 'del(.ociVersion)' ociVersion missing
	refuse '.ociVersion = ""' ociVersion
	refuse '.ociVersion = "1"' ociVersion
	refuse '.ociVersion = "1.0"' ociVersion
	refuse '.ociVersion = "v1.0.0"' ociVersion
	refuse '.ociVersion = "1.0.0 "' ociVersion
	refuse '.ociVersion = "1.0.0-"' ociVersion
	refuse '.ociVersion = "01.0.0"' ociVersion
	refuse '.ociVersion = "0.9.0"' ociVersion 0.9.0
	refuse '.ociVersion = "2.0.0"' ociVersion 2.0.0
	all_refused
}

@test "refused: required members that are missing" {
	refuse 'del(.process)' process
	refuse 'del(.process.args)' process.args
	refuse 'del(.process.cwd)' process.cwd
	refuse 'del(.root)' root
	refuse 'del(.root.path)' root.path
	refuse 'del(.linux)' linux
	refuse '.process.consoleSize = {width: 80}' process.consoleSize.height
	refuse '.process.consoleSize = {height: 25}' process.consoleSize.width
	refuse '.process.rlimits = [{soft: 1, hard: 1}]' "process.rlimits[0].type"
	refuse '.process.rlimits = [{type: "RLIMIT_CORE", hard: 1}]' "process.rlimits[0].soft"
	refuse '.process.rlimits = [{type: "RLIMIT_CORE", soft: 1}]' "process.rlimits[0].hard"
	refuse '.process.scheduler = {nice: 1}' process.scheduler.policy
	refuse '.process.ioPriority = {priority: 1}' process.ioPriority.class
	refuse 'del(.mounts[0].destination)' "mounts[0].destination"
	refuse '.hooks.prestart = [{args: ["a"]}]' "hooks.prestart[0].path"
	refuse '.linux.namespaces += [{}]' "linux.namespaces[5].type"
	refuse '.linux.uidMappings = [{hostID: 1, size: 1}]' "linux.uidMappings[0].containerID"
	refuse '.linux.gidMappings = [{containerID: 1, size: 1}]' "linux.gidMappings[0].hostID"
	refuse '.linux.uidMappings = [{containerID: 1, hostID: 1}]' "linux.uidMappings[0].size"
	refuse '.linux.devices = [{type: "c", major: 1, minor: 3}]' "linux.devices[0].path"
	refuse '.linux.devices = [{path: "/dev/x", major: 1, minor: 3}]' "linux.devices[0].type"
	refuse '.linux.devices = [{path: "/dev/x", type: "c", minor: 3}]' "linux.devices[0].major"
	refuse '.linux.devices = [{path: "/dev/x", type: "b", major: 1}]' "linux.devices[0].minor"
	refuse '.linux.devices = [{path: "/dev/x", type: "u", major: 1}]' "linux.devices[0].minor"
	refuse '.linux.seccomp = {}' linux.seccomp.defaultAction
	refuse '.linux.memoryPolicy = {}' linux.memoryPolicy.mode
	refuse '.linux.personality = {}' linux.personality.domain
	all_refused
}

@test "refused: process" {
	refuse '.process.args = []' process.args
	refuse '.process.cwd = ""' process.cwd
	refuse '.process.cwd = "tmp"' process.cwd
	refuse '.process.env += ["NOVALUE"]' "process.env[3]" NOVALUE
	refuse '.process.env += ["=x"]' "process.env[3]"
	refuse '.process.user.uid = 4294967296' process.user.uid
	refuse '.process.user.gid = -1' process.user.gid
	refuse '.process.user.additionalGids = [4294967296]' "process.user.additionalGids[0]"
	refuse '.process.user.umask = 512' process.user.umask
	refuse '.process.oomScoreAdj = 1001' process.oomScoreAdj
	refuse '.process.oomScoreAdj = -1001' process.oomScoreAdj
	refuse '.process.terminal = true' "console socket"
	all_refused
}

@test "refused: process.rlimits" {
	refuse '.process.rlimits = [{type: "RLIMIT_NOSUCH", soft: 1, hard: 1}]' "process.rlimits[0].type" RLIMIT_NOSUCH
	refuse '.process.rlimits = [{type: "rlimit_core", soft: 1, hard: 1}]' "process.rlimits[0].type" rlimit_core
	refuse '.process.rlimits = [{type: "RLIMIT_CORE", soft: 1, hard: 1}, {type: "RLIMIT_CORE", soft: 1, hard: 1}]' \
		"process.rlimits[1].type" RLIMIT_CORE
	refuse '.process.rlimits = [{type: "RLIMIT_CORE", soft: 2, hard: 1}]' "process.rlimits[0].soft"
	all_refused
}

@test "refused: process.scheduler" {
	refuse '.process.scheduler = {policy: "SCHED_NOSUCH"}' process.scheduler.policy SCHED_NOSUCH
	refuse '.process.scheduler = {policy: "SCHED_OTHER", nice: 20}' process.scheduler.nice
	refuse '.process.scheduler = {policy: "SCHED_OTHER", nice: -21}' process.scheduler.nice
	refuse '.process.scheduler = {policy: "SCHED_FIFO", priority: 100}' process.scheduler.priority
	refuse '.process.scheduler = {policy: "SCHED_FIFO", priority: -1}' process.scheduler.priority
	refuse '.process.scheduler = {policy: "SCHED_OTHER", priority: 1}' process.scheduler.priority
	refuse '.process.scheduler = {policy: "SCHED_OTHER", flags: ["SCHED_FLAG_NOSUCH"]}' \
		"process.scheduler.flags[0]" SCHED_FLAG_NOSUCH
	refuse '.process.scheduler = {policy: "SCHED_OTHER", runtime: 1}' process.scheduler.runtime
	refuse '.process.scheduler = {policy: "SCHED_OTHER", deadline: 1}' process.scheduler.deadline
	refuse '.process.scheduler = {policy: "SCHED_OTHER", period: 1}' process.scheduler.period
	refuse '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 20000000, deadline: 10000000, period: 30000000}' \
		process.scheduler
	refuse '.process.scheduler = {policy: "SCHED_ISO"}' process.scheduler
	all_refused
}

@test "refused: process.ioPriority and process.execCPUAffinity" {
	refuse '.process.ioPriority = {class: "IOPRIO_CLASS_NOSUCH", priority: 1}' process.ioPriority.class IOPRIO_CLASS_NOSUCH
	refuse '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 8}' process.ioPriority.priority
	refuse '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: -1}' process.ioPriority.priority
	refuse '.process.execCPUAffinity = {initial: "x"}' process.execCPUAffinity.initial
	refuse '.process.execCPUAffinity = {initial: "1-"}' process.execCPUAffinity.initial
	refuse '.process.execCPUAffinity = {final: "3-1"}' process.execCPUAffinity.final
	refuse '.process.execCPUAffinity = {final: "0,"}' process.execCPUAffinity.final
	refuse '.process.execCPUAffinity = {final: "99999999"}' process.execCPUAffinity.final
	all_refused
}

@test "refused: labels of a security module that is not there" {
	[ -d /sys/fs/selinux/class ] || refuse '.process.selinuxLabel = "a:b:c:s0"' process.selinuxLabel
	[ -d /sys/fs/selinux/class ] || refuse '.linux.mountLabel = "a:b:c:s0"' linux.mountLabel
	[ -d /sys/kernel/security/apparmor ] || refuse '.process.apparmorProfile = "profile"' process.apparmorProfile
	all_refused
}

@test "refused: root" {
	refuse '.root.path = ""' root.path
	refuse '.root.path = "nosuch"' root.path nosuch
	refuse '.root.path = "config.json"' root.path config.json
	all_refused
}

@test "refused: mounts" {
	refuse '.mounts += [{destination: "", type: "tmpfs"}]' "mounts[7].destination"
	refuse '.mounts += [{destination: "/mnt"}]' "mounts[7].type"
	refuse '.mounts += [{destination: "/mnt", type: "nosuchfs", source: "x"}]' "mounts[7]" "nosuchfs: no file system of this kernel"
	refuse '.mounts += [{destination: "/mnt", type: "tmpfs", options: ["nosuchoption"]}]' "mounts[7]" nosuchoption
	refuse '.mounts += [{destination: "/mnt", type: "bind", options: ["bind"]}]' "mounts[7].source"
	refuse '.mounts += [{destination: "/mnt", type: "bind", source: "/no/such", options: ["bind"]}]' "mounts[7]" /no/such
	refuse '.mounts += [{destination: "/mnt", type: "bind", source: "/tmp", options: ["bind", "size=1"]}]' \
		"mounts[7].options" size=1
	refuse '.mounts += [{destination: "/proc/1", type: "tmpfs", source: "x"}]' "mounts[7].destination" /proc
	refuse '.mounts += [{destination: "/proc", type: "tmpfs", source: "x"}]' "mounts[7].destination" /proc
	refuse '.mounts += [{destination: "/mnt", type: "proc", source: "x", options: ["tmpcopyup"]}]' "mounts[7].options" tmpcopyup
	refuse '.mounts += [{destination: "/mnt", type: "tmpfs", source: "x", options: ["copy-symlink"]}]' \
		"mounts[7].options" copy-symlink
	refuse '.mounts += [{destination: "/mnt", type: "tmpfs", source: "x", options: ["src-nofollow"]}]' \
		"mounts[7].options" src-nofollow
	all_refused
}

@test "refused: id mappings of mounts" {
	refuse '.mounts += [{destination: "/mnt", type: "bind", source: "/tmp", options: ["bind", "idmap"]}]' \
		"mounts[7].options" idmap
	refuse '.mounts += [{destination: "/mnt", type: "bind", source: "/tmp", options: ["bind", "ridmap"]}]' \
		"mounts[7].options" ridmap
	refuse '.mounts += [{destination: "/mnt", type: "bind", source: "/tmp", options: ["bind", "idmap"],
		uidMappings: [{containerID: 0, hostID: 1, size: 1}]}]' "mounts[7]" gidMappings
	refuse '.mounts += [{destination: "/mnt", type: "bind", source: "/tmp", options: ["bind", "idmap"],
		gidMappings: [{containerID: 0, hostID: 1, size: 1}]}]' "mounts[7].uidMappings"
	refuse '.mounts += [{destination: "/mnt", type: "bind", source: "/tmp", options: ["bind", "idmap"],
		uidMappings: [{containerID: 0, hostID: 1, size: 0}], gidMappings: [{containerID: 0, hostID: 1, size: 1}]}]' \
		"mounts[7].uidMappings"
	all_refused
}

@test "refused: hooks" {
	for kind in prestart createRuntime createContainer startContainer poststart poststop; do
		refuse ".hooks.$kind = [{path: \"/bin/true\"}, {path: \"bin/true\"}]" "hooks.${kind}[1].path"
		refuse ".hooks.$kind = [{path: \"/bin/true\", timeout: 0}]" "hooks.${kind}[0].timeout"
		refuse ".hooks.$kind = [{path: \"/bin/true\", timeout: -1}]" "hooks.${kind}[0].timeout"
	done
	all_refused
}

@test "refused: hostname and domainname without a namespace for them" {
	refuse '.linux.namespaces |= map(select(.type != "uts"))' hostname
	refuse 'del(.hostname) | .domainname = "x" | .linux.namespaces |= map(select(.type != "uts"))' domainname
	refuse '.hostname = ("x" * 65)' hostname
	refuse '.domainname = ("x" * 65)' domainname
	all_refused
}

@test "refused: an annotation without a name" {
	refuse '.annotations = {"": "x"}' annotations
	refuse '.annotations = {"x": 1}' annotations x
	all_refused
}

# ---------------------------------------------------------------- config-linux.md

@test "refused: linux.namespaces" {
	refuse '.linux.namespaces += [{type: "nosuch"}]' "linux.namespaces[5].type" nosuch
	for t in pid network ipc uts mount; do
		refuse ".linux.namespaces += [{type: \"$t\"}]" "linux.namespaces[5].type" "$t"
	done
	refuse '.linux.namespaces += [{type: "user"}, {type: "user"}]' "linux.namespaces[6].type" user
	refuse '.linux.namespaces[1].path = "ns/net"' "linux.namespaces[1].path" ns/net
	refuse '.linux.namespaces[1].path = "/proc/self/ns/none"' "linux.namespaces[1].path" /proc/self/ns/none
	refuse '.linux.namespaces[1].path = "/proc/self/ns/uts"' "linux.namespaces[1].path" "/proc/self/ns/uts"
	refuse '.linux.namespaces[1].path = "/etc/passwd"' "linux.namespaces[1].path" "/etc/passwd"
	refuse '.linux.namespaces[1].path = "/dev/null"' "linux.namespaces[1].path" "/dev/null"
	all_refused
}

@test "refused: linux.uidMappings and linux.gidMappings" {
	refuse '.linux.namespaces += [{type: "user"}]' linux.uidMappings
	refuse '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 1, size: 9}]' linux.gidMappings
	refuse '.linux.uidMappings = [{containerID: 0, hostID: 1, size: 9}]' linux.uidMappings
	refuse '.linux.gidMappings = [{containerID: 0, hostID: 1, size: 9}]' linux.gidMappings
	refuse '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 1, size: 9}] |
		.linux.gidMappings = [{containerID: 0, hostID: 1, size: 0}]' "linux.gidMappings[0]"
	refuse '.linux.namespaces += [{type: "user"}] | .linux.gidMappings = [{containerID: 0, hostID: 1, size: 9}] |
		.linux.uidMappings = [{containerID: 4294967295, hostID: 1, size: 2}]' "linux.uidMappings[0]"
	all_refused
}

@test "refused: linux.timeOffsets" {
	requires_namespace time
	refuse '.linux.timeOffsets = {monotonic: {secs: 1}}' linux.timeOffsets
	refuse '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {realtime: {secs: 1}}' linux.timeOffsets.realtime
	refuse '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {monotonic: {nanosecs: 1000000000}}' \
		linux.timeOffsets.monotonic.nanosecs
	refuse '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: -9000000000}}' boottime
	refuse '.linux.namespaces += [{type: "time", path: "/proc/self/ns/time"}] | .linux.timeOffsets = {boottime: {secs: 1}}' \
		linux.timeOffsets
	all_refused
}

@test "refused: linux.devices" {
	refuse '.linux.devices = [{path: "", type: "c", major: 1, minor: 3}]' "linux.devices[0].path"
	refuse '.linux.devices = [{path: "/", type: "c", major: 1, minor: 3}]' "linux.devices[0].path"
	refuse '.linux.devices = [{path: "/dev/x", type: "z", major: 1, minor: 3}]' "linux.devices[0].type"
	refuse '.linux.devices = [{path: "/dev/x", type: "c", major: -1, minor: 3}]' "linux.devices[0]"
	refuse '.linux.devices = [{path: "/dev/x", type: "c", major: 4096, minor: 3}]' "linux.devices[0]"
	refuse '.linux.devices = [{path: "/dev/x", type: "b", major: 1, minor: 1048576}]' "linux.devices[0]"
	refuse '.linux.devices = [{path: "/etc/passwd", type: "c", major: 1, minor: 3}]' "linux.devices[0]" /etc/passwd
	refuse '.linux.devices = [{path: "/etc/passwd", type: "p"}]' "linux.devices[0]" /etc/passwd
	all_refused
}

@test "refused: linux.netDevices" {
	refuse '.linux.netDevices = {"nosuch0": {}}' linux.netDevices nosuch0
	refuse '.linux.netDevices = {"": {}}' linux.netDevices
	refuse '.linux.netDevices = {"a/b": {}}' linux.netDevices a/b
	refuse '.linux.netDevices = {"x": {"name": ".."}}' linux.netDevices.x.name
	refuse '.linux.netDevices = {"x": {"name": "sixteenlettersxx"}}' linux.netDevices.x.name
	refuse '.linux.netDevices = {"x": {"name": "a%sb"}}' linux.netDevices.x.name
	refuse '.linux.netDevices = {"x": {"name": "a%d%d"}}' linux.netDevices.x.name
	refuse '.linux.netDevices = {"x": {}} | .linux.namespaces |= map(select(.type != "network"))' linux.netDevices
	all_refused
}

@test "refused: linux.sysctl" {
	refuse '.linux.sysctl = {"kernel.panic": "1"}' linux.sysctl kernel.panic
	refuse '.linux.sysctl = {"vm.swappiness": "1"}' linux.sysctl vm.swappiness
	refuse '.linux.sysctl = {"kernel.hostname": "x"}' linux.sysctl kernel.hostname
	refuse '.linux.sysctl = {"net.ipv4.no_such": "1"}' net/ipv4/no_such
	refuse '.linux.sysctl = {"net.ipv4.ip_forward": "nonsense"}' net/ipv4/ip_forward
	refuse '.linux.sysctl = {"net/../kernel/panic": "1"}' linux.sysctl
	refuse '.linux.sysctl = {"": "1"}' linux.sysctl
	refuse '.linux.sysctl = {"net.ipv4.ip_forward": "1"} | .linux.namespaces |= map(select(.type != "network"))' \
		linux.sysctl net.ipv4.ip_forward
	refuse '.linux.sysctl = {"kernel.msgmax": "1"} | .linux.namespaces |= map(select(.type != "ipc"))' linux.sysctl kernel.msgmax
	refuse '.linux.sysctl = {"fs.mqueue.msg_max": "1"} | .linux.namespaces |= map(select(.type != "ipc"))' \
		linux.sysctl fs.mqueue.msg_max
	refuse 'del(.hostname) | .linux.sysctl = {"kernel.domainname": "x"} | .linux.namespaces |= map(select(.type != "uts"))' \
		linux.sysctl kernel.domainname
	all_refused
}

@test "refused: linux.rootfsPropagation, maskedPaths and readonlyPaths" {
	refuse '.linux.rootfsPropagation = "nosuch"' linux.rootfsPropagation nosuch
	refuse '.linux.maskedPaths = ["proc/kcore"]' "linux.maskedPaths[0]" proc/kcore
	refuse '.linux.readonlyPaths = ["proc/sys"]' "linux.readonlyPaths[0]" proc/sys
	refuse 'del(.linux.readonlyPaths) | .linux.namespaces |= map(select(.type != "mount"))' linux.maskedPaths
	refuse 'del(.linux.maskedPaths) | .linux.namespaces |= map(select(.type != "mount"))' linux.readonlyPaths
	all_refused
}

@test "refused: linux.personality" {
	refuse '.linux.personality = {domain: "NOSUCH"}' linux.personality.domain NOSUCH
	refuse '.linux.personality = {domain: "LINUX", flags: ["ADDR_NO_RANDOMIZE"]}' "linux.personality.flags[0]" ADDR_NO_RANDOMIZE
	all_refused
}

@test "refused: linux.memoryPolicy" {
	refuse '.linux.memoryPolicy = {mode: "MPOL_NOSUCH"}' linux.memoryPolicy.mode MPOL_NOSUCH
	refuse '.linux.memoryPolicy = {mode: "MPOL_BIND"}' linux.memoryPolicy.nodes
	refuse '.linux.memoryPolicy = {mode: "MPOL_INTERLEAVE", nodes: ""}' linux.memoryPolicy.nodes
	refuse '.linux.memoryPolicy = {mode: "MPOL_DEFAULT", nodes: "0"}' linux.memoryPolicy.nodes
	refuse '.linux.memoryPolicy = {mode: "MPOL_LOCAL", nodes: "0"}' linux.memoryPolicy.nodes
	refuse '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "x"}' linux.memoryPolicy.nodes
	refuse '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "1000"}' linux.memoryPolicy
	refuse '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_NOSUCH"]}' "linux.memoryPolicy.flags[0]"
	refuse '.linux.memoryPolicy = {mode: "MPOL_DEFAULT", flags: ["MPOL_F_STATIC_NODES"]}' linux.memoryPolicy.flags
	refuse '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES"]}' \
		linux.memoryPolicy.flags
	all_refused
}

@test "refused: linux.intelRdt" {
	[ ! -e /sys/fs/resctrl/schemata ] || skip "resctrl is mounted here"
	refuse '.linux.intelRdt = {}' linux.intelRdt resctrl
	refuse '.linux.intelRdt = {closID: "/"}' linux.intelRdt resctrl
	refuse '.linux.intelRdt = {enableMonitoring: true}' linux.intelRdt resctrl
	refuse '.linux.intelRdt = {closID: ".."}' linux.intelRdt.closID
	refuse '.linux.intelRdt = {closID: "a/b"}' linux.intelRdt.closID
	refuse '.linux.intelRdt = {closID: "info"}' linux.intelRdt.closID
	refuse '.linux.intelRdt = {memBwSchema: "L3:0=f"}' linux.intelRdt.memBwSchema
	refuse '.linux.intelRdt = {memBwSchema: "MB:0=20\nMB:1=20"}' linux.intelRdt.memBwSchema
	refuse '.linux.intelRdt = {schemata: ["L3:0=f\nL2:0=f"]}' "linux.intelRdt.schemata[0]"
	all_refused
}

# ---------------------------------------------------------------- seccomp

@test "refused: linux.seccomp" {
	refuse '.linux.seccomp = {defaultAction: "SCMP_ACT_NOSUCH"}' linux.seccomp.defaultAction SCMP_ACT_NOSUCH
	refuse '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", defaultErrnoRet: 1}' linux.seccomp.defaultErrnoRet
	refuse '.linux.seccomp = {defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 65536}' linux.seccomp.defaultErrnoRet
	refuse '.linux.seccomp = {defaultAction: "SCMP_ACT_NOTIFY"}' linux.seccomp.defaultAction SCMP_ACT_NOTIFY
	refuse '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_NOSUCH"]}' \
		"linux.seccomp.architectures[0]" SCMP_ARCH_NOSUCH
	refuse '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", flags: ["SECCOMP_FILTER_FLAG_NOSUCH"]}' \
		"linux.seccomp.flags[0]" SECCOMP_FILTER_FLAG_NOSUCH
	refuse '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", flags: ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]}' \
		linux.seccomp.flags SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
	refuse '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerMetadata: "x"}' linux.seccomp.listenerMetadata
	refuse '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_NOTIFY"}]}' \
		linux.seccomp.listenerPath
	refuse '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/no/such",
		syscalls: [{names: ["mkdir"], action: "SCMP_ACT_NOTIFY"}]}' linux.seccomp.listenerPath /no/such
	all_refused
}

@test "refused: linux.seccomp.syscalls" {
	jq '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]}' \
		good.json >g && mv g good.json
	refuse 'del(.linux.seccomp.syscalls[0].names)' "linux.seccomp.syscalls[0].names"
	refuse '.linux.seccomp.syscalls[0].names = []' "linux.seccomp.syscalls[0].names"
	refuse '.linux.seccomp.syscalls[0].names = [""]' "linux.seccomp.syscalls[0].names[0]"
	refuse 'del(.linux.seccomp.syscalls[0].action)' "linux.seccomp.syscalls[0].action"
	refuse '.linux.seccomp.syscalls[0].action = "SCMP_ACT_NOSUCH"' "linux.seccomp.syscalls[0].action" SCMP_ACT_NOSUCH
	refuse '.linux.seccomp.syscalls[0] |= (.action = "SCMP_ACT_KILL" | .errnoRet = 1)' "linux.seccomp.syscalls[0].errnoRet"
	refuse '.linux.seccomp.syscalls[0].errnoRet = 65536' "linux.seccomp.syscalls[0].errnoRet"
	refuse '.linux.seccomp.syscalls[0].args = [{value: 1, op: "SCMP_CMP_EQ"}]' "linux.seccomp.syscalls[0].args[0].index"
	refuse '.linux.seccomp.syscalls[0].args = [{index: 0, op: "SCMP_CMP_EQ"}]' "linux.seccomp.syscalls[0].args[0].value"
	refuse '.linux.seccomp.syscalls[0].args = [{index: 0, value: 1}]' "linux.seccomp.syscalls[0].args[0].op"
	refuse '.linux.seccomp.syscalls[0].args = [{index: 6, value: 1, op: "SCMP_CMP_EQ"}]' \
		"linux.seccomp.syscalls[0].args[0].index"
	refuse '.linux.seccomp.syscalls[0].args = [{index: 0, value: 1, op: "SCMP_CMP_NOSUCH"}]' \
		"linux.seccomp.syscalls[0].args[0].op" SCMP_CMP_NOSUCH
	all_refused
}

# ---------------------------------------------------------------- resources

@test "refused: linux.cgroupsPath and linux.resources.devices" {
	refuse '.linux.cgroupsPath = "/"' linux.cgroupsPath
	refuse '.linux.cgroupsPath = "/a/../../b"' linux.cgroupsPath
	refuse '.linux.resources.devices = [{type: "c"}]' "linux.resources.devices[0].allow"
	refuse '.linux.resources.devices = [{allow: true, type: "z", access: "r"}]' "linux.resources.devices[0].type"
	refuse '.linux.resources.devices = [{allow: true, access: "x"}]' "linux.resources.devices[0].access"
	refuse '.linux.resources.devices = [{allow: true, access: ""}]' "linux.resources.devices[0].access"
	refuse '.linux.resources.devices = [{allow: true, type: "c", major: -7, access: "r"}]' "linux.resources.devices[0].major"
	refuse '.linux.resources.devices = [{allow: true, type: "c", minor: 4294967296, access: "r"}]' \
		"linux.resources.devices[0].minor"
	all_refused
}

@test "refused: linux.resources.memory" {
	requires_controller memory
	refuse '.linux.resources.memory.limit = -2' linux.resources.memory.limit
	refuse '.linux.resources.memory.reservation = -2' linux.resources.memory.reservation
	refuse '.linux.resources.memory = {limit: 9000000, swap: -2}' linux.resources.memory.swap
	refuse '.linux.resources.memory = {limit: 9000000, swap: 1000000}' linux.resources.memory.swap
	refuse '.linux.resources.memory.swappiness = 101' linux.resources.memory.swappiness
	if [ "$(view)" = unified ]; then
		refuse '.linux.resources.memory.disableOOMKiller = true' linux.resources.memory.disableOOMKiller
	fi
	all_refused
}

@test "refused: linux.resources.cpu" {
	requires_controller cpu
	if [ "$(view)" != unified ]; then # there what is out of range becomes the least or the largest weight, as with runc
		refuse '.linux.resources.cpu.shares = 1' linux.resources.cpu.shares
		refuse '.linux.resources.cpu.shares = 262145' linux.resources.cpu.shares
	fi
	refuse '.linux.resources.cpu = {quota: 1, period: 100000}' linux.resources.cpu.quota
	refuse '.linux.resources.cpu = {period: 1}' linux.resources.cpu.period
	refuse '.linux.resources.cpu = {quota: 10000, period: 100000, burst: 20000}' linux.resources.cpu
	refuse '.linux.resources.cpu.cpus = "x"' linux.resources.cpu.cpus
	refuse '.linux.resources.cpu.cpus = "4000"' linux.resources.cpu.cpus
	refuse '.linux.resources.cpu.mems = "900"' linux.resources.cpu.mems
	refuse '.linux.resources.cpu.idle = 2' linux.resources.cpu.idle
	if [ "$(view)" = unified ]; then
		refuse '.linux.resources.cpu.realtimeRuntime = 1000' linux.resources.cpu.realtimeRuntime
		refuse '.linux.resources.cpu.realtimePeriod = 1000' linux.resources.cpu.realtimePeriod
	fi
	all_refused
}

@test "refused: linux.resources.blockIO" {
	requires_controller "$([ "$(view)" = unified ] && echo io || echo blkio)"
	refuse '.linux.resources.blockIO.weight = 9' linux.resources.blockIO.weight
	refuse '.linux.resources.blockIO.weight = 1001' linux.resources.blockIO.weight
	refuse '.linux.resources.blockIO.leafWeight = 9' linux.resources.blockIO.leafWeight
	refuse '.linux.resources.blockIO.weightDevice = [{major: 8, minor: 0, weight: 9}]' \
		"linux.resources.blockIO.weightDevice[0].weight"
	refuse '.linux.resources.blockIO.weightDevice = [{major: 8, minor: 0, leafWeight: 9}]' \
		"linux.resources.blockIO.weightDevice[0].leafWeight"
	refuse '.linux.resources.blockIO.weightDevice = [{major: 8, minor: 0}]' "linux.resources.blockIO.weightDevice[0]"
	refuse '.linux.resources.blockIO.weightDevice = [{minor: 0, weight: 10}]' "linux.resources.blockIO.weightDevice[0].major"
	refuse '.linux.resources.blockIO.weightDevice = [{major: -1, minor: 0, weight: 10}]' \
		"linux.resources.blockIO.weightDevice[0]"
	for t in throttleReadBpsDevice throttleWriteBpsDevice throttleReadIOPSDevice throttleWriteIOPSDevice; do
		refuse ".linux.resources.blockIO.$t = [{major: 8, minor: 0}]" "linux.resources.blockIO.${t}[0].rate"
		refuse ".linux.resources.blockIO.$t = [{major: 8, rate: 1}]" "linux.resources.blockIO.${t}[0].minor"
		refuse ".linux.resources.blockIO.$t = [{major: 4000, minor: 77, rate: 1}]" "linux.resources.blockIO.${t}"
	done
	all_refused
}

@test "refused: linux.resources: pids, hugepageLimits, network, rdma" {
	refuse '.linux.resources.hugepageLimits = [{limit: 1}]' "linux.resources.hugepageLimits[0].pageSize"
	refuse '.linux.resources.hugepageLimits = [{pageSize: "2MB"}]' "linux.resources.hugepageLimits[0].limit"
	refuse '.linux.resources.hugepageLimits = [{pageSize: "3MB", limit: 1}]' "linux.resources.hugepageLimits"
	refuse '.linux.resources.hugepageLimits = [{pageSize: "2/M", limit: 1}]' "linux.resources.hugepageLimits[0]"
	refuse '.linux.resources.network.priorities = [{priority: 1}]' "linux.resources.network.priorities[0].name"
	refuse '.linux.resources.network.priorities = [{name: "lo"}]' "linux.resources.network.priorities[0].priority"
	refuse '.linux.resources.network.priorities = [{name: "nosuch0", priority: 1}]' linux.resources.network.priorities
	refuse '.linux.resources.rdma = {"mlx5_1": {}}' linux.resources.rdma.mlx5_1
	refuse '.linux.resources.rdma = {"nosuch0": {hcaHandles: 1}}' linux.resources.rdma
	if [ "$(view)" = unified ]; then
		refuse '.linux.resources.network.classID = 1' linux.resources.network.classID
	fi
	all_refused
}

@test "refused: linux.resources.unified" {
	if [ "$(view)" = unified ]; then
		refuse '.linux.resources.unified = {"memory/max": "1"}' linux.resources.unified
		refuse '.linux.resources.unified = {"nosuch.max": "1"}' linux.resources.unified nosuch
		refuse '.linux.resources.unified = {"pids.nosuch": "1"}' pids.nosuch
		refuse '.linux.resources.unified = {"pids.max": "nonsense"}' pids.max
	else
		refuse '.linux.resources.unified = {"pids.max": "1"}' linux.resources.unified
	fi
	all_refused
}
