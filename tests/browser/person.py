"""A user of the inspector, with the mouse or with the keyboard only.

Elements are found as a screen reader finds them, by role and name. Actions are the browser's own input events; scripts only
read. Every page that is loaded is examined.
"""

import time
import urllib.parse

import axe

WIDTHS = (390, 1280)
TIMEOUT = 8
MAX_TABS = 250
FOCUSABLE = ("button", "checkbox", "combobox", "link", "searchbox", "spinbutton", "textbox", "Date", "DisclosureTriangle")
CODES = {"Enter": 13, "Tab": 9, "Home": 36, "End": 35, "ArrowDown": 40, "ArrowRight": 39, "Escape": 27, "Delete": 46}

# The visible defects of a page in a window of this width.
FLAWS = """(() => {
  const flaws = [];
  const width = %d;
  const name = (element) => element.tagName.toLowerCase() + (element.id ? '#' + element.id : '') +
    (element.className ? '.' + element.className : '') + ' "' + element.textContent.trim().slice(0, 40) + '"';
  if (document.querySelectorAll('h1').length !== 1) { flaws.push(document.querySelectorAll('h1').length + ' h1'); }
  if (document.documentElement.scrollWidth > width) { flaws.push('scrolls sideways, ' + document.documentElement.scrollWidth); }
  const isInScroller = (element) => {
    for (let above = element.parentElement; above && above !== document.body; above = above.parentElement) {
      if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(above).overflowX)) { return true; }
    }
    return false;
  };
  // A long text ends with an ellipsis, and is whole in its title and on the next page.
  const isCut = (element) => element.parentElement && getComputedStyle(element.parentElement).textOverflow === 'ellipsis';
  for (const element of document.body.querySelectorAll('*')) {
    const box = element.getBoundingClientRect();
    // A table with as many columns as the database's is in an area of its own, which scrolls.
    if (box.width === 0 || box.height === 0 || element.matches('.skip, .unseen, .wide-table *') || isCut(element)) { continue; }
    if (box.width > width + 0.5 || ((box.right > width + 0.5 || box.left < -0.5) && !isInScroller(element))) {
      flaws.push(name(element) + ' reaches from ' + Math.round(box.left) + ' to ' + Math.round(box.right));
    }
  }
  for (const element of document.querySelectorAll('main *')) {
    const style = getComputedStyle(element);
    if (style.overflowX === 'visible' && element.checkVisibility() && !isInScroller(element) && element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1) {
      flaws.push(name(element) + ' is wider than its box by ' + (element.scrollWidth - element.clientWidth));
    }
    const label = getComputedStyle(element, '::before');
    if (label.position === 'absolute' && label.content.length > 2 && parseFloat(style.paddingLeft) < parseFloat(label.width)) {
      flaws.push(name(element) + ' is covered by its label');
    }
  }
  const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
  flaws.push(...ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => 'the id ' + id + ' is not unique'));
  for (const field of document.querySelectorAll('input:not([type=hidden]), select, textarea')) {
    if (![...field.labels].some((label) => label.textContent.trim())) { flaws.push(name(field) + ' ' + field.name + ' has no label'); }
  }
  return flaws;
})()"""

FOCUS = """(() => {
  const element = document.activeElement;
  if (!element || element === document.body || element === document.documentElement) { return null; }
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  return {
    what: element.tagName.toLowerCase() + ' "' + (element.textContent.trim() || element.id || element.name || '').slice(0, 40) + '"',
    seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 &&
      style.outlineColor !== 'rgba(0, 0, 0, 0)' &&
      box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight && box.width > 1 && box.height > 1,
  };
})()"""


def check(is_so, why):
    if not is_so:
        raise AssertionError(why)


class Person:
    """The actions and checks that do not depend on the input device."""

    def __init__(self, browser, base):
        self.browser = browser
        self.base = base
        self.pages = 0
        self.stops = 0
        # The script of axe-core, the addresses that it examined, and the number of its runs.
        self.rules = None
        self.audited = set()
        self.audits = 0

    # Load pages

    def visit(self, path):
        """Opens an address."""
        self.browser.resize(1280)
        self.browser.go(self.base + path)
        self.examine()

    def follow(self, role, name, within=None, nth=None):
        """Activates an element that loads another page."""
        before = self.browser.loaded_at()
        self.activate(role, name, within, nth)
        self.arrived(before)

    def arrived(self, before):
        self.browser.wait_for_page(before)
        self.examine()

    def examine(self):
        """Checks the rules for every page."""
        self.pages += 1
        where = self.where()
        for width in WIDTHS:
            self.browser.resize(width)
            flaws = self.browser.value(FLAWS % width)
            check(flaws == [], f"{where} at {width} pixels: {flaws}")
            if self.manner == "mouse" and (width, where) not in self.audited:
                self.audited.add((width, where))
                self.check_axe(f"{where} at {width} pixels")
        for node in self.all():
            check(node["role"] not in FOCUSABLE or node["name"], f"{where}: a {node['role']} without a name")
        self.check_console()

    def check_axe(self, what):
        """Checks the rules of axe-core, those of colors also in the other scheme."""
        if self.rules is None:
            return
        found = axe.violations(self.browser, self.rules)
        self.audits += 1
        for scheme in ("dark", "light"):
            self.browser.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            found += [f"{scheme}: {one}" for one in axe.violations(self.browser, self.rules, axe.COLORS)]
            self.audits += 1
        self.browser.command("Emulation.setEmulatedMedia", features=[])
        check(not found, f"{what}: axe found {found}")

    def check_console(self):
        # The browser reports a page with the status 400 as an error: a form that is shown again with its rejection.
        own = f"status of 400 (Bad Request) {self.browser.value('location.href')}"
        errors = [error for error in self.browser.errors() if not error.endswith(own)]
        check(not errors, f"{self.where()}: the console has {errors}")

    def where(self):
        parts = urllib.parse.urlsplit(self.browser.value("location.href"))
        return parts.path + (f"?{parts.query}" if parts.query else "")

    # Read a page

    def _root(self):
        return self.browser.command("DOM.getDocument", depth=0)["root"]["backendNodeId"]

    def _query(self, under, **properties):
        found = self.browser.command("Accessibility.queryAXTree", backendNodeId=under, **properties)["nodes"]
        return [node["backendDOMNodeId"] for node in found if not node["ignored"] and "backendDOMNodeId" in node]

    def all(self):
        nodes = self.browser.command("Accessibility.getFullAXTree")["nodes"]
        return [{"role": node["role"]["value"], "name": node.get("name", {}).get("value", "").strip()}
                for node in nodes if not node["ignored"] and "role" in node]

    def find(self, role, name, within=None, nth=None):
        """The element with this role and name, inside of the element `within`. Without `nth` there must be only one."""
        end = time.monotonic() + TIMEOUT
        found = []
        while time.monotonic() < end:
            try:
                under = self.find(*within) if within else self._root()
                found = self._query(under, role=role, accessibleName=name)
            except RuntimeError:
                found = []
            if found:
                break
            time.sleep(0.05)
        check(found, f"{self.where()}: there is no {role} '{name}'" + (f" in {within}" if within else ""))
        check(nth is not None or len(found) == 1, f"{self.where()}: several {role} '{name}'")
        return found[nth or 0]

    def is_there(self, role, name):
        return bool(self._query(self._root(), role=role, accessibleName=name))

    def on(self, node, function):
        """The result of a JavaScript function on an element."""
        handle = self.browser.command("DOM.resolveNode", backendNodeId=node)["object"]["objectId"]
        response = self.browser.command("Runtime.callFunctionOn", objectId=handle, functionDeclaration=function, returnByValue=True)
        return response["result"].get("value")

    def text(self, within=None):
        if within:
            return self.on(self.find(*within), "function () { return this.innerText; }")
        return self.browser.value("document.body.innerText") or ""

    def sees(self, text, within=None):
        end = time.monotonic() + TIMEOUT
        while True:
            shown = " ".join(self.text(within).split())
            if text in shown:
                return
            check(time.monotonic() < end, f"{self.where()}: '{text}' is not visible"
                  + (f" in {within}: {shown[:300]!r}" if within else f": {shown[:600]!r}"))
            time.sleep(0.05)

    def sees_no(self, text):
        check(text not in " ".join(self.text().split()), f"{self.where()}: '{text}' is visible")

    def heading(self, text):
        shown = self.browser.value("document.querySelector('h1').innerText")
        check(shown == text, f"{self.where()}: the heading is '{shown}', not '{text}'")

    def rows(self):
        """The cells of each row of the page's tables, with the heading above the table."""
        return self.browser.value("""[...document.querySelectorAll('tbody tr')].map((row) => {
          let above = row.closest('table');
          while (above && !/^H[23]$|^SUMMARY$/.test(above.tagName)) { above = above.previousElementSibling || above.parentElement; }
          return { above: above ? above.innerText : '', cells: [...row.cells].map((cell) => cell.innerText) };
        })""")

    def sees_row(self, *cells, above=""):
        """A row whose cells begin with these texts; '' matches all."""
        rows = self.rows()
        fits = [row for row in rows if above in row["above"] and len(row["cells"]) >= len(cells)
                and all(cell.startswith(start) for cell, start in zip(row["cells"], cells))]
        check(fits, f"{self.where()}: there is no row {cells} under '{above}' in {rows[:40]}")
        return fits[0]["cells"]

    def box(self, role, name, within=None):
        quad = self.browser.command("DOM.getContentQuads", backendNodeId=self.find(role, name, within))["quads"][0]
        return quad[0], quad[1], quad[4], quad[5]

    def fact(self, term):
        """The value of a term in the list of facts."""
        facts = self.browser.value("[...document.querySelectorAll('dl.facts > div')].map((fact) =>"
                                   "[fact.querySelector('dt').innerText, fact.querySelector('dd').innerText])")
        found = dict(facts).get(term)
        check(found is not None, f"{self.where()}: there is no '{term}' in {facts}")
        return found.strip()

    # Press keys

    def press(self, key, shift=False, control=False):
        code = CODES.get(key) or ord(key.upper())
        pressed = {"key": key, "code": key if key in CODES else f"Key{key.upper()}", "windowsVirtualKeyCode": code,
                   "modifiers": 8 * shift + 2 * control}
        if key == "Enter":
            pressed["text"] = "\r"
        elif key not in CODES and not control:
            pressed["text"] = key
        self.browser.command("Input.dispatchKeyEvent", type="keyDown" if "text" in pressed else "rawKeyDown", **pressed)
        self.browser.command("Input.dispatchKeyEvent", type="keyUp", **{name: what for name, what in pressed.items() if name != "text"})

    def type(self, text):
        for letter in text:
            for kind in ("keyDown", "keyUp"):
                typed = {"text": letter} if kind == "keyDown" else {}
                self.browser.command("Input.dispatchKeyEvent", type=kind, key=letter, **typed)

    def fill(self, role, name, text, within=None):
        """Replaces the text of a field."""
        field = self.focus(role, name, within)
        self.press("a", control=True)
        self.press("Delete")
        self.type(text)
        shown = self.on(field, "function () { return this.value; }")
        check(shown == text, f"'{name}' holds '{shown}', not '{text}'")

    def choose(self, name, option, within=None):
        """Chooses an option of a list with the arrow keys."""
        field = self.focus("combobox", name, within)
        self.press("Home")
        for _ in range(200):
            if self.on(field, "function () { return this.selectedOptions[0].textContent; }") == option:
                return
            self.press("ArrowDown")
        raise AssertionError(f"'{name}' has no '{option}'")

    def replace_line(self, area, start, line):
        """Replaces the line of a text that begins with `start`."""
        lines = self.on(area, "function () { return this.value; }").split("\n")
        fits = [at for at, known in enumerate(lines) if known.strip().startswith(start)]
        check(len(fits) == 1, f"{len(fits)} lines begin with {start}: {lines}")
        self.press("Home", control=True)
        for _ in range(fits[0]):
            self.press("ArrowDown")
        self.press("Home")
        self.press("End", shift=True)
        self.type(line)

    def add_line(self, area, line):
        """Adds a line below the first."""
        self.press("Home", control=True)
        self.press("End")
        self.press("Enter")
        self.type(line)


class Mouse(Person):
    """Clicks, and types into the element that was clicked."""

    manner = "mouse"

    def examine(self):
        super().examine()
        self.tab_through()

    def tab_through(self):
        """Moves through the page by Tab: the focus must be visible at each stop."""
        first = None
        for _ in range(MAX_TABS):
            self.press("Tab")
            focus = self.browser.value(FOCUS)
            if focus is None:
                break
            first = first or focus
            check(focus["seen"], f"{self.where()}: the focus is not visible after Tab: {focus['what']}")
            self.stops += 1
        check(first, f"{self.where()}: Tab focuses nothing")

    def _click(self, node):
        self.browser.command("DOM.scrollIntoViewIfNeeded", backendNodeId=node)
        quad = self.browser.command("DOM.getContentQuads", backendNodeId=node)["quads"][0]
        x, y = (quad[0] + quad[4]) / 2, (quad[1] + quad[5]) / 2
        is_hit = self.on(node, f"function () {{ const hit = document.elementFromPoint({x}, {y});"
                               "return hit === this || this.contains(hit); }")
        check(is_hit, f"{self.where()}: another element covers the clicked one at {x}, {y}")
        self.browser.command("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased"):
            self.browser.command("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def activate(self, role, name, within=None, nth=None):
        self._click(self.find(role, name, within, nth))

    def focus(self, role, name, within=None):
        node = self.find(role, name, within, None)
        if role == "combobox" and self.on(node, "function () { return this.tagName; }") == "SELECT":
            # A click on the list itself would open it, in its own window.
            self._click(self._label(node))
        else:
            self._click(node)
        check(self.on(node, "function () { return this === document.activeElement; }"), f"a click does not focus '{name}'")
        return node

    def _label(self, node):
        handle = self.browser.command("DOM.resolveNode", backendNodeId=node)["object"]["objectId"]
        label = self.browser.command("Runtime.callFunctionOn", objectId=handle, functionDeclaration="function () { return this.labels[0]; }")
        return self.browser.command("DOM.describeNode", objectId=label["result"]["objectId"])["node"]["backendNodeId"]

    def open_first_request(self, name):
        self.follow("link", name, nth=0)


class Keyboard(Person):
    """Uses Tab, Enter, arrows and letters."""

    manner = "keyboard"

    def focus(self, role, name, within=None, nth=None):
        """Presses Tab until the element has the focus."""
        node = self.find(role, name, within, nth)
        for _ in range(MAX_TABS):
            if self.on(node, "function () { return this === document.activeElement; }"):
                return node
            self.press("Tab")
            focus = self.browser.value(FOCUS)
            if focus:
                check(focus["seen"], f"{self.where()}: the focus is not visible after Tab: {focus['what']}")
                self.stops += 1
        raise AssertionError(f"{self.where()}: Tab does not focus the {role} '{name}'")

    def activate(self, role, name, within=None, nth=None):
        self.focus(role, name, within, nth)
        self.press("Enter")

    def open_first_request(self, name):
        """With the keys of the list."""
        before = self.browser.loaded_at()
        self.press("j")
        focused = self.browser.value("document.activeElement.innerText")
        check(focused == name, f"j focuses '{focused}', not '{name}'")
        self.press("Enter")
        self.arrived(before)
