"""Compares the JSON Schemas of seed files and plans with what a running server reads: check.py ADDRESS

Every seed file of the repository and every export is valid; every document of rejected.yaml is rejected by both; and where one thing
of full.yaml is changed, schema and reader accept the same documents, except for the rules in DIFFERENCES.
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

# Where schema and reader differ, and why: who accepts the document alone, the place of the change, and why the other one rejects it.
# The schema cannot know rules that compare several members or entries, and those of the plan.
DIFFERENCES = [
    ("schema", r".*", r".*floating point.*", "for JSON Schema 1.0 is an integer"),
    ("schema", r"/tenants/0/faults/\d+/rule/delay_ms.*", r".*did not match any variant of untagged enum Delay.*", "the same"),
    ("reader", r".*", r".*: \[+\]+ is not (of type 'object'|valid under any of .*)", "serde reads an object from a list of its members too"),
    ("schema", r"/tenants/0/customers.*", r"tenant 'full': .*", "the plan's rules, uniqueness, sponsors, what a record needs"),
    ("schema", r"/tenants/0/keys.*", r"tenant 'full': .*", "the form of a secret depends on its kind; a key or its digest; uniqueness"),
    ("schema", r"/tenants/0/extension.*", r"tenant 'full': an extension has either .*", "a token or its digest"),
    ("schema", r"/tenants/0/population.*", r"tenant 'full': population: .*", "other customers need a distributor"),
    ("schema", r"/tenants/0/faults.*", r".*a rule needs delay_ms, response, or both.*", "null is no delay and no response"),
    ("schema", r"/tenants/0/faults.*", r".*delay_ms.uniform must be \[from, to\].*", "the order of two numbers"),
    ("schema", r"(/tenants/0/plan)?/password_rule.*", r".*plan: password_rule\..*", "the minimum depends on the maximum"),
]


class CoreLoader(yaml.SafeLoader):
    """YAML 1.2 as editors read it: no dates, no `yes` and `no`."""


CoreLoader.yaml_implicit_resolvers = {}
for tag, pattern, first in [
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("merge", r"^<<$", ["<"]),
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
    return jsonschema.Draft202012Validator(schema, format_checker=checker)


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


def compare(what, document, schema, reads, seen, under=()):
    """Compares reader and schema for each change under a place. Returns the differences that are not stated."""
    assert not errors(schema, document), errors(schema, document)
    assert reads(document) == (True, ""), reads(document)
    count = accepted = differing = 0
    unexpected = []
    for path, change, other in changed(document):
        if path[: len(under)] != under:
            continue
        (is_read, reason), problems = reads(other), errors(schema, other)
        count, accepted = count + 1, accepted + is_read
        if is_read == (not problems):
            continue
        differing += 1
        who, why = ("reader", problems[0]) if is_read else ("schema", reason)
        place = "".join(f"/{name}" for name in path)
        stated = [
            index
            for index, (alone, places_of, reasons, _) in enumerate(DIFFERENCES)
            if alone == who and re.fullmatch(places_of, place) and re.fullmatch(reasons, why, re.S)
        ]
        seen.update(stated)
        if not stated:
            unexpected.append(f"{place} {change}: only the {who} accepts it: {why}")
    print(f"{what}: {count} changes, {accepted} accepted by the reader; {differing} differ", flush=True)
    return unexpected


def main():
    server = Server(sys.argv[1])
    seed, plan = validator("seed"), validator("plan")
    check_files(seed, server)
    check_rejected(seed, plan, server)
    full, seen = read_yaml((HERE / "full.yaml").read_text()), set()
    tenant = full["tenants"][0]
    assert set(schema_of(seed, "SeedTenant")) == set(tenant), "full.yaml has every member"
    assert set(plan.schema["properties"]) - {"$schema"} == set(tenant["plan"]), "full.yaml has every entry of a plan"
    unexpected = compare("plans", {"$schema": "plan.json", **tenant["plan"]}, plan, server.reads_plan, seen)
    # Small documents are loaded quickly, so each has one member.
    unexpected += compare("the file", {**full, "tenants": [{"name": "full"}]}, seed, server.reads_file, seen)
    for member, value in tenant.items():
        document = {"version": 1, "tenants": [{"name": "full", member: value}]}
        place = ("tenants", 0, member)
        if member not in ("name", "plan"):
            unexpected += compare(f"{member} of a tenant", document, seed, server.reads_file, seen, place)
    unexpected += [f"DIFFERENCES[{index}] does not occur" for index in range(len(DIFFERENCES)) if index not in seen]
    if unexpected:
        sys.exit("\n".join(unexpected))


def schema_of(schema, name):
    return schema.schema["$defs"][name]["properties"]


main()
