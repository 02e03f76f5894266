"""Instructions of a server per request: the difference between a long and a short run under callgrind."""

import re
import shutil
import socket

from .operations import FIRST, HTTP
from .servers import KEY, Server, free_address

SHORT, LONG = 500, 1500


def measure(cluster, base, command, operation, folder, has_readyz=True, kept=None):
    """`command` is a function of the address. The long run's profile is copied to the file `kept`, for callgrind_annotate."""
    totals = []
    for count in (SHORT, LONG):
        cluster.fresh(base)
        address, out = free_address(), f"{folder}/callgrind.out"
        server = Server(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *command(address)], address, has_readyz)
        send(address, operation, count)
        server.stop()
        with open(out) as file:
            totals.append(int(re.search(r"^(?:summary|totals): (\d+)", file.read(), re.M).group(1)))
    if kept:
        shutil.copy(out, kept)
    return (totals[1] - totals[0]) / (LONG - SHORT)


def send(address, operation, count):
    method, path, body = HTTP[operation]
    host, port = address.split(":")
    with socket.create_connection((host, port)) as stream:
        for number in range(count):
            identity = str(FIRST + number * 7)
            text = (body or "").replace("@ID@", identity)
            head = f"{method} {path.replace('@ID@', identity)} HTTP/1.1\r\nHost: {address}\r\n" \
                   f"Ocp-Apim-Subscription-Key: {KEY}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
            stream.sendall((head + text).encode())
            read_response(stream)


def read_response(stream):
    """Reads one response with a Content-Length. Returns its status and body."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = stream.recv(1 << 16)
        assert part, data
        data += part
    head, body = data.split(b"\r\n\r\n", 1)
    status = int(head.split(None, 2)[1])
    length = int(re.search(rb"content-length: (\d+)", head, re.I).group(1))
    while len(body) < length:
        part = stream.recv(1 << 20)
        assert part, head
        body += part
    assert 200 <= status < 300, data
    return status, body
