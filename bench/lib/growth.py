"""Requests to servers with data of different sizes, and the CPU time of each."""

import random
import statistics
import time

from . import servers, table
from .client import Client
from .operations import BODY
from .servers import free_address

FIRST = 1_000  # the lowest id of the loaded customers
DISTRIBUTOR, RETAIL = 1, 2


def body(name, customer_type, sponsor):
    """Like the body of bench/run, with unique values of this name."""
    return BODY | {"CustomerType": customer_type, "SponsorId": sponsor, "EmailAddress": f"{name}@bench.example",
                   "ExternalReferenceId": name, "TaxId": name, "Username": name, "WebAlias": name}


def get(path):
    return lambda setup, id: setup.client.send("GET", path.replace("@ID@", str(id)))


class Setup:
    """A server on a database of its own, with data of one size."""

    def __init__(self, cluster, program, name, size, *more):
        self.cluster, self.name, self.size = cluster, name, size
        self.random = random.Random(7)
        self.last = 0
        cluster.psql("postgres", f"create database {name}")
        address = free_address()
        self.server = servers.start(program, cluster, name, address, *more)
        self.client = Client(address)

    def number(self):
        """A number that was not used yet."""
        self.last += 1
        return self.last

    def cpu(self):
        return self.server.cpu() + self.cluster.cpu_of(self.name)

    def stop(self):
        self.client.close()
        self.server.stop()


class Growth:
    """Measures each request in setups of every size, and prints a row of the table."""

    def __init__(self, setups, rounds, seconds):
        self.setups, self.rounds, self.seconds = setups, rounds, seconds
        sizes = [f"{setup.size:,}" for setup in setups]
        print(table.head("request", *(f"{size}: CPU ms" for size in sizes),
                         *(f"{size} / {sizes[0]}" for size in sizes[1:])), flush=True)

    def request(self, name, request, most=None):
        """`request` sends one to a setup. At most `most` of them in a round."""
        for setup in self.setups:
            # Each connection prepares the statement.
            repeat(lambda: request(setup), self.seconds / 2, min(most or 30, 30))
        self.row(name, lambda setup: cpu_each(setup, request, self.seconds, most))

    def row(self, name, measure):
        """`measure` returns CPU seconds. Rounds alternate their order, so that the machine's other work meets all sizes."""
        results = {setup: [] for setup in self.setups}
        for number in range(self.rounds):
            for setup in self.setups[::-1 if number % 2 else 1]:
                results[setup].append(measure(setup) * 1000)
        self.print(name, [statistics.median(results[setup]) for setup in self.setups])

    def idle(self, name, seconds):
        """CPU milliseconds in each second without requests, of all setups at once."""
        before = [setup.cpu() for setup in self.setups]
        time.sleep(seconds)
        self.print(name, [(setup.cpu() - start) / seconds * 1000 for setup, start in zip(self.setups, before)])

    @staticmethod
    def print(name, figures):
        ratios = [f"{figure / figures[0]:.2f}" if figures[0] else "" for figure in figures[1:]]
        print(table.row(name, *(f"{figure:.3f}" for figure in figures), *ratios), flush=True)


def repeat(work, seconds, most):
    """Repeats work for some seconds, at least once and at most `most` times. Returns how often."""
    start, count = time.monotonic(), 0
    while count == 0 or (time.monotonic() - start < seconds and (most is None or count < most)):
        work()
        count += 1
    return count


def cpu_each(setup, request, seconds, most):
    """CPU seconds of one request."""
    before = setup.cpu()
    count = repeat(lambda: request(setup), seconds, most)
    return (setup.cpu() - before) / count
