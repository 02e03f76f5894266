//! The vendor's samples, and the values of the table's members.

use super::*;
use crate::vendors::bydesign::mapping::tests::{sample, stored};
use crate::vendors::bydesign::negotiate::Format;

fn written(body: &ResponseBody<'_>) -> [String; 2] {
    [Format::Json, Format::Xml].map(|format| String::from_utf8(body.bytes(format)).expect("UTF-8"))
}

/// The value that the vendor's samples print.
fn printed(member: &CustomerMember) -> Value<'static> {
    match member.kind {
        _ if !member.is_required => Value::Null,
        Kind::Integer => Value::Integer(0),
        Kind::Boolean => Value::Bool(false),
        Kind::Date => Value::Date(Moment::UNSET),
        Kind::Text | Kind::Password => panic!("a required text"),
    }
}

#[test]
fn the_samples_are_written_byte_for_byte() {
    let value = Value::object(MEMBERS.iter().map(|member| (member.name, printed(member))));
    let [json, xml] = written(&ResponseBody { root: "Customer", value });
    assert_eq!(json, include_str!("samples/response.json").trim().replace('\n', "").replace("\": ", "\":"));
    assert_eq!(xml, include_str!("samples/response.xml").trim().replace("> <", "><"));
}

#[test]
fn every_value_has_the_kind_of_its_member() {
    let profiled = stored(sample());
    let plan = ByDesignPlan::default();
    let source = Source::new(&profiled, &plan);
    for member in &MEMBERS {
        let value = (member.value)(&source);
        let is_of_kind = match member.kind {
            Kind::Text | Kind::Password => matches!(value, Value::Text(_)),
            Kind::Boolean => matches!(value, Value::Bool(_)),
            Kind::Integer => matches!(value, Value::Integer(_)),
            Kind::Date => matches!(value, Value::Date(_)),
        };
        assert!(is_of_kind || (!member.is_required && matches!(value, Value::Null)), "{}: {value:?}", member.name);
    }
}

#[test]
fn values_are_written_in_both_formats() {
    let mut profiled = stored(sample());
    profiled.customer.first_name = Some("Bobby \"<\u{7}".into());
    profiled.customer.last_name = None;
    profiled.customer.tax_exempt = Some(true);
    let [json, xml] = written(&customer(&profiled, &ByDesignPlan::default()));
    let head =
        r#"{"CustomerID":7,"CustomerDID":"7","BCKey":1,"CustomerTypeID":2,"FirstName":"Bobby \"<\u0007","Company":"#;
    assert!(json.starts_with(head), "{json}");
    assert!(json.contains(r#""ReferCustomerID":3,"DateOfBirth":"1980-05-01T07:40:09.736334-04:00","#), "{json}");
    assert!(xml.contains("<FirstName>Bobby \"&lt;\u{fffd}</FirstName><LastName /><MI />"), "{xml}");
    assert!(xml.contains("<TaxExempt>True</TaxExempt>"), "{xml}");
    assert!(xml.contains("<DateOfBirth>05/01/1980 07:40:09</DateOfBirth>"), "{xml}");
}

#[test]
fn no_customers_are_an_empty_array() {
    let plan = ByDesignPlan::default();
    assert_eq!(written(&customers(&[], &plan)), ["[]", "<ArrayOfCustomer />"]);
    let two = [stored(sample()), stored(sample())];
    let [json, xml] = written(&customers(&two, &plan));
    assert!(json.starts_with(r#"[{"CustomerID":7,"#) && json.ends_with("}]"), "{json}");
    assert!(xml.starts_with("<ArrayOfCustomer><Customer><CustomerID>7</CustomerID>"), "{xml}");
}

#[test]
fn public_info_leaves_out_nulls() {
    let mut profiled = stored(sample());
    profiled.customer.company_name = None;
    profiled.customer.primary_address.city = None;
    let [json, xml] = written(&public_info(&profiled, &ByDesignPlan::default()));
    assert_eq!(
        json,
        r#"{"CustomerDID":"7","DisplayName":"Ada Lovelace","FirstName":"Ada","LastName":"Lovelace","State":"UT","Country":"United States","Phone":"1","Email":"ada@x.y"}"#
    );
    let head = "<PublicInfo><CustomerDID>7</CustomerDID><DisplayName>Ada Lovelace</DisplayName><Company />";
    assert!(xml.starts_with(head), "{xml}");
    assert!(PUBLIC_INFO.iter().filter_map(|(_, member)| *member).all(|name| MEMBERS.iter().any(|m| m.name == name)));
}
