"""Builds and starts the servers that are measured."""

import atexit
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

from .cluster import children, tree_cpu

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KEY = "0123456789abcdef0123456789abcdef"
POOL = 5  # database connections that every program uses: on two cores more are slower


def build(profile, *more):
    """Builds the server. Returns the folder of its programs. A debug build shares its dependencies with the tests'."""
    features = [] if profile == "dev" else ["--no-default-features"]
    subprocess.run(["cargo", "build", "--profile", profile, "--locked", *features, "--bins", *more], check=True, cwd=ROOT)
    target = os.environ.get("CARGO_TARGET_DIR", f"{ROOT}/target")
    return f"{target}/{'debug' if profile == 'dev' else profile}"


def free_address():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{listener.getsockname()[1]}"


class DidNotStart(Exception):
    """A server that ended, or did not answer for two minutes."""


class Server:
    """A server that answers at an address. The emulator is ready when /readyz says so."""

    def __init__(self, command, address, has_readyz=True):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log)
        self.pid = self.process.pid
        # A benchmark that fails leaves none behind.
        atexit.register(self.process.kill)
        # Its access log goes into a pipe that another process reads, as in a container.
        self.reader = subprocess.Popen(["cat"], stdin=self.process.stdout, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while not self.answers(address, has_readyz):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.log.seek(0)
                raise DidNotStart(f"{command[0]} did not start: {self.log.read().decode(errors='replace')}")
            time.sleep(0.05)

    @staticmethod
    def answers(address, has_readyz):
        connection = http.client.HTTPConnection(address, timeout=10)
        try:
            connection.request("GET", "/readyz")
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return status == 200 or not has_readyz

    def pids(self):
        return [self.pid, *children(self.pid)]

    def cpu(self):
        """CPU seconds so far, of all its processes."""
        return tree_cpu(self.pid)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.reader.wait(20)


def start(program, cluster, database, address, *more):
    """The emulator on a database of the cluster."""
    return Server(command(program, cluster, database, address, *more), address)


def command(program, cluster, database, address, *more):
    # The emulator lets one tenant use at most half of them.
    return [program, "--database-url", cluster.url(database), "--listen", address, "--database-connections", str(2 * POOL), *more]


def seed_demo(cluster, program, database):
    """The schema and the demo tenant, by the program itself."""
    start(program, cluster, database, address := free_address(), "--seed", "demo").stop()


def or_exit(main):
    """Runs a benchmark; without a server that starts it has nothing to measure."""
    try:
        main()
    except DidNotStart as error:
        sys.exit(str(error))
