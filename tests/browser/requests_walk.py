"""The steps of the walk about requests: how to connect, the list, one request, its correction, the way back, colors and palette."""

import json
import re
import time

import driver
from person import check

UPGRADE_PATH = "/v1/customers/upgrade/3"
REQUEST = f"PUT {UPGRADE_PATH}"
TABS = ("navigation", "Pages of the tenant")
PARTS = ("navigation", "Parts of the request")
SHADE = """(() => {
  const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/\\d+/g);
  return +red + +green + +blue;
})()"""
SHOWN = "[...document.querySelectorAll('.code-of')].filter((one) => one.offsetParent).map((one) => one.querySelector('pre').innerText)"


class RequestSteps:
    """Needs `server`, `person`, `tab` and `customer` of the walk."""

    def connect(self):
        """how to connect is on the home page: base URL, the demo key, and samples in five languages that can be chosen"""
        person = self.person
        person.visit("/_emulator/")
        person.sees("Connect a program to demo")
        check(person.fact("Base URL").startswith(f"{self.server.base}/v1"), f"the base URL is {person.fact('Base URL')}")
        check(person.fact("Key").startswith(driver.KEY), f"the key is {person.fact('Key')}")
        for place, (name, part) in enumerate((("curl", "curl -i"), ("C#", "HttpClient"), ("JavaScript", "await fetch"),
                                              ("Python", "requests.request"), ("PHP", "<?php"))):
            node = person.find("radio", name)
            if person.manner == "mouse":
                person.activate("radio", name)
            elif place == 0:
                while not person.on(node, "function () { return this === document.activeElement; }"):
                    person.press("Tab")
            else:
                person.press("ArrowRight")
            shown = person.browser.value(SHOWN)
            check(len(shown) == 1 and part in shown[0] and driver.KEY in shown[0], f"the code of {name} is {shown}")
        person.browser.value("localStorage.removeItem('emulator-language')")

    def new_user(self):
        """from a rejected upgrade in a program to an accepted one in at most 6 actions"""
        person = self.person
        check(self.customer(3)["CustomerType"] == 2, "customer 3 is not retail at the beginning")
        rejected = {"CustomerType": 1, "FristName": "Ada", "TaxId": "TAX-1", "PrimaryAddress": {"Street1": "1 Road"}}
        check(self.server.send("PUT", UPGRADE_PATH, rejected).status == 500, "the upgrade is not rejected")
        begun = time.monotonic()
        actions = 0
        for act in (lambda: person.visit("/_emulator/"), lambda: person.follow("link", "demo"),
                    lambda: person.open_first_request(REQUEST), lambda: person.follow("button", "Fix it"),
                    lambda: person.follow("button", "Send again")):
            act()
            actions += 1
        person.heading(REQUEST)
        check(person.fact("Status").startswith("201"), f"the status is {person.fact('Status')}")
        check(actions <= 6 and self.customer(3)["CustomerType"] == 1, f"{actions} actions")
        print(f"      {actions} actions from a rejected to an accepted upgrade, in {time.monotonic() - begun:.1f} s with the examination of each page", flush=True)
        self.server.send("POST", "/_emulator/tenants/demo/reset")

    def parts(self):
        """one request has its parts, with colored JSON, the changes in the API's names, and code to copy"""
        person = self.person
        self.server.send("PUT", UPGRADE_PATH, driver.UPGRADE)
        person.visit("/_emulator/t/demo")
        person.open_first_request(REQUEST)
        person.follow("link", "Request", PARTS)
        check(person.browser.value("document.querySelectorAll('pre .jk').length") > 10, "the JSON has no colors")
        person.follow("link", next(node["name"] for node in person.all() if node["name"].startswith("Changes (")), PARTS)
        person.sees("- CustomerType: 2 + CustomerType: 1")
        person.sees("+ NewAssociateType: 1")
        person.sees_no("username_key")
        person.follow("link", next(node["name"] for node in person.all() if re.match(r"Show \d+ technical column", node["name"])))
        person.sees("username_key")
        person.follow("link", "Copy as code", PARTS)
        for name in ("xUnit test", "pytest test", ".http"):
            person.find("radio", name)
        person.follow("link", "Overview", PARTS)
        person.sees("Evidence")
        self.server.send("POST", "/_emulator/tenants/demo/reset")

    def beside(self):
        """the list is at the side of one request on a wide screen, and not on a narrow one"""
        person = self.person
        self.server.send("GET", "/v1/customers/2")
        self.server.send("GET", "/v1/customers/3")
        person.visit("/_emulator/t/demo")
        person.open_first_request("GET /v1/customers/3")
        width = "document.querySelector('.beside').offsetWidth"
        person.browser.resize(390)
        check(person.browser.value(width) == 0, "the list is shown on a narrow screen")
        person.browser.resize(1280)
        check(person.browser.value(width) > 200, "the list is not shown on a wide screen")
        if person.manner == "keyboard":
            before = person.browser.loaded_at()
            person.press("j")
            person.press("Enter")
            person.arrived(before)
        else:
            person.follow("link", "GET /v1/customers/2", ("navigation", "Requests"), nth=0)
        person.heading("GET /v1/customers/2")

    def search(self):
        """requests are found by words and by chips with counts, and cleared behind a question"""
        person = self.person
        self.server.send("PUT", UPGRADE_PATH, {"FirstName": "Zebulon"})
        person.visit("/_emulator/t/demo")
        person.fill("searchbox", "Path, message, body or customer", "zebulon")
        before = person.browser.loaded_at()
        person.press("Enter")
        person.arrived(before)
        rows = person.browser.value("document.querySelectorAll('.requests tbody tr').length")
        check(rows == 1, f"{rows} requests are found")
        person.follow("link", "5xx 1")
        person.follow("link", "All")
        check(person.browser.value("document.querySelectorAll('.requests tbody tr').length") > 1, "not all are listed")
        closed = [node["name"] for node in person.all() if node["name"] == "Clear…"]
        check(closed, "there is no Clear")
        person.activate("DisclosureTriangle", "Clear…")
        clear = next(node["name"] for node in person.all() if re.match(r"Clear \d+ requests?$", node["name"]))
        person.follow("button", clear)
        person.sees("No requests yet.")
        person.sees("Connect a program")

    def undo(self):
        """the data goes back to before a request, and what would be lost is shown first"""
        person = self.person
        person.visit("/_emulator/t/demo")
        person.activate("DisclosureTriangle", "Undo: off")
        person.follow("button", "Keep states from now on")
        self.server.send("PATCH", "/v1/customers/3", {"FirstName": "Changed"})
        person.visit("/_emulator/t/demo")
        person.open_first_request("PATCH /v1/customers/3")
        person.follow("link", "Back to before this request…")
        person.sees("1 request is undone")
        person.follow("button", next(node["name"] for node in person.all() if node["name"].startswith("Go back: lose ")))
        end = time.monotonic() + 8
        while self.customer(3)["FirstName"] != "Riley":
            check(time.monotonic() < end, "the change is still there")
            time.sleep(0.1)
        person.visit("/_emulator/t/demo")
        person.follow("button", "Stop, and delete the states")

    def colors(self):
        """the colors are switched, also on the next page"""
        person = self.person
        person.visit("/_emulator/t/demo")
        shades = []
        for name in ("system", "dark", "light"):
            person.activate("button", f"Colors: {name}")
            end = time.monotonic() + 5
            while not person.is_there("button", f"Colors: {('dark', 'light', 'system')[len(shades)]}"):
                check(time.monotonic() < end, "the switch does nothing")
                time.sleep(0.02)
            shades.append(person.browser.value(SHADE))
            if name == "system":
                self.tab("Plan")
                check(person.browser.value(SHADE) < 150, "the next page is not dark")
        check(shades[0] < 150 and shades[1] > 600, f"the grounds' shades are {shades}")

    def palette(self):
        """the command palette leads to another page by a part of its name"""
        person = self.person
        person.visit("/_emulator/t/demo")
        person.press("k", control=True)
        person.find("combobox", "Part of a page's name")
        person.check_axe("the palette")
        before = person.browser.loaded_at()
        person.type("comparison")
        end = time.monotonic() + 5
        while not person.browser.value("document.querySelector('.palette [aria-selected=true]')?.textContent.startsWith('Comparison')"):
            check(time.monotonic() < end, "the palette does not find it")
            time.sleep(0.02)
        person.press("Enter")
        person.arrived(before)
        person.heading("Comparison")

    def loads(self):
        """the list with 500 requests is loaded quickly"""
        person = self.person
        for number in range(500):
            self.server.send("GET", f"/v1/customers/{1000 + number}")
        times = []
        for _ in range(5):
            person.visit("/_emulator/t/demo")
            entry = json.loads(person.browser.value("JSON.stringify(performance.getEntriesByType('navigation')[0])"))
            times.append((entry["loadEventEnd"], entry["encodedBodySize"], entry["decodedBodySize"]))
        ms, sent, whole = sorted(times)[2]
        print(f"      500 requests: {ms:.0f} ms to load, {sent} bytes sent, {whole} as HTML (a debug build)", flush=True)
        check(ms < 2000, f"the list takes {ms} ms")
        person.sees("1–50 of 500")
