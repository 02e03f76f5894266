//! Isolation of tenants: every operation answers for the data of another tenant exactly as for data that does not exist.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::support::documented::{Operation, operations};
use crate::support::vendors::VendorClient;
use crate::support::{Reply, Tenant, seeds, tenant, with};

/// For each parameter a value of the other tenant, and one of the same length that does not exist.
fn values(id: i64, token: &str) -> HashMap<&'static str, (String, String)> {
    let text = |theirs: &str, absent: &str| (theirs.to_owned(), absent.to_owned());
    HashMap::from([
        ("customerId", (id.to_string(), "9999".to_owned())),
        ("associateId", (id.to_string(), "9999".to_owned())),
        ("autoshipId", text("1", "2")),
        ("paymentMethodId", text("1", "2")),
        ("toUplineId", (id.to_string(), "9999".to_owned())),
        ("searchTerm", text("Ryan", "Zzzz")),
        ("backOfficeId", text("TestBackOfficeId01", "FreeBackOfficeId01")),
        ("email", text("directScaleTest@testing.directscale.com", "absent@testing.directscale.com")),
        ("emailAddress", text("directScaleTest@testing.directscale.com", "absent@testing.directscale.com")),
        ("externalReferenceId", text("EXT1234567890", "EXT0000000000")),
        ("externalId", text("EXT1234567890", "EXT0000000000")),
        ("username", text("TestUsername01", "FreeUsername01")),
        ("password", text("PasswordHere1", "PasswordHere1")),
        ("webAlias", text("TestWebAlias", "FreeWebAlias")),
        ("taxId", text("TAX-TEST-1111", "TAX-FREE-1111")),
        ("token", (token.to_owned(), "0".repeat(32))),
        ("modifiedSince", text("2020-01-01", "2020-01-01")),
        ("CustomerDID", (id.to_string(), "9999".to_owned())),
        ("id", (id.to_string(), "9999".to_owned())),
        ("key", (derived_uuid(id), derived_uuid(9999))),
        ("searchString", text("Ryan", "Zzzz")),
        ("updatedBy", text("1", "1")),
    ])
}

/// The uuid of the other tenant's customer.
fn derived_uuid(id: i64) -> String {
    format!("00000000-0000-8000-8000-{id:012x}")
}

/// A client of a tenant, of any vendor API.
struct Caller<'a> {
    tenant: &'a Tenant,
    bydesign: VendorClient,
    storm: VendorClient,
}

impl<'a> Caller<'a> {
    fn of(tenant: &'a Tenant) -> Self {
        Self { tenant, bydesign: tenant.bydesign(), storm: tenant.storm() }
    }

    fn call(&self, operation: &Operation, path: &str, body: Option<&str>) -> Reply {
        let headers = "Prefer: tx=rollback\r\nContent-Type: application/json\r\n";
        match operation.tag.as_str() {
            "ByDesign" => self.bydesign.call(&operation.method, path, headers, body),
            "Storm" => self.storm.call(&operation.method, path, headers, body),
            _ => self.tenant.call(&operation.method, path, headers, body),
        }
    }
}

/// A body for each operation that takes one, with the other tenant's customer where it can name one.
fn body(operation: &str, id: &str, username: &str, email: &str) -> Option<Value> {
    let body = match operation {
        "CreateCustomer" => with(&seeds::retail(), json!({ "SponsorId": id })),
        "UpdateCustomer" => seeds::retail(),
        "UpdateCustomerByParameter" => seeds::patch(),
        "UpgradeCustomer" => seeds::distributor(),
        "ResetPassword" => json!({ "Password": "AnotherOne2" }),
        "AddRewardPoints" => json!({ "pointsToAdd": 5 }),
        "DeductRewardPoints" => json!({ "pointsToDeduct": 5 }),
        "Login" => json!({ "username": username, "password": "PasswordHere1" }),
        "ByDesignCreateCustomer" => json!({ "RepDID": id }),
        "ByDesignCustomerLookup" => json!({ "Email": email }),
        "StormUpdateCustomer" => json!({ "Id": id, "FirstName": "X" }),
        "StormUpdateCustomer2" => json!({ "Key": derived_uuid(id.parse().expect("a number")), "FirstName": "X" }),
        "StormUpdateCustomer3" => json!({ "Email": email, "FirstName": "X" }),
        "StormCreateCustomer" | "StormCreateCustomer2" | "StormCreateCustomer3" => json!({ "FirstName": "X" }),
        _ => return None,
    };
    Some(body)
}

/// Operations whose response does not depend on a customer that the client names.
const NOTHING_TO_FIND: [&str; 9] = [
    "GetCustomerIds",
    "CreateCustomer",
    "ByDesignListCustomerTypes",
    "ByDesignGetCustomerType",
    "ByDesignListCountries",
    "ByDesignListLocales",
    "StormCreateCustomer",
    "StormCreateCustomer2",
    "StormCreateCustomer3",
];

#[test]
fn every_operation_answers_for_another_tenants_data_as_if_it_did_not_exist() {
    let (ours, theirs) = (tenant(), tenant());
    let mut id = 0;
    // Above every id of our tenant.
    for number in 0..3 {
        let own = json!({ "Username": format!("u{number}"), "EmailAddress": format!("{number}@x.example") });
        id = theirs.create(&with(&seeds::retail(), own));
    }
    theirs.put(&format!("/v1/customers/upgrade/{id}"), &seeds::full()).succeeds(201);
    let address = theirs.get(&format!("/v1/sso/{id}")).succeeds(200).body;
    let token = address.trim_matches('"').rsplit('=').next().expect("a token").to_owned();
    let values = values(id, &token);
    let (our_caller, their_caller) = (Caller::of(&ours), Caller::of(&theirs));
    // The other tenant's own reads issue sign-on tokens.
    let everything = || (ours.everything(), with(&theirs.everything(), json!({ "sso_tokens": null })));
    let before = everything();

    for operation in operations() {
        let parameters: Vec<&str> = operation.parameters.iter().map(|(_, name)| name.as_str()).collect();
        // One parameter at a time, where an operation has several.
        let mut chosen: Vec<&str> = parameters.iter().copied().filter(|name| values.contains_key(name)).collect();
        let alternatives = match operation.id.as_str() {
            "GetCustomersByParameter" | "UseSsoToken" => std::mem::take(&mut chosen),
            // Our customer below theirs; the ids in the path try theirs below ours.
            "PlaceNode" => vec!["toUplineId"],
            _ => vec![""],
        };
        for alternative in alternatives {
            let send = |caller: &Caller<'_>, is_theirs: bool| -> Reply {
                let value = |name: &str| {
                    let is_set = name == alternative || chosen.contains(&name);
                    let (theirs, absent) = values.get(name).filter(|_| is_set)?;
                    Some(if is_theirs { theirs.clone() } else { absent.clone() })
                };
                let id = if is_theirs { id.to_string() } else { "9999".to_owned() };
                let username = if is_theirs { "TestUsername01" } else { "FreeUsername01" };
                let (theirs, absent) = &values["email"];
                let email = if is_theirs { theirs } else { absent };
                let body = body(&operation.id, &id, username, email).map(|body| body.to_string());
                caller.call(&operation, &operation.address(value), body.as_deref())
            };
            let (for_theirs, for_absent) = (send(&our_caller, true), send(&our_caller, false));
            // The other tenant itself gets another response, so that the comparison proves something.
            let owner = send(&their_caller, true);
            let has_nothing_to_find = NOTHING_TO_FIND.contains(&operation.id.as_str());
            if operation.is_built && !has_nothing_to_find {
                assert_ne!(
                    (owner.status, &owner.body),
                    (for_absent.status, &for_absent.body),
                    "{} {alternative}",
                    operation.id
                );
            }
            let id_of = |reply: &Reply| reply.header("X-DirectScale-RequestId").unwrap_or_default().to_owned();
            let comparable = |reply: &Reply, own_id: &str| {
                let body = reply.body.replace(&id_of(reply), "").replace(&format!("SponsorId {own_id}"), "SponsorId");
                let body = body.replace(&format!("'{own_id}'"), "''");
                // Storm's errors have a time stamp.
                let body =
                    body.split("Date(").map(|part| part.trim_start_matches(|letter: char| letter.is_ascii_digit()));
                let body = body.collect::<String>();
                (reply.status, body)
            };
            assert_eq!(
                comparable(&for_theirs, &id.to_string()),
                comparable(&for_absent, "9999"),
                "{} {alternative}",
                operation.id
            );
            assert!(operation.statuses.contains(&for_theirs.status), "{} {for_theirs:?}", operation.id);
            let has_id = operation.route.contains("{customerId}") && operation.is_built;
            assert!(!has_id || for_theirs.status == 404, "{} {for_theirs:?}", operation.id);
        }
    }
    assert_eq!(everything(), before);

    // Our customer is not placed below theirs.
    for tree in ["Unilevel", "Enrollment"] {
        let path = |upline: i64| format!("/v1/customers/2/downline/placenode?tree={tree}&toUplineId={upline}");
        let message = format!("toUplineId {id} is not an existing customer.");
        ours.call("POST", &path(id), "", None).rejects(500, &message);
    }
    assert_eq!(everything(), before);
}
