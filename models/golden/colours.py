"""Writes the vector with which the reference's search engine is asked for a colour."""

import itertools
import json

import numpy as np

from picture import HERE
from vectors import save, unit

COLOURS = [
    *([grey, grey, grey] for grey in range(0, 256, 17)),
    *(list(corner) for corner in itertools.product((0, 255), repeat=3)),
    [205, 205, 205], [224, 32, 32], [34, 187, 255], [14, 15, 240],
]


def query(colour: list[int]) -> np.ndarray:
    """A narrow bell around the nearest of ten levels a channel, red slowest."""
    cell = [round(sample / 255 * 9) for sample in colour]
    steps = np.indices((10, 10, 10)).reshape(3, -1).T
    squared = ((steps - cell) ** 2).sum(axis=1)
    return unit(np.exp(-squared / (2 * 0.3**2)))


def write() -> None:
    (HERE / "colours.json").write_text(json.dumps(COLOURS) + "\n")
    save("colours.f32", [query(colour) for colour in COLOURS])
