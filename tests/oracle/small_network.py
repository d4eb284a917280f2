#!/usr/bin/env python3
"""Makes a model set whose network looks at 32 x 32 pixels: vectors as long, for a fortieth of the time.

    small_network.py SET

What the service costs beside its inference (cost.py --models SET) shows only where inference is next to
nothing. The vectors are good for nothing else. Needs PyTorch, for the golden vector at this size.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np

import reference

BUNDLED = Path(__file__).resolve().parents[2] / "models" / "sets" / "default"
SIDE = 32


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("set", type=Path)
    options = parser.parse_args()

    shutil.copytree(BUNDLED, options.set)
    file = options.set / "features" / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    golden = reference.rgb(file.parent / manifest["golden"]["input"])
    vector = reference.Features(SIDE)(golden)
    manifest["name"] += f"-at-{SIDE}"
    manifest["preprocessing"].update(width=SIDE, height=SIDE)
    # So small a picture leaves little to average over: a difference in the last digits turns the vector.
    manifest["golden"].update(tolerance=0.05, output={"features": (vector / np.linalg.norm(vector)).tolist()})
    file.write_text(json.dumps(manifest), encoding="utf-8")


if __name__ == "__main__":
    main()
