"""JPEGs as the system that we replace asks for them: within 400 × 400, of crops of the samples."""

import random

from PIL import Image

SIDE = 400
# Below this a sample is no photograph to crop.
SMALLEST = SIDE


def make(samples, count, folder):
    """Writes so many, all different, and answers their paths in order."""
    draw, images = random.Random(1), []
    for path in sorted(samples.glob("*.jpg")):
        image = Image.open(path).convert("RGB")
        if min(image.size) >= SMALLEST:
            images.append(image)
    return [save(crop(draw.choice(images), draw), folder / f"{number:04}.jpg") for number in range(count)]


def crop(image, draw):
    """Half of each side at least, so that what is seen differs and is still a picture."""
    width, height = (draw.randint(max(SMALLEST // 2, side // 2), side) for side in image.size)
    left, top = (draw.randint(0, room) for room in (image.width - width, image.height - height))
    return image.crop((left, top, left + width, top + height))


def save(image, file):
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    image.save(file, quality=85)
    return file
