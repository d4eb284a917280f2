#!/usr/bin/env python3
"""images/s and memory of an embedded run, beside the system that we replace, rebuilt from its description.

    compare.py BINARY MODEL_SET CHECKPOINT SAMPLES [--images N] [--rounds N]

Theirs: three Python sidecars behind HTTP (VGG16 in PyTorch on all cores, palettes by sampling, aspect
ratio), with the batches and timers that they had, and a client that keeps ten pictures in flight. Left out,
in its favour: queue, index, documents, fetching pictures, waiting for a drained queue. Ours: `run --no-page`
with VGG16, its documents and journal written. Same JPEGs, at most 400 pixels wide and high, on the local disk.

A first pass checks that both say the same and looks at the memory of all processes of a side, from their
start on (PSS: what is shared counts once). Then rounds, one side after the other; those during which other
processes took more than a tenth of a core are measured again. The start is in neither side's images/s.
"""

import argparse
import collections
import json
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import agreement
import machine
import thumbnails
from system import System, images_per_second

DISTURBED = 0.1
LIMITS = {"images/s": "≥ 5", "memory": "≤ 0.25"}
MEBIBYTE = 1 << 20
# images/s; seconds with the start, of ours; CPU in ms an image, its start's too, of which theirs has none.
Round = collections.namedtuple("Round", "speed took cpu")


class Ours:
    """A process for each run, whose results go to a folder of their own."""

    def __init__(self, binary, model_set, images):
        self.command = [binary, "run", "--no-page", "--models", model_set, "--images", images, "--out"]
        self.process = None

    def pids(self):
        return [self.process.pid] if self.process else []

    def run(self):
        """images/s as its summary has it, seconds with its start, what was inferred of each file."""
        with tempfile.TemporaryDirectory() as out:
            began = time.monotonic()
            pipe = subprocess.PIPE
            self.process = subprocess.Popen([*self.command, out], stdout=pipe, stderr=subprocess.STDOUT, text=True)
            said, _ = self.process.communicate()
            took = time.monotonic() - began
            speed = re.search(r"([0-9.]+) images/s over", said)
            if self.process.returncode != 0 or not speed:
                raise SystemExit(f"the run failed:\n{said}")
            self.process = None
            with open(Path(out) / "augmented.ndjson", encoding="utf-8") as lines:
                documents = [json.loads(line) for line in lines]
        named = {one["state"]["sourceIdentifier"]["value"]: agreement.of_document(one) for one in documents}
        return float(speed[1]), took, named


def first_pass(system, ours, files):
    """Checks that both sides agree; answers the peak of ours and of theirs, who are warm then."""
    with machine.Peak(system.pids) as theirs:
        system.ready()
        records = system.infer(files)
    with machine.Peak(ours.pids) as own:
        _, _, inferred = ours.run()
    sidecars = {Path(one["file"]).name: agreement.of_sidecars(one["fields"]) for one in records}
    print(agreement.check(inferred, sidecars), flush=True)
    return own, theirs


def rounds(system, ours, files, wanted):
    """Of undisturbed rounds what each side did, ours first."""
    sides = [lambda: ours.run()[:2], lambda: (images_per_second(system.infer(files)), None)]
    found, disturbed = [], 0
    while len(found) < wanted:
        first = (len(found) + disturbed) % 2
        with machine.Others(system.pids()) as others:
            measured = {side: one_side(sides[side], system.pids(), len(files)) for side in (first, 1 - first)}
        own, theirs = measured[0], measured[1]
        quiet = others.cores < DISTURBED or disturbed >= wanted
        told = f"ours {own.speed:.2f} images/s ({len(files) / own.took:.2f} with its start), theirs {theirs.speed:.2f}"
        print(f"{told}; others used {others.cores:.2f} cores{'' if quiet else ', not counted'}", flush=True)
        if quiet:
            found.append((own, theirs))
        else:
            disturbed += 1
    return found


def one_side(infer, pids, images):
    before = machine.spent(pids)
    speed, took = infer()
    return Round(speed, took, 1000 * (machine.spent(pids) - before) / images)


def rows(found, own, theirs):
    speeds = [statistics.median(side.speed for side in sides) for sides in zip(*found)]
    spread = told([mine.speed / other.speed for mine, other in found])
    yield f"| images/s, ten in flight | {speeds[0]:.1f} | {speeds[1]:.2f} | {spread} | {LIMITS['images/s']} |"
    cpu = [statistics.median(side.cpu for side in sides) for sides in zip(*found)]
    spread = told([mine.cpu / other.cpu for mine, other in found])
    yield f"| CPU, ms an image | {cpu[0]:.0f} | {cpu[1]:.0f} | {spread} | |"
    whole = f"{own.whole / MEBIBYTE:.0f} | {theirs.whole / MEBIBYTE:.0f} | **{own.whole / theirs.whole:.2f}**"
    yield f"| peak memory of all processes, MiB (PSS) | {whole} | {LIMITS['memory']} |"
    anonymous = f"{own.anonymous / MEBIBYTE:.0f} | {theirs.anonymous / MEBIBYTE:.0f}"
    yield f"| of that, no file's | {anonymous} | {own.anonymous / theirs.anonymous:.2f} | |"


def told(ratios):
    return f"**{statistics.median(ratios):.2f}** ({min(ratios):.2f} to {max(ratios):.2f}, {len(ratios)} rounds)"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("binary", type=Path)
    parser.add_argument("model_set", type=Path)
    parser.add_argument("checkpoint", type=Path, help="the same weights, as PyTorch's")
    parser.add_argument("samples", type=Path)
    parser.add_argument("--images", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        files = thumbnails.make(options.samples, options.images, Path(folder))
        ours = Ours(options.binary, options.model_set, folder)
        with System(options.checkpoint) as system:
            own, theirs = first_pass(system, ours, files)
            found = rounds(system, ours, files, options.rounds)
    print(machine.described())
    print("| VGG16, palette, aspect ratio | ours | replaced | ratio | limit |\n| --- | --- | --- | --- | --- |")
    print(*rows(found, own, theirs), sep="\n")


if __name__ == "__main__":
    main()
