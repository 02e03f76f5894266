"""A server on a fresh folder and a headless Chromium to look at it with, for `walk` and for scripts/screenshots."""

import base64
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request

import websocket

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
KEY = "0123456789abcdef0123456789abcdef"

ADDRESS = {"Street1": "250 South 400 West", "City": "Lindon", "Region": "UT", "PostalCode": "84042", "CountryCode": "US"}
UPGRADE = {
    "CustomerType": 1, "BirthDate": "1973-05-12T00:00:00Z", "DefaultShippingAddress": ADDRESS, "PrimaryAddress": ADDRESS,
    "EmailAddress": "yodaminch@testing.directscale.com", "FirstName": "Minch", "LastName": "Yoda",
    "Password": "Password123!", "SponsorId": 2, "TaxId": "TAX-TEST-3333", "TermsAccepted": True, "Username": "YodaIAm",
}

Answer = collections.namedtuple("Answer", "status headers body")


def binary():
    """The program as cargo builds it."""
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "directscale-emulator"


def end(process):
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Server:
    def __init__(self, program, folder):
        self.folder = pathlib.Path(folder)
        command = [program, "--listen", "127.0.0.1:0", "--data", self.folder / "data", "--log", "error"]
        with open(self.folder / "out", "w") as out, open(self.folder / "err", "w") as err:
            self.process = subprocess.Popen(command, stdout=out, stderr=err)
        try:
            self.base = self._address()
        except BaseException:
            end(self.process)
            raise

    def _address(self):
        for _ in range(1200):
            printed = (self.folder / "out").read_text()
            if re.search(r"^Ready\.$", printed, re.MULTILINE):
                return re.search(r"^ *address +(\S+)$", printed, re.MULTILINE)[1]
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise SystemExit("the server did not become ready:\n" + self.complaints())

    def complaints(self):
        """What it held for a defect."""
        return (self.folder / "err").read_text()

    def call(self, method, path, body=None, key=KEY, **headers):
        """Calls from outside; an answer that never came has status 0."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, method=method)
        if path.startswith("/v1") and key:
            request.add_header("Ocp-Apim-Subscription-Key", key)
        request.add_header("Content-Type", "application/json")
        for name, value in headers.items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())
        except OSError:
            return Answer(0, {}, b"")

    def close(self):
        end(self.process)


class Browser:
    """One tab, told over the DevTools protocol what to do."""

    def __init__(self, folder):
        names = ("chromium", "chromium-browser", "google-chrome")
        program = next((found for name in names if (found := shutil.which(name))), None)
        if program is None:
            raise SystemExit("chromium is not installed")
        profile = pathlib.Path(folder) / "browser"
        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
             "--remote-debugging-port=0", "--remote-allow-origins=*", f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.socket = None
        self.number = 0
        self.events = []
        try:
            self.socket = websocket.create_connection(self._page(profile), timeout=60)
            for domain in ("Page", "Log", "Runtime", "DOM", "Accessibility"):
                self.ask(f"{domain}.enable")
        except BaseException:
            self.close()
            raise

    def _page(self, profile):
        for _ in range(300):
            time.sleep(0.1)
            try:
                port = (profile / "DevToolsActivePort").read_text().split()[0]
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=10) as answer:
                    return next(page for page in json.load(answer) if page["type"] == "page")["webSocketDebuggerUrl"]
            except (OSError, IndexError, StopIteration):
                pass
        raise SystemExit("chromium did not become ready")

    def ask(self, method, **parameters):
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def value(self, expression):
        """The value of a script; nothing while the page goes away."""
        try:
            answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        except RuntimeError:
            return None
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def resize(self, width, height=900):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)

    def arrive(self, before):
        """Waits until another page than the one of that time is there, whole."""
        for _ in range(400):
            if self.value("document.readyState === 'complete' && location.href !== 'about:blank' && performance.timeOrigin") \
                    not in (None, False, before):
                return
            time.sleep(0.025)
        raise AssertionError(f"no other page came after {self.value('location.href')}")

    def birth(self):
        """By which a page is told from the next."""
        return self.value("performance.timeOrigin")

    def go(self, url):
        before = self.birth()
        self.ask("Page.navigate", url=url)
        self.arrive(before)

    def photograph(self, path, width, tallest):
        height = min(int(self.value("document.documentElement.scrollHeight")), tallest)
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        picture = self.ask("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(picture["data"]))

    def complaints(self):
        """Errors and warnings of scripts, of the console and of the browser since the last time."""
        events, self.events = self.events, []
        told = []
        for event in events:
            parameters = event.get("params", {})
            match event.get("method"):
                case "Runtime.exceptionThrown":
                    details = parameters["exceptionDetails"]
                    told.append("exception: " + details.get("exception", {}).get("description", details["text"]))
                case "Runtime.consoleAPICalled" if parameters["type"] in ("error", "warning", "assert"):
                    told.append(f"console: {[argument.get('value') for argument in parameters['args']]}")
                case "Log.entryAdded" if parameters["entry"]["level"] in ("error", "warning"):
                    entry = parameters["entry"]
                    told.append(f"{entry['level']}: {entry['text']} {entry.get('url', '')}")
        return told

    def close(self):
        if self.socket:
            self.socket.close()
        end(self.process)
