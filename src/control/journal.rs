//! The journal, as the control API and the pages read it.

use super::error::ControlError;
use crate::database::TenantId;
use crate::journal::{Detail, Entry, Filter, Journal};
use crate::tenants::Tenants;

/// # Errors
/// `NotFound` when the journal is off.
pub(super) fn journal(tenants: &Tenants) -> Result<&Journal, ControlError> {
    let journal = &tenants.journal;
    if journal.is_on() { Ok(journal) } else { Err(ControlError::NotFound("the journal is off".to_owned())) }
}

/// A tenant's requests for a page, the newest first, without headers and bodies. They are made on a blocking thread: rows are compared
/// and secrets hidden only now.
///
/// # Errors
/// `Interrupted` when the server stops.
pub(super) async fn listed(
    journal: &Journal,
    tenant: Option<TenantId>,
    filter: Filter,
    limit: usize,
) -> Result<Vec<Entry>, ControlError> {
    let journal = journal.clone();
    let find = move || journal.find(tenant, &filter, limit, Detail::WithoutMessages);
    tokio::task::spawn_blocking(find).await.map_err(|_| ControlError::Interrupted)
}

/// A request by its id or number. Unauthenticated requests have no tenant.
///
/// # Errors
/// `NotFound`.
pub(super) fn find_request(
    journal: &Journal,
    tenant: Option<TenantId>,
    id_or_number: &str,
) -> Result<Entry, ControlError> {
    let found = if let Ok(number) = id_or_number.parse::<u64>() {
        // The earliest one after the number before.
        let filter = Filter { since: number.checked_sub(1), ..Filter::default() };
        journal.earliest(tenant, &filter).filter(|entry| entry.number == number)
    } else {
        let id = id_or_number.parse().ok();
        let by_id = |id| Filter { request_id: Some(id), ..Filter::default() };
        id.and_then(|id| journal.find(tenant, &by_id(id), 1, Detail::Whole).pop())
    };
    found
        .ok_or_else(|| ControlError::NotFound("the journal does not have this request, or no longer has it".to_owned()))
}
