"""One ONNX Runtime session with one thread: told `SECONDS BATCH`, answers the images a second."""

import sys
import time

import numpy as np
import onnxruntime


def main(file):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    random = np.random.default_rng(1)
    print("ready", flush=True)
    for line in sys.stdin:
        seconds, batch = float(line.split()[0]), int(line.split()[1])
        x = random.normal(0, 1, (batch, 3, 224, 224)).astype(np.float32)
        session.run(None, {"x": x})
        images, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            session.run(None, {"x": x})
            images += batch
        print(images / (time.perf_counter() - start), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
