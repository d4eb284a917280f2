#!/usr/bin/env python3
"""Compares what `run` wrote with Pillow, NumPy and PyTorch.

    compare.py IMAGES OUT [--without-features | --outcomes]

IMAGES is the folder that was run over; its expected.csv says what is to become of each picture
(without that file: all are to be indexed). OUT holds augmented.ndjson and parked.ndjson. Prints the
worst of each measure and every miss; exits 1 on a miss.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

import expectations
import reference

PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".jp2", ".j2k"}
# name: (what is measured, the worst that passes, whether more is better)
LIMITS = {
    "palette": ("cosine", 0.999, True),
    "colour": ("largest difference of a channel, of 255", 2, False),
    "aspect ratio": ("difference in f32", 0, False),
    "features": ("cosine", 0.9995, True),
    "norm": ("distance of a vector's L2 norm from 1", 1e-3, False),
}


class Measures:
    """Every value of every measure, and what missed."""

    def __init__(self):
        self.values = {}
        self.misses = []

    def note(self, measure, path, value):
        self.values.setdefault(measure, []).append((value, path))
        _, limit, more_is_better = LIMITS[measure]
        passes = value >= limit if more_is_better else value <= limit
        if not passes:
            self.miss(path, f"{measure} {value:.6g}, allowed {limit}")

    def miss(self, path, why):
        self.misses.append(f"{path!r}: {why}")

    def report(self):
        for measure, values in self.values.items():
            what, limit, more_is_better = LIMITS[measure]
            worst = sorted(values, reverse=not more_is_better)[:3]
            print(f"{measure}: {what}, limit {limit}, {len(values)} measured; worst:")
            for value, path in worst:
                print(f"    {value:.7g}  {path!r}")
        print(*self.misses, sep="\n")


def records(file):
    with open(file, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def by_path(file, path_of, measures):
    found = {}
    for record in records(file):
        path = path_of(record)
        if path in found:
            measures.miss(path, f"stands twice in {file.name}")
        found[path] = record
    return found


def expected_of(images):
    if (images / expectations.FILE).exists():
        return expectations.read(images)
    files = (path for path in images.rglob("*") if path.suffix.lower() in PICTURES)
    return {str(path.relative_to(images)): "indexed" for path in files}


def compare_document(path, document, image_path, features, measures):
    inferred = document["state"]["inferredData"]
    image = reference.rgb(image_path)
    pixels = reference.small(image)

    measures.note("palette", path, reference.cosine(inferred["paletteEmbedding"], reference.palette(pixels)))
    colour = [int(inferred["averageColorHex"][at : at + 2], 16) for at in (1, 3, 5)]
    apart = np.abs(np.subtract(colour, reference.average_colour(pixels)))
    measures.note("colour", path, int(apart.max()))
    ratio = np.float32(inferred["aspectRatio"])
    measures.note("aspect ratio", path, float(abs(ratio - reference.aspect_ratio(image_path))))
    for field in ("paletteEmbedding", "features"):
        measures.note("norm", path, abs(float(np.linalg.norm(inferred[field])) - 1))
    if features:
        measures.note("features", path, reference.cosine(inferred["features"], features(image)))
    stamped = document["state"]["inferenceModels"].keys()
    if stamped != inferred.keys():
        measures.miss(path, f"models are named for {sorted(stamped)}, not for {sorted(inferred)}")


def compare(images, out, features, outcomes=False):
    measures = Measures()
    expected = expected_of(images)
    documents = by_path(
        out / "augmented.ndjson", lambda document: document["state"]["sourceIdentifier"]["value"], measures
    )
    parked = by_path(out / "parked.ndjson", lambda record: record["path"], measures)
    files = {expectations.shown(str(path.relative_to(images))): path for path in images.rglob("*")}

    for path, fate in sorted(expected.items()):
        became = "ignored"
        if path in documents:
            became = "indexed"
        if path in parked:
            became = parked[path]["class"] if became == "ignored" else "indexed and parked"
        if became != fate:
            cause = parked.get(path, {}).get("cause", "")
            measures.miss(path, f"is {became}, expected {fate}. {cause}")
        elif became == "indexed" and not outcomes:
            compare_document(path, documents[path], files[path], features, measures)
    for path in sorted((documents.keys() | parked.keys()) - expected.keys()):
        measures.miss(path, "nothing was expected of it")
    return measures, len(expected), len(documents), len(parked)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("images", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--without-features", action="store_true", help="do without PyTorch")
    parser.add_argument("--outcomes", action="store_true", help="ask only what became of each picture")
    options = parser.parse_args()

    features = None if options.without_features or options.outcomes else reference.Features()
    measures, pictures, indexed, parked = compare(options.images, options.out, features, options.outcomes)
    measures.report()
    failed = len({miss.split(": ")[0] for miss in measures.misses})
    good = max(pictures - failed, 0)
    print(f"{pictures} pictures: {indexed} indexed, {parked} parked")
    print(f"test result: {'FAILED' if failed else 'ok'}. {good} passed; {failed} failed; 0 ignored")
    sys.exit(1 if failed or not pictures else 0)


if __name__ == "__main__":
    main()
