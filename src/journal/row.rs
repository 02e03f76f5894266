//! Requests as rows of the table, without secrets, and entries made of them.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use uuid::Uuid;

use super::database_clock::DatabaseClock;
use super::entry::Entry;
use super::raw::{Kept, Numbered};
use super::show::{Detail, Redactor};
use crate::database::TenantId;

/// What a row takes in addition to its entry, in bytes.
const OVERHEAD: usize = 100;

/// The maximum size of an entry that is read, in bytes of JSON. None is as large.
const MAX_JSON: u64 = 2 * 1024 * 1024;

/// The tenant of the unauthenticated requests.
pub(super) const NO_TENANT: i32 = 0;

/// Rows column by column, as one statement writes them.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub tenants: Vec<i32>,
    /// Where each stands among the tenant's: its number if it has one, otherwise when it ended, in microseconds of the database's clock.
    pub places: Vec<i64>,
    pub request_ids: Vec<Uuid>,
    pub operations: Vec<String>,
    pub statuses: Vec<Option<i16>>,
    pub customers: Vec<Option<i32>>,
    pub bytes: Vec<i32>,
    /// As JSON, deflated.
    pub entries: Vec<Vec<u8>>,
}

/// The rows of a tenant, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TenantRows {
    pub tenant: i32,
    pub entries: i64,
    pub bytes: i64,
    /// The place of the last one.
    pub last: i64,
}

/// The tenant's number in the tables.
pub(super) fn tenant_number(tenant: Option<TenantId>) -> i32 {
    tenant.map_or(NO_TENANT, |tenant| tenant.0)
}

impl Rows {
    /// Hides the secrets of requests that have no numbers yet.
    pub(super) fn of(redactor: &Redactor, clock: &DatabaseClock, batch: &[Arc<Kept>]) -> Self {
        let mut rows = Self::default();
        for kept in batch {
            let numbered = Numbered { number: 0, kept: Arc::clone(kept) };
            rows.push(&redactor.entry(&numbered, Detail::Whole), clock.time_at(kept.ended_at));
        }
        rows
    }

    /// Hides the secrets of requests that have numbers.
    pub(super) fn of_numbered(redactor: &Redactor, requests: impl IntoIterator<Item = Numbered>) -> Self {
        let mut rows = Self::default();
        for numbered in requests {
            let place = i64::try_from(numbered.number).unwrap_or(i64::MAX);
            rows.push(&redactor.entry(&numbered, Detail::Whole), place);
        }
        rows
    }

    fn push(&mut self, entry: &Entry, place: i64) {
        let json = serde_json::to_string(entry).expect("invariant: plain data is JSON");
        self.tenants.push(tenant_number(entry.tenant));
        self.places.push(place);
        self.request_ids.push(entry.request_id);
        self.operations.push(entry.operation.clone().into_owned());
        self.statuses.push(entry.status.and_then(|status| i16::try_from(status).ok()));
        self.customers.push(entry.customer);
        self.bytes.push(i32::try_from(json.len() + OVERHEAD).unwrap_or(i32::MAX));
        self.entries.push(deflated(json.as_bytes()));
    }

    pub(super) fn len(&self) -> usize {
        self.tenants.len()
    }

    /// The rows by their tenants, in the order of the tenants' numbers, so that servers lock them in one order.
    pub(super) fn by_tenant(&self) -> Vec<TenantRows> {
        let mut counted = std::collections::BTreeMap::new();
        for ((place, tenant), bytes) in self.places.iter().zip(&self.tenants).zip(&self.bytes) {
            let rows = counted.entry(*tenant).or_insert(TenantRows { tenant: *tenant, entries: 0, bytes: 0, last: 0 });
            rows.entries += 1;
            rows.bytes += i64::from(*bytes);
            rows.last = *place;
        }
        counted.into_values().collect()
    }
}

fn deflated(json: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(json.len() / 2), Compression::fast());
    let written = encoder.write_all(json).and_then(|()| encoder.finish());
    written.expect("invariant: a Vec takes every byte")
}

/// The entry of a row. `None` for one of another version, which this program cannot read.
pub(super) fn entry_of(tenant: Option<TenantId>, number: i64, deflated: &[u8], detail: Detail) -> Option<Entry> {
    let json = DeflateDecoder::new(deflated).take(MAX_JSON);
    let read = serde_json::from_reader::<_, Entry>(std::io::BufReader::new(json));
    let entry = read.inspect_err(|error| tracing::debug!(%error, "a row of the journal cannot be read")).ok()?;
    let entry = Entry { number: u64::try_from(number).ok()?, tenant, ..entry };
    Some(match detail {
        Detail::Whole => entry,
        Detail::WithoutMessages => entry.without_messages(),
    })
}
