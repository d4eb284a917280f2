#!/usr/bin/env python3
"""The embedded run beside a plain loop over the same pictures on the same cores, in pairs.

    compare.py BINARY PLAIN_LOOP ORIGINALS [--pictures 2000] [--rounds 3] [--images DIR] [--models SET]

PLAIN_LOOP is the example `plain_loop`: as many threads as cores, each of which takes the next picture, reads,
decodes and resizes it, asks the inferrers, writes the document and appends it to a file. It has no journal, no fsync,
no bound on memory, no digests, no supervision, no metrics. ORIGINALS is a folder of photographs; the pictures are
links to them under names of their own. --images takes the pictures of DIR in their place.

Both are measured from the start of the process to its end, models loaded and files published, with one worker on one
core and with one worker a core on all of them. Wall time counts, and CPU time, which others on the machine disturb
less. Who goes first changes from round to round; a pair during which others used more than a tenth of a core is
measured again. Before that, every document of both is compared: all are equal but for the time. Prints each pair, and
rows for BENCHMARKS.md: medians, and the median, least and greatest of the pairs' ratios.
"""

import argparse
import datetime
import json
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

import runs

RATIO, SCALING = 0.97, 1.9


class Pipeline:
    """`inference-manager run` into an empty folder."""

    name = "ours"

    def __init__(self, options, images, work):
        self.out = work / "out"
        self.command = [options.binary, "run", "--no-page", "--images", images, "--out", self.out]
        self.command += ["--models", options.models] if options.models else []
        self.file = self.out / "augmented.ndjson"

    def forget(self):
        shutil.rmtree(self.out, ignore_errors=True)


class PlainLoop:
    """The example, into a file."""

    name = "plain loop"

    def __init__(self, options, images, work):
        self.file = work / "plain.ndjson"
        self.command = [options.plain_loop, images, self.file]
        self.command += ["--models", options.models] if options.models else []

    def forget(self):
        self.file.unlink(missing_ok=True)


def measured(side, on):
    side.forget()
    return runs.run([*side.command, "--workers", f"features={len(on)}"], on)


def documents(file):
    """Every document by its id, without the time."""
    found = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        document = json.loads(line)
        del document["state"]["augmentedTime"]
        found[document["state"]["canonicalId"]] = document
    return found


def check(sides, on):
    """How many documents both write; fails unless they are the same."""
    for side in sides:
        measured(side, on)
    ours, theirs = (documents(side.file) for side in sides)
    if ours != theirs or not ours:
        differing = [id for id in ours.keys() | theirs.keys() if ours.get(id) != theirs.get(id)]
        sys.exit(f"{len(ours)} and {len(theirs)} documents, {len(differing)} of which differ: {differing[:5]}")
    return len(ours)


def pairs(sides, on, wanted):
    """As many undisturbed pairs of runs."""
    found, disturbed = [], 0
    while len(found) < wanted:
        turns = sides if (len(found) + disturbed) % 2 == 0 else sides[::-1]
        pair = {side.name: measured(side, on) for side in turns}
        quiet = all(run.quiet for run in pair.values()) or disturbed >= wanted
        told = "  ".join(f"{name} {run.seconds:.2f} s, {run.cpu_seconds:.2f} s of CPU" for name, run in pair.items())
        others = max(run.others for run in pair.values())
        again = "" if quiet else "; not counted"
        print(f"{len(on)} cores  {told}  others used {others:.2f} cores{again}", flush=True)
        if quiet:
            found.append((pair["ours"], pair["plain loop"]))
        else:
            disturbed += 1
    return found


def spread(ratios):
    return f"**{statistics.median(ratios):.3f}** ({min(ratios):.3f} to {max(ratios):.3f})"


def row(found, count, on):
    speeds = [statistics.median(count / run.seconds for run in side) for side in zip(*found)]
    costs = [statistics.median(1000 * run.cpu_seconds / count for run in side) for side in zip(*found)]
    peaks = [statistics.median(run.peak / 2**20 for run in side) for side in zip(*found)]
    cells = [datetime.date.today(), f"{len(on)} on as many cores, {len(found)} pairs"]
    cells += [f"{speed:.1f}" for speed in speeds] + [spread([theirs.seconds / ours.seconds for ours, theirs in found])]
    cells += [f"{cost:.2f}" for cost in costs]
    cells += [spread([theirs.cpu_seconds / ours.cpu_seconds for ours, theirs in found])]
    return "| " + " | ".join(map(str, cells)) + f" | {peaks[0]:.0f}, {peaks[1]:.0f} |"


def report(found, count, load):
    columns = ["date", "workers", "ours, images/s", "plain loop", f"ratio (limit {RATIO})"]
    columns += ["ours, CPU ms an image", "plain loop", "ratio", "peaks, MiB"]
    print(f"\nthe run beside a plain loop, {count} documents, load {load}")
    print("| " + " | ".join(columns) + " |\n|" + " --- |" * len(columns))
    for on, pairs_of in found:
        print(row(pairs_of, count, on))
    if len(found) > 1:
        for side, name in enumerate(("ours", "plain loop")):
            gains = [one[side].seconds / all_[side].seconds for one, all_ in zip(found[0][1], found[-1][1])]
            limit = f"times as fast (limit for two: {SCALING})"
            print(f"from 1 to {len(found[-1][0])} cores, {name}: {spread(gains)} {limit}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("binary", type=Path)
    parser.add_argument("plain_loop", type=Path)
    parser.add_argument("originals", type=Path)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=Path)
    parser.add_argument("--models", type=Path)
    options = parser.parse_args()

    all_cores = runs.cores()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        images = options.images or runs.pictures(options.originals, work / "images", options.pictures)
        sides = [Pipeline(options, images, work), PlainLoop(options, images, work)]
        count = check(sides, all_cores)
        print(f"{count} documents, equal but for their time")
        sets = [all_cores[:1], all_cores] if len(all_cores) > 1 else [all_cores]
        found = [(on, pairs(sides, on, options.rounds)) for on in sets]
    report(found, count, " ".join(f"{value:.2f}" for value in os.getloadavg()))


if __name__ == "__main__":
    main()
