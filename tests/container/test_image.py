"""The image in the folder CONTAINER: what is in it, and how it runs as a user without rights on a read-only root."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from container import Container, Image, ended, folder_of
from servers import Names, https

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests" / "oracle"))

import services  # noqa: E402
from place import Place  # noqa: E402
from service import free_port, until  # noqa: E402

IMAGE = Image(os.environ["CONTAINER"])
LARGEST = 80_000_000  # bytes, without VGG16's weights, which nobody may ship
CACHE = "/var/cache/inference-manager"
ACCESS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": services.REGION}
NOWHERE = {
    **ACCESS,
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "QUEUE_URL": "http://127.0.0.1:1/1/queue",
    "DEAD_LETTER_QUEUE_URL": "http://127.0.0.1:1/1/dead",
    "ELASTICSEARCH_URL": "http://127.0.0.1:1",
    "INITIAL_INDEX": "initial",
    "AUGMENTED_INDEX": "augmented",
    "MODELS": "bundled",
    "FEATURES_DIMENSIONS": "1280",
}


def revision():
    """The commit that the image says it is built from."""
    return IMAGE.settings["Labels"]["org.opencontainers.image.revision"]


def files():
    """Everything in the image, by its path there."""
    return {path.relative_to(IMAGE.root).as_posix(): path for path in IMAGE.root.rglob("*")}


class Contents(unittest.TestCase):
    def test_it_holds_the_program_what_that_needs_and_nothing_to_run_besides(self):
        library = r"lib/[a-z0-9_]+-linux-gnu/lib(c|m|gcc_s)\.so\.[0-9]+|lib64/ld-linux-x86-64\.so\.2|lib/ld-linux-aarch64\.so\.1"
        settings = r"etc/(passwd|group|os-release|ssl/certs/ca-certificates\.crt)"
        packages = r"var/lib/dpkg/status\.d/(ca-certificates|libc6|libgcc-s1)"
        known = re.compile(rf"inference-manager|LICENSE|samples/[^/]+|{library}|{settings}|{packages}")
        plain = [name for name, path in files().items() if path.is_symlink() or not path.is_dir()]
        self.assertEqual([name for name in plain if not known.fullmatch(name)], [])
        self.assertEqual(len([name for name in plain if re.fullmatch(library, name)]), 4)

    def test_nothing_in_it_is_set_uid_or_writable_by_anybody_but_root_except_two_folders(self):
        writable = [name for name, path in files().items() if path.lstat().st_uid or path.lstat().st_mode & 0o6022]
        self.assertEqual(sorted(writable), ["out", "var/cache/inference-manager"])

    def test_it_is_small(self):
        size = sum(path.lstat().st_size for path in files().values())
        print(f"{size / 1e6:.1f} MB")
        self.assertLessEqual(size, LARGEST)

    def test_its_settings_are_those_of_the_contract(self):
        settings = IMAGE.settings
        self.assertEqual(settings["Entrypoint"], ["/inference-manager"])
        self.assertEqual(settings["Cmd"], ["run", "--production"])
        self.assertEqual(settings["User"], "65532:65532")
        self.assertEqual(settings["StopSignal"], "SIGTERM")
        self.assertEqual(settings["Healthcheck"]["Test"], ["CMD", "/inference-manager", "health"])
        self.assertEqual(list(settings["ExposedPorts"]), ["9464/tcp"])
        self.assertIn("ADMIN_ADDRESS=0.0.0.0:9464", settings["Env"])
        self.assertEqual(sorted(settings["Volumes"]), ["/out", "/var/cache/inference-manager"])

    def test_it_names_its_source_its_commit_and_the_version_that_cargo_knows(self):
        self.assertRegex(revision(), "^[0-9a-f]{40}$")
        labels = IMAGE.settings["Labels"]
        self.assertEqual(labels["org.opencontainers.image.source"], "https://git.example.org/inference-manager")
        self.assertRegex(labels["org.opencontainers.image.created"], r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(Z|[+-][0-9:]{5})$")
        version = re.search(r'^version = "(.*)"', (REPOSITORY / "Cargo.toml").read_text(), re.MULTILINE)[1]
        self.assertEqual(IMAGE.settings["Labels"]["org.opencontainers.image.version"], version)
        status, said = ended(IMAGE, ["--version"])
        self.assertEqual(status, 0)
        self.assertIn(f"inference-manager {version} ({revision()[:12]})", said)

    def test_the_inventory_names_every_crate_every_package_of_debian_the_weights_and_nothing_else(self):
        inventory = json.loads((IMAGE.home / "inference-manager.cdx.json").read_text())
        self.assertEqual(inventory["bomFormat"], "CycloneDX")
        named = {(one["name"], one["version"]) for one in inventory["components"]}
        tree = ["cargo", "tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}"]
        listed = subprocess.run(tree, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
        crates = {tuple(line.split()[:2]) for line in listed.splitlines() if line}
        crates = {(name, version.removeprefix("v")) for name, version in crates}
        self.assertIn("burn", {name for name, _ in crates})
        records = [path.read_text() for path in (IMAGE.root / "var/lib/dpkg/status.d").iterdir()]
        fields = ("Package", "Version")
        packages = {tuple(re.search(rf"^{field}: (.*)", text, re.MULTILINE)[1] for field in fields) for text in records}
        weights = [one for one in inventory["components"] if one["type"] == "machine-learning-model"]
        manifest = json.loads((REPOSITORY / "models/sets/default/features/manifest.json").read_text())
        self.assertEqual([one["hashes"][0]["content"] for one in weights], [manifest["weights"]["sha256"]])
        whole = inventory["metadata"]["component"]
        named = (named | {(whole["name"], whole["version"])}) - {(one["name"], one["version"]) for one in weights}
        self.assertEqual(named, crates | packages)
        references = {one["bom-ref"] for one in [whole, *inventory["components"]]}
        graph = inventory["dependencies"]
        self.assertLessEqual({one for node in graph for one in [node["ref"], *node.get("dependsOn", [])]}, references)


class Commands(unittest.TestCase):
    def test_a_run_over_the_samples_leaves_its_results_in_the_volume(self):
        self.assert_runs(IMAGE)

    def test_so_does_one_by_any_other_user(self):
        image = Image(IMAGE.home)
        image.user = image.group = 1234
        self.assert_runs(image)

    def assert_runs(self, image):
        with folder_of(image) as out:
            status, said = ended(image, ["run"], mounts={"/out": out})
            self.assertEqual(status, 0, said)
            pictures = [path for path in (image.root / "samples").iterdir() if path.suffix != ".md"]
            self.assertEqual(len((out / "augmented.ndjson").read_text().splitlines()), len(pictures))
            self.assertTrue((out / "index.html").is_file())
            self.assertEqual((out / "augmented.ndjson").stat().st_uid, image.user)

    def test_nothing_is_written_outside_the_volumes(self):
        status, said = ended(IMAGE, ["run", "--out", "/results"])
        self.assertEqual(status, 69, said)
        self.assertIn("Read-only file system", said)

    def test_a_task_without_settings_ends_at_once_and_names_what_is_missing(self):
        for arguments in (None, ["check"]):
            status, said = ended(IMAGE, arguments, {"QUEUE_URL": NOWHERE["QUEUE_URL"]})
            self.assertEqual(status, 64, said)
            self.assertIn("DEAD_LETTER_QUEUE_URL", said)

    def test_servers_that_do_not_answer_are_told(self):
        for arguments in (None, ["check"]):
            status, said = ended(IMAGE, arguments, NOWHERE)
            self.assertEqual(status, 69, said)
            self.assertIn("Connection refused", said)

    def test_nobody_is_healthy_who_does_not_run(self):
        status, said = ended(IMAGE, ["health"])
        self.assertEqual(status, 69, said)

    def test_the_roots_of_tls_are_there_and_a_stranger_is_not_trusted(self):
        with tempfile.TemporaryDirectory() as folder, https(Path(folder)) as port:
            there = {"ELASTICSEARCH_URL": f"https://localhost:{port}", "AWS_ENDPOINT_URL": f"https://localhost:{port}"}
            status, said = ended(IMAGE, ["check"], {**NOWHERE, **there})
        self.assertEqual(status, 69)
        findings = {line[9:24].strip(): line for line in said.splitlines()}
        for part in ("queue", "elasticsearch"):
            self.assertIn("UnknownIssuer", findings[part])
        self.assertNotIn("No CA certificates", said)

    def test_names_are_looked_for_in_the_hosts_file_and_then_asked_of_dns(self):
        address = "127.0.0.153"
        with tempfile.TemporaryDirectory() as folder, Names(address) as names:
            hosts, resolver = Path(folder, "hosts"), Path(folder, "resolv.conf")
            hosts.write_text("127.0.0.1 elasticsearch.internal.example\n")
            resolver.write_text(f"nameserver {address}\n")
            mounts = {"/etc/hosts": hosts, "/etc/resolv.conf": resolver}
            named = {"AWS_ENDPOINT_URL": "http://sqs.example:1", "ELASTICSEARCH_URL": "http://elasticsearch.internal.example:1"}
            _, said = ended(IMAGE, ["check"], {**NOWHERE, **named}, mounts)
            self.assertEqual(names.asked, {"sqs.example"}, said)
        self.assertEqual(len(re.findall("Connection refused", said)), 4, said)


class Task(unittest.TestCase):
    """The service with its settings in the environment, over the servers of the tests, and its models in S3."""

    def setUp(self):
        self.place = Place(f"image-{time.time_ns()}")
        self.addCleanup(self.place.close)
        self.aws = services.endpoint("TEST_AWS_ENDPOINT_URL")
        self.cache = self.enterContext(folder_of(IMAGE))
        self.admin = f"127.0.0.1:{free_port()}"
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        self.container = self.enterContext(
            Container(IMAGE, None, self.variables(), {CACHE: self.cache}, **streams)
        )

    def variables(self):
        arguments = self.place.arguments()
        locations = {name[2:].upper().replace("-", "_"): value for name, value in zip(arguments[::2], arguments[1::2])}
        admin = {"ADMIN_ADDRESS": self.admin.replace("127.0.0.1", "0.0.0.0"), "LAST_SCRAPE": "0s"}
        models = {"MODELS": self.uploaded_models(), "FEATURES_DIMENSIONS": "1280"}
        return {**ACCESS, "AWS_ENDPOINT_URL": self.aws, **locations, **admin, **models}

    def uploaded_models(self):
        bucket = f"models-{time.time_ns()}"
        region = f"<LocationConstraint>{services.REGION}</LocationConstraint>"
        self.put(bucket, f"<CreateBucketConfiguration>{region}</CreateBucketConfiguration>".encode())
        models = REPOSITORY / "models" / "sets" / "default"
        for path in models.rglob("*.*"):
            self.put(f"{bucket}/default/{path.relative_to(models).as_posix()}", path.read_bytes())
        return f"s3://{bucket}/default/"

    def put(self, key, content):
        status, text = services.fetch(f"{self.aws}/{key}", content, "PUT", services.signed_for("s3"))
        self.assertEqual(status, 200, text)

    def ready(self):
        if self.container.process.poll() is not None:
            self.fail(self.container.process.communicate()[0])
        try:
            return services.fetch(f"http://{self.admin}/readyz")[0] == 200
        except OSError:
            return False

    def test_it_fetches_its_models_is_healthy_and_drains(self):
        until("the service", self.ready)
        status, said = self.container.health()
        self.assertEqual(status, 0, said)
        self.assertEqual(len(list((self.cache / "weights").iterdir())), 1)
        self.confined()
        self.container.signal("SIGSTOP")
        status, said = self.container.health()
        self.assertEqual(status, 69, said)
        self.container.signal("SIGCONT")
        self.container.stop()
        said, _ = self.container.process.communicate(timeout=60)
        self.assertEqual(self.container.process.returncode, 0, said)

    def confined(self):
        """As the kernel sees the process."""
        process = Path("/proc", str(self.container.pid()))
        status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines() if ":\t" in line)
        self.assertEqual(set(status["Uid"].split()), {str(IMAGE.user)})
        self.assertEqual(int(status["CapEff"], 16) | int(status["CapBnd"], 16), 0)
        self.assertEqual(status["NoNewPrivs"], "1")
        root = next(line.split() for line in (process / "mountinfo").read_text().splitlines() if line.split()[4] == "/")
        self.assertIn("ro", root[5].split(","))


if __name__ == "__main__":
    unittest.main()
