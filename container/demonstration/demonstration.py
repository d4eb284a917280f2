"""What `docker compose up` does besides the service: `seed` gives it the samples to work on, `show` shows what came of it.

Over the protocols of SQS, SNS and Elasticsearch, with Python's own library only.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

# Those that the service takes for pictures, by name.
PICTURES = {".jpg", ".png", ".webp", ".tif", ".jp2"}
# There is no such file: the one that is parked.
MISSING = "missing"
MODIFIED = "2026-11-23T12:00:00Z"
PATIENCE = 300  # seconds: a first start of Elasticsearch on a slow disk
NEVER_THERE = (urllib.error.URLError, ConnectionError, TimeoutError)


def ask(url, body=None, method=None, headers=None):
    """The answer's text; an error if it is no success."""
    request = urllib.request.Request(url, body, headers or {}, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read().decode()


def patiently(what, question):
    """The first answer to `question`: servers that were started together are not all there at once."""
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            if answer := question():
                return answer
        except NEVER_THERE as error:
            if time.monotonic() > ends:
                raise SystemExit(f"{what}: {error}") from error
        if time.monotonic() > ends:
            raise SystemExit(f"{what}: not after {PATIENCE} seconds")
        time.sleep(0.5)


def signed_for(service):
    """The emulator reads no more of a signature than this."""
    scope = f"{os.environ['AWS_ACCESS_KEY_ID']}/20261123/{os.environ['AWS_REGION']}/{service}/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}


def sqs(action, **arguments):
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AmazonSQS.{action}", **signed_for("sqs")}
    text = ask(os.environ["AWS_ENDPOINT_URL"], json.dumps(arguments).encode(), "POST", headers)
    return json.loads(text) if text else {}


def elasticsearch(method, path, body=None):
    content = body if isinstance(body, str) or body is None else json.dumps(body)
    headers = {"Content-Type": "application/json"}
    return json.loads(ask(f"{os.environ['ELASTICSEARCH_URL']}/{path}", content and content.encode(), method, headers))


def pictures():
    """The samples' file names, by the ids that they get."""
    names = sorted(path.name for path in Path(os.environ["SAMPLES"]).iterdir() if path.suffix in PICTURES)
    return {Path(name).stem: name for name in names}


def queue_url(name, **attributes):
    return sqs("CreateQueue", QueueName=name, Attributes=attributes)["QueueUrl"]


def create_queues():
    """A queue whose messages are parked after three receives, its dead-letter queue, and a topic."""
    queue, dead = (os.environ[name].rsplit("/", 1)[1] for name in ("QUEUE_URL", "DEAD_LETTER_QUEUE_URL"))
    letters = sqs("GetQueueAttributes", QueueUrl=queue_url(dead), AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": letters, "maxReceiveCount": "3"})
    queue_url(queue, VisibilityTimeout="60", RedrivePolicy=policy)
    topic = urllib.parse.urlencode(
        {"Action": "CreateTopic", "Version": "2010-03-31", "Name": os.environ["TOPIC_ARN"].rsplit(":", 1)[1]}
    )
    ask(os.environ["AWS_ENDPOINT_URL"], topic.encode(), "POST", signed_for("sns"))


def create_indices():
    """Two indices: of the initial documents, and of the augmented ones, where Elasticsearch finds neighbours."""

    def vector(dimensions):
        return {"type": "dense_vector", "dims": dimensions, "index": True, "similarity": "cosine"}

    inferred = {
        "features": vector(int(os.environ.get("FEATURES_DIMENSIONS", "1280"))),
        "paletteEmbedding": vector(1000),
        "averageColorHex": {"type": "keyword"},
        "aspectRatio": {"type": "float"},
    }
    properties = {"state": {"dynamic": False, "properties": {"inferredData": {"properties": inferred}}}}
    settings = {"number_of_shards": 1, "number_of_replicas": 0}
    for index, mapped in ((os.environ["INITIAL_INDEX"], {}), (os.environ["AUGMENTED_INDEX"], properties)):
        body = {"settings": settings, "mappings": {"dynamic": False, "properties": mapped}}
        try:
            elasticsearch("PUT", index, body)
        except urllib.error.HTTPError as error:
            if error.code != 400:  # It is there already.
                raise


def initial_document(identifier, name):
    """In the shape of the catalogue's."""
    source = {"identifierType": {"id": "sample"}, "ontologyType": "Image", "value": name}
    url = f"{os.environ['IMAGES_URL']}/image/{urllib.parse.quote(name)}/info.json"
    work = {"canonicalId": identifier, "otherIdentifiers": [], "sourceIdentifier": {**source, "ontologyType": "Work"}}
    return {
        "version": 1,
        "modifiedTime": MODIFIED,
        "state": {"sourceIdentifier": source, "canonicalId": identifier},
        "locations": [{"url": url, "locationType": {"id": "iiif-image"}}],
        "source": {"type": "ParentWork", "id": work, "data": {"title": name}, "version": 1},
    }


def seed():
    patiently("SQS", lambda: sqs("ListQueues") or True)
    patiently("Elasticsearch", lambda: elasticsearch("GET", "_cluster/health?wait_for_status=yellow&timeout=20s"))
    create_queues()
    create_indices()
    names = {**pictures(), MISSING: f"{MISSING}.jpg"}
    lines = []
    for identifier, name in names.items():
        lines += [json.dumps({"index": {"_id": identifier}}), json.dumps(initial_document(identifier, name))]
    answer = elasticsearch("POST", f"{os.environ['INITIAL_INDEX']}/_bulk", "\n".join(lines) + "\n")
    if answer["errors"]:
        raise SystemExit(f"not indexed: {answer}")
    for identifier in names:
        sqs("SendMessage", QueueUrl=os.environ["QUEUE_URL"], MessageBody=identifier)
    print(f"sent {len(names)} ids, one of them of a picture that does not exist")


def parked():
    """How many messages wait in the dead-letter queue."""
    name = "ApproximateNumberOfMessages"
    found = sqs("GetQueueAttributes", QueueUrl=os.environ["DEAD_LETTER_QUEUE_URL"], AttributeNames=[name])
    return int(found["Attributes"][name])


def augmented(count):
    """The augmented documents by id, once there are `count`."""
    index = os.environ["AUGMENTED_INDEX"]
    elasticsearch("POST", f"{index}/_refresh")
    hits = elasticsearch("POST", f"{index}/_search", {"size": count})["hits"]["hits"]
    return {hit["_id"]: hit["_source"]["state"]["inferredData"] for hit in hits} if len(hits) == count else None


def neighbour(identifier, field, vector):
    """The other picture whose vector is nearest, as Elasticsearch answers."""
    other = {"bool": {"must_not": {"ids": {"values": [identifier]}}}}
    search = {"field": f"state.inferredData.{field}", "query_vector": vector, "k": 1, "num_candidates": 50}
    found = elasticsearch("POST", f"{os.environ['AUGMENTED_INDEX']}/_search", {"knn": {**search, "filter": other}})
    return found["hits"]["hits"][0]["_id"]


def show():
    names = pictures()
    documents = patiently("the augmented documents", lambda: augmented(len(names)))
    print(f"{'picture':20} {'colour':8} {'ratio':6} {'looks like':20} has the colours of")
    for identifier, data in sorted(documents.items()):
        alike, coloured = (neighbour(identifier, field, data[field]) for field in ("features", "paletteEmbedding"))
        print(f"{identifier:20} {data['averageColorHex']:8} {data['aspectRatio']:<6.3f} {alike:20} {coloured}")
    patiently("the parked message", parked)
    print(f"{len(documents)} of {len(names)} augmented, {parked()} parked in the dead-letter queue")
    print("see http://localhost:9464/status (the service) and http://localhost:9090/graph (Prometheus)")


if __name__ == "__main__":
    {"seed": seed, "show": show}[sys.argv[1]]()
