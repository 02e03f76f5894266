"""Fills requests with existing ids and free values, so that most of them pass the first validation.

Requests that were broken on purpose stay broken. Only an e-mail address that is in use is replaced, because it would hide the
other violation.
"""

import itertools
import json
import re
import uuid
from xml.etree import ElementTree

import jsonschema_rs
import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode
from schemathesis.transport.serialization import serialize_xml

_serial = itertools.count(1)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", re.ASCII)
_ADDRESS = {"Street1": "250 South 400 West", "City": "Lindon", "Region": "UT", "PostalCode": "84042", "CountryCode": "US"}
# The customer uuids of the tenant `first`, which receives the requests.
_KEY = "00000000-0000-8000-8000-{:012x}"
_NEVER_UPDATED = "first@root.example"


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


def _replace(body, values):
    """Other values for the members that say something."""
    body.update({name: value for name, value in values.items() if body.get(name) not in (None, "", 0)})


def _bydesign_customer(body):
    serial = next(_serial)
    country = ("USA", "canada", "US", "UNITED KINGDOM")[serial % 4]
    number = str(1 + serial % 3)
    values = {
        "Password": "PasswordHere1",
        "RepDID": "1",
        "ReferCustomerID": number,
        "ReciprocalRepDID": "1",
        "ShippingCountry": country,
        "BillingCountry": country,
        "TaxID": f"tax-{serial}",
        "CustomerType": 1 + serial % 3,
    }
    # One in ten keeps its random values.
    if serial % 10:
        _replace(body, values)


def _storm_address(address):
    if isinstance(address, dict):
        address.update(Zip="111 22", City="Stockholm", Country="SE", CountryId=752)


def _storm_customer(body, is_update):
    serial = next(_serial)
    if serial % 10 == 0:
        return
    _replace(body, {"Key": str(uuid.UUID(int=serial)), "SSN": f"ssn-{serial}", "Code": f"code-{serial}"})
    body["Id"] = None
    if is_update and serial % 5 == 0:
        body.update(Key=_KEY.format(0), Email=_NEVER_UPDATED)
    elif is_update:
        body.update(Id=2 + serial % 2, Key=_KEY.format(0))
    account = body.get("Account")
    if isinstance(account, dict):
        account.update(Id=None, LoginName=f"login-{serial}")
    for company in [body, *(body.get("Companies") or [])]:
        if company is not body:
            company.update(Id=None, Name=f"Company {serial}", OrgNo=f"{serial}-{id(company)}", ParentId=None)
        for address in [company.get("InvoiceAddress"), *(company.get("DeliveryAddresses") or [])]:
            _storm_address(address)


def _fits_as_written(case):
    """Whether a document in XML is valid although the value that it was generated from is not: in XML all values are texts, and
    the last of several equal elements counts."""
    negative = [location for location in ParameterLocation if case.meta.is_negative_at(location)]
    if negative != [ParameterLocation.BODY]:
        return False
    try:
        root = ElementTree.fromstring(serialize_xml(case, case.body)["data"])
    except Exception:
        return False
    schema = case.operation.get_body_for_media_type(case.media_type).optimized_schema
    if not isinstance(case.body, dict) or any(len(member) for member in root):
        return False
    sent = {member.tag: member.text or "" for member in root}

    def fits(name, text):
        readings = [text]
        try:
            readings.append(json.loads(text))
        except ValueError:
            pass
        validator = jsonschema_rs.validator_for(schema["properties"].get(name, {}))
        return any(validator.is_valid(reading) for reading in readings)

    return set(schema.get("required", [])) <= sent.keys() and all(fits(*member) for member in sent.items())


def _is_sent_without_a_value(case):
    """Whether the broken parameter of a query is sent as `name=`, which counts as absent: an empty object or list has no other form."""
    negative = [location for location in ParameterLocation if case.meta.is_negative_at(location)]
    return negative == [ParameterLocation.QUERY] and any(value in ({}, [], "") for value in (case.query or {}).values())


def _fill_query(query):
    serial = next(_serial)
    values = {
        "CustomerDID": str(1 + serial % 3),
        "RepDID": "1",
        "id": 1 + serial % 3,
        "key": _KEY.format(1 + serial % 3),
        "email": ("riley@first.example", _NEVER_UPDATED)[serial % 2],
        "searchString": ("first", "r", "")[serial % 3],
        "companyId": 0,
        "password": "PasswordHere1",
    }
    # One in five stays random.
    if serial % 5:
        query.update({name: value for name, value in values.items() if name in query})


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is None:
        return
    operation = case.operation.definition.raw.get("operationId", "")
    body = case.body
    name = "Email" if operation.startswith(("ByDesignCreate", "StormCreate", "StormUpdate")) else None
    email = body.get(name) if name and isinstance(body, dict) else None
    is_broken = case.meta.generation.mode is not GenerationMode.POSITIVE
    if isinstance(email, str) and email.strip() and (not is_broken or _EMAIL.fullmatch(email)):
        body[name] = f"{next(_serial)}@free.example"
    if is_broken:
        is_xml = case.media_type in ("application/xml", "text/xml")
        if (is_xml and _fits_as_written(case)) or _is_sent_without_a_value(case):
            case.meta.generation.mode = GenerationMode.POSITIVE
        return
    if operation.startswith(("ByDesign", "Storm")):
        if operation == "ByDesignCreateCustomer" and isinstance(body, dict):
            _bydesign_customer(body)
        elif operation == "ByDesignCustomerLookup" and isinstance(body, dict) and next(_serial) % 2:
            body["Email"] = "riley@first.example"
        elif operation == "ByDesignGetCustomerType" and next(_serial) % 2:
            case.path_parameters["id"] = 1
        elif operation.startswith(("StormCreate", "StormUpdate")) and isinstance(body, dict):
            _storm_customer(body, "Update" in operation)
        if case.query:
            _fill_query(case.query)
        return
    for container, name in ((case.path_parameters, "customerId"), (case.query, "associateId"), (case.query, "toUplineId")):
        number = (container or {}).get(name)
        if isinstance(number, int):
            # One in five is unknown.
            container[name] = 1 if name == "toUplineId" else number % 5 or number
    if isinstance(body, dict) and operation in ("CreateCustomer", "UpdateCustomer", "UpgradeCustomer"):
        _customer(body)
        if operation == "UpgradeCustomer":
            body["CustomerType"] = 1
