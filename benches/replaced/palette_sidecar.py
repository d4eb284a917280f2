"""Palette and average colour by sampling, in batches of 8 or after a second, on all cores but one.

    palette_sidecar.py PORT
"""

import sys
from pathlib import Path

import joblib
import numpy as np

import sidecar
from batching import BatchingQueue

sys.path.append(str(Path(__file__).resolve().parents[1] / "palette"))
import sampling

BATCH, TIMEOUT = 8, 1.0


def palette(image):
    return sampling.palette(image, np.random.default_rng())


def palettes(images):
    # -2 is every core but one, and on two cores this process alone.
    return joblib.Parallel(n_jobs=-2)(joblib.delayed(palette)(image) for image in images)


def main():
    queue = BatchingQueue(palettes, BATCH, TIMEOUT)

    async def answer(image):
        average, vector = await queue.answer(image)
        return {"palette_embedding": sidecar.base64_of(vector), "average_color_hex": average}

    sidecar.serve("/palette/", answer)


if __name__ == "__main__":
    main()
