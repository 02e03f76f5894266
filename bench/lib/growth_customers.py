"""Requests to a tenant with more and more customers: even ids are distributors, of whom each has ten below it, and the odd id after
each is its retail customer."""

from . import servers
from .growth import DISTRIBUTOR, FIRST, RETAIL, Growth, Setup, body, get
from .operations import PATCH, insert

MAX_PENDING = 100_000  # more pending webhooks than this are not kept (src/webhooks/queue.rs)


class Customers(Setup):
    """A tenant with many customers."""

    def __init__(self, cluster, program, size):
        super().__init__(cluster, program, f"customers_{size}", size, "--seed", "demo")
        # A connection plans a statement when it first prepares it: here, while the tables are nearly empty.
        for _ in range(2 * servers.POOL):
            for _, request in READS + OF_LEAF + OF_INNER + OF_ROOT + CONTROL + WRITES:
                request(self, 2)
            request_new(self, DISTRIBUTOR)
            create_and_upgrade(self)
        self.load()
        self.free = list(range(FIRST + 1, FIRST + size, 2))
        self.random.shuffle(self.free)

    def load(self):
        upline = f"case when n < {FIRST + 20} then 2 else ((n - {FIRST}) / 2 - 10) / 10 * 2 + {FIRST} end"
        sponsor = f"case when n % 2 = 1 then n - 1 else {upline} end"
        self.cluster.psql(
            self.name,
            insert(f"{DISTRIBUTOR} + n % 2", sponsor, sponsor, f"generate_series({FIRST}, {FIRST + self.size - 1})"),
            f"""insert into sponsor_tree (tenant_id, customer_id, upline_id, placed_at)
                select tenant_id, customer_id, sponsor_id, modified_at from customers
                 where customer_id >= {FIRST} and customer_type = {DISTRIBUTOR}""",
            f"update tenant_counters set last_customer_id = {FIRST + self.size - 1}",
            # The program calls this after it wrote many rows.
            "select analyze_tenant_data()",
            # Otherwise the requests would mark the new rows. It collects no statistics.
            "vacuum (freeze) customers", "vacuum (freeze) sponsor_tree")

    def any(self):
        return FIRST + self.random.randrange(self.size)

    def leaf(self):
        """A distributor without anybody below it."""
        return FIRST + 2 * self.random.randrange(self.size // 4, self.size // 2)

    def inner(self):
        """A distributor with ten nodes below it."""
        return FIRST + 2 * self.random.randrange(max(1, self.size // 20 - 10))


READS = [
    ("GET by id", get("/v1/customers/@ID@")),
    ("by backOfficeId", get("/v1/customers/?backOfficeId=B@ID@")),
    ("by externalReferenceId", get("/v1/customers/?externalReferenceId=EXT@ID@")),
    ("by email", get("/v1/customers/?email=user@ID@%40bench.example")),
    ("by username", get("/v1/customers/?username=user@ID@")),
    ("by webAlias", get("/v1/customers/?webAlias=user@ID@")),
    ("websiteInfo2", get("/v1/customers/websiteInfo2?webAlias=user@ID@")),
    ("validate email-address", get("/v1/validate/email-address/user@ID@%40bench.example")),
    ("validate username", get("/v1/validate/username/user@ID@")),
    ("validate availability-check", get("/v1/validate/availability-check/usernames/user@ID@")),
    ("validate tax-id", get("/v1/validate/tax-id/T@ID@")),
    ("validate web-alias", get("/v1/validate/web-alias/user@ID@")),
    ("validate back-office-id", get("/v1/validate/back-office-id/B@ID@")),
    ("login, wrong password", lambda setup, id: setup.client.send(
        "POST", "/v1/validate/login", {"username": f"user{id}", "password": "wrong-password"}, status=400)),
    ("customFields", get("/v1/customers/@ID@/customFields")),
    ("search, one found", get("/v1/customers/search/user@ID@%40")),
    ("search, none found", get("/v1/customers/search/not-to-be-found")),
    ("search, many found", get("/v1/customers/search/Bench")),
    ("customer-ids, all (the response grows)", get("/v1/customers/customer-ids")),
    ("customer-ids, none modified since", get("/v1/customers/customer-ids?modifiedSince=2100-01-01T00:00:00Z")),
]
OF_LEAF = [
    ("stats of a distributor without downline", get("/v1/customers/@ID@/stats")),
    ("GetDownlineIds of such a distributor", get("/v1/customers/GetDownlineIds?associateId=@ID@")),
    ("UnplacedAssociates of such a distributor", get("/v1/customers/@ID@/downline/UnplacedAssociates")),
]
OF_INNER = [
    ("children in the sponsor tree", get("/v1/customers/@ID@/downline?levels=1")),
    ("children in the enrollment tree", get("/v1/customers/@ID@/downline?tree=Enrollment&levels=1")),
]
OF_ROOT = [("stats of the root", get("/v1/customers/2/stats"))]
CONTROL = [
    ("control API: a tenant", get("/_emulator/tenants/demo")),
    ("control API: tenants", get("/_emulator/tenants")),
    ("inspector: customers", get("/_emulator/t/demo/customers")),
    ("inspector: customers after an id", get("/_emulator/t/demo/customers?after=@ID@")),
    ("inspector: customers, one found", get("/_emulator/t/demo/customers?q=user@ID@%40")),
    ("inspector: a customer", get("/_emulator/t/demo/customers/@ID@")),
    ("inspector: the root customer", get("/_emulator/t/demo/customers/2")),
]
WRITES = [
    ("PATCH", lambda setup, id: setup.client.send("PATCH", f"/v1/customers/{id}", PATCH)),
    ("reward points", lambda setup, id: setup.client.send("POST", f"/v1/customers/{id}/reward-points", {"pointsToAdd": 1})),
]


def request_new(setup, customer_type):
    """Creates a customer. Returns its id and its unique name."""
    name = f"new{setup.number()}"
    return int(setup.client.send("POST", "/v1/customers", body(name, customer_type, 2))), name


def create_and_upgrade(setup):
    id, name = request_new(setup, RETAIL)
    setup.client.send("PUT", f"/v1/customers/{id}", body(name, RETAIL, 2))
    setup.client.send("PUT", f"/v1/customers/upgrade/{id}", body(name, DISTRIBUTOR, 2))


def upgrade(setup):
    id = setup.free.pop()
    setup.client.send("PUT", f"/v1/customers/upgrade/{id}", body(f"user{id}", DISTRIBUTOR, 2))


def measure(cluster, program, sizes, rounds, seconds, idle):
    setups = [Customers(cluster, program, size) for size in sizes]
    growth = Growth(setups, rounds, seconds)
    # A customer is upgraded once, and the smallest tenant must not grow much.
    few = min(sizes[0] // 2 // (rounds + 2), 200)
    for requests, id_of in ((READS, Customers.any), (OF_LEAF, Customers.leaf), (OF_INNER, Customers.inner),
                            (OF_ROOT, Customers.any), (CONTROL, Customers.any), (WRITES, Customers.any)):
        for name, request in requests:
            growth.request(name, lambda setup: request(setup, id_of(setup)))
    growth.request("SSO by externalId", lambda setup: get("/v1/sso/?externalId=EXT@ID@")(setup, setup.any()))
    growth.request("PUT", lambda setup: put(setup, setup.random.choice(setup.free)))
    growth.request("upgrade", upgrade, few)
    growth.request("create", lambda setup: request_new(setup, RETAIL), few)
    growth.idle("an idle second", idle)
    for setup in setups:
        subscribe(setup)
    pending = "/".join(f"{min(setup.size, MAX_PENDING):,}" for setup in setups)
    growth.idle(f"an idle second, {pending} webhooks pending", idle)
    growth.request("inspector: webhooks, as many pending", lambda setup: setup.client.send("GET", "/_emulator/t/demo/webhooks"))
    for setup in setups:
        setup.stop()


def put(setup, id):
    setup.client.send("PUT", f"/v1/customers/{id}", body(f"user{id}", RETAIL, 2))


def subscribe(setup):
    """Adds a subscriber, and webhooks that are due tomorrow."""
    url = "http://127.0.0.1:9/"
    setup.client.send("PUT", "/_emulator/tenants/demo/integration", {"events": {"subscriptions": [{"url": url}]}})
    setup.cluster.psql(setup.name, f"""
        insert into event_deliveries (tenant_id, id, url, customer_id, sequence, event_type, body, caller, created_at, state, due_at)
        select tenant_id, gen_random_uuid(), '{url}', {FIRST} + n, 1, 'UpdateAssociateEvent', '{{}}', 'demo', now(), 'pending',
               now() + interval '1 day'
          from tenants, generate_series(1, {min(setup.size, MAX_PENDING)}) n where name = 'demo'""",
        # The program calls this after it wrote many rows.
        "select analyze_tenant_data()")
