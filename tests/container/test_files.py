"""What can be known of Dockerfile, .dockerignore and compose.yaml without building anything."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import compose
from docker.utils.build import exclude_paths

REPOSITORY = Path(__file__).resolve().parents[2]
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
MANIFEST = (REPOSITORY / "Cargo.toml").read_text(encoding="utf-8")
PROGRAM = os.environ["PROGRAM"]


def found(pattern, text):
    return re.search(pattern, text, re.MULTILINE)[1]


def configured(variables):
    """What the program says of these variables."""
    return subprocess.run([PROGRAM, "config", "--production"], env=variables, capture_output=True, text=True, check=False)


class Image(unittest.TestCase):
    def test_it_is_built_by_the_oldest_rust_that_is_promised_and_has_the_version_of_the_program(self):
        self.assertEqual(found(r"^FROM docker.io/library/rust:(.*)-bookworm AS", DOCKERFILE), found(r'^rust-version = "(.*)"', MANIFEST))
        self.assertEqual(found(r"^ARG VERSION=(.*)", DOCKERFILE), found(r'^version = "(.*)"', MANIFEST))

    def test_what_the_image_is_made_of_is_told_to_the_builder_and_by_the_labels(self):
        last = DOCKERFILE[DOCKERFILE.rindex("\nFROM scratch") :]
        for name in ("SOURCE", "REVISION", "CREATED", "VERSION"):
            self.assertRegex(last, rf"(?m)^ARG {name}=\S+$")
            self.assertIn(f'org.opencontainers.image.{name.lower()}="${{{name}}}"', last)

    def test_the_builder_gets_what_is_compiled_and_no_secret_whoever_left_it_lying_about(self):
        wanted = ["Cargo.toml", "Cargo.lock", "build.rs", "src/main.rs", "src/page/style.css", "actors/testing/src/lib.rs"]
        wanted += ["models/sets/default/features/weights.safetensors", "models/golden/golden.png", "samples/cat.jpg"]
        wanted += ["container/root/etc/passwd", "container/inventory", "LICENSE"]
        unwanted = [".env", ".git/config", "src/.env", "models/.aws/credentials", "samples/tls.key", "src/adapters/ca.pem"]
        unwanted += ["target/release/inference-manager", "out/index.html", "fuzz/artifacts/crash", "terraform/terraform.tfstate"]
        unwanted += ["tests/crashes.rs", "actors/tests/drain.rs", "models/golden/vgg16.f32", "compose.yaml", "secrets.json"]
        ignored = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
        patterns = [line for line in ignored if line and not line.startswith("#")]
        with tempfile.TemporaryDirectory() as folder:
            for name in [*wanted, *unwanted]:
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
            sent = {name for name in exclude_paths(folder, patterns) if Path(folder, name).is_file()}
        self.assertEqual(sent - {"Dockerfile", ".dockerignore"}, set(wanted))


class Compose(unittest.TestCase):
    def test_docker_compose_understands_it(self):
        ended = compose.config("--quiet")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))

    def test_every_file_that_is_mounted_exists_and_stays_as_it_is(self):
        volumes = [volume for service in compose.services().values() for volume in compose.volumes(service)]
        self.assertGreater(len(volumes), 5)
        for outside, _, read_only in volumes:
            self.assertTrue(Path(outside).exists(), outside)
            self.assertTrue(read_only, outside)

    def test_every_image_has_a_version_and_no_port_is_open_to_others(self):
        for name, service in compose.services().items():
            if "build" not in service:
                self.assertRegex(service["image"], r":v?[0-9]", name)
            self.assertLessEqual(set(compose.addresses(service)), {"127.0.0.1"}, name)

    def test_the_program_takes_its_variables(self):
        variables = compose.services()["inference-manager"]["environment"]
        ended = configured(variables)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        known = subprocess.run([PROGRAM, "run", "--help"], capture_output=True, text=True, check=True).stdout
        for name in variables:
            self.assertTrue(name.startswith("AWS_") or f"[env: {name}=" in known, name)

    def test_the_service_runs_as_in_production(self):
        service = compose.services()["inference-manager"]
        self.assertTrue(service["read_only"])
        self.assertEqual(service["cap_drop"], ["ALL"])
        self.assertEqual(service["security_opt"], ["no-new-privileges:true"])
        self.assertNotIn("command", service)
        self.assertNotIn("user", service)


if __name__ == "__main__":
    unittest.main()
