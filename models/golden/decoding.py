"""Writes decode/: small pictures of every format and colour mode, and the RGB that each must give.

NAME is the picture, NAME.rgb.png what it must decode to, cases.json by how much it may differ.
"""

import io
import json
import shutil
import struct
import subprocess
import zlib

import numpy as np
import tifffile
from PIL import Image, ImageSequence

from picture import HERE, golden

FOLDER = HERE / "decode"
WIDTH, HEIGHT = 45, 33
# JPEG 2000's inverse wavelet transform, and JPEG's within TIFF, are rounded in another way.
EXACT, ROUNDED = 0, 1
cases: dict[str, int] = {}


def case(name: str, data: bytes, tolerance: int = EXACT, expected: Image.Image | np.ndarray | None = None) -> None:
    (FOLDER / name).write_bytes(data)
    if expected is None:
        picture = Image.open(io.BytesIO(data))
        expected = next(ImageSequence.Iterator(picture)).convert("RGB")
    if isinstance(expected, np.ndarray):
        expected = Image.fromarray(expected.astype(np.uint8))
    expected.save(FOLDER / f"{name}.rgb.png", optimize=True)
    cases[name] = tolerance


def saved(picture: Image.Image, format: str, **options) -> bytes:
    data = io.BytesIO()
    picture.save(data, format, **options)
    return data.getvalue()


def png(width: int, height: int, depth: int, colour: int, rows: bytes, palette: bytes = b"") -> bytes:
    """A PNG of any depth and colour type, which Pillow cannot write."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    extra = chunk(b"PLTE", palette) if palette else b""
    stride = len(rows) // height
    filtered = b"".join(b"\0" + rows[y * stride : (y + 1) * stride] for y in range(height))
    body = chunk(b"IDAT", zlib.compress(filtered, 9))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + body + chunk(b"IEND", b"")


def gif_with_offset_frame(**options) -> bytes:
    """One frame of 4×4 at (3, 2) on a canvas of 9×7; around it is what Pillow paints there."""
    picture = Image.new("P", (4, 4))
    picture.putpalette([0, 0, 0, 200, 30, 60, 20, 220, 90])
    picture.putdata([1, 2, 1, 2] * 4)
    data = bytearray(saved(picture, "GIF", **options))
    data[6:10] = struct.pack("<HH", 9, 7)
    at = data.index(b"\x2c", 13 + 3 * (2 << (data[10] & 7)))
    data[at + 1 : at + 5] = struct.pack("<HH", 3, 2)
    return bytes(data)


def jpegs(rgb: Image.Image, grey: Image.Image, cmyk: Image.Image) -> None:
    for name, sampling in (("444", 0), ("422", 1), ("420", 2)):
        case(f"{name}.jpg", saved(rgb, "JPEG", quality=90, subsampling=sampling))
    case("progressive.jpg", saved(rgb, "JPEG", quality=90, progressive=True))
    case("grey.jpg", saved(grey, "JPEG", quality=90))
    case("progressive-grey.jpg", saved(grey, "JPEG", quality=90, progressive=True))
    case("rgb.jpg", saved(rgb, "JPEG", quality=95, keep_rgb=True))
    restarting = saved(rgb, "JPEG", quality=90, restart_marker_blocks=2)
    case("restart-markers.jpg", restarting)
    case("trailing-bytes.jpg", restarting + b"\xff\xd8 what follows the end is of no concern" * 9)
    orientation = Image.Exif()
    orientation[0x0112] = 6
    case("exif-rotated.jpg", saved(rgb, "JPEG", quality=90, exif=orientation))
    adobe = saved(cmyk, "JPEG", quality=95)
    case("cmyk-adobe.jpg", adobe)
    at = adobe.index(b"\xff\xee")
    # The last byte of Adobe's segment tells CMYK (0) from YCCK (2).
    ycck = bytearray(adobe)
    ycck[at + 15] = 2
    case("ycck-adobe.jpg", bytes(ycck))
    length = struct.unpack(">H", adobe[at + 2 : at + 4])[0]
    case("cmyk-plain.jpg", adobe[:at] + adobe[at + 2 + length :])
    for name, options in (("411", ["-sample", "4x1"]), ("440", ["-sample", "1x2"]), ("non-interleaved", ["-scans", "/dev/stdin"])):
        rgb.save(FOLDER / "rgb.ppm")
        command = ["cjpeg", "-quality", "90", *options, str(FOLDER / "rgb.ppm")]
        case(f"{name}.jpg", subprocess.run(command, input=b"0;1;2;", capture_output=True, check=True).stdout)
    # Refused, so it has no case: no decoder of ours reads this coding.
    arithmetic = ["cjpeg", "-arithmetic", str(FOLDER / "rgb.ppm")]
    (HERE / "arithmetic.jpg").write_bytes(subprocess.run(arithmetic, capture_output=True, check=True).stdout)
    (FOLDER / "rgb.ppm").unlink()
    case("1x1.jpg", saved(rgb.resize((1, 1)), "JPEG"))


def pngs(rgb: Image.Image, grey: Image.Image, alpha: Image.Image) -> None:
    case("rgb.png", saved(rgb, "PNG"))
    case("grey.png", saved(grey, "PNG"))
    case("grey-alpha.png", saved(Image.merge("LA", (grey, alpha)), "PNG"))
    case("rgba.png", saved(Image.merge("RGBA", (*rgb.split(), alpha)), "PNG"))
    case("one-bit.png", saved(grey.convert("1"), "PNG"))
    palette = rgb.quantize(40)
    case("palette.png", saved(palette, "PNG"))
    case("palette-transparent.png", saved(palette, "PNG", transparency=3))
    case("palette-4-bit.png", saved(rgb.quantize(11), "PNG", bits=4))
    deep = np.random.default_rng(7).integers(0, 65536, (HEIGHT, WIDTH, 4))
    eight = (deep + 128) // 257
    for name, colour, channels in (("grey", 0, [0]), ("rgb", 2, [0, 1, 2]), ("grey-alpha", 4, [0, 3]), ("rgba", 6, [0, 1, 2, 3])):
        rows = deep[:, :, channels].astype(">u2").tobytes()
        expected = eight[:, :, [0, 0, 0]] if len(channels) < 3 else eight[:, :, :3]
        case(f"16-bit-{name}.png", png(WIDTH, HEIGHT, 16, colour, rows), EXACT, expected)
    case("1x1.png", saved(rgb.resize((1, 1)), "PNG"))
    case("1x30000.png", saved(rgb.resize((1, 30000)), "PNG"))
    case("animated.png", saved(rgb, "PNG", save_all=True, append_images=[rgb.rotate(180)]))


def others(rgb: Image.Image, grey: Image.Image, alpha: Image.Image, cmyk: Image.Image) -> None:
    rgba = Image.merge("RGBA", (*rgb.split(), alpha))
    frames = [rgb.rotate(180), rgb.rotate(90)]
    case("animated.gif", saved(rgb, "GIF", save_all=True, append_images=frames))
    case("transparent.gif", saved(rgb.quantize(30), "GIF", transparency=2))
    case("offset-frame.gif", gif_with_offset_frame())
    case("offset-transparent-frame.gif", gif_with_offset_frame(transparency=2))
    case("lossless.webp", saved(rgb, "WEBP", lossless=True))
    case("lossy.webp", saved(rgb, "WEBP", quality=90))
    case("alpha.webp", saved(rgba, "WEBP", lossless=True, exact=True))
    case("alpha-extended.webp", saved(rgba, "WEBP", quality=90, exact=True))
    case("animated.webp", saved(rgb, "WEBP", lossless=True, save_all=True, append_images=frames))
    case("rgb.bmp", saved(rgb, "BMP"))
    case("palette.bmp", saved(rgb.quantize(30), "BMP"))
    case("one-bit.bmp", saved(grey.convert("1"), "BMP"))
    case("lossless.jp2", saved(rgb, "JPEG2000"))
    case("lossless.j2k", saved(rgb, "JPEG2000", no_jp2=True))
    case("lossy.jp2", saved(rgb, "JPEG2000", quality_mode="rates", quality_layers=[8], irreversible=True), ROUNDED)
    case("grey.jp2", saved(grey, "JPEG2000"))
    case("rgba.jp2", saved(rgba, "JPEG2000"))


def tiffs(rgb: Image.Image, grey: Image.Image, alpha: Image.Image, cmyk: Image.Image) -> None:
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
        case(f"{compression.split('_')[-1]}.tif", saved(rgb, "TIFF", compression=compression))
    case("jpeg.tif", saved(rgb, "TIFF", compression="jpeg", quality=90), ROUNDED)
    case("grey.tif", saved(grey, "TIFF", compression="tiff_lzw"))
    case("rgba.tif", saved(Image.merge("RGBA", (*rgb.split(), alpha)), "TIFF"))
    case("grey-alpha.tif", saved(Image.merge("LA", (grey, alpha)), "TIFF"))
    case("cmyk.tif", saved(cmyk, "TIFF", compression="tiff_lzw"))
    case("palette.tif", saved(rgb.quantize(40), "TIFF", compression="tiff_lzw"))
    one_bit = grey.convert("1")
    case("one-bit.tif", saved(one_bit, "TIFF"))
    case("fax.tif", saved(one_bit, "TIFF", compression="group4"))
    pixels, deep = np.asarray(rgb), np.random.default_rng(8).integers(0, 65536, (HEIGHT, WIDTH, 3))
    eight = (deep + 128) // 257

    def with_tifffile(name: str, data: np.ndarray, expected: np.ndarray, **options) -> None:
        file = io.BytesIO()
        tifffile.imwrite(file, data, metadata=None, **options)
        case(name, file.getvalue(), EXACT, expected)

    planar = {"photometric": "rgb", "planarconfig": "separate"}
    with_tifffile("planar.tif", pixels.transpose(2, 0, 1), pixels, **planar)
    with_tifffile("16-bit.tif", deep.astype(np.uint16), eight, photometric="rgb")
    with_tifffile("16-bit-big-endian.tif", deep.astype(np.uint16), eight, photometric="rgb", byteorder=">")
    with_tifffile("float.tif", (pixels / 255).astype(np.float32), pixels, photometric="rgb")
    with_tifffile("big.tif", pixels, pixels, photometric="rgb", bigtiff=True)
    with_tifffile("tiled.tif", pixels, pixels, photometric="rgb", tile=(16, 32))
    negative = 255 - np.asarray(grey)
    with_tifffile("white-is-zero.tif", negative, np.repeat(np.asarray(grey)[:, :, None], 3, 2), photometric="miniswhite")
    map16 = np.random.default_rng(9).integers(0, 65536, (3, 16)).astype(np.uint16)
    index = np.arange(WIDTH * HEIGHT).reshape(HEIGHT, WIDTH) % 16
    with_tifffile(
        "palette-big-endian.tif", index.astype(np.uint8), (map16 >> 8).T[index],
        photometric="palette", colormap=np.pad(map16, ((0, 0), (0, 240))), byteorder=">",
    )


def write() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    rgb = golden().resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    grey, cmyk = rgb.convert("L"), rgb.convert("CMYK")
    black = np.linspace(0, 90, WIDTH * HEIGHT).reshape(HEIGHT, WIDTH).astype(np.uint8)
    cmyk = Image.merge("CMYK", (*cmyk.split()[:3], Image.fromarray(black)))
    alpha = Image.linear_gradient("L").resize((WIDTH, HEIGHT))
    jpegs(rgb, grey, cmyk)
    pngs(rgb, grey, alpha)
    others(rgb, grey, alpha, cmyk)
    tiffs(rgb, grey, alpha, cmyk)
    large = Image.linear_gradient("L").resize((2301, 2101))
    (HERE / "large.jp2").write_bytes(saved(large, "JPEG2000", quality_mode="rates", quality_layers=[2000]))
    (FOLDER / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")
