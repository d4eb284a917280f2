"""What the kernel says: memory and CPU time of processes with all their children, and what others use."""

import os
import threading
import time
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")
EVERY = 0.05  # seconds between looks at memory; a look at two gigabytes takes 0.01


def family(pid):
    """A process and all that it has started, as far as they are still there."""
    found = [pid]
    for member in found:
        for children in Path(f"/proc/{member}/task").glob("*/children"):
            found += map(int, text(children).split())
    return found


def text(file):
    """What the file says; nothing once the process has ended."""
    try:
        return file.read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def memory(pid):
    """Bytes in memory, what is shared counted in parts (PSS), and how many of them are no file's."""
    lines = (line.split() for line in text(Path(f"/proc/{pid}/smaps_rollup")).splitlines()[1:])
    found = {line[0]: int(line[1]) * 1024 for line in lines}
    return found.get("Pss:", 0), found.get("Pss_Anon:", 0)


def cpu_seconds(pid):
    stat = text(Path(f"/proc/{pid}/stat"))
    return sum(map(int, stat.rsplit(")", 1)[1].split()[11:13])) * TICK if stat else 0


def spent(pids):
    """CPU seconds of `pids` with their children, and of the children of this process that have ended."""
    return sum(cpu_seconds(member) for pid in pids for member in family(pid)) + sum(os.times()[2:4])


class Peak:
    """Looks at the processes that `pids` names, again and again, while the block runs."""

    def __init__(self, pids):
        self.pids, self.whole, self.anonymous = pids, 0, 0
        self.over = threading.Event()
        self.watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self.watcher.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.watcher.join()

    def _watch(self):
        while not self.over.wait(EVERY):
            looks = [memory(member) for pid in self.pids() for member in family(pid)]
            whole, anonymous = (sum(part) for part in zip((0, 0), *looks))
            if whole > self.whole:
                self.whole, self.anonymous = whole, anonymous


class Others:
    """How many cores were used while the block ran by all but this process, its children and `pids`."""

    def __init__(self, pids):
        self.pids = pids

    def __enter__(self):
        self.before, self.start = self._seconds(), time.monotonic()
        return self

    def __exit__(self, *_):
        self.cores = (self._seconds() - self.before) / (time.monotonic() - self.start)

    def _seconds(self):
        busy = sum(map(int, text(Path("/proc/stat")).split()[1:4])) * TICK
        return busy - spent(self.pids) - sum(os.times()[:2])


def processor():
    lines = text(Path("/proc/cpuinfo")).splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), os.uname().machine)


def described():
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    return f"{processor()}, {os.cpu_count()} cores, load {load}"
