#!/usr/bin/env python3
"""Reads what the AWS provider accepts out of the types that @cdktf/provider-aws publishes for it.

    npm pack @cdktf/provider-aws@21.22.1 && tar xzf cdktf-provider-aws-21.22.1.tgz
    tests/terraform/schema_from_types.py package > tests/terraform/provider-schema.json

The provider itself is not needed: the package is generated from its schema, and says in its source of every
argument what it is (type, block or not, computed, optional, required). Only the resources and data sources that
terraform/ uses are written, so a new one needs a new run; `provider.py` serves the result.

What the types do not say: which values are allowed, which arguments exclude each other, how often a block may be
repeated beyond once or often.
"""

import base64
import json
import re
import sys
from pathlib import Path

import configuration

SCALARS = {"string": "string", "number": "number", "boolean": "bool"}
GETTERS = {"getString": "string", "getNumber": "number", "getBoolean": "bool", "getList": ["list", "string"]}
GETTERS |= {"getNumberList": ["list", "number"], "getStringMap": ["map", "string"]}

ARGUMENTS = re.compile(r"const attrs = \{\n(?P<body>.*?)\n\s*\};\n", re.DOTALL)
ARGUMENT = re.compile(
    r"(?P<name>\w+): \{\s*value: (?P<value>.*?),\s*isBlock: (?P<block>true|false),\s*"
    r'type: "(?P<type>\w+)",\s*storageClassType: "(?P<storage>\w+)",\s*\}',
    re.DOTALL,
)
FLAGS = re.compile(
    r"// (\w+) - computed: (\w+), optional: (\w+), required: (\w+)\n(.*?)(?=\n\s*// \w+ - computed:|\Z)", re.DOTALL
)
CLASS = re.compile(r"^export class (\w+) extends cdktf\.\w+ \{(.*?)^\}", re.DOTALL | re.MULTILINE)
FUNCTION = re.compile(r"^function (\w+)ToHclTerraform\(struct\) \{(.*?)^\}", re.DOTALL | re.MULTILINE)
SYNTHESIS = re.compile(r"^    synthesizeHclAttributes\(\) \{(.*?)^    \}", re.DOTALL | re.MULTILINE)


def source_of(script):
    """The TypeScript that it was made from, whose comments the compiler drops."""
    encoded = re.search(r"sourceMappingURL=data:application/json;base64,(\S+)", script)[1]
    return json.loads(base64.b64decode(encoded))["sourcesContent"][0]


def capitalised(name):
    return name[0].upper() + name[1:]


class Types:
    """One resource, data source or the provider."""

    def __init__(self, file):
        script = file.read_text()
        self.structs = dict(FUNCTION.findall(script))
        synthesis = SYNTHESIS.search(script)
        self.root = synthesis[1] if synthesis else ""
        self.classes = dict(CLASS.findall(source_of(script)))
        self.name = re.search(r"^exports\.(\w+) = \1;$", script, re.MULTILINE)[1]
        for name in re.findall(r"^exports\.(\w+) = \1;$", script, re.MULTILINE):
            if re.search(rf"^{name}\.tfResourceType = ", script, re.MULTILINE):
                self.name = name

    def block(self, arguments, owner):
        """Attributes and nested blocks of one block, from its arguments and from the class that reads them."""
        flags = {name: rest for name, *rest in FLAGS.findall(self.classes.get(owner, ""))}
        block = {"attributes": {}, "blocks": {}}
        found = ARGUMENTS.search(arguments)
        for argument in ARGUMENT.finditer(found["body"] if found else ""):
            computed, optional, required, _ = flags.get(argument["name"], ("false", "true", "false", ""))
            if argument["block"] == "true":
                block["blocks"][argument["name"]] = self.nested(argument, required == "true")
            else:
                kind = attribute_type(argument["type"], argument["storage"])
                block["attributes"][argument["name"]] = attribute(kind, computed, optional, required)
        for name, (computed, optional, required, getter) in flags.items():
            if name not in block["attributes"] and name not in block["blocks"]:
                kind = next((kind for call, kind in GETTERS.items() if f"this.{call}Attribute(" in getter), None)
                if kind:  # else a computed list of objects, which nothing here reads
                    block["attributes"][name] = attribute(kind, computed, optional, required)
        return {key: value for key, value in block.items() if value}

    def nested(self, argument, required):
        struct = re.search(r"(\w+)ToHclTerraform", argument["value"])[1]
        once = "listMapperHcl" not in argument["value"]
        nesting = {"struct": "single", "list": "list", "set": "set"}[argument["type"]]
        block = self.block(self.structs[struct], capitalised(struct) + "OutputReference")
        bounds = {"min": int(required), "max": int(once and nesting != "single")}
        return {"nesting": nesting, **{key: value for key, value in bounds.items() if value}, **block}

    def schema(self):
        return self.block(self.root, self.name)


def attribute_type(kind, storage):
    element = next(scalar for name, scalar in SCALARS.items() if storage.startswith(name))
    return element if kind == "simple" else [kind, element]


def attribute(kind, computed, optional, required):
    letters = zip("cor", (computed, optional, required), strict=True)
    return [kind, "".join(letter for letter, value in letters if value == "true")]


def main():
    library = Path(sys.argv[1]) / "lib"
    root = Path(__file__).resolve().parents[2]
    schema = {"provider": Types(library / "provider" / "index.js").schema()}
    schema["provider"].get("blocks", {}).pop("endpoints", None)  # a thousand names that nothing here uses
    for kind, folder in (("resource", "{}"), ("data", "data-aws-{}")):
        used = sorted(configuration.types_used(root / "terraform", kind))
        paths = {name: library / folder.format(name.removeprefix("aws_").replace("_", "-")) for name in used}
        schema[kind] = {name: Types(path / "index.js").schema() for name, path in paths.items()}
    json.dump(schema, sys.stdout, sort_keys=True, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main()
