"""compose.yaml as docker-compose understands it, the first version of it or the second."""

import subprocess
from pathlib import Path

import yaml

FILE = Path(__file__).resolve().parents[2] / "compose.yaml"


def config(*options):
    command = ["docker-compose", "--file", FILE, "config", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def services():
    ended = config()
    if ended.returncode:
        raise RuntimeError(ended.stderr)
    return yaml.safe_load(ended.stdout)["services"]


def volumes(service):
    """The folder or file outside, its path inside, and whether it may only be read."""
    for volume in service.get("volumes", []):
        if isinstance(volume, str):
            outside, inside, access = (*volume.split(":"), "rw")[:3]
            yield outside, inside, access == "ro"
        else:
            yield volume["source"], volume["target"], volume.get("read_only", False)


def addresses(service):
    """Where on the host its ports can be reached."""
    for port in service.get("ports", []):
        yield port.rsplit(":", 2)[0] if isinstance(port, str) else port.get("host_ip")
