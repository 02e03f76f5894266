//! Any customer at all.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{create_by, kept, partial, shown, update_by, wanted};
use crate::vendors::storm::written::updated;

fn text(longest: usize) -> BoxedStrategy<Value> {
    let texts = "[ -~åß€😀]{0,40}".prop_map(move |text: String| json!(text.chars().take(longest).collect::<String>()));
    prop_oneof![1 => Just(Value::Null), 4 => texts].boxed()
}

fn number() -> BoxedStrategy<Value> {
    prop_oneof![Just(Value::Null), any::<i32>().prop_map(|number| json!(number))].boxed()
}

fn numbers() -> BoxedStrategy<Value> {
    vec(any::<i32>(), 0..3).prop_map(|numbers| json!(numbers)).boxed()
}

fn guid() -> BoxedStrategy<Value> {
    any::<u128>().prop_map(|number| json!(Uuid::from_u128(number))).boxed()
}

fn flag() -> BoxedStrategy<Value> {
    any::<bool>().prop_map(Value::Bool).boxed()
}

fn object(members: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let (names, values): (Vec<_>, Vec<_>) = members.into_iter().unzip();
    values
        .prop_map(move |values| names.iter().map(|name| (*name).to_owned()).zip(values).collect::<Map<_, _>>().into())
        .boxed()
}

/// A list whose items each have an id of their own.
fn kinds(item: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    let numbered = |items: Vec<Value>| {
        let items = items.into_iter().zip(0..).map(|(mut item, id)| {
            item["Id"] = json!(id * 3);
            item
        });
        items.collect::<Vec<_>>().into()
    };
    vec(item, 0..3).prop_map(numbered).boxed()
}

fn id_values() -> BoxedStrategy<Value> {
    kinds(object(vec![("Value", text(40)), ("Code", text(40))]))
}

fn flags() -> BoxedStrategy<Value> {
    let group = any::<i32>().prop_map(|number| json!(number)).boxed();
    kinds(object(vec![("Name", text(40)), ("Group", group), ("IsSelected", flag())]))
}

fn address() -> BoxedStrategy<Value> {
    let must = || "[a-zå0-9]{1,9}".prop_map(|text| json!(text)).boxed();
    let countries = [(752, "SE"), (752, "sweden"), (578, "no"), (8, "Albania")].map(|(id, text)| json!([id, text]));
    let country = proptest::sample::select(countries.to_vec()).boxed();
    let members = vec![
        ("CareOf", text(40)),
        ("Line1", text(40)),
        ("Line2", text(40)),
        ("Zip", must()),
        ("City", must()),
        ("Country", country),
        ("Region", text(40)),
        ("IsValidated", flag()),
        ("GlobalLocationNo", text(40)),
        ("ShippingPhoneNumber", text(40)),
    ];
    let split = |mut address: Value| {
        let country = address["Country"].take();
        address["CountryId"] = country[0].clone();
        address["Country"] = country[1].clone();
        address
    };
    object(members).prop_map(split).boxed()
}

fn nullable(item: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    prop_oneof![Just(Value::Null), item].boxed()
}

fn list(item: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    vec(item, 0..3).prop_map(Value::Array).boxed()
}

fn email() -> BoxedStrategy<Value> {
    nullable("[a-z]{1,9}@[a-z]{1,9}\\.com".prop_map(|text| json!(text)).boxed())
}

fn company() -> BoxedStrategy<Value> {
    object(vec![
        ("Key", guid()),
        ("Code", text(40)),
        ("Name", "[a-z/]{1,9}".prop_map(|text| json!(text)).boxed()),
        ("OrgNo", text(40)),
        ("Phone", text(40)),
        ("ReferId", number()),
        ("ReferUrl", text(40)),
        ("DeliveryAddresses", list(address())),
        ("InvoiceAddress", nullable(address())),
        ("UseInvoiceAddressAsDeliveryAddress", flag()),
        ("Info", id_values()),
        ("ParentId", number()),
        ("DeliveryMethodIds", numbers()),
        ("PaymentMethodIds", numbers()),
        ("Email", email()),
        ("Flags", flags()),
        ("VatNo", text(40)),
    ])
}

fn customer() -> BoxedStrategy<Value> {
    let account = object(vec![
        ("Key", guid()),
        ("LoginName", "[a-z]{1,9}".prop_map(|text| json!(text)).boxed()),
        ("Name", text(40)),
        ("Roles", numbers()),
        ("Authorizations", id_values()),
    ]);
    object(vec![
        ("Key", guid()),
        ("Code", text(40)),
        ("Email", email()),
        ("SSN", text(40)),
        ("FirstName", text(40)),
        ("LastName", text(40)),
        ("Phone", text(40)),
        ("CellPhone", text(40)),
        ("ReferId", number()),
        ("ReferUrl", text(40)),
        ("Account", nullable(account)),
        ("Companies", list(company())),
        ("DeliveryAddresses", list(address())),
        ("InvoiceAddress", nullable(address())),
        ("Flags", flags()),
        ("UseInvoiceAddressAsDeliveryAddress", flag()),
        ("Info", id_values()),
        ("CrmId", text(40)),
        ("IsActive", flag()),
    ])
}

/// Whether what came back says all that was sent; blank texts and zeros say nothing.
fn says(sent: &Value, back: &Value) -> bool {
    match (sent, back) {
        (Value::Object(sent), Value::Object(back)) => {
            let by_invoice = sent.get("UseInvoiceAddressAsDeliveryAddress") == Some(&json!(true));
            sent.iter().all(|(name, sent)| {
                by_invoice && name == "DeliveryAddresses" || back.get(name).is_some_and(|back| says(sent, back))
            })
        }
        (Value::Array(sent), Value::Array(back)) => {
            sent.len() == back.len() && sent.iter().zip(back).all(|(sent, back)| says(sent, back))
        }
        (Value::String(text), Value::Null) => text.trim().is_empty(),
        (Value::Number(_), Value::Null) => *sent == json!(0),
        _ => sent == back,
    }
}

proptest! {
    #[test]
    fn everything_sent_comes_back_and_writing_it_back_changes_nothing(body in customer()) {
        let plan = partial();
        let customer = create_by(&plan, &body);
        let back = shown(&customer);
        prop_assert!(says(&body, &back), "{body} came back as {back}");
        let written = updated(&wanted(&back, &plan), &customer, &plan).expect("no rejection");
        prop_assert!(written.changes_nothing(&customer.fields), "{written:?}");
        prop_assert_eq!(kept(customer.clone(), written), customer);
    }

    #[test]
    fn an_update_says_what_a_creation_says(first in customer(), second in customer()) {
        let mut second = second;
        second["Account"] = Value::Null;
        second["UseInvoiceAddressAsDeliveryAddress"] = json!(true);
        let plan = partial();
        let customer = update_by(&plan, create_by(&plan, &first), &second);
        let back = shown(&customer);
        for name in ["Code", "Email", "SSN", "FirstName", "Phone", "ReferUrl", "CrmId", "IsActive"] {
            let expected = if says(&second[name], &Value::Null) { &first[name] } else { &second[name] };
            prop_assert!(says(expected, &back[name]), "{} {} {}", name, expected, back[name]);
        }
        let written = updated(&wanted(&back, &plan), &customer, &plan).expect("no rejection");
        prop_assert!(written.changes_nothing(&customer.fields), "{written:?}");
    }
}
