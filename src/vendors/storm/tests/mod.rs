//! Requests against what comes back of them.

mod addresses;
mod anything;
mod members;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::document::view;
use super::rejected::{Key, Rejected};
use super::wire::read::read;
use super::wire::{Request, request};
use super::written::{Written, created, updated};
use crate::customers::{self, CustomerId, Profiled, Version};
use crate::plan::StormPlan;
use crate::wire::json::{Rewritten, Source};
use crate::wire::relaxed::Leniency;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

/// A customer of whom nothing is known.
fn nobody() -> Profiled {
    Profiled {
        customer: customers::Customer {
            id: CustomerId(7),
            enroller_id: None,
            inactive_date: None,
            fields: customers::CustomerFields {
                back_office_id: Some("15F97".to_owned()),
                customer_status: Some(1),
                customer_type: Some(2),
                language_code: Some("en".to_owned()),
                sign_up_date: Some(at("2024-01-02T02:04:05.678Z")),
                ..customers::CustomerFields::default()
            },
        },
        key: Uuid::from_u128(0xabc),
        modified_at: at("2024-07-02T02:04:05Z"),
        version: Version(1),
        fields: Map::new(),
        companies: Vec::new(),
    }
}

/// What the database does with what is written.
fn kept(mut on: Profiled, written: Written) -> Profiled {
    let Written { key, values, sent, fields, companies, .. } = written;
    on.customer.fields.merge(&values, sent);
    on.key = key.unwrap_or(on.key);
    on.fields = fields;
    if let Some(companies) = companies {
        let mut last = on.companies.iter().filter_map(|company| company.id).max().unwrap_or(100);
        on.companies = companies;
        for company in &mut on.companies {
            company.id.get_or_insert_with(|| {
                last += 1;
                last
            });
        }
    }
    on
}

fn plan() -> StormPlan {
    StormPlan::default()
}

/// A plan by which what is kept completes an address that is sent in part.
fn partial() -> StormPlan {
    StormPlan { partial_addresses: true, ..plan() }
}

fn wanted(body: &Value, plan: &StormPlan) -> Request<request::Customer> {
    let body = serde_json::to_vec(body).expect("JSON");
    let source = Source { bytes: &body, leniency: Leniency::Comments, room: &Rewritten::default() };
    read(source, plan).expect("an object").expect("a customer")
}

fn create(body: &Value) -> Profiled {
    create_by(&plan(), body)
}

fn create_by(plan: &StormPlan, body: &Value) -> Profiled {
    kept(nobody(), created(&wanted(body, plan), plan).expect("no rejection"))
}

fn update_by(plan: &StormPlan, on: Profiled, body: &Value) -> Profiled {
    let written = updated(&wanted(body, plan), &on, plan).expect("no rejection");
    kept(on, written)
}

fn update(on: Profiled, body: &Value) -> Profiled {
    update_by(&plan(), on, body)
}

fn rejections(on: &Profiled, body: &Value) -> Vec<(Key, String)> {
    rejections_by(&plan(), on, body)
}

fn rejections_by(plan: &StormPlan, on: &Profiled, body: &Value) -> Vec<(Key, String)> {
    let rejected = updated(&wanted(body, plan), on, plan).expect_err("a rejection");
    rejected.into_iter().map(|Rejected { key, text }| (key, text)).collect()
}

fn keys(on: &Profiled, body: &Value) -> Vec<Key> {
    rejections(on, body).into_iter().map(|(key, _)| key).collect()
}

fn shown(kept: &Profiled) -> Value {
    serde_json::from_slice(&view(kept, &plan()).to_bytes()).expect("JSON")
}

/// Every member of a customer, as a client that leaves nothing out sends one of whom it knows nothing.
fn zeros() -> Value {
    json!({
        "Id": null, "Key": "00000000-0000-0000-0000-000000000000", "Code": "", "Email": "", "SSN": null, "FirstName": "",
        "LastName": " ", "Phone": "", "CellPhone": "", "ReferId": 0, "ReferUrl": "", "Account": null, "Companies": null,
        "DeliveryAddresses": [], "InvoiceAddress": null, "Flags": [], "UseInvoiceAddressAsDeliveryAddress": false,
        "Info": null, "PricelistIds": [], "CrmId": null, "IsActive": null, "Created": null, "Updated": null
    })
}

fn full() -> Value {
    json!({
        "Code": "E1", "Email": "eva@example.com", "SSN": "19121212-1212", "FirstName": "Eva", "LastName": "Ek",
        "Phone": "08-1", "CellPhone": "070-1", "ReferId": 9, "ReferUrl": "http://x/y", "CrmId": "C1",
        "Account": { "LoginName": "eva", "Name": "Eva Ek", "Roles": [1, 2], "Authorizations": [{ "Id": 1, "Value": "a" }] },
        "Companies": [
            { "Name": "Ek AB", "OrgNo": "556", "Phone": "1", "InvoiceAddress": { "Zip": "1", "City": "A", "Country": "no" } },
            { "Name": "Alm AB" }
        ],
        "DeliveryAddresses": [
            { "Line1": "D 1", "Zip": "2", "City": "B", "CountryId": 752, "ShippingPhoneNumber": "3" },
            { "Line1": "D 2", "Zip": "3", "City": "C", "Country": "Sweden" }
        ],
        "InvoiceAddress": { "CareOf": "Bo", "Line1": "I 1", "Zip": "4", "City": "D", "Country": "SE", "IsValidated": true },
        "Flags": [{ "Id": 5, "Name": "VIP", "Group": 1, "IsSelected": true }, { "Id": 6 }],
        "Info": [{ "Id": 3, "Value": "v", "Code": "c" }]
    })
}
