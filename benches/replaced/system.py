"""The system that we replace: three sidecars and a client, each a process of its own; and what they answer."""

import contextlib
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
IN_FLIGHT = 10
START = 120  # seconds: only so that a sidecar that never comes is noticed


class System:
    """Its processes begin with the block, and end with it."""

    def __init__(self, checkpoint):
        self.commands = [["features_sidecar.py", checkpoint], ["palette_sidecar.py"], ["aspect_ratio_sidecar.py"]]
        self.ports = free_ports(len(self.commands))
        self.client = None

    def __enter__(self):
        self.sidecars = [python(*command, port) for command, port in zip(self.commands, self.ports)]
        return self

    def __exit__(self, *_):
        for sidecar in self.sidecars:
            sidecar.terminate()
        for sidecar in self.sidecars:
            sidecar.wait()

    def ready(self):
        """Waits until all are healthy."""
        ends = time.monotonic() + START
        for sidecar, port in zip(self.sidecars, self.ports):
            while not healthy(port):
                if sidecar.poll() is not None or time.monotonic() > ends:
                    sys.exit("a sidecar did not start")
                time.sleep(0.1)

    def pids(self):
        return [process.pid for process in [*self.sidecars, self.client] if process]

    def infer(self, files, in_flight=IN_FLIGHT, pause=0):
        """A record of each file: when it began and ended, and its fields."""
        self.client = python("client.py", in_flight, pause, *self.ports, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        output, _ = self.client.communicate("\n".join(map(str, files)))
        if self.client.returncode != 0:
            sys.exit("the client failed")
        self.client = None
        return [json.loads(line) for line in output.splitlines()]


def free_ports(count):
    with contextlib.ExitStack() as sockets:
        probes = [sockets.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [probe.getsockname()[1] for probe in probes]


def python(script, *arguments, **more):
    # PyTorch warns of its own deprecated parts.
    command = [sys.executable, "-B", "-W", "ignore::FutureWarning", HERE / script, *map(str, arguments)]
    return subprocess.Popen(command, text=True, **more)


def healthy(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthcheck", timeout=5) as answer:
            return json.load(answer) == {"status": "healthy"}
    except (urllib.error.URLError, ConnectionError):
        return False


def images_per_second(records):
    """From the first request to the last answer."""
    return len(records) / (max(one["ended"] for one in records) - min(one["began"] for one in records))
