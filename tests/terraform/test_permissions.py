"""The task's role may do what the code calls, and nothing else."""

import json
import re
import unittest
from pathlib import Path

import botocore.session

from terraform import Terraform

ROOT = Path(__file__).resolve().parents[2]

# A call of the SDK begins with the operation's name and no argument; what follows sets its parameters.
CALL = re.compile(r"\.\s*([a-z][a-z0-9_]+)\(\)")
# IAM knows no batches, and reading what an object is like is reading it.
RENAMED = {"HeadObject": "GetObject", "ListObjectsV2": "ListBucket"}
SERVICES = {"sqs", "sns", "s3"}


def operations():
    """Every operation of the SDK's clients that the code could call: the names and their actions."""
    session = botocore.session.get_session()
    for service in SERVICES:
        for name in session.get_service_model(service).operation_names:
            snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
            action = RENAMED.get(name, name.removesuffix("Batch"))
            yield snake, f"{service}:{action}"


def called(sources):
    """Whatever else has a method of such a name is told apart by the client's crate, which the file must name."""
    known = {}
    for name, action in operations():
        known.setdefault(name, set()).add(action)
    found = {(text, action) for text in sources for name in CALL.findall(text) for action in known.get(name, ())}
    return {action for text, action in found if f"aws_sdk_{action.split(':')[0]}" in text}


def product_sources():
    """The modules' code without that of their tests."""
    for path in sorted((ROOT / "src").rglob("*.rs")):
        if not path.stem.endswith("tests") and "tests" not in path.parts:
            yield re.split(r"^#\[cfg\(test\)\]\nmod \w+ \{", path.read_text(), flags=re.MULTILINE)[0]


def asked_of_the_agent(sources):
    """Protection from scale-in is no call of the SDK: the task's own agent is asked over HTTP."""
    actions = {"put": "ecs:UpdateTaskProtection", "get": "ecs:GetTaskProtection"}
    agents = [text for text in sources if '"task-protection"' in text]
    return {action for text in agents for method, action in actions.items() if f"http.{method}(" in text}


def actions(policy):
    return {action for statement in json.loads(policy)["Statement"] for action in statement["Action"]}


class Permissions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.terraform = cls.enterClassContext(Terraform("."))
        cls.service, cls.one_off = cls.policies()

    @classmethod
    def policies(cls):
        """With everything switched on that needs a permission but a key of one's own."""
        variables = {
            "cluster_name": "c", "vpc_id": "v", "subnet_ids": '["s"]', "image_tag": "1", "models": "set",
            "elasticsearch_url": "https://e", "initial_index": "i", "augmented_index": "a", "payload_buckets": '["payloads.1", "payloads-1"]',
        }  # fmt: skip
        cls.terraform("apply", "-auto-approve", *(f"-var={name}={value}" for name, value in variables.items()))
        resources = cls.terraform.resources()
        return [resources[f"aws_iam_role_policy.{name}"]["policy"] for name in ("service", "one_off")]

    def test_the_calls_are_found(self):
        sqs, s3 = "use aws_sdk_sqs::Client;\n", "use aws_sdk_s3::Client;\n"
        self.assertEqual(called([sqs + "client.receive_message()"]), {"sqs:ReceiveMessage"})
        self.assertEqual(called([sqs + "client\n    .delete_message_batch().queue_url(url)"]), {"sqs:DeleteMessage"})
        self.assertEqual(called([sqs + "self.client.purge_queue().queue_url(url)"]), {"sqs:PurgeQueue"})
        self.assertEqual(
            called([s3 + "s3.head_object()", s3 + "s3.list_objects_v2()"]), {"s3:GetObject", "s3:ListBucket"}
        )
        self.assertEqual(called([sqs + "queue.receive()", sqs + "message_id()", sqs + "phase.subscribe()"]), set())
        self.assertGreaterEqual(len(called(product_sources())), 8)

    def test_the_service_may_do_what_its_code_calls_and_nothing_else(self):
        granted = {action for action in actions(self.service) if action.split(":")[0] in SERVICES}
        self.assertEqual(granted, called(product_sources()))

    def test_it_may_protect_its_task_if_and_only_if_it_does(self):
        granted = {action for action in actions(self.service) if action.split(":")[0] not in SERVICES}
        self.assertEqual(granted, asked_of_the_agent(product_sources()))
        self.assertEqual(
            asked_of_the_agent(['["task-protection"]; http.get(a)', "http.put(b)"]), {"ecs:GetTaskProtection"}
        )

    def test_one_off_tasks_may_do_no_other_things_but_to_more_queues(self):
        self.assertEqual(actions(self.one_off), actions(self.service))

    def test_the_service_cannot_take_dead_letters_and_a_one_off_task_can(self):
        def may(policy, action, queue):
            statements = json.loads(policy)["Statement"]
            return any(
                action in one["Action"] and any(arn.endswith(queue) for arn in one["Resource"]) for one in statements
            )

        self.assertTrue(may(self.service, "sqs:SendMessage", "-dead-letters"))
        self.assertFalse(may(self.service, "sqs:SendMessage", ":inference-manager"))
        for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"):
            self.assertFalse(may(self.service, action, "-dead-letters"))
            self.assertTrue(may(self.one_off, action, "-dead-letters"))
        self.assertTrue(may(self.one_off, "sqs:SendMessage", ":inference-manager"))

    def test_payloads_are_read_from_the_named_buckets_alone(self):
        statements = {statement["Sid"]: statement for statement in json.loads(self.service)["Statement"]}
        self.assertEqual(
            statements["ReadPayloads"]["Resource"], ["arn:aws:s3:::payloads-1/*", "arn:aws:s3:::payloads.1/*"]
        )

    def test_every_statement_has_a_name_of_its_own(self):
        for policy in (self.service, self.one_off):
            names = [statement["Sid"] for statement in json.loads(policy)["Statement"]]
            self.assertEqual(len(names), len(set(names)))
            self.assertTrue(all(name.isalnum() for name in names))

    def test_nothing_is_granted_on_everything(self):
        for policy in (self.service, self.one_off):
            self.assertNotIn(
                "*", [arn for statement in json.loads(policy)["Statement"] for arn in statement["Resource"]]
            )
            self.assertFalse([action for action in actions(policy) if "*" in action])


if __name__ == "__main__":
    unittest.main()
