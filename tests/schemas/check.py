"""Compares the JSON Schemas of seed files and plans with what a running server reads: check.py ADDRESS

Every seed file of the repository and every export is valid; every document of rejected.yaml is rejected by both; and of full.yaml
with one change, schema and reader accept the same ones, except for the rules in DIFFERENCES.
"""

import copy
import http.client
import json
import pathlib
import re
import subprocess
import sys

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "schemas"

# Where schema and reader differ, and why: a path in the document, the change, who accepts it alone. A schema for editors may be
# stricter where the reader accepts another spelling of a value. It cannot know rules that compare several members or entries.
DIFFERENCES = [
    (r".*", r"1\.0", "schema", "a number with a fraction of zero is an integer in JSON Schema"),
    (r"/tenants/\d+/keys/\d+/(secondary_)?key", r"text|too long", "schema", "the form of a secret depends on the kind of key"),
    (r"/tenants/\d+/keys/\d+/(secondary_)?key", r"null|removed", "schema", "a key or its digest, not both; at least one"),
    (r"/tenants/\d+/keys/\d+/(secondary_)?key_digest", r"null|removed", "schema", "the same"),
    (r"/tenants/\d+/keys/\d+/kind", r"removed", "schema", "the form of a secret depends on the kind of key"),
]


class CoreLoader(yaml.SafeLoader):
    """YAML 1.2 as editors read it: no dates, no `yes` and `no`."""


CoreLoader.yaml_implicit_resolvers = {}
for tag, pattern, first in [
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
]:
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), first)


def with_text_keys(value):
    """JSON has only texts as names."""
    if isinstance(value, dict):
        return {str(name): with_text_keys(member) for name, member in value.items()}
    return [with_text_keys(item) for item in value] if isinstance(value, list) else value


def read_yaml(text):
    return with_text_keys(yaml.load(text, CoreLoader))


def validator(kind):
    schema = json.loads((ROOT / "config" / "schemas" / f"{kind}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.FormatChecker(["date-time", "uuid"])
    return jsonschema.Draft202012Validator(schema, format_checker=checker), schema


class Server:
    """The control API."""

    def __init__(self, address):
        self.connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)

    def call(self, method, path, body=None):
        headers = {"Content-Type": "application/json"}
        self.connection.request(method, f"/_emulator{path}", None if body is None else json.dumps(body), headers)
        response = self.connection.getresponse()
        return response.status, response.read().decode()

    def reads_file(self, document):
        """Whether a seed file is accepted. The reason, if not. Its tenants are deleted again."""
        status, text = self.call("PUT", "/seed", document)
        assert status in (200, 400), (status, text)
        if status == 400:
            return False, json.loads(text)["detail"]
        for name in json.loads(text)["created"]:
            assert self.call("DELETE", f"/tenants/{name}")[0] == 200, name
        return True, ""

    def reads_plan(self, document):
        status, text = self.call("PUT", "/tenants/demo/plan", document)
        assert status in (200, 400), (status, text)
        return status == 200, "" if status == 200 else json.loads(text)["detail"]


def errors(schema, document):
    return [f"{'/'.join(map(str, error.path))}: {error.message[:200]}" for error in schema.iter_errors(document)]


def seed_files():
    """The seed files of the repository and of its documents, by name."""
    tracked = subprocess.run(["git", "ls-files", "*.yaml", "*.yml", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True)
    for name in tracked.stdout.split():
        text = (ROOT / name).read_text()
        samples = re.findall(r"```ya?ml\n(.*?)```", text, re.S) if name.endswith(".md") else [text]
        for number, sample in enumerate(samples, 1):
            if re.search(r"^version: 1$", sample, re.M) and re.search(r"^tenants:", sample, re.M):
                yield f"{name}, sample {number}" if name.endswith(".md") else name, sample


def check_files(schema, server):
    found = list(seed_files())
    names = [name for name, _ in found]
    assert {"config/demo.yaml", "tests/conformance/seed.yaml", "docs/SEEDS.md, sample 1"} <= set(names), names
    for arguments in ["format=json", "format=json&keys=true", "format=yaml&snapshot=seed&keys=true"]:
        status, text = server.call("GET", f"/tenants/demo/export?{arguments}")
        assert status == 200, text
        found.append((f"export?{arguments}", text))
    for name, text in found:
        problems = errors(schema, read_yaml(text))
        assert not problems, (name, problems)
        if not name.startswith("export"):
            assert "# yaml-language-server: $schema=" in text or name.startswith("fuzz/"), f"{name} names no schema"
    print(f"{len(found)} seed files are valid: {', '.join(name for name, _ in found)}")


def check_rejected(seed, plan, server):
    rejected = read_yaml((HERE / "rejected.yaml").read_text())
    files = rejected["files"] + [
        {"version": 1, "tenants": [{"name": "rejected", **members}]} for members in rejected["tenants"]
    ]
    for documents, schema, reads in [(files, seed, server.reads_file), (rejected["plans"], plan, server.reads_plan)]:
        for document in documents:
            is_read, _ = reads(document)
            assert not is_read, f"the reader accepts {json.dumps(document)}"
            assert errors(schema, document), f"the schema accepts {json.dumps(document)}"
    print(f"{len(files)} seed files and {len(rejected['plans'])} plans are rejected by reader and schema")


def places(value, path=()):
    """Every place of a document."""
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []
    for name, member in items:
        yield from places(member, (*path, name))


VALUES = {
    "null": None, "true": True, "-1": -1, "0": 0, "1": 1, "1.0": 1.0, "1.5": 1.5, "3000000000": 3_000_000_000,
    "10^13": 10_000_000_000_000, "text": "text", "empty text": "", "too long": "x" * 5_000, "list": [], "object": {},
    "list of a list": [[]], "date": "2020-02-02T00:00:00Z",
}


def changed(document):
    """The document with one change: a member is removed, added, or has another value."""

    def with_parent(path, change):
        copied = copy.deepcopy(document)
        parent = copied
        for name in path[:-1]:
            parent = parent[name]
        change(parent)
        return copied

    for path, value in places(document):
        if isinstance(value, dict):
            yield path, "added", with_parent((*path, "colour"), lambda parent: parent.update(colour=1)) if path else {**document, "colour": 1}
        if not path:
            continue
        last = path[-1]
        yield path, "removed", with_parent(path, lambda parent: parent.pop(last))
        for name, other in VALUES.items():
            if other != value or type(other) is not type(value):
                yield path, name, with_parent(path, lambda parent: parent.__setitem__(last, other))


def difference(path, change, accepts, seen):
    """Whether a difference is a stated one."""
    place = "".join(f"/{name}" for name in path)
    for index, (pattern, changes, who, _) in enumerate(DIFFERENCES):
        if who == accepts and re.fullmatch(pattern, place) and re.fullmatch(changes, change):
            seen.add(index)
            return True
    return False


def compare(what, document, schema, reads, seen):
    assert not errors(schema, document), errors(schema, document)
    assert reads(document) == (True, ""), reads(document)
    count = accepted = differing = 0
    unexpected = []
    for path, change, other in changed(document):
        (is_read, reason), problems = reads(other), errors(schema, other)
        count, accepted = count + 1, accepted + is_read
        if is_read == (not problems):
            continue
        differing += 1
        who = "reader" if is_read else "schema"
        if not difference(path, change, who, seen):
            unexpected.append(f"{'/'.join(map(str, path))} {change}: only the {who} accepts it: {reason or problems[0]}")
    print(f"{what}: {count} changes, {accepted} accepted by the reader; {differing} differ as stated")
    return unexpected


def main():
    server = Server(sys.argv[1])
    (seed, _), (plan, _) = validator("seed"), validator("plan")
    check_files(seed, server)
    check_rejected(seed, plan, server)
    full, seen = read_yaml((HERE / "full.yaml").read_text()), set()
    full_plan = {"$schema": "plan.json", **full["tenants"][0].pop("plan")}
    unexpected = compare("plans", full_plan, plan, server.reads_plan, seen)
    unexpected += compare("seed files", full, seed, server.reads_file, seen)
    unexpected += [f"DIFFERENCES[{index}] does not occur" for index in range(len(DIFFERENCES)) if index not in seen]
    if unexpected:
        sys.exit("\n".join(unexpected))


main()
