"""The manager's part: keeps so many pictures in flight and asks all three sidecars at once about each.

    client.py IN_FLIGHT PAUSE FEATURES_PORT PALETTE_PORT ASPECT_RATIO_PORT

Reads files from stdin, waits PAUSE seconds before each, and writes a line of JSON for each that is done: the
file, when it began and ended, and the three answers. It neither fetches pictures nor indexes documents.
"""

import http.client
import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

ROUTES = ["feature-vector", "palette", "aspect-ratio"]
TIMEOUT = 300  # seconds; theirs gave up after 30, but a busy machine is no reason to
kept = threading.local()


def asked(port, route, file):
    """The answer of one sidecar, over a connection that this thread keeps."""
    connections = kept.__dict__
    if port not in connections:
        connections[port] = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    connections[port].request("GET", f"/{route}/?query_url={quote(f'file://{file}')}")
    answer = connections[port].getresponse()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{route} of {file}: {answer.status} {body[:200]}")
    return json.loads(body)


def main():
    in_flight, pause, ports = int(sys.argv[1]), float(sys.argv[2]), [int(port) for port in sys.argv[3:]]
    requests = ThreadPoolExecutor(in_flight * len(ports))

    def infer(file):
        time.sleep(pause)
        began = time.monotonic()
        answers = [requests.submit(asked, port, route, file) for port, route in zip(ports, ROUTES, strict=True)]
        fields = {key: value for answer in answers for key, value in answer.result().items()}
        return {"file": file, "began": began, "ended": time.monotonic(), "fields": fields}

    with ThreadPoolExecutor(in_flight) as pictures:
        for done in pictures.map(infer, sys.stdin.read().splitlines()):
            print(json.dumps(done))


if __name__ == "__main__":
    main()
