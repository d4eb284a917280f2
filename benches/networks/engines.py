"""What is compared: each engine answers how many images a second its workers compute together."""

import json
import os
import subprocess
import sys
from pathlib import Path

# As long as one round of `inference-manager bench` takes, about.
SECONDS = 5


class Peer:
    """As many processes as workers: two of one thread beat one of two."""

    def __init__(self, name, program, file, workers, batch):
        command = [sys.executable, "-B", Path(__file__).parent / program, file]
        if not str(program).endswith(".py"):
            command = [program, file]
        pipe = subprocess.PIPE
        self.name, self.batch = name, batch
        started = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(workers)]
        self.processes = started
        for process in self.processes:
            assert process.stdout.readline() == "ready\n"

    def images_per_second(self):
        for process in self.processes:
            process.stdin.write(f"{SECONDS} {self.batch}\n")
            process.stdin.flush()
        return sum(float(process.stdout.readline()) for process in self.processes)

    def cpu_seconds(self):
        return sum(cpu_seconds_of(process.pid) for process in self.processes)

    def close(self):
        for process in self.processes:
            process.stdin.close()
            process.wait()


class InferenceManager:
    """A process a round; its CPU time counts with that of our children."""

    def __init__(self, name, binary, model_set, workers, batch, *options):
        self.name = name
        self.command = [binary, "bench", "--inferrers", "features", "--json", "--models", model_set, *options]
        self.command += ["--workers", f"features={workers}"] + (["--batch", str(batch)] if batch else [])

    def images_per_second(self):
        output = subprocess.run(self.command, check=True, stdout=subprocess.PIPE, text=True).stdout
        return json.loads(output.strip().splitlines()[-1])["features"]["images_per_second"]

    def cpu_seconds(self):
        return 0

    def close(self):
        pass


def cpu_seconds_of(pid):
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
