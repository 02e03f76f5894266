//! Reads the requests that are in the memory of this server. Their secrets are hidden, and their rows compared, only here.

use super::entry::Entry;
use super::filter::Filter;
use super::raw::Numbered;
use super::rings::Rings;
use super::show::{Detail, Redactor};
use crate::database::TenantId;

/// The newest requests that match, the newest first. `max_bytes` is that of all together.
pub(super) fn newest(
    rings: &Rings,
    redactor: &Redactor,
    tenant: Option<TenantId>,
    filter: &Filter,
    (limit, max_bytes): (usize, usize),
    detail: Detail,
) -> Vec<Entry> {
    let mut found = Vec::new();
    let (mut before, mut bytes) = (u64::MAX, 0);
    while found.len() < limit
        && let Some(numbered) = rings.before(tenant, before)
        && filter.since.is_none_or(|since| numbered.number > since)
    {
        before = numbered.number;
        if !matches(redactor, filter, &numbered) {
            continue;
        }
        let entry = redactor.entry(&numbered, detail);
        bytes += entry.size();
        if bytes > max_bytes {
            break;
        }
        found.push(entry);
    }
    found
}

/// The earliest request that matches, with a higher number than `after`, which becomes the number of the last one that was looked at.
pub(super) fn earliest(
    rings: &Rings,
    redactor: &Redactor,
    tenant: Option<TenantId>,
    filter: &Filter,
    after: &mut u64,
) -> Option<Entry> {
    loop {
        let numbered = rings.after(tenant, *after)?;
        *after = numbered.number;
        if matches(redactor, filter, &numbered) {
            return Some(redactor.entry(&numbered, Detail::Whole));
        }
    }
}

fn matches(redactor: &Redactor, filter: &Filter, numbered: &Numbered) -> bool {
    filter.matches(numbered, |kept| redactor.customer(kept))
}
