#!/usr/bin/env python3
"""Runs the service over pictures that nobody has looked at, through real servers, and compares all of it.

    production.py WORK --binary FILE [--count 300] [--seed N] [--of DIR] [--without-features]

The servers are those of ./test (TEST_AWS_ENDPOINT_URL, TEST_ELASTICSEARCH_URL); pictures are served by
tests/servers/images. Every document must be the expected one key by key, every deliberately bad message
be parked with its class, both queues hold nothing else, and every id be announced. promtool checks /metrics
under load and counts its series; a real Prometheus scrapes the accounts, evaluates the alerts, and answers every
query of the dashboard. Without --seed a fresh one is drawn and printed. Exits 1 if
anything differs.
"""

import argparse
import datetime
import json
import random
import subprocess
import sys
import time
from pathlib import Path

import catalogue
import compare
import differences
import photographs
import reference
import services
from place import Place, image_server
from prometheus import Prometheus
from service import Service, until
from specimens import ATTRIBUTES, bad_ones, good_ones

ROOT = Path(__file__).resolve().parents[2]
SENT_TWICE = 7  # every seventh
SERIES = 600  # docs/metrics.md promises fewer


def make_pictures(folder, options, draw):
    """Files in any coding, all of them named as the host of pictures wants it."""
    folder.mkdir(parents=True)
    crops = photographs.Crops(draw, options.of)
    for number in range(options.count):
        content = photographs.coded(draw, crops.next(options.largest_side))[0]
        (folder / f"{number:05}.jpg").write_bytes(content)


def checked_metrics(service):
    """What promtool says against /metrics."""
    metrics = service.ask("/metrics")[1]
    check = subprocess.run(["promtool", "check", "metrics"], input=metrics, capture_output=True, text=True, check=False)
    said = (check.stdout + check.stderr).strip().replace("\n", "; ")
    misses = [f"metrics: {said}"] if check.returncode or not metrics else []
    series = sum(1 for line in metrics.splitlines() if line and not line.startswith("#"))
    return misses + ([f"metrics: {series} series"] if series >= SERIES else [])


def misses_of_accounts(accounts, sent, parked):
    """Where the books do not balance."""
    ended = sum(accounts[name] for name in ("indexed", "superseded", "parked", "released", "lost", "inFlight"))
    found = [] if accounts["received"] == ended else [f"accounts: {accounts} do not balance"]
    if accounts["parked"] != parked or accounts["indexed"] + accounts["superseded"] != sent - parked:
        found.append(f"accounts: {accounts}, but {sent} were sent and {parked} are to be parked")
    return found


def run(place, binary, goods, bads, work):
    """Everything through the service; answers the misses that only a look at the running one shows."""
    place.index.put(place.initial, {one.identifier: one.initial for one in [*goods, *bads] if one.initial})
    bodies = [catalogue.body_of(good.identifier, good.number) for good in goods]
    bodies += [catalogue.body_of(good.identifier, good.number + 1) for good in goods[::SENT_TWICE]]
    sent = len(bodies) + len(bads)
    arguments = ["--last-scrape", "0s", *place.arguments()]
    with (
        Service(binary, arguments, place.aws.url, work / "service.log") as service,
        Prometheus(work / "prometheus", service.admin) as prometheus,
    ):
        service.ready()
        prometheus.scrapes()
        place.aws.send(place.queue, bodies)
        place.aws.send(place.queue, [bad.body for bad in bads], ATTRIBUTES)
        until("half of the messages", lambda: service.settled() >= sent // 2)
        misses = checked_metrics(service)
        until(f"the end of {sent} messages", lambda: service.settled() >= sent)
        accounts = service.messages()
        misses += misses_of_accounts(accounts, sent, len(bads)) + prometheus.misses(accounts["received"])
        misses += prometheus.misses_of_dashboard() + prometheus.misses_of_alerts()
        status, _ = service.terminate()
    return misses + ([f"service: ended with {status}"] if status else [])


def misses_of_documents(place, expected, goods, features):
    """Every document against the expected one, and the measures of what was inferred."""
    measures, hits = compare.Measures(), {}
    for text in place.index.texts(place.augmented):
        exact, plain = services.exactly(text), json.loads(text)
        pairs = zip(exact["hits"]["hits"], plain["hits"]["hits"])
        hits.update({hit["_id"]: (hit, readable["_source"]) for hit, readable in pairs})
    for good in goods:
        if good.identifier not in hits:
            measures.miss(good.identifier, "has no document")
            continue
        hit, document = hits.pop(good.identifier)
        initial = services.exactly(json.dumps(good.initial))
        wrong = expected.of_document(initial, catalogue.version_of(good.number), hit)
        if wrong:
            measures.miss(good.identifier, "differs in " + ", ".join(sorted(wrong)))
        if "state.inferredData" not in wrong:
            compare.compare_document(good.identifier, document, good.picture, features, measures)
    for identifier in hits:
        measures.miss(identifier, "has a document, but none was expected")
    return measures


def misses_of_queues(place, goods, bads):
    """Nothing may be left, but what is bad on the dead-letter queue; and every id is announced."""
    misses = []
    if any(depths := place.aws.depths(place.queue)):
        misses.append(f"queue: visible, received and delayed messages are left: {depths}")
    letters = {letter["Body"]: letter for letter in place.aws.drain(place.dead)}
    for bad in bads:
        wrong = differences.of_letter(bad, letters.pop(bad.body, None), ATTRIBUTES)
        misses += [f"{bad.body!r}: parked wrongly: {', '.join(wrong)}"] if wrong else []
    misses += [f"{body!r}: is on the dead-letter queue: {letter}" for body, letter in letters.items()]
    announced = {message["Body"] for message in place.aws.drain(place.listener)}
    if apart := announced ^ {good.identifier for good in goods}:
        misses.append(f"topic: announced wrongly or not at all: {sorted(apart)}")
    return misses


def judged(options, work):
    draw, pictures = random.Random(options.seed), work / "pictures"
    make_pictures(pictures, options, draw)
    place = Place(f"oracle-{time.time_ns()}")
    with image_server(work / "images", pictures) as host:
        goods, bads = list(good_ones(options.count, host, pictures, draw)), list(bad_ones(host, pictures))
        began = datetime.datetime.now(datetime.UTC)
        misses = run(place, options.binary, goods, bads, work)
        ended = datetime.datetime.now(datetime.UTC)
    expected = differences.Expected(differences.stamps(ROOT / "models" / "sets" / "default"), began, ended)
    features = None if options.without_features else reference.Features()
    measures = misses_of_documents(place, expected, goods, features)
    measures.misses += misses + misses_of_queues(place, goods, bads)
    place.close()
    return measures, len(goods), len(bads), (ended - began).total_seconds()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--largest-side", type=int, default=2600, metavar="PIXELS")
    parser.add_argument("--of", type=Path, metavar="DIR", help="crop these, not photographs that are fetched")
    parser.add_argument("--without-features", action="store_true", help="do without PyTorch")
    options = parser.parse_args()

    print(f"--count {options.count} --seed {options.seed} --largest-side {options.largest_side}")
    options.work.mkdir(parents=True, exist_ok=True)
    measures, good, bad, seconds = judged(options, options.work)
    measures.report()
    failed = len(measures.misses)
    print(f"production: {good} good pictures and {bad} bad messages in {seconds:.0f} s, {failed} differences")
    print(f"test result: {'FAILED' if failed else 'ok'}. {max(good + bad - failed, 0)} passed; {failed} failed; 0 ignored")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
