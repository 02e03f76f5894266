//! The journal, as the control API and the pages read it.

use super::error::ControlError;
use crate::database::TenantId;
use crate::journal::{Detail, Entry, Filter, Journal};
use crate::tenants::Tenants;

/// # Errors
/// `NotFound` when the journal is off.
pub(super) fn journal(tenants: &Tenants) -> Result<&Journal, ControlError> {
    let journal = &tenants.journal;
    if journal.is_on() { Ok(journal) } else { Err(is_off()) }
}

pub(super) fn is_off() -> ControlError {
    ControlError::NotFound("the journal is off".to_owned())
}

/// A tenant's requests for a page, the newest first, without headers and bodies.
///
/// # Errors
/// When the database fails, or the server stops.
pub(super) async fn listed(
    journal: &Journal,
    tenant: Option<TenantId>,
    filter: &Filter,
    limit: usize,
) -> Result<Vec<Entry>, ControlError> {
    Ok(journal.find(tenant, filter, limit, Detail::WithoutMessages).await?)
}

/// A request by its id or number. Unauthenticated requests have no tenant.
///
/// # Errors
/// `NotFound`, or when the database fails.
pub(super) async fn find_request(
    journal: &Journal,
    tenant: Option<TenantId>,
    id_or_number: &str,
) -> Result<Entry, ControlError> {
    let found = if let Ok(number) = id_or_number.parse::<u64>() {
        // The earliest one after the number before.
        let filter = Filter { since: number.checked_sub(1), ..Filter::default() };
        journal.one(tenant, &filter).await?.filter(|entry| entry.number == number)
    } else if let Ok(id) = id_or_number.parse() {
        journal.one(tenant, &Filter { request_id: Some(id), ..Filter::default() }).await?
    } else {
        None
    };
    found
        .ok_or_else(|| ControlError::NotFound("the journal does not have this request, or no longer has it".to_owned()))
}
