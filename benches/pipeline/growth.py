#!/usr/bin/env python3
"""How cost grows with the number of pictures, of inferrers and of workers. Flat is the claim.

    growth.py BINARY ORIGINALS [--rounds 2] [--largest 10000]

ORIGINALS is a folder of photographs; the pictures are links to them under names of their own, so that each has an id,
a document and a line of its own and costs what a photograph costs. `run --no-page` works on 100, 1,000, … pictures
with as many workers as cores (--largest 100000 goes one further, which takes half an hour and 3 GB), then on 1,000
with one worker on one core, two on two, …; `bench --inferrers … --pipeline` on as many with one, two and three inferrers. A run
during which others used more than a tenth of a core is measured again, once. Prints rows for BENCHMARKS.md: medians
of the rounds, of images/s from the start of the process to its end and of the pipeline alone, of CPU time, of the
most memory that was resident. Says at the end whether it is flat.
"""

import argparse
import datetime
import json
import os
import re
import shutil
import statistics
import tempfile
from pathlib import Path

import runs

INFERRERS = ["features", "palette", "aspect-ratio"]
MIDDLE = 1000
# Of the speed at MIDDLE; and what is known of a picture until the end: its path and where its document stands.
SLOWER, BYTES_A_PICTURE = 0.95, 1024
MEBIBYTE = 1 << 20


def undisturbed(command, on, before=lambda: None):
    for _ in range(2):
        before()
        found = runs.run(command, on)
        if found.quiet:
            break
    return found


class Growth:
    """What is measured, by its name: for each round the images a second of process and pipeline, CPU ms, bytes."""

    def __init__(self, options, work):
        self.options, self.work, self.found = options, work, {}

    def add(self, name, count, run, pipeline):
        figures = (count / run.seconds, pipeline, 1000 * run.cpu_seconds / count, run.peak)
        self.found.setdefault(name, []).append(figures)
        disturbed = "" if run.quiet else f"; others used {run.others:.2f} cores"
        print(f"{name}: {pipeline:.1f} images/s, {run.peak / MEBIBYTE:.0f} MiB{disturbed}", flush=True)

    def pictures(self, name, count, on):
        images, out = self.work / f"{count}", self.work / "out"
        if not images.exists():
            runs.pictures(self.options.originals, images, count)
        command = [self.options.binary, "run", "--no-page", "--images", images, "--out", out]
        command += ["--workers", f"features={len(on)}"]
        run = undisturbed(command, on, lambda: shutil.rmtree(out, ignore_errors=True))
        told = re.search(r"indexed (\d+) (?s:.*?)([\d.]+) images/s over", run.output)
        assert int(told[1]) == count, f"{told[1]} of {count} were indexed"
        self.add(name, count, run, float(told[2]))

    def inferrers(self, count, on):
        originals = sum(path.suffix.lower() in runs.ENDINGS for path in self.options.originals.iterdir())
        copies = max(1, MIDDLE // originals)
        command = [self.options.binary, "bench", "--inferrers", ",".join(INFERRERS[:count]), "--pipeline", "--json"]
        command += ["--seconds", "1", "--images", self.options.originals, "--copies", str(copies)]
        run = undisturbed(command, on)
        pipeline = json.loads(run.output.strip().splitlines()[-1])["pipeline"]["images_per_second"]
        # The bare inferrers are measured in the same process: its whole time says nothing of the pipeline.
        name = f"bench with {' and '.join(INFERRERS[:count])}"
        self.found.setdefault(name, []).append((None, pipeline, None, run.peak))
        print(f"{name}: {pipeline:.1f} images/s", flush=True)

    def median(self, name, figure):
        values = [figures[figure] for figures in self.found[name] if figures[figure] is not None]
        return statistics.median(values) if values else None

    def row(self, name):
        speed, pipeline, cpu, peak = (self.median(name, figure) for figure in range(4))
        told = [f"{speed:.1f}" if speed else "", f"{pipeline:.1f}", f"{cpu:.2f}" if cpu else ""]
        return f"| {datetime.date.today()} | {name} | {' | '.join(told)} | {peak / MEBIBYTE:.0f} |"


def sized(count):
    return f"{count:,} pictures"


def verdict(growth, sizes):
    """One line, on whether the largest run was as fast as a small one, and as small."""
    first, last = sized(MIDDLE), sized(sizes[-1])
    speed = growth.median(last, 1) / growth.median(first, 1)
    more = growth.median(last, 3) - growth.median(first, 3)
    a_picture = more / (sizes[-1] - MIDDLE)
    flat = speed >= SLOWER and a_picture <= BYTES_A_PICTURE
    told = f"{last} at {100 * speed:.1f} % of the speed of {first}, {a_picture:.0f} bytes of memory more for each"
    return f"{'flat' if flat else 'NOT FLAT'}: {told} (flat is {100 * SLOWER:.0f} % and {BYTES_A_PICTURE} bytes)"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("binary", type=Path)
    parser.add_argument("originals", type=Path)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--largest", type=int, default=10_000)
    options = parser.parse_args()

    on = runs.cores()
    sizes = [size for size in (100, MIDDLE, 10_000, 100_000) if size <= max(options.largest, MIDDLE)]
    with tempfile.TemporaryDirectory() as folder:
        growth = Growth(options, Path(folder))
        for _ in range(options.rounds):
            for size in sizes:
                growth.pictures(sized(size), size, on)
            for workers in range(1, len(on)):
                growth.pictures(f"{sized(MIDDLE)}, workers on {workers} of {len(on)} cores", MIDDLE, on[:workers])
            for count in range(1, len(INFERRERS) + 1):
                growth.inferrers(count, on)
    print(f"\n{len(on)} cores, {options.rounds} rounds, load {' '.join(f'{value:.2f}' for value in os.getloadavg())}")
    columns = ["date", "what", "images/s, process", "images/s, pipeline", "CPU ms an image", "peak, MiB"]
    print("| " + " | ".join(columns) + " |\n|" + " --- |" * len(columns))
    print("\n".join(growth.row(name) for name in growth.found))
    if sizes[-1] > MIDDLE:
        print(verdict(growth, sizes))


if __name__ == "__main__":
    main()
