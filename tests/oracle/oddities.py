"""Pictures that are odd but good, and pictures that are broken, each with what is to become of it."""

import io
import os
import random
import struct
import zlib

import numpy as np
from PIL import Image, ImageFile

MEBIBYTE = 1 << 20


def encoded(image, kind, **options):
    file = io.BytesIO()
    # Pillow gives a progressive JPEG one buffer of a byte a pixel, which is too small for some.
    ImageFile.MAXBLOCK = max(1 << 16, 4 * image.width * image.height if kind == "JPEG" else 0)
    image.save(file, kind, **options)
    return file.getvalue()


def scene(width=240, height=180, seed=1):
    """A picture with soft and hard edges and many colours."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / (9 + 3 * c) + seed) + np.cos(y / (7 + 2 * c)) for c in range(3)]
    pixels = np.stack(waves, axis=-1) * 60 + 127
    pixels[height // 3 : height // 2, width // 4 : width // 2] = (210, 40, 90)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def png(width, height, depth, colour, rows, chunks=b""):
    """A PNG of raw, unfiltered `rows`: for what Pillow does not write."""

    def chunk(name, content):
        body = name + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", header) + chunks + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def patched(content, at, new):
    return content[:at] + new + content[at + len(new) :]


# --- odd, but good ---------------------------------------------------------------------------------


def add_odd(folder):
    image = scene()
    _add_names(folder, encoded(image, "JPEG"))
    _add_jpegs(folder, image)
    _add_pngs(folder, image)
    _add_others(folder, image)
    folder.add("trailing bytes.jpg", encoded(image, "JPEG") + b"\0" * 1000 + b"<html>")
    for name, size in {"tall": (1, 30000), "wide": (30000, 1), "one pixel": (1, 1), "three": (3, 2)}.items():
        folder.add(f"{name}.png", encoded(scene(*size), "PNG"))
    folder.add("a png.jpg", encoded(image, "PNG"))
    folder.add("a jpeg.webp", encoded(image, "JPEG"))
    folder.add("a webp.gif", encoded(image, "WEBP"))
    os.symlink("trailing bytes.jpg", folder.place("link.jpg", "indexed"))
    folder.add(".hidden.jpg", b"", "ignored")
    folder.add("notes.txt", b"not a picture, and not named like one", "ignored")


def _add_names(folder, jpeg):
    names = [
        "<script>.jpg",
        "<img src=x onerror=alert(1)>.jpg",
        "a b & \"c\" 'd'.jpg",
        "100%25 #1?.jpg",
        "ünïcödé 図書館 🦀.jpg",
        "line\nbreak.jpg",
        "-rf.jpg",
        "upper.JPG",
        "mixed.jPeG",
        "x" * 251 + ".jpg",
        "several/folders/deep/down.jpg",
        os.fsdecode(b"no \xff utf-8.jpg"),
    ]
    for name in names:
        folder.add(name, jpeg)


def _add_jpegs(folder, image):
    exif = Image.Exif()
    exif[0x0112] = 6  # on its side; ignored, as in the system before
    variants = {
        "grey": (image.convert("L"), {}),
        "cmyk": (image.convert("CMYK"), {"quality": 95}),
        "rgb": (image, {"keep_rgb": True}),
        "progressive": (image, {"progressive": True}),
        "444": (image, {"subsampling": 0}),
        "422": (image, {"subsampling": 1}),
        "420 odd size": (scene(241, 179), {"subsampling": 2}),
        "restarts": (image, {"restart_marker_blocks": 3}),
        "quality 5": (image, {"quality": 5}),
        "orientation": (image, {"exif": exif}),
        "large": (scene(3200, 2400), {"quality": 80}),
        "large progressive grey": (scene(2500, 3500).convert("L"), {"progressive": True}),
    }
    for name, (picture, options) in variants.items():
        folder.add(f"jpeg {name}.jpg", encoded(picture, "JPEG", **options))


def _add_pngs(folder, image):
    alpha = image.convert("RGBA")
    alpha.putalpha(Image.linear_gradient("L").resize(image.size))
    indexed = image.quantize(200)
    variants = {
        "alpha": (alpha, {}),
        "grey and alpha": (alpha.convert("LA"), {}),
        "indexed": (indexed, {}),
        "indexed with transparency": (indexed, {"transparency": 3}),
        "16 colours": (image.quantize(16), {"bits": 4}),
        "black and white": (image.convert("1"), {}),
        "grey with transparency": (image.convert("L"), {"transparency": 7}),
    }
    for name, (picture, options) in variants.items():
        folder.add(f"png {name}.png", encoded(picture, "PNG", **options))
    deep = (np.asarray(image, np.uint32) * 257 + 90).clip(0, 65535).astype(">u2")
    rows = [row.tobytes() for row in deep]
    folder.add("png 16 bits.png", png(image.width, image.height, 16, 2, rows))
    rows = [row[:, 1].tobytes() for row in deep]
    folder.add("png 16 bits grey.png", png(image.width, image.height, 16, 0, rows))


def _add_others(folder, image):
    frames = [scene(seed=seed) for seed in (2, 3)]
    alpha = image.convert("RGBA")
    alpha.putalpha(128)
    folder.add("still.gif", encoded(image.quantize(64), "GIF"))
    folder.add("moving.gif", encoded(image, "GIF", save_all=True, append_images=frames))
    folder.add("lossy.webp", encoded(image, "WEBP", quality=70))
    folder.add("lossless.webp", encoded(image, "WEBP", lossless=True))
    folder.add("alpha.webp", encoded(alpha, "WEBP", lossless=True))
    folder.add("moving.webp", encoded(image, "WEBP", save_all=True, append_images=frames))
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
        folder.add(f"{compression}.tif", encoded(image, "TIFF", compression=compression))
    folder.add("grey.tiff", encoded(image.convert("L"), "TIFF"))
    folder.add("cmyk.tif", encoded(image.convert("CMYK"), "TIFF"))
    folder.add("pages.tif", encoded(image, "TIFF", save_all=True, append_images=frames))
    folder.add("colour.bmp", encoded(image, "BMP"))
    folder.add("indexed.bmp", encoded(image.quantize(256), "BMP"))
    folder.add("colour.jp2", encoded(image, "JPEG2000"))
    folder.add("grey.jp2", encoded(image.convert("L"), "JPEG2000"))
    folder.add("codestream.j2k", encoded(image, "JPEG2000", no_jp2=True))


# --- broken ----------------------------------------------------------------------------------------


def add_broken(folder):
    for name, (content, fate) in broken_files().items():
        folder.add(f"broken/{name}", content, fate)
    home = folder.home / "broken"
    folder.add("broken/folder.jpg/inside.jpg", encoded(scene(), "JPEG"), "ignored")
    folder.expected["broken/folder.jpg"] = "unsupported_format"
    os.symlink("nowhere.jpg", folder.place("broken/dangling.jpg", "not_found"))
    os.mkfifo(folder.place("broken/pipe.jpg", "unsupported_format"))
    with open(folder.place("broken/65 MiB.jpg", "too_many_bytes"), "wb") as sparse:
        sparse.truncate(65 * MEBIBYTE)
    if os.geteuid() != 0:  # root may read everything
        folder.add("broken/locked.jpg", encoded(scene(), "JPEG"), "denied")
        (home / "locked.jpg").chmod(0)


def broken_files():
    """Name to bytes and class, of all that is broken in its bytes alone."""
    image = scene()
    jpeg, png_file = encoded(image, "JPEG"), encoded(image, "PNG")
    frame = jpeg.index(b"\xff\xc0")  # start of frame: length, precision, height, width
    pixels = png_file.index(b"IDAT") + 4
    noise = random.Random(7).randbytes
    corrupt = {
        "noise after the magic.jpg": jpeg[:4] + noise(4000),
        "noise after the magic.png": png_file[:8] + noise(4000),
        "no width.png": png(0, 8, 8, 2, [b""] * 8),
        "flipped bytes.png": patched(png_file, pixels + 200, noise(40)),
        "header alone.jpg": jpeg[: frame + 12],
        "header alone.jp2": encoded(image, "JPEG2000")[:120],
        "progressive, cut.jpg": _cut(encoded(image, "JPEG", progressive=True)),
    }
    for kind in ("JPEG", "PNG", "WEBP", "TIFF", "BMP"):
        corrupt[f"cut.{kind.lower()}"] = _cut(encoded(image, kind))
    corrupt["cut.gif"] = _cut(encoded(image.quantize(64), "GIF"))
    unsupported = {
        "text.jpg": b"This is a text.\n" * 40,
        "page.jpg": b"<!DOCTYPE html>\n<html><body><h1>404</h1></body></html>\n",
        "drawing.png": b'<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>',
        "document.jpg": b"%PDF-1.7\n" + noise(900),
        "heic.jpg": struct.pack(">I", 24) + b"ftypheic\0\0\0\0mif1heic" + noise(900),
        "arithmetic coding.jpg": patched(jpeg, frame, b"\xff\xc9"),
        "lossless coding.jpg": patched(jpeg, frame, b"\xff\xc3"),
        "noise.jpg": b"\1" + noise(4000),
        "one byte.gif": b"G",
    }
    return (
        {name: (content, "corrupt_image") for name, content in corrupt.items()}
        | {name: (content, "unsupported_format") for name, content in unsupported.items()}
        | {name: (content, "too_many_pixels") for name, content in _bombs(image).items()}
        | {"empty.png": (b"", "empty_body")}
    )


def _cut(content):
    return content[: len(content) * 6 // 10]


def _bombs(image):
    """Few bytes whose header promises more than 100 million pixels."""
    jpeg, jp2 = encoded(image, "JPEG"), encoded(image, "JPEG2000")
    gif, bmp = encoded(image.quantize(64), "GIF"), encoded(image, "BMP")
    size, frame = struct.pack(">HH", 65000, 65000), jpeg.index(b"\xff\xc0")
    header, codestream = jp2.index(b"ihdr") + 4, jp2.index(b"\xff\x51")
    large, row = struct.pack(">II", 60000, 60000), b"\0" * 9
    jp2 = patched(patched(jp2, header, large), codestream + 6, large)
    canvas = struct.pack("<HH", 65000, 65000)
    descriptor = gif.index(b"\x2c", 13 + 3 * 64)
    return {
        "bomb.jpg": patched(jpeg, frame + 5, size),
        "bomb.png": png(60000, 60000, 8, 2, [row]),
        "bomb.gif": patched(patched(gif, 6, canvas), descriptor + 5, canvas),
        "bomb.bmp": patched(bmp, 18, struct.pack("<ii", 60000, 60000)),
        "bomb.jp2": jp2,
        "bomb.tif": _bomb_tiff(),
    }


def _bomb_tiff():
    """One strip of 9 bytes for 60,000 x 60,000 pixels of RGB."""
    entries = [
        (256, 4, 1, 60000),
        (257, 4, 1, 60000),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 8),
        (277, 3, 1, 1),
        (278, 4, 1, 60000),
        (279, 4, 1, 9),
    ]
    directory = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    body = b"II*\0" + struct.pack("<I", 18) + b"\0" * 10
    return body + struct.pack("<H", len(entries)) + directory + struct.pack("<I", 0)
