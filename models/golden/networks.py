"""Writes what torchvision's networks say with the weights of checkpoints.py."""

import tempfile
from pathlib import Path

import numpy as np
import torch
import torchvision
from PIL import Image

import checkpoints
from picture import HERE, resized
from vectors import PICTURES, SAMPLES, formula, save, unit

MEAN, STD = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])


def vgg16() -> torch.nn.Module:
    network = torchvision.models.vgg16()
    # Up to the second matrix, before its ReLU: what the reference serves.
    network.classifier = network.classifier[:4]
    return network


def resnet18() -> torch.nn.Module:
    network = torchvision.models.resnet18()
    network.fc = torch.nn.Identity()
    return network


def resnet50() -> torch.nn.Module:
    network = torchvision.models.resnet50()
    network.fc = torch.nn.Identity()
    return network


def mobilenet_v2() -> torch.nn.Module:
    network = torchvision.models.mobilenet_v2()
    network.classifier = torch.nn.Identity()
    return network


def load(network: torch.nn.Module, state: dict, rounded: bool) -> torch.nn.Module:
    known = network.state_dict()
    assert all(known[name].shape == state[name].shape and known[name].dtype == state[name].dtype for name in known)
    # Kernels, matrices and their biases are stored as f16, the numbers of each normalisation as f32.
    norms = {name.rpartition(".")[0] for name in state if name.endswith(".running_mean")}
    halved = lambda name, w: w.half().float() if rounded and name.rpartition(".")[0] not in norms else w
    network.load_state_dict({name: halved(name, state[name]) for name in known})
    return network.eval()


def features(network: torch.nn.Module, batch: torch.Tensor) -> list[np.ndarray]:
    with torch.no_grad():
        return [unit(row) for row in network(batch).double().numpy()]


def preprocessed(name: str) -> torch.Tensor:
    pixels = np.asarray(resized(Image.open(SAMPLES / name).convert("RGB"), 224, 224))
    return torch.from_numpy((pixels.astype(np.float32) / 255 - MEAN) / STD).permute(2, 0, 1)


def write() -> None:
    checkpoints.write_wrong(HERE)
    batch = torch.from_numpy(formula(2 * 3 * 224 * 224).reshape(2, 3, 224, 224))
    pictures = [preprocessed(name)[None] for name in PICTURES]
    with tempfile.TemporaryDirectory() as folder:
        checkpoints.write(Path(folder))
        for make in (vgg16, resnet18, resnet50, mobilenet_v2):
            name = make.__name__
            state = torch.load(Path(folder) / f"{name}.pth", weights_only=True)
            assert list(state) == list(getattr(torchvision.models, name)().state_dict())
            # Depthwise kernels are stored as they are.
            rounded = load(make(), state, rounded=make is not mobilenet_v2)
            save(f"{name.replace('_', '-')}.f32", features(rounded, batch))
            if make in (vgg16, resnet18):
                original = load(make(), state, rounded=False)
                save(f"samples.{name}.f32", [features(original, picture)[0] for picture in pictures])
