//! The switch that keeps states of a tenant, to go back to before a request.

use maud::{Markup, html};

use super::PageResult;
use super::extract::TenantPage;
use crate::control::undo::{MAX_CUSTOMER, MAX_STATES};

pub(super) async fn turn_on(page: TenantPage) -> PageResult {
    page.request.control.undo.turn_on(page.tenants(), page.tenant.id, page.name()).await?;
    Ok(page.to("#undo"))
}

pub(super) async fn turn_off(page: TenantPage) -> PageResult {
    page.request.control.undo.turn_off(page.tenants(), page.tenant.id, page.name()).await?;
    Ok(page.to("#undo"))
}

/// The switch, at the end of the list of requests.
pub(super) fn switch(page: &TenantPage) -> Markup {
    let is_on = page.request.control.undo.is_on(page.tenant.id);
    html! {
        details.connect #undo open[is_on] {
            summary { "Undo: " @if is_on { "on" } @else { "off" } }
            p {
                @if is_on { "This server saves the data after each request that changes it, and keeps the last " (MAX_STATES) " states as snapshots. The page of a later request leads back to before it." }
                @else { "While it is on, this server saves the data after each request that changes it, so that you can go back to before one of the last requests. For tenants whose customers have ids up to " (MAX_CUSTOMER) ". Each server keeps its own states." }
            }
            form method="post" action=(page.path(if is_on { "undo/off" } else { "undo/on" })) {
                p.buttons { button.quiet { @if is_on { "Stop, and delete the states" } @else { "Keep states from now on" } } }
            }
        }
    }
}
