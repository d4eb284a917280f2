"""SQS, SNS and Elasticsearch over their own protocols, without a line of the program or an SDK."""

import decimal
import json
import os
import re
import urllib.error
import urllib.parse
import urllib.request

REGION = "eu-west-1"
BATCH = 10  # what SQS takes in one request
DEPTHS = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]


def endpoint(variable):
    if variable not in os.environ:
        raise SystemExit(f"{variable} names no server: run ./test, which starts one")
    return os.environ[variable].rstrip("/")


def fetch(url, body=None, method=None, headers=None):
    """Status and text of an answer, whatever its status."""
    request = urllib.request.Request(url, body, headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def signed_for(service):
    """The emulator reads no more of a signature than this."""
    scope = f"test/20261123/{REGION}/{service}/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}


class Aws:
    def __init__(self, url):
        self.url = url

    def sqs(self, action, **arguments):
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AmazonSQS.{action}"}
        status, text = fetch(self.url, json.dumps(arguments).encode(), "POST", {**headers, **signed_for("sqs")})
        if status != 200:
            raise RuntimeError(f"{action}: {status} {text}")
        return json.loads(text) if text else {}

    def sns(self, action, **arguments):
        """The text between the tags of the first identifier that it answers."""
        form = urllib.parse.urlencode({"Action": action, "Version": "2010-03-31", **arguments}).encode()
        status, text = fetch(self.url, form, "POST", signed_for("sns"))
        if status != 200:
            raise RuntimeError(f"{action}: {status} {text}")
        found = re.search(r"<(?:Topic|Subscription)Arn>([^<]*)<", text)
        return found[1] if found else text

    def create_queue(self, name, **attributes):
        return self.sqs("CreateQueue", QueueName=name, Attributes=attributes)["QueueUrl"]

    def create_pair(self, name, receives):
        """A queue and its dead-letter queue, which gets what was received so often."""
        dead = self.create_queue(f"{name}-dead")
        policy = json.dumps({"deadLetterTargetArn": self.arn(dead), "maxReceiveCount": str(receives)})
        return self.create_queue(name, VisibilityTimeout="60", RedrivePolicy=policy), dead

    def create_topic_with_listener(self, name):
        """A topic, and a queue that gets what is published there, as it is."""
        topic, listener = self.sns("CreateTopic", Name=name), self.create_queue(f"{name}-listener")
        raw = {"Attributes.entry.1.key": "RawMessageDelivery", "Attributes.entry.1.value": "true"}
        self.sns("Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=self.arn(listener), **raw)
        return topic, listener

    def arn(self, queue):
        return self.sqs("GetQueueAttributes", QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def depths(self, queue):
        """Messages that are visible, received, delayed."""
        found = self.sqs("GetQueueAttributes", QueueUrl=queue, AttributeNames=DEPTHS)["Attributes"]
        return [int(found.get(name, 0)) for name in DEPTHS]

    def send(self, queue, bodies, attributes=None):
        for start in range(0, len(bodies), BATCH):
            batch = bodies[start : start + BATCH]
            more = {"MessageAttributes": attributes} if attributes else {}
            entries = [{"Id": str(at), "MessageBody": body, **more} for at, body in enumerate(batch)]
            failed = self.sqs("SendMessageBatch", QueueUrl=queue, Entries=entries).get("Failed")
            if failed:
                raise RuntimeError(f"not sent: {failed}")

    def drain(self, queue):
        """Takes everything that is visible off the queue."""
        found = []
        while True:
            wanted = {"MaxNumberOfMessages": BATCH, "MessageAttributeNames": ["All"], "AttributeNames": ["All"]}
            messages = self.sqs("ReceiveMessage", QueueUrl=queue, WaitTimeSeconds=1, **wanted).get("Messages", [])
            if not messages:
                return found
            found += messages
            entries = [{"Id": str(at), "ReceiptHandle": one["ReceiptHandle"]} for at, one in enumerate(messages)]
            self.sqs("DeleteMessageBatch", QueueUrl=queue, Entries=entries)


class Elasticsearch:
    def __init__(self, url):
        self.url = url

    def call(self, method, path, body=None):
        """The answer's text; an error if it is no success."""
        content = body if isinstance(body, str) or body is None else json.dumps(body)
        headers = {"Content-Type": "application/json"}
        status, text = fetch(f"{self.url}/{path}", content and content.encode(), method, headers)
        if status >= 300:
            raise RuntimeError(f"{method} {path}: {status} {text[:2000]}")
        return text

    def create(self, index):
        """An index that stores what it gets and looks at little of it, as the reference's do."""
        settings = {"number_of_shards": 1, "number_of_replicas": 0}
        mapping = {"dynamic": False, "properties": {"modifiedTime": {"type": "date"}}}
        self.call("PUT", index, {"settings": settings, "mappings": mapping})

    def delete(self, index):
        self.call("DELETE", index)

    def put(self, index, documents):
        """Writes `documents`, by id."""
        pairs = list(documents.items())
        for start in range(0, len(pairs), 200):
            batch = pairs[start : start + 200]
            lines = [json.dumps(line) for key, document in batch for line in ({"index": {"_id": key}}, document)]
            answer = json.loads(self.call("POST", f"{index}/_bulk", "\n".join(lines) + "\n"))
            if answer["errors"]:
                raise RuntimeError(f"not indexed: {str(answer['items'])[:2000]}")

    def texts(self, index):
        """Every hit of an index of up to 10,000 documents, as the answers' texts."""
        self.call("POST", f"{index}/_refresh")
        found = []
        while True:
            query = {"size": 200, "version": True, "sort": ["_doc"], "track_total_hits": False}
            text = self.call("POST", f"{index}/_search", {**query, "from": 200 * len(found)})
            if not json.loads(text)["hits"]["hits"]:
                return found
            found.append(text)

    def has(self, index, identifier):
        """Whether the document is there; sees it before any refresh."""
        path = f"{self.url}/{index}/_doc/{urllib.parse.quote(identifier, safe='')}"
        return fetch(path, method="HEAD")[0] == 200


def exactly(text):
    """JSON whose numbers are compared as they are written, beyond the precision of floats."""
    return json.loads(text, parse_float=decimal.Decimal, parse_int=decimal.Decimal)
