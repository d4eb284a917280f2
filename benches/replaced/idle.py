#!/usr/bin/env python3
"""How long one picture takes on an idle system, beside the system that we replace: medians.

    idle.py BINARY MODEL_SET CHECKPOINT SAMPLES WORK [--images N]

Theirs: from the three requests to the last answer of the sidecars; nothing else is in it. Ours twice. From the same
point to the same: a picture fetched (theirs have it as a file), decoded and inferred, waits included, by the service's
own metrics. And the whole service, which has more to do: from the message sent to the document found, with SQS (an
emulator, which looks every tenth of a second whether a poll can be answered), Elasticsearch and a host of pictures,
the servers of ./test, all on the same machine. TEST_AWS_ENDPOINT_URL and TEST_ELASTICSEARCH_URL name them.

One side after the other, one picture after the other, each picture seen for the first time; what is inferred must
agree.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import agreement
import machine
import thumbnails
from system import System

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests" / "oracle"))
import catalogue
from place import Place, image_server
from service import Service

LIMIT = 0.3
DIMENSIONS = 4096
PAUSE = 1.5  # seconds: longer than any timer of either side
LOOK = 0.005  # seconds between looks for a document
# From a picture's turn to be fetched to its last vector; that of features, which the others end before.
PARTS = (
    'inference_stage_wait_seconds_sum{stage="downloader"}',
    'inference_stage_service_seconds_sum{stage="downloader"}',
    'inference_stage_wait_seconds_sum{stage="inferrer"}',
    'inference_worker_busy_seconds_total{inferrer="features"}',
)


def theirs(options, warm, files):
    """Milliseconds of each file, and what was inferred of it."""
    with System(options.checkpoint) as system:
        system.ready()
        system.infer(warm, 1)
        records = system.infer(files, 1, PAUSE)
    inferred = {Path(one["file"]).stem: agreement.of_sidecars(one["fields"]) for one in records}
    return [1000 * (one["ended"] - one["began"]) for one in records], inferred


def ours(options, host, warm, files):
    """The same, the milliseconds twice: of the inference alone, and from message to document."""
    place = Place(f"idle-{time.time_ns()}")
    both = list(enumerate([*warm, *files]))
    place.index.put(place.initial, {file.stem: document(host, file, number) for number, file in both})
    log, took = options.work / "service.log", {}
    arguments = [*place.arguments(), "--last-scrape", "0s", "--log-level", "warn"]
    with Service(options.binary, arguments, place.aws.url, log, options.model_set, DIMENSIONS) as service:
        service.ready()
        for number, file in both:
            # The emulator's looks fall upon all phases of a tenth of a second.
            time.sleep(PAUSE + 0.1 * number / len(files))
            before = inferring(service)
            whole = single(place, file.stem)
            took[file.stem] = 1000 * (inferring(service) - before), 1000 * whole
    hits = [hit for text in place.index.texts(place.augmented) for hit in json.loads(text)["hits"]["hits"]]
    place.close()
    inferred = {hit["_id"]: agreement.of_document(hit["_source"]) for hit in hits}
    wanted = [file.stem for file in files]
    return *zip(*(took[name] for name in wanted)), {name: inferred[name] for name in wanted}


def inferring(service):
    """The seconds that the service has spent on pictures, from their fetch to their inference."""
    status, text = service.ask("/metrics")
    samples = dict(line.rsplit(" ", 1) for line in text.splitlines() if line and line[0] != "#")
    missing = [part for part in PARTS if part not in samples]
    if status != 200 or missing:
        sys.exit(f"/metrics answers {status} and lacks {missing}")
    return sum(float(samples[part]) for part in PARTS)


def document(host, file, number):
    location = {"url": f"{host}/image/{file.stem}/info.json", "locationType": {"id": "iiif-image"}}
    return catalogue.initial_document(file.stem, number, [location])


def single(place, identifier):
    """Seconds from the message to the document."""
    began = time.monotonic()
    place.aws.send(place.queue, [catalogue.notification(identifier)])
    while not place.index.has(place.augmented, identifier):
        if time.monotonic() > began + 60:
            sys.exit(f"{identifier} was never indexed")
        time.sleep(LOOK)
    return time.monotonic() - began


def row(what, own, took, limit):
    sides = " | ".join(f"{statistics.median(side):.0f} ({min(side):.0f} to {max(side):.0f})" for side in (own, took))
    return f"| {what} | {sides} | **{statistics.median(own) / statistics.median(took):.2f}** | {limit} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("binary", type=Path)
    parser.add_argument("model_set", type=Path)
    parser.add_argument("checkpoint", type=Path, help="the same weights, as PyTorch's")
    parser.add_argument("samples", type=Path)
    parser.add_argument("work", type=Path, help="a folder for the host of pictures and logs")
    parser.add_argument("--images", type=int, default=20)
    options = parser.parse_args()

    pictures = options.work / "pictures"
    pictures.mkdir(parents=True)
    first, *files = thumbnails.make(options.samples, options.images + 1, pictures)
    took, said = theirs(options, [first], files)
    with image_server(options.work / "images", pictures) as host:
        alone, whole, inferred = ours(options, host, [first], files)
    print(agreement.check(inferred, said))
    print(machine.described())
    print(f"| one picture of {len(files)} on an idle system, p50, ms | ours | replaced, sidecars | ratio | limit |")
    print("| --- | --- | --- | --- | --- |")
    print(row("from the picture to its three inferences", alone, took, f"≤ {LIMIT}"))
    print(row("ours from message to document, with SQS and Elasticsearch", whole, took, ""))


if __name__ == "__main__":
    main()
