//! What is read of the tables of the journal. Each statement reads rows of one tenant, and ends after a number of rows and bytes.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::filter::{Filter, StatusFilter};
use super::table::{signed, unsigned};
use crate::database::{Database, DatabaseError};

/// The maximum size of one request in bytes, about: what is left of a maximum for one more.
const MAX_ENTRY: usize = 512 * 1024;

/// A row of the table.
pub(super) struct Row {
    pub number: i64,
    /// As JSON, deflated.
    pub entry: Vec<u8>,
    /// The length of the entry as JSON.
    bytes: i32,
}

/// How many requests, and how many bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    pub rows: usize,
    pub bytes: usize,
}

impl Most {
    /// Whether there may be more than these rows.
    pub(super) fn may_have_cut(self, rows: &[Row]) -> bool {
        let bytes: usize = rows.iter().filter_map(|row| usize::try_from(row.bytes).ok()).sum();
        rows.len() >= self.rows || bytes + MAX_ENTRY > self.bytes
    }
}

/// The statuses that a filter selects, the first and the last one.
fn statuses(filter: &Filter) -> (Option<i16>, Option<i16>) {
    let (first, last) = match filter.status {
        None => return (None, None),
        Some(StatusFilter::Exactly(status)) => (status, status),
        Some(StatusFilter::Class(class)) => (class * 100, class * 100 + 99),
    };
    (i16::try_from(first).ok(), i16::try_from(last).ok())
}

/// The newest requests of a tenant that match, the newest first.
pub(super) async fn newest(
    database: &Database,
    tenant: i32,
    filter: &Filter,
    most: Most,
) -> Result<Vec<Row>, DatabaseError> {
    let (first, last) = statuses(filter);
    let rows = database.run(async |connection| {
        sqlx::query_as!(
            Row,
            r#"
            select number, entry, bytes from (
                select number, entry, bytes, sum(bytes) over (order by number desc rows unbounded preceding) as total
                  from journal_entries
                 where tenant_id = $1
                   and number > greatest($2, (select trimmed from journal_tenants where tenant_id = $1))
                   and ($3::text is null or operation = $3) and ($4::smallint is null or status between $4 and $5)
                   and ($6::integer is null or customer_id = $6) and ($7::uuid is null or request_id = $7)
                 order by number desc limit $8) found
             where total <= $9
             order by number desc
            "#,
            tenant,
            signed(filter.since.unwrap_or_default()),
            filter.operation.as_deref(),
            first,
            last,
            filter.customer,
            filter.request_id,
            i64::try_from(most.rows).unwrap_or(i64::MAX),
            i64::try_from(most.bytes).unwrap_or(i64::MAX)
        )
        .fetch_all(connection)
        .await
    });
    rows.await
}

/// The earliest requests of a tenant that match, the earliest first.
pub(super) async fn earliest(
    database: &Database,
    tenant: i32,
    filter: &Filter,
    most: Most,
) -> Result<Vec<Row>, DatabaseError> {
    let (first, last) = statuses(filter);
    let rows = database.run(async |connection| {
        sqlx::query_as!(
            Row,
            r#"
            select number, entry, bytes from (
                select number, entry, bytes, sum(bytes) over (order by number rows unbounded preceding) as total
                  from journal_entries
                 where tenant_id = $1
                   and number > greatest($2, (select trimmed from journal_tenants where tenant_id = $1))
                   and ($3::text is null or operation = $3) and ($4::smallint is null or status between $4 and $5)
                   and ($6::integer is null or customer_id = $6) and ($7::uuid is null or request_id = $7)
                 order by number limit $8) found
             where total <= $9
             order by number
            "#,
            tenant,
            signed(filter.since.unwrap_or_default()),
            filter.operation.as_deref(),
            first,
            last,
            filter.customer,
            filter.request_id,
            i64::try_from(most.rows).unwrap_or(i64::MAX),
            i64::try_from(most.bytes).unwrap_or(i64::MAX)
        )
        .fetch_all(connection)
        .await
    });
    rows.await
}

/// The beginning of the run, and the number of the latest request of each of these tenants. `None` where there is no run.
pub(super) async fn latest_of(
    database: &Database,
    tenants: &[i32],
) -> Result<Option<(DateTime<Utc>, HashMap<i32, u64>)>, DatabaseError> {
    let rows = database.run(async |connection| {
        sqlx::query!(
            r#"
            select r.started_at, t.tenant_id as "tenant_id?", t.latest as "latest?"
              from journal_run r
              left join lateral (
                   select o.tenant_id, o.latest from unnest($1::integer[]) wanted
                     join journal_tenants o on o.tenant_id = wanted) t on true
             where r.tenant_id = 0
            "#,
            tenants
        )
        .fetch_all(connection)
        .await
    });
    let rows = rows.await?;
    let started_at = rows.first().map(|row| row.started_at);
    let latest = rows.into_iter().filter_map(|row| Some((row.tenant_id?, unsigned(row.latest?)))).collect();
    Ok(started_at.map(|started_at| (started_at, latest)))
}
