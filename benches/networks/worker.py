"""What the engines' workers have in common: told `SECONDS BATCH`, one answers the images a second of its one thread."""

import sys
import time

import numpy as np

SIDE = 224


def serve(run):
    """Answers the lines of stdin; `run` computes a batch of planes."""
    random = np.random.default_rng(1)
    print("ready", flush=True)
    for line in sys.stdin:
        seconds, batch = float(line.split()[0]), int(line.split()[1])
        x = random.normal(0, 1, (batch, 3, SIDE, SIDE)).astype(np.float32)
        run(x)
        images, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            run(x)
            images += batch
        print(images / (time.perf_counter() - start), flush=True)
