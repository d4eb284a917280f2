#!/usr/bin/env python3
"""JPEGs decoded and resized to 224×224 and 100×100, beside Pillow's, in pairs, as a ratio.

    compare.py BINARY SAMPLES [--rounds N]

BINARY is the example `pictures`, SAMPLES a folder of photographs. Both take the same files in turn on
one thread; CPU time counts, so that others on the machine disturb little. Prints for each size and
coding both medians and the median ratio: how many times as fast as Pillow.
"""

import argparse
import io
import random
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import PIL
from PIL import Image, ImageChops

# Sides, and how often a file is taken in a round: that each round takes about as long.
SIZES = {(400, 400): 20, (1000, 750): 8, (4000, 3000): 1}
VIEWS = [(224, 224), (100, 100)]
PHOTOGRAPHS = 3


class Ours:
    def __init__(self, binary):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([binary], stdin=pipe, stdout=pipe, text=True)

    def seconds(self, file, times):
        before = self._cpu_seconds()
        self.process.stdin.write(f"{times} {file}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "\n", "the example has failed"
        return (self._cpu_seconds() - before) / times

    def _cpu_seconds(self):
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[0]) / 1e9

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def pillows_seconds(file, times):
    content = file.read_bytes()
    before = time.thread_time()
    for _ in range(times):
        image = Image.open(io.BytesIO(content)).convert("RGB")
        for size in VIEWS:
            image.resize(size, Image.Resampling.BILINEAR)
    return (time.thread_time() - before) / times


def photographs(samples, size, folder):
    """For each coding the files of a few photographs in this size, with the grain of a real one."""
    draw = random.Random(1)
    grain = Image.frombytes("L", size, draw.randbytes(size[0] * size[1])).point(lambda v: 110 + v // 7)
    files = {"baseline": [], "progressive": []}
    for number, path in enumerate(draw.sample(sorted(samples.glob("*.jpg")), PHOTOGRAPHS)):
        image = Image.open(path).convert("RGB").resize(size, Image.Resampling.LANCZOS)
        image = ImageChops.add(image, grain.convert("RGB"), 1, -128)
        for coding, made in files.items():
            file = folder / f"{size[0]}-{coding}-{number}.jpg"
            image.save(file, quality=85, progressive=coding == "progressive")
            made.append(file)
    return files


def compare(ours, files, times, rounds):
    pairs = [(ours.seconds(file, times), pillows_seconds(file, times)) for _ in range(rounds) for file in files]
    own, pillow = (statistics.median(side) * 1000 for side in zip(*pairs))
    return own, pillow, statistics.median(theirs / mine for mine, theirs in pairs)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("binary", type=Path)
    parser.add_argument("samples", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    ours = Ours(options.binary)
    print(f"decode and resize, ms of one core, Pillow {PIL.__version__}")
    print("| JPEG | ours | Pillow | ratio |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for size, times in SIZES.items():
            for coding, files in photographs(options.samples, size, Path(folder)).items():
                own, pillow, ratio = compare(ours, files, times, options.rounds)
                print(f"| {size[0]}×{size[1]} {coding} | {own:.2f} | {pillow:.2f} | {ratio:.2f} |", flush=True)
    ours.close()


if __name__ == "__main__":
    main()
