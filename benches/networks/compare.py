#!/usr/bin/env python3
"""images/s of `inference-manager bench` and of its peers, in rounds, as ratios to ONNX Runtime.

    compare.py BINARY MODEL_SET... [--rten FILE] [--workers N] [--batch N] [--rounds N] [--engines LIST]

All compute the same network with the same weights on as many workers of one thread each, one engine after
the other; who goes first changes from round to round. A round during which other processes took more than a
tenth of a core is measured again. Prints each round, and rows for BENCHMARKS.md: medians, and the median, least
and greatest of the rounds' ratios.
"""

import argparse
import datetime
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import network
from engines import InferenceManager, Peer

DISTURBED = 0.1
PEERS = {
    "ONNX Runtime": "onnxruntime_worker.py",
    "OpenVINO": "openvino_worker.py",
    "PyTorch": "torch_worker.py",
}
REFERENCE = "ONNX Runtime"


def others_cpu_seconds(engines):
    """What everybody else has used of this machine's cores, since whenever."""
    busy = sum(map(int, Path("/proc/stat").read_text(encoding="ascii").split()[1:4])) / os.sysconf("SC_CLK_TCK")
    return busy - sum(engine.cpu_seconds() for engine in engines) - sum(os.times()[:4])


def rounds(engines, wanted):
    """As many undisturbed rounds, each with the images a second of every engine; and how many were disturbed."""
    found, disturbed = [], 0
    while len(found) < wanted:
        first = (len(found) + disturbed) % len(engines)
        before, start = others_cpu_seconds(engines), time.monotonic()
        speeds = {engine.name: engine.images_per_second() for engine in engines[first:] + engines[:first]}
        others = (others_cpu_seconds(engines) - before) / (time.monotonic() - start)
        quiet = others < DISTURBED or disturbed >= 3 * wanted
        told = "".join(f"{speeds[engine.name]:15.2f}" for engine in engines)
        print(f"{told}  others used {others:.2f} cores{'' if quiet else '; not counted'}", flush=True)
        if quiet:
            found.append(speeds)
        else:
            disturbed += 1
    return found, disturbed


def compare(options, model_set, made):
    """The rows of one network."""
    file = Path(made) / f"{model_set.name}.onnx"
    name, cosine = network.export(model_set / "features", file)
    print(f"\n{name}: ONNX Runtime meets our golden vector with cosine {cosine:.7f}")
    if cosine < 0.9999:
        sys.exit("this is not the same network")
    engines = started(options, model_set, file)
    print("".join(f"{engine.name:>15}" for engine in engines), f" images/s, {options.workers} workers")
    found, disturbed = rounds(engines, options.rounds)
    for engine in engines:
        engine.close()
    print(f"{disturbed} rounds measured again, load {' '.join(f'{value:.2f}' for value in os.getloadavg())}")
    return [row(name, engine.name, found, options) for engine in engines]


def started(options, model_set, file):
    def wanted(name):
        return not options.engines or name in options.engines

    ours = [options.binary, model_set, options.workers, options.batch]
    engines = [InferenceManager("ours", *ours), InferenceManager("burn flex", *ours, "--device", "flex")]
    if instruction_sets() == "AVX-512":
        engines.insert(1, InferenceManager("ours on AVX2", *ours, "--device", "simd-avx2"))
    peers = PEERS | ({"rten": options.rten} if options.rten else {})
    others = [Peer(name, program, file, options.workers, 1) for name, program in peers.items() if wanted(name)]
    return [engine for engine in engines if wanted(engine.name)] + others


def row(network_name, engine, found, options):
    ratios = [speeds[engine] / speeds[REFERENCE] for speeds in found if REFERENCE in speeds]
    speed = statistics.median(speeds[engine] for speeds in found)
    ratio = f"**{statistics.median(ratios):.2f}** ({min(ratios):.2f} to {max(ratios):.2f})" if ratios else ""
    count = f"{options.workers} × 1 thread, {len(found)} rounds"
    return f"| {datetime.date.today()} | {network_name} | {engine} | {count} | {speed:.1f} | {ratio} |"


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
    parser.add_argument("model_sets", type=Path, nargs="+")
    parser.add_argument("--rten", type=Path, metavar="FILE", help="the program that rten/ is")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--batch", type=int, help="ours; its own choice if not given")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--engines", type=lambda names: names.split(","), help="only these; all if not given")
    options = parser.parse_args()

    rows = []
    with tempfile.TemporaryDirectory() as made:
        for model_set in options.model_sets:
            rows += compare(options, model_set, made)
    version = subprocess.run([options.binary, "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout
    print(f"\n{processor()}, {instruction_sets()}\n{version.strip()}\n")
    print("| date | network | engine | workers | images/s | to ONNX Runtime |\n| --- | --- | --- | --- | --- | --- |")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
