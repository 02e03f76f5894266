//! The vendor's samples, and what is beyond them.

use super::*;
use crate::vendors::bydesign::negotiate::Format;
use crate::vendors::bydesign::wire::dates::wall_clock;
use crate::wire::dates::DateForms;

fn written(customer: &CustomerAnswer<'_>, format: Format) -> String {
    String::from_utf8(customer.answer().bytes(format)).expect("UTF-8")
}

#[test]
fn the_samples_are_printed_from_nothing() {
    let nothing = CustomerAnswer::default();
    let sample = include_str!("samples/answer.xml").trim();
    assert_eq!(written(&nothing, Format::Xml), sample.replace("> <", "><"));
    let sample = include_str!("samples/answer.json").trim();
    assert_eq!(written(&nothing, Format::Json), sample.replace('\n', "").replace("\": ", "\":"));
}

#[test]
fn there_are_58_members() {
    let nothing = CustomerAnswer::default();
    let Tree::Object(members) = nothing.tree() else { panic!("no object") };
    assert_eq!(members.len(), 58);
}

#[test]
fn what_is_set_is_shown_in_either_format() {
    let zone = chrono_tz::Tz::America__New_York;
    let born = wall_clock("1980-05-01", zone, DateForms::JSON_NET).expect("a date");
    let customer = CustomerAnswer {
        customer_id: 7,
        first_name: Some("Bobby \"<\u{7}".into()),
        tax_exempt: true,
        refer_customer_id: Some(3),
        date_of_birth: Some(Moment::of_wall(born, zone)),
        ..CustomerAnswer::default()
    };
    let json = written(&customer, Format::Json);
    assert!(
        json.starts_with(r#"{"CustomerID":7,"BCKey":0,"CustomerTypeID":0,"FirstName":"Bobby \"<\u0007","#),
        "{json}"
    );
    assert!(
        json.contains(r#""ReferCustomerID":3,"DateOfBirth":"1980-05-01T00:00:00-04:00","ApplicationDate""#),
        "{json}"
    );
    let xml = written(&customer, Format::Xml);
    assert!(xml.contains("<FirstName>Bobby \"&lt;\u{fffd}</FirstName><LastName />"), "{xml}");
    assert!(xml.contains("<TaxExempt>True</TaxExempt>"), "{xml}");
    assert!(xml.contains("<DateOfBirth>05/01/1980 00:00:00</DateOfBirth>"), "{xml}");
}
