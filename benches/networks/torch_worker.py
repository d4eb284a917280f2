"""PyTorch with one thread: the graph traced, frozen and optimised for inference."""

import sys
import warnings

import onnx
import torch
from onnx import numpy_helper
from torch.nn import functional

import worker


class Interpreter(torch.nn.Module):
    """Computes an ONNX graph of the few operations that our networks have."""

    def __init__(self, graph):
        super().__init__()
        self.nodes, self.output = graph.node, graph.output[0].name
        for constant in graph.initializer:
            self.register_buffer(constant.name, torch.from_numpy(numpy_helper.to_array(constant).copy()))

    def forward(self, x):
        values = {"x": x, **dict(self.named_buffers())}
        for node in self.nodes:
            shape = {entry.name: onnx.helper.get_attribute_value(entry) for entry in node.attribute}
            inputs = [values[name] for name in node.input]
            values[node.output[0]] = getattr(self, node.op_type)(*inputs, **shape)
        return values[self.output]

    def Conv(self, x, weight, bias, strides, pads, group, **_):
        top, left, bottom, right = pads
        if (top, left) == (bottom, right):
            return functional.conv2d(x, weight, bias, strides, (top, left), groups=group)
        return functional.conv2d(functional.pad(x, (left, right, top, bottom)), weight, bias, strides, groups=group)

    def MaxPool(self, x, kernel_shape, strides, pads):
        return functional.max_pool2d(x, kernel_shape, strides, pads[:2])

    def Clip(self, x, low, high):
        return torch.clamp(x, low.item(), high.item())

    def Gemm(self, x, weight, bias):
        return torch.addmm(bias, x, weight)

    def GlobalAveragePool(self, x):
        return x.mean((2, 3), keepdim=True)

    def Relu(self, x):
        return torch.relu(x)

    def Add(self, x, y):
        return x + y

    def Flatten(self, x):
        return torch.flatten(x, 1)


def main(file):
    # torch.compile is to replace the tracer, and wants a C++ compiler on every machine.
    warnings.simplefilter("ignore", FutureWarning)
    torch.set_num_threads(1)
    interpreter = Interpreter(onnx.load(file).graph).eval()
    compiled = {}

    def run(x):
        with torch.inference_mode():
            if x.shape not in compiled:
                traced = torch.jit.trace(interpreter, torch.from_numpy(x))
                compiled[x.shape] = torch.jit.optimize_for_inference(torch.jit.freeze(traced))
            compiled[x.shape](torch.from_numpy(x))

    worker.serve(run)


if __name__ == "__main__":
    main(sys.argv[1])
