"""OpenVINO with one thread, in f32: where the CPU has narrower types it would choose them else."""

import sys

import openvino

import worker


def main(file):
    settings = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    core = openvino.Core()
    compiled = {}

    def run(x):
        # A fixed batch is compiled better than an open one.
        if x.shape not in compiled:
            model = core.read_model(file)
            model.reshape(list(x.shape))
            compiled[x.shape] = core.compile_model(model, "CPU", settings).create_infer_request()
        compiled[x.shape].infer([x])

    worker.serve(run)


if __name__ == "__main__":
    main(sys.argv[1])
