"""Writes checkpoints like torchvision's, but of random weights, without PyTorch.

    checkpoints.py FOLDER      writes vgg16.pth (553 MB), resnet50.pth (102 MB), resnet18.pth (47 MB)
                               and mobilenet_v2.pth (14 MB) into FOLDER

Names, shapes, types, order and the way of writing are torchvision's: `vgg16-397923af.pth` is in
PyTorch's format of before 1.6, a file of `torch.save` today is a zip archive. `networks.py` shows
that PyTorch loads both and that torchvision's networks take them whole.

The numbers are those of PCG64, whose stream NumPy promises not to change; the digests below would
tell. Each filter sums to zero, else every picture would give nearly the same vector.
"""

import hashlib
import io
import math
import pickle
import sys
import types
import zipfile
import zlib
from collections import OrderedDict
from pathlib import Path
from unittest import mock

import numpy as np

SHA256 = {
    "vgg16.pth": "7708f096ce3da8722a00865fd2223d695155450cd7158c6a97002a5725479311",
    "resnet18.pth": "b6865f0c69effd2c26a3f571dc47e4fb687db67b5e7704459a66f567a1ca9b15",
    "resnet50.pth": "a13153de60b38031a30090bbff8137ad61b8fdd8cfd7ad9b9a19136d27b683e0",
    "mobilenet_v2.pth": "a0679b18e6f2733863aac05dd45384d1293dd9e81c5778408624b4f1f6068cb1",
}
MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001

Layout = dict[str, tuple[int, ...]]


def vgg16() -> Layout:
    """The tensors of torchvision's VGG16, in its order."""
    shapes, channels, index = {}, 3, 0
    for width, depth in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]:
        for _ in range(depth):
            shapes[f"features.{index}"] = (width, channels, 3, 3)
            channels = width
            index += 2  # the convolution, its ReLU
        index += 1  # the pooling
    shapes |= {"classifier.0": (4096, 25088), "classifier.3": (4096, 4096), "classifier.6": (1000, 4096)}
    layout = {}
    for name, shape in shapes.items():
        layout |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    return layout


def normalised(conv: str, norm: str, *shape: int) -> Layout:
    vectors = {f"{norm}.{name}": shape[:1] for name in ("weight", "bias", "running_mean", "running_var")}
    return {f"{conv}.weight": shape, **vectors, f"{norm}.num_batches_tracked": ()}


def resnet18() -> Layout:
    """The tensors of torchvision's ResNet-18, in its order."""
    layout, channels = normalised("conv1", "bn1", 64, 3, 7, 7), 64
    for layer, width in enumerate([64, 128, 256, 512], start=1):
        for block in range(2):
            at = f"layer{layer}.{block}"
            layout |= normalised(f"{at}.conv1", f"{at}.bn1", width, channels, 3, 3)
            layout |= normalised(f"{at}.conv2", f"{at}.bn2", width, width, 3, 3)
            if channels != width:
                layout |= normalised(f"{at}.downsample.0", f"{at}.downsample.1", width, channels, 1, 1)
            channels = width
    return layout | {"fc.weight": (1000, 512), "fc.bias": (1000,)}


def resnet50() -> Layout:
    """The tensors of torchvision's ResNet-50, in its order."""
    layout, channels = normalised("conv1", "bn1", 64, 3, 7, 7), 64
    for layer, (width, depth) in enumerate([(64, 3), (128, 4), (256, 6), (512, 3)], start=1):
        for block in range(depth):
            at = f"layer{layer}.{block}"
            layout |= normalised(f"{at}.conv1", f"{at}.bn1", width, channels, 1, 1)
            layout |= normalised(f"{at}.conv2", f"{at}.bn2", width, width, 3, 3)
            layout |= normalised(f"{at}.conv3", f"{at}.bn3", 4 * width, width, 1, 1)
            if channels != 4 * width:
                layout |= normalised(f"{at}.downsample.0", f"{at}.downsample.1", 4 * width, channels, 1, 1)
            channels = 4 * width
    return layout | {"fc.weight": (1000, 2048), "fc.bias": (1000,)}


def mobilenet_v2() -> Layout:
    """The tensors of torchvision's MobileNetV2, in its order."""
    layout, channels, at = normalised("features.0.0", "features.0.1", 32, 3, 3, 3), 32, 1
    for expansion, width, depth in [(1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1)]:
        for _ in range(depth):
            part, wide, index = f"features.{at}.conv", channels * expansion, 0
            if expansion > 1:
                layout |= normalised(f"{part}.0.0", f"{part}.0.1", wide, channels, 1, 1)
                index = 1
            layout |= normalised(f"{part}.{index}.0", f"{part}.{index}.1", wide, 1, 3, 3)
            layout |= normalised(f"{part}.{index + 1}", f"{part}.{index + 2}", width, wide, 1, 1)
            channels, at = width, at + 1
    layout |= normalised(f"features.{at}.0", f"features.{at}.1", 1280, channels, 1, 1)
    return layout | {"classifier.1.weight": (1000, 1280), "classifier.1.bias": (1000,)}


def values(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The tensor `name`: seeded by its name, of a size that keeps signals alive through the layers."""
    if name.endswith("num_batches_tracked"):
        return np.asarray(zlib.crc32(name.encode()), "<i8")
    count = math.prod(shape)
    raw = np.random.PCG64(zlib.crc32(name.encode())).random_raw((count + 1) // 2).astype("<u8", copy=False)
    numbers = (raw.view("<u4")[:count] >> 8).view("<i4") - 2**23  # 24 bits: exact as f32
    uniform = numbers.reshape(shape)
    if len(shape) > 1:
        axes = tuple(range(1, len(shape)))
        fan_in = math.prod(shape[1:])
        uniform -= (uniform.sum(axis=axes, dtype=np.int64, keepdims=True) // fan_in).astype("<i4")
        middle, reach = 0, math.sqrt(6 / fan_in)
    elif name.endswith((".running_var", ".weight")):  # of a normalisation: matrices were above
        middle, reach = 1, 0.5
    else:
        middle, reach = 0, 0.1
    return uniform.astype("<f4") * np.float32(reach / 2**23) + np.float32(middle)


class Storage:
    """Where a tensor's numbers stand in the file."""

    def __init__(self, key: str, kind: type, count: int):
        self.key, self.kind, self.count = key, kind, count


class Tensor:
    """What pickles as a tensor: a call that PyTorch makes when it loads the file."""

    def __init__(self, rebuild, storage: Storage, shape: tuple[int, ...], *more):
        strides = tuple(math.prod(shape[axis + 1:]) for axis in range(len(shape)))
        self.call = rebuild, (storage, 0, shape, strides, *more)

    def __reduce__(self):
        return self.call


def stand_ins() -> dict[str, types.ModuleType]:
    """The names of PyTorch that a checkpoint refers to."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for kind in ("FloatStorage", "LongStorage"):
        setattr(torch, kind, type(kind, (), {"__module__": "torch"}))
    for name in ("_rebuild_tensor", "_rebuild_tensor_v2"):
        function = types.FunctionType((lambda: None).__code__, {}, name)
        function.__module__, function.__qualname__ = "torch._utils", name
        setattr(utils, name, function)
    return {"torch": torch, "torch._utils": utils}


def pickled(layout: Layout, tensor, *more) -> bytes:
    """The dictionary of `layout`, each of its entries made by `tensor`; a storage ends in `more`."""
    modules = stand_ins()
    state = OrderedDict()
    for index, (name, shape) in enumerate(layout.items()):
        kind = modules["torch"].LongStorage if name.endswith("_tracked") else modules["torch"].FloatStorage
        state[name] = tensor(modules["torch._utils"], Storage(str(index), kind, math.prod(shape)), shape)
    state._metadata = OrderedDict({"": {"version": 1}})

    class Pickler(pickle.Pickler):
        def persistent_id(self, thing):
            if isinstance(thing, Storage):
                return "storage", thing.kind, thing.key, "cpu", thing.count, *more

    written = io.BytesIO()
    with mock.patch.dict(sys.modules, modules):
        Pickler(written, 2).dump(state)
    return written.getvalue()


def write_legacy(file, layout: Layout) -> None:
    """As PyTorch did before 1.6: four pickles, then the numbers one storage after the other."""
    sizes = {"short": 2, "int": 4, "long": 4}
    for header in (MAGIC, PROTOCOL, {"protocol_version": PROTOCOL, "little_endian": True, "type_sizes": sizes}):
        pickle.dump(header, file, 2)
    file.write(pickled(layout, lambda utils, *storage: Tensor(utils._rebuild_tensor, *storage), None))
    order = sorted(range(len(layout)), key=str)
    pickle.dump([str(index) for index in order], file, 2)
    entries = list(layout.items())
    for index in order:
        numbers = values(*entries[index])
        file.write(np.asarray(numbers.size, "<i8").tobytes())
        file.write(numbers.data)


def write_zip(file, layout: Layout) -> None:
    """As PyTorch does since 1.6."""
    tensor = lambda utils, *storage: Tensor(utils._rebuild_tensor_v2, *storage, False, OrderedDict())
    with zipfile.ZipFile(file, "w") as archive:
        def add(name: str, content) -> None:
            archive.writestr(zipfile.ZipInfo(f"archive/{name}"), content)
        add("data.pkl", pickled(layout, tensor))
        add("byteorder", "little")
        for index, (name, shape) in enumerate(layout.items()):
            add(f"data/{index}", values(name, shape).tobytes())
        add("version", "3\n")


def wrong(layout: Layout, misshapen: str) -> Layout:
    """Almost everything is missing, one tensor has another shape, one is of nothing known."""
    dropped = [name for name in layout if name.startswith(("classifier.6.", "fc.")) or name == "bn1.num_batches_tracked"]
    return {misshapen: (5, 2, 3, 4)[:len(layout[misshapen])], "stray.weight": (2,), **{name: (1,) for name in dropped}}


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(folder: Path) -> None:
    """Writes the checkpoints, or what of them is not there."""
    for name, write, layout in (
        ("vgg16.pth", write_legacy, vgg16()), ("resnet18.pth", write_zip, resnet18()),
        ("resnet50.pth", write_zip, resnet50()), ("mobilenet_v2.pth", write_zip, mobilenet_v2()),
    ):
        path, partial = folder / name, folder / f"{name}.partial"
        if path.exists() and sha256(path) == SHA256[name]:
            continue
        with partial.open("wb") as file:
            write(file, layout)
        digest = sha256(partial)
        if digest != SHA256[name]:
            raise SystemExit(f"{name} has the SHA-256 {digest}, its golden values belong to {SHA256[name]}")
        partial.rename(path)


def write_wrong(folder: Path) -> None:
    """Writes the small files that an import must refuse."""
    with (folder / "wrong-vgg16.pth").open("wb") as file:
        write_legacy(file, wrong(vgg16(), "classifier.0.weight"))
    with (folder / "wrong-resnet18.pth").open("wb") as file:
        write_zip(file, wrong(resnet18(), "layer2.0.downsample.0.weight"))


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    write(folder)
