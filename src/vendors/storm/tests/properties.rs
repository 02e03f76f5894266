//! Properties of any customer. The members come from the declaration of the requests, so that a new member is tested too.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{changes_by, create_by, partial_addresses, response, stored, update_by};
use crate::model::{AddressPart, Field};
use crate::vendors::storm::wire::members::{Member, Shape};
use crate::vendors::storm::wire::read::Entity as _;
use crate::vendors::storm::wire::request::Customer;

fn any_customer() -> BoxedStrategy<Value> {
    object(Customer::MEMBERS)
}

fn object(members: &'static [Member]) -> BoxedStrategy<Value> {
    let (names, values): (Vec<_>, Vec<_>) = members
        .iter()
        .filter(|member| is_writable(member))
        .map(|member| (member.name.to_owned(), value(member)))
        .unzip();
    let object = move |values| names.iter().cloned().zip::<Vec<Value>>(values).collect::<Map<_, _>>().into();
    values.prop_map(object).prop_map(split_country).boxed()
}

/// Whether a request can set the member to any value. A list sets the ids of its items.
fn is_writable(member: &Member) -> bool {
    let is_account_active = member.name == "IsActive" && matches!(member.shape, Shape::Boolean { is_nullable: false });
    !["Id", "CountryId", "PricelistIds", "Created", "Updated"].contains(&member.name) && !is_account_active
}

fn value(member: &Member) -> BoxedStrategy<Value> {
    match (member.shape, member.field) {
        (
            _,
            Some(
                Field::Username
                | Field::CompanyName
                | Field::PrimaryAddress(Some(AddressPart::PostalCode | AddressPart::City)),
            ),
        ) => required(),
        (_, Some(Field::PrimaryAddress(Some(AddressPart::CountryCode)))) => country(),
        _ if member.name == "Email" => nullable("[a-z]{1,9}@[a-z]{1,9}\\.com".prop_map(|text| json!(text)).boxed()),
        (Shape::Text { max_length }, _) => text(max_length),
        (Shape::Integer { is_nullable: true }, _) => nullable(number()),
        (Shape::Integer { is_nullable: false }, _) => number(),
        (Shape::Integers, _) => list(number()),
        (Shape::Boolean { .. }, _) => any::<bool>().prop_map(Value::Bool).boxed(),
        (Shape::Guid, _) => any::<u128>().prop_map(|number| json!(Uuid::from_u128(number))).boxed(),
        (Shape::Date, _) => Just(Value::Null).boxed(),
        (Shape::Object(members), _) => nullable(object(members)),
        (Shape::List(members), _) => items(members),
    }
}

fn text(max_length: usize) -> BoxedStrategy<Value> {
    let text =
        "[ -~åß€😀]{0,40}".prop_map(move |text: String| json!(text.chars().take(max_length).collect::<String>()));
    prop_oneof![1 => Just(Value::Null), 4 => text].boxed()
}

fn required() -> BoxedStrategy<Value> {
    "[a-zå0-9/]{1,9}".prop_map(|text| json!(text)).boxed()
}

fn number() -> BoxedStrategy<Value> {
    any::<i32>().prop_map(|number| json!(number)).boxed()
}

fn nullable(item: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    prop_oneof![Just(Value::Null), item].boxed()
}

fn list(item: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    vec(item, 0..3).prop_map(Value::Array).boxed()
}

/// A country as `[id, spelling]`.
fn country() -> BoxedStrategy<Value> {
    let countries = [(752, "SE"), (752, "sweden"), (578, "no"), (8, "Albania")];
    proptest::sample::select(countries.map(|(id, spelling)| json!([id, spelling])).to_vec()).boxed()
}

/// An address with the id and the spelling of its country; any other object as it is.
fn split_country(mut object: Value) -> Value {
    if let Some(country) = object.get_mut("Country").map(Value::take) {
        object["CountryId"] = country[0].clone();
        object["Country"] = country[1].clone();
    }
    object
}

/// A list of objects. Items whose id is that of their kind have different ids.
fn items(members: &'static [Member]) -> BoxedStrategy<Value> {
    let is_kind =
        |member: &Member| member.name == "Id" && matches!(member.shape, Shape::Integer { is_nullable: false });
    if !members.iter().any(is_kind) {
        return list(object(members));
    }
    let numbered = |items: Vec<Value>| {
        let items = items.into_iter().zip(0..).map(|(mut item, id)| {
            item["Id"] = json!(id * 3);
            item
        });
        items.collect::<Vec<_>>().into()
    };
    vec(object(members), 0..3).prop_map(numbered).boxed()
}

/// Whether a response contains all values that were sent; blank texts and zeros are no values.
fn contains(response: &Value, sent: &Value) -> bool {
    match (sent, response) {
        (Value::Object(sent), Value::Object(response)) => {
            let by_invoice = sent.get("UseInvoiceAddressAsDeliveryAddress") == Some(&json!(true));
            sent.iter().all(|(name, sent)| {
                by_invoice && name == "DeliveryAddresses"
                    || response.get(name).is_some_and(|response| contains(response, sent))
            })
        }
        (Value::Array(sent), Value::Array(response)) => {
            sent.len() == response.len() && sent.iter().zip(response).all(|(sent, response)| contains(response, sent))
        }
        (Value::String(text), Value::Null) => text.trim().is_empty(),
        (Value::Number(_), Value::Null) => *sent == json!(0),
        _ => sent == response,
    }
}

proptest! {
    #[test]
    fn a_response_contains_the_request_and_sending_it_back_changes_nothing(body in any_customer()) {
        let plan = partial_addresses();
        let customer = create_by(&plan, &body);
        let created = response(&customer);
        prop_assert!(contains(&created, &body), "{body} became {created}");
        let changes = changes_by(&plan, &customer, &created);
        prop_assert!(changes.is_empty(&customer.fields), "{changes:?}");
        prop_assert_eq!(stored(customer.clone(), changes), customer);
    }

    #[test]
    fn an_update_sets_the_same_values_as_a_creation(first in any_customer(), second in any_customer()) {
        let mut second = second;
        second["Account"] = Value::Null;
        second["UseInvoiceAddressAsDeliveryAddress"] = json!(true);
        let plan = partial_addresses();
        let customer = update_by(&plan, create_by(&plan, &first), &second);
        let updated = response(&customer);
        let is_plain = |member: &&Member| matches!(member.shape, Shape::Text { .. } | Shape::Boolean { is_nullable: true });
        for Member { name, .. } in Customer::MEMBERS.iter().filter(is_plain) {
            let is_value = !contains(&Value::Null, &second[name]);
            let expected = if is_value { &second[name] } else { &first[name] };
            prop_assert!(contains(&updated[name], expected), "{} {} {}", name, expected, updated[name]);
        }
        let changes = changes_by(&plan, &customer, &updated);
        prop_assert!(changes.is_empty(&customer.fields), "{changes:?}");
    }
}
