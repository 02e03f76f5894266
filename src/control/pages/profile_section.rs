//! What the other doors' callers say of a customer besides its fields.

use maud::{Markup, html};

use super::json_text::laid_out;
use crate::customers::{CustomerId, Customers, Error, ProfileOwner, Profiled, Scope};
use crate::journal::shown_text;

/// What each door's callers say, secrets hidden; nothing where they say nothing.
pub(super) async fn section(customers: &Customers, scope: &Scope<'_>, id: CustomerId) -> Result<Markup, Error> {
    let bydesign = customers.profiled(scope, id, ProfileOwner::ByDesign).await?;
    let storm = customers.profiled(scope, id, ProfileOwner::Storm).await?;
    if bydesign.fields.is_empty() && storm.fields.is_empty() && storm.companies.is_empty() {
        return Ok(html! {});
    }
    Ok(html! {
        section aria-labelledby="beside" {
            h2 #beside { "Said at the other doors" }
            p.hint { "What a customer has no field for. Its id of the system's is " code { (storm.key) } "." }
            @for (door, said) in [("ByDesign", &bydesign), ("Storm", &storm)] { (of_door(door, said)) }
        }
    })
}

fn of_door(door: &str, said: &Profiled) -> Markup {
    let shown = |json: serde_json::Result<String>| laid_out(&shown_text(&json.unwrap_or_default()));
    html! {
        @if !said.fields.is_empty() {
            details { summary { (door) } pre { (shown(serde_json::to_string(&said.fields))) } }
        }
        @if !said.companies.is_empty() {
            details { summary { (door) "'s companies" } pre { (shown(serde_json::to_string(&said.companies))) } }
        }
    }
}
