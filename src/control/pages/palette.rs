//! The pages of the server and of a tenant as one list of links, from which the script makes the command palette.

use maud::{Markup, html};

use super::PageResult;
use super::extract::{PageRequest, TenantPage};
use super::format::at;
use super::layout;
use super::tabs::{self, Tab};
use crate::control::error::ControlError;
use crate::tenants::Tenants;

/// The maximum number of tenants in the list.
const MAX_TENANTS: i64 = 100;

/// The pages of the server with their names.
const OF_SERVER: [(&str, &str); 5] = [
    ("/_emulator", "Tenants"),
    ("/_emulator/unauthenticated", "Unauthenticated requests"),
    ("/_emulator/docs", "Operations: read and try them"),
    ("/_emulator/coverage", "Coverage"),
    ("/_emulator/openapi.json", "OpenAPI document"),
];

pub(super) async fn page(request: PageRequest) -> PageResult {
    let body = list(&request.tenants, None).await?;
    Ok(layout::plain("Go to", None, &body))
}

pub(super) async fn of_tenant(page: TenantPage) -> PageResult {
    let body = list(page.tenants(), Some(page.name())).await?;
    Ok(tabs::of_tenant(&page, Tab::Requests, "Go to", None, &body))
}

async fn list(tenants: &Tenants, tenant: Option<&str>) -> Result<Markup, ControlError> {
    let others = tenants.list_after("", MAX_TENANTS).await?;
    let body = html! {
        p.lead { "Every page. " kbd { "Ctrl" } " " kbd { "K" } " opens this list on any of them." }
        @if let Some(name) = tenant {
            section aria-labelledby="of-tenant" {
                h2 #of-tenant { "Tenant " (name) }
                ul.plain data-palette-links {
                    @for tab in Tab::ALL {
                        @let (path, words) = tab.words();
                        li { a href=(at(name, path)) { (words) } }
                    }
                    li { a href=(at(name, "diff")) { "Comparison with the seed" } }
                    li { a href={ (at(name, "keys")) "#connect" } { "Connect a program" } }
                }
            }
        }
        section aria-labelledby="of-server" {
            h2 #of-server { "Server" }
            ul.plain data-palette-links { @for (path, words) in OF_SERVER { li { a href=(path) { (words) } } } }
        }
        @if !others.is_empty() {
            section aria-labelledby="tenants" {
                h2 #tenants { "Tenants" }
                ul.plain data-palette-links {
                    @for other in &others { li { a href=(at(&other.name, "")) { "Tenant " (other.name) } } }
                }
            }
        }
    };
    Ok(body)
}
