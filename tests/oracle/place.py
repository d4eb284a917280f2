"""What a run has on the servers for itself: queues, a topic, indices, and a host of pictures."""

import contextlib
import subprocess
from pathlib import Path

import services
from service import free_port

IMAGES = Path(__file__).resolve().parents[1] / "servers" / "images"
# So many receives, and a message that is released each time is parked.
RECEIVES = 3


@contextlib.contextmanager
def image_server(home, pictures):
    """nginx over `pictures`; answers its URL."""
    port = free_port()
    subprocess.run([IMAGES, "start", str(port), home, pictures], check=True, stdout=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        subprocess.run([IMAGES, "stop", home], check=True)


class Place:
    """Queues, topic and indices of a run's own."""

    def __init__(self, name):
        self.aws = services.Aws(services.endpoint("TEST_AWS_ENDPOINT_URL"))
        self.index = services.Elasticsearch(services.endpoint("TEST_ELASTICSEARCH_URL"))
        self.queue, self.dead = self.aws.create_pair(name, RECEIVES)
        self.topic, self.listener = self.aws.create_topic_with_listener(name)
        self.initial, self.augmented = f"images-initial-{name}", f"images-augmented-{name}"
        for index in (self.initial, self.augmented):
            self.index.create(index)

    def arguments(self):
        queues = ["--queue-url", self.queue, "--dead-letter-queue-url", self.dead, "--topic-arn", self.topic]
        indices = ["--initial-index", self.initial, "--augmented-index", self.augmented]
        return [*queues, "--elasticsearch-url", self.index.url, *indices]

    def close(self):
        for queue in (self.queue, self.dead, self.listener):
            self.aws.sqs("DeleteQueue", QueueUrl=queue)
        for index in (self.initial, self.augmented):
            self.index.delete(index)
