//! Keeps the tables of the journal within their limits: those of each tenant, and those of all tenants together.

use sqlx::PgConnection;

use super::rings::{JournalOptions, MAX_TENANTS};
use super::table::{Stored, signed, unsigned};
use crate::database::{Database, DatabaseError};

/// How many rows one statement looks at, at least and at most: as many as it has to drop, or more where they are too large.
const AT_LEAST: i64 = 50;
const AT_MOST: i64 = 1_000;

/// A tenant may exceed its limits by this part of them before its oldest requests are dropped: so it is done rarely, and for many at once.
const SLACK: usize = 8;

/// The same for all tenants together.
const TOTAL_SLACK: usize = 64;

/// Drops the oldest requests of tenants that have too many or too large ones.
pub(super) async fn trim(
    database: &Database,
    options: &JournalOptions,
    stored: &[Stored],
) -> Result<(), DatabaseError> {
    let (entries, bytes) = (to_u64(options.entries), to_u64(options.bytes));
    let slack = to_u64(SLACK);
    for tenant in stored {
        if tenant.entries > entries + entries / slack || tenant.bytes > bytes + bytes / slack {
            trim_to(database, tenant.tenant, entries, bytes).await?;
        }
    }
    Ok(())
}

/// How many bytes may be written before [`trim_all`] has to look again.
pub(super) fn bytes_between_looks(options: &JournalOptions) -> u64 {
    to_u64(options.total_bytes / TOTAL_SLACK)
}

/// Where all requests together are too large, drops the oldest ones of the tenants with the most bytes. Where there are too many
/// tenants, drops all requests of those that have been idle longest.
pub(super) async fn trim_all(database: &Database, options: &JournalOptions) -> Result<(), DatabaseError> {
    let tenants = database.run(async |connection| {
        sqlx::query!("select tenant_id, bytes from journal_tenants order by last_place desc")
            .fetch_all(connection)
            .await
    });
    let tenants = tenants.await?;
    for idle in tenants.iter().skip(MAX_TENANTS) {
        clear(database, idle.tenant_id).await?;
    }
    let sizes: Vec<u64> = tenants.iter().take(MAX_TENANTS).map(|tenant| unsigned(tenant.bytes)).collect();
    let max = to_u64(options.total_bytes);
    if sizes.iter().sum::<u64>() <= max {
        return Ok(());
    }
    let level = level(sizes, max - max / to_u64(TOTAL_SLACK));
    for tenant in tenants.iter().take(MAX_TENANTS).filter(|tenant| unsigned(tenant.bytes) > level) {
        trim_to(database, tenant.tenant_id, u64::MAX, level).await?;
    }
    Ok(())
}

/// The size to which the largest are cut so that all are `max` together.
fn level(mut sizes: Vec<u64>, max: u64) -> u64 {
    sizes.sort_unstable();
    let (mut left, mut others) = (max, to_u64(sizes.len()));
    for size in sizes {
        if size > left / others {
            return left / others;
        }
        left -= size;
        others -= 1;
    }
    left
}

async fn trim_to(database: &Database, tenant: i32, entries: u64, bytes: u64) -> Result<(), DatabaseError> {
    while trim_once(database, tenant, entries, bytes).await? {}
    Ok(())
}

/// Drops the oldest requests of a tenant. Returns whether there may be more to drop.
async fn trim_once(database: &Database, tenant: i32, entries: u64, bytes: u64) -> Result<bool, DatabaseError> {
    let trimmed = database.in_transaction(async |connection| {
        if !lock(&mut *connection, tenant).await? {
            return Ok(None);
        }
        let trimmed = sqlx::query!(
            r#"
            with kept as (
                select entries, bytes, trimmed from journal_tenants where tenant_id = $1
            ), oldest as (
                select place, number, bytes, count(*) over earlier as before, coalesce(sum(bytes) over earlier, 0) as bytes_before
                  from (select place, number, bytes from journal_entries
                         where tenant_id = $1 and place > (select trimmed from kept)
                         order by place
                         fetch first (select least(greatest(entries - $2, $4), $5) from kept) rows with ties) o
                -- Those at one place are dropped together.
                window earlier as (order by place range between unbounded preceding and 1 preceding)
            ), cut as (
                select max(o.place) as place, count(*) as entries, sum(o.bytes)::bigint as bytes,
                       count(*) filter (where o.number is null) as unnumbered
                  from oldest o, kept k
                 where k.entries - o.before > $2 or k.bytes - o.bytes_before > $3
            ), dropped as (
                delete from journal_entries e
                 where e.tenant_id = $1 and e.place > (select trimmed from kept) and e.place <= (select place from cut)
            ), counted as (
                update journal_run set latest = latest + (select unnumbered from cut)
                 where tenant_id = 0 and (select unnumbered from cut) > 0
            )
            update journal_tenants t
               set entries = t.entries - c.entries, bytes = t.bytes - c.bytes, unnumbered = t.unnumbered - c.unnumbered,
                   trimmed = c.place, sealed = greatest(t.sealed, c.place)
              from cut c
             where t.tenant_id = $1 and c.place is not null
            returning t.entries, t.bytes
            "#,
            tenant,
            signed(entries),
            signed(bytes),
            AT_LEAST,
            AT_MOST
        )
        .fetch_optional(connection)
        .await?;
        Ok::<_, DatabaseError>(trimmed)
    });
    let trimmed = trimmed.await?;
    Ok(trimmed.is_some_and(|left| unsigned(left.entries) > entries || unsigned(left.bytes) > bytes))
}

/// Keeps writes of a tenant away until the end of the transaction. A statement after it sees every request that was written before.
/// Returns whether the tenant has any.
async fn lock(connection: &mut PgConnection, tenant: i32) -> Result<bool, sqlx::Error> {
    let locked = sqlx::query_scalar!("select tenant_id from journal_tenants where tenant_id = $1 for update", tenant);
    Ok(locked.fetch_optional(connection).await?.is_some())
}

/// Drops all requests of a tenant.
pub(super) async fn clear(database: &Database, tenant: i32) -> Result<(), DatabaseError> {
    database
        .in_transaction(async |connection| {
            if !lock(&mut *connection, tenant).await? {
                return Ok(());
            }
            sqlx::query!("delete from journal_entries where tenant_id = $1", tenant).execute(&mut *connection).await?;
            // Neither their numbers nor their places are used again.
            sqlx::query!(
                "with dropped as (delete from journal_tenants where tenant_id = $1 returning sealed, unnumbered)
                 update journal_run r set latest = latest + d.unnumbered, floor = greatest(floor, d.sealed)
                   from dropped d where r.tenant_id = 0",
                tenant
            )
            .execute(connection)
            .await?;
            Ok(())
        })
        .await
}

fn to_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::level;

    #[test]
    fn the_largest_are_cut_to_one_size() {
        assert_eq!(level(vec![10, 100, 70], 120), 55);
        assert_eq!(level(vec![10, 50, 100], 130), 70);
        assert_eq!(level(vec![10, 20], 100), 70);
        assert_eq!(level(Vec::new(), 100), 100);
    }
}
