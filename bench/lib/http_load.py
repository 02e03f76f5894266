"""Requests of wrk to one server, with another customer in each."""

import json
import re
import shutil
import subprocess

from .operations import FIRST, HTTP, WARM
from .servers import KEY, Server, free_address

CONNECTIONS = 32


def script(folder, operation, first, customers):
    """Each request has a different customer, because a customer can be upgraded once. The stride reads every page."""
    method, path, body = HTTP[operation]
    text = f"""
        local id, step = 0, 7919
        local method, path, body = {json.dumps(method)}, {json.dumps(path)}, {json.dumps(body or "")}
        local headers = {{ ["Ocp-Apim-Subscription-Key"] = "{KEY}", ["Content-Type"] = "application/json" }}
        request = function()
            id = (id + step) % {customers}
            local number = tostring(id + {first})
            local text = body ~= "" and (body:gsub("@ID@", number)) or nil
            return wrk.format(method, (path:gsub("@ID@", number)), headers, text)
        end"""
    file = f"{folder}/{operation}.{first}.lua"
    with open(file, "w") as out:
        out.write(text)
    return file


def measure(cluster, base, command, operation, customers, seconds, folder, has_readyz=True, warm=True, counts=False):
    """Starts the server on a new copy of the database `base` (`command` is a function of its address) and sends requests."""
    cluster.fresh(base)
    address = free_address()
    server = Server(command(address), address, has_readyz)
    try:
        if warm:
            # The same operation on customers of their own.
            warmth = script(folder, operation, FIRST + customers, WARM)
            subprocess.run(["wrk", "-t1", "-c4", "-d1", "-s", warmth, f"http://{address}"], capture_output=True)
        wrk = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}", "--latency", "-s", script(folder, operation, FIRST, customers),
               f"http://{address}"]
        before = (server.cpu(), cluster.cpu())
        done = subprocess.run(counted(server, folder) + wrk if counts else wrk, capture_output=True, text=True, check=True).stdout
        after = (server.cpu(), cluster.cpu())
    finally:
        server.stop()
    assert "Non-2xx" not in done and "Socket errors" not in done, done
    requests = int(re.search(r"(\d+) requests in", done).group(1))
    found = lambda pattern: re.search(pattern, done, re.M).group(1)
    figures = {
        "rate": float(found(r"Requests/sec:\s+([\d.]+)")),
        "p50": milliseconds(found(r"^\s+50%\s+(\S+)")),
        "p99": milliseconds(found(r"^\s+99%\s+(\S+)")),
        "server": (after[0] - before[0]) / requests * 1000,
        "postgres": (after[1] - before[1]) / requests * 1000,
        "cpu": (sum(after) - sum(before)) / requests * 1000,
    }
    if counts and (events := counted_events(folder)):
        figures["instructions"] = events / requests
    return figures


def milliseconds(text):
    return float(re.match(r"[\d.]+", text).group()) * {"us": 0.001, "ms": 1, "s": 1000}[re.sub(r"[\d.]", "", text)]


def perf_counts(event="instructions:u"):
    """Whether perf can count on this machine; many virtual machines have no counters."""
    if not shutil.which("perf"):
        return False
    done = subprocess.run(["perf", "stat", "-x,", "-e", event, "true"], capture_output=True, text=True)
    return re.search(r"^\d+,", done.stderr, re.M) is not None


def counted(server, folder, event="instructions:u"):
    """The beginning of a command during which perf counts the events of a server's processes."""
    pids = ",".join(map(str, server.pids()))
    return ["perf", "stat", "-x,", "-e", event, "-o", f"{folder}/perf", "-p", pids]


def counted_events(folder):
    """What perf has counted; None where it could not."""
    with open(f"{folder}/perf") as file:
        count = re.search(r"^(\d+),", file.read(), re.M)
    return int(count.group(1)) if count else None
