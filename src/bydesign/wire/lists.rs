//! The small objects and lists of the operations beside.

use std::collections::BTreeMap;

use super::customer::CustomerAnswer;
use super::tree::{Answer, Tree};
use crate::bydesign::{countries, locales};

/// What `CustomerLookup` answers: whole customers, `[]` when there are none.
pub(in crate::bydesign) fn customers<'a>(customers: &'a [CustomerAnswer<'a>]) -> Answer<'a> {
    let trees = customers.iter().map(CustomerAnswer::tree).collect();
    Answer { root: "ArrayOfCustomer", tree: Tree::List("Customer", trees) }
}

/// What anybody may know of a customer: its names, and where its primary address is.
pub(in crate::bydesign) fn public_info<'a>(customer: &'a CustomerAnswer<'a>, display_name: &'a str) -> Answer<'a> {
    Answer {
        root: "PublicInfo",
        tree: Tree::object([
            ("CustomerDID", Tree::text(customer.customer_did.as_deref())),
            ("DisplayName", Tree::text(Some(display_name))),
            ("Company", Tree::text(customer.company.as_deref())),
            ("FirstName", Tree::text(customer.first_name.as_deref())),
            ("LastName", Tree::text(customer.last_name.as_deref())),
            ("City", Tree::text(customer.bill_city.as_deref())),
            ("State", Tree::text(customer.bill_state.as_deref())),
            ("Country", Tree::text(customer.bill_country.as_deref())),
            ("Phone", Tree::text(customer.phone1.as_deref())),
            ("Email", Tree::text(customer.email.as_deref())),
        ]),
    }
}

/// The customer types of a plan.
pub(in crate::bydesign) fn customer_types(types: &BTreeMap<i32, String>) -> Answer<'_> {
    let all = types.iter().map(|(id, name)| customer_type_tree(*id, name)).collect();
    Answer { root: "ArrayOfCustomerType", tree: Tree::List("CustomerType", all) }
}

/// One customer type.
pub(in crate::bydesign) fn customer_type(id: i32, name: &str) -> Answer<'_> {
    Answer { root: "CustomerType", tree: customer_type_tree(id, name) }
}

fn customer_type_tree(id: i32, name: &str) -> Tree<'_> {
    // Nothing is known of the vendor's abbreviations; these are the first letters.
    let abbreviation: String = name.split_whitespace().filter_map(|word| word.chars().next()).collect();
    Tree::object([
        ("ID", Tree::Integer(id)),
        ("Description", Tree::text(Some(name))),
        ("Abbreviation", Tree::Text(abbreviation.to_uppercase().into())),
        ("IsExtranet", Tree::Bool(false)),
    ])
}

/// Every country that has a name.
pub(in crate::bydesign) fn countries() -> Answer<'static> {
    let tree = |(id, code, name)| {
        Tree::object([
            ("ID", Tree::Integer(id)),
            ("Description", Tree::text(Some(name))),
            ("ISODescription", Tree::text(Some(code))),
            ("Active", Tree::Bool(true)),
        ])
    };
    Answer { root: "ArrayOfCountry", tree: Tree::List("Country", countries::all().into_iter().map(tree).collect()) }
}

/// Every locale. `default` is the id of the one that counts for the customer that was asked about.
pub(in crate::bydesign) fn locales(default: i32) -> Answer<'static> {
    let tree = |locale: locales::Locale| {
        Tree::object([
            ("ID", Tree::Integer(locale.id)),
            ("Description", Tree::text(Some(locale.description))),
            ("ISODescription", Tree::text(Some(locale.iso_description))),
            ("LocaleASP", Tree::Integer(locale.windows_number)),
            ("Active", Tree::Bool(true)),
            ("IsDefault", Tree::Bool(locale.id == default)),
        ])
    };
    Answer { root: "ArrayOfLocale", tree: Tree::List("Locale", locales::ALL.map(tree).into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bydesign::negotiate::Format;

    fn written(answer: &Answer<'_>) -> [String; 2] {
        [Format::Json, Format::Xml].map(|format| String::from_utf8(answer.bytes(format)).expect("UTF-8"))
    }

    #[test]
    fn no_customers_are_an_empty_array() {
        assert_eq!(written(&customers(&[])), ["[]", "<ArrayOfCustomer />"]);
        let two = [CustomerAnswer::default(), CustomerAnswer::default()];
        let [json, xml] = written(&customers(&two));
        assert!(json.starts_with(r#"[{"CustomerID":0,"#) && json.ends_with("}]"), "{json}");
        assert!(xml.starts_with("<ArrayOfCustomer><Customer><CustomerID>0</CustomerID>"), "{xml}");
    }

    #[test]
    fn public_info_leaves_out_what_is_missing() {
        let customer = CustomerAnswer { customer_did: Some("7".into()), ..CustomerAnswer::default() };
        let [json, xml] = written(&public_info(&customer, "Bobby"));
        assert_eq!(json, r#"{"CustomerDID":"7","DisplayName":"Bobby"}"#);
        assert!(xml.starts_with("<PublicInfo><CustomerDID>7</CustomerDID><DisplayName>Bobby</DisplayName><Company />"));
    }

    #[test]
    fn lists_name_their_items() {
        let types = BTreeMap::from([(2, "Retail Customer".to_owned())]);
        let [json, xml] = written(&customer_types(&types));
        assert_eq!(json, r#"[{"ID":2,"Description":"Retail Customer","Abbreviation":"RC","IsExtranet":false}]"#);
        assert!(xml.starts_with("<ArrayOfCustomerType><CustomerType><ID>2</ID>"), "{xml}");
        assert_eq!(format!("[{}]", written(&customer_type(2, "Retail Customer"))[0]), json);
        let [json, _] = written(&countries());
        assert!(json.contains(r#"{"ID":124,"Description":"CANADA","ISODescription":"CA","Active":true}"#), "{json}");
        let [json, xml] = written(&locales(2));
        let english = r#"{"ID":1,"Description":"English","ISODescription":"en-US","LocaleASP":1033,"Active":true,"#;
        assert!(json.starts_with(&format!("[{english}\"IsDefault\":false}},")), "{json}");
        assert!(xml.contains("<IsDefault>True</IsDefault>"), "{xml}");
    }
}
