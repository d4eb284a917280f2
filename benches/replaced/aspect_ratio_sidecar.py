"""Aspect ratio: a division, in no batch.

    aspect_ratio_sidecar.py PORT
"""

import sidecar


async def answer(image):
    return {"aspect_ratio": image.width / image.height}


if __name__ == "__main__":
    sidecar.serve("/aspect-ratio/", answer)
