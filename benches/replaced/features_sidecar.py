"""Features: torchvision's VGG16 up to its second matrix, in batches of 16 or after 0.25 s.

    features_sidecar.py CHECKPOINT PORT
"""

import os
import sys

import torch
import torchvision
from torch.utils import mkldnn
from torchvision import transforms

import sidecar
from batching import BatchingQueue

BATCH, TIMEOUT = 16, 0.25

PREPROCESSING = transforms.Compose([
    transforms.Resize((224, 224)),
    transforms.ToTensor(),
    transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
])


def network(checkpoint):
    """In f32, converted for oneDNN as theirs was: within noise of the fastest that PyTorch has for it.

    The conversion is PyTorch's own, and keeps the weights that it has converted beside its own: half a gigabyte
    that the system has paid, too.
    """
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    made = torchvision.models.vgg16(init_weights=False)
    made.load_state_dict(torch.load(checkpoint, weights_only=True))
    made.classifier = made.classifier[:4]
    return mkldnn.to_mkldnn(made.eval())


def main():
    vgg16 = network(sys.argv[1])

    def features(images):
        with torch.inference_mode():
            found = vgg16(torch.stack([PREPROCESSING(image) for image in images]).to_mkldnn()).to_dense()
            return (found / found.norm(dim=1, keepdim=True)).numpy()

    queue = BatchingQueue(features, BATCH, TIMEOUT)

    async def answer(image):
        return {"features_b64": sidecar.base64_of(await queue.answer(image))}

    sidecar.serve("/feature-vector/", answer)


if __name__ == "__main__":
    main()
