"""terraform/scripts/run-task with the real AWS command line, which judges its requests; its end is the task's."""

import http.server
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from api_models import misfits

SCRIPT = Path(__file__).resolve().parents[2] / "terraform" / "scripts" / "run-task"
TASK = "arn:aws:ecs:eu-west-1:123456789012:task/catalogue/0123456789abcdef"
OUTPUT = {
    "region": "eu-west-1",
    "cluster": "catalogue",
    "task_definition": "inference-manager-one-off",
    "container": "inference-manager",
    "log_group": "/ecs/inference-manager",
    "log_prefix": "service/inference-manager",
    "placement": {"launchType": "FARGATE"},
    "network": {
        "awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}
    },
}


class Cluster(http.server.BaseHTTPRequestHandler):
    """ECS and CloudWatch Logs for one task."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].split(".")[-1]
        self.server.requests.append((operation, asked))
        body = json.dumps(getattr(self.server.task, operation)(asked)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


class Task:
    """Runs for `looks` looks at it, then has ended with `code`; two pages of log."""

    def __init__(self, code=0, looks=1, failures=()):
        self.code, self.looks, self.failures = code, looks, list(failures)

    def RunTask(self, _asked):
        return {"tasks": [] if self.failures else [{"taskArn": TASK}], "failures": self.failures}

    def DescribeTasks(self, _asked):
        self.looks -= 1
        if self.looks >= 0:
            return {"tasks": [{"taskArn": TASK, "lastStatus": "RUNNING", "containers": []}]}
        container = {"name": "inference-manager"}
        container.update({"reason": "CannotPullContainerError"} if self.code is None else {"exitCode": self.code})
        return {
            "tasks": [
                {
                    "taskArn": TASK,
                    "lastStatus": "STOPPED",
                    "stoppedReason": "Essential container exited",
                    "containers": [container],
                }
            ]
        }

    def StopTask(self, _asked):
        self.looks = 0
        return {"task": {"taskArn": TASK}}

    def GetLogEvents(self, asked):
        pages = {None: ("first", "1"), "1": ("second", "2"), "2": (None, "2")}
        line, following = pages[asked.get("nextToken")]
        return {"events": [{"message": line}] if line else [], "nextForwardToken": following}


# For the ends of a task, which are many, in place of the real command line, which takes seconds to start.
COMMAND_LINE = """#!/bin/sh
echo "$*" >>calls
case "$*" in
  *"ecs run-task"*) cat started ;;
  *"ecs stop-task"*) touch stopped ;;
  *"ecs describe-tasks"*) if [ -s deaf ]; then sed -i 1d deaf; exit 255; elif [ -e stopped ]; then cat ended; else echo '{"tasks": [{"lastStatus": "RUNNING"}]}'; fi ;;
  *"logs get-log-events"*) echo '{"events": [{"message": "line"}], "nextForwardToken": "f"}' | sed "$(case "$*" in *--next-token*) echo 's/{"message": "line"}//' ;; esac)" ;;
esac
"""


class RunTask(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.apply(OUTPUT)

    def apply(self, output):
        """The root module tells this."""
        self.program(
            "terraform",
            f"#!/bin/sh\n[ \"$*\" = '-chdir=root output -json run_task' ] || exit 1\ncat <<'END'\n{json.dumps(output)}\nEND\n",
        )

    def program(self, name, text):
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o755)

    def begin(self, *command, terraform="root", **environment):
        known = {"HOME": str(self.folder), "RUN_TASK_POLL_SECONDS": "0.1"}
        # aws is installed beside this interpreter.
        path = os.pathsep.join([str(self.folder), str(Path(sys.executable).parent), os.environ["PATH"]])
        return subprocess.Popen(
            [str(SCRIPT), "--terraform", terraform, *command],
            env={"PATH": path, **known, **environment},
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run_task(self, *command, **options):
        process = self.begin(*command, **options)
        output, errors = process.communicate(timeout=120)
        return process.returncode, output.splitlines(), errors

    def emulate(self, task, ended=True):
        """`task` tells what is answered; the task has ended, or ends when it is stopped."""
        self.program("aws", COMMAND_LINE)
        task.looks = 0
        (self.folder / "started").write_text(json.dumps(task.RunTask({})))
        (self.folder / "ended").write_text(json.dumps(task.DescribeTasks({})))
        if ended:
            (self.folder / "stopped").touch()

    def calls(self):
        calls = self.folder / "calls"
        return calls.read_text() if calls.exists() else ""

    def test_the_command_runs_with_the_network_of_the_service_and_its_log_is_shown(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cluster)
        server.requests, server.task = [], Task(code=3)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        aws = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}", "AWS_MAX_ATTEMPTS": "1"}
        aws |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        code, output, errors = self.run_task("redrive", "--dry-run", "--class", "not_found", **aws)
        self.assertEqual((code, output), (3, ["first", "second"]), errors)
        asked = dict(reversed(server.requests))
        self.assertEqual(
            asked["RunTask"]["overrides"]["containerOverrides"][0]["command"],
            ["redrive", "--dry-run", "--class", "not_found"],
        )
        self.assertEqual(asked["RunTask"]["networkConfiguration"], OUTPUT["network"])
        self.assertEqual(asked["RunTask"]["launchType"], "FARGATE")
        self.assertEqual(
            (asked["RunTask"]["cluster"], asked["RunTask"]["taskDefinition"]),
            ("catalogue", "inference-manager-one-off"),
        )
        self.assertEqual(asked["GetLogEvents"]["logStreamName"], "service/inference-manager/0123456789abcdef")

    def test_it_ends_with_the_exit_code_of_the_command(self):
        for code in (0, 69):
            self.emulate(Task(code=code))
            self.assertEqual(self.run_task("check")[:2], (code, ["line"]))

    def test_a_task_that_cannot_be_placed_is_told(self):
        self.emulate(Task(failures=[{"reason": "RESOURCE:MEMORY"}]))
        code, _, errors = self.run_task("check")
        self.assertEqual(code, 69)
        self.assertIn("RESOURCE:MEMORY", errors)

    def test_a_task_that_never_began_is_told(self):
        self.emulate(Task(code=None))
        code, _, errors = self.run_task("check")
        self.assertEqual(code, 70)
        self.assertIn("CannotPullContainerError", errors)

    def test_on_instances_their_capacity_provider_makes_room(self):
        strategy = [{"capacityProvider": "instances", "base": 0, "weight": 1}]
        self.apply({**OUTPUT, "placement": {"capacityProviderStrategy": strategy}})
        self.emulate(Task())
        self.assertEqual(self.run_task("check")[0], 0)
        request = json.loads(re.search(r"--cli-input-json (.*) --cluster", self.calls())[1])
        self.assertEqual((request["capacityProviderStrategy"], request.get("launchType")), (strategy, None))
        self.assertEqual(misfits("ecs", "RunTask", request), "")

    def test_a_look_that_fails_is_no_end_and_silence_is(self):
        self.emulate(Task(code=3))
        (self.folder / "deaf").write_text("no\n" * 3)
        self.assertEqual(self.run_task("check")[:2], (3, ["line"]))
        (self.folder / "deaf").write_text("no\n" * 100)
        code, _, errors = self.run_task("check", RUN_TASK_POLL_SECONDS="0")
        self.assertEqual(code, 69)
        self.assertIn(f"may run on: {TASK}", errors)

    def test_a_root_that_was_not_applied_is_told(self):
        self.emulate(Task())
        self.assertEqual(self.run_task("check", terraform="elsewhere")[0], 69)
        self.assertEqual(self.calls(), "")

    def test_without_a_command_it_shows_its_manual(self):
        code, _, errors = self.run_task()
        self.assertEqual(code, 64)
        self.assertIn("Exit status", errors)

    def test_an_interrupt_stops_the_task_and_waits_for_its_end(self):
        self.emulate(Task(code=0), ended=False)
        process = self.begin("run", "--production")
        self.addCleanup(process.kill)
        for _ in range(600):
            if "describe-tasks" in self.calls():
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=60)
        self.assertIn("ecs stop-task --task " + TASK, self.calls(), errors)
        self.assertEqual((process.returncode, output.splitlines()), (0, ["line"]))


if __name__ == "__main__":
    unittest.main()
