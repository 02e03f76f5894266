//! The members of a customer that other vendor APIs store in addition to its fields.

use maud::{Markup, html};

use super::json_text::pretty_json;
use crate::customers::{Customers, Error, Profiled, Scope};
use crate::journal::redacted_text;
use crate::model::CustomerId;
use crate::vendors::VENDORS;

/// The profiles without their secrets; empty if there are none.
pub(super) async fn section(customers: &Customers, scope: &Scope<'_>, id: CustomerId) -> Result<Markup, Error> {
    let mut profiles = Vec::new();
    for vendor in VENDORS {
        if let Some(owner) = vendor.profile {
            let profile = customers.profiled(scope, id, owner).await?;
            if !profile.fields.is_empty() || !profile.companies.is_empty() {
                profiles.push((vendor.title, profile));
            }
        }
    }
    let Some((_, first)) = profiles.first() else { return Ok(html! {}) };
    Ok(html! {
        section aria-labelledby="profiles" {
            h2 #profiles { "Other vendor APIs" }
            p.hint { "Members that customers have no field for. The customer's uuid is " code { (first.uuid) } "." }
            @for (vendor, profile) in &profiles { (of_vendor(vendor, profile)) }
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
