"""Two servers that an image needs to show how it finds names and whom it trusts."""

import contextlib
import http.server
import socket
import ssl
import struct
import subprocess
import threading


@contextlib.contextmanager
def https(folder):
    """A server on loopback whose certificate nobody knows; answers its port."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    extensions = ["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"]
    files = ["-keyout", key, "-out", certificate]
    subprocess.run([*request, *extensions, *files], check=True, stderr=subprocess.DEVNULL)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


class Names:
    """A DNS server at `address` that knows every name, all at 127.0.0.1, and what it was asked for."""

    def __init__(self, address):
        self.asked = set()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                query, client = self.socket.recvfrom(512)
                self.socket.sendto(self.answer(query), client)

    def answer(self, query):
        """RFC 1035, 4: the question again, and 127.0.0.1 for an address of the fourth version."""
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += query[at] + 1
        self.asked.add(".".join(labels))
        question = query[12 : at + 5]
        wanted = struct.unpack("!H", query[at + 1 : at + 3])[0] == 1
        header = query[:2] + struct.pack("!HHHHH", 0x8180, 1, int(wanted), 0, 0)
        pointer_to_the_name, one_minute = 0xC00C, 60
        record = struct.pack("!HHHIH4B", pointer_to_the_name, 1, 1, one_minute, 4, 127, 0, 0, 1)
        return header + question + (record if wanted else b"")
