#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A small client of the Kubernetes container runtime interface, in the kubelet's place.

cri.py SOCKET METHOD [JSON]
    Calls a method of the RuntimeService (or, for those of images, the ImageService) and prints the answer as JSON.

cri.py SOCKET exec|attach [-t] [--size ROWSxCOLS] [--type TEXT --when TEXT]... ID [COMMAND...]
    A stream: prints what comes, types TEXT when what came holds the --when text; ends with the command's status.
"""

import base64
import json
import os
import re
import socket
import struct
import sys
import urllib.parse

# Message -> field -> (number, type). Types: s string, i integer, m map of strings; "[" in front: repeated.
MESSAGES = {
    "Value": {"value": (1, "i")},
    "PodMeta": {"name": (1, "s"), "uid": (2, "s"), "namespace": (3, "s"), "attempt": (4, "i")},
    "IDMapping": {"host_id": (1, "i"), "container_id": (2, "i"), "length": (3, "i")},
    "UserNs": {"mode": (1, "i"), "uids": (2, "[IDMapping"), "gids": (3, "[IDMapping")},
    "Namespaces": {"network": (1, "i"), "pid": (2, "i"), "ipc": (3, "i"), "target_id": (4, "s"), "userns_options": (5, "UserNs")},
    "Profile": {"profile_type": (1, "i"), "localhost_ref": (2, "s")},
    "PodSecurity": {"namespace_options": (1, "Namespaces"), "run_as_user": (3, "Value"), "readonly_rootfs": (4, "i"),
                    "supplemental_groups": (5, "[i"), "privileged": (6, "i"), "run_as_group": (8, "Value"), "seccomp": (9, "Profile")},
    "PodLinux": {"cgroup_parent": (1, "s"), "security_context": (2, "PodSecurity"), "sysctls": (3, "m")},
    "Dns": {"servers": (1, "[s"), "searches": (2, "[s"), "options": (3, "[s")},
    "PodConfig": {"metadata": (1, "PodMeta"), "hostname": (2, "s"), "log_directory": (3, "s"), "dns_config": (4, "Dns"),
                  "labels": (6, "m"), "annotations": (7, "m"), "linux": (8, "PodLinux")},
    "Meta": {"name": (1, "s"), "attempt": (2, "i")},
    "Image": {"image": (1, "s")},
    "KeyValue": {"key": (1, "s"), "value": (2, "s")},
    "Mount": {"container_path": (1, "s"), "host_path": (2, "s"), "readonly": (3, "i"), "propagation": (5, "i"),
              "uidMappings": (6, "[IDMapping"), "gidMappings": (7, "[IDMapping"), "recursive_read_only": (8, "i")},
    "Device": {"container_path": (1, "s"), "host_path": (2, "s"), "permissions": (3, "s")},
    "Resources": {"cpu_period": (1, "i"), "cpu_quota": (2, "i"), "cpu_shares": (3, "i"), "memory_limit_in_bytes": (4, "i"),
                  "oom_score_adj": (5, "i"), "cpuset_cpus": (6, "s"), "cpuset_mems": (7, "s"), "unified": (9, "m"),
                  "memory_swap_limit_in_bytes": (10, "i")},
    "Capabilities": {"add_capabilities": (1, "[s"), "drop_capabilities": (2, "[s"), "add_ambient_capabilities": (3, "[s")},
    "Security": {"capabilities": (1, "Capabilities"), "privileged": (2, "i"), "namespace_options": (3, "Namespaces"),
                 "run_as_user": (5, "Value"), "run_as_username": (6, "s"), "readonly_rootfs": (7, "i"),
                 "supplemental_groups": (8, "[i"), "no_new_privs": (11, "i"), "run_as_group": (12, "Value"),
                 "masked_paths": (13, "[s"), "readonly_paths": (14, "[s"), "seccomp": (15, "Profile")},
    "Linux": {"resources": (1, "Resources"), "security_context": (2, "Security")},
    "Config": {"metadata": (1, "Meta"), "image": (2, "Image"), "command": (3, "[s"), "args": (4, "[s"), "working_dir": (5, "s"),
               "envs": (6, "[KeyValue"), "mounts": (7, "[Mount"), "devices": (8, "[Device"), "labels": (9, "m"),
               "annotations": (10, "m"), "log_path": (11, "s"), "stdin": (12, "i"), "stdin_once": (13, "i"), "tty": (14, "i"),
               "linux": (15, "Linux")},
    "Status": {"id": (1, "s"), "state": (3, "i"), "exit_code": (7, "i"), "reason": (10, "s"), "message": (11, "s")},
    "PodStatus": {"id": (1, "s"), "state": (3, "i")},
    "Number": {"value": (1, "i")},
    "Cpu": {"usage_core_nano_seconds": (2, "Number")},
    "Memory": {"working_set_bytes": (2, "Number")},
    "StatsOf": {"id": (1, "s")},
    "Processes": {"process_count": (2, "Number")},
    "LinuxStats": {"cpu": (1, "Cpu"), "memory": (2, "Memory"), "process": (4, "Processes"), "containers": (5, "[Stats")},
    "PodStats": {"linux": (2, "LinuxStats")},
    "Features": {"recursive_read_only_mounts": (1, "i"), "user_namespaces": (2, "i")},
    "Handler": {"name": (1, "s"), "features": (2, "Features")},
    "Stats": {"attributes": (1, "StatsOf"), "cpu": (2, "Cpu"), "memory": (3, "Memory")},
    "Condition": {"type": (1, "s"), "status": (2, "i"), "reason": (3, "s"), "message": (4, "s")},
    "Conditions": {"conditions": (1, "[Condition")},
    "Container": {"id": (1, "s"), "pod_sandbox_id": (2, "s"), "state": (6, "i")},
    "Pod": {"id": (1, "s"), "state": (3, "i")},
}
ID = {"container_id": (1, "s")}
POD = {"pod_sandbox_id": (1, "s")}
URL = {"url": (1, "s")}
# Method -> (fields of the request, fields of the answer)
METHODS = {
    "Version": ({}, {"version": (1, "s"), "runtime_name": (2, "s"), "runtime_version": (3, "s")}),
    "Status": ({"verbose": (1, "i")}, {"status": (1, "Conditions"), "info": (2, "m"), "runtime_handlers": (3, "[Handler")}),
    "RunPodSandbox": ({"config": (1, "PodConfig"), "runtime_handler": (2, "s")}, POD),
    "StopPodSandbox": (POD, {}),
    "RemovePodSandbox": (POD, {}),
    "PodSandboxStatus": ({**POD, "verbose": (2, "i")}, {"status": (1, "PodStatus"), "info": (2, "m")}),
    "ListPodSandbox": ({}, {"items": (1, "[Pod")}),
    "CreateContainer": ({**POD, "config": (2, "Config"), "sandbox_config": (3, "PodConfig")}, ID),
    "StartContainer": (ID, {}),
    "StopContainer": ({**ID, "timeout": (2, "i")}, {}),
    "RemoveContainer": (ID, {}),
    "ListContainers": ({}, {"containers": (1, "[Container")}),
    "ContainerStatus": ({**ID, "verbose": (2, "i")}, {"status": (1, "Status"), "info": (2, "m")}),
    "UpdateContainerResources": ({**ID, "linux": (2, "Resources")}, {}),
    "ReopenContainerLog": (ID, {}),
    "ExecSync": ({**ID, "cmd": (2, "[s"), "timeout": (3, "i")}, {"stdout": (1, "s"), "stderr": (2, "s"), "exit_code": (3, "i")}),
    "Exec": ({**ID, "cmd": (2, "[s"), "tty": (3, "i"), "stdin": (4, "i"), "stdout": (5, "i"), "stderr": (6, "i")}, URL),
    "Attach": ({**ID, "stdin": (2, "i"), "tty": (3, "i"), "stdout": (4, "i"), "stderr": (5, "i")}, URL),
    "PodSandboxStats": (POD, {"stats": (1, "PodStats")}),
    "ContainerStats": (ID, {"stats": (1, "Stats")}),
}


def varint(n):
    n &= (1 << 64) - 1
    out = bytearray()
    while True:
        out.append(n & 0x7F | (0x80 if n > 0x7F else 0))
        n >>= 7
        if not n:
            return bytes(out)


def block(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def encode_one(number, kind, value):
    if kind == "i":
        return varint(number << 3) + varint(int(value))
    if kind == "s":
        return block(number, value.encode())
    if kind == "m":
        return b"".join(block(number, block(1, k.encode()) + block(2, v.encode())) for k, v in value.items())
    return block(number, encode(MESSAGES[kind], value))


def encode(fields, message):
    out = b""
    for name, value in message.items():
        number, kind = fields[name]
        for v in value if kind[0] == "[" else [value]:
            out += encode_one(number, kind.lstrip("["), v)
    return out


def split(data):
    at = 0

    def read():
        nonlocal at
        n = shift = 0
        while True:
            b = data[at]
            at += 1
            n |= (b & 0x7F) << shift
            shift += 7
            if b < 0x80:
                return n

    while at < len(data):
        key = read()
        if key & 7 == 0:
            yield key >> 3, read()
        elif key & 7 == 2:
            size = read()
            yield key >> 3, data[at:at + size]
            at += size
        else:
            at += 8 if key & 7 == 1 else 4


def decode(fields, data):
    numbers = {number: (name, kind) for name, (number, kind) in fields.items()}
    out = {}
    for number, value in split(data):
        if number not in numbers:
            continue
        name, kind = numbers[number]
        if kind == "m":
            pair = dict(split(value))
            out.setdefault(name, {})[pair.get(1, b"").decode()] = pair.get(2, b"").decode()
            continue
        base = kind.lstrip("[")
        if base == "s":
            value = value.decode(errors="replace")
        elif base == "i":
            value = value - (1 << 64) if value >> 63 else value
        else:
            value = decode(MESSAGES[base], value)
        if kind[0] == "[":
            out.setdefault(name, []).append(value)
        else:
            out[name] = value
    return out


def call(path, method, request):
    import grpc

    asked, answered = METHODS[method]
    with grpc.insecure_channel("unix://" + path) as channel:
        stub = channel.unary_unary("/runtime.v1.RuntimeService/" + method, request_serializer=lambda m: encode(asked, m),
                                   response_deserializer=lambda d: decode(answered, d))
        try:
            return stub(request, timeout=50)
        except grpc.RpcError as e:
            sys.exit("%s: %s" % (method, e.details()))


class WebSocket:
    """What the streaming server speaks beside SPDY: the first byte of each message is the channel."""

    def __init__(self, url):
        u = urllib.parse.urlsplit(url)
        self.s = socket.create_connection((u.hostname, u.port), timeout=30)
        key = base64.b64encode(os.urandom(16)).decode()
        self.s.sendall(("GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n"
                        % (u.path + ("?" + u.query if u.query else ""), u.netloc, key)).encode())
        self.f = self.s.makefile("rb")
        status = self.f.readline().decode()
        if " 101 " not in status:
            sys.exit("stream: " + status)
        while self.f.readline().strip():
            pass

    def send(self, channel, data):
        data = bytes([channel]) + data
        mask = os.urandom(4)
        size = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0x80 | 126]) + struct.pack(">H", len(data))
        self.s.sendall(b"\x82" + size + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def messages(self):
        while True:
            head = self.f.read(2)
            if len(head) < 2 or head[0] & 0xF == 8:
                return
            size = head[1] & 0x7F
            if size == 126:
                size = struct.unpack(">H", self.f.read(2))[0]
            elif size == 127:
                size = struct.unpack(">Q", self.f.read(8))[0]
            data = self.f.read(size)
            if data and head[0] & 0xF in (1, 2):
                yield data[0], data[1:]


def stream(path, verb, args):
    tty, size, steps = 0, None, []
    while args and args[0].startswith("-"):
        flag = args.pop(0)
        if flag == "-t":
            tty = 1
        elif flag == "--size":
            size = args.pop(0).split("x")
        elif flag == "--type":
            text = args.pop(0)
            assert args.pop(0) == "--when"
            steps.append((args.pop(0), text))
        else:
            sys.exit("unknown option " + flag)
    request = {"container_id": args[0], "tty": tty, "stdin": 1, "stdout": 1, "stderr": 0 if tty else 1}
    if verb == "exec":
        request["cmd"] = args[1:]
    ws = WebSocket(call(path, verb.capitalize(), request)["url"])
    if size:
        ws.send(4, json.dumps({"Height": int(size[0]), "Width": int(size[1])}).encode())
    seen = ""
    for channel, data in ws.messages():
        if channel == 3:
            status = json.loads(data) if data.strip() else {}
            if status.get("status") == "Failure":
                code = re.search(r'"ExitCode","message":"(\d+)"', json.dumps(status, separators=(",", ":")))
                sys.exit(int(code.group(1)) if code else status.get("message", "failed"))
            return
        seen += data.decode(errors="replace")
        (sys.stdout if channel == 1 else sys.stderr).buffer.write(data)
        sys.stdout.flush()
        while steps and steps[0][0] in seen:
            when, text = steps.pop(0)
            seen = seen[seen.index(when) + len(when):]
            ws.send(0, text.encode())


if len(sys.argv) < 3:
    sys.exit(__doc__)
elif sys.argv[2] in ("exec", "attach"):
    stream(sys.argv[1], sys.argv[2], sys.argv[3:])
else:
    print(json.dumps(call(sys.argv[1], sys.argv[2], json.loads(sys.argv[3] if len(sys.argv) > 3 else "{}"))))
