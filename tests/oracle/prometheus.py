"""A real Prometheus that scrapes the service."""

import json
import subprocess
import urllib.error
import urllib.parse

import services
from service import free_port, until

CONFIGURATION = """
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: inference-manager
    static_configs: [{{targets: ["{target}"]}}]
"""

# The accounting identity; 0 when nothing moves.
IDENTITY = (
    "inference_messages_received_total - scalar(sum(inference_messages_finished_total)) - inference_inflight_messages"
)


class Prometheus:
    """Scrapes `target` every second; ended when the block is left."""

    def __init__(self, work, target):
        self.url = f"http://127.0.0.1:{free_port()}"
        work.mkdir()
        (work / "prometheus.yml").write_text(CONFIGURATION.format(target=target), encoding="utf-8")
        command = ["prometheus", f"--config.file={work / 'prometheus.yml'}", f"--storage.tsdb.path={work / 'data'}"]
        command += [f"--web.listen-address={self.url.removeprefix('http://')}"]
        with open(work / "log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def value(self, expression):
        """The value of `expression` now; None while there is none."""
        query = urllib.parse.urlencode({"query": expression})
        try:
            status, text = services.fetch(f"{self.url}/api/v1/query?{query}")
        except (urllib.error.URLError, ConnectionError):
            return None
        result = json.loads(text)["data"]["result"] if status == 200 else []
        return float(result[0]["value"][1]) if result else None

    def misses(self, received):
        """Waits until every message was scraped; answers where the accounts do not balance then."""
        until("a scrape of the last message", lambda: self.value("inference_messages_received_total") == received)
        apart = self.value(IDENTITY)
        return [] if apart == 0 else [f"prometheus: received is {apart} apart from what became of it"]
