#!/usr/bin/env python3
"""Eight writers through a balancer. Each creates customers and upgrades them; at the end every acknowledged write is looked up.

load.py URL STOPFILE             writes until the file exists, and prints what it found as JSON
load.py report FILE FAILED PROMOTED   prints the figures of such a file; the times are seconds since 1970
"""
import http.client
import json
import os
import sys
import threading
import time
import uuid
from urllib.parse import urlsplit

KEY = "0123456789abcdef0123456789abcdef"
WRITERS = 8
# Above the longest limit of the server, so that it answers first.
TIMEOUT = 60


class Client:
    def __init__(self, url):
        self.address = urlsplit(url).netloc
        self.connection = None

    def call(self, method, path, body=None):
        """Status and body; status 0 when the connection broke, after which it is unknown whether the request was done."""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.address, timeout=TIMEOUT)
            text = None if body is None else json.dumps(body)
            headers = {"Ocp-Apim-Subscription-Key": KEY, "Content-Type": "application/json"}
            self.connection.request(method, path, text, headers)
            response = self.connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            self.connection = None
            return 0, b""


def retail(name):
    return {
        "CustomerType": 2, "FirstName": "Load", "LastName": name, "EmailAddress": f"{name}@load.example", "Username": name,
        "Password": "Password123!", "SponsorId": 2, "LanguageCode": "en", "TermsAccepted": True,
        "BirthDate": "1973-05-12T00:00:00Z", "TaxId": name,
        "PrimaryAddress": {"Street1": "250 South 400 West", "City": "Lindon", "Region": "UT", "PostalCode": "84042",
                           "CountryCode": "US"},
        "DefaultShippingAddress": {"Street1": "250 South 400 West", "City": "Lindon", "Region": "UT", "PostalCode": "84042",
                                   "CountryCode": "US"},
    }


def write(url, stop, results):
    client = Client(url)
    while not os.path.exists(stop):
        name = uuid.uuid4().hex[:16]
        body = retail(name)
        for step in ("create", "upgrade"):
            began = time.time()
            if step == "create":
                status, text = client.call("POST", "/v1/customers", body)
            else:
                status, text = client.call("PUT", f"/v1/customers/upgrade/{customer}", {**body, "CustomerType": 1})
            results.append((step, began, time.time() - began, status, name, text[:200].decode(errors="replace")))
            if status != 201:
                time.sleep(0.05)
                break
            if step == "create":
                customer = json.loads(text)
            results[-1] = results[-1][:5] + (customer,)


def load(url, stop):
    per_writer = [[] for _ in range(WRITERS)]
    writers = [threading.Thread(target=write, args=(url, stop, results)) for results in per_writer]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    results = sorted((entry for results in per_writer for entry in results), key=lambda entry: entry[1])
    client, lost = Client(url), []
    types = {}
    for step, _, _, status, name, customer in results:
        if status == 201:
            types[customer] = (name, 1 if step == "upgrade" else 2)
    for customer, (name, kind) in types.items():
        status, text = client.call("GET", f"/v1/customers/{customer}")
        stored = json.loads(text) if status == 200 else {}
        # An upgrade whose answer was lost may be stored.
        if stored.get("LastName") != name or (kind == 1 and stored.get("CustomerType") != 1):
            lost.append(customer)
    print(json.dumps({"results": results, "acknowledged": sum(entry[3] == 201 for entry in results), "lost": lost}))
    return 1 if lost else 0


def report(file, failed, promoted):
    with open(file, encoding="utf-8") as text:
        found = json.load(text)
    results = found["results"]
    bad = [entry for entry in results if entry[3] != 201]
    statuses = {}
    for entry in bad:
        statuses[entry[3]] = statuses.get(entry[3], 0) + 1
    ends = [entry[1] + entry[2] for entry in results if entry[3] == 201]
    after_promotion = min((end for end in ends if end > promoted), default=None)
    after_failure = [end for end in ends if end > failed]
    gap = max((later - earlier for earlier, later in zip(after_failure, after_failure[1:])), default=0)
    print(f"acknowledged writes          {found['acknowledged']}, lost {len(found['lost'])}")
    print(f"failed requests              {len(bad)} {statuses if bad else ''}")
    print(f"longest request              {max(entry[2] for entry in results):.2f} s")
    print(f"promotion after the failure  {promoted - failed:.2f} s")
    if after_promotion is not None:
        print(f"first success thereafter     {after_promotion - promoted:.2f} s (longest time without a success {gap:.2f} s)")


if __name__ == "__main__":
    if sys.argv[1] == "report":
        report(sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
    else:
        sys.exit(load(sys.argv[1], sys.argv[2]))
