#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Terminals for the tests.

pty.py receive SOCKET OUT IN
    Listens on the unix socket, takes one terminal (SCM_RIGHTS) as a runtime hands it over with --console-socket,
    writes what it says to the file OUT and types what comes out of the fifo IN; ends when the terminal does. The first
    line of OUT is "received NAME", NAME being the data that came with the descriptor.

pty.py run [--size ROWSxCOLS] [--type TEXT --when TEXT]... [--resize ROWSxCOLS --when TEXT]... -- COMMAND...
    Runs the command with a terminal of its own as its controlling terminal and prints what it says. Each --type or
    --resize happens once the output since the last one holds its --when text. Exits as the command does. After it
    has ended, a last line "[modes same|changed raw=yes|no]" says whether the terminal's modes are what they were before
    and whether it was seen in raw mode in between.
"""

import array
import fcntl
import os
import select
import signal
import socket
import struct
import sys
import termios


def receive(path, out_path, in_path):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(1)
    conn, _ = listener.accept()
    fds = array.array("i")
    name, ancillary, _, _ = conn.recvmsg(4096, socket.CMSG_SPACE(fds.itemsize * 4))
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    if len(fds) != 1:
        sys.exit("received %d descriptors" % len(fds))
    conn.close()
    master = fds[0]
    with open(out_path, "wb", buffering=0) as out:
        out.write(b"received " + name.rstrip(b"\0") + b"\n")
        typed = os.open(in_path, os.O_RDWR | os.O_NONBLOCK)
        while True:
            ready, _, _ = select.select([master, typed], [], [], 30)
            if not ready:
                sys.exit("nothing happened on the terminal")
            if typed in ready:
                os.write(master, os.read(typed, 4096))
            if master in ready:
                try:
                    data = os.read(master, 4096)
                except OSError:
                    data = b""
                if not data:
                    return
                out.write(data)


def set_size(fd, size):
    rows, cols = (int(n) for n in size.split("x"))
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))


def parse(args):
    size, steps, pending = "24x80", [], None
    while args and args[0] != "--":
        if len(args) < 2:
            sys.exit("%s needs a value" % args[0])
        flag, value, args = args[0], args[1], args[2:]
        if flag == "--size":
            size = value
        elif flag in ("--type", "--resize"):
            pending = (flag, value)
        elif flag == "--when" and pending:
            steps.append((value.encode(), *pending))
            pending = None
        else:
            sys.exit("unknown option " + flag)
    if pending or len(args) < 2:
        sys.exit("usage: see the head of this file")
    return size, steps, args[1:]


def run(args):
    size, steps, command = parse(args)
    master, slave = os.openpty()
    set_size(slave, size)
    before = termios.tcgetattr(slave)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for fd in (0, 1, 2):
            os.dup2(slave, fd)
        os.closerange(3, 256)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.execvp(command[0], command)
    seen, raw, gone = b"", False, False
    pidfd = os.pidfd_open(pid)
    while not gone:
        ready, _, _ = select.select([master, pidfd], [], [], 25)
        if not ready:
            os.kill(pid, signal.SIGTERM)
            sys.exit("nothing happened; so far: %r" % seen)
        raw = raw or not termios.tcgetattr(slave)[3] & (termios.ICANON | termios.ECHO | termios.ISIG)
        gone = pidfd in ready
        while select.select([master], [], [], 0)[0]:
            data = os.read(master, 4096)
            seen += data
            os.write(1, data)
        while steps and steps[0][0] in seen:
            when, what, value = steps.pop(0)
            seen = seen[seen.index(when) + len(when):]
            if what == "--type":
                os.write(master, value.encode())
            else:
                set_size(master, value)
    _, code = os.waitpid(pid, 0)
    same = termios.tcgetattr(slave) == before
    print("\n[modes %s raw=%s]" % ("same" if same else "changed", "yes" if raw else "no"))
    sys.exit(os.waitstatus_to_exitcode(code) & 0xFF)


if len(sys.argv) == 5 and sys.argv[1] == "receive":
    receive(*sys.argv[2:])
elif len(sys.argv) > 2 and sys.argv[1] == "run":
    run(sys.argv[2:])
else:
    sys.exit(__doc__)
