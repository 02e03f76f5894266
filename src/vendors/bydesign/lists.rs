//! Responses that list a tenant's settings: customer types, countries, locales.

use super::dates::Moment;
use super::response::{ResponseBody, Value};
use super::{countries, locales};
use crate::plan::Plan;

pub(super) fn customer_types(plan: &Plan) -> ResponseBody<'_> {
    let all = plan.types.iter().map(|(id, name)| customer_type_value(*id, name, plan)).collect();
    ResponseBody { root: "ArrayOfCustomerType", value: Value::List("CustomerType", all) }
}

/// `None` when the plan does not have the type.
pub(super) fn customer_type(id: i32, plan: &Plan) -> Option<ResponseBody<'_>> {
    let name = plan.types.get(&id)?;
    Some(ResponseBody { root: "CustomerType", value: customer_type_value(id, name, plan) })
}

/// The members of the vendor's page, in its order. The plan has only the id and the name.
fn customer_type_value<'a>(id: i32, name: &'a str, plan: &Plan) -> Value<'a> {
    // The vendor's abbreviations are unknown; these are the first letters.
    let abbreviation: String = name.split_whitespace().filter_map(|word| word.chars().next()).collect();
    Value::object([
        ("ID", Value::Integer(id)),
        ("Description", Value::text(Some(name))),
        ("Abbreviation", Value::Text(abbreviation.to_uppercase().into())),
        ("OrderType", Value::text(Some("Standard"))),
        ("AutoShipOrderType", Value::text(Some("AutoShip"))),
        ("IsExtranet", Value::Bool(false)),
        ("IsAllowUpdateFrom", Value::Bool(plan.upgrade_transitions.iter().any(|(from, _)| *from == id))),
        ("IsAllowUpdateTo", Value::Bool(plan.upgrade_transitions.iter().any(|(_, to)| *to == id))),
        // A creation accepts any type.
        ("IsAllowNewProfileFromExt", Value::Bool(true)),
        ("ProgrammingKey", Value::Null),
        ("DefaultAutoShipCreditAccountIDOverride", Value::Null),
        ("CreatedBy", Value::Null),
        ("DateCreated", Value::Date(Moment::UNSET)),
        ("LastModifiedBy", Value::Null),
        ("DateLastModified", Value::Null),
    ])
}

/// Every country. The members are those that a public client reads, then those that a country has in common with a locale. The
/// default is the United States where the plan has it, else the first country of the plan.
pub(super) fn countries(plan: &Plan) -> ResponseBody<'static> {
    let enabled: Vec<_> = plan.countries.keys().filter_map(crate::model::CountryCode::country).collect();
    let default =
        enabled.iter().find(|country| country.alpha2 == "US").or(enabled.first()).map(|country| country.alpha2);
    let value = |(id, code, name)| {
        Value::object([
            ("ID", Value::Integer(id)),
            ("Description", Value::text(Some(name))),
            ("Abbreviation", Value::text(Some(code))),
            ("IsDefault", Value::Bool(default == Some(code))),
            ("IsActive", Value::Bool(true)),
            ("ISODescription", Value::text(Some(code))),
            ("Active", Value::Bool(true)),
        ])
    };
    ResponseBody {
        root: "ArrayOfCountry",
        value: Value::List("Country", countries::all().into_iter().map(value).collect()),
    }
}

/// Every locale; `default` is the id of the default one.
pub(super) fn locales(default: i32) -> ResponseBody<'static> {
    let value = |locale: locales::Locale| {
        Value::object([
            ("ID", Value::Integer(locale.id)),
            ("Description", Value::text(Some(locale.description))),
            ("ISODescription", Value::text(Some(locale.iso_description))),
            ("LocaleASP", Value::Integer(locale.windows_number)),
            ("Active", Value::Bool(true)),
            ("IsDefault", Value::Bool(locale.id == default)),
            ("IsDecimalUsed", Value::Bool(locale.decimals > 0)),
            ("DecimalValue", Value::Integer(locale.decimals)),
        ])
    };
    ResponseBody { root: "ArrayOfLocale", value: Value::List("Locale", locales::ALL.map(value).into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendors::bydesign::negotiate::Format;

    fn written(body: &ResponseBody<'_>) -> [String; 2] {
        [Format::Json, Format::Xml].map(|format| String::from_utf8(body.bytes(format)).expect("UTF-8"))
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
