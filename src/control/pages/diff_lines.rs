//! The changes of a request as a unified diff, in the field names of the API.

use maud::{Markup, html};

use super::format::{at, count, plain};
use crate::journal::{Change, Entry, FieldChange};
use crate::model::Field;

/// Columns that no API shows, apart from those that end with `_key`.
const TECHNICAL: [&str; 5] = ["modified_at", "created_at", "version", "password_hash", "tenant_id"];

/// Columns of other tables than that of the customers, with the vendor's spelling.
const OTHERS: [(&str, &str); 10] = [
    ("customer_id", "CustomerId"),
    ("upline_id", "UplineId"),
    ("enroller_id", "EnrollerId"),
    ("associateid", "AssociateID"),
    ("oldassociatetype", "OldAssociateType"),
    ("newassociatetype", "NewAssociateType"),
    ("changedate", "ChangeDate"),
    ("changedby", "ChangedBy"),
    ("requestid", "RequestId"),
    ("inactive_date", "InactiveDate"),
];

/// The changes with their number of technical columns, and a switch that shows those. `address` is that of the page, with its query.
pub(super) fn changes(entry: &Entry, tenant: Option<&str>, has_technical: bool, address: &str) -> Markup {
    let technical: usize = entry.changes.iter().map(|change| split(change).1.len()).sum();
    html! {
        @for change in &entry.changes {
            @let (fields, hidden) = split(change);
            h3 {
                (change.table) " "
                @match tenant.filter(|_| change.table == "customers") {
                    Some(name) => a href=(at(name, &format!("customers/{}", change.id))) { (change.id) },
                    None => (change.id),
                }
            }
            div.diff {
                @for field in fields.iter().chain(hidden.iter().filter(|_| has_technical)) { (lines(&change.table, field)) }
                @if fields.is_empty() && !has_technical { div.hint { " only technical columns" } }
            }
        }
        @if technical > 0 {
            p {
                @if has_technical { a href=(address) { "Hide the technical columns" } }
                @else { a href={ (address) "&technical=1" } { "Show " (count(technical, "technical column", "technical columns")) } }
            }
        }
    }
}

/// The fields of a change, and its technical columns.
fn split(change: &Change) -> (Vec<&FieldChange>, Vec<&FieldChange>) {
    change.fields.iter().partition(|field| !is_technical(&field.field))
}

fn is_technical(column: &str) -> bool {
    column.ends_with("_key") || TECHNICAL.contains(&column)
}

/// A removed and an added line; of a new row only the second, of a value that is gone only the first.
fn lines(table: &str, change: &FieldChange) -> Markup {
    let name = api_name(table, &change.field);
    let (before, after) = (change.before.value(), change.after.value());
    html! {
        @if !before.is_null() { del { "- " (name) ": " (plain(&before)) } }
        @if !after.is_null() { ins { "+ " (name) ": " (plain(&after)) } }
    }
}

/// The name that the API has for a column; the column's own if it has none.
fn api_name<'a>(table: &str, column: &'a str) -> &'a str {
    if table == "customers"
        && let Some(name) = field_of(column)
    {
        return name;
    }
    OTHERS.iter().find(|(known, _)| *known == column).map_or(column, |(_, name)| *name)
}

fn field_of(column: &str) -> Option<&'static str> {
    let whole = Field::WHOLE.iter().find(|field| field.columns().contains(&column))?;
    let place = whole.columns().iter().position(|known| *known == column)?;
    // Only an address has more than one column, in the order of its parts.
    let is_part = whole.columns().len() > 1;
    if is_part { whole.parts().nth(place).map(Field::name) } else { Some(whole.name()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_the_names_of_the_api() {
        for (table, column, name) in [
            ("customers", "customer_type", "CustomerType"),
            ("customers", "primary_postal_code", "PrimaryAddress.PostalCode"),
            ("customers", "shipping_street1", "DefaultShippingAddress.Street1"),
            ("customers", "custom_fields", "AssociateCustom"),
            ("sponsor_tree", "upline_id", "UplineId"),
            ("sponsor_tree", "customer_type", "customer_type"),
            ("CRM_AssociateTypeChanges", "newassociatetype", "NewAssociateType"),
            ("reward_points", "points", "points"),
        ] {
            assert_eq!(api_name(table, column), name);
        }
    }

    #[test]
    fn technical_columns_are_recognized() {
        for (column, expected) in
            [("email_address_key", true), ("version", true), ("email_address", false), ("keys", false)]
        {
            assert_eq!(is_technical(column), expected, "{column}");
        }
    }
}
