"""The accessibility rules of axe-core, run on the page that a browser shows.

The package is installed by name into target/axe when it is missing (npm). Without npm the rules are not checked, which is printed.
"""

import pathlib
import shutil
import subprocess

from driver import ROOT

PACKAGE = "axe-core@4"
FOLDER = ROOT / "target" / "axe"
SCRIPT = FOLDER / "node_modules" / "axe-core" / "axe.min.js"

# The violations in a few words. The colors are checked in both schemes, the other rules once.
RUN = """axe.run(document, %s).then((found) => found.violations.map((violation) =>
  violation.id + ' (' + violation.impact + '): ' + violation.nodes.slice(0, 3).map((node) => node.target.join(' ') + ' ' +
  node.any.concat(node.all, node.none).map((one) => one.message).join('; ').slice(0, 200)).join(' | ')))"""
COLORS = "{ runOnly: ['color-contrast'] }"


def source():
    """The script; None where it cannot be installed."""
    if not SCRIPT.exists():
        if shutil.which("npm") is None:
            print("skip  the rules of axe-core: npm is not installed", flush=True)
            return None
        FOLDER.mkdir(parents=True, exist_ok=True)
        installed = subprocess.run(["npm", "install", "--no-save", "--no-audit", "--no-fund", "--silent", "--prefix", str(FOLDER), PACKAGE],
                                   capture_output=True, text=True)
        if installed.returncode != 0 or not SCRIPT.exists():
            print(f"skip  the rules of axe-core: npm install {PACKAGE} failed: {installed.stderr.strip()[:300]}", flush=True)
            return None
    return pathlib.Path(SCRIPT).read_text()


def violations(browser, script, options="{}"):
    """The rules that the page breaks."""
    if not browser.value("typeof axe === 'object'"):
        browser.command("Runtime.evaluate", expression=script)
    found = browser.command("Runtime.evaluate", expression=RUN % options, awaitPromise=True, returnByValue=True)
    if "exceptionDetails" in found:
        raise RuntimeError(f"axe: {found['exceptionDetails']}")
    return found["result"]["value"]
