//! Requests and their responses.

mod addresses;
mod members;
mod properties;
mod reading;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::changes::Changes;
use super::error::{ErrorCode, Rejection};
use super::view::customer_response;
use super::wire::members::{Member, Shape};
use super::wire::read::{Entity as _, read};
use super::wire::{Parsed, request};
use crate::customers::{Profiled, Version};
use crate::model::{self, CustomerId};
use crate::vendor_facts::StormPlan;
use crate::wire::json::{Rewritten, Source};
use crate::wire::relaxed::Leniency;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

/// A customer without any value.
fn empty_customer() -> Profiled {
    Profiled {
        customer: model::Customer {
            id: CustomerId(7),
            enroller_id: None,
            inactive_date: None,
            fields: model::CustomerFields {
                back_office_id: Some("15F97".to_owned()),
                customer_status: Some(1),
                customer_type: Some(2),
                language_code: Some("en".to_owned()),
                sign_up_date: Some(at("2024-01-02T02:04:05.678Z")),
                ..model::CustomerFields::default()
            },
        },
        uuid: Uuid::from_u128(0xabc),
        modified_at: at("2024-07-02T02:04:05Z"),
        version: Version(1),
        fields: Map::new(),
        companies: Vec::new(),
    }
}

/// The customer that the database stores.
fn stored(mut customer: Profiled, changes: Changes) -> Profiled {
    let Changes { uuid, values, sent, fields, companies, .. } = changes;
    customer.customer.fields.merge(&values, sent);
    customer.uuid = uuid.unwrap_or(customer.uuid);
    customer.fields = fields;
    if let Some(companies) = companies {
        let mut last = customer.companies.iter().filter_map(|company| company.id).max().unwrap_or(100);
        customer.companies = companies;
        for company in &mut customer.companies {
            company.id.get_or_insert_with(|| {
                last += 1;
                last
            });
        }
    }
    customer
}

fn plan() -> StormPlan {
    StormPlan::default()
}

/// A plan by which stored values complete an address that is sent in part.
fn partial_addresses() -> StormPlan {
    StormPlan { partial_addresses: true, ..plan() }
}

fn parsed(body: &Value, plan: &StormPlan) -> Parsed<request::Customer> {
    let body = serde_json::to_vec(body).expect("JSON");
    let source = Source { bytes: &body, leniency: Leniency::Comments, buffer: &Rewritten::default() };
    read(source, plan).expect("an object").expect("a customer")
}

fn changes(customer: &Profiled, body: &Value) -> Changes {
    changes_by(&plan(), customer, body)
}

fn changes_by(plan: &StormPlan, customer: &Profiled, body: &Value) -> Changes {
    Changes::update(&parsed(body, plan), customer, plan).expect("no rejection")
}

fn create(body: &Value) -> Profiled {
    create_by(&plan(), body)
}

fn create_by(plan: &StormPlan, body: &Value) -> Profiled {
    stored(empty_customer(), Changes::creation(&parsed(body, plan), plan).expect("no rejection"))
}

fn update(customer: Profiled, body: &Value) -> Profiled {
    update_by(&plan(), customer, body)
}

fn update_by(plan: &StormPlan, customer: Profiled, body: &Value) -> Profiled {
    let changes = changes_by(plan, &customer, body);
    stored(customer, changes)
}

fn rejections(customer: &Profiled, body: &Value) -> Vec<(ErrorCode, String)> {
    rejections_by(&plan(), customer, body)
}

fn rejections_by(plan: &StormPlan, customer: &Profiled, body: &Value) -> Vec<(ErrorCode, String)> {
    let rejections = Changes::update(&parsed(body, plan), customer, plan).expect_err("a rejection");
    rejections.into_iter().map(|Rejection { code, text }| (code, text)).collect()
}

fn codes(customer: &Profiled, body: &Value) -> Vec<ErrorCode> {
    rejections(customer, body).into_iter().map(|(code, _)| code).collect()
}

fn response(customer: &Profiled) -> Value {
    serde_json::from_slice(&customer_response(customer, &plan()).to_bytes()).expect("JSON")
}

/// Every member with an empty value, as a client sends it that leaves no member out.
fn zeros() -> Value {
    empty_object(request::Customer::MEMBERS)
}

fn empty_object(members: &[Member]) -> Value {
    let empty = |member: &Member| match member.shape {
        Shape::Text { .. } => json!(" "),
        Shape::Integer { .. } => json!(0),
        Shape::Boolean { is_nullable: false } => json!(false),
        Shape::Guid => json!(Uuid::nil()),
        Shape::Integers | Shape::List(_) => json!([]),
        Shape::Boolean { is_nullable: true } | Shape::Date | Shape::Object(_) => Value::Null,
    };
    members.iter().map(|member| (member.name.to_owned(), empty(member))).collect::<Map<_, _>>().into()
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
