"""Drives a headless Chromium over its debugging pipe; nothing but Python's own library."""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-dev-shm-usage", "--hide-scrollbars", "--force-color-profile=srgb", "--remote-debugging-pipe"]


def executable() -> str:
    """Where Chromium is; ends the program where it is not."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        print("Chromium is missing: install the Debian package chromium", file=sys.stderr)
        raise SystemExit(69)
    return found


class Chromium:
    """One browser with one tab."""

    def __init__(self) -> None:
        self.profile = tempfile.TemporaryDirectory(prefix="chromium-")
        commands_read, self.commands = os.pipe()
        self.answers, answers_write = os.pipe()

        def as_the_browser_expects() -> None:  # it reads commands from 3 and answers on 4
            saved = os.dup(commands_read), os.dup(answers_write)
            os.dup2(saved[0], 3)
            os.dup2(saved[1], 4)

        self.process = subprocess.Popen(
            [executable(), *FLAGS, f"--user-data-dir={self.profile.name}", "about:blank"],
            preexec_fn=as_the_browser_expects, close_fds=False,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(commands_read)
        os.close(answers_write)
        self.unread = b""
        self.sent = 0
        self.events: list[dict] = []
        self.session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)

    def __enter__(self) -> "Chromium":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()
        os.close(self.commands)
        os.close(self.answers)
        self.profile.cleanup()

    def call(self, method: str, **parameters: Any) -> dict:
        """Sends a command and returns its result; events that come before it are kept."""
        self.sent += 1
        command: dict[str, Any] = {"id": self.sent, "method": method, "params": parameters}
        if self.session:
            command["sessionId"] = self.session
        pending = json.dumps(command).encode() + b"\0"
        while pending:
            pending = pending[os.write(self.commands, pending):]
        while True:
            message = self.receive()
            if message.get("id") == self.sent:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self.events.append(message)

    def receive(self) -> dict:
        while b"\0" not in self.unread:
            chunk = os.read(self.answers, 1 << 20)
            if not chunk:
                raise RuntimeError("Chromium has ended")
            self.unread += chunk
        message, self.unread = self.unread.split(b"\0", 1)
        return json.loads(message)

    def open(self, url: str) -> None:
        self.wait_until_loaded(self.call("Page.navigate", url=url)["loaderId"])

    def wait_until_loaded(self, loader: str | None = None) -> None:
        def loaded(event: dict) -> bool:
            said = event.get("params", {})
            return (event.get("method") == "Page.lifecycleEvent" and said["name"] == "load"
                    and loader in (None, said["loaderId"]))
        while not any(map(loaded, self.events)):
            self.events.append(self.receive())

    def show(self, page: Path, width: int, height: int, scheme: str) -> list[dict]:
        """Opens `page` and returns what happened while it loaded."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.open("about:blank")
        self.events.clear()
        self.open(page.resolve().as_uri())
        return self.events

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page, whatever the page's policy."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"]))
        return result["result"].get("value")

    def press(self, key: str, code: int) -> None:
        for kind in ("rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def screenshot(self, path: Path, height: int | None) -> None:
        """Saves the top `height` pixels of the page, or all of it, as a PNG."""
        width, whole = self.evaluate("[innerWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": width, "height": min(height or whole, whole), "scale": 1}
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))
