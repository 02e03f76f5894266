//! The texts and profiles that the vendors' APIs keep of a customer.

use serde_json::{Value, json};

use crate::support::vendors::VendorClient;
use crate::support::{Tenant, tenant, with};

const CREATE: &str = "/api/users/customer";

const TOO_LARGE: &str = "Account, Companies, DeliveryAddresses, Flags and Info must keep the customer at most 262144 bytes long \
    as JSON, not ";

fn storm(client: &VendorClient, operation: &str, body: &Value) -> crate::support::Reply {
    client.post(&format!("/api/1.1/CustomerService.svc/rest/{operation}?format=json&updatedBy=1"), body)
}

fn created(client: &VendorClient, body: &Value) -> Value {
    let reply = storm(client, "CreateCustomer", body);
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

/// The only code and text of a rejection.
#[track_caller]
fn only_message(reply: &crate::support::Reply) -> (String, String) {
    assert_eq!(reply.status, 400, "{reply:?}");
    let messages = reply.json()["Messages"].as_array().cloned().unwrap_or_default();
    assert_eq!(messages.len(), 1, "{messages:?}");
    let text = |name: &str| messages[0][name].as_str().expect("a text").to_owned();
    (text("Key"), text("Value"))
}

fn value(id: usize, length: usize) -> Value {
    json!({ "Id": id, "Value": "x".repeat(length) })
}

fn unchanged(tenant: &Tenant, before: &Value) {
    assert_eq!(&tenant.everything(), before);
}

#[test]
fn each_text_that_a_bydesign_profile_keeps_has_a_maximum() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let casey = json!({ "FirstName": "Casey", "LastName": "Customer", "Email": "casey@bydesign.example" });
    let before = tenant.everything();
    for member in ["Phone4", "ShippingCounty", "BillingCounty", "ReferralMarketTypeInput", "TaxID2"] {
        let body = with(&casey, json!({ member: "é".repeat(1_001) }));
        let reply = client.call("POST", CREATE, "Content-Type: application/json\r\n", Some(&body.to_string()));
        assert_eq!(reply.status, 400, "{reply:?}");
        let message = format!("The field {member} must be a string or array type with a maximum length of '1000'.");
        assert_eq!(reply.json()["Message"], message);
        assert_eq!(reply.json()["Messages"].as_array().map(Vec::len), Some(1));
        unchanged(&tenant, &before);
    }
    // Members by which a customer or country is found.
    for member in
        ["RepDID", "ReferCustomerID", "ReciprocalRepDID", "BillingCountry", "ShippingCountry", "ReplicatedSiteUrl"]
    {
        let body = with(&casey, json!({ member: "x".repeat(1_001) }));
        let reply = client.call("POST", CREATE, "Content-Type: application/json\r\n", Some(&body.to_string()));
        assert_eq!(reply.status, 400, "{member}: {reply:?}");
        assert!(
            reply.json()["Message"].as_str().is_some_and(|text| text.contains("maximum length of '1000'")),
            "{reply:?}"
        );
        unchanged(&tenant, &before);
    }
    let body = with(&casey, json!({ "Phone4": "é".repeat(1_000) }));
    let reply = client.call("POST", CREATE, "Content-Type: application/json\r\n", Some(&body.to_string()));
    assert_eq!((reply.status, &reply.json()["Phone4"]), (200, &json!("é".repeat(1_000))));
}

#[test]
fn a_value_of_storm_has_a_maximum() {
    let tenant = tenant();
    let client = tenant.storm();
    let id = created(&client, &json!({ "Info": [value(1, 4_000)] }))["Id"].clone();
    let before = tenant.everything();
    for (body, path) in [
        (json!({ "Id": id, "Info": [value(2, 4_001)] }), "Info[0].Value"),
        (json!({ "Id": id, "Companies": [{ "Name": "C", "Info": [value(2, 4_001)] }] }), "Companies[0].Info[0].Value"),
    ] {
        let expected = ("InvalidLength".to_owned(), format!("{path} must be at most 4000 characters long."));
        assert_eq!(only_message(&storm(&client, "UpdateCustomer", &body)), expected);
        unchanged(&tenant, &before);
    }
}

#[test]
fn a_customer_of_storm_stops_growing() {
    let tenant = tenant();
    let client = tenant.storm();
    // Ten values of 4,000 characters at a time: items that are not sent again stay.
    let values = |from: usize| (from..from + 10).map(|id| value(id, 4_000)).collect::<Vec<Value>>();
    let id = created(&client, &json!({ "Info": values(1) }))["Id"].clone();
    let mut sent = 10;
    let rejected = loop {
        let before = tenant.everything();
        let reply = storm(&client, "UpdateCustomer", &json!({ "Id": id, "Info": values(sent + 1) }));
        if reply.status != 200 {
            unchanged(&tenant, &before);
            break reply;
        }
        sent += 10;
        assert!(sent < 100, "it grows without end");
    };
    assert_eq!(sent, 60, "60 values are 240,000 bytes");
    let (code, text) = only_message(&rejected);
    assert_eq!(code, "InvalidLength");
    assert!(text.starts_with(TOO_LARGE), "{text}");
    // Companies count as well.
    let companies: Vec<Value> =
        (0..300).map(|number| json!({ "Name": format!("{number} {}", "x".repeat(90)) })).collect();
    let (code, text) = only_message(&storm(&client, "UpdateCustomer", &json!({ "Id": id, "Companies": companies })));
    assert!(code == "InvalidLength" && text.starts_with(TOO_LARGE), "{code} {text}");
    // What does not make it larger is accepted, and a new customer has the same limit.
    let smaller = json!({ "Id": id, "Info": [value(1, 1)], "FirstName": "Siv" });
    assert_eq!(storm(&client, "UpdateCustomer", &smaller).status, 200);
    let (code, _) = only_message(&storm(&client, "CreateCustomer", &json!({ "Companies": wide_companies() })));
    assert_eq!(code, "InvalidLength");
}

/// Companies that are short in the request and long with all their members.
fn wide_companies() -> Vec<Value> {
    (0..900).map(|number| json!({ "Name": number.to_string() })).collect()
}

#[test]
fn long_lists_are_merged_in_one_pass() {
    let tenant = tenant();
    let client = tenant.storm();
    let flags =
        |from: i32| (from..from + 1_000).map(|id| json!({ "Id": id, "IsSelected": true })).collect::<Vec<Value>>();
    let id = created(&client, &json!({ "Flags": flags(1) }))["Id"].clone();
    let reversed: Vec<Value> = flags(1_001).into_iter().rev().collect();
    let updated = storm(&client, "UpdateCustomer", &json!({ "Id": id, "Flags": reversed })).json();
    let ids = |customer: &Value| -> Vec<i64> {
        let flags = customer["Flags"].as_array().expect("flags").iter();
        flags.map(|flag| flag["Id"].as_i64().expect("an id")).collect()
    };
    let expected: Vec<i64> = (1_001..=2_000).rev().chain(1..=1_000).collect();
    assert_eq!(ids(&updated), expected, "those that were sent come first");
}

#[test]
fn json_has_a_maximum_depth() {
    let tenant = tenant();
    let before = tenant.everything();
    // With the object of the body, one level more.
    let send = |levels: usize| {
        let name = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        tenant.call("PATCH", "/v1/customers/3", "", Some(&format!(r#"{{"FirstName":{name}}}"#)))
    };
    let too_deep = |levels: usize| send(levels).message().contains("recursion limit exceeded");
    assert!(!too_deep(126));
    assert!(too_deep(127));
    unchanged(&tenant, &before);
}
