#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# linux.seccomp's listener: the container process state as config-linux.md has it; flags. What filters do is in
# seccomp.bats.

load helpers

# agent: accepts connections on $AGENT for ever. Of each it notes, as a line of JSON, the text that came, how many
# descriptors came with the first byte and later, what they are, and whether the other end then closed. A system call
# that is notified is answered with ENOTUNIQ (76).
agent() {
	CONSOLE_DIR=$(mktemp -d /tmp/ebt-con.XXXXXX)
	AGENT="$CONSOLE_DIR/s"
	cat >"$BATS_TEST_TMPDIR/agent.py" <<'PY'
import array, fcntl, json, os, socket, struct, sys, threading

RECV, SEND = 0xC0502100, 0xC0182101

def serve(fd):
    while True:
        req = bytearray(80)
        try:
            fcntl.ioctl(fd, RECV, req)
            fcntl.ioctl(fd, SEND, bytearray(struct.pack("QqiI", struct.unpack("Q", req[:8])[0], 0, -76, 0)))
        except OSError:
            return

s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.bind(sys.argv[1])
s.listen(5)
while True:
    c, _ = s.accept()
    c.settimeout(10)
    text, first, later = b"", [], 0
    while True:
        data, anc, _, _ = c.recvmsg(512, socket.CMSG_SPACE(64))
        for _, _, d in anc:
            fds = array.array("i")
            fds.frombytes(d[: len(d) - len(d) % 4])
            if text:
                later += len(fds)
            else:
                first = list(fds)
        if not data:
            break
        text += data
    print(json.dumps({"doc": json.loads(text), "first": len(first), "later": later,
                      "kind": [os.readlink("/proc/self/fd/%d" % f) for f in first]}), flush=True)
    for f in first:
        threading.Thread(target=serve, args=(f,), daemon=True).start()
PY
	background "$PYTHON" "$BATS_TEST_TMPDIR/agent.py" "$AGENT"
	agent_out=$bg_out
	wait_for test -S "$AGENT"
}

notify_profile() {
	set_config ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", listenerPath: \"$AGENT\",
		syscalls: [{names: [\"mkdir\", \"mkdirat\"], action: \"SCMP_ACT_NOTIFY\"}]}"
}

# nth N FILTER: of the N-th connection.
nth() {
	wait_for test "$(wc -l <"$agent_out")" -ge "$1"
	sed -n "$1p" "$agent_out" | jq -rc "$2"
}

@test "seccomp agent: the container process state, one for each connection, which is closed" {
	agent
	notify_profile
	set_config '.linux.seccomp.listenerMetadata = "any \"text\" at all"' '.annotations = {"org.example": "value"}'
	set_script 'mkdir /tmp/x; sleep 1000'
	rt_ok create "$ID"
	pid=$(pid_of "$ID")
	rt_ok start "$ID"
	is "$(nth 1 '.doc | keys | join(" ")')" "fds metadata ociVersion pid state"
	is "$(nth 1 '.doc.fds')" '["seccompFd"]'
	is "$(nth 1 '[.first, .later]')" '[1,0]'
	has "$(nth 1 '.kind[0]')" seccomp
	is "$(nth 1 '.doc.pid')" "$pid"
	is "$(nth 1 '.doc.metadata')" 'any "text" at all'
	[[ $(nth 1 '.doc.ociVersion') == 1.* ]]
	is "$(nth 1 '.doc.state.id')" "$ID"
	is "$(nth 1 '.doc.state.pid')" "$pid"
	is "$(nth 1 '.doc.state.status')" creating
	is "$(nth 1 '.doc.state.bundle')" "$BUNDLE"
	is "$(nth 1 '.doc.state.annotations')" '{"org.example":"value"}'
	is "$(wc -l <"$agent_out")" 1
}

@test "seccomp agent: without metadata there is none; the answers arrive" {
	agent
	notify_profile
	set_script 'mkdir /tmp/x 2>&1'
	rt run "$ID"
	is "$status" 1
	has "$out" "not unique"
	is "$(nth 1 '.doc.metadata // ""')" ""
}

@test "seccomp agent: a process that is exec'ed has a connection of its own" {
	agent
	notify_profile
	sleeper
	rt exec "$ID" mkdir /tmp/x
	is "$status" 1
	has "$err" "not unique"
	is "$(nth 2 '.doc.state.id')" "$ID"
	is "$(nth 2 '.doc.state.status')" running
	is "$(nth 2 '.doc.state.pid')" "$(pid_of "$ID")"
	[ "$(nth 2 '.doc.pid')" != "$(pid_of "$ID")" ]
}

@test "seccomp agent: a path that is ignored, for nothing is notified" {
	set_config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/no/such",
		syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]}'
	rt_ok run "$ID"
}

@test "seccomp agent: one that does not listen, or is no socket, is an error" {
	AGENT="$BUNDLE/config.json"
	notify_profile
	rt_fails create "$ID"
	says linux.seccomp.listenerPath "$AGENT"
	nothing_left
}

@test "seccomp: each flag that the kernel supports" {
	rt_ok features
	for f in $(jq -r '.linux.seccomp.supportedFlags[]' <<<"$out"); do
		action=ERRNO
		listener=
		if [ "$f" = SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV ]; then
			agent
			action=NOTIFY
			listener="listenerPath: \"$AGENT\","
		fi
		set_config ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", $listener flags: [\"$f\"],
			syscalls: [{names: [\"mkdir\", \"mkdirat\"], action: \"SCMP_ACT_$action\"}]}"
		set_args sh -c 'grep "^Seccomp:" /proc/self/status; grep Store /proc/self/status; mkdir /tmp/x 2>/dev/null || echo denied'
		rt_ok run "$ID"
		has "$out" denied
		if [ "$f" = SECCOMP_FILTER_FLAG_SPEC_ALLOW ]; then
			has_not "$out" "mitigated by seccomp"
		fi
	done
}

@test "seccomp: every architecture of features in one profile that this machine's byte order allows" {
	rt_ok features
	jq --argjson a "$(jq '[.linux.seccomp.archs[] | select(test("ARCH_(X86|X86_64|X32|ARM|AARCH64|RISCV64|MIPSEL|MIPSEL64|PPC64LE)$"))]' \
		<<<"$out")" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: $a,
		syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 33}]}' config.json >c && mv c config.json
	set_args mkdir /tmp/x
	rt run "$ID"
	is "$status" 1
	has "$err" "out of domain"
}
