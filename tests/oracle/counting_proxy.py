"""A proxy before a server of AWS's protocols that notes which action was asked for, and when."""

import collections
import http.client
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}
LONGEST = 60  # seconds: beyond the longest poll


class Handler(BaseHTTPRequestHandler):
    """One connection, kept open on both sides."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    upstream = None

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.note(action_of(self.headers, body))
        if self.upstream is None:
            self.upstream = http.client.HTTPConnection(self.server.target, timeout=LONGEST)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        self.upstream.request("POST", self.path, body, headers)
        answer = self.upstream.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def action_of(headers, body):
    """`ReceiveMessage` of SQS's JSON, `Publish` of SNS's form."""
    if target := headers.get("X-Amz-Target"):
        return target.split(".")[-1]
    return urllib.parse.parse_qs(body.decode(errors="replace")).get("Action", ["?"])[0]


class CountingProxy(ThreadingHTTPServer):
    """Listens on a port of its own while the block lasts."""

    daemon_threads = True

    def __init__(self, target):
        super().__init__(("127.0.0.1", 0), Handler)
        self.target = urllib.parse.urlsplit(target).netloc
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.asked = []

    def note(self, action):
        self.asked.append((time.monotonic(), action))

    def counts(self, since=0.0):
        """Requests by action since then."""
        return collections.Counter(action for at, action in list(self.asked) if at >= since)

    def handle_error(self, *_):
        pass  # the service was killed, or hung up on a poll

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()
