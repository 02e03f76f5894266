"""The steps of `walk` on customers, trees, faults, plan, webhooks, clock, tables and the API page. Each takes the walk."""

import time

from person import check

TABS = ("navigation", "Pages of the tenant")
TREES = ("navigation", "Customers and trees")


def customer_forms(walk):
    """a customer is created, changed and deleted in forms; a rejection stands at its field"""
    person = walk.person
    username = f"ada-{person.manner}"
    walk.tab("Customers")
    person.sees(" of ")
    person.follow("link", "Create a customer", TREES)
    person.heading("Create a customer")
    person.choose("CustomerType required for type 1, 2, 3", "Retail Customer (2)")
    for label, text in (("FirstName required for type 1, 2, 3", "Ada"), ("LastName required for type 1, 2, 3", "Lovelace"),
                        ("SponsorId required for type 1, 2, 3", "2"), ("Username required for type 1, 2, 3", username),
                        ("Password required for type 1, 2", "Password123!")):
        person.fill("textbox", label, text)
    for label, text in (("Street1 required for type 1, 2, 3", "1 Main Street"), ("Region required for type 1, 2, 3", "UT"),
                        ("CountryCode required for type 1, 2, 3", "US")):
        person.fill("textbox", label, text, ("group", "PrimaryAddress"))
    person.follow("button", "Create a customer")
    person.sees("EmailAddress is required for CustomerType 2. (required)")
    described = person.on(person.find("textbox", "EmailAddress required for type 1, 2, 3"), "function () { return this.getAttribute('aria-describedby'); }")
    check(described == "r-EmailAddress", f"the field is described by {described}")
    person.fill("textbox", "EmailAddress required for type 1, 2, 3", f"{username}@demo.example")
    # A secret is never shown again.
    person.fill("textbox", "Password required for type 1, 2", "Password123!")
    person.follow("button", "Create a customer")
    person.heading("Ada Lovelace")
    person.sees("The customer was created.")
    person.follow("link", "Edit")
    person.fill("textbox", "FirstName", "Augusta")
    person.follow("button", "Change a customer")
    person.heading("Augusta Lovelace")
    person.sees("The customer was changed.")
    person.activate("DisclosureTriangle", "JSON as GET returns it")
    person.sees('"FirstName": "Augusta"')
    person.activate("DisclosureTriangle", "Delete…")
    delete = next(node["name"] for node in person.all() if node["role"] == "button" and node["name"].startswith("Delete customer"))
    person.follow("button", delete)
    person.sees("its status is now Deleted")
    walk.tab("Requests")
    for row, request in zip(person.rows(), ("DELETE /v1/customers/", "PATCH /v1/customers/", "POST /v1/customers", "POST /v1/customers")):
        check(request in " ".join(row["cells"]), f"{request} is not in {row}")


def explorer(walk):
    """the tree opens in place, finds a customer, and moves one after a dry run"""
    person = walk.person
    walk.tab("Customers")
    person.follow("link", "Tree explorer", TREES)
    person.heading("Tree explorer")
    person.sees("1 Demo Company")
    person.sees(" direct · ")
    before = person.browser.loaded_at()
    person.activate("link", "Below 1")
    person.sees("2 Dana Distributor")
    check(person.browser.loaded_at() == before, "the page was loaded again")
    expanded = person.on(person.find("link", "Below 1"), "function () { return this.getAttribute('aria-expanded'); }")
    check(expanded == "true", f"aria-expanded is {expanded}")
    person.fill("searchbox", "Find a customer in the tree", "dana")
    person.follow("button", "Search")
    person.follow("link", "2 Dana Distributor", ("region", "Found"))
    person.sees("Below Dana Distributor")
    person.fill("textbox", "Customer id", "2")
    person.fill("textbox", "Place it below id", "2")
    person.follow("button", "Try it")
    person.sees("Customer 2 cannot be moved below 2.")
    person.fill("textbox", "Place it below id", "1")
    person.follow("button", "Try it")
    person.sees("Dry run: nothing was moved.")
    person.follow("button", "Move customer 2 below 1")
    person.sees("is now below 1.")


def drag(walk):
    """a customer that is dragged onto another one is a dry run"""
    person = walk.person
    person.visit("/_emulator/t/demo/tree?at=1")
    before = person.browser.loaded_at()
    dropped = person.browser.value("""(() => {
      const explorer = document.getElementById('explorer');
      const transfer = new DataTransfer();
      const node = (id) => explorer.querySelector(`a.node[data-customer="${id}"]`);
      if (!node(1) || !node(2) || !node(2).draggable) { return 'the nodes cannot be dragged'; }
      const event = (type) => new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: transfer });
      node(2).dispatchEvent(event('dragstart'));
      if (node(1).dispatchEvent(event('dragover'))) { return 'the target does not accept it'; }
      setTimeout(() => node(1).dispatchEvent(event('drop')), 50);
      return 'dropped';
    })()""")
    check(dropped == "dropped", dropped)
    person.arrived(before)
    person.sees("Dry run: nothing was moved.")
    person.sees("Move customer 2 below 1")


def presets(walk):
    """a preset adds a fault; the form shows only what its rule uses, and says what will happen"""
    person = walk.person
    walk.tab("Faults")
    person.follow("button", "500 once")
    person.sees("every operation responds 500 before the handler, the first time")
    person.follow("button", "Delete all")
    form = ("region", "Add a fault for requests")
    check(not person._query(person.find(*form), role="textbox", accessibleName="N"), "N is shown where it is not used")
    person.choose("When", "the first N times", form)
    person.fill("textbox", "N", "3", form)
    person.choose("The caller gets", "a reset connection", form)
    check(not person._query(person.find(*form), role="textbox", accessibleName="Status"), "the status is shown where it is not used")
    person.choose("Operation", "UpgradeCustomer", form)
    person.sees("What will happen: UpgradeCustomer resets the connection before the handler, the first 3 times.", form)


def plan(walk):
    """an entry of the plan is changed in its form, is marked, and is set back"""
    person = walk.person
    walk.tab("Plan")
    person.sees("The minimum age of a customer of type 1, in years.")
    person.fill("textbox", "minimum_age", "21")
    person.follow("button", "Save the plan")
    person.sees("The plan is replaced.")
    person.sees("1 of 33 entries differ")
    person.fill("textbox", "minimum_age changed", "18")
    person.follow("button", "Save the plan")
    person.sees("0 of 33 entries differ")


def subscribers(walk):
    """a subscriber is added, gets a test event with a timeline, and is removed"""
    person = walk.person
    walk.tab("Webhooks")
    person.fill("textbox", "Address", "http://127.0.0.1:9/events")
    person.follow("button", "Add")
    person.sees("Saved.")
    person.follow("button", "Send a test event")
    person.sees("The test event is in the list of deliveries below.")
    end = time.monotonic() + 20
    while "Attempt 1" not in person.browser.value("document.body.textContent"):
        check(time.monotonic() < end, "there is no attempt")
        time.sleep(0.3)
        person.visit("/_emulator/t/demo/webhooks")
    walk.tab("Clock")
    person.sees("What is due next")
    person.sees_row("", "", "Attempt 2 to deliver CreateAssociateEvent of customer 1", above="What is due next")
    first = person.fact("The tenant's time")
    end = time.monotonic() + 5
    while person.fact("The tenant's time") == first:
        check(time.monotonic() < end, "the clock does not run")
        time.sleep(0.2)
    walk.tab("Webhooks")
    person.activate("DisclosureTriangle", "http://127.0.0.1:9/events CreateAssociateEvent, UpdateAssociateEvent, Enrollment")
    person.follow("button", "Remove")
    person.sees("None.")


def tables(walk):
    """a table is filtered by a column, without secrets"""
    person = walk.person
    walk.tab("Data")
    person.follow("link", "Look at the tables")
    person.heading("Tables")
    person.follow("link", "customers")
    person.heading("customers")
    person.sees_row("1", "1")
    person.choose("Column", "first_name")
    person.choose("Comparison", "begins with")
    person.fill("textbox", "Value", "dan")
    person.follow("button", "Filter")
    check(len(person.rows()) == 1, f"the rows are {person.rows()}")
    check("•••" in person.rows()[0]["cells"], "a secret is shown")


def operations(walk):
    """the API page has the demo key, and a sample succeeds as given"""
    person = walk.person
    person.browser.resize(1280)
    person.browser.go(walk.server.base + "/_emulator/docs/index.html")
    end = time.monotonic() + 30
    while not person.browser.value("document.querySelectorAll('.opblock-tag-section').length"):
        check(time.monotonic() < end, "the operations do not appear")
        time.sleep(0.1)
    tags = person.browser.value("[...document.querySelectorAll('.opblock-tag-section h3')].map((tag) => tag.dataset.tag)")
    check(tags[0] == "customers", f"the first groups are {tags[:3]}")
    check(person.browser.value("document.querySelectorAll('.opblock').length") == 0, "the operations are not collapsed")
    check(person.browser.value("document.querySelector('.operation-filter-input') !== null"), "there is no filter")
    person.browser.value("document.querySelector('h3[data-tag=\"customers\"]').click()")
    person.browser.value("document.querySelector('#operations-customers-GetCustomer button').click()")
    end = time.monotonic() + 10
    while not person.browser.value("document.querySelector('#operations-customers-GetCustomer .execute') !== null"):
        check(time.monotonic() < end, "the operation does not open")
        time.sleep(0.1)
    status = "(document.querySelector('#operations-customers-GetCustomer .live-responses-table tbody .response-col_status') || {}).innerText"
    end = time.monotonic() + 20
    while not (person.browser.value(status) or "").startswith("200"):
        check(time.monotonic() < end, f"the response is {person.browser.value(status)}")
        # The page ignores the button until it has filled in the sample.
        person.browser.value("document.querySelector('#operations-customers-GetCustomer .execute').click()")
        time.sleep(1)
    person.check_console()
    person.visit("/_emulator/t/demo")


STEPS = (customer_forms, explorer, drag, presets, plan, subscribers, tables, operations)
