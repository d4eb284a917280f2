"""Does what `docker compose up` does, without an engine: tests/container/demonstrate.py FOLDER

In a network of its own, where each service of compose.yaml is a name of loopback and has its own port, the commands,
variables and files of compose.yaml are taken as they stand: the real nginx and Prometheus, the emulator and the cluster
of the tests, and the image in the folder CONTAINER. What is not compose.yaml's: the pictures come from loopback, which
the service must be allowed to ask.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import compose
from container import Container, Image

REPOSITORY = Path(__file__).resolve().parents[2]
SERVERS = REPOSITORY / "tests" / "servers"
sys.path.insert(0, str(REPOSITORY / "tests" / "oracle"))

from service import until  # noqa: E402

NGINX = """
user root;
pid {home}/pid;
error_log {home}/error.log;
events {{}}
http {{
  access_log off;
  include {home}/etc/nginx/conf.d/*.conf;
}}
"""


class Volumes:
    """The files that a service gets, below a folder instead of below the root of a container."""

    def __init__(self, service, home):
        self.home, self.paths = home, []
        for outside, inside, read_only in compose.volumes(service):
            assert read_only and Path(outside).exists(), f"{outside}: it is missing, or may be written to"
            self.paths.append(inside)
            place = home / inside.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(outside)

    def translated(self, text):
        for path in self.paths:
            text = re.sub(rf"(?<![\w.-]){re.escape(path)}\b", f"{self.home}{path}", text)
        return text


def script(service, home):
    """Runs the one-shot service `seed` or `show` to its end; what it said."""
    volumes = Volumes(service, home)
    variables = {name: volumes.translated(value) for name, value in service["environment"].items()}
    command = [sys.executable, *(volumes.translated(word) for word in service["command"][1:])]
    assert service["command"][0] == "python"
    ended = subprocess.run(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(ended.stdout)
    assert ended.returncode == 0, "it failed"
    return ended.stdout


@contextlib.contextmanager
def server(name, *arguments):
    subprocess.run([SERVERS / name, "start", *arguments], check=True)
    try:
        yield
    finally:
        subprocess.run([SERVERS / name, "stop", arguments[1]], check=True)


@contextlib.contextmanager
def running(command, log):
    with open(log, "w", encoding="utf-8") as file:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def nginx(service, home):
    """With its configuration, in which only the folder of the pictures has another name."""
    volumes = Volumes(service, home)
    (file,) = [path for path in volumes.paths if path.endswith(".conf")]
    place = home / file.lstrip("/")
    text = volumes.translated(place.read_text(encoding="utf-8"))
    place.unlink()
    place.write_text(text, encoding="utf-8")
    (home / "nginx.conf").write_text(NGINX.format(home=home), encoding="utf-8")
    command = ["nginx", "-e", home / "error.log", "-g", "daemon off;", "-c", home / "nginx.conf"]
    return running(command, home / "log")


def prometheus(service, home):
    volumes = Volumes(service, home)
    configuration = volumes.translated("/etc/prometheus/prometheus.yml")
    # Of a link it would look for the rules beside the file.
    real = Path(configuration)
    text = real.read_text(encoding="utf-8")
    real.unlink()
    real.write_text(text, encoding="utf-8")
    command = ["prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={home / 'data'}"]
    return running([*command, "--web.listen-address=127.0.0.1:9090"], home / "log")


def answer(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as found:
            return json.loads(found.read())
    except OSError:
        return None


def scraped():
    """Whether Prometheus has seen the service, and has rules."""
    found = answer("http://prometheus:9090/api/v1/query?query=up%7Bjob%3D%22inference-manager%22%7D")
    rules = answer("http://prometheus:9090/api/v1/rules")
    return found and rules and rules["data"]["groups"] and [one["value"][1] for one in found["data"]["result"]] == ["1"]


def demonstrate(work):
    services = compose.services()
    for name in services:
        (work / name).mkdir(parents=True)
    settings = services["elasticsearch"]["environment"]
    # The test's cluster has no security module and is always a single node.
    settings = [f"{name}={value}" for name, value in settings.items() if name.startswith("action.")]
    with contextlib.ExitStack() as stack:
        stack.enter_context(server("aws", "4566", work / "aws"))
        stack.enter_context(server("elasticsearch", "9200", work / "elasticsearch", *settings))
        stack.enter_context(nginx(services["images"], work / "images"))
        stack.enter_context(prometheus(services["prometheus"], work / "prometheus"))
        script(services["seed"], work / "seed")
        service = services["inference-manager"]
        variables = dict(service["environment"])
        variables["ALLOW_ADDRESS"] += ",127.0.0.0/8"
        container = stack.enter_context(Container(Image(os.environ["CONTAINER"]), None, variables))
        said = script(services["show"], work / "show")
        pictures = len([path for path in (REPOSITORY / "samples").iterdir() if path.suffix not in (".md", ".py")])
        assert f"{pictures} of {pictures} augmented, 1 parked" in said, said
        until("a scrape of the service", scraped)
        status, health = container.health()
        assert status == 0, health
        status, letters = container.run(["/inference-manager", "redrive", "--dry-run"])
        assert status == 0 and "not_found" in letters, letters
        container.stop()
        assert container.process.wait(60) == 0
    print("test result: ok. 1 passed; 0 failed; 0 ignored")


def alone():
    """Starts again in namespaces of its own, where each service is a name of loopback."""
    command = ["unshare", "--net", "--mount", "--propagation", "private", sys.executable, __file__, sys.argv[1], "alone"]
    os.execvp(command[0], command)


def main():
    if len(sys.argv) == 2:
        alone()
    work = Path(sys.argv[1]).resolve()
    work.mkdir(parents=True)
    hosts = work / "hosts"
    hosts.write_text("127.0.0.1 localhost " + " ".join(compose.services()) + "\n", encoding="utf-8")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)
    demonstrate(work)


if __name__ == "__main__":
    main()
