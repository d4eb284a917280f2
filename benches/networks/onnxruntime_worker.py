"""ONNX Runtime with one thread."""

import sys

import onnxruntime

import worker


def main(file):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    worker.serve(lambda x: session.run(None, {"x": x}))


if __name__ == "__main__":
    main(sys.argv[1])
