"""Draws golden.png, the picture that proves every loaded model."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

HERE = Path(__file__).parent
WIDTH, HEIGHT = 160, 120


def golden() -> Image.Image:
    """A landscape of gradients, edges, dots and grain: something for filters of every kind."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    sky = np.stack([90 + x / 2, 130 + y / 2, 230 - y], axis=2)
    grain = np.random.default_rng(21).normal(0, 6, (HEIGHT // 4, WIDTH // 4, 1))
    sky += np.kron(grain, np.ones((4, 4, 1)))
    picture = Image.fromarray(sky.clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((108, 12, 138, 42), fill=(250, 220, 90))
    draw.polygon([(0, 90), (45, 38), (80, 84), (112, 56), (160, 92), (160, 120), (0, 120)], fill=(70, 88, 60))
    draw.polygon([(30, 56), (45, 38), (58, 56), (50, 52), (44, 60), (38, 53)], fill=(245, 245, 250))
    for step in range(9):
        draw.rectangle((8 + step * 16, 96 + step % 3, 16 + step * 16, 118), fill=(150 + step * 9, 60, 30 + step * 20))
    draw.line((0, 119, 160, 70), fill=(20, 20, 25), width=2)
    return picture


def resized(picture: Image.Image, width: int, height: int, filter=Image.Resampling.BILINEAR) -> Image.Image:
    """Resizes along the rows, then along the columns.

    In two steps, because Pillow 13 chooses the order by what is faster; up to 12 it was always this one.
    """
    return picture.resize((width, picture.height), filter).resize((width, height), filter)


def write() -> None:
    golden().save(HERE / "golden.png", optimize=True)
