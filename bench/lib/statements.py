"""The statements that the server sends, with their parameters, from Postgres' log or from the query cache."""

import glob
import http.client
import json
import os
import re
import sys

from .operations import FIRST, HTTP
from .servers import KEY, ROOT, free_address, start

SAMPLE = "12345"  # the customer whose statements are read from the log


class Statement:
    """A statement for pgbench: a parameter has the variable `p` and its number, or `id` where its value contains that of the
    customer. `values` are those of the other variables; a variable without a value is NULL."""

    def __init__(self, text, types, arguments):
        self.values = {}
        self.text = re.sub(r"\$(\d+)", lambda match: self.parameter(match.group(1), types, arguments), text)

    def parameter(self, number, types, arguments):
        name, literal = types[int(number) - 1], arguments[int(number) - 1]
        if literal == f"'{SAMPLE}'":
            return f":id::{name}"
        around = re.split(rf"(?<![0-9a-f-]){SAMPLE}(?![0-9a-f])", literal)
        if len(around) > 1:
            return "(" + "' || :id::text || '".join(around) + f")::{name}"
        if literal != "NULL":
            self.values[f"p{number}"] = literal[1:-1].replace("''", "'")
        # The type in a cast of a parameter is the parameter's: nothing is converted.
        return f":p{number}::{name}"


def statements(cluster, program, base):
    """What the server, with its journal, sends for each operation: every statement with the customer's id in its parameters, from
    Postgres' log of one request whose key is cached and whose statements are prepared."""
    cluster.psql("postgres", "drop database if exists run with (force)", f"create database run template {base}",
                 "alter database run set log_statement = 'all'")
    address = free_address()
    server = start(program, cluster, "run", address)
    try:
        return {operation: logged(cluster, address, operation) for operation in HTTP}
    finally:
        server.stop()


def logged(cluster, address, operation):
    connection = http.client.HTTPConnection(address, timeout=30)
    send(connection, operation, str(FIRST))
    with open(f"{cluster.dir}/log", errors="replace") as log:
        log.seek(0, os.SEEK_END)
        send(connection, operation, SAMPLE)
        text = log.read()
    connection.close()
    # Further lines of a statement begin with a tab.
    sent = re.findall(r"LOG:  execute \w+: (.*(?:\n\t.*)*)\n.*DETAIL:  parameters: (.*)", text)
    found = [with_variables(cluster, statement, parameters) for statement, parameters in sent
             if re.search(rf"\b{SAMPLE}\b", parameters)]
    if not found:
        sys.exit(f"Postgres' log has no statement of {operation} with the id {SAMPLE}: {text}")
    return found


def send(connection, operation, identity):
    method, path, body = HTTP[operation]
    connection.request(method, path.replace("@ID@", identity), (body or "").replace("@ID@", identity) or None,
                       {"Ocp-Apim-Subscription-Key": KEY, "Content-Type": "application/json"})
    response = connection.getresponse()
    text = response.read()
    assert response.status in (200, 201), (operation, response.status, text)


def with_variables(cluster, statement, parameters):
    text = one_line(statement)
    arguments = dict(re.findall(r"\$(\d+) = (NULL|'(?:[^']|'')*')", parameters))
    # Without the parameters that the text does not use, for which Postgres knows no type.
    used = list(dict.fromkeys(re.findall(r"\$(\d+)", text)))
    text = re.sub(r"\$(\d+)", lambda match: f"${used.index(match.group(1)) + 1}", text)
    types = cluster.psql("run", f"prepare s as {text}",
                         "select string_agg(t::text, ';' order by n) from pg_prepared_statements, "
                         "unnest(parameter_types) with ordinality as p (t, n)")
    return Statement(text, types.split(";"), [arguments[number] for number in used])


def one_line(statement):
    return " ".join(re.sub(r"--[^\n]*", "", statement).split())


def cached(*marks):
    """The one statement in the query cache that matches all these patterns."""
    found = set()
    for file in sorted(glob.glob(f"{ROOT}/.sqlx/*.json")):
        with open(file) as text:
            plain = one_line(json.load(text)["query"])
        if all(re.search(mark, plain) for mark in marks):
            found.add(plain)
    if len(found) != 1:
        sys.exit(f"{len(found)} statements of the server match {marks}, not one; the patterns must match the statement as it is now")
    return re.sub(r'as "(\w+)[!?:][^"]*"', r"as \1", found.pop())
