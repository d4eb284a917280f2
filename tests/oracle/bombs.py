#!/usr/bin/env python3
"""Makes a folder of bombs, small files that would cost much, with expected.csv beside them.

    bombs.py DIR
    bombs.py --each DIR -- COMMAND...

Every second picture is a good one. No header announces more than a million pixels (those beyond the
limit are among the broken ones of oddities.py), no file is larger than 8 MB. --each runs COMMAND
with `--images` and `--out` over each bomb alone and prints a table of what it took.
"""

import argparse
import functools
import json
import shutil
import struct
import tempfile
import time
import zlib
from pathlib import Path

import expectations
import memory
import oddities
from oddities import encoded, scene
from PIL import Image

GIBIBYTE = 1 << 30
CORRUPT, UNSUPPORTED = "corrupt_image", "unsupported_format"


@functools.cache
def deflated(length):
    """`length` zeros, deflated a thousand to one."""
    deflate, block = zlib.compressobj(9), bytes(1 << 20)
    return b"".join(deflate.compress(block) for _ in range(length >> 20)) + deflate.flush()


# --- PNG -------------------------------------------------------------------------------------------


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(*chunks, width=64, height=64, data=None):
    """An RGB one, with `chunks` before its pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes((1 + 3 * width) * height)) if data is None else data
    parts = [chunk(b"IHDR", header), *chunks, chunk(b"IDAT", data), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def pngs():
    zeros = deflated(GIBIBYTE)
    yield "pixels of 1 GiB for 64 x 64.png", png(data=zeros), "indexed"
    yield "profile of 1 GiB.png", png(chunk(b"iCCP", b"a\0\0" + zeros)), "indexed"
    yield "text of 1 GiB.png", png(chunk(b"zTXt", b"a\0\0" + zeros)), "indexed"
    yield "international text of 1 GiB.png", png(chunk(b"iTXt", b"a\0\1\0\0\0" + zeros)), "indexed"
    yield "300,000 texts.png", png(chunk(b"tEXt", b"a\0b") * 300_000), "indexed"
    palette = chunk(b"PLTE", bytes(768))
    yield "10,000 palettes.png", png(palette * 10_000), CORRUPT
    frames = [chunk(b"acTL", struct.pack(">II", 1 << 31, 0))]
    yield "two thousand million frames.png", png(*frames), "indexed"
    yield "1000 x 1000 in 3 kB.png", png(width=1000, height=1000), "indexed"
    yield "1 x 1000000.png", png(width=1, height=1_000_000), "indexed"
    yield "1000000 x 1.png", png(width=1_000_000, height=1), "indexed"


# --- GIF -------------------------------------------------------------------------------------------


def gif(canvas, *frames):
    header = b"GIF89a" + struct.pack("<HHBBB", *canvas, 0x80, 0, 0) + bytes(3) + b"\xff" * 3
    return header + b"".join(frames) + b";"


def gif_frame(width, height, data=b"\x02\x02\x4c\x01\0"):
    return b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + data


def gifs():
    pixel = gif_frame(1, 1)
    yield "300,000 frames.gif", gif((64, 64), *[pixel] * 300_000), "indexed"
    yield "frame of 65535 x 65535 on a small canvas.gif", gif((64, 64), gif_frame(65535, 65535)), CORRUPT
    endless = b"\x02" + (b"\xff" + b"\x04" * 255) * 20_000 + b"\0"
    yield "frame with 5 MB of codes.gif", gif((64, 64), gif_frame(64, 64, endless)), "indexed"
    comment = b"!\xfe" + (b"\xff" + bytes(255)) * 20_000 + b"\0"
    yield "comment of 5 MB.gif", gif((64, 64), comment, pixel), "indexed"


# --- WebP ------------------------------------------------------------------------------------------


def riff(name, content):
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def webp(*chunks):
    return riff(b"RIFF", b"WEBP" + b"".join(chunks))


def less_one(number):
    return struct.pack("<I", number - 1)[:3]


def webps():
    small = encoded(scene(64, 64), "WEBP", lossless=True)[12:]
    still = riff(b"ANMF", bytes(6) + less_one(64) * 2 + bytes(4) + small)
    extended = riff(b"VP8X", b"\x02\0\0\0" + less_one(64) * 2)
    loop = riff(b"ANIM", bytes(6))
    frames = 8_000_000 // len(still)
    groups = encoded(Image.effect_noise((1000, 1000), 200).convert("RGB"), "WEBP", lossless=True, quality=100)
    yield "a million pixels of noise.webp", groups, "indexed"
    yield "thousands of frames.webp", webp(extended, loop, *[still] * frames), "indexed"
    huge = riff(b"VP8L", b"\x2f" + struct.pack("<I", 16383 | 16383 << 14) + bytes(30))
    frame = riff(b"ANMF", bytes(6) + less_one(16384) * 2 + bytes(4) + huge)
    yield "frame of 16384 x 16384 on a small canvas.webp", webp(extended, loop, frame), CORRUPT
    still = riff(b"VP8X", bytes(4) + less_one(64) * 2)
    yield "picture of 16384 x 16384 on a small canvas.webp", webp(still, huge), CORRUPT
    chunks = riff(b"XMP ", b"") * 500_000
    yield "500,000 chunks.webp", webp(still, small, chunks), "indexed"


# --- TIFF ------------------------------------------------------------------------------------------


def tiff(*changes, strip=b"\0", size=(64, 64), more=b"", following=0):
    """A grey one of one strip. `changes` are (tag, type, count, value); `more` follows the strip."""
    tags = {
        256: (4, 1, size[0]),
        257: (4, 1, size[1]),
        258: (3, 1, 8),
        259: (3, 1, 1),
        262: (3, 1, 1),
        273: (4, 1, 8),
        277: (3, 1, 1),
        278: (4, 1, size[1]),
        279: (4, 1, len(strip)),
    }
    tags.update({tag: tuple(rest) for tag, *rest in changes})
    directory = 8 + len(strip) + len(more)
    entries = b"".join(struct.pack("<HHII", tag, *rest) for tag, rest in sorted(tags.items()))
    head = b"II*\0" + struct.pack("<I", directory) + strip + more
    return head + struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)


def tiffs():
    zeros, most = deflated(GIBIBYTE), 2**32 - 1
    pixels = bytes(64 * 64)
    yield "strip of 1 GiB for 64 x 64.tif", tiff((259, 3, 1, 8), strip=zeros), "indexed"
    yield "tile of 30000 x 30000.tif", _tiled(30_000, zeros), CORRUPT
    yield "four thousand million strips.tif", tiff((273, 4, most, 8), (279, 4, most, 8)), CORRUPT
    count = 1_000_000
    numbers = struct.pack("<I", 8) * count
    lists = tiff((273, 4, count, 12), (279, 4, count, 12), (278, 4, 1, 1), size=(1, count), more=numbers, strip=bytes(4))
    yield "a million strips of a million rows.tif", lists, CORRUPT
    lists = tiff((273, 4, 2 * count, 12), (279, 4, 2 * count, 12), more=numbers * 2, strip=bytes(4))
    yield "two million strips.tif", lists, CORRUPT
    yield "colour map of 16 GiB.tif", tiff((262, 3, 1, 3), (320, 3, most, 8)), CORRUPT
    yield "bits per sample of 8 GiB.tif", tiff((258, 3, most, 8)), CORRUPT
    yield "65535 samples a pixel.tif", tiff((277, 3, 1, 65535)), CORRUPT
    circle = tiff(strip=pixels, following=8 + len(pixels))
    yield "directories in a circle.tif", circle, CORRUPT
    yield "60000 tags.tif", tiff(*[(tag, 4, most, 8) for tag in range(1000, 61_000)], strip=pixels), "indexed"
    yield "tag of 4 GiB of text.tif", tiff((270, 2, most, 8), strip=pixels), "indexed"
    yield "JPEG of 65500 x 65500 in a strip.tif", _jpeg_in_tiff(), CORRUPT


def _tiled(side, content):
    tiles = (322, 4, 1, side), (323, 4, 1, side), (324, 4, 1, 8), (325, 4, 1, len(content))
    return tiff((259, 3, 1, 8), *tiles, strip=content)


def _jpeg_in_tiff():
    jpeg = encoded(scene(64, 64).convert("L"), "JPEG")
    frame = jpeg.index(b"\xff\xc0")
    return tiff((259, 3, 1, 7), strip=oddities.patched(jpeg, frame + 5, struct.pack(">HH", 65500, 65500)))


# --- JPEG ------------------------------------------------------------------------------------------


def segment(marker, content):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(content) + 2) + content


def progressive(width, height, scans):
    """A grey one whose every scan codes one run of nothing after the other."""
    table = segment(0xDB, b"\0" + b"\1" * 64)
    frame = segment(0xC2, struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0")
    # One code each: for DC a difference of 0 bits, for AC a run of 2^14 empty blocks (1110, size 0).
    codes = segment(0xC4, b"\0\1" + bytes(15) + b"\0") + segment(0xC4, b"\x10\1" + bytes(15) + b"\xe0")
    blocks = -(-width // 8) * -(-height // 8)
    dc = segment(0xDA, b"\1\1\0\0\0\0") + bytes(blocks // 8 + 1)
    # A code of one bit and 14 more: 2^15 - 1 blocks in 15 bits.
    bits = ("0" + "1" * 14) * (blocks // 32767 + 1)
    bits += "1" * (-len(bits) % 8)
    ac = segment(0xDA, b"\1\1\0\1\x3f\0") + int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    return b"\xff\xd8" + table + frame + codes + dc + ac * scans + b"\xff\xd9"


def jpegs():
    jpeg = encoded(scene(64, 64), "JPEG")
    yield "ten thousand scans.jpg", progressive(1000, 1000, 10_000), CORRUPT
    yield "199 scans of a million pixels.jpg", progressive(1000, 1000, 199), "indexed"
    tables = segment(0xC4, b"\0\1" + bytes(15) + b"\0")
    yield "300,000 tables.jpg", jpeg[:2] + tables * 300_000 + jpeg[2:], "indexed"
    yield "a million comments.jpg", jpeg[:2] + segment(0xFE, b"") * 1_000_000 + jpeg[2:], "indexed"
    yield "8 MB of padding.jpg", jpeg[:2] + b"\xff" * 8_000_000 + jpeg[2:], "indexed"
    yield "8 MB after the end.jpg", jpeg + bytes(8_000_000), "indexed"
    profile = segment(0xE2, b"ICC_PROFILE\0\1\xff" + bytes(60_000))
    yield "profile of 8 MB.jpg", jpeg[:2] + profile * 130 + jpeg[2:], "indexed"


# --- JPEG 2000 -------------------------------------------------------------------------------------


def jp2_stream(
    size, tile, *, components=3, layers=1, levels=5, block=4, precincts=None, quantisation=None, more=b"", parts=1, data=b""
):
    """A codestream of one tile part with `data`; `precincts` is the exponent of their side."""
    width, height = size
    grid = struct.pack(">HIIIIIIII", 0, width, height, 0, 0, *tile, 0, 0)
    grid += struct.pack(">H", components) + b"\x07\1\1" * components
    style = b"\0" if precincts is None else b"\1"
    coding = style + struct.pack(">BHBBBBBB", 0, layers, 0, levels, block, block, 0, 1)
    if precincts is not None:
        coding += bytes([precincts << 4 | precincts]) * (levels + 1)
    quantisation = quantisation or b"\x40" + b"\x40" * (3 * levels + 1)
    head = b"\xff\x4f" + segment(0x51, grid) + segment(0x52, coding) + segment(0x5C, quantisation) + more
    part = segment(0x90, struct.pack(">HIBB", 0, 14 + len(data), 0, 1)) + b"\xff\x93" + data
    return head + part * parts + b"\xff\xd9"


def jpeg2000s():
    whole = 1000, 1000
    yield "a million tiles.j2k", jp2_stream(whole, (1, 1)), CORRUPT
    yield "62500 tiles.j2k", jp2_stream(whole, (4, 4)), CORRUPT
    yield "precincts of one pixel.j2k", jp2_stream(whole, whole, precincts=0, levels=0, block=0), CORRUPT
    yield "precincts of two pixels.j2k", jp2_stream(whole, whole, precincts=1, block=0), CORRUPT
    yield "blocks of 4 x 4.j2k", jp2_stream(whole, whole, block=0), CORRUPT
    yield "65535 layers.j2k", jp2_stream((64, 64), (64, 64), layers=65535), CORRUPT
    empty = jp2_stream((64, 64), (64, 64), layers=65535, data=bytes(65535 * 6 * 3))
    yield "65535 empty layers.j2k", empty, CORRUPT
    many = jp2_stream(whole, whole, layers=65535, precincts=4, data=bytes(8_000_000))
    yield "thousand million packets.j2k", many, CORRUPT
    yield "32 levels.j2k", jp2_stream(whole, whole, levels=32), CORRUPT
    sizes = jp2_stream(whole, (64, 64), quantisation=b"\x40" + b"\x40" * 65_000)
    yield "quantisation of 65000 bands.j2k", sizes, CORRUPT
    yield "500,000 tile parts.j2k", jp2_stream((64, 64), (64, 64), parts=500_000), CORRUPT
    yield "a million changes of progression.j2k", jp2_stream(whole, whole, more=segment(0x5F, bytes(7 * 9000)) * 120), CORRUPT
    yield "1000 x 1000 of nothing.j2k", jp2_stream(whole, whole, levels=0), "indexed"
    yield "16384 components.j2k", jp2_stream(whole, whole, components=16384), UNSUPPORTED
    yield "two codestreams.jp2", _two_codestreams(), CORRUPT


def _two_codestreams():
    """The header of the first is harmless; a decoder that takes the second finds 40 million pixels."""
    small, large = (jp2_stream(size, size, levels=0) for size in ((64, 64), (6000, 6000)))
    file = encoded(scene(64, 64), "JPEG2000")
    boxes = file[: file.index(b"jp2c") - 4]
    return boxes + b"".join(struct.pack(">I", len(code) + 8) + b"jp2c" + code for code in (small, large))


# --- BMP -------------------------------------------------------------------------------------------


def bmp(width, height, data, *, compression=1, depth=8, colours=2):
    palette = bytes(4 * min(colours, 256))
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, depth, compression, len(data), 0, 0, colours, 0)
    start = 14 + len(header) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + header + palette + data


def bmps():
    yield "1000 x 1000 of one run.bmp", bmp(1000, 1000, b"\xff\1" + b"\0\1"), "indexed"
    yield "8 MB of empty runs.bmp", bmp(64, 64, b"\0\2\0\0" * 2_000_000), CORRUPT
    yield "four thousand million colours.bmp", bmp(64, 64, bytes(4096), compression=0, colours=2**32 - 1), CORRUPT
    yield "upside down for ever.bmp", bmp(64, -(2**31), bytes(4096), compression=0), CORRUPT


def bombs():
    for kind in (pngs, gifs, webps, tiffs, jpegs, jpeg2000s, bmps):
        yield from kind()


def add_bombs(folder):
    good = encoded(scene(), "JPEG")
    for number, (name, content, fate) in enumerate(bombs()):
        folder.add(f"{number:02} {name}", content, fate)
        folder.add(f"{number:02} good.jpg", good)


def measure_each(home, command):
    print("| bomb | bytes | becomes | seconds | peak, MiB |\n| --- | --- | --- | --- | --- |")
    for name, content, _ in bombs():
        shutil.rmtree(home, ignore_errors=True)
        images, out = home / "images", home / "out"
        images.mkdir(parents=True)
        (images / name).write_bytes(content)
        began = time.monotonic()
        status, peak, _ = memory.watch([*command, "--images", str(images), "--out", str(out), "--no-page"], out)
        took = time.monotonic() - began
        parked = (out / "parked.ndjson").read_text() if status == 0 else ""
        fate = json.loads(parked)["class"] if parked else "indexed" if status == 0 else f"exit status {status}"
        print(f"| {name} | {len(content):,} | {fate} | {took:.1f} | {peak / memory.MEBIBYTE:.0f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dir", type=Path)
    parser.add_argument("--each", action="store_true")
    parser.add_argument("command", nargs="*")
    options = parser.parse_args()
    if options.each:
        measure_each(options.dir, options.command)
        return
    folder = expectations.Folder(options.dir)
    add_bombs(folder)
    folder.close()
    print(f"{len(folder.expected)} pictures in {options.dir}")


if __name__ == "__main__":
    main()
