"""docs/RECIPES.md prints the files of this folder: a comment with a file's path, and its text as a code block.

`documented.py --write` writes the blocks anew from the files.
"""

import re
import sys

from harness import ROOT, Failed

DOCUMENT = ROOT / "docs/RECIPES.md"
BLOCK = re.compile(r"(<!-- (\S+) -->\n\n?```\w*\n)(.*?)(^```$)", re.DOTALL | re.MULTILINE)
# What a reader pastes; the rest of this folder runs it.
PRINTED = ["python", "node", "java", "dotnet", "github"]


def check():
    """Every block is its file, and every file of the recipes has its block."""
    text = DOCUMENT.read_text()
    blocks = {path: block for _, path, block, _ in BLOCK.findall(text)}
    files = {
        str(file.relative_to(ROOT)) for folder in PRINTED for file in (ROOT / "tests/recipes" / folder).iterdir()
        if file.is_file()
    }
    if missing := files - blocks.keys():
        raise Failed(f"docs/RECIPES.md does not print {sorted(missing)}")
    different = [path for path, block in blocks.items() if (ROOT / path).read_text() != block]
    if different:
        raise Failed(f"docs/RECIPES.md differs from {different}: tests/recipes/documented.py --write")
    return f"{len(blocks)} files as printed in docs/RECIPES.md"


def write():
    text = DOCUMENT.read_text()
    DOCUMENT.write_text(BLOCK.sub(lambda found: found[1] + (ROOT / found[2]).read_text() + found[4], text))


if __name__ == "__main__":
    write() if sys.argv[1:] == ["--write"] else print(check())
