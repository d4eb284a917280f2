"""terraform/modules/locations applied to an emulator of AWS: what it creates works as queue and dead-letter queue."""

import json
import os
import unittest
from pathlib import Path

import configuration
from emulated import IN_MEMORY, Emulated
from provider import REGION

from terraform import Terraform


class Locations(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if "TEST_AWS_ENDPOINT_URL" not in os.environ:
            raise SystemExit("TEST_AWS_ENDPOINT_URL names no server: run ./test, which starts one")
        cls.aws = Emulated(os.environ["TEST_AWS_ENDPOINT_URL"], REGION)
        # Another name each time: the emulator may have seen this one in an earlier run.
        name = f"applied-{os.getpid()}"
        cls.terraform = cls.enterClassContext(Terraform("modules/locations", cls.aws))
        upstream = f'-var=upstream_topic_arns={{"merged":"arn:aws:sns:{REGION}:123456789012:merged"}}'
        cls.arguments = ["-auto-approve", f"-var=name={name}", upstream]
        cls.terraform("apply", *cls.arguments)
        cls.addClassCleanup(cls.terraform, "destroy", *cls.arguments)
        cls.outputs = {key: output["value"] for key, output in json.loads(cls.terraform("output", "-json")).items()}
        cls.queue, cls.dead_letters = cls.outputs["queue"]["url"], cls.outputs["dead_letter_queue"]["url"]

    def attributes(self, url):
        return self.aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]

    def test_a_message_that_nobody_settles_is_redriven_on_the_fifth_receive(self):
        self.aws.sqs.send_message(QueueUrl=self.queue, MessageBody="swms7qdx")
        for _ in range(5):
            received = self.aws.sqs.receive_message(QueueUrl=self.queue, VisibilityTimeout=0, WaitTimeSeconds=0)
            self.assertEqual(len(received.get("Messages", [])), 1)
        self.aws.sqs.receive_message(QueueUrl=self.queue, WaitTimeSeconds=0)
        parked = self.aws.sqs.receive_message(QueueUrl=self.dead_letters, WaitTimeSeconds=2)
        self.assertEqual([message["Body"] for message in parked["Messages"]], ["swms7qdx"])

    def test_the_queues_have_the_attributes_that_were_asked_for(self):
        queue, dead_letters = self.attributes(self.queue), self.attributes(self.dead_letters)
        self.assertEqual(json.loads(queue["RedrivePolicy"])["deadLetterTargetArn"], dead_letters["QueueArn"])
        self.assertEqual(json.loads(dead_letters["RedriveAllowPolicy"])["sourceQueueArns"], [queue["QueueArn"]])
        self.assertEqual((queue["VisibilityTimeout"], queue["ReceiveMessageWaitTimeSeconds"]), ("60", "20"))
        self.assertEqual(dead_letters["MessageRetentionPeriod"], "1209600")
        self.assertEqual(
            [statement["Sid"] for statement in json.loads(queue["Policy"])["Statement"]],
            ["NothingWithoutTls", "UpstreamTopics"],
        )

    def test_a_model_set_that_is_overwritten_comes_back(self):
        bucket, key = self.outputs["models_bucket"]["name"], "set/features/manifest.json"
        first = self.aws.s3.put_object(Bucket=bucket, Key=key, Body=b"first")["VersionId"]
        self.addCleanup(self.empty, bucket)
        self.aws.s3.put_object(Bucket=bucket, Key=key, Body=b"second")
        self.assertEqual(self.aws.s3.get_object(Bucket=bucket, Key=key, VersionId=first)["Body"].read(), b"first")

    def empty(self, bucket):
        for version in self.aws.s3.list_object_versions(Bucket=bucket)["Versions"]:
            self.aws.s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])

    def test_the_topic_takes_announcements(self):
        self.assertTrue(self.aws.sns.publish(TopicArn=self.outputs["topic_arn"], Message="swms7qdx")["MessageId"])

    def test_nothing_is_left_to_change(self):
        arguments = [argument for argument in self.arguments if argument != "-auto-approve"]
        self.assertIn("No changes", self.terraform("plan", "-detailed-exitcode", *arguments))


class Emulation(unittest.TestCase):
    def test_every_resource_of_the_module_is_created_there_but_two(self):
        used = configuration.types_used(
            Path(__file__).resolve().parents[2] / "terraform" / "modules" / "locations", "resource"
        )
        self.assertEqual({name for name in used if not hasattr(Emulated, name)}, IN_MEMORY)


if __name__ == "__main__":
    unittest.main()
