"""An image run as Docker would run it, by runc: with its own user, a read-only root, no capability and no engine."""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

# What Docker lays over every image.
TMPFS = ["nosuid", "nodev"]
MOUNTS = [
    {"destination": "/proc", "type": "proc", "source": "proc", "options": [*TMPFS, "noexec"]},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=65536k"]},
    {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": [*TMPFS, "noexec", "size=65536k"]},
    {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": [*TMPFS, "noexec", "ro"]},
]
HOSTS = ["/etc/hosts", "/etc/resolv.conf"]


class Image:
    """What `tests/container/build` left in a folder."""

    def __init__(self, home):
        self.home = Path(home).resolve()
        self.root = self.home / "rootfs"
        # The same files, where the runtime makes the folders that it mounts on.
        self.running = self.home / "running"
        self.settings = json.loads((self.home / "image.json").read_text(encoding="utf-8"))
        self.user, self.group = map(int, self.settings["User"].split(":"))

    def mounts(self, given):
        """The folders and files in `given`, by where they appear; volumes that nobody gave are empty and the user's."""
        given = {**{path: path for path in HOSTS}, **given}
        binds = [
            {"destination": inside, "type": "bind", "source": str(outside), "options": ["bind", *TMPFS, access]}
            for inside, outside in given.items()
            for access in ["ro" if Path(outside).is_file() else "rw"]
        ]
        owned = [*TMPFS, "noexec", "mode=755", f"uid={self.user}", f"gid={self.group}"]
        volumes = [path for path in self.settings["Volumes"] if path not in given]
        return [
            *MOUNTS,
            *binds,
            *({"destination": path, "type": "tmpfs", "source": "tmpfs", "options": owned} for path in volumes),
        ]

    def specification(self, arguments, variables, mounts):
        """What the runtime is told, after the OCI runtime specification."""
        none = {kind: [] for kind in ("bounding", "effective", "inheritable", "permitted", "ambient")}
        environment = dict(pair.split("=", 1) for pair in self.settings["Env"]) | variables
        return {
            "ociVersion": "1.0.0",
            "process": {
                "user": {"uid": self.user, "gid": self.group},
                "args": [*self.settings["Entrypoint"], *arguments],
                "env": [f"{name}={value}" for name, value in environment.items()],
                "cwd": self.settings.get("WorkingDir") or "/",
                "capabilities": none,
                "noNewPrivileges": True,
            },
            "root": {"path": str(self.running), "readonly": True},
            "mounts": self.mounts(mounts),
            # The host's network, where the servers of the tests are.
            "linux": {"namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")]},
        }


class Container:
    """A container, from its start on; gone when the block is left, or when this process dies."""

    def __init__(self, image, arguments=None, variables=None, mounts=None, **streams):
        self.image, self.name = image, f"inference-manager-{uuid.uuid4()}"
        self.bundle = Path(tempfile.mkdtemp(prefix="container."))
        arguments = image.settings["Cmd"] if arguments is None else arguments
        specification = image.specification(arguments, variables or {}, mounts or {})
        (self.bundle / "config.json").write_text(json.dumps(specification), encoding="utf-8")
        self.reaper = self.start_reaper()
        self.process = subprocess.Popen(["runc", "run", "--bundle", self.bundle, self.name], **streams)

    def start_reaper(self):
        """Removes what is left as soon as nobody holds its standard input: the kernel sees to that for us."""
        script = 'read -r _; runc delete --force "$0" 2>/dev/null; rm -rf "$1"'
        command = ["sh", "-c", script, self.name, self.bundle]
        return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.reaper.communicate()
        self.process.wait()

    def signal(self, name):
        """As `docker kill --signal`: to the process with the number 1."""
        subprocess.run(["runc", "kill", self.name, name], check=True)

    def stop(self):
        """As `docker stop`: the image's own signal."""
        self.signal(self.image.settings.get("StopSignal", "SIGTERM"))

    def run(self, command):
        """As `docker exec`: status and what it said."""
        ended = subprocess.run(
            ["runc", "exec", self.name, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        return ended.returncode, ended.stdout

    def health(self):
        """The image's own health check."""
        form, *command = self.image.settings["Healthcheck"]["Test"]
        assert form == "CMD", "there is no shell for it"
        return self.run(command)

    def pid(self):
        """The process, as the host counts."""
        state = subprocess.run(["runc", "state", self.name], capture_output=True, text=True, check=True)
        return json.loads(state.stdout)["pid"]


@contextlib.contextmanager
def folder_of(image):
    """A new folder that belongs to the image's user."""
    folder = Path(tempfile.mkdtemp(prefix="container-out."))
    os.chown(folder, image.user, image.group)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def ended(image, arguments=None, variables=None, mounts=None):
    """Runs it to its end; status and all that it said."""
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with Container(image, arguments, variables, mounts, **streams) as container:
        said, _ = container.process.communicate(timeout=600)
        return container.process.returncode, said
