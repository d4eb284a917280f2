"""What is to become of each picture of a folder: `expected.csv` beside it in that folder.

One row a path: `indexed`, `ignored` (neither document nor parked record), or the class with which it
is parked. Paths that are no UTF-8 are written as the documents show them, with U+FFFD.
"""

import csv
import os

FILE = "expected.csv"


def shown(path):
    """`path` as JSON can hold it."""
    return os.fsencode(path).decode("utf-8", errors="replace")


class Folder:
    """Writes pictures into a folder and remembers what is expected of each."""

    def __init__(self, home):
        self.home = home
        self.expected = {}
        home.mkdir(parents=True, exist_ok=True)

    def place(self, name, expected):
        """Where to make the picture `name`, of which `expected` is expected."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self.expected[shown(name)] = expected
        return path

    def add(self, name, content, expected="indexed"):
        self.place(name, expected).write_bytes(content)

    def close(self):
        with open(self.home / FILE, "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(sorted(self.expected.items()))


def read(home):
    with open(home / FILE, encoding="utf-8", newline="") as file:
        return dict(csv.reader(file))
