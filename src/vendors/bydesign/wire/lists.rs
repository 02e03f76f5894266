//! The small objects and lists of the operations beside.

use super::customer::CustomerAnswer;
use super::dates::Moment;
use super::tree::{Answer, Tree};
use crate::plan::Plan;
use crate::vendors::bydesign::{countries, locales};

/// What `CustomerLookup` answers: whole customers, `[]` when there are none.
pub(in crate::vendors::bydesign) fn customers<'a>(customers: &'a [CustomerAnswer<'a>]) -> Answer<'a> {
    let trees = customers.iter().map(CustomerAnswer::tree).collect();
    Answer { root: "ArrayOfCustomer", tree: Tree::List("Customer", trees) }
}

/// What anybody may know of a customer: its names, and where its primary address is.
pub(in crate::vendors::bydesign) fn public_info<'a>(
    customer: &'a CustomerAnswer<'a>,
    display_name: &'a str,
) -> Answer<'a> {
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
pub(in crate::vendors::bydesign) fn customer_types(plan: &Plan) -> Answer<'_> {
    let all = plan.types.iter().map(|(id, name)| customer_type_tree(*id, name, plan)).collect();
    Answer { root: "ArrayOfCustomerType", tree: Tree::List("CustomerType", all) }
}

/// One customer type of a plan, if it has it.
pub(in crate::vendors::bydesign) fn customer_type(id: i32, plan: &Plan) -> Option<Answer<'_>> {
    let name = plan.types.get(&id)?;
    Some(Answer { root: "CustomerType", tree: customer_type_tree(id, name, plan) })
}

/// The members that the vendor's page lists, in its order. Of their values only the id and the name are a plan's.
fn customer_type_tree<'a>(id: i32, name: &'a str, plan: &Plan) -> Tree<'a> {
    // Nothing is known of the vendor's abbreviations; these are the first letters.
    let abbreviation: String = name.split_whitespace().filter_map(|word| word.chars().next()).collect();
    Tree::object([
        ("ID", Tree::Integer(id)),
        ("Description", Tree::text(Some(name))),
        ("Abbreviation", Tree::Text(abbreviation.to_uppercase().into())),
        ("OrderType", Tree::text(Some("Standard"))),
        ("AutoShipOrderType", Tree::text(Some("AutoShip"))),
        ("IsExtranet", Tree::Bool(false)),
        ("IsAllowUpdateFrom", Tree::Bool(plan.upgrade_transitions.iter().any(|(from, _)| *from == id))),
        ("IsAllowUpdateTo", Tree::Bool(plan.upgrade_transitions.iter().any(|(_, to)| *to == id))),
        // A creation takes any type.
        ("IsAllowNewProfileFromExt", Tree::Bool(true)),
        ("ProgrammingKey", Tree::Null),
        ("DefaultAutoShipCreditAccountIDOverride", Tree::Null),
        ("CreatedBy", Tree::Null),
        ("DateCreated", Tree::Date(Moment::UNSET)),
        ("LastModifiedBy", Tree::Null),
        ("DateLastModified", Tree::Null),
    ])
}

/// Every country that has a name: the members that a public client reads, then those of its like that the operations share.
/// The default one is the vendor's own, or the first of the plan's where that has another.
pub(in crate::vendors::bydesign) fn countries(plan: &Plan) -> Answer<'static> {
    let shops: Vec<_> = plan.countries.keys().filter_map(crate::plan::CountryCode::country).collect();
    let default = shops.iter().find(|country| country.alpha2 == "US").or(shops.first()).map(|country| country.alpha2);
    let tree = |(id, code, name)| {
        Tree::object([
            ("ID", Tree::Integer(id)),
            ("Description", Tree::text(Some(name))),
            ("Abbreviation", Tree::text(Some(code))),
            ("IsDefault", Tree::Bool(default == Some(code))),
            ("IsActive", Tree::Bool(true)),
            ("ISODescription", Tree::text(Some(code))),
            ("Active", Tree::Bool(true)),
        ])
    };
    Answer { root: "ArrayOfCountry", tree: Tree::List("Country", countries::all().into_iter().map(tree).collect()) }
}

/// Every locale. `default` is the id of the one that counts for the customer that was asked about.
pub(in crate::vendors::bydesign) fn locales(default: i32) -> Answer<'static> {
    let tree = |locale: locales::Locale| {
        Tree::object([
            ("ID", Tree::Integer(locale.id)),
            ("Description", Tree::text(Some(locale.description))),
            ("ISODescription", Tree::text(Some(locale.iso_description))),
            ("LocaleASP", Tree::Integer(locale.windows_number)),
            ("Active", Tree::Bool(true)),
            ("IsDefault", Tree::Bool(locale.id == default)),
            ("IsDecimalUsed", Tree::Bool(locale.decimals > 0)),
            ("DecimalValue", Tree::Integer(locale.decimals)),
        ])
    };
    Answer { root: "ArrayOfLocale", tree: Tree::List("Locale", locales::ALL.map(tree).into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendors::bydesign::negotiate::Format;

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
        let plan = Plan { types: [(2, "Retail Customer".to_owned())].into(), ..Plan::default() };
        let [json, xml] = written(&customer_types(&plan));
        assert!(json.starts_with(r#"[{"ID":2,"Description":"Retail Customer","Abbreviation":"RC","#), "{json}");
        assert!(xml.starts_with("<ArrayOfCustomerType><CustomerType><ID>2</ID>"), "{xml}");
        assert_eq!(format!("[{}]", written(&customer_type(2, &plan).expect("a type"))[0]), json);
        assert!(customer_type(1, &plan).is_none());
        let [json, _] = written(&countries(&plan));
        assert!(json.contains(r#"{"ID":124,"Description":"CANADA","Abbreviation":"CA","IsDefault":false,"#), "{json}");
        let [json, xml] = written(&locales(2));
        let english = r#"{"ID":1,"Description":"English","ISODescription":"en-US","LocaleASP":1033,"Active":true,"#;
        let decimals = r#""IsDefault":false,"IsDecimalUsed":true,"DecimalValue":2},"#;
        assert!(json.starts_with(&format!("[{english}{decimals}")), "{json}");
        assert!(json.contains(
            r#""ISODescription":"ja-JP","LocaleASP":1041,"Active":true,"IsDefault":false,"IsDecimalUsed":false,"#
        ));
        assert!(xml.contains("<IsDefault>True</IsDefault>"), "{xml}");
    }
}
