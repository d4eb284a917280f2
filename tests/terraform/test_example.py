"""The example root module, applied with nothing but its variables; what AWS would be asked for is judged by AWS's own models."""

import json
import re
import unittest
from pathlib import Path

import configuration
import tables
import test_run_task
from api_models import alarm_request, camel, metrics_in, misfits, tracking

from terraform import Terraform

ROOT = Path(__file__).resolve().parents[2]
ANCHOR = re.compile(r" (?P<file>\S+)#(?P<anchor>[a-z-]+)$")


# What SQS and ECS tell CloudWatch, by their developer guides: a metric of another name is never there, and nobody says so.
METRICS = {
    "AWS/SQS": {
        "ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesVisible", "NumberOfMessagesDeleted",
    },
    "ECS/ContainerInsights": {"DesiredTaskCount", "RunningTaskCount"},
}  # fmt: skip


class Example(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.terraform = cls.enterClassContext(Terraform("examples/service"))
        cls.terraform("apply", "-auto-approve", "-var-file=terraform.tfvars.example")
        cls.resources = cls.terraform.resources()

    def of_type(self, name):
        return {address: values for address, values in self.resources.items() if f".{name}." in f".{address}"}

    def one(self, address):
        return self.resources[f"module.service.{address}"]

    def container(self, task="service"):
        return json.loads(self.one(f"aws_ecs_task_definition.{task}")["container_definitions"])[0]

    def test_a_second_apply_changes_nothing(self):
        output = self.terraform("plan", "-detailed-exitcode", "-var-file=terraform.tfvars.example")
        self.assertIn("No changes", output)

    def test_ecs_takes_the_containers(self):
        for task in ("service", "one_off"):
            request = {"family": "x", "containerDefinitions": [self.container(task)]}
            self.assertEqual(misfits("ecs", "RegisterTaskDefinition", request), "")
        broken = {"family": "x", "containerDefinitions": [{**self.container(), "stopTimeOut": 60}]}
        self.assertIn("stopTimeOut", misfits("ecs", "RegisterTaskDefinition", broken))

    def test_ecs_takes_the_service(self):
        service = self.one("aws_ecs_service.this")
        network = service["network_configuration"][0]
        request = {
            "serviceName": service["name"],
            "cluster": service["cluster"],
            "taskDefinition": service["task_definition"],
            "platformVersion": service["platform_version"],
            "propagateTags": service["propagate_tags"],
            "desiredCount": service["desired_count"],
            "deploymentConfiguration": {
                "maximumPercent": service["deployment_maximum_percent"],
                "minimumHealthyPercent": service["deployment_minimum_healthy_percent"],
                "deploymentCircuitBreaker": service["deployment_circuit_breaker"][0],
            },
            "capacityProviderStrategy": [
                {"capacityProvider": one["capacity_provider"], "base": one["base"], "weight": one["weight"]}
                for one in service["capacity_provider_strategy"]
            ],
            "serviceRegistries": [{"registryArn": one["registry_arn"]} for one in service["service_registries"]],
            "networkConfiguration": {
                "awsvpcConfiguration": {
                    "subnets": network["subnets"],
                    "securityGroups": network["security_groups"],
                    "assignPublicIp": "ENABLED" if network["assign_public_ip"] else "DISABLED",
                }
            },
        }
        self.assertEqual(misfits("ecs", "CreateService", request), "")
        self.assertEqual((len(request["serviceRegistries"]), len(request["capacityProviderStrategy"])), (1, 1))

    def test_autoscaling_takes_the_steps(self):
        for name in ("first_task", "last_task"):
            policy = self.one(f"aws_appautoscaling_policy.{name}")
            steps = camel(policy["step_scaling_policy_configuration"][0])
            steps["StepAdjustments"] = [
                {key: float(value) if key.startswith("Metric") else value for key, value in step.items() if value != ""}
                for step in steps.pop("StepAdjustment")
            ]
            request = {
                "PolicyName": policy["name"],
                "PolicyType": policy["policy_type"],
                "ResourceId": policy["resource_id"],
            }
            request |= {
                "ServiceNamespace": policy["service_namespace"],
                "ScalableDimension": policy["scalable_dimension"],
            }
            self.assertEqual(
                misfits(
                    "application-autoscaling", "PutScalingPolicy", {**request, "StepScalingPolicyConfiguration": steps}
                ),
                "",
            )

    def test_other_services_take_the_words_they_are_given(self):
        repository, group = self.one("aws_ecr_repository.this"), self.one("aws_cloudwatch_log_group.this")
        encryption = {"encryptionType": repository["encryption_configuration"][0]["encryption_type"]}
        made = {
            "repositoryName": repository["name"],
            "imageTagMutability": repository["image_tag_mutability"],
            "encryptionConfiguration": encryption,
        }
        self.assertEqual(misfits("ecr", "CreateRepository", made), "")
        retention = {"logGroupName": group["name"], "retentionInDays": group["retention_in_days"]}
        self.assertEqual(misfits("logs", "PutRetentionPolicy", retention), "")
        record = self.one("aws_service_discovery_service.this[0]")["dns_config"][0]
        records = [{"Type": one["type"], "TTL": one["ttl"]} for one in record["dns_records"]]
        dns = {"RoutingPolicy": record["routing_policy"], "DnsRecords": records}
        self.assertEqual(misfits("servicediscovery", "CreateService", {"Name": "x", "DnsConfig": dns}), "")

    def test_cloudwatch_takes_the_alarms(self):
        alarms = self.of_type("aws_cloudwatch_metric_alarm").values()
        self.assertEqual(len(alarms), 7)
        for alarm in alarms:
            self.assertEqual(misfits("cloudwatch", "PutMetricAlarm", alarm_request(alarm)), "")

    def test_every_metric_is_one_that_aws_has(self):
        asked = set(metrics_in(list(self.resources.values())))
        self.assertEqual({namespace for namespace, _ in asked}, set(METRICS))
        self.assertEqual([(namespace, name) for namespace, name in asked if name not in METRICS[namespace]], [])

    def test_autoscaling_takes_the_policy_and_its_metrics(self):
        policy = self.one("aws_appautoscaling_policy.backlog_per_task")["target_tracking_scaling_policy_configuration"][
            0
        ]
        request = {
            "PolicyName": "x",
            "ServiceNamespace": "ecs",
            "ResourceId": "x",
            "ScalableDimension": "ecs:service:DesiredCount",
        }
        request["TargetTrackingScalingPolicyConfiguration"] = tracking(policy)
        self.assertEqual(misfits("application-autoscaling", "PutScalingPolicy", request), "")

    def test_an_expression_names_only_metrics_that_are_there(self):
        queries = [
            alarm["metric_query"]
            for alarm in self.of_type("aws_cloudwatch_metric_alarm").values()
            if alarm["metric_query"]
        ]
        tracked = self.one("aws_appautoscaling_policy.backlog_per_task")[
            "target_tracking_scaling_policy_configuration"
        ][0]
        queries.append(tracked["customized_metric_specification"][0]["metrics"])
        self.assertEqual(len(queries), 5)
        for query in queries:
            ids = {metric["id"] for metric in query}
            expression = next(metric["expression"] for metric in query if metric["expression"])
            self.assertEqual(
                set(re.findall(r"\b[a-z_]+\b", expression)),
                {metric["id"] for metric in query if not metric["expression"]},
            )
            self.assertTrue(all(re.fullmatch("[a-z][A-Za-z0-9_]*", name) for name in ids))
            self.assertEqual(
                [metric["id"] for metric in query if metric["return_data"]],
                [next(m["id"] for m in query if m["expression"])],
            )

    def test_every_variable_of_the_containers_is_one_of_the_program(self):
        known = program_variables()
        self.assertTrue({"ELASTICSEARCH_API_KEY", "QUEUE_URL", "DRAIN"} <= known)
        for task in ("service", "one_off"):
            names = {pair["name"] for key in ("environment", "secrets") for pair in self.container(task)[key]}
            self.assertEqual(names - known, set())

    def test_what_production_needs_is_given(self):
        names = {pair["name"] for key in ("environment", "secrets") for pair in self.container()[key]}
        needed = {
            "QUEUE_URL",
            "DEAD_LETTER_QUEUE_URL",
            "ELASTICSEARCH_URL",
            "INITIAL_INDEX",
            "AUGMENTED_INDEX",
            "MODELS",
        }
        self.assertEqual(needed - names, set())
        self.assertEqual(self.container()["command"], ["run", "--production"])

    def test_every_alarm_for_people_has_its_entry_and_somebody_to_tell(self):
        guide = (ROOT / "docs" / "operations.md").read_text()
        headings = {heading.strip().lower() for heading in re.findall(r"^#+ (.*)$", guide, re.MULTILINE)}
        alarms = [
            alarm
            for alarm in self.of_type("aws_cloudwatch_metric_alarm").values()
            if "Not an alarm for people" not in alarm["alarm_description"]
        ]
        self.assertEqual(len(alarms), 5)
        for alarm in alarms:
            entry = ANCHOR.search(alarm["alarm_description"])
            self.assertEqual(entry["file"], "docs/operations.md")
            self.assertIn(entry["anchor"], headings)
            self.assertEqual((len(alarm["alarm_actions"]), len(alarm["ok_actions"])), (1, 1))

    def test_it_tells_what_run_task_reads(self):
        told = json.loads(self.terraform("output", "-json", "run_task"))
        self.assertEqual(set(told), set(test_run_task.OUTPUT))
        self.assertEqual(told["network"].keys(), test_run_task.OUTPUT["network"].keys())
        self.assertEqual(told["container"], self.container("one_off")["name"])
        prefix = self.container("one_off")["logConfiguration"]["options"]["awslogs-stream-prefix"]
        self.assertEqual(told["log_prefix"], f"{prefix}/{told['container']}")

    def test_every_variable_of_the_example_without_a_default_is_in_its_tfvars(self):
        folder = ROOT / "terraform" / "examples" / "service"
        needed = {name for name, body in configuration.blocks(folder, "variable") if "default" not in body}
        given = set(re.findall(r"^(\w+) +=", (folder / "terraform.tfvars.example").read_text(), re.MULTILINE))
        self.assertEqual(needed - given, set())


class Variables(unittest.TestCase):
    """What the module can do, the example can be told to: nobody has to edit it."""

    MODULE = dict(configuration.blocks(ROOT / "terraform", "variable"))
    EXAMPLE = dict(configuration.blocks(ROOT / "terraform" / "examples" / "service", "variable"))
    # The example is for spot capacity unless it is told otherwise, and its clients must choose a model set.
    OTHERWISE = {"capacity_providers", "models"}

    @classmethod
    def setUpClass(cls):
        main = (ROOT / "terraform" / "examples" / "service" / "main.tf").read_text()
        call = main[main.index('module "service"') :]
        cls.given = dict(re.findall(r"^  (\w+) += (.*)$", call, re.MULTILINE))

    def test_every_variable_of_the_module_is_one_of_the_example_or_set_there(self):
        told_by_the_provider = {"tags"}
        self.assertEqual(set(self.MODULE) - set(self.given) - told_by_the_provider, set())
        passed = {name for name, value in self.given.items() if value == f"var.{name}"}
        made_here = {"source", "cluster_name", "discovery", "alarm_actions"}
        self.assertEqual(set(self.given) - passed, made_here)
        self.assertEqual(passed - set(self.EXAMPLE), set())

    def test_their_defaults_are_the_modules(self):
        defaults = {
            name: tables.argument(self.EXAMPLE[name], "default")
            for name in set(self.EXAMPLE) & set(self.MODULE) - self.OTHERWISE
        }
        self.assertGreater(len(defaults), 35)
        self.assertEqual(defaults, {name: tables.argument(self.MODULE[name], "default") for name in defaults})


def program_variables():
    """Each option of `run` is a variable of the same name in capitals, unless it says another; the SDK has its own."""
    names = {"AWS_REGION"}
    for file in (ROOT / "src" / "config").rglob("*.rs"):
        for attributes, field in re.findall(r"#\[arg\((long[^]]*?)\)\]\s+pub (\w+):", file.read_text()):
            explicit = re.search(r'env = "(\w+)"', attributes)
            if re.search(r"\benv\b", attributes):
                names.add(explicit[1] if explicit else field.upper())
    return names


if __name__ == "__main__":
    unittest.main()
