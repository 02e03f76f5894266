//! The changes of type that upgrades logged.

use maud::{Markup, html};

use super::PageResult;
use super::extract::TenantPage;
use super::format::{customer_type, time};
use super::tabs::{self, Tab};
use crate::customers::TypeChange;

const MAX_SHOWN: i64 = 200;

/// `CRM_AssociateTypeChanges`, the newest first.
pub(super) async fn page(page: TenantPage) -> PageResult {
    let _presence = page.tenants().enter(page.tenant.id).await?;
    let found = page.tenants().customers.type_changes(page.tenant.id, None, MAX_SHOWN).await?;
    let body = html! {
        p.lead { "The rows of " code { "CRM_AssociateTypeChanges" } ", the newest first." }
        @if found.is_empty() {
            p.empty { "No upgrades." }
        } @else {
            (table(&page, &found))
            @if i64::try_from(found.len()).is_ok_and(|shown| shown == MAX_SHOWN) { p.hint { "Only the last " (MAX_SHOWN) "." } }
        }
    };
    Ok(tabs::of_tenant(&page, Tab::Changes, "Type changes", None, &body))
}

pub(super) fn table(page: &TenantPage, found: &[TypeChange]) -> Markup {
    let plan = &page.tenant.plan;
    html! {
        table.stack {
            thead { tr {
                th scope="col" { "ChangeDate" } th scope="col" { "AssociateID" } th scope="col" { "OldAssociateType" }
                th scope="col" { "NewAssociateType" } th scope="col" { "ChangedBy" } th scope="col" { "RequestId" }
                th scope="col" { "recordnumber, id" }
            } }
            tbody { @for change in found {
                tr {
                    td data-label="ChangeDate" { (time(change.change_date)) }
                    td data-label="Associate" {
                        a href=(page.path(&format!("customers/{}", change.associate_id))) { (change.associate_id) }
                    }
                    td data-label="Old type" { (customer_type(plan, change.old_associate_type)) }
                    td data-label="New type" { (customer_type(plan, change.new_associate_type)) }
                    td data-label="ChangedBy" { (change.changed_by) }
                    td data-label="RequestId" {
                        a.small href=(page.path(&format!("requests/{}", change.request_id))) { (change.request_id) }
                    }
                    td.small data-label="Record" { (change.record_number) br; span.dim { (change.id) } }
                }
            } }
        }
    }
}
