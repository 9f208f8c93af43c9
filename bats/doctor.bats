#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# doctor: what it says of the host is so, and what is broken on purpose is found.

load helpers

# level PART: of its first line. found PART: all that was found. advice PART.
level() { jq -r --arg p "$1" 'map(select(.part == $p))[0].level' <<<"$out"; }
found() { jq -r --arg p "$1" '.[] | select(.part == $p) | .found' <<<"$out"; }
advice() { jq -r --arg p "$1" '.[] | select(.part == $p) | .advice' <<<"$out"; }

@test "doctor: kernel, namespaces and cgroups are this host's" {
	rt doctor --format json
	is "$(found kernel)" "$(uname -r)"
	has "$(found namespaces)" "mnt pid net"
	is "$(found cgroups | head -n 1 | cut -d: -f1)" "$(view | sed 's/legacy/v1/; s/unified/v2/')"
	for c in memory pids; do
		if [ -n "$(v1_mount "$c")" ] || has_v2_controller "$c"; then
			has_not "$(found cgroups)" "no $c controller"
		else
			has "$(found cgroups)" "no $c controller"
		fi
	done
	has "$(found seccomp)" "SECCOMP_FILTER_FLAG_LOG"
}

@test "doctor: every line that is not ok says what to do" {
	rt doctor --format json
	jq -e 'length > 8 and all(.level == "ok" or .advice != "")' <<<"$out"
	rt doctor
	[ "$(grep -cE '^(ok|warning|problem) ' <<<"$out")" -ge 8 ]
}

@test "doctor: a system call that is filtered away" {
	command -v unshare >/dev/null
	cat >filter.py <<-'PY'
		import ctypes, os, struct, sys
		# openat2 answers ENOSYS
		def ins(code, jt, jf, k): return struct.pack("HBBI", code, jt, jf, k)
		code = ins(0x20, 0, 0, 0) + ins(0x15, 0, 1, 437) + ins(0x06, 0, 0, 0x00050000 | 38) + ins(0x06, 0, 0, 0x7fff0000)
		buf = ctypes.create_string_buffer(code, len(code))
		prog = struct.pack("HxxxxxxP", 4, ctypes.addressof(buf))
		libc = ctypes.CDLL(None, use_errno=True)
		assert libc.prctl(38, 1, 0, 0, 0) == 0
		assert libc.prctl(22, 2, prog, 0, 0) == 0
		os.execv(sys.argv[1], sys.argv[1:])
	PY
	out=$("$PYTHON" filter.py "$RUNTIME" --root "$ROOT" doctor --format json) || true
	has "$(found "system calls")" "no openat2"
	has_not "$(found "system calls" | tail -n 1)" "openat2"
}

@test "doctor: engines, set up or not" {
	mkdir -p etc/docker bin
	for p in dockerd podman; do
		printf '#!/bin/sh\n' >bin/$p
		chmod 755 bin/$p
	done
	in_etc() {
		out=$(unshare -m sh -c 'mount --bind "$1" /etc && PATH=$2:$PATH "$3" --root "$4" doctor --format json' \
			sh "$BUNDLE/etc" "$BUNDLE/bin" "$RUNTIME" "$ROOT") || true
	}
	in_etc
	is "$(level docker) $(level podman)" "warning warning"
	has "$(advice docker)" daemon.json
	printf '{"runtimes": {"enviro-oci": {"path": "%s"}}}\n' "$BUNDLE/bin/enviro-oci" >etc/docker/daemon.json
	in_etc
	is "$(level docker)" problem
	cp bin/podman bin/enviro-oci
	in_etc
	is "$(level docker)" ok
}

@test "doctor: a cache that is not ours alone" {
	set_args true
	rt_ok run "$ID"
	rt doctor --format json
	is "$(level cache)" ok
	chmod 777 "$ROOT/@cache"
	rt doctor --format json
	is "$status" 1
	is "$(level cache)" problem
}

@test "doctor: rootless ids" {
	rt --rootless true doctor --format json
	jq -e 'any(.part == "id maps")' <<<"$out"
}

@test "doctor: nothing is made; colour on a terminal only, and not with NO_COLOR" {
	ROOT=$BUNDLE/none
	rt doctor
	[ ! -e "$BUNDLE/none" ]
	has_not "$out" $'\033'
	in_terminal() { "$PYTHON" -c 'import pty, sys; pty.spawn(sys.argv[1:])' "$@" </dev/null; }
	has "$(TERM=xterm in_terminal "$RUNTIME" doctor)" $'\033[32m'
	has_not "$(TERM=xterm NO_COLOR=1 in_terminal "$RUNTIME" doctor)" $'\033'
}
