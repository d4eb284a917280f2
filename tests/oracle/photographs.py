#!/usr/bin/env python3
"""Makes a folder of photographs that no one has looked at, with expected.csv beside them.

    photographs.py DIR --count 300 --seed N [--odd] [--broken]

Each is a random crop of a random photograph from the packages in corpora.py, at a random size, in a
random coding. Without --seed a fresh one is drawn and printed. --odd adds good pictures of every odd
kind, --broken adds broken ones; both are made without the network.
"""

import argparse
import random
from pathlib import Path

from PIL import Image, UnidentifiedImageError

import corpora
import oddities
from expectations import Folder

Image.MAX_IMAGE_PIXELS = None

JPEG_MODES = {"RGB": 88, "L": 6, "CMYK": 6}
CODINGS = {"JPEG": 72, "PNG": 8, "WEBP": 10, "TIFF": 3, "GIF": 2, "BMP": 2, "JPEG2000": 3}
ENDINGS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "TIFF": "tif", "GIF": "gif", "BMP": "bmp", "JPEG2000": "jp2"}


class Crops:
    """Random crops: first a corpus is drawn, then a photograph of it, so that no large one rules."""

    def __init__(self, draw, folder=None):
        """Of the photographs in `folder`, or of those that the packages carry."""
        self.draw = draw
        self.corpora = [corpora.pictures(folder)] if folder else corpora.fetch()

    def next(self, largest_side):
        while True:
            path = self.draw.choice(self.draw.choice(self.corpora))
            try:
                with Image.open(path) as image:
                    if min(image.size) >= corpora.SMALLEST_SIDE:
                        return self._cropped(image, largest_side)
            except UnidentifiedImageError:
                continue  # the packages carry a few files that are no pictures

    def _cropped(self, image, largest_side):
        width, height = (self.draw.randint(corpora.SMALLEST_SIDE * 9 // 10, side) for side in image.size)
        left, top = (self.draw.randint(0, room) for room in (image.width - width, image.height - height))
        crop = image.crop((left, top, left + width, top + height))
        crop = crop.convert("RGBA" if "A" in crop.getbands() or "transparency" in crop.info else "RGB")
        factor = min(1.0, self.draw.uniform(0.2, 1) * largest_side / max(crop.size))
        size = [max(1, round(side * factor)) for side in crop.size]
        return crop.resize(size, Image.Resampling.LANCZOS)


def weighted(draw, weights):
    return draw.choices(list(weights), list(weights.values()))[0]


def coded(draw, crop):
    """The crop in a random coding, and its file's ending."""
    kind = weighted(draw, CODINGS)
    options = {}
    if kind == "JPEG":
        crop = crop.convert("RGB").convert(weighted(draw, JPEG_MODES))
        subsampling, progressive = draw.choice([0, 1, 2, 2]), draw.random() < 0.3
        options = {"quality": draw.randint(30, 97), "subsampling": subsampling, "progressive": progressive}
    elif kind == "WEBP":
        options = {"quality": draw.randint(30, 95)}
    elif kind in ("GIF", "BMP", "JPEG2000"):
        crop = crop.convert("RGB")
    return oddities.encoded(crop, kind, **options), ENDINGS[kind]


def add_photographs(folder, count, seed, largest_side):
    draw = random.Random(seed)
    crops = Crops(draw) if count else None
    for number in range(count):
        content, ending = coded(draw, crops.next(largest_side))
        folder.add(f"{number // 100:02}/{number:05}.{ending}", content)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dir", type=Path)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--largest-side", type=int, default=2600, metavar="PIXELS")
    parser.add_argument("--odd", action="store_true")
    parser.add_argument("--broken", action="store_true")
    options = parser.parse_args()

    print(f"--count {options.count} --seed {options.seed} --largest-side {options.largest_side}")
    folder = Folder(options.dir)
    add_photographs(folder, options.count, options.seed, options.largest_side)
    if options.odd:
        oddities.add_odd(folder)
    if options.broken:
        oddities.add_broken(folder)
    folder.close()
    print(f"{len(folder.expected)} expectations in {options.dir}")


if __name__ == "__main__":
    main()
