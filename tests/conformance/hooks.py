"""Steers calls that fit the document towards what exists and what is free, so that most of them get past the first rule.

Calls that were broken on purpose are left as they are.
"""

import itertools

import schemathesis
from schemathesis.generation import GenerationMode

_serial = itertools.count(1)
_ADDRESS = {"Street1": "250 South 400 West", "City": "Lindon", "Region": "UT", "PostalCode": "84042", "CountryCode": "US"}


def _customer(body):
    """A whole customer whose values break no rule but, one time in ten, that of uniqueness."""
    serial = next(_serial)
    unique = {"EmailAddress": f"{serial}@generated.example", "Username": f"user-{serial}", "TaxId": f"tax-{serial}"}
    if serial % 10:
        body.update(unique)
    body.update(
        CustomerType=1 + serial % 3,
        SponsorId=1,
        FirstName="Gene",
        LastName="Rated",
        Password="PasswordHere1",
        BirthDate="1980-02-29T00:00:00Z",
        TermsAccepted=True,
        PrimaryAddress=_ADDRESS,
        DefaultShippingAddress=_ADDRESS,
    )
    known = {"CustomerStatus": 1 + serial % 5, "SignUpDate": "2020-02-20T15:47:52", "LanguageCode": "en"}
    body.update({name: value for name, value in known.items() if name in body})
    for name in ("BackOfficeId", "WebAlias"):
        if body.get(name):
            body[name] = f"{name}-{serial}"


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    for container, name in ((case.path_parameters, "customerId"), (case.query, "associateId"), (case.query, "toUplineId")):
        number = (container or {}).get(name)
        if isinstance(number, int):
            # One in five is nobody's.
            container[name] = 1 if name == "toUplineId" else number % 5 or number
    if isinstance(case.body, dict) and case.operation.definition.raw.get("operationId") in (
        "CreateCustomer",
        "UpdateCustomer",
        "UpgradeCustomer",
    ):
        _customer(case.body)
        if "Upgrade" in case.operation.definition.raw["operationId"]:
            case.body["CustomerType"] = 1
