"""The modules as text and by themselves: format, schema, their own tests, checkov, the tables in the README."""

import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import configuration
import tables
from provider import SCHEMA

from terraform import ROOT, Failed, Terraform

SKIP = re.compile(r"^ *#checkov:skip=(CKV2?_AWS_\d+):\S.{20,}\n", re.MULTILINE)


# A root module that makes whatever the module takes; what each resource is does not matter here.
BESIDE = """
resource "aws_sns_topic" "made" { name = "made" }
resource "aws_security_group" "made" {}
module "service" {
  source                           = "./.."
  cluster_name                     = "catalogue"
  vpc_id                           = aws_security_group.made.id
  subnet_ids                       = [aws_security_group.made.id]
  image                            = aws_sns_topic.made.arn
  models                           = "set"
  elasticsearch_url                = "https://${aws_security_group.made.id}"
  elasticsearch_api_key_secret_arn = "arn:aws:secretsmanager:${aws_sns_topic.made.arn}"
  secrets_kms_key_arn              = aws_sns_topic.made.arn
  kms_key_arn                      = aws_sns_topic.made.arn
  log_kms_key_arn                  = aws_sns_topic.made.arn
  initial_index                    = aws_security_group.made.id
  augmented_index                  = aws_security_group.made.id
  upstream_topic_arns              = { made = aws_sns_topic.made.arn }
  scraper_security_groups          = { made = aws_security_group.made.id }
  discovery                        = { namespace_id = aws_security_group.made.id }
  sidecar_repository_arns          = [aws_sns_topic.made.arn]
  payload_buckets                  = [aws_security_group.made.id]
  alarm_actions                    = [aws_sns_topic.made.arn]
}
"""


class Modules(unittest.TestCase):
    def test_the_format_is_terraforms(self):
        done = subprocess.run(
            ["terraform", "fmt", "-check", "-recursive", "-diff", str(ROOT)],
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_the_schema_knows_every_type_and_no_other(self):
        for kind in ("resource", "data"):
            self.assertEqual(set(SCHEMA[kind]), configuration.types_used(ROOT, kind))

    def test_an_argument_that_the_provider_does_not_know_is_refused(self):
        for wrong, why in (
            ("fifo_queu = true", "Unsupported argument"),
            ('name = ["a"]', "Incorrect attribute value type"),
        ):
            with Terraform("modules/locations") as terraform:
                file = Path(terraform.copy.name) / "modules" / "locations" / "wrong.tf"
                file.write_text(f'resource "aws_sqs_queue" "wrong" {{\n  {wrong}\n}}\n')
                self.assertIn(why, terraform("validate", fails=True))

    def test_the_modules_pass_their_own_tests(self):
        for folder, least in (("modules/locations", 10), (".", 20)):
            with Terraform(folder) as terraform:
                passed = re.search(r"Success! (\d+) passed, 0 failed", terraform("test"))
                self.assertGreaterEqual(int(passed[1]), least)

    def test_these_tests_notice_a_module_that_is_wrong(self):
        with Terraform("modules/locations") as terraform:
            file = Path(terraform.copy.name) / "modules" / "locations" / "queue.tf"
            file.write_text(file.read_text().replace("sourceQueueArns   = [", 'sourceQueueArns   = ["*", '))
            with self.assertRaisesRegex(Failed, "other queues may use this dead-letter queue"):
                terraform("test")

    def test_it_can_be_planned_beside_what_it_is_given(self):
        """A count or for_each over what is known only after the apply is an error that a literal never shows."""
        with Terraform(".") as terraform:
            (Path(terraform.copy.name) / "beside").mkdir()
            (Path(terraform.copy.name) / "beside" / "main.tf").write_text(BESIDE)
            terraform.folder = "beside"
            terraform("init")
            self.assertIn("Apply complete!", terraform("apply", "-auto-approve"))

    def test_the_tables_in_the_readme_are_current(self):
        text = tables.README.read_text()
        self.assertEqual(len(tables.MARKED.findall(text)), 3)
        self.assertEqual(text, tables.current(text), "run tests/terraform/tables.py --write")


class Checkov(unittest.TestCase):
    """Every finding is mended, or skipped with a reason in the code; and what is skipped would be found."""

    def findings(self, folder):
        command = [
            Path(sys.executable).parent / "checkov",
            "--skip-download",
            "--output",
            "json",
            "--framework",
            "terraform",
            "-d",
            folder,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        report = json.loads(done.stdout)
        return {(Path(found["file_path"]).name, found["check_id"]) for found in report["results"]["failed_checks"]}

    def test_nothing_is_found(self):
        self.assertEqual(self.findings(ROOT), set())

    def test_every_skip_has_a_reason_and_hides_something(self):
        skips = {(file.name, check) for file in configuration.files(ROOT) for check in SKIP.findall(file.read_text())}
        told = sum(file.read_text().count("checkov:skip") for file in configuration.files(ROOT))
        with tempfile.TemporaryDirectory() as copy:
            for file in configuration.files(ROOT):
                target = Path(copy) / file.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(SKIP.sub("", file.read_text()))
            found = self.findings(copy)
        self.assertEqual(skips, found)
        self.assertEqual(told, sum(len(SKIP.findall(file.read_text())) for file in configuration.files(ROOT)))


if __name__ == "__main__":
    unittest.main()
