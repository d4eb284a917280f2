"""EfficientNet-lite0 as an ONNX graph, with the weights that the inference manager ships.

The batch normalisations are folded into the convolutions, as ours are. The graph must meet the golden
vector of the model set, or there is no comparison.
"""

import json
import math
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper
from PIL import Image

# Repeats, kernel, stride of the first, expansion, channels out.
STAGES = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
]
STEM, EPSILON, SIDE = 32, 1e-3, 224
TYPES = {"F16": np.float16, "F32": np.float32}


def tensors(file):
    """Every tensor of a safetensors file by its name, in f32."""
    content = Path(file).read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    found = {}
    for name, entry in json.loads(content[8:start]).items():
        if name != "__metadata__":
            begin, end = (start + at for at in entry["data_offsets"])
            flat = np.frombuffer(content[begin:end], TYPES[entry["dtype"]])
            found[name] = flat.reshape(entry["shape"]).astype(np.float32)
    return found


class Graph:
    def __init__(self, weights):
        self.weights, self.nodes, self.constants = weights, [], []
        self.bounds = [self.constant(np.array(bound, np.float32)) for bound in (0, 6)]

    def constant(self, value):
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def add(self, kind, inputs, **attributes):
        name = f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def convolution(self, name, x, stride=1, groups=1, clamped=True):
        kernels = self.weights[f"{name}.conv.weight"]
        gamma, beta, mean, variance = (
            self.weights[f"{name}.norm.{part}"] for part in ("gamma", "beta", "running_mean", "running_var")
        )
        scale = gamma / np.sqrt(variance + EPSILON)
        kernel = kernels.shape[-1]
        before = (kernel - stride) // 2
        after = kernel - stride - before
        folded = [kernels * scale[:, None, None, None], beta - mean * scale]
        y = self.add(
            "Conv",
            [x, *(self.constant(value.astype(np.float32)) for value in folded)],
            kernel_shape=[kernel] * 2,
            strides=[stride] * 2,
            pads=[before, before, after, after],
            group=groups,
        )
        return self.add("Clip", [y, *self.bounds]) if clamped else y

    def block(self, name, x, channels, stride, expansion, out):
        wide = channels * expansion
        y = self.convolution(f"{name}.expand", x) if expansion > 1 else x
        y = self.convolution(f"{name}.depthwise", y, stride, groups=wide)
        y = self.convolution(f"{name}.project", y, clamped=False)
        return self.add("Add", [x, y]) if stride == 1 and channels == out else y

    def model(self):
        x, channels, number = self.convolution("stem", "x", stride=2), STEM, 0
        for repeats, _, first_stride, expansion, out in STAGES:
            for repeat in range(repeats):
                stride = first_stride if repeat == 0 else 1
                x = self.block(f"blocks.{number}", x, channels, stride, expansion, out)
                channels, number = out, number + 1
        x = self.convolution("head", x)
        features = self.add("Flatten", [self.add("GlobalAveragePool", [x])])
        value = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes,
            "efficientnet-lite0",
            [value("x", TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])],
            [value(features, TensorProto.FLOAT, ["batch", 1280])],
            self.constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        checker.check_model(model)
        return model


def golden(model_set):
    """The golden picture as the network's input, and the unit vector that it must give."""
    manifest = json.loads((model_set / "manifest.json").read_text(encoding="utf-8"))
    how = manifest["preprocessing"]
    with Image.open(model_set / manifest["golden"]["input"]) as image:
        resized = image.convert("RGB").resize((how["width"], how["height"]), Image.Resampling.BILINEAR)
    pixels = np.asarray(resized, np.float32) / how["scale"]
    planes = ((pixels - np.float32(how["mean"])) / np.float32(how["std"])).transpose(2, 0, 1)
    return planes[None].copy(), np.array(manifest["golden"]["output"]["features"])


def export(model_set, file):
    """Writes the graph and answers its cosine with the golden vector."""
    import onnxruntime

    file.write_bytes(Graph(tensors(model_set / "weights.safetensors")).model().SerializeToString())
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    x, expected = golden(model_set)
    answer = session.run(None, {"x": x})[0][0].astype(np.float64)
    return float(answer @ expected) / math.sqrt(float(answer @ answer) * float(expected @ expected))
