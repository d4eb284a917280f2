#!/usr/bin/env python3
"""Measures what the service costs beside its inference, and prints a table. A benchmark, not a test: exits 0.

    cost.py WORK --binary FILE [--messages 2000] [--idle 60] [--singles 20] [--starts 5] [--models SET --dimensions N]

Pictures of 16 x 16 pixels, through the servers of ./test, each in a process of its own, and for the
counts a proxy between the service and SQS. The threads that compute on models are told from the others
by name. With the bundled set they are most of it, and the others work with cold caches: small_network.py
makes a set that shows the service itself. Read the figures with the load average beside them.
"""

import argparse
import json
import os
import statistics
import time
from pathlib import Path

import catalogue
import oddities
from counting_proxy import CountingProxy
from cpu_time import CpuTime
from place import Place, image_server
from service import Service, until

LIMITS = {
    "CPU without inference, ms a message": 0.5,
    "SQS requests a message": 0.3,
    "idle: requests a poll": 1,
    "idle: CPU, % of a core": 1,
    "single message, median, ms (plus model and server)": 250,
    "start to ready, median, s": 3,
}
POLL = 20  # seconds that an idle receive waits
RARELY = 0.5  # seconds between looks that cost nobody but the queue's own process


class Table:
    def __init__(self):
        print("| what | figure | limit |\n| --- | --- | --- |", flush=True)

    def row(self, what, figure):
        limit = LIMITS.get(what)
        shown = f"{figure:.3g}" if isinstance(figure, float) else str(figure)
        print(f"| {what} | {shown} | {limit if limit is not None else ''} |", flush=True)


class Bench:
    def __init__(self, options, host):
        self.options, self.host, self.table = options, host, Table()

    def place(self, count, name):
        """A place of its own with so many documents, all of one small picture; and their ids."""
        place = Place(f"cost-{name}-{time.time_ns()}")
        documents = {}
        for number in range(count):
            locations = [{"url": f"{self.host}/plain/tiny.jpg", "locationType": {"id": "iiif-image"}}]
            documents[f"i{number:07}"] = catalogue.initial_document(f"i{number:07}", number, locations)
        place.index.put(place.initial, documents)
        return place, list(documents)

    def service(self, place, endpoint):
        arguments = [*place.arguments()]
        topic = arguments.index("--topic-arn")
        del arguments[topic : topic + 2]  # announcing is optional and has no limit
        quiet = ["--last-scrape", "0s", "--log-level", "warn"]
        log, models = self.options.work / "service.log", self.options.models
        return Service(self.options.binary, [*arguments, *quiet], endpoint, log, models, self.options.dimensions)

    def many(self):
        count = self.options.messages
        place, ids = self.place(count, "many")
        place.aws.send(place.queue, [catalogue.notification(one) for one in ids])
        with CountingProxy(place.aws.url) as proxy, self.service(place, proxy.url) as service:
            with CpuTime(service.process.pid) as cpu:
                service.ready()
                at_start = cpu.since_start()
                began = time.monotonic()
                until("all messages", lambda: sum(place.aws.depths(place.queue)) == 0, RARELY)
                took, computed = time.monotonic() - began, cpu.since_start()
            self.report_many(count, took, at_start, computed, proxy.counts())
            self.idle(service, proxy)
        place.close()

    def report_many(self, count, took, at_start, computed, requests):
        names, whole = computed[0] - at_start[0], computed[1] - at_start[1]
        inference = sum(seconds for name, seconds in names.items() if self.options.inference in name)
        self.table.row(f"messages a second, of {count}", count / took)
        self.table.row("CPU without inference, ms a message", 1000 * (whole - inference) / count)
        self.table.row("CPU in all, ms a message", 1000 * whole / count)
        for name, seconds in names.most_common():
            self.table.row(f"CPU of threads `{name}`, ms a message", 1000 * seconds / count)
        self.table.row("SQS requests a message", requests.total() / count)
        for action, number in requests.most_common():
            self.table.row(f"requests `{action}`", number)

    def idle(self, service, proxy):
        time.sleep(2)
        with CpuTime(service.process.pid) as cpu:
            began = time.monotonic()
            time.sleep(self.options.idle)
            names, whole = cpu.since_start()
        requests = proxy.counts(began)
        polls = self.options.idle / POLL
        self.table.row("idle: requests a poll", requests.total() / polls)
        self.table.row("idle: requests", dict(requests))
        self.table.row("idle: CPU, % of a core", 100 * whole / self.options.idle)
        self.table.row("idle: CPU by thread, ms", {name: round(1000 * took) for name, took in names.items()})

    def singles(self):
        place, ids = self.place(self.options.singles, "singles")
        took = []
        with self.service(place, place.aws.url) as service:
            service.ready()
            for number, one in enumerate(ids):
                # MiniStack looks every tenth of a second whether a poll can be answered: all phases of it.
                time.sleep(1.5 + 0.1 * number / len(ids))
                began = time.monotonic()
                place.aws.send(place.queue, [catalogue.body_of(one, number)])
                while not place.index.has(place.augmented, one):
                    time.sleep(0.002)
                took.append(1000 * (time.monotonic() - began))
            stages = json.loads(service.ask("/status")[1])["stages"]
        self.table.row("single message, median, ms (plus model and server)", statistics.median(took))
        self.table.row("single message, fastest and slowest, ms", f"{min(took):.0f}, {max(took):.0f}")
        medians = {one["stage"]: round(1000 * one["serviceP50"], 1) for one in stages if one["serviceP50"]}
        self.table.row("of it by stage, median, ms", medians)
        place.close()

    def starts(self):
        place, _ = self.place(1, "starts")
        took = []
        for _ in range(self.options.starts):
            with self.service(place, place.aws.url) as service:
                took.append(service.ready())
        self.table.row("start to ready, median, s", statistics.median(took))
        self.table.row("start to ready, fastest and slowest, s", f"{min(took):.2f}, {max(took):.2f}")
        place.close()

    def sigterm(self):
        count = max(200, self.options.messages // 4)
        place, ids = self.place(count, "sigterm")
        place.aws.send(place.queue, [catalogue.notification(one) for one in ids])
        with CountingProxy(place.aws.url) as proxy, self.service(place, proxy.url) as service:
            service.ready()
            until("some messages", lambda: service.settled() >= count // 10)
            began = time.monotonic()
            status, took = service.terminate()
            receives = proxy.counts(began)["ReceiveMessage"]
        self.table.row("SIGTERM under load: exit status", status)
        self.table.row("SIGTERM under load: seconds to the exit", took)
        self.table.row("SIGTERM under load: receives after it", receives)
        self.report_left(place, ids)
        place.close()

    def report_left(self, place, ids):
        visible, invisible, delayed = place.aws.depths(place.queue)
        self.table.row("then visible, invisible, delayed", f"{visible}, {invisible}, {delayed}")
        left = place.aws.drain(place.queue)
        # Ours is one of the receives that it counts.
        received = [int(message["Attributes"]["ApproximateReceiveCount"]) - 1 for message in left]
        self.table.row("receives of the unfinished by the service, most", max(received, default=0))
        self.table.row("of these, received once or more", sum(1 for number in received if number))
        hits = [hit["_id"] for text in place.index.texts(place.augmented) for hit in json.loads(text)["hits"]["hits"]]
        again = [json.loads(message["Body"])["Message"] for message in left]
        self.table.row("sent, indexed, left", f"{len(ids)}, {len(hits)}, {len(again)}")
        self.table.row("neither indexed nor left", len(set(ids) - set(hits) - set(again)))
        self.table.row("indexed and left all the same", len(set(hits) & set(again)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--idle", type=int, default=60, metavar="SECONDS")
    parser.add_argument("--singles", type=int, default=20)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--inference", default="actix-rt", help="what the names of inference threads hold")
    parser.add_argument("--models", default="bundled", help="the model set")
    parser.add_argument("--dimensions", type=int, default=1280, help="of its features")
    parser.add_argument("--only", nargs="+", default=["starts", "singles", "many", "sigterm"])
    options = parser.parse_args()

    pictures = options.work / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    (pictures / "tiny.jpg").write_bytes(oddities.encoded(oddities.scene(16, 16), "PNG"))
    print(f"{options.binary}, {os.cpu_count()} cores, load average {os.getloadavg()}", flush=True)
    with image_server(options.work / "images", pictures) as host:
        bench = Bench(options, host)
        for measure in options.only:
            getattr(bench, measure)()
    print(f"load average {os.getloadavg()}")


if __name__ == "__main__":
    main()
