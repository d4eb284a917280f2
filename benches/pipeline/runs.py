"""Runs of a command on chosen cores: what each took, and whether others disturbed it."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

# So many cores' worth of other processes, or of the machine's other guests, disturb a run.
DISTURBED = 0.1
ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".jp2", ".j2k"}


@dataclass
class Run:
    """What a process took, its start and end included."""

    seconds: float
    cpu_seconds: float  # user and system, of all its threads
    peak: int  # bytes, the most that was resident
    others: float  # cores that others used meanwhile
    output: str

    @property
    def quiet(self):
        return self.others < DISTURBED


def cores():
    """The cores that this process may use, in order."""
    return sorted(os.sched_getaffinity(0))


def run(command, on):
    """Runs `command` on the cores `on` to its end."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        busy, began = _machine_seconds() - _our_seconds(), time.monotonic()
        process = subprocess.Popen(
            list(map(str, command)),
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: os.sched_setaffinity(0, on),
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds, process.returncode = time.monotonic() - began, os.waitstatus_to_exitcode(status)
        cpu_seconds = usage.ru_utime + usage.ru_stime
        # By now the process is among our children, whose time is ours.
        others = (_machine_seconds() - _our_seconds() - busy) / seconds
        output.seek(0)
        text = output.read()
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{text}")
    return Run(seconds, cpu_seconds, usage.ru_maxrss * 1024, max(others, 0.0), text)


def _machine_seconds():
    """What everybody has used of this machine's cores, since whenever; what other guests took of them, too."""
    fields = list(map(int, Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]))
    idle, waiting = fields[3:5]
    return (sum(fields) - idle - waiting) / os.sysconf("SC_CLK_TCK")


def _our_seconds():
    return sum(os.times()[:4])


def pictures(originals, folder, count):
    """Makes `folder` with `count` pictures: links to the files of `originals` in turn, each under a name of its own,
    which makes it a picture of its own: with its own id, document and line."""
    copies = folder.with_name(f"{folder.name}-originals")
    copies.mkdir()
    files = [copies / path.name for path in sorted(Path(originals).rglob("*")) if path.suffix.lower() in ENDINGS]
    for path in Path(originals).rglob("*"):
        if path.suffix.lower() in ENDINGS:
            shutil.copy2(path, copies)
    for number in range(count):
        file, part = files[number % len(files)], folder / f"{number // 1000:03}"
        part.mkdir(parents=True, exist_ok=True)
        os.link(file, part / f"{number:06} {file.name}")
    return folder
