#!/usr/bin/env python3
"""Palette and average colour, beside the sampling algorithm of the system that we replace, in pairs, as a ratio.

    compare.py BINARY SAMPLES [--rounds N]

BINARY is the example `palette`, SAMPLES a folder of photographs, which are first made as small as the
thumbnails that the system asks for: 400 pixels. Both begin with the same decoded pixels and end with the
scaled vector and the colour: both resizes are in, decoding and base64 are not. One thread each; CPU time
counts, so that others on the machine disturb little.

NumPy counts once with `np.histogramdd`, as the system does, and once in the fastest way that we know.
Both must give our vector but for their noise, and the same average colour, or there is no comparison.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

import sampling

ALGORITHMS = {"np.histogramdd": sampling.as_described, "np.bincount": sampling.counted_faster}
LIMIT = 50
SIDE = 400
# Of ours for one of NumPy's, so that both take about as long.
TIMES = 50
# 250,000 samples in up to 1,000 bins: their noise alone costs up to 0.002.
COSINE = 0.995


class Ours:
    def __init__(self, binary):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([binary], stdin=pipe, stdout=pipe, text=True)

    def show(self, file):
        average, *palette = self._ask(file).split()
        return average, np.array(palette, np.float32)

    def seconds(self):
        before = self._cpu_seconds()
        assert self._ask(TIMES) == "\n", "the example has failed"
        return (self._cpu_seconds() - before) / TIMES

    def _ask(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def _cpu_seconds(self):
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def thumbnails(samples, folder):
    """Without loss, so that whatever decodes them sees the same pixels."""
    for path in sorted(samples.iterdir()):
        if path.suffix in {".jpg", ".png", ".jp2", ".tif", ".webp"}:
            image = Image.open(path).convert("RGB")
            image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
            file = folder / f"{path.stem}.png"
            image.save(file)
            yield file


def numpys_seconds(image, random, histogram):
    """Its CPU time, average colour and palette."""
    before = time.thread_time()
    average, palette = sampling.palette(image, random, histogram)
    return time.thread_time() - before, average, palette


def pairs(ours, files, rounds):
    """The times of ours and of each algorithm, a pair for each picture and round; and the worst cosine."""
    random, times, worst = np.random.default_rng(), {name: [] for name in ALGORITHMS}, 1.0
    for file in list(files) * rounds:
        own_average, own = ours.show(file)
        image = Image.open(file).convert("RGB")
        for name, histogram in ALGORITHMS.items():
            mine = ours.seconds()
            theirs, average, palette = numpys_seconds(image, random, histogram)
            cosine = float(own @ palette)
            if average != own_average or cosine < COSINE:
                sys.exit(f"{file.name}: {average}, not {own_average}, or cosine {cosine:.5f}: not the same palette")
            worst = min(worst, cosine)
            times[name].append((mine, theirs))
    return times, worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("binary", type=Path)
    parser.add_argument("samples", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    ours = Ours(options.binary)
    with tempfile.TemporaryDirectory() as folder:
        times, worst = pairs(ours, list(thumbnails(options.samples, Path(folder))), options.rounds)
    ours.close()
    print(f"palette of one picture, ms of one core, NumPy {np.__version__}; worst cosine between both {worst:.5f}")
    print("| NumPy counts with | ours | NumPy | ratio | limit |\n| --- | --- | --- | --- | --- |")
    for name, found in times.items():
        own, numpys = (statistics.median(side) * 1000 for side in zip(*found))
        ratio = statistics.median(theirs / mine for mine, theirs in found)
        limit = f"≥ {LIMIT}" if name == "np.histogramdd" else ""
        print(f"| `{name}` | {own:.3f} | {numpys:.1f} | **{ratio:.0f}** | {limit} |")


if __name__ == "__main__":
    main()
