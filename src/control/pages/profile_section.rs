//! The members of a customer that other vendor APIs store in addition to its fields.

use maud::{Markup, html};

use super::json_text::pretty_json;
use crate::customers::{Customers, Error, ProfileOwner, Profiled, Scope};
use crate::journal::redacted_text;
use crate::model::CustomerId;

/// The profiles without their secrets; empty if there are none.
pub(super) async fn section(customers: &Customers, scope: &Scope<'_>, id: CustomerId) -> Result<Markup, Error> {
    let bydesign = customers.profiled(scope, id, ProfileOwner::ByDesign).await?;
    let storm = customers.profiled(scope, id, ProfileOwner::Storm).await?;
    if bydesign.fields.is_empty() && storm.fields.is_empty() && storm.companies.is_empty() {
        return Ok(html! {});
    }
    Ok(html! {
        section aria-labelledby="profiles" {
            h2 #profiles { "Other vendor APIs" }
            p.hint { "Members that customers have no field for. The customer's uuid is " code { (storm.uuid) } "." }
            @for (vendor, profile) in [("ByDesign", &bydesign), ("Storm", &storm)] { (of_vendor(vendor, profile)) }
        }
    })
}

fn of_vendor(vendor: &str, profile: &Profiled) -> Markup {
    let shown = |json: serde_json::Result<String>| pretty_json(&redacted_text(&json.unwrap_or_default()));
    html! {
        @if !profile.fields.is_empty() {
            details { summary { (vendor) } pre { (shown(serde_json::to_string(&profile.fields))) } }
        }
        @if !profile.companies.is_empty() {
            details { summary { (vendor) "'s companies" } pre { (shown(serde_json::to_string(&profile.companies))) } }
        }
    }
}
