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
            back_office_id: "15F97".to_owned(),
            birth_date: None,
            company_name: None,
            customer_status: 1,
            customer_type: 2,
            shipping_address: customers::Address::default(),
            email_address: None,
            enroller_id: None,
            external_reference_id: None,
            first_name: None,
            inactive_date: None,
            language_code: "en".to_owned(),
            last_name: None,
            primary_address: customers::Address::default(),
            primary_phone: None,
            secondary_phone: None,
            send_emails: false,
            sign_up_date: at("2024-01-02T02:04:05.678Z"),
            sponsor_id: None,
            tax_exempt: false,
            tax_exempt_id: None,
            tax_id: None,
            terms_accepted: false,
            text_phone: None,
            username: None,
            web_alias: None,
            custom_fields: vec![None; 10],
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
    let Written { key, values, sent, code_sent, fields, companies, .. } = written;
    let customer = &mut on.customer;
    for (sent, column, value) in [
        (sent.email_address, &mut customer.email_address, values.email_address),
        (sent.tax_id, &mut customer.tax_id, values.tax_id),
        (sent.first_name, &mut customer.first_name, values.first_name),
        (sent.last_name, &mut customer.last_name, values.last_name),
        (sent.primary_phone, &mut customer.primary_phone, values.primary_phone),
        (sent.text_phone, &mut customer.text_phone, values.text_phone),
        (sent.username, &mut customer.username, values.username),
        (sent.company_name, &mut customer.company_name, values.company_name),
        (code_sent, &mut customer.external_reference_id, values.external_reference_id),
    ] {
        if sent {
            *column = value;
        }
    }
    if sent.primary_address {
        customer.primary_address = values.primary_address;
    }
    if sent.shipping_address {
        customer.shipping_address = values.shipping_address;
    }
    if let (true, Some(status)) = (sent.customer_status, values.customer_status) {
        customer.customer_status = status;
    }
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
