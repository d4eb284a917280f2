"""A real Prometheus that scrapes the service, with the rules and the dashboard that are shipped."""

import json
import math
import subprocess
import urllib.error
import urllib.parse
from pathlib import Path

import services
from service import free_port, until

MONITORING = Path(__file__).resolve().parents[2] / "monitoring"

CONFIGURATION = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: inference-manager
    static_configs: [{{targets: ["{target}"]}}]
"""

# The accounting identity; 0 when nothing moves.
IDENTITY = (
    "inference_messages_received_total - scalar(sum(inference_messages_finished_total)) - inference_inflight_messages"
)

# What Grafana puts in for the variables of a dashboard that shows the whole run.
VARIABLES = {"$__rate_interval": "1h", "$__range": "1h", "$instance": ".*"}

# What a run with so many bad messages is to be alarmed about.
DESERVED = {"ParkedRateHigh", "ImagesUnavailable", "DocumentsRefused"}


def queries_of(dashboard):
    """Title and query of everything that a dashboard shows, as Grafana would ask."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            query = target["expr"]
            for variable, value in VARIABLES.items():
                query = query.replace(variable, value)
            yield panel["title"], query


def misses_of_rules(groups, written):
    """What is wrong with the rules that Prometheus has, of which so many are `written`."""
    rules = [rule for group in groups for rule in group["rules"]]
    misses = [] if len(rules) == written else [f"prometheus: {len(rules)} rules of {written}"]
    misses += [f"{rule['name']}: {rule.get('lastError')}" for rule in rules if rule["health"] != "ok"]
    fires = {rule["name"] for rule in rules if rule["state"] == "firing"}
    return misses + [f"{name}: fires" for name in sorted(fires - DESERVED)]


class Prometheus:
    """Scrapes `target` every second; ended when the block is left."""

    def __init__(self, work, target):
        self.url = f"http://127.0.0.1:{free_port()}"
        work.mkdir()
        text = CONFIGURATION.format(target=target, rules=MONITORING / "alerts.yaml")
        (work / "prometheus.yml").write_text(text, encoding="utf-8")
        command = ["prometheus", f"--config.file={work / 'prometheus.yml'}", f"--storage.tsdb.path={work / 'data'}"]
        command += [f"--web.listen-address={self.url.removeprefix('http://')}"]
        with open(work / "log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def ask(self, path, **arguments):
        """What it answers to `path`; nothing if it does not, or not yet."""
        try:
            status, text = services.fetch(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(arguments)}")
        except (urllib.error.URLError, ConnectionError):
            return {}
        return json.loads(text)["data"] if status == 200 else {}

    def values(self, expression):
        """The values of `expression` now, one a series."""
        return [float(series["value"][1]) for series in self.ask("query", query=expression).get("result", [])]

    def value(self, expression):
        """The value of `expression` now; None while there is none."""
        return next(iter(self.values(expression)), None)

    def scrapes(self):
        """Waits until it has seen the service ready: what happens before has no rate."""
        until("a scrape of the ready service", lambda: self.value("inference_ready") == 1)

    def misses(self, received):
        """Waits until every message was scraped; answers where the accounts do not balance then."""
        until("a scrape of the last message", lambda: self.value("inference_messages_received_total") == received)
        apart = self.value(IDENTITY)
        return [] if apart == 0 else [f"prometheus: received is {apart} apart from what became of it"]

    def misses_of_dashboard(self):
        """Which panels have nothing to show after a run that did everything."""
        dashboard = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
        queries = list(queries_of(dashboard))
        empty = [title for title, query in queries if all(map(math.isnan, self.values(query)))]
        misses = [] if len(queries) > 20 else ["dashboard: its queries were not found"]
        return misses + [f"dashboard: {title!r} shows nothing" for title in empty]

    def misses_of_alerts(self):
        """Which rules are missing, cannot be evaluated, or fire although all is well."""
        written = (MONITORING / "alerts.yaml").read_text(encoding="utf-8").count("- alert: ")
        return misses_of_rules(until("an evaluation of the rules", self.evaluated_rules), written)

    def evaluated_rules(self):
        """The groups of rules; none before each was evaluated."""
        groups = self.ask("rules").get("groups", [])
        unknown = any(rule["health"] == "unknown" for group in groups for rule in group["rules"])
        return [] if unknown else groups
