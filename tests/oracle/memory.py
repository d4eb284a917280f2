#!/usr/bin/env python3
"""Runs a command and watches its memory: bounded, and flat once it is under way.

    memory.py --weights FILE --out OUT [--bounded] -- COMMAND...

Bounded: never more than twice the weights and 250 MiB. Flat: once a tenth of the journal in OUT is
written, the most of the second half is at most a twentieth (or 16 MiB) above the most before it.
With --bounded that alone is asked. Exits 1 if either fails, or with the command's own status.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

MEBIBYTE = 1 << 20
ALLOWED_BESIDE_WEIGHTS = 250 * MEBIBYTE
EVERY = 0.02


def resident(pid):
    """Resident bytes now and their peak, both as the kernel counts them; None once it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return None
    found = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.startswith(("VmRSS", "VmHWM"))}
    return (found["VmRSS"], found["VmHWM"]) if found else None


def watch(command, journal):
    """The command's status, its peak, and its memory at each size of the journal, in order."""
    process = subprocess.Popen(command)
    peak, samples, written = 0, [], 0
    while process.poll() is None:
        if found := resident(process.pid):
            written = max(written, journal.stat().st_size if journal.exists() else 0)
            samples.append((written, found[0]))
            peak = max(peak, found[1])
        time.sleep(EVERY)
    return process.returncode, peak, samples


def too_much(peak, limit):
    return [f"peak {peak / MEBIBYTE:.1f} MiB, allowed {limit / MEBIBYTE:.1f}"] if peak > limit else []


def judge(peak, samples, limit):
    """The complaints, and the most of each of the two stretches that are compared."""
    whole = max(written for written, _ in samples)
    early = [size for written, size in samples if whole / 10 <= written < whole / 2]
    late = [size for written, size in samples if written >= whole / 2]
    if not early or not late:
        return ["too few samples: is the run long enough, and its journal where it should be?"], (0, 0)
    most = max(early), max(late)
    complaints = too_much(peak, limit)
    if most[1] > max(most[0] * 1.05, most[0] + 16 * MEBIBYTE):
        complaints.append("memory grows with the number of pictures")
    return complaints, most


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--bounded", action="store_true", help="a short run need not be flat")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()

    status, peak, samples = watch(options.command, options.out / ".journal")
    if status != 0:
        sys.exit(status)
    limit = 2 * options.weights.stat().st_size + ALLOWED_BESIDE_WEIGHTS
    said = f"memory: peak {peak / MEBIBYTE:.1f} MiB of {limit / MEBIBYTE:.1f} allowed"
    if options.bounded:
        complaints = too_much(peak, limit)
    else:
        complaints, (early, late) = judge(peak, samples, limit)
        said += f"; most before half of the run {early / MEBIBYTE:.1f} MiB, after {late / MEBIBYTE:.1f} MiB"
    print(said)
    print(*complaints, sep="\n")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
