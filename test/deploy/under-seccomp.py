# Runs a command under a system-call filter as systemd installs it: usage: under-seccomp.py NAME... -- COMMAND...
# What is not named fails with EPERM, which is SystemCallErrorNumber= of the units.
import ctypes
import os
import sys

EPERM = 1
ACT_ERRNO = 0x00050000 | EPERM
ACT_ALLOW = 0x7FFF0000

split = sys.argv.index("--")
names, command = sys.argv[1:split], sys.argv[split + 1 :]
library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
library.seccomp_init.restype = ctypes.c_void_p
context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(ACT_ERRNO)))
for name in names:
    number = library.seccomp_syscall_resolve_name(name.encode())
    # Other architectures' calls have no number here.
    if number >= 0:
        library.seccomp_rule_add(context, ctypes.c_uint32(ACT_ALLOW), number, 0)
if library.seccomp_load(context) != 0:
    sys.exit("the filter cannot be loaded")
os.execv(command[0], command)
