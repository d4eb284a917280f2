"""The networks of the inference manager as ONNX graphs, with the weights of a model set.

A graph must meet the golden vector of its set, or there is no comparison.
"""

import json
import math
from pathlib import Path

import numpy as np
from PIL import Image

from graph import Graph, around, tensors


def efficientnet_lite0(graph):
    # Repeats, kernel, stride of the first, expansion, channels out.
    stages = [
        (1, 3, 1, 1, 16),
        (2, 3, 2, 6, 24),
        (2, 5, 2, 6, 40),
        (3, 3, 2, 6, 80),
        (3, 5, 1, 6, 112),
        (4, 5, 2, 6, 192),
        (1, 3, 1, 6, 320),
    ]

    def convolution(x, name, stride=1, groups=1):
        kernel = graph.weights[f"{name}.conv.weight"].shape[-1]
        before = (kernel - stride) // 2
        pads = (before, before, kernel - stride - before, kernel - stride - before)
        return graph.normalised(x, name, 1e-3, stride, pads, groups)

    x, channels, number = graph.relu6(convolution("x", "stem", stride=2)), 32, 0
    for repeats, _, first_stride, expansion, out in stages:
        for repeat in range(repeats):
            stride, name, wide = first_stride if repeat == 0 else 1, f"blocks.{number}", channels * expansion
            y = graph.relu6(convolution(x, f"{name}.expand")) if expansion > 1 else x
            y = graph.relu6(convolution(y, f"{name}.depthwise", stride, groups=wide))
            y = convolution(y, f"{name}.project")
            x = graph.add("Add", [x, y]) if stride == 1 and channels == out else y
            channels, number = out, number + 1
    return graph.mean(graph.relu6(convolution(x, "head")))


def resnet18(graph):
    def convolution(x, name, stride=1):
        kernel = graph.weights[f"{name}.conv.weight"].shape[-1]
        return graph.normalised(x, name, 1e-5, stride, around(kernel))

    x = graph.max_pool(graph.relu(convolution("x", "stem", stride=2)), 3, 2, around(3))
    for number in range(8):
        name, stride = f"blocks.{number}", 2 if number in (2, 4, 6) else 1
        y = convolution(graph.relu(convolution(x, f"{name}.first", stride)), f"{name}.second")
        shortcut = convolution(x, f"{name}.shortcut", stride) if stride == 2 else x
        x = graph.relu(graph.add("Add", [y, shortcut]))
    return graph.mean(x)


def vgg16(graph):
    x = "x"
    for stage, depth in enumerate((2, 2, 3, 3, 3)):
        for number in range(depth):
            x = graph.relu(graph.plain(x, f"stages.{stage}.{number}", around(3)))
        x = graph.max_pool(x, 2, 2)
    return graph.matrix(graph.relu(graph.matrix(graph.flat(x), "first")), "second")


NETWORKS = {"efficientnet-lite0": efficientnet_lite0, "resnet18": resnet18, "vgg16": vgg16}


def golden(folder, manifest):
    """The golden picture as the network's input, and the unit vector that it must give."""
    how = manifest["preprocessing"]
    with Image.open(folder / manifest["golden"]["input"]) as image:
        resized = image.convert("RGB").resize((how["width"], how["height"]), Image.Resampling.BILINEAR)
    pixels = np.asarray(resized, np.float32) / np.float32(how["scale"])
    planes = ((pixels - np.float32(how["mean"])) / np.float32(how["std"])).transpose(2, 0, 1)
    return planes[None].copy(), np.array(manifest["golden"]["output"]["features"])


def export(folder, file):
    """Writes the network of the model in `folder`; answers its name and its cosine with the golden vector."""
    import onnxruntime

    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    name, side = manifest["architecture"], manifest["preprocessing"]["width"]
    graph = Graph(tensors(folder / manifest["weights"]["file"]))
    x, expected = golden(folder, manifest)
    output = NETWORKS[name](graph)
    Path(file).write_bytes(graph.model(name, side, output, len(expected)).SerializeToString())
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    answer = session.run(None, {"x": x})[0][0].astype(np.float64)
    return name, float(answer @ expected) / math.sqrt(float(answer @ answer) * float(expected @ expected))
