"""What stands in terraform/: its blocks as text, without evaluating anything."""

import re

BLOCK = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', re.DOTALL | re.MULTILINE)
TYPE = re.compile(r'^(resource|data) "(aws_\w+)"', re.MULTILINE)


def files(folder):
    return sorted(path for path in folder.rglob("*.tf") if ".terraform" not in path.parts)


def blocks(folder, kind):
    """Name and body of each variable or output of one module, in order of files and lines."""
    texts = [path.read_text() for path in sorted(folder.glob("*.tf"))]
    return [(name, body) for text in texts for found, name, body in BLOCK.findall(text) if found == kind]


def types_used(folder, kind):
    return {name for file in files(folder) for found, name in TYPE.findall(file.read_text()) if found == kind}
