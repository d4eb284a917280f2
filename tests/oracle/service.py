"""The program as a service: started, asked, ended."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
from pathlib import Path

import services

PATIENCE = 900  # seconds: only so that a test fails instead of hanging


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what, found, pause=0.1):
    """Waits until `found` answers something, and answers it; looks every `pause` seconds."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        if answer := found():
            return answer
        time.sleep(pause)
    raise SystemExit(f"{what} never came")


class Service:
    """`run --production`, from its start on; killed when the block is left."""

    def __init__(self, binary, arguments, endpoint, log, models="bundled", dimensions=1280):
        self.admin = f"127.0.0.1:{free_port()}"
        self.log = Path(log)
        command = [binary, "run", "--production", "--models", models, "--features-dimensions", str(dimensions)]
        command += ["--allow-address", "127.0.0.1/32", "--admin-address", self.admin, *arguments]
        access = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": services.REGION}
        self.started = time.monotonic()
        with open(self.log, "w", encoding="utf-8") as file:
            environment = {**os.environ, **access, "AWS_ENDPOINT_URL": endpoint}
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=environment)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def ask(self, path):
        """Status and text; status 0 if nobody answers."""
        if self.process.poll() is not None:
            said = self.log.read_text(encoding="utf-8")
            raise SystemExit(f"the service ended with {self.process.returncode}:\n{said}")
        try:
            return services.fetch(f"http://{self.admin}{path}")
        except (urllib.error.URLError, ConnectionError):
            return 0, ""

    def ready(self):
        """Waits for it, and answers the seconds since the start."""
        while self.ask("/readyz")[0] != 200:
            if time.monotonic() > self.started + PATIENCE:
                raise SystemExit("the service never was ready")
            time.sleep(0.02)
        return time.monotonic() - self.started

    def messages(self):
        """The accounts: received, indexed, superseded, parked, released, lost, inFlight."""
        status, text = self.ask("/status")
        return json.loads(text)["messages"] if status == 200 else {}

    def settled(self):
        messages = self.messages()
        return sum(messages.get(outcome, 0) for outcome in ("indexed", "superseded", "parked"))

    def terminate(self):
        """Sends SIGTERM; answers the exit status and the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE), time.monotonic() - began
