#!/usr/bin/env python3
"""Counts the instructions of the hot work and holds them against those that were counted before.

    count.py            prints a table; exits 1 if some work takes more instructions than it may
    count.py --write    writes what is counted here to expected.json, as what is expected from now on

Instructions, unlike time, do not depend on what else a machine does, nor, with these precautions, on the machine:
valgrind shows every program a CPU of its own, with AVX2 and without AVX-512, whatever the host has beyond it, so
that the same kernels and the same variants of the C library's functions run everywhere; and the work is counted as
the difference between a run that does it a few times and one that does it a few times more, so that starting,
loading and packing do not count. What is left to differ is the compiler: expected.json names the one that it was
counted with, and another one is allowed more.

Needs valgrind, and target/release/examples/hot_work, which `cargo test` builds too. A host that is not x86-64 or has no
AVX2 runs other code; there the guard says that it does not apply, and ends well.
"""

import argparse
import concurrent.futures
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
EXPECTED = HERE / "expected.json"

# How often each kind is done in the shorter run and in the longer: often enough that a unit's share of what
# varies from run to run, such as the seeds of hash tables, is far below the margin. A network is run once, its
# working memory still to be made: valgrind takes half a minute for it, since it multiplies and adds in software.
TIMES = {"features": (0, 1), "decode": (1, 5), "resize": (1, 5), "palette": (5, 105), "document": (5, 105)}

# Far above what two runs of one build differ by, and below what the change of a hot loop makes.
MARGIN = 0.03
# Other compilers choose other instructions for the plain code around the kernels.
MARGIN_OF_ANOTHER_COMPILER = 0.10

# Of `rep movsb` and `rep stosb` each byte counts as an instruction, so that clearing a buffer would weigh thirty times
# as much as it costs, and a C library that chooses otherwise would make a tenth of the decoder's count.
ENVIRONMENT = {**os.environ, "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-ERMS"}

NEEDED = {"avx2", "fma", "f16c"}
SERVED_BY = "simd avx2"


def lacking(machine, flags):
    """Why the guard does not apply on such a host; None where it does."""
    if machine != "x86_64":
        return f"the kernels are for x86-64, and this host is {machine}"
    if missing := NEEDED - flags:
        return f"the kernels need AVX2, and this host lacks {', '.join(sorted(missing))}"
    return None


def flags_of_this_host():
    cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    found = re.search(r"^flags\s*:(.*)$", cpuinfo, re.MULTILINE)
    return set(found.group(1).split()) if found else set()


def compiler():
    return subprocess.run(["rustc", "--version"], check=True, capture_output=True, text=True).stdout.split()[1]


def instructions(program, kind, times):
    """Those of a whole run, all threads together."""
    with tempfile.NamedTemporaryFile() as out:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out.name}", program, kind, str(times)]
        run = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
        if run.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))} ended with {run.returncode}:\n{run.stderr}")
        if run.stdout.strip() != SERVED_BY:
            sys.exit(f"under valgrind networks compute on {run.stdout.strip()}, and not on {SERVED_BY}")
        (total,) = re.findall(r"^totals: (\d+)$", Path(out.name).read_text(encoding="utf-8"), re.MULTILINE)
    return int(total)


def count(program):
    """Instructions of one unit of each kind."""
    runs = [(kind, times) for kind, both in TIMES.items() for times in both]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        counted = dict(zip(runs, pool.map(lambda run: instructions(program, *run), runs)))
    return {
        kind: round((counted[kind, more] - counted[kind, few]) / (more - few)) for kind, (few, more) in TIMES.items()
    }


def compare(found, expected, margin):
    """Rows for a table, what is wrong, and what is better than expected; `expected` names every kind once."""
    rows, complaints, improvements = [], [], []
    if found.keys() != expected.keys():
        complaints.append(f"counted were {', '.join(found)}, expected are {', '.join(expected)}")
    for kind in found.keys() & expected.keys():
        ratio = found[kind] / expected[kind]
        rows.append(f"| {kind} | {found[kind]:,} | {expected[kind]:,} | {ratio:.4f} |")
        if ratio > 1 + margin:
            complaints.append(f"{kind} takes {ratio:.3f} times the instructions that are expected: at most {1 + margin:.2f}")
        elif ratio < 1 - margin:
            improvements.append(f"{kind} takes only {ratio:.3f} times the instructions that are expected")
    return sorted(rows), complaints, improvements


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write expected.json")
    options = parser.parse_args()

    if why := lacking(platform.machine(), flags_of_this_host()):
        print(f"note: the count of instructions does not apply: {why}")
        return
    found = count(Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/examples/hot_work")
    if options.write:
        written = json.dumps({"rustc": compiler(), "instructions": found}, indent=2)
        EXPECTED.write_text(written + "\n", encoding="utf-8")
        return
    expected = json.loads(EXPECTED.read_text(encoding="utf-8"))
    margin = MARGIN
    if compiler() != expected["rustc"]:
        margin = MARGIN_OF_ANOTHER_COMPILER
        print(f"note: counted with rustc {expected['rustc']}, compiled by {compiler()}: {margin:.0%} are allowed")
    rows, complaints, improvements = compare(found, expected["instructions"], margin)
    print("| work | instructions | expected | ratio |", "| --- | ---: | ---: | ---: |", *rows, sep="\n")
    for improvement in improvements:
        print(f"note: {improvement}; so that it stays so: tests/instructions/count.py --write")
    print(*complaints, sep="\n")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
