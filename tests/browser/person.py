"""Somebody who looks at the inspector and acts on it: with the mouse, or with the keyboard alone.

What is acted on is found as a person or a screen reader finds it, by its role and its name. The acts are the browser's own
input events; scripts only look. Every page that is come to is examined.
"""

import time
import urllib.parse

WIDTHS = (390, 1280)
PATIENCE = 8
MOST_TABS = 250
FOCUSABLE = ("button", "checkbox", "combobox", "link", "searchbox", "spinbutton", "textbox", "Date", "DisclosureTriangle")
CODES = {"Enter": 13, "Tab": 9, "Home": 36, "End": 35, "ArrowDown": 40, "Escape": 27, "Delete": 46}

# What an eye sees that is wrong with a page, in this window.
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
  for (const element of document.body.querySelectorAll('*')) {
    const box = element.getBoundingClientRect();
    if (box.width === 0 || box.height === 0 || element.matches('.skip, .unseen')) { continue; }
    if (box.width > width + 0.5 || ((box.right > width + 0.5 || box.left < -0.5) && !isInScroller(element))) {
      flaws.push(name(element) + ' reaches from ' + Math.round(box.left) + ' to ' + Math.round(box.right));
    }
  }
  const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
  flaws.push(...ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => 'the id ' + id + ' stands there twice'));
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
    """What both have in common: eyes."""

    def __init__(self, browser, base):
        self.browser = browser
        self.base = base
        self.pages = 0
        self.stops = 0

    # Coming to pages

    def visit(self, path):
        """Types an address."""
        self.browser.resize(1280)
        self.browser.go(self.base + path)
        self.examine()

    def follow(self, role, name, within=None, nth=None):
        """Activates something that leads to another page."""
        before = self.browser.birth()
        self.activate(role, name, within, nth)
        self.arrived(before)

    def arrived(self, before):
        self.browser.arrive(before)
        self.examine()

    def examine(self):
        """What must be true of every page."""
        self.pages += 1
        where = self.where()
        for width in WIDTHS:
            self.browser.resize(width)
            flaws = self.browser.value(FLAWS % width)
            check(flaws == [], f"{where} at {width} pixels: {flaws}")
        for node in self.all():
            check(node["role"] not in FOCUSABLE or node["name"], f"{where}: a {node['role']} without a name")
        self.be_quiet()

    def be_quiet(self):
        complaints = self.browser.complaints()
        check(not complaints, f"{self.where()}: the console says {complaints}")

    def where(self):
        parts = urllib.parse.urlsplit(self.browser.value("location.href"))
        return parts.path + (f"?{parts.query}" if parts.query else "")

    # Looking

    def _root(self):
        return self.browser.ask("DOM.getDocument", depth=0)["root"]["backendNodeId"]

    def _query(self, under, **wanted):
        found = self.browser.ask("Accessibility.queryAXTree", backendNodeId=under, **wanted)["nodes"]
        return [node["backendDOMNodeId"] for node in found if not node["ignored"] and "backendDOMNodeId" in node]

    def all(self):
        nodes = self.browser.ask("Accessibility.getFullAXTree")["nodes"]
        return [{"role": node["role"]["value"], "name": node.get("name", {}).get("value", "").strip()}
                for node in nodes if not node["ignored"] and "role" in node]

    def find(self, role, name, within=None, nth=None):
        """What has this role and this name, in the region of that role and name; nth of several only where it is said."""
        end = time.monotonic() + PATIENCE
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
        """What a function of an element says."""
        handle = self.browser.ask("DOM.resolveNode", backendNodeId=node)["object"]["objectId"]
        answer = self.browser.ask("Runtime.callFunctionOn", objectId=handle, functionDeclaration=function, returnByValue=True)
        return answer["result"].get("value")

    def text(self, within=None):
        if within:
            return self.on(self.find(*within), "function () { return this.innerText; }")
        return self.browser.value("document.body.innerText") or ""

    def sees(self, text, within=None):
        end = time.monotonic() + PATIENCE
        while True:
            shown = " ".join(self.text(within).split())
            if text in shown:
                return
            check(time.monotonic() < end, f"{self.where()}: '{text}' is not to be seen"
                  + (f" in {within}: {shown[:300]!r}" if within else f": {shown[:600]!r}"))
            time.sleep(0.05)

    def sees_no(self, text):
        check(text not in " ".join(self.text().split()), f"{self.where()}: '{text}' is to be seen")

    def heading(self, text):
        shown = self.browser.value("document.querySelector('h1').innerText")
        check(shown == text, f"{self.where()}: the heading is '{shown}', not '{text}'")

    def rows(self):
        """The cells of each row of the page's tables, with the heading that stands above the table."""
        return self.browser.value("""[...document.querySelectorAll('tbody tr')].map((row) => {
          let above = row.closest('table');
          while (above && !/^H[23]$|^SUMMARY$/.test(above.tagName)) { above = above.previousElementSibling || above.parentElement; }
          return { above: above ? above.innerText : '', cells: [...row.cells].map((cell) => cell.innerText) };
        })""")

    def sees_row(self, *cells, above=""):
        """A row whose cells begin with these texts; '' fits all."""
        rows = self.rows()
        fits = [row for row in rows if above in row["above"] and len(row["cells"]) >= len(cells)
                and all(cell.startswith(wanted) for cell, wanted in zip(row["cells"], cells))]
        check(fits, f"{self.where()}: there is no row {cells} under '{above}' in {rows[:40]}")
        return fits[0]["cells"]

    def box(self, role, name, within=None):
        quad = self.browser.ask("DOM.getContentQuads", backendNodeId=self.find(role, name, within))["quads"][0]
        return quad[0], quad[1], quad[4], quad[5]

    def fact(self, term):
        """What a list of facts says of a term."""
        facts = self.browser.value("[...document.querySelectorAll('dl.facts div')].map((fact) =>"
                                   "[fact.querySelector('dt').innerText, fact.querySelector('dd').innerText])")
        found = dict(facts).get(term)
        check(found is not None, f"{self.where()}: nothing is said of '{term}' in {facts}")
        return found.strip()

    # The keys that both press

    def press(self, key, shift=False, control=False):
        code = CODES.get(key) or ord(key.upper())
        pressed = {"key": key, "code": key if key in CODES else f"Key{key.upper()}", "windowsVirtualKeyCode": code,
                   "modifiers": 8 * shift + 2 * control}
        if key == "Enter":
            pressed["text"] = "\r"
        elif key not in CODES and not control:
            pressed["text"] = key
        self.browser.ask("Input.dispatchKeyEvent", type="keyDown" if "text" in pressed else "rawKeyDown", **pressed)
        self.browser.ask("Input.dispatchKeyEvent", type="keyUp", **{name: what for name, what in pressed.items() if name != "text"})

    def type(self, text):
        for letter in text:
            for kind in ("keyDown", "keyUp"):
                typed = {"text": letter} if kind == "keyDown" else {}
                self.browser.ask("Input.dispatchKeyEvent", type=kind, key=letter, **typed)

    def fill(self, role, name, text, within=None):
        """Types into a field in place of what is there."""
        field = self.focus(role, name, within)
        self.press("a", control=True)
        self.press("Delete")
        self.type(text)
        shown = self.on(field, "function () { return this.value; }")
        check(shown == text, f"'{name}' holds '{shown}', not '{text}'")

    def choose(self, name, option, within=None):
        """Chooses from a list by going down in it."""
        field = self.focus("combobox", name, within)
        self.press("Home")
        for _ in range(200):
            if self.on(field, "function () { return this.selectedOptions[0].textContent; }") == option:
                return
            self.press("ArrowDown")
        raise AssertionError(f"'{name}' has no '{option}'")

    def replace_line(self, area, start, line):
        """Writes a line of a text anew: the one that begins so."""
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
    """Points and clicks; types into what was clicked."""

    manner = "mouse"

    def examine(self):
        super().examine()
        self.tab_through()

    def tab_through(self):
        """Goes round the page by Tab: at each stop one must see where one is."""
        first = None
        for _ in range(MOST_TABS):
            self.press("Tab")
            focus = self.browser.value(FOCUS)
            if focus is None:
                break
            first = first or focus
            check(focus["seen"], f"{self.where()}: after Tab one does not see where one is: {focus['what']}")
            self.stops += 1
        check(first, f"{self.where()}: Tab leads nowhere")

    def _click(self, node):
        self.browser.ask("DOM.scrollIntoViewIfNeeded", backendNodeId=node)
        quad = self.browser.ask("DOM.getContentQuads", backendNodeId=node)["quads"][0]
        x, y = (quad[0] + quad[4]) / 2, (quad[1] + quad[5]) / 2
        is_hit = self.on(node, f"function () {{ const hit = document.elementFromPoint({x}, {y});"
                               "return hit === this || this.contains(hit); }")
        check(is_hit, f"{self.where()}: something lies over what is clicked, at {x}, {y}")
        self.browser.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased"):
            self.browser.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def activate(self, role, name, within=None, nth=None):
        self._click(self.find(role, name, within, nth))

    def focus(self, role, name, within=None):
        node = self.find(role, name, within, None)
        if role == "combobox" and self.on(node, "function () { return this.tagName; }") == "SELECT":
            # A click on the list itself would open it, in a window of its own.
            self._click(self._label(node))
        else:
            self._click(node)
        check(self.on(node, "function () { return this === document.activeElement; }"), f"a click on '{name}' leads elsewhere")
        return node

    def _label(self, node):
        handle = self.browser.ask("DOM.resolveNode", backendNodeId=node)["object"]["objectId"]
        label = self.browser.ask("Runtime.callFunctionOn", objectId=handle, functionDeclaration="function () { return this.labels[0]; }")
        return self.browser.ask("DOM.describeNode", objectId=label["result"]["objectId"])["node"]["backendNodeId"]

    def open_first_call(self, name):
        self.follow("link", name, nth=0)


class Keyboard(Person):
    """Has no mouse: Tab, Enter, arrows and letters."""

    manner = "keyboard"

    def focus(self, role, name, within=None, nth=None):
        """Goes on by Tab until it is there."""
        node = self.find(role, name, within, nth)
        for _ in range(MOST_TABS):
            if self.on(node, "function () { return this === document.activeElement; }"):
                return node
            self.press("Tab")
            focus = self.browser.value(FOCUS)
            if focus:
                check(focus["seen"], f"{self.where()}: after Tab one does not see where one is: {focus['what']}")
                self.stops += 1
        raise AssertionError(f"{self.where()}: Tab does not lead to the {role} '{name}'")

    def activate(self, role, name, within=None, nth=None):
        self.focus(role, name, within, nth)
        self.press("Enter")

    def open_first_call(self, name):
        """By the list's own keys."""
        before = self.browser.birth()
        self.press("j")
        focused = self.browser.value("document.activeElement.innerText")
        check(focused == name, f"j leads to '{focused}', not to '{name}'")
        self.press("Enter")
        self.arrived(before)
