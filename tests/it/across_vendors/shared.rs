//! The members that all vendor APIs share, and those that each keeps for itself.

use serde_json::{Value, json};

use crate::storm::{self, created, customer, full, undated, updated};
use crate::support::vendors::VendorClient;
use crate::support::{Reply, Tenant, tenant, with};

const JSON: &str = "application/json; charset=utf-8";

/// A customer with a value in every member of ByDesign's own.
fn bydesign_customer(name: &str) -> Value {
    json!({
        "FirstName": "Bo", "LastName": "Berg", "Email": format!("{name}@bydesign.example"), "Password": "PasswordHere1",
        "RepDID": "2", "Company": "Berg Inc.", "Phone1": "1", "Phone2": "2", "Phone3": "3", "Phone4": "4",
        "ShippingStreet1": "S 1", "ShippingStreet2": "S 2", "ShippingCountry": "CANADA", "ShippingPostalCode": "K1A",
        "ShippingCity": "Ottawa", "ShippingState": "ON", "ShippingCounty": "Carleton", "BillingStreet1": "B 1",
        "BillingStreet2": "B 2", "BillingCountry": "US", "BillingPostalCode": "84042", "BillingCity": "Lindon",
        "BillingState": "UT", "BillingCounty": "Utah", "AgreedToTerms": true, "ReferralMarketType": 5,
        "ReferralMarketTypeInput": "radio", "TaxID": format!("TAX-{name}"), "TaxID2": "T2", "ReplicatedSiteUrl": format!("site-{name}"),
        "CustomerType": 2, "SendAutoresponders": true, "DateOfBirth": "1980-02-03T00:00:00", "PreferredCulture": 1
    })
}

pub fn create_at_bydesign(client: &VendorClient, body: &Value) -> Reply {
    client.post("/api/users/customer", body)
}

/// The customer in ByDesign's response.
#[track_caller]
fn at_bydesign(client: &VendorClient, email: &str) -> Value {
    let reply = client.post("/api/users/customer/CustomerLookup", &json!({ "Email": email }));
    assert_eq!(reply.status, 200, "{reply:?}");
    let found = reply.json();
    let found = found.as_array().unwrap_or_else(|| panic!("a list in {found}"));
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

/// The members of ByDesign alone.
fn extras(returned: &Value) -> Value {
    let names = ["Phone4", "ShipCounty", "BillCounty", "TaxID2", "ReferralMarketTypeID", "ReferralMarketTypeInput"];
    names.map(|name| (name.to_owned(), returned[name].clone())).into_iter().collect()
}

fn storms_own(returned: &Value) -> Value {
    let names = ["Key", "ReferId", "ReferUrl", "Companies", "Flags", "Info", "CrmId"];
    names.map(|name| (name.to_owned(), returned[name].clone())).into_iter().collect()
}

struct Vendors {
    tenant: Tenant,
    bydesign: VendorClient,
    storm: VendorClient,
}

fn vendors() -> Vendors {
    let tenant = tenant();
    let (bydesign, storm) = (tenant.bydesign(), tenant.storm());
    Vendors { tenant, bydesign, storm }
}

#[test]
fn a_customer_of_bydesign_is_the_same_everywhere() {
    let Vendors { tenant, bydesign, storm } = vendors();
    let reply = create_at_bydesign(&bydesign, &bydesign_customer("bo"));
    assert_eq!(reply.status, 200, "{reply:?}");
    let created = reply.json();
    let id = created["CustomerID"].as_i64().expect("an id");
    let returned = tenant.customer(id);
    for (name, value) in [
        ("FirstName", "Bo"),
        ("LastName", "Berg"),
        ("EmailAddress", "bo@bydesign.example"),
        ("CompanyName", "Berg Inc."),
        ("PrimaryPhone", "1"),
        ("SecondaryPhone", "2"),
        ("TextPhone", "3"),
        ("TaxId", "TAX-bo"),
    ] {
        assert_eq!(returned[name], value, "{name}");
    }
    assert_eq!(
        (&returned["PrimaryAddress"]["City"], &returned["PrimaryAddress"]["CountryCode"]),
        (&json!("Lindon"), &json!("US"))
    );
    assert_eq!(
        (&returned["DefaultShippingAddress"]["City"], &returned["DefaultShippingAddress"]["CountryCode"]),
        (&json!("Ottawa"), &json!("CA"))
    );
    let returned = customer(&storm, id);
    for (name, value) in [
        ("FirstName", "Bo"),
        ("Email", "bo@bydesign.example"),
        ("SSN", "TAX-bo"),
        ("Phone", "1"),
        ("CellPhone", "3"),
        ("Key", created["guid"].as_str().expect("a Guid")),
    ] {
        assert_eq!(returned[name], value, "{name}");
    }
    assert_eq!(
        (&returned["InvoiceAddress"]["CountryId"], &returned["DeliveryAddresses"][0]["CountryId"]),
        (&json!(840), &json!(124))
    );
    // ByDesign's own response is the same.
    assert_eq!(at_bydesign(&bydesign, "bo@bydesign.example"), created);
}

#[test]
fn an_update_of_storm_is_visible_everywhere() {
    let Vendors { tenant, bydesign, storm } = vendors();
    let created = create_at_bydesign(&bydesign, &bydesign_customer("bo")).json();
    let id = created["CustomerID"].as_i64().expect("an id");
    let before = tenant.customer(id);
    let body = json!({
        "Id": id, "FirstName": "Bosse", "Email": "bosse@storm.example", "SSN": "TAX-2", "CellPhone": "33", "Code": "E-9",
        "InvoiceAddress": { "City": "Umeå", "Zip": "90", "Country": "Sweden" }, "Companies": [{ "Name": "Ny AB", "OrgNo": "1" }],
        "Account": { "LoginName": "bosse" }, "CrmId": "C9"
    });
    let returned = updated(&storm, &body);
    let mut expected = with(
        &before,
        json!({
            "FirstName": "Bosse", "EmailAddress": "bosse@storm.example", "TaxId": "TAX-2", "TextPhone": "33",
            "ExternalReferenceId": "E-9", "CompanyName": "Ny AB", "Username": "bosse"
        }),
    );
    for (name, value) in [("City", "Umeå"), ("PostalCode", "90"), ("CountryCode", "SE")] {
        expected["PrimaryAddress"][name] = json!(value);
    }
    let after = tenant.customer(id);
    let ignoring_dates = |customer: &Value| {
        with(customer, json!({ "LastModified": null, "DateLastModified": null, "ModifiedDate": null }))
    };
    assert_eq!(ignoring_dates(&after), ignoring_dates(&expected));
    let seen = at_bydesign(&bydesign, "bosse@storm.example");
    for (name, value) in [
        ("FirstName", "Bosse"),
        ("TaxID", "TAX-2"),
        ("Phone3", "33"),
        ("Company", "Ny AB"),
        ("BillCity", "Umeå"),
        ("BillCountry", "SWEDEN"),
    ] {
        assert_eq!(seen[name], value, "{name}");
    }
    // Neither changed the other's members.
    assert_eq!(extras(&seen), extras(&created));
    assert_eq!(customer(&storm, id), returned);
}

#[test]
fn a_vendors_own_members_survive_writes_of_the_others() {
    let Vendors { tenant, bydesign, storm } = vendors();
    let created = create_at_bydesign(&bydesign, &bydesign_customer("bo")).json();
    let id = created["CustomerID"].as_i64().expect("an id");
    let own = with(&full("bo2"), json!({ "Id": id, "Email": null, "Account": null, "SSN": null }));
    let own = updated(&storm, &own);
    let stays = |what: &str| {
        assert_eq!(storms_own(&customer(&storm, id)), storms_own(&own), "{what}");
        let email = tenant.customer(id)["EmailAddress"].as_str().expect("an address").to_owned();
        assert_eq!(extras(&at_bydesign(&bydesign, &email)), extras(&created), "{what}");
    };
    stays("as it was written");
    tenant
        .patch(&format!("/v1/customers/{id}"), &json!({ "FirstName": "Patched", "EmailAddress": "p@x.example" }))
        .succeeds(200);
    stays("PATCH");
    assert_eq!(
        (&customer(&storm, id)["FirstName"], &customer(&storm, id)["Email"]),
        (&json!("Patched"), &json!("p@x.example"))
    );
    assert_eq!(at_bydesign(&bydesign, "p@x.example")["FirstName"], "Patched");
    let replaced =
        with(&crate::support::seeds::retail(), json!({ "FirstName": "Replaced", "EmailAddress": "r@x.example" }));
    tenant.put(&format!("/v1/customers/{id}"), &replaced).succeeds(200);
    stays("PUT");
    let returned = customer(&storm, id);
    // A field that DirectScale clears is cleared everywhere.
    for (name, value) in [
        ("FirstName", json!("Replaced")),
        ("Email", json!("r@x.example")),
        ("SSN", Value::Null),
        ("CellPhone", Value::Null),
    ] {
        assert_eq!(returned[name], value, "{name}");
    }
    assert_eq!(returned["InvoiceAddress"]["Line1"], "250 South 400 West");
    // The fields of an address are shared; other members are Storm's.
    assert_eq!(returned["InvoiceAddress"]["CareOf"], "Bo");
    assert_eq!(returned["Account"]["LoginName"], "Emperor Palpatine");
    tenant
        .put(&format!("/v1/customers/upgrade/{id}"), &with(&crate::support::seeds::distributor(), json!({})))
        .succeeds(201);
    stays("upgrade");
    // An update of Storm does not change the others' members.
    let before = tenant.customer(id);
    updated(&storm, &json!({ "Id": id, "CrmId": "C1", "Flags": [{ "Id": 5 }] }));
    updated(&storm, &json!({ "Id": id, "CrmId": "C2" }));
    updated(&storm, &json!({ "Id": id, "CrmId": "C1" }));
    assert_eq!(tenant.customer(id), before);
    stays("Storm");
}

#[test]
fn a_customer_who_is_deleted_is_not_active() {
    let Vendors { tenant, bydesign, storm } = vendors();
    let returned = created(&storm, &full("one"));
    tenant.call("DELETE", "/v1/customers/5", "", None).succeeds(200);
    let after = customer(&storm, 5);
    assert_eq!(undated(&after), undated(&with(&returned, json!({ "IsActive": false }))));
    assert_eq!(at_bydesign(&bydesign, "one@storm.example")["StatusTypeID"], 3);
    // It keeps its unique values at every vendor.
    let conflicting = json!({ "FirstName": "A", "Email": "one@storm.example" });
    assert_eq!(create_at_bydesign(&bydesign, &conflicting).status, 400);
    let rejected = storm.post(&storm::path("CreateCustomer", ""), &json!({ "Email": "one@storm.example" }));
    assert_eq!(storm::rejection(rejected)[0].0, "CustomerAlreadyExists");
    // An update without the status leaves it deleted; Storm can restore it.
    updated(&storm, &json!({ "Id": 5, "IsActive": false, "FirstName": "A" }));
    assert_eq!(tenant.customer(5)["CustomerStatus"], 3);
    assert_eq!(updated(&storm, &json!({ "Id": 5, "IsActive": true }))["IsActive"], true);
    assert_eq!(tenant.customer(5)["CustomerStatus"], 1);
}

#[test]
fn a_value_is_unique_across_vendors() {
    let Vendors { tenant, bydesign, storm } = vendors();
    create_at_bydesign(&bydesign, &bydesign_customer("bo")).says(200, JSON);
    created(&storm, &full("eva"));
    let before = tenant.everything();
    let directscale = |changes: Value| tenant.patch("/v1/customers/3", &changes);
    directscale(json!({ "EmailAddress": "BO@bydesign.example" }))
        .rejects(500, "EmailAddress 'BO@bydesign.example' is already in use.");
    directscale(json!({ "EmailAddress": "eva@storm.example" }))
        .rejects(500, "EmailAddress 'eva@storm.example' is already in use.");
    directscale(json!({ "Username": "Eva" })).rejects(500, "Username 'Eva' is already in use.");
    directscale(json!({ "TaxId": "tax-BO" })).rejects(500, "TaxId is already in use.");
    for (body, key) in [
        (json!({ "Email": "bo@bydesign.example" }), "CustomerAlreadyExists"),
        (json!({ "SSN": "TAX-BO" }), "CustomerAlreadyExists"),
        (json!({ "SSN": "DEMO-TAX-0002" }), "CustomerAlreadyExists"),
        (json!({ "Account": { "Id": 3, "LoginName": "DANA" } }), "AccountAlreadyExists"),
    ] {
        let messages = storm::rejection(storm::update(&storm, &with(&body, json!({ "Id": 3 }))));
        assert_eq!(messages.len(), 1, "{body}");
        assert_eq!(messages[0].0, key, "{body}");
    }
    for (changes, key) in [
        (json!({ "Email": "eva@storm.example" }), "CUSTOMER_EMAIL_IN_USE"),
        (json!({ "TaxID": "ssn-EVA" }), "CUSTOMER_TAX_ID_IN_USE"),
    ] {
        let body = with(&with(&bydesign_customer("free"), changes), json!({ "ReplicatedSiteUrl": "free" }));
        let reply = create_at_bydesign(&bydesign, &body);
        assert_eq!((reply.status, reply.json()["MessageTranslationKey"].clone()), (400, json!(key)));
    }
    assert_eq!(tenant.everything(), before);
}
