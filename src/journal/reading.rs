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
    /// See [`Rows::places`](super::row::Rows).
    pub place: i64,
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

/// The newest requests of a tenant that match and have numbers, the newest first.
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
            select number as "number!", place, entry, bytes from (
                select number, place, entry, bytes,
                       sum(bytes) over (order by place desc, number desc rows unbounded preceding) as total
                  from journal_entries
                 where tenant_id = $1 and number > $2
                   and place > (select trimmed from journal_tenants where tenant_id = $1)
                   and place <= (select sealed from journal_tenants where tenant_id = $1)
                   and ($3::text is null or operation = $3) and ($4::smallint is null or status between $4 and $5)
                   and ($6::integer is null or customer_id = $6) and ($7::uuid is null or request_id = $7)
                 order by place desc, number desc limit $8) found
             where total <= $9
             order by place desc, number desc
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

/// The earliest requests of a tenant that match and have numbers, the earliest first. None that matches is before the place `from`.
pub(super) async fn earliest(
    database: &Database,
    tenant: i32,
    filter: &Filter,
    from: i64,
    most: Most,
) -> Result<Vec<Row>, DatabaseError> {
    let (first, last) = statuses(filter);
    let rows = database.run(async |connection| {
        sqlx::query_as!(
            Row,
            r#"
            select number as "number!", place, entry, bytes from (
                select number, place, entry, bytes, sum(bytes) over (order by place, number rows unbounded preceding) as total
                  from journal_entries
                 where tenant_id = $1 and number > $2 and place >= $10
                   and place > (select trimmed from journal_tenants where tenant_id = $1)
                   and place <= (select sealed from journal_tenants where tenant_id = $1)
                   and ($3::text is null or operation = $3) and ($4::smallint is null or status between $4 and $5)
                   and ($6::integer is null or customer_id = $6) and ($7::uuid is null or request_id = $7)
                 order by place, number limit $8) found
             where total <= $9
             order by place, number
            "#,
            tenant,
            signed(filter.since.unwrap_or_default()),
            filter.operation.as_deref(),
            first,
            last,
            filter.customer,
            filter.request_id,
            i64::try_from(most.rows).unwrap_or(i64::MAX),
            i64::try_from(most.bytes).unwrap_or(i64::MAX),
            from
        )
        .fetch_all(connection)
        .await
    });
    rows.await
}

/// What tenants have in the table.
#[derive(Debug)]
pub(super) struct Latest {
    /// The beginning of the run.
    pub run: DateTime<Utc>,
    /// The number of the latest request of each tenant.
    pub numbers: HashMap<i32, u64>,
    /// The tenants with requests that have no number yet.
    pub unnumbered: Vec<i32>,
}

/// `None` where there is no run.
pub(super) async fn latest_of(database: &Database, tenants: &[i32]) -> Result<Option<Latest>, DatabaseError> {
    let rows = database.run(async |connection| {
        sqlx::query!(
            r#"
            select r.started_at, t.tenant_id as "tenant_id?", t.latest as "latest?", t.unnumbered as "unnumbered?"
              from journal_run r
              left join lateral (
                   select o.tenant_id, o.latest, o.unnumbered from unnest($1::integer[]) wanted
                     join journal_tenants o on o.tenant_id = wanted) t on true
             where r.tenant_id = 0
            "#,
            tenants
        )
        .fetch_all(connection)
        .await
    });
    let rows = rows.await?;
    let Some(run) = rows.first().map(|row| row.started_at) else { return Ok(None) };
    let unnumbered = rows.iter().filter(|row| row.unnumbered.is_some_and(|requests| requests > 0));
    let unnumbered = unnumbered.filter_map(|row| row.tenant_id).collect();
    let numbers = rows.iter().filter_map(|row| Some((row.tenant_id?, unsigned(row.latest?)))).collect();
    Ok(Some(Latest { run, numbers, unnumbered }))
}
