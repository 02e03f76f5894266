"""The four operations that are measured, and the customers that they change."""

import json

from .servers import seed_demo

FIRST = 10  # the lowest id of the loaded customers
WARM = 10_000  # further customers, for the requests before a measurement

BODY = {
    "BirthDate": "1973-05-12T00:00:00Z", "CompanyName": "Test Company Name Inc.", "CustomerStatus": 1, "CustomerType": 1,
    "DefaultShippingAddress": {"Street1": "250 South 400 West", "Street2": "Suite #225", "PostalCode": "84042",
                               "City": "Lindon", "Region": "UT", "CountryCode": "US"},
    "EmailAddress": "user@ID@@bench.example", "ExternalReferenceId": "EXT@ID@", "FirstName": "Ryan",
    "LanguageCode": "en", "LastName": "Testing", "Password": "PasswordHere1",
    "PrimaryAddress": {"Street1": "250 South 400 West", "Street2": "Suite #225", "PostalCode": "84042",
                       "City": "Lindon", "Region": "UT", "CountryCode": "US"},
    "PrimaryPhone": "+1 801 555-1111", "SecondaryPhone": "+1 801 555-2222", "SendEmails": True,
    "SignUpDate": "1988-01-01T00:00:00Z", "SponsorId": 2, "TaxExempt": False, "TaxExemptId": "TAX-TEST-0000",
    "TaxId": "T@ID@", "TermsAccepted": True, "TextPhone": "+1 801 555-1111", "Username": "user@ID@",
    "WebAlias": "user@ID@", "AssociateCustom": {"Field1": "CustomField Content"},
}
PATCH = {"FirstName": "Rey", "LastName": "Skywalker", "PrimaryPhone": "+1 801 555-3333"}

# Method, path and body; @ID@ is the customer's id.
HTTP = {
    "get": ("GET", "/v1/customers/@ID@", None),
    "patch": ("PATCH", "/v1/customers/@ID@", json.dumps(PATCH)),
    "put": ("PUT", "/v1/customers/@ID@", json.dumps(BODY | {"CustomerType": 2})),
    "upgrade": ("PUT", "/v1/customers/upgrade/@ID@", json.dumps(BODY)),
}


def load(cluster, program, database, customers):
    """The demo tenant, and retail customers whose unique values and reference the requests do not change, so that updates stay
    heap-only."""
    cluster.psql("postgres", f"create database {database}")
    seed_demo(cluster, program, database)
    cluster.psql(database, insert("2", "2", "2", f"generate_series({FIRST}, {FIRST + customers + WARM - 1})"),
                 # The program calls this after it wrote many rows.
                 "select analyze_tenant_data()",
                 # Otherwise the runs would mark the new rows. It collects no statistics.
                 "vacuum (freeze)")


def insert(customer_type, sponsor, enroller, ids, tenants="name = 'demo'"):
    """The statement that inserts customers with these ids; type, sponsor and enroller are expressions of n."""
    return f"""
        insert into customers (
            tenant_id, customer_id, customer_type, customer_status, sponsor_id, enroller_id, sign_up_date, modified_at,
            send_emails, tax_exempt, terms_accepted, language_code, back_office_id, back_office_id_key, email_address,
            email_address_key, tax_id, tax_id_key, username, username_key, web_alias, web_alias_key, first_name, last_name,
            primary_phone, external_reference_id, primary_street1, primary_city, primary_region, primary_postal_code, primary_country_code)
        select tenant_id, n, {customer_type}, 1, {sponsor}, {enroller}, now(), now(), true, false, true, 'en', 'B' || n, 'b' || n,
               'user' || n || '@bench.example', 'user' || n || '@bench.example', 'T' || n, 't' || n, 'user' || n, 'user' || n,
               'user' || n, 'user' || n, 'Bench', 'Customer', '+1 801 555-1111', 'EXT' || n, '250 South 400 West', 'Lindon', 'UT',
               '84042', 'US'
          from tenants, {ids} n where {tenants}"""
