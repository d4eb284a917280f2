"""Whether both sides say the same of a picture: else there is nothing to compare."""

import base64
import collections
import math
import sys

import numpy as np

# Our VGG16 is stored in f16, theirs in f32.
FEATURES = 0.999
# Ours is the limit of their sampling, whose noise costs up to 0.002.
PALETTE = 0.995

Inferred = collections.namedtuple("Inferred", "features palette average aspect_ratio")


def of_sidecars(fields):
    features, palette = (decoded(fields[name]) for name in ("features_b64", "palette_embedding"))
    return Inferred(features, palette, fields["average_color_hex"], fields["aspect_ratio"])


def of_document(document):
    data = document["state"]["inferredData"]
    vectors = (np.array(data[name], np.float32) for name in ("features", "paletteEmbedding"))
    return Inferred(*vectors, data["averageColorHex"], data["aspectRatio"])


def decoded(text):
    return np.frombuffer(base64.b64decode(text), "<f4")


def check(ours, theirs):
    """Compares two dictionaries of `Inferred`; answers the worst cosines in words, or ends the program."""
    if ours.keys() != theirs.keys():
        sys.exit(f"one side has not inferred {sorted(ours.keys() ^ theirs.keys())[:5]}")
    worst = {"features": 1.0, "palette": 1.0}
    for name, own in ours.items():
        other = theirs[name]
        if own.average != other.average or not math.isclose(own.aspect_ratio, other.aspect_ratio, rel_tol=1e-6):
            sys.exit(f"{name}: {own.average} {own.aspect_ratio}, the sidecars say {other.average} {other.aspect_ratio}")
        for field in worst:
            worst[field] = min(worst[field], cosine(getattr(own, field), getattr(other, field)))
    said = ", ".join(f"{field} {value:.6f}" for field, value in worst.items())
    if not (worst["features"] >= FEATURES and worst["palette"] >= PALETTE):
        sys.exit(f"the sides do not agree, worst cosines: {said}")
    return f"{len(ours)} pictures agree, worst cosines: {said}; average colour and aspect ratio are the same"


def cosine(one, other):
    if one.shape != other.shape:
        return -1.0
    one, other = one.astype(np.float64), other.astype(np.float64)
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))
