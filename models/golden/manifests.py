"""Writes the manifests of the bundled models that have no weights, their golden values by SciPy.

The manifest of `features` is written by `inference-manager import-weights`.
"""

import json
import shutil

from picture import HEIGHT, HERE, WIDTH, golden
from vectors import palette, small_pixels

SETS = HERE.parent / "sets" / "default"


def manifest(inferrer: str, architecture: str, fields: list[dict], output: dict, tolerance: float) -> None:
    folder = SETS / inferrer
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(HERE / "golden.png", folder / "golden.png")
    content = {
        "format": 1,
        "inferrer": inferrer,
        "architecture": architecture,
        "name": architecture,
        "version": "1",
        "fields": fields,
        "golden": {"input": "golden.png", "output": output, "tolerance": tolerance},
        "licence": "MIT",
        "lineage": {},
    }
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in content.items()]
    (folder / "manifest.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def write() -> None:
    small = small_pixels(golden())
    average = "#" + "".join(f"{int(mean):02x}" for mean in small.mean(axis=0))
    vector = {"name": "paletteEmbedding", "type": "vector", "dimensions": 1000, "normalisation": "l2"}
    fields = [vector, {"name": "averageColorHex", "type": "text"}]
    output = {"paletteEmbedding": [float(f"{x:.7g}") for x in palette(small)], "averageColorHex": [average]}
    manifest("palette", "gaussian-palette", fields, output, 1e-5)
    ratio = {"name": "aspectRatio", "type": "number"}
    manifest("aspect-ratio", "aspect-ratio", [ratio], {"aspectRatio": [WIDTH / HEIGHT]}, 1e-6)
