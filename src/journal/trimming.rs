//! Keeps the tables of the journal within their limits: those of each tenant, and those of all tenants together.

use super::rings::{JournalOptions, MAX_TENANTS};
use super::table::{Stored, signed, unsigned};
use crate::database::{Database, DatabaseError};

/// How many rows one statement drops at most.
const AT_ONCE: i64 = 1_000;

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
        sqlx::query!("select tenant_id, bytes, latest from journal_tenants order by latest desc")
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
    let trimmed = database.run(async |connection| {
        sqlx::query!(
            r#"
            with kept as (
                select entries, bytes, trimmed from journal_tenants where tenant_id = $1
            ), oldest as (
                select number, bytes, row_number() over by_number as place, sum(bytes) over by_number as total
                  from (select number, bytes from journal_entries
                         where tenant_id = $1 and number > (select trimmed from kept)
                         order by number limit $4) o
                window by_number as (order by number rows unbounded preceding)
            ), cut as (
                select max(o.number) as number, count(*) as entries, sum(o.bytes)::bigint as bytes
                  from oldest o, kept k
                 where o.place <= k.entries - $2 or k.bytes - (o.total - o.bytes) > $3
            ), dropped as (
                delete from journal_entries e
                 where e.tenant_id = $1 and e.number > (select trimmed from kept) and e.number <= (select number from cut)
            )
            update journal_tenants t
               set entries = t.entries - c.entries, bytes = t.bytes - c.bytes, trimmed = c.number
              from cut c, kept k
                   -- Another server may have done the same in the meantime.
             where t.tenant_id = $1 and t.trimmed = k.trimmed and c.number is not null
            returning t.entries, t.bytes
            "#,
            tenant,
            signed(entries),
            signed(bytes),
            AT_ONCE
        )
        .fetch_optional(connection)
        .await
    });
    let trimmed = trimmed.await?;
    Ok(trimmed.is_some_and(|left| unsigned(left.entries) > entries || unsigned(left.bytes) > bytes))
}

/// Drops all requests of a tenant. Readers do not find them from the first statement on.
pub(super) async fn clear(database: &Database, tenant: i32) -> Result<(), DatabaseError> {
    let latest = database.run(async |connection| {
        sqlx::query_scalar!(
            "update journal_tenants set entries = 0, bytes = 0, trimmed = latest where tenant_id = $1 returning latest",
            tenant
        )
        .fetch_optional(connection)
        .await
    });
    let Some(latest) = latest.await? else { return Ok(()) };
    // A statement of its own, which sees every request up to this number: their writes held the row's lock.
    database
        .run(async |connection| {
            sqlx::query!("delete from journal_entries where tenant_id = $1 and number <= $2", tenant, latest)
                .execute(&mut *connection)
                .await?;
            sqlx::query!(
                "delete from journal_tenants where tenant_id = $1 and entries = 0 and latest = $2",
                tenant,
                latest
            )
            .execute(connection)
            .await
        })
        .await?;
    Ok(())
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
