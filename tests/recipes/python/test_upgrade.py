UPGRADE = {
    "CustomerType": 1, "BirthDate": "1973-05-12T00:00:00Z", "SponsorId": 2, "TermsAccepted": True,
    "FirstName": "Minch", "LastName": "Yoda", "EmailAddress": "yodaminch@testing.directscale.com",
    "Username": "YodaIAm", "Password": "Password123!", "TaxId": "TAX-TEST-3333",
    "PrimaryAddress": {"Street1": "250 South 400 West", "Region": "UT", "CountryCode": "US"},
    "DefaultShippingAddress": {
        "Street1": "250 South 400 West", "PostalCode": "84042", "City": "Lindon", "CountryCode": "US",
    },
}


def test_a_retail_customer_becomes_a_distributor(tenant):
    assert tenant.api("PUT", "/customers/upgrade/3", json=UPGRADE).status_code == 201
    assert tenant.api("GET", "/customers/3").json()["CustomerType"] == 1


def test_another_test_does_not_see_it(tenant):
    assert tenant.api("GET", "/customers/3").json()["CustomerType"] == 2


def test_a_rejected_upgrade_names_the_field(tenant):
    rejected = tenant.api("PUT", "/customers/upgrade/3", json={**UPGRADE, "TaxId": ""})
    assert rejected.status_code == 500
    assert "TaxId is required" in rejected.headers["X-DirectScale-Message"]
