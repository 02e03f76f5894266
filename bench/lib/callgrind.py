"""Instructions of a server per request: the difference between a long and a short run under callgrind."""

import json
import re
import shutil

from .client import Client
from .operations import FIRST, HTTP
from .servers import Server, free_address

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
    client = Client(address)
    for number in range(count):
        identity = str(FIRST + number * 7)
        client.send(method, path.replace("@ID@", identity), body and json.loads(body.replace("@ID@", identity)))
    client.close()
