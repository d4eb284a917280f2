"""What a process and each of its threads have computed, from /proc."""

import collections
import os
import threading
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")
EVERY = 0.25


def seconds(stat):
    """User and system time of a line of /proc/…/stat, and the name in it."""
    name, rest = stat[stat.index("(") + 1 : stat.rindex(")")], stat[stat.rindex(")") + 2 :].split()
    return name, (int(rest[11]) + int(rest[12])) * TICK


class CpuTime:
    """Looks again and again, because threads end and take their figures with them."""

    def __init__(self, pid):
        self.home = Path(f"/proc/{pid}")
        self.threads = {}
        self.over = threading.Event()
        self.watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self.look()
        self.before = self.by_name(), self.whole()
        self.watcher.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.watcher.join()

    def _watch(self):
        while not self.over.wait(EVERY):
            self.look()

    def look(self):
        for task in self.home.glob("task/*/stat"):
            try:
                self.threads[task.parent.name] = seconds(task.read_text(encoding="utf-8"))
            except (FileNotFoundError, ProcessLookupError):
                continue

    def whole(self):
        return seconds((self.home / "stat").read_text(encoding="utf-8"))[1]

    def by_name(self):
        """Threads of one name together, numbers at its end aside."""
        found = collections.Counter()
        for name, took in self.threads.values():
            found[name.rstrip("0123456789").rstrip("-:# ") or name] += took
        return found

    def since_start(self):
        """Seconds since the block was entered: of each name, and of the whole process."""
        self.look()
        names, whole = self.before
        return self.by_name() - names, self.whole() - whole
