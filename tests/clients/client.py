"""Uses the emulator through the client that openapi-python-client generates from its document: client.py ADDRESS KEY."""

import sys

from emulated import AuthenticatedClient
from emulated.api.customers import create_customer, get_customer, update_customer_by_parameter, upgrade_customer
from emulated.models import CustomerPatch, CustomerRequest, Problem


def check(is_so, what):
    if not is_so:
        raise SystemExit(what)


address, key = sys.argv[1:]
client = AuthenticatedClient(address, key, prefix="", auth_header_name="Ocp-Apim-Subscription-Key")
lindon = {"Street1": "250 South 400 West", "City": "Lindon", "Region": "UT", "PostalCode": "84042", "CountryCode": "US"}
retail = {
    "CustomerType": 2, "SponsorId": 2, "FirstName": "Peter", "LastName": "Python", "Username": "peter",
    "Password": "PasswordHere1", "EmailAddress": "peter@customers.example", "PrimaryAddress": lindon,
}
created = create_customer.sync_detailed(client=client, body=CustomerRequest.from_dict(retail))
check(created.status_code == 201 and isinstance(created.parsed, int), f"create: {created}")
customer = created.parsed

upgrade = retail | {"CustomerType": 1}
rejected = upgrade_customer.sync_detailed(customer, client=client, body=CustomerRequest.from_dict(upgrade))
check(rejected.status_code == 500 and isinstance(rejected.parsed, Problem), f"the rejected upgrade: {rejected}")
check("BirthDate" in [error.field for error in rejected.parsed.errors], f"the rejected upgrade names {rejected.parsed.errors}")

upgrade |= {"BirthDate": "1973-05-12T00:00:00Z", "TaxId": "TAX-PY-1", "TermsAccepted": True, "DefaultShippingAddress": lindon}
upgraded = upgrade_customer.sync_detailed(customer, client=client, body=CustomerRequest.from_dict(upgrade))
check(upgraded.status_code == 201, f"upgrade: {upgraded}")

patched = update_customer_by_parameter.sync_detailed(customer, client=client, body=CustomerPatch(first_name="Petra"))
check(patched.status_code == 200, f"patch: {patched}")

read = get_customer.sync(customer, client=client)
check(read.customer_type == 1 and read.first_name == "Petra", f"read: {read}")
print(f"openapi-python-client: customer {customer} created, upgraded, patched and read")
