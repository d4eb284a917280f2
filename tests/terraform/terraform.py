"""Terraform on a copy of terraform/, with the provider of `provider.py`; nothing is fetched or written beside it."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from provider import Provider

ROOT = Path(__file__).resolve().parents[2] / "terraform"


class Failed(AssertionError):
    pass


class Terraform:
    """`folder` below terraform/, initialised; state and plugins go with the copy."""

    def __init__(self, folder=".", backing=None):
        self.provider = Provider(backing)
        self.folder = folder

    def __enter__(self):
        self.provider.__enter__()
        self.copy = tempfile.TemporaryDirectory()
        shutil.copytree(ROOT, self.copy.name, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".terraform*"))
        self("init", "-backend=false")
        return self

    def __exit__(self, *exception):
        self.copy.cleanup()
        self.provider.__exit__(*exception)

    def __call__(self, *arguments, fails=False):
        """Its output; `fails` says whether it must fail."""
        settings = {"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": "/dev/null", "TF_IN_AUTOMATION": "1"}
        done = subprocess.run(
            ["terraform", f"-chdir={Path(self.copy.name) / self.folder}", *arguments, *colourless(arguments)],
            env={**os.environ, **settings, **self.provider.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        output = done.stdout + done.stderr
        if (done.returncode != 0) != fails:
            raise Failed(f"terraform {' '.join(arguments)} ended with {done.returncode}:\n{output}")
        return output if fails else done.stdout

    def resources(self):
        """Every resource of the state: its address and its values."""
        state = json.loads(self("show", "-json"))["values"]["root_module"]
        return {resource["address"]: resource["values"] for resource in every_resource(state)}


def colourless(arguments):
    return [] if arguments[0] == "fmt" else ["-no-color"]


def every_resource(module):
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from every_resource(child)
