#!/usr/bin/env python3
"""Counts the instructions that a command and its children execute outside the kernel, on Linux on x86-64.

    instructions.py COMMAND...

Prints the number on stderr when the command has ended, and ends with its exit code. Unlike time it hardly
depends on what else the machine does: what a feature costs is the difference between two runs.
"""

import ctypes
import os
import struct
import sys

PERF_EVENT_OPEN = 298  # the system call's number on x86-64
HARDWARE, INSTRUCTIONS = 0, 1
DISABLED, INHERIT, EXCLUDE_KERNEL, EXCLUDE_HYPERVISOR, ENABLE_ON_EXEC = 1 << 0, 1 << 1, 1 << 5, 1 << 6, 1 << 12
SIZE = 112  # of struct perf_event_attr since Linux 4.1


def counter():
    flags = DISABLED | INHERIT | EXCLUDE_KERNEL | EXCLUDE_HYPERVISOR | ENABLE_ON_EXEC
    attributes = struct.pack("IIQQQQQ", HARDWARE, SIZE, INSTRUCTIONS, 0, 0, 0, flags).ljust(SIZE, b"\0")
    libc = ctypes.CDLL(None, use_errno=True)
    opened = libc.syscall(PERF_EVENT_OPEN, ctypes.create_string_buffer(attributes, SIZE), 0, -1, -1, 0)
    if opened < 0:
        sys.exit(f"no counter of instructions: {os.strerror(ctypes.get_errno())} (see kernel.perf_event_paranoid)")
    return opened


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    opened = counter()
    child = os.fork()
    if child == 0:
        os.execvp(sys.argv[1], sys.argv[1:])
    _, status = os.waitpid(child, 0)
    (count,) = struct.unpack("Q", os.read(opened, 8))
    print(f"{count:,} instructions", file=sys.stderr)
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
