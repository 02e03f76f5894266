//! Storm's API (`POST CustomerService.svc/rest/UpdateCustomer` and the operations with it) over HTTP: the bytes of responses and
//! rejections, what is stored, and that a rejection changes nothing.

mod create;
mod credentials;
mod dialect;
mod emulator_features;
mod parts;
mod read;
mod rejections;
mod round_trip;
mod updates;

use serde_json::{Value, json};

use crate::support::vendors::VendorClient;
use crate::support::{Reply, Tenant};

pub const JSON: &str = "application/json; charset=utf-8";
pub const HTML: &str = "text/html; charset=UTF-8";

/// A Guid that no customer has.
pub const UNUSED_KEY: &str = "6f9619ff-8b86-d011-b42d-00c04fc964ff";

/// The path of an operation; the rest of the query begins with `&`.
pub fn path(operation: &str, query: &str) -> String {
    format!("/api/1.1/CustomerService.svc/rest/{operation}?format=json{query}")
}

/// An update by account 1.
pub fn update(storm: &VendorClient, body: &Value) -> Reply {
    storm.post(&path("UpdateCustomer", "&updatedBy=1"), body)
}

/// The customer in the response to an update.
#[track_caller]
pub fn updated(storm: &VendorClient, body: &Value) -> Value {
    read(update(storm, body))
}

/// The customer in the response to a creation.
#[track_caller]
pub fn created(storm: &VendorClient, body: &Value) -> Value {
    read(storm.post(&path("CreateCustomer", "&createdBy=1"), body))
}

/// The customer of this number.
#[track_caller]
pub fn customer(storm: &VendorClient, id: i64) -> Value {
    read(storm.get(&path("GetCustomer", &format!("&id={id}"))))
}

/// The JSON of a success.
#[track_caller]
pub fn read(reply: Reply) -> Value {
    serde_json::from_str(&reply.says(200, JSON)).expect("JSON")
}

/// The error codes and texts of a rejection in the service's shape.
#[track_caller]
pub fn rejection(reply: Reply) -> Vec<(String, String)> {
    let answer: Value = serde_json::from_str(&reply.says(400, JSON)).expect("JSON");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let messages = answer["Messages"].as_array().expect("a list").iter();
    let messages: Vec<_> = messages.map(|message| (text(&message["Key"]), text(&message["Value"]))).collect();
    let texts: Vec<&str> = messages.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(answer["Message"], texts.join(" "), "{answer}");
    assert_eq!(answer["MessageId"], 0, "{answer}");
    messages
}

/// Checks that a body is rejected with these error codes and texts, and changes nothing.
#[track_caller]
pub fn rejects(tenant: &Tenant, storm: &VendorClient, body: &Value, expected: &[(&str, &str)]) {
    let before = tenant.everything();
    let rejections = rejection(update(storm, body));
    let rejections: Vec<(&str, &str)> = rejections.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
    assert_eq!(rejections, expected, "{body}");
    assert_eq!(tenant.everything(), before, "{body}");
}

/// Stops the tenant's clock on 2 January 2024, 03:04:05 in Stockholm: [`FROZEN`].
pub fn freeze(tenant: &Tenant) {
    tenant.control("POST", "/clock/freeze", Some(&json!({ "at": "2024-01-02T02:04:05Z" }))).done(200);
}

/// That moment, as the service writes it.
pub const FROZEN: &str = r"\/Date(1704161045000+0100)\/";

/// The bytes of a rejection at that moment.
pub fn error_bytes(messages: &[(&str, &str)]) -> String {
    let texts: Vec<&str> = messages.iter().map(|(_, text)| *text).collect();
    let listed: Vec<String> =
        messages.iter().map(|(key, text)| format!(r#"{{"Key":"{key}","Value":"{text}"}}"#)).collect();
    format!(
        r#"{{"MessageId":0,"Message":"{}","Orchestration":null,"TimeStamp":"{FROZEN}","Record":null,"Messages":[{}]}}"#,
        texts.join(" "),
        listed.join(",")
    )
}

/// A page of the framework's.
pub fn html(title: &str, text: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
  <head>
    <title>{title}</title>
  </head>
  <body>
    <div id="content">
      <p class="heading1">{title}</p>
      <p>{text}</p>
    </div>
  </body>
</html>
"#
    )
}

/// The framework's page for a request that it cannot read.
pub fn unreadable(why: &str) -> String {
    let beginning = "The server encountered an error processing the request. The exception message is";
    html("Request Error", &format!("{beginning} '{why}'."))
}

/// A customer with a value in every member that a client may write.
pub fn full(name: &str) -> Value {
    json!({
        "Code": format!("E-{name}"), "Email": format!("{name}@storm.example"), "SSN": format!("SSN-{name}"),
        "FirstName": "Eva", "LastName": "Ek", "Phone": "08-1", "CellPhone": "070-1", "ReferId": 9,
        "ReferUrl": "http://x/y", "CrmId": "C1", "IsActive": true,
        "Account": {
            "LoginName": name, "Name": "Eva Ek", "Roles": [1, 2], "Authorizations": [{ "Id": 1, "Value": "a", "Code": "b" }]
        },
        "Companies": [
            {
                "Name": format!("Ek {name}"), "OrgNo": "556", "Phone": "1", "Code": "K", "ReferId": 3, "ReferUrl": "/u",
                "InvoiceAddress": { "Line1": "K 1", "Zip": "1", "City": "A", "Country": "no" }, "ParentId": 4,
                "DeliveryMethodIds": [5], "PaymentMethodIds": [6, 7], "Email": "k@storm.example", "VatNo": "SE1",
                "Flags": [{ "Id": 8, "Name": "f", "Group": 1, "IsSelected": true }], "Info": [{ "Id": 2, "Value": "x" }]
            },
            { "Name": format!("Alm {name}"), "OrgNo": "557" }
        ],
        "DeliveryAddresses": [
            { "Line1": "D 1", "Zip": "2", "City": "B", "CountryId": 752, "ShippingPhoneNumber": "3" },
            { "Line1": "D 2", "Line2": "c/o", "Zip": "3", "City": "C", "Country": "Sweden", "Region": "R" }
        ],
        "InvoiceAddress": {
            "CareOf": "Bo", "Line1": "I 1", "Zip": "4", "City": "D", "Country": "SE", "IsValidated": true, "GlobalLocationNo": "7"
        },
        "Flags": [{ "Id": 5, "Name": "VIP", "Group": 1, "IsSelected": true }, { "Id": 6 }],
        "Info": [{ "Id": 3, "Value": "v", "Code": "c" }]
    })
}

/// Every member with an empty value, as a client sends it that leaves no member out.
pub fn zeros() -> Value {
    json!({
        "Id": null, "Key": "00000000-0000-0000-0000-000000000000", "Code": "", "Email": "", "SSN": null, "FirstName": "",
        "LastName": " ", "Phone": "", "CellPhone": "", "ReferId": 0, "ReferUrl": "", "Account": null, "Companies": null,
        "DeliveryAddresses": [], "InvoiceAddress": null, "Flags": [], "UseInvoiceAddressAsDeliveryAddress": false,
        "Info": null, "PricelistIds": [], "CrmId": null, "IsActive": null, "Created": null, "Updated": null
    })
}

/// The customer without the time of its last change.
pub fn undated(customer: &Value) -> Value {
    crate::support::with(customer, json!({ "Updated": null }))
}
