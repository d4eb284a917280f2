"""An ONNX graph that is written layer by layer from the weights of a model set."""

import json
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

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


def around(kernel):
    """So much padding on each side that a stride of one keeps the size."""
    return (kernel // 2,) * 4


class Graph:
    """Each method adds an operation to the value `x` and answers its result."""

    def __init__(self, weights):
        self.weights, self.nodes, self.constants = weights, [], []

    def constant(self, value):
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, np.float32), name))
        return name

    def add(self, kind, inputs, **attributes):
        name = f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def convolution(self, x, weight, bias, stride, pads, groups=1):
        constants = [self.constant(value) for value in (weight, bias)]
        shape = dict(kernel_shape=[weight.shape[-1]] * 2, strides=[stride] * 2, pads=pads, group=groups)
        return self.add("Conv", [x, *constants], **shape)

    def plain(self, x, name, pads):
        """A convolution with a bias."""
        return self.convolution(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"], 1, pads)

    def normalised(self, x, name, epsilon, stride, pads, groups=1):
        """A convolution with its batch normalisation folded in, as ours are."""
        weight = self.weights[f"{name}.conv.weight"]
        parts = ("gamma", "beta", "running_mean", "running_var")
        gamma, beta, mean, variance = (self.weights[f"{name}.norm.{part}"] for part in parts)
        scale = gamma / np.sqrt(variance + epsilon)
        return self.convolution(x, weight * scale[:, None, None, None], beta - mean * scale, stride, pads, groups)

    def relu(self, x):
        return self.add("Relu", [x])

    def relu6(self, x):
        return self.add("Clip", [x, self.constant(0), self.constant(6)])

    def max_pool(self, x, kernel, stride, pads=(0, 0, 0, 0)):
        return self.add("MaxPool", [x], kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=pads)

    def mean(self, x):
        return self.flat(self.add("GlobalAveragePool", [x]))

    def flat(self, x):
        return self.add("Flatten", [x])

    def matrix(self, x, name):
        """Weights are stored as [in, out]."""
        return self.add("Gemm", [x, *(self.constant(self.weights[f"{name}.{part}"]) for part in ("weight", "bias"))])

    def model(self, name, side, output, dimensions):
        value = helper.make_tensor_value_info
        x = value("x", TensorProto.FLOAT, ["batch", 3, side, side])
        answer = value(output, TensorProto.FLOAT, ["batch", dimensions])
        graph = helper.make_graph(self.nodes, name, [x], [answer], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        checker.check_model(model)
        return model
