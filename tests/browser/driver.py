"""A server with an empty data folder and a headless Chromium, for `walk` and for scripts/screenshots."""

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

Response = collections.namedtuple("Response", "status headers body")


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
        raise SystemExit("the server did not become ready:\n" + self.errors())

    def errors(self):
        """The errors in its log."""
        return (self.folder / "err").read_text()

    def send(self, method, path, body=None, key=KEY, **headers):
        """Sends a request to the server. The status of a missing response is 0."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, method=method)
        if path.startswith("/v1") and key:
            request.add_header("Ocp-Apim-Subscription-Key", key)
        request.add_header("Content-Type", "application/json")
        for name, value in headers.items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return Response(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            return Response(error.code, error.headers, error.read())
        except OSError:
            return Response(0, {}, b"")

    def close(self):
        end(self.process)


class Browser:
    """One tab, which is controlled over the DevTools protocol."""

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
                self.command(f"{domain}.enable")
        except BaseException:
            self.close()
            raise

    def _page(self, profile):
        for _ in range(300):
            time.sleep(0.1)
            try:
                port = (profile / "DevToolsActivePort").read_text().split()[0]
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=10) as response:
                    return next(page for page in json.load(response) if page["type"] == "page")["webSocketDebuggerUrl"]
            except (OSError, IndexError, StopIteration):
                pass
        raise SystemExit("chromium did not become ready")

    def command(self, method, **parameters):
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            response = json.loads(self.socket.recv())
            if response.get("id") == self.number:
                if "error" in response:
                    raise RuntimeError(f"{method}: {response['error']['message']}")
                return response["result"]
            self.events.append(response)

    def value(self, expression):
        """The value of a script; None while another page is loaded."""
        try:
            response = self.command("Runtime.evaluate", expression=expression, returnByValue=True)
        except RuntimeError:
            return None
        if "exceptionDetails" in response:
            raise RuntimeError(f"{expression}: {response['exceptionDetails']}")
        return response["result"].get("value")

    def resize(self, width, height=900):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)

    def wait_for_page(self, before):
        """Waits until a page is complete that was loaded at another time than `before`."""
        for _ in range(400):
            if self.value("document.readyState === 'complete' && location.href !== 'about:blank' && performance.timeOrigin") \
                    not in (None, False, before):
                return
            time.sleep(0.025)
        raise AssertionError(f"no other page was loaded after {self.value('location.href')}")

    def loaded_at(self):
        """When the page was loaded, which identifies it."""
        return self.value("performance.timeOrigin")

    def go(self, url):
        before = self.loaded_at()
        self.command("Page.navigate", url=url)
        self.wait_for_page(before)

    def save_screenshot(self, path, width, max_height):
        height = min(int(self.value("document.documentElement.scrollHeight")), max_height)
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        picture = self.command("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(picture["data"]))

    def errors(self):
        """Errors and warnings of scripts, of the console and of the browser since the last time."""
        events, self.events = self.events, []
        found = []
        for event in events:
            parameters = event.get("params", {})
            match event.get("method"):
                case "Runtime.exceptionThrown":
                    details = parameters["exceptionDetails"]
                    found.append("exception: " + details.get("exception", {}).get("description", details["text"]))
                case "Runtime.consoleAPICalled" if parameters["type"] in ("error", "warning", "assert"):
                    found.append(f"console: {[argument.get('value') for argument in parameters['args']]}")
                case "Log.entryAdded" if parameters["entry"]["level"] in ("error", "warning"):
                    entry = parameters["entry"]
                    found.append(f"{entry['level']}: {entry['text']} {entry.get('url', '')}")
        return found

    def close(self):
        if self.socket:
            self.socket.close()
        end(self.process)
