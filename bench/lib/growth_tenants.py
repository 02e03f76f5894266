"""Requests to more and more tenants, in random order. Each was created through the control API and has twenty customers."""

import concurrent.futures

from . import servers
from .client import Client
from .growth import DISTRIBUTOR, FIRST, RETAIL, Growth, Setup, body
from .operations import PATCH, insert

CUSTOMERS = 20  # of each tenant
CREDENTIALS = 400  # the credentials for the requests that are the first with theirs


class Tenants(Setup):
    """Tenants of one database."""

    def __init__(self, cluster, program, size):
        super().__init__(cluster, program, f"tenants_{size}", size)
        self.created = []
        self.create(0)
        # A connection plans a statement when it first prepares it: here, while the tables are nearly empty.
        for _ in range(2 * servers.POOL):
            for _, request in CONTROL:
                request(self, 0)
            send(self, 0, "GET", "/v1/customers/?email=absent")
        with concurrent.futures.ThreadPoolExecutor(4) as workers:
            list(workers.map(self.create, range(1, size)))
        self.load()
        self.credentials = self.add_credentials()
        # A server keeps a credential until its tenant changes: only the first request with it looks it up.
        for number in range(size):
            send(self, number, "GET", f"/v1/customers/{self.customer()}")

    def create(self, number):
        client = Client(self.client.address)
        client.send("POST", "/_emulator/tenants", {"name": tenant(number), "key": key(number)})
        client.close()

    def load(self):
        ids = f"generate_series({FIRST}, {FIRST + CUSTOMERS - 1})"
        customer_type = f"case when n = {FIRST} then {DISTRIBUTOR} else {RETAIL} end"
        self.cluster.psql(
            self.name,
            insert(customer_type, "null::integer", "null::integer", ids, "name is not null"),
            f"""insert into sponsor_tree (tenant_id, customer_id, placed_at)
                select tenant_id, customer_id, modified_at from customers where customer_id = {FIRST}""",
            f"update tenant_counters set last_customer_id = {FIRST + CUSTOMERS - 1}",
            # The program calls this after it wrote many rows.
            "select analyze_tenant_data()")

    def add_credentials(self):
        """As many keys in every setup, of as many tenants as there are, in random order. No request used them."""
        tenants = self.random.sample(range(self.size), min(self.size, CREDENTIALS))
        found = []
        for number in range(CREDENTIALS):
            found.append(f"f{number:031x}")
            path = f"/_emulator/tenants/{tenant(tenants[number % len(tenants)])}/keys"
            self.client.send("POST", path, {"name": f"k{number}", "key": found[-1]})
        self.random.shuffle(found)
        return found

    def any(self):
        return self.random.randrange(self.size)

    def customer(self):
        """A retail customer's id."""
        return FIRST + 1 + self.random.randrange(CUSTOMERS - 1)


def tenant(number):
    return f"tenant{number}"


def key(number):
    return f"{number:032x}"


def send(setup, number, method, path, *content):
    return setup.client.send(method, path, *content, key=key(number))


def control(path):
    return lambda setup, number: setup.client.send("GET", path.replace("@TENANT@", tenant(number)))


REQUESTS = [
    ("GET by id", lambda setup, number: send(setup, number, "GET", f"/v1/customers/{setup.customer()}")),
    ("by email", lambda setup, number: send(setup, number, "GET", f"/v1/customers/?email=user{setup.customer()}%40bench.example")),
    ("search, one found", lambda setup, number: send(setup, number, "GET", f"/v1/customers/search/user{setup.customer()}%40")),
    ("PATCH", lambda setup, number: send(setup, number, "PATCH", f"/v1/customers/{setup.customer()}", PATCH)),
    ("PUT", lambda setup, number: put(setup, number, setup.customer())),
]
CONTROL = [
    ("control API: a tenant", control("/_emulator/tenants/@TENANT@")),
    ("control API: a tenant's plan", control("/_emulator/tenants/@TENANT@/plan")),
    ("control API: a tenant's keys", control("/_emulator/tenants/@TENANT@/keys")),
    ("control API: tenants (the response grows)", control("/_emulator/tenants")),
    ("control API: status", control("/_emulator/status")),
    ("inspector: tenants", control("/_emulator")),
    ("inspector: requests of a tenant", control("/_emulator/t/@TENANT@/")),
    ("inspector: customers of a tenant", control("/_emulator/t/@TENANT@/customers")),
    ("metrics", control("/metrics")),
    ("readyz", control("/readyz")),
]


def put(setup, number, id):
    send(setup, number, "PUT", f"/v1/customers/{id}", body(f"user{id}", RETAIL, FIRST))


def create(setup):
    number, name = setup.any(), f"new{setup.number()}"
    id = int(send(setup, number, "POST", "/v1/customers", body(name, RETAIL, FIRST)))
    setup.created.append((number, id, name))


def upgrade(setup):
    if not setup.created:
        create(setup)
    number, id, name = setup.created.pop()
    send(setup, number, "PUT", f"/v1/customers/upgrade/{id}", body(name, DISTRIBUTOR, FIRST))


def first(setup):
    """A GET with a credential that was not used yet."""
    setup.client.send("GET", f"/v1/customers/{setup.customer()}", key=setup.credentials.pop())


def measure(cluster, program, sizes, rounds, seconds, idle):
    setups = [Tenants(cluster, program, size) for size in sizes]
    growth = Growth(setups, rounds, seconds)
    for name, request in REQUESTS:
        growth.request(name, lambda setup: request(setup, setup.any()))
    growth.request("GET, the first with its credential", first, CREDENTIALS // (rounds + 1))
    growth.request("create", create)
    growth.request("upgrade", upgrade, min(len(setup.created) for setup in setups) // (rounds + 1))
    for name, request in CONTROL:
        growth.request(name, lambda setup: request(setup, setup.any()))
    growth.idle("an idle second", idle)
    for setup in setups:
        setup.cluster.psql(setup.name, """update tenants
            set events = '{"subscriptions": [{"url": "http://127.0.0.1:9/"}]}' where name is not null""")
    growth.idle("an idle second, each tenant with a subscriber", idle)
    for setup in setups:
        setup.stop()
