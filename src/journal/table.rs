//! The tables of the journal: what is written. [`super::reading`] has what is read.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::row::{Rows, TenantRows};
use crate::database::{Database, DatabaseError};

/// The run that the numbers belong to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub started_at: DateTime<Utc>,
    /// The number of the latest request that has one.
    pub latest: u64,
    /// The server that has the requests in its memory, until it moves them into the table.
    pub memory_of: Option<Uuid>,
}

/// What a tenant has in the table after a write.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored {
    pub tenant: i32,
    pub entries: u64,
    /// In bytes.
    pub bytes: u64,
}

/// How many rows one statement of a move writes.
pub(super) const MOVED_AT_ONCE: usize = 200;

/// The run that the tables have. None before the first server, and after a crash of Postgres, which empties unlogged tables.
pub(super) async fn run(database: &Database) -> Result<Option<Run>, DatabaseError> {
    database.run(async |connection| read_run(connection).await).await
}

async fn read_run(connection: &mut PgConnection) -> Result<Option<Run>, sqlx::Error> {
    let row = sqlx::query!("select started_at, latest, memory_of from journal_run where tenant_id = 0")
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| Run { started_at: row.started_at, latest: unsigned(row.latest), memory_of: row.memory_of }))
}

/// How many requests have no number yet.
pub(super) async fn unnumbered(database: &Database) -> Result<u64, DatabaseError> {
    let unnumbered = database.run(async |connection| {
        sqlx::query_scalar!(r#"select coalesce(sum(unnumbered), 0)::bigint as "unnumbered!" from journal_tenants"#)
            .fetch_one(connection)
            .await
    });
    Ok(unsigned(unnumbered.await?))
}

/// Deletes all requests. To truncate also returns the space, but Citus does that at every node, also at one that is away.
async fn empty(connection: &mut PgConnection, is_distributed: bool) -> Result<(), sqlx::Error> {
    if is_distributed {
        sqlx::query!("delete from journal_entries every_request").execute(&mut *connection).await?;
        sqlx::query!("delete from journal_tenants every_tenant").execute(connection).await?;
    } else {
        sqlx::query!("truncate journal_entries, journal_tenants").execute(connection).await?;
    }
    Ok(())
}

/// Begins a run of this server, and empties the tables. `memory_of` is the server, if it keeps its requests in memory.
pub(super) async fn begin(
    database: &Database,
    started_at: DateTime<Utc>,
    memory_of: Option<Uuid>,
) -> Result<(), DatabaseError> {
    let is_empty = database.run(async |connection| {
        sqlx::query_scalar!(r#"select not exists (select from journal_tenants) as "is_empty!""#)
            .fetch_one(connection)
            .await
    });
    let (is_empty, is_distributed) = (is_empty.await?, database.is_distributed());
    database
        .in_transaction(async |connection| {
            if !is_empty {
                empty(connection, is_distributed).await?;
            }
            sqlx::query!(
                "insert into journal_run (tenant_id, started_at, latest, memory_of) values (0, $1, 0, $2)
                 on conflict (tenant_id) do update
                    set started_at = excluded.started_at, latest = 0, floor = 0, memory_of = excluded.memory_of",
                started_at,
                memory_of
            )
            .execute(connection)
            .await?;
            Ok(())
        })
        .await
}

/// Begins a run if there is none. Its numbers continue after `latest`, so that a client that knows numbers of an earlier run misses
/// nothing.
pub(super) async fn begin_if_absent(
    database: &Database,
    started_at: DateTime<Utc>,
    latest: u64,
) -> Result<(), DatabaseError> {
    database
        .run(async |connection| {
            sqlx::query!(
                "insert into journal_run (tenant_id, started_at, latest) values (0, $1, $2)
                 on conflict (tenant_id) do nothing",
                started_at,
                signed(latest)
            )
            .execute(connection)
            .await
        })
        .await?;
    Ok(())
}

/// Begins another run in place of that of a server that ended before it moved its requests.
pub(super) async fn take_over(database: &Database, from: Uuid, started_at: DateTime<Utc>) -> Result<(), DatabaseError> {
    database
        .run(async |connection| {
            sqlx::query!(
                "update journal_run set started_at = $1, latest = 0, floor = 0, memory_of = null
                  where tenant_id = 0 and memory_of = $2",
                started_at,
                from
            )
            .execute(connection)
            .await
        })
        .await?;
    Ok(())
}

/// Writes the requests that a server had in memory, with their numbers, in one transaction: before it ends, no other server writes.
/// They come in order through `rows`, `expected` in all. Returns the run: another than this server's if it lost it, and then nothing was
/// written.
pub(super) async fn move_in(
    database: &Database,
    server: Uuid,
    latest: u64,
    mut rows: mpsc::Receiver<Rows>,
    expected: usize,
) -> Result<Option<Run>, DatabaseError> {
    database
        .patient()
        .in_transaction(async |connection| {
            let run = read_run(&mut *connection).await?;
            let Some(run) = run.filter(|run| run.memory_of == Some(server)) else { return Ok(run) };
            let mut moved = 0;
            while let Some(rows) = rows.recv().await {
                moved += rows.len();
                insert_numbered(&mut *connection, &rows).await?;
            }
            if moved != expected {
                return Err(DatabaseError::Unavailable("not all requests could be moved".into()));
            }
            sqlx::query!(
                "update journal_run set latest = $1, floor = $1, memory_of = null where tenant_id = 0",
                signed(latest)
            )
            .execute(connection)
            .await?;
            Ok(Some(Run { latest, memory_of: None, ..run }))
        })
        .await
}

async fn insert_numbered(connection: &mut PgConnection, rows: &Rows) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into journal_entries (tenant_id, place, number, request_id, operation, status, customer_id, bytes, entry)
         select tenant, place, place, request_id, operation, status, customer, bytes, entry
           from unnest($1::integer[], $2::bigint[], $3::uuid[], $4::text[], $5::smallint[], $6::integer[], $7::integer[],
                       $8::bytea[]) r (tenant, place, request_id, operation, status, customer, bytes, entry)",
        &rows.tenants,
        &rows.places,
        &rows.request_ids,
        &rows.operations,
        &rows.statuses as &[Option<i16>],
        &rows.customers as &[Option<i32>],
        &rows.bytes,
        &rows.entries
    )
    .execute(&mut *connection)
    .await?;
    for TenantRows { tenant, entries, bytes, last } in rows.by_tenant() {
        sqlx::query!(
            "insert into journal_tenants as t (tenant_id, entries, bytes, trimmed, sealed, latest, last_place)
             values ($1, $2, $3, 0, $4, $4, $4)
             on conflict (tenant_id) do update
                set entries = t.entries + excluded.entries, bytes = t.bytes + excluded.bytes, sealed = excluded.sealed,
                    latest = excluded.latest, last_place = excluded.last_place",
            tenant,
            entries,
            bytes,
            last
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Writes requests without numbers, each at its place, but after those of its tenant that have numbers: so none is missed by a reader that
/// knows a number. Returns what their tenants have now; `None`, and nothing was written, where this is not the run any more.
pub(super) async fn append(
    database: &Database,
    started_at: DateTime<Utc>,
    rows: &Rows,
) -> Result<Option<Vec<Stored>>, DatabaseError> {
    let (mut tenants, mut entries, mut bytes, mut last) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for counted in rows.by_tenant() {
        tenants.push(counted.tenant);
        entries.push(counted.entries);
        bytes.push(counted.bytes);
        last.push(counted.last);
    }
    let stored = database
        .run(async |connection| {
            sqlx::query!(
                r#"
                with run as (
                    select floor from journal_run where tenant_id = 0 and started_at = $1 and memory_of is null
                ), counted as (
                    insert into journal_tenants as t (tenant_id, entries, bytes, unnumbered, trimmed, sealed, latest, last_place)
                    select r.tenant, r.entries, r.bytes, r.entries, n.floor, n.floor, 0, r.last
                      from run n
                     cross join unnest($9::integer[], $10::bigint[], $11::bigint[], $12::bigint[]) r (tenant, entries, bytes, last)
                    on conflict (tenant_id) do update
                       set entries = t.entries + excluded.entries, bytes = t.bytes + excluded.bytes,
                           unnumbered = t.unnumbered + excluded.unnumbered,
                           last_place = greatest(t.last_place, excluded.last_place)
                    returning tenant_id, entries, bytes, sealed
                ), added as (
                    insert into journal_entries (tenant_id, place, request_id, operation, status, customer_id, bytes, entry)
                    -- Not in the future, which a wrong clock of the server could say.
                    select r.tenant, greatest(least(r.place, (extract(epoch from statement_timestamp()) * 1000000)::bigint), c.sealed + r.nth),
                           r.request_id, r.operation, r.status, r.customer, r.bytes, r.entry
                      from unnest($2::integer[], $3::bigint[], $4::uuid[], $5::text[], $6::smallint[], $7::integer[], $8::integer[],
                                  $13::bytea[]) with ordinality
                           r (tenant, place, request_id, operation, status, customer, bytes, entry, nth)
                      join counted c on c.tenant_id = r.tenant
                )
                select tenant_id, entries, bytes from counted
                "#,
                started_at,
                &rows.tenants,
                &rows.places,
                &rows.request_ids,
                &rows.operations,
                &rows.statuses as &[Option<i16>],
                &rows.customers as &[Option<i32>],
                &rows.bytes,
                &tenants,
                &entries,
                &bytes,
                &last,
                &rows.entries
            )
            .fetch_all(connection)
            .await
        })
        .await?;
    let stored = stored.into_iter().map(|row| Stored {
        tenant: row.tenant_id,
        entries: unsigned(row.entries),
        bytes: unsigned(row.bytes),
    });
    let stored: Vec<Stored> = stored.collect();
    Ok((!stored.is_empty()).then_some(stored))
}

/// Whether a request is in the table: whether a write was committed whose answer was lost.
pub(super) async fn has(database: &Database, tenant: i32, request_id: Uuid) -> Result<bool, DatabaseError> {
    database
        .run(async |connection| {
            sqlx::query_scalar!(
                r#"
                select exists (
                    select from journal_entries
                     where tenant_id = $1 and request_id = $2
                       and place > coalesce((select trimmed from journal_tenants where tenant_id = $1), 0)) as "has!"
                "#,
                tenant,
                request_id
            )
            .fetch_one(connection)
            .await
        })
        .await
}

/// A number of a request or a count, as Postgres has it.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
