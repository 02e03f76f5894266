"""One connection to a server, one request at a time."""

import json
import re
import socket
import time

from .servers import KEY


IDLE_SECONDS = 30  # the server closes a connection that is idle for 75 seconds


class Client:
    def __init__(self, address):
        self.address = address
        self.connect()

    def connect(self):
        host, port = self.address.split(":")
        self.stream = socket.create_connection((host, port))
        self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.used = time.monotonic()

    def send(self, method, path, body=None, key=KEY, status=None):
        """Sends a request and returns the body of the response, whose status is the given one, or any success."""
        if time.monotonic() - self.used > IDLE_SECONDS:
            self.close()
            self.connect()
        text = b"" if body is None else json.dumps(body).encode()
        self.stream.sendall(
            f"{method} {path} HTTP/1.1\r\nHost: {self.address}\r\nOcp-Apim-Subscription-Key: {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text)
        found, answer = self.read()
        self.used = time.monotonic()
        assert found == status if status else 200 <= found < 300, (method, path, found, answer[:2000])
        return answer

    def read(self):
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.receive()
        head, body = data.split(b"\r\n\r\n", 1)
        # Without one there is no body (204).
        length = re.search(rb"content-length: (\d+)", head, re.I)
        parts, missing = [body], int(length.group(1)) - len(body) if length else 0
        while missing > 0:
            parts.append(self.receive())
            missing -= len(parts[-1])
        return int(head.split(None, 2)[1]), b"".join(parts)

    def receive(self):
        part = self.stream.recv(1 << 20)
        assert part, "the server closed the connection"
        return part

    def close(self):
        self.stream.close()
