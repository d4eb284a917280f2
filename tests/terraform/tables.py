#!/usr/bin/env python3
"""The tables of variables and outputs in terraform/README.md, out of the configuration.

tests/terraform/tables.py --write     # puts them there; ./test fails while they differ
"""

import re
import sys
from pathlib import Path

import configuration

ROOT = Path(__file__).resolve().parents[2] / "terraform"
README = ROOT / "README.md"
MARKED = re.compile(r"(<!-- (variables|outputs) (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def argument(body, name):
    found = re.search(rf"^  {name} += (.*?)(?=^  \w+ +=|^  validation|^$|\Z)", body, re.DOTALL | re.MULTILINE)
    # The lines of an object become what they would be on one line.
    return " ".join(re.sub(r"(?<=[^{])\n(?= +\w+ +=)", ",", found[1]).split()) if found else None


def description(body):
    return argument(body, "description").strip('"').replace('\\"', '"').replace("|", "\\|")


def variables(folder):
    yield "| variable | type | default | meaning |\n| --- | --- | --- | --- |\n"
    for name, body in configuration.blocks(folder, "variable"):
        default = argument(body, "default")
        kind, shown = argument(body, "type").replace("|", "\\|"), "required" if default is None else f"`{default}`"
        yield f"| `{name}` | `{kind}` | {shown} | {description(body)} |\n"


def outputs(folder):
    yield "| output | meaning |\n| --- | --- |\n"
    for name, body in configuration.blocks(folder, "output"):
        yield f"| `{name}` | {description(body)} |\n"


def current(text):
    tables = {"variables": variables, "outputs": outputs}
    return MARKED.sub(lambda found: found[1] + "".join(tables[found[2]](ROOT / found[3])) + found[4], text)


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    README.write_text(current(README.read_text()))
