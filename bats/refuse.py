#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""refuse.py ERRNO CALL[,CALL...] COMMAND...

Executes the command under a seccomp filter that answers these system calls with the error (ENOSYS: a kernel that does not
know them; EPERM: an engine's filter around us). CLOSE_RANGE_CLOEXEC is close_range with a flag.
"""

import ctypes
import errno
import os
import platform
import struct
import sys

CALLS = {
    "memfd_create": {"x86_64": 319, "aarch64": 279}[platform.machine()],
    "pidfd_send_signal": 424, "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432,
    "pidfd_open": 434, "clone3": 435, "close_range": 436, "openat2": 437, "pidfd_getfd": 438, "faccessat2": 439,
    "process_madvise": 440, "epoll_pwait2": 441, "mount_setattr": 442, "landlock_create_ruleset": 444,
    "landlock_add_rule": 445, "landlock_restrict_self": 446, "statmount": 457, "listmount": 458,
    "open_tree_attr": 467,
}
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2
LD, JEQ, RET = 0x20, 0x15, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000

number = getattr(errno, sys.argv[1])
names = sys.argv[2].split(",")
flag = "CLOSE_RANGE_CLOEXEC" in names
names = [n for n in names if n != "CLOSE_RANGE_CLOEXEC"]
code = [(LD, 0, 0, 0)]
for i, name in enumerate(names):
    code.append((JEQ, len(names) - i + 3 * flag, 0, CALLS[name]))
if flag:  # its third argument; 0: allowed
    code += [(JEQ, 0, 2, CALLS["close_range"]), (LD, 0, 0, 16 + 8 * 2), (JEQ, 0, 1, 0)]
code += [(RET, 0, 0, ALLOW), (RET, 0, 0, ERRNO | number)]
text = b"".join(struct.pack("HBBI", *c) for c in code)
buf = ctypes.create_string_buffer(text)
prog = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code), ctypes.addressof(buf)))
libc = ctypes.CDLL(None, use_errno=True)
if os.geteuid() != 0 and libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
    sys.exit("no_new_privs: " + os.strerror(ctypes.get_errno()))
if libc.prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(prog), 0, 0):
    sys.exit("seccomp: " + os.strerror(ctypes.get_errno()))
os.execvp(sys.argv[3], sys.argv[3:])
