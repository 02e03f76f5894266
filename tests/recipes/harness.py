"""What tests/recipes/run and tests/samples/run share: the server, the commands that they run, and the closing line."""

import json
import os
import shutil
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
# Installed packages stay here, so that the next run finds them.
WORK = TARGET / "recipes"
DEMO_KEY = "0123456789abcdef0123456789abcdef"


class Skipped(Exception):
    """A part that cannot run on this machine, and why."""


class Failed(Exception):
    """A part that ran and is wrong."""


def build():
    """Builds the program, or uses the one that EMULATOR_BINARY names."""
    if named := os.environ.get("EMULATOR_BINARY"):
        return Path(named).resolve()
    subprocess.run(["cargo", "build", "--locked", "--quiet"], cwd=ROOT, check=True)
    return TARGET / "debug" / "directscale-emulator"


def run(command, *, cwd=None, env=None, timeout=120, stdin=subprocess.DEVNULL):
    """Runs a command to its end and returns what it printed; any other exit code than 0 fails the part."""
    environment = {**os.environ, **(env or {})}
    try:
        done = subprocess.run(
            [str(word) for word in command], cwd=cwd, env=environment, timeout=timeout, stdin=stdin,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )
    except FileNotFoundError:
        raise Skipped(f"there is no {command[0]}") from None
    except subprocess.TimeoutExpired as late:
        raise Failed(f"{command[0]} did not end within {timeout} s: {late.stdout}") from None
    if done.returncode != 0:
        raise Failed(f"{command[0]} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def need(program, package):
    """The path of a program, which Debian's package has."""
    if found := shutil.which(program):
        return found
    raise Skipped(f"there is no {program} (apt-get install {package})")


def need_files(paths, package):
    missing = [path for path in paths if not Path(path).exists()]
    if missing:
        raise Skipped(f"there is no {missing[0]} (apt-get install {package})")


def installed(name, files, command):
    """A folder with what `command` installs for these files; installed anew when one of them changed."""
    folder = WORK / name
    wanted = "".join(Path(file).read_text() for file in files)
    stamp = folder / "installed-for"
    if stamp.exists() and stamp.read_text() == wanted:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in files:
        shutil.copy(file, folder)
    try:
        command(folder)
    except (Failed, OSError) as error:
        raise Skipped(f"its packages cannot be installed here: {' '.join(str(error).split())[-200:]}") from None
    stamp.write_text(wanted)
    return folder


def node_packages(package_json):
    """A folder whose node_modules has what a package.json names."""
    need("npm", "nodejs npm")
    install = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]
    name = "node-" + Path(package_json).parent.name
    return installed(name, [package_json], lambda folder: run(install, cwd=folder, timeout=300))


def python_packages(requirements):
    """The interpreter of a virtual environment with what a requirements.txt names."""
    need("python3", "python3-venv")

    def install(folder):
        run(["python3", "-m", "venv", folder / "venv"])
        pip = [folder / "venv/bin/pip", "install", "--quiet", "--disable-pip-version-check", "-r"]
        run([*pip, folder / "requirements.txt"], timeout=300)

    name = "python-" + Path(requirements).parent.name
    return installed(name, [requirements], install) / "venv/bin/python"


class Emulator:
    """The program as a process, on its embedded database with the demo data."""

    def __init__(self, binary, *arguments, token=None, ca=None):
        self.folder = Path(tempfile.mkdtemp())
        self.token = token
        self.trust = ssl.create_default_context(cafile=ca) if ca else None
        environment = {name: value for name, value in os.environ.items() if not name.startswith("EMULATOR_")}
        environment.pop("DATABASE_URL", None)
        if token:
            environment["EMULATOR_ADMIN_TOKEN"] = token
        self.out, self.err = self.folder / "out", self.folder / "err"
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen(
                [binary, "--listen", "127.0.0.1:0", "--data", self.folder / "data", "--log-format", "json", *arguments],
                env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            )
        self.address = self.wait_until_ready()

    def wait_until_ready(self):
        for _ in range(600):
            lines = self.out.read_text().splitlines()
            if "Ready." in lines:
                return next(line.split()[1] for line in lines if line.split()[:1] == ["address"])
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise SystemExit("the server did not become ready: " + self.err.read_text())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)
        shutil.rmtree(self.folder, ignore_errors=True)

    def request(self, method, path, body=None, headers=None):
        """The status and body of a response."""
        headers = dict(headers or {})
        if path.startswith("/_emulator") and self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30, context=self.trust) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def control(self, method, path, body=None):
        """A request to the control API, which must succeed."""
        status, text = self.request(method, f"/_emulator/{path}", body)
        if status >= 300:
            raise Failed(f"{method} /_emulator/{path} answered {status}: {text}")
        return json.loads(text) if text else None

    def changes(self):
        """Method, path and status of each request so far that may change something through the control API."""
        lines = [json.loads(line) for line in self.err.read_text().splitlines() if line.startswith("{")]
        return [(line["method"], line["path"], line["status"]) for line in lines if line.get("target") == "audit"]

    def tenants(self):
        return {tenant["name"] for tenant in self.control("GET", "tenants")}


class Report:
    """Counts the parts, and prints one line for each."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def part(self, name, action):
        began = time.monotonic()
        try:
            result = action()
        except Skipped as why:
            self.skipped += 1
            print(f"SKIPPED {name}: {why}", flush=True)
        except Failed as what:
            self.failed += 1
            print(f"FAILED  {name}: {str(what)[-3000:]}", flush=True)
        else:
            self.passed += 1
            print(f"passed  {name}: {result} ({time.monotonic() - began:.1f} s)", flush=True)

    def close(self):
        """The closing line; the exit code is 1 when a part failed."""
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        raise SystemExit(1 if self.failed else 0)
