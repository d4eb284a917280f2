#!/usr/bin/env python3
"""images/s of `inference-manager bench` beside ONNX Runtime's, in pairs, as a ratio.

    compare.py BINARY MODEL_SET [--workers N] [--batch N] [--rounds N]

Both run the same network with the same weights on as many workers of one thread each, in turn; which
of the two goes first alternates. A pair during which other processes took more than a tenth of a core
is measured again. Prints each pair, the median ratio, and a row for BENCHMARKS.md.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import network

# As long as one round of `inference-manager bench` takes, about.
SECONDS = 5
DISTURBED = 0.1


class OnnxRuntime:
    """As many processes as workers: two of one thread beat one of two."""

    def __init__(self, file, workers, batch):
        command = [sys.executable, Path(__file__).parent / "worker.py", file]
        pipe = subprocess.PIPE
        self.batch = batch
        self.processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(workers)]
        for process in self.processes:
            assert process.stdout.readline() == "ready\n"

    def images_per_second(self):
        for process in self.processes:
            process.stdin.write(f"{SECONDS} {self.batch}\n")
            process.stdin.flush()
        return sum(float(process.stdout.readline()) for process in self.processes)

    def cpu_seconds(self):
        return sum(cpu_seconds_of(process.pid) for process in self.processes)

    def close(self):
        for process in self.processes:
            process.stdin.close()
            process.wait()


class InferenceManager:
    def __init__(self, binary, model_set, workers, batch):
        self.command = [binary, "bench", "--inferrers", "features", "--json", "--models", model_set.parent]
        self.command += ["--workers", str(workers)] + (["--batch", str(batch)] if batch else [])
        self.last = {}

    def images_per_second(self):
        output = subprocess.run(self.command, check=True, stdout=subprocess.PIPE, text=True).stdout
        self.last = json.loads(output.strip().splitlines()[-1])["features"]
        return self.last["images_per_second"]


def cpu_seconds_of(pid):
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def others_cpu_seconds(onnx_runtime):
    """What everybody else has used of this machine's cores, since whenever."""
    busy = sum(map(int, Path("/proc/stat").read_text(encoding="ascii").split()[1:4])) / os.sysconf("SC_CLK_TCK")
    children = os.times()
    return busy - onnx_runtime.cpu_seconds() - sum(children[:4])


def pairs(ours, theirs, rounds):
    found, disturbed = [], 0
    while len(found) < rounds:
        before, start = others_cpu_seconds(theirs), time.monotonic()
        order = [ours, theirs] if (len(found) + disturbed) % 2 == 0 else [theirs, ours]
        speeds = {id(engine): engine.images_per_second() for engine in order}
        others = (others_cpu_seconds(theirs) - before) / (time.monotonic() - start)
        pair = speeds[id(ours)], speeds[id(theirs)]
        quiet = others < DISTURBED or disturbed >= 3 * rounds
        print(f"{pair[0]:9.1f} {pair[1]:9.1f} {pair[0] / pair[1]:6.3f}  others used {others:.2f} cores", end="")
        print("" if quiet else "; not counted", flush=True)
        if quiet:
            found.append(pair)
        else:
            disturbed += 1
    return found, disturbed


def processor():
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor() or platform.machine()


def instruction_sets():
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    return "AVX-512" if " avx512f" in flags else "AVX2" if " avx2" in flags else "no AVX2"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("binary", type=Path)
    parser.add_argument("model_set", type=Path, help="the folder of the features model")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--batch", type=int, help="ours; its own choice if not given")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as made:
        file = Path(made) / "lite0.onnx"
        cosine = network.export(options.model_set, file)
        print(f"ONNX Runtime meets our golden vector with cosine {cosine:.7f}")
        if cosine < 0.9999:
            sys.exit("this is not the same network")
        theirs = OnnxRuntime(file, options.workers, batch=1)
        ours = InferenceManager(options.binary, options.model_set, options.workers, options.batch)
        print(f"{'ours':>9} {'ONNX RT':>9} {'ratio':>6}  images/s, {options.workers} workers")
        found, disturbed = pairs(ours, theirs, options.rounds)
        theirs.close()

    ratios = [one / other for one, other in found]
    ratio, mine, other = map(statistics.median, (ratios, *zip(*found)))
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    version = subprocess.run([options.binary, "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout
    print(f"\nratio {ratio:.3f} (median of {len(found)} pairs, {min(ratios):.3f} to {max(ratios):.3f})")
    print(f"{disturbed} pairs measured again, load {load}")
    print(version.strip())
    print(
        f"\n| {datetime.date.today()} | features, EfficientNet-lite0 | {processor()}, {instruction_sets()} | "
        f"{options.workers} × 1 thread | {mine:.1f} | {other:.1f} | **{ratio:.2f}** "
        f"({min(ratios):.2f} to {max(ratios):.2f}, {len(found)} pairs) |"
    )


if __name__ == "__main__":
    main()
